import { COOKIE_CHARS_MAX, COOKIES_MAX } from './limits.ts';

/**
 * The cookies of one attempt, given back to the host that set them: some sites redirect to themselves until their cookie comes along,
 * and a browser gives it back. Paths, domains and lifetimes are not looked at: nothing outlives the attempt.
 */
export class Cookies {
  readonly #byHost = new Map<string, Map<string, string>>();
  #count = 0;

  /** Takes what `Set-Cookie` said, up to `COOKIES_MAX` in all. */
  take(host: string, lines: string | readonly string[] | undefined): void {
    for (const line of typeof lines === 'string' ? [lines] : (lines ?? [])) {
      const pair = line
        .slice(0, COOKIE_CHARS_MAX + 1)
        .split(';', 1)[0]
        .trim();
      const equals = pair.indexOf('=');
      if (equals <= 0 || pair.length > COOKIE_CHARS_MAX || !/^[\x21-\x7e ]+$/.test(pair)) continue;
      const cookies = this.#byHost.get(host) ?? new Map<string, string>();
      this.#byHost.set(host, cookies);
      const name = pair.slice(0, equals);
      if (!cookies.has(name) && ++this.#count > COOKIES_MAX) return;
      cookies.set(name, pair);
    }
  }

  /** The value of the header `Cookie` for a host; empty where there is none. */
  of(host: string): string {
    return [...(this.#byHost.get(host)?.values() ?? [])].join('; ');
  }
}
