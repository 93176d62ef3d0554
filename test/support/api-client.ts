/** What came back: the body where it is JSON. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
  readonly text: string;
}

/** Asks an interface as a browser does: it keeps cookies, and says where its page is from. */
export class ApiClient {
  readonly at: string;
  readonly cookies = new Map<string, string>();
  token: string | undefined;

  constructor(at: string, token?: string) {
    this.at = at;
    this.token = token;
  }

  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<ApiAnswer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(new URL(path, this.at), {
      method,
      redirect: 'manual',
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(cookie === '' ? {} : { cookie }),
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
        ...(method === 'GET' ? {} : { 'x-bonghwa-request': '1', origin: this.at }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    this.keep(response.headers);
    const text = await response.text();
    const json = (response.headers.get('content-type') ?? '').includes('json');
    return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : {}, text };
  }

  keep(headers: Headers): void {
    for (const cookie of headers.getSetCookie()) {
      const [pair, ...rest] = cookie.split(';');
      const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      if (value === '' || rest.some((part) => /max-age=0/i.test(part))) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
  }
}
