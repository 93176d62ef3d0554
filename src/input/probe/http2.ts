import { type ClientHttp2Session, connect, constants } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { Answer, AnswerHead, AnswerHeaders } from './content.ts';
import { brief, CheckFault, socketFault } from './fault.ts';
import { lateMessage } from './http1.ts';
import { CONTENT_BYTES_MAX, HEADER_BYTES_MAX } from './limits.ts';

/** Header fields of one answer. */
const FIELDS_MAX = 256;
/** Memory of one session, in MB: the least that node:http2 takes. */
const SESSION_MEMORY_MB = 1;

/** Gets one page over a connection that agreed on h2 (RFC 9113), and closes it. Rejects with a `CheckFault`. */
export function getHttp2(
  socket: TLSSocket,
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  onHead: (head: AnswerHead, firstByteMs: number) => void,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    let firstByteMs: number | undefined;
    let head: AnswerHead | undefined;
    const chunks: Buffer[] = [];
    let length = 0;
    let done = false;
    const session = openSession(socket, url);
    const finish = (): void => {
      if (done) return;
      done = true;
      signal.removeEventListener('abort', late);
      socket.on('error', () => undefined);
      session.destroy();
      socket.destroy();
    };
    const fail = (fault: CheckFault): void => {
      finish();
      reject(fault);
    };
    const succeed = (): void => {
      if (done || head === undefined) return;
      finish();
      const body = Buffer.concat(chunks).subarray(0, CONTENT_BYTES_MAX);
      resolve({ ...head, body, cut: length > CONTENT_BYTES_MAX });
    };
    const phase = (): 'first-byte' | 'content' => (firstByteMs === undefined ? 'first-byte' : 'content');
    const late = (): void => fail(new CheckFault(phase(), 'timeout', lateMessage(firstByteMs !== undefined, length)));
    const closed = (): void => fail(new CheckFault(phase(), 'closed', 'the connection was closed'));
    session.on('error', (error) => fail(http2Fault(phase(), error)));
    session.on('close', closed);
    const stream = session.request({
      ':method': 'GET',
      ':scheme': 'https',
      ':authority': url.host,
      ':path': `${url.pathname}${url.search}`,
      ...headers,
    });
    stream.on('response', (answer) => {
      firstByteMs = performance.now() - began;
      const tooLarge = headerBytes(answer) > HEADER_BYTES_MAX;
      if (tooLarge)
        return fail(
          new CheckFault('first-byte', 'headers-too-large', 'the header of the answer is larger than 64 KiB'),
        );
      head = { status: Number(answer[':status'] ?? 0), headers: answer as AnswerHeaders, httpVersion: '2' };
      onHead(head, firstByteMs);
    });
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > CONTENT_BYTES_MAX) succeed();
    });
    stream.on('end', () => (head === undefined ? closed() : succeed()));
    stream.on('error', (error) => fail(http2Fault(phase(), error)));
    stream.on('aborted', closed);
    if (signal.aborted) return late();
    signal.addEventListener('abort', late, { once: true });
    stream.end();
  });
}

function openSession(socket: TLSSocket, url: URL): ClientHttp2Session {
  return connect(url.origin, {
    createConnection: () => socket,
    maxHeaderListPairs: FIELDS_MAX,
    maxSessionMemory: SESSION_MEMORY_MB,
    settings: { enablePush: false, initialWindowSize: CONTENT_BYTES_MAX + 1, maxHeaderListSize: HEADER_BYTES_MAX },
  });
}

function headerBytes(headers: object): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) bytes += name.length + String(value).length;
  return bytes;
}

function http2Fault(phase: 'first-byte' | 'content', error: Error): CheckFault {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const { NGHTTP2_ENHANCE_YOUR_CALM } = constants;
  if (code === 'ERR_HTTP2_STREAM_ERROR' && message.includes(`${NGHTTP2_ENHANCE_YOUR_CALM}`))
    return new CheckFault(
      'first-byte',
      'headers-too-large',
      'the header of the answer is larger than can be taken',
      error,
    );
  if (code.startsWith('ERR_HTTP2') || code === 'ERR_INVALID_HTTP_TOKEN')
    return new CheckFault(phase, 'not-http', `HTTP/2 failed: ${brief(message)}`, error);
  return socketFault(phase, error);
}
