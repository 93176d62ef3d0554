/** Bytes of an answer that are read to tell what went wrong. */
const ANSWER_CHARS_MAX = 300;

export interface HttpRequest {
  readonly method: 'POST' | 'PUT';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends, and rejects where the answer is no. No redirect is followed: a message goes where somebody said, and nowhere else. */
export async function deliver({ method, url, headers = {}, body }: HttpRequest, signal: AbortSignal): Promise<void> {
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'Bonghwa', ...headers },
    body,
    redirect: 'manual',
    signal,
  }).catch((error: unknown) => {
    throw reasonOf(error);
  });
  const text = await response.text().catch(() => '');
  if (response.ok) return;
  throw new Error(`it answers ${response.status} ${text.slice(0, ANSWER_CHARS_MAX)}`.trim());
}

/** Why nobody answered; the URL may hold a secret and is left out. */
function reasonOf(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return error;
  const cause = error.cause as NodeJS.ErrnoException | undefined;
  return new Error(`it cannot be reached (${cause?.code ?? error.name})`, { cause: error });
}
