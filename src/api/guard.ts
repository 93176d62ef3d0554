import type { IncomingMessage } from 'node:http';
import { RequestProblem } from './problem.ts';

/** Characters of a URL. */
const URL_CHARS_MAX = 8000;

/** What every answer says: nothing is kept, embedded, guessed at, or read by a page of somebody else. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

const METHODS = ['GET', 'HEAD'];

/**
 * Refuses requests that this interface never has to answer. A page in a browser on this machine can make the browser ask for any
 * address, loopback included; two checks keep its answers from that page:
 *
 * - A name of the page's owner that resolves to 127.0.0.1 (DNS rebinding) stands in `Host`, and is none of ours.
 * - A request from a page of another origin says so in `Sec-Fetch-Site`. Following a link is left alone: its answer stays with the reader.
 */
export function refusalOf(request: IncomingMessage, names: ReadonlySet<string>): RequestProblem | undefined {
  const { method = '', url = '', headers } = request;
  if (!isOwnHost(headers.host ?? '', names)) {
    return new RequestProblem(421, {
      detail: 'this station is not known under the name in the Host header',
      hint: 'Ask for localhost, 127.0.0.1 or [::1].',
    });
  }
  if (headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] !== 'navigate')
    return new RequestProblem(403, { detail: 'pages of other origins may not ask this station' });
  if (!METHODS.includes(method)) {
    const detail = `${method} is not taken: this interface only answers questions`;
    return new RequestProblem(405, { detail }, { allow: METHODS.join(', '), connection: 'close' });
  }
  if (url.length > URL_CHARS_MAX)
    return new RequestProblem(414, { detail: `the URL is longer than ${URL_CHARS_MAX} characters` });
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0)
    return new RequestProblem(413, { detail: 'no request has a body here' }, { connection: 'close' });
  return undefined;
}

/** True for localhost, a loopback address, or a name of ours; with any port, as a tunnel may have another one. */
function isOwnHost(host: string, names: ReadonlySet<string>): boolean {
  const found = /^(\[[0-9a-f:.]+\]|[^:]+)(?::\d{1,5})?$/i.exec(host);
  if (found === null) return false;
  const name = found[1].toLowerCase().replace(/\.$/, '');
  return name === 'localhost' || name === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name) || names.has(name);
}
