import type { Socket } from 'node:net';
import { literalFamily, parseSubject } from '../../model/check-subject.ts';
import type { CheckPhase } from '../../model/vantage.ts';
import type { Attempt, ProbeTools } from './attempt.ts';
import { chooseAddress, sourceOf, verifyRemote } from './attempt.ts';
import { certificateOf, openTcp, openTls } from './connect.ts';
import { ACCEPT_ENCODING, type Answer, type AnswerHead, header } from './content.ts';
import { Cookies } from './cookies.ts';
import { CheckFault } from './fault.ts';
import { getHttp1 } from './http1.ts';
import { getHttp2 } from './http2.ts';
import { REDIRECTS_MAX } from './limits.ts';

/** Statuses that lead elsewhere (RFC 9110 section 15.4). */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Gets a page as a reader would: over redirects, each with its own look-up, judgement of the address, connection and certificate.
 * Rejects with a `CheckFault`; what was found out until then stands in `attempt`.
 */
export async function httpAttempt(start: URL, attempt: Attempt, tools: ProbeTools): Promise<Answer> {
  const cookies = new Cookies();
  const seen = new Set<string>();
  let url = start;
  for (let redirects = 0; ; redirects++) {
    const place = `${url.origin}${url.pathname}${url.search} ${cookies.of(url.hostname)}`;
    if (seen.has(place)) throw new CheckFault('content', 'redirect-loop', `the redirects lead back to ${shown(url)}`);
    seen.add(place);
    const answer = await getOnce(url, cookies, attempt, tools);
    const location = header(answer.headers, 'location');
    if (!REDIRECTS.has(answer.status) || location === '') return answer;
    if (redirects >= REDIRECTS_MAX)
      throw new CheckFault('content', 'redirects-too-many', `there are more than ${REDIRECTS_MAX} redirects`);
    cookies.take(url.hostname, answer.headers['set-cookie']);
    url = redirectUrl(location, url);
    attempt.next();
  }
}

async function getOnce(url: URL, cookies: Cookies, attempt: Attempt, tools: ProbeTools): Promise<Answer> {
  const secure = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  const address = await chooseAddress(host, attempt, tools);
  const socket = await attempt.timed('connect', () =>
    openTcp(address, port, sourceOf(tools, attempt.family), attempt.signal),
  );
  try {
    verifyRemote(socket.remoteAddress, host, tools);
    const answer = await exchange(socket, url, host, cookies, attempt, tools);
    attempt.bytes = answer.body.length;
    return answer;
  } finally {
    socket.destroy();
  }
}

async function exchange(
  socket: Socket,
  url: URL,
  host: string,
  cookies: Cookies,
  attempt: Attempt,
  tools: ProbeTools,
): Promise<Answer> {
  const cookie = cookies.of(url.hostname);
  const headers = {
    'user-agent': tools.settings.userAgent,
    accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
    'accept-encoding': ACCEPT_ENCODING,
    'cache-control': 'no-cache',
    ...(cookie === '' ? {} : { cookie }),
  };
  if (url.protocol === 'http:') return get(getHttp1, socket, url, headers, attempt);
  const named = literalFamily(host) === undefined;
  const secure = await attempt.timed('tls', () => openTls(socket, host, named, tools.secureContext, attempt.signal));
  const judged = certificateOf(secure);
  attempt.certificate = judged?.certificate;
  // Nothing is said to whoever cannot show who he is.
  if (judged?.fault !== undefined) throw judged.fault;
  return secure.alpnProtocol === 'h2'
    ? get(getHttp2, secure, url, headers, attempt)
    : get(getHttp1, secure, url, headers, attempt);
}

/** Gets over an open connection, and tells what was reached also where the rest does not come. */
async function get<S extends Socket>(
  getHttp: (
    socket: S,
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
    onHead: (head: AnswerHead, firstByteMs: number) => void,
  ) => Promise<Answer>,
  socket: S,
  url: URL,
  headers: Readonly<Record<string, string>>,
  attempt: Attempt,
): Promise<Answer> {
  let phase: CheckPhase = 'first-byte';
  let began = performance.now();
  const onHead = (head: AnswerHead, firstByteMs: number): void => {
    attempt.add(phase, firstByteMs);
    phase = 'content';
    began = performance.now();
    attempt.status = head.status;
    attempt.httpVersion = head.httpVersion;
  };
  try {
    return await getHttp(socket, url, headers, attempt.signal, onHead);
  } finally {
    attempt.add(phase, performance.now() - began);
  }
}

function redirectUrl(location: string, from: URL): URL {
  const url = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  const web = url !== undefined && (url.protocol === 'http:' || url.protocol === 'https:');
  if (!web || parseSubject(url.href).kind !== 'ok')
    throw new CheckFault('content', 'redirect-invalid', `a redirect leads to '${location.slice(0, 80)}'`);
  url.hash = '';
  return url;
}

/** A URL as it is told: what follows the path may be of somebody. */
function shown(url: URL): string {
  return `${url.origin}${url.pathname}`.slice(0, 120);
}
