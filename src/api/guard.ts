import type { IncomingMessage } from 'node:http';
import { METHODS } from './contract/route.ts';
import { RequestProblem } from './problem.ts';

/** Characters of a URL. */
const URL_CHARS_MAX = 8000;
/** A program in a browser that changes something sends this header along: a form of another page cannot. */
export const REQUEST_HEADER = 'x-bonghwa-request';

/** What every answer says: nothing is kept, embedded, guessed at, or read by a page of somebody else. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

const ASKING = ['GET', 'HEAD'];
const ALLOWED: readonly string[] = [...METHODS, 'HEAD'];

/**
 * Refuses requests that this interface never has to answer. A page in a browser on this machine can make the browser ask for any
 * address, loopback included; three checks keep its answers and its acts from that page:
 *
 * - A name of the page's owner that resolves to 127.0.0.1 (DNS rebinding) stands in `Host`, and is none of ours.
 * - A request from a page of another origin says so in `Sec-Fetch-Site`. Following a link is left alone: its answer stays with the reader.
 * - What a browser sends to change something comes from our own origin, and carries a header that needs a script of ours.
 */
export function refusalOf(request: IncomingMessage, names: ReadonlySet<string>): RequestProblem | undefined {
  const { method = '', url = '', headers } = request;
  if (!isOwnHost(headers.host ?? '', names)) {
    return new RequestProblem(421, {
      detail: 'this station is not known under the name in the Host header',
      hint: 'Ask for localhost, 127.0.0.1 or [::1], or name it in http.url of the configuration.',
    });
  }
  const asks = ASKING.includes(method);
  if (headers['sec-fetch-site'] === 'cross-site' && (headers['sec-fetch-mode'] !== 'navigate' || !asks))
    return new RequestProblem(403, { detail: 'pages of other origins may not ask this station' });
  if (!ALLOWED.includes(method)) {
    const detail = `${method} is not taken`;
    return new RequestProblem(405, { detail }, { allow: ALLOWED.join(', '), connection: 'close' });
  }
  if (url.length > URL_CHARS_MAX)
    return new RequestProblem(414, { detail: `the URL is longer than ${URL_CHARS_MAX} characters` });
  return asks ? bodyRefusal(headers) : foreignRefusal(headers, names);
}

function bodyRefusal(headers: IncomingMessage['headers']): RequestProblem | undefined {
  if (headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0) return undefined;
  return new RequestProblem(413, { detail: 'a question has no body here' }, { connection: 'close' });
}

/** What a browser sends says where it comes from; programs send none of these headers, and no cookie that could be misused. */
function foreignRefusal(headers: IncomingMessage['headers'], names: ReadonlySet<string>): RequestProblem | undefined {
  const { origin, cookie } = headers;
  const site = headers['sec-fetch-site'];
  if (origin === undefined && cookie === undefined && site === undefined) return undefined;
  const ours =
    (site === undefined || site === 'same-origin' || site === 'none') &&
    (origin === undefined || isOwnOrigin(origin, headers.host ?? '', names));
  if (!ours) return new RequestProblem(403, { detail: 'pages of other origins may change nothing here' });
  if (headers[REQUEST_HEADER] !== undefined) return undefined;
  return new RequestProblem(403, {
    detail: `a browser that changes something sends the header ${REQUEST_HEADER} along`,
  });
}

/** The origin of a page that came from here: the host that is asked now, or a name of ours behind a proxy. */
function isOwnOrigin(origin: string, host: string, names: ReadonlySet<string>): boolean {
  if (!URL.canParse(origin)) return false;
  const url = new URL(origin);
  return url.host === host.toLowerCase() || names.has(url.hostname);
}

/** True for localhost, a loopback address, or a name of ours; with any port, as a tunnel may have another one. */
function isOwnHost(host: string, names: ReadonlySet<string>): boolean {
  const found = /^(\[[0-9a-f:.]+\]|[^:]+)(?::\d{1,5})?$/i.exec(host);
  if (found === null) return false;
  const name = found[1].toLowerCase().replace(/\.$/, '');
  return name === 'localhost' || name === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name) || names.has(name);
}
