import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { BonghwaError } from '../../base/errors.ts';
import { jsonOf } from '../../base/json.ts';
import { formatListen, type ListenAddress } from '../../base/listen.ts';
import type { CheckResult, Vantage } from '../../model/vantage.ts';
import type { StationCertificate } from './station-certificate.ts';
import { BATCH_BYTES_MAX, RESULTS_PATH, resultsSchema, SITES_PATH, type VantageSites } from './vantage-protocol.ts';

export interface VantageListenerOptions {
  readonly listen: ListenAddress;
  readonly certificate: StationCertificate;
  /** False while it is not known yet who has which key. */
  readonly isOpen: () => boolean;
  /** Who has a key. */
  readonly ofKey: (key: string) => Vantage | undefined;
  /** What a vantage is to check. */
  readonly sitesFor: (vantage: Vantage) => VantageSites;
  /** Takes the results of a vantage; how many were refused. */
  readonly onResults: (vantage: Vantage, results: readonly CheckResult[]) => number;
}

/** Connections at a time; a vantage needs one. */
const CONNECTIONS_MAX = 1024;
const HEADER_BYTES_MAX = 8192;
/** A request has to be whole by then, ms. */
const REQUEST_MS_MAX = 30_000;
/** Who has no key waits for the answer, ms. */
const REFUSED_MS = 300;

/** Takes what vantages elsewhere report. */
export class VantageListener {
  readonly #options: VantageListenerOptions;
  readonly #server: Server;
  /** The last batch of each vantage. */
  readonly #last = new Map<string, { readonly run: string; readonly number: number }>();
  /** Requests without a key that is known. */
  refused = 0;

  constructor(options: VantageListenerOptions) {
    this.#options = options;
    this.#server = createServer(
      {
        ...options.certificate,
        minVersion: 'TLSv1.3',
        maxHeaderSize: HEADER_BYTES_MAX,
        headersTimeout: REQUEST_MS_MAX / 3,
        requestTimeout: REQUEST_MS_MAX,
        handshakeTimeout: REQUEST_MS_MAX / 3,
      },
      (request, answer) => {
        this.#serve(request, answer).catch(() => request.destroy());
      },
    );
    this.#server.maxConnections = CONNECTIONS_MAX;
    this.#server.on('tlsClientError', () => undefined);
  }

  /** Resolves with where it listens. Rejects with LISTEN_FAILED. */
  async start(): Promise<ListenAddress> {
    const { listen } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        reject(
          new BonghwaError(
            'LISTEN_FAILED',
            `vantages cannot be listened for on ${formatListen(listen)}: ${error.code}`,
            {
              hint: 'Give another address with inputs.vantages.',
              cause: error,
            },
          ),
        );
      });
      this.#server.listen({ host: listen.address, port: listen.port, ipv6Only: false }, () => resolve());
    });
    return { ...listen, port: (this.#server.address() as AddressInfo).port };
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #serve(request: IncomingMessage, answer: ServerResponse): Promise<void> {
    if (!this.#options.isOpen()) return end(answer, 503, { title: 'the station is starting' });
    const key = /^Bearer ([A-Za-z0-9_-]{1,100})$/.exec(request.headers.authorization ?? '')?.[1];
    const vantage = key === undefined ? undefined : this.#options.ofKey(key);
    if (vantage === undefined) {
      this.refused++;
      await sleep(REFUSED_MS);
      return end(answer, 401, { title: 'this key is not known here' });
    }
    const route = `${request.method} ${request.url}`;
    if (route === `GET ${SITES_PATH}`) return this.#sites(vantage, request, answer);
    if (route === `POST ${RESULTS_PATH}`) return this.#results(vantage, request, answer);
    return end(answer, 404, { title: 'there is nothing here' });
  }

  #sites(vantage: Vantage, request: IncomingMessage, answer: ServerResponse): void {
    const text = JSON.stringify(this.#options.sitesFor(vantage));
    const tag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
    answer.setHeader('etag', tag);
    if (request.headers['if-none-match'] === tag) answer.writeHead(304).end();
    else answer.writeHead(200, { 'content-type': 'application/json' }).end(text);
  }

  async #results(vantage: Vantage, request: IncomingMessage, answer: ServerResponse): Promise<void> {
    const text = await bodyOf(request);
    if (text === undefined) return end(answer, 413, { title: `a batch has at most ${BATCH_BYTES_MAX} bytes` });
    const parsed = resultsSchema.safeParse(jsonOf(text));
    if (!parsed.success)
      return end(answer, 400, { title: `this is no batch of results: ${parsed.error.issues[0]?.message ?? ''}` });
    const { run, number, results } = parsed.data;
    const last = this.#last.get(vantage.name);
    // Its answer was lost on the way, and it came again.
    if (last?.run === run && number <= last.number) return end(answer, 200, { taken: 0, refused: 0 });
    const refused = this.#options.onResults(vantage, results);
    this.#last.set(vantage.name, { run, number });
    end(answer, 200, { taken: results.length - refused, refused });
  }
}

function end(answer: ServerResponse, status: number, body: object): void {
  answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BATCH_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
