import { request } from 'node:http';
import type { Socket } from 'node:net';
import type { Answer, AnswerHead } from './content.ts';
import { brief, CheckFault, socketFault } from './fault.ts';
import { CONTENT_BYTES_MAX, HEADER_BYTES_MAX } from './limits.ts';

/** Gets one page over a connection that is open, HTTP/1.1, and closes it. Rejects with a `CheckFault`. */
export function getHttp1(
  socket: Socket,
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  onHead: (head: AnswerHead, firstByteMs: number) => void,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    let firstByteMs: number | undefined;
    const chunks: Buffer[] = [];
    let length = 0;
    let head: AnswerHead | undefined;
    let done = false;
    const finish = (): void => {
      if (done) return;
      done = true;
      signal.removeEventListener('abort', late);
      asking.on('error', () => undefined);
      socket.on('error', () => undefined);
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
    const asking = request({
      createConnection: () => socket,
      method: 'GET',
      path: `${url.pathname}${url.search}`,
      headers: { host: url.host, connection: 'close', ...headers },
      setHost: false,
      maxHeaderSize: HEADER_BYTES_MAX,
    });
    asking.on('error', (error) => fail(httpFault(phase(), error)));
    asking.on('upgrade', () => fail(new CheckFault('first-byte', 'not-http', 'another protocol was switched to')));
    asking.on('response', (answer) => {
      firstByteMs = performance.now() - began;
      const version = answer.httpVersion === '1.0' ? '1.0' : '1.1';
      head = { status: answer.statusCode ?? 0, headers: answer.headers, httpVersion: version };
      onHead(head, firstByteMs);
      answer.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length > CONTENT_BYTES_MAX) succeed();
      });
      answer.on('end', succeed);
      answer.on('error', (error) => fail(httpFault('content', error)));
      answer.on('aborted', () => fail(new CheckFault('content', 'closed', 'the content ended before its length')));
    });
    if (signal.aborted) return late();
    signal.addEventListener('abort', late, { once: true });
    asking.end();
  });
}

export function lateMessage(answered: boolean, length: number): string {
  if (!answered) return 'no answer in time';
  return `the content did not end in time; ${length} bytes had come`;
}

function httpFault(phase: 'first-byte' | 'content', error: Error): CheckFault {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'HPE_HEADER_OVERFLOW')
    return new CheckFault('first-byte', 'headers-too-large', 'the header of the answer is larger than 64 KiB', error);
  if (code === 'HPE_INVALID_EOF_STATE')
    return new CheckFault(phase, 'closed', 'the answer ended before it was whole', error);
  if (code.startsWith('HPE_'))
    return new CheckFault(phase, 'not-http', `this is no HTTP: ${brief(error.message)}`, error);
  return socketFault(phase, error);
}
