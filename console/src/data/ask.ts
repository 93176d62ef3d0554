/** What the station answers when it cannot do what was asked (RFC 9457), and what is left of that where it answers nothing. */
export class Problem extends Error {
  /** 0 where no answer came at all. */
  readonly status: number;
  readonly detail: string;
  readonly hint: string | undefined;
  readonly errors: readonly { readonly parameter: string; readonly detail: string }[];
  /** How it stands now, where somebody else was first (status 409). */
  readonly current: unknown;

  constructor(
    status: number,
    detail: string,
    hint?: string,
    errors: readonly { readonly parameter: string; readonly detail: string }[] = [],
    current?: unknown,
  ) {
    super(detail);
    this.name = 'Problem';
    this.status = status;
    this.detail = detail;
    this.hint = hint;
    this.errors = errors;
    this.current = current;
  }

  /** True where this station does not have the part that was asked for. */
  get absent(): boolean {
    return this.status === 404 || this.status === 405 || this.status === 501;
  }

  /** True where somebody else changed the same thing meanwhile. */
  get conflict(): boolean {
    return this.status === 409 || this.status === 412;
  }
}

export type Params = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** An answer that has not come by then is none, ms: a question to the stores may read a day of rows. */
const ANSWER_MS_MAX = 30_000;
/** The station takes acts of a browser only with it: a form of another page cannot send it. */
const ACT_HEADER = 'x-bonghwa-request';

/** `path` with `params` behind it; a list gives its name several times. */
export function withParams(path: string, params: Params): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || value === '') continue;
    if (Array.isArray(value)) for (const one of value) query.append(name, one);
    else query.set(name, String(value));
  }
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}

let onSignedOut: (() => void) | undefined;

/** Called when the station wants to know who asks. */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

/** Parts that this station does not have: they are not asked for again. */
const absent = new Map<string, Problem>();

/** Asks the station. Rejects with `Problem`. */
export async function ask<T>(path: string, params: Params = {}, signal?: AbortSignal): Promise<T> {
  const known = absent.get(path);
  if (known !== undefined) throw known;
  try {
    return await answerOf<T>(withParams(path, params), { method: 'GET' }, signal);
  } catch (error) {
    // Below a list an id may be unknown; the list itself is there, or is not.
    if (error instanceof Problem && error.absent && /^\/api\/[\w-]+$/.test(path)) absent.set(path, error);
    throw error;
  }
}

/** Has the station do something; a body that is text is CSV. Rejects with `Problem`. */
export function act<T>(
  method: 'POST' | 'PATCH' | 'PUT' | 'DELETE',
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<T> {
  const isText = typeof body === 'string';
  return answerOf<T>(path, {
    method,
    headers: {
      [ACT_HEADER]: '1',
      ...(body === undefined ? {} : { 'content-type': isText ? 'text/csv' : 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
  });
}

async function answerOf<T>(path: string, init: RequestInit, signal?: AbortSignal): Promise<T> {
  const limit = AbortSignal.timeout(ANSWER_MS_MAX);
  let response: Response;
  try {
    response = await fetch(path, {
      ...init,
      headers: { accept: 'application/json', ...init.headers },
      credentials: 'same-origin',
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new Problem(0, error instanceof Error ? error.message : String(error));
  }
  const text = await response.text();
  const told = parsed(text);
  if (response.ok) return told as T;
  if (response.status === 401) onSignedOut?.();
  throw problemOf(response.status, told, response.statusText);
}

function parsed(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function problemOf(status: number, told: unknown, statusText: string): Problem {
  const fields = (typeof told === 'object' && told !== null ? told : {}) as {
    readonly detail?: unknown;
    readonly message?: unknown;
    readonly hint?: unknown;
    readonly errors?: unknown;
    readonly current?: unknown;
  };
  const detail = [fields.detail, fields.message, statusText].find((text) => typeof text === 'string' && text !== '');
  const errors = Array.isArray(fields.errors)
    ? fields.errors.map(({ parameter, detail: about }: { parameter?: unknown; detail?: unknown }) => ({
        parameter: String(parameter),
        detail: String(about),
      }))
    : [];
  return new Problem(
    status,
    detail === undefined ? String(status) : String(detail),
    typeof fields.hint === 'string' ? fields.hint : undefined,
    errors,
    fields.current,
  );
}
