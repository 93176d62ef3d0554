import { once } from 'node:events';
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What can stand between a station and its server:
 *
 *   pass       nothing
 *   hang       takes the request and never answers
 *   fail       answers 500 with a page of its own
 *   slow       passes, half a second late
 *   forget     passes the request on, and closes the connection instead of handing back the answer
 */
export type ProxyMode = 'pass' | 'hang' | 'fail' | 'slow' | 'forget';

export class ClickHouseProxy {
  mode: ProxyMode = 'pass';
  /** Requests seen. */
  requests = 0;
  /** Statements of inserts that were passed on. */
  inserts = 0;
  readonly #server = createServer({ maxHeaderSize: 1 << 20 }, (request, response) => this.#take(request, response));
  readonly #target: URL;

  constructor(target: string) {
    this.#target = new URL(target);
  }

  /** Starts; gives its address with the user and password of the server. */
  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const url = new URL(this.#target);
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    this.requests++;
    const { mode } = this;
    if (mode === 'hang') {
      request.resume();
      return;
    }
    if (mode === 'fail') {
      request.resume();
      response.statusCode = 500;
      response.end('<html>Bad day</html>');
      return;
    }
    const isInsert = (request.url ?? '').includes('query=INSERT');
    if (isInsert) this.inserts++;
    const { hostname, port } = this.#target;
    const { method, url: path, headers } = request;
    const onward = forward({ hostname, port, method, path, headers, maxHeaderSize: 1 << 20 }, (answer) => {
      if (mode === 'forget' && isInsert) {
        answer.resume().on('end', () => request.socket.destroy());
        return;
      }
      const hand = (): void => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      };
      if (mode === 'slow') setTimeout(hand, 500);
      else hand();
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  }
}
