import { randomUUID } from 'node:crypto';
import { request } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { BonghwaError } from '../../base/errors.ts';
import type { CheckResult } from '../../model/vantage.ts';
import {
  BATCH_MAX,
  RESULTS_PATH,
  SITES_BYTES_MAX,
  SITES_PATH,
  takenSchema,
  type VantageKey,
  type VantageSites,
  vantageSitesSchema,
} from './vantage-protocol.ts';
import type { WaitingChange, WaitingFile } from './waiting-file.ts';

/** Results that wait while the station is away: with 2,000 sites and checks every 30 s, 25 minutes of them; with 100 sites, eight hours. */
export const WAITING_MAX = 100_000;

export interface VantageLinkOptions {
  /** Where what waits is kept while the station is away; in memory alone where absent. */
  readonly file?: WaitingFile;
  /** Told when it cannot be kept: it then waits in memory. */
  readonly onProblem?: (error: Error) => void;
}

/** A request is given up after this, ms. */
const ANSWER_MS_MAX = 20_000;

interface LinkAnswer {
  readonly status: number;
  readonly etag: string | undefined;
  readonly text: string;
}

/**
 * The line from a vantage to its station. The certificate is known by its fingerprint, and nothing is said, the key least of all, before it was
 * seen. Results wait in order while the station is away, on disk too where there is a file; when too many wait, the oldest go, and are counted.
 */
export class VantageLink {
  readonly #url: URL;
  readonly #key: VantageKey;
  readonly #run: string;
  readonly #waiting: CheckResult[];
  readonly #options: VantageLinkOptions;
  /** True while changes are written to the file. */
  #keeping = false;
  #number = 0;
  /** How many of those that wait first are in the batch that was sent last: it is sent again just as it was. */
  #sent = 0;
  #etag: string | undefined;
  dropped = 0;
  delivered = 0;
  refused = 0;

  /** Goes on with what the file holds. */
  constructor(station: string, key: VantageKey, options: VantageLinkOptions = {}) {
    this.#url = new URL(station);
    this.#key = key;
    this.#options = options;
    const kept = options.file?.read();
    this.#run = kept?.run ?? randomUUID();
    this.#number = kept?.number ?? 0;
    this.#sent = kept?.sent ?? 0;
    this.#waiting = [...(kept?.results ?? [])];
    // What a sudden end cut off at its end goes, before anything is added there.
    if (kept !== undefined) this.keep();
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  add(result: CheckResult): void {
    if (this.#waiting.length >= WAITING_MAX) {
      // The batch that is under way keeps its place: its number stands for it.
      this.#waiting.splice(this.#sent, 1);
      this.dropped++;
      this.#note({ kind: 'dropped', at: this.#sent });
    }
    this.#waiting.push(result);
    this.#note({ kind: 'added', result });
  }

  /** Keeps what waits on disk, and from now on what is added, until nothing waits any more. */
  keep(): void {
    const { file } = this.#options;
    if (file === undefined || this.#waiting.length === 0) return;
    this.#keeping = this.#onDisk(() =>
      file.write({ run: this.#run, number: this.#number, sent: this.#sent, results: this.#waiting }),
    );
  }

  #note(change: WaitingChange): void {
    const { file } = this.#options;
    if (!this.#keeping || file === undefined) return;
    if (file.grown) this.keep();
    else this.#keeping = this.#onDisk(() => file.append(change));
  }

  #onDisk(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      this.#options.onProblem?.(error as Error);
      return false;
    }
  }

  /** What to check; undefined where nothing changed since the last time. Rejects with STATION_UNREACHABLE or STATION_REFUSED. */
  async sites(): Promise<VantageSites | undefined> {
    const answer = await this.#ask('GET', SITES_PATH, undefined);
    if (answer.status === 304) return undefined;
    const parsed = vantageSitesSchema.safeParse(answer.status === 200 ? JSON.parse(answer.text) : undefined);
    if (!parsed.success) throw this.#refusal(answer);
    this.#etag = answer.etag;
    return parsed.data;
  }

  /** Reports what waits, batch by batch, until nothing does. Rejects as `sites`; what was not acknowledged waits on. */
  async deliver(): Promise<void> {
    try {
      await this.#deliver();
    } catch (error) {
      if (!this.#keeping) this.keep();
      throw error;
    }
  }

  async #deliver(): Promise<void> {
    while (this.#waiting.length > 0) {
      if (this.#sent === 0) {
        this.#sent = Math.min(BATCH_MAX, this.#waiting.length);
        this.#number++;
        this.#note({ kind: 'sent', number: this.#number, count: this.#sent });
      }
      const batch = { run: this.#run, number: this.#number, results: this.#waiting.slice(0, this.#sent) };
      const answer = await this.#ask('POST', RESULTS_PATH, JSON.stringify(batch));
      if (answer.status === 401 || answer.status >= 500) throw this.#refusal(answer);
      // A batch that is refused for what it is would be refused for ever.
      const taken = answer.status === 200 ? takenSchema.safeParse(JSON.parse(answer.text)) : undefined;
      const refused = taken?.success === true ? taken.data.refused : this.#sent;
      this.#waiting.splice(0, this.#sent);
      this.delivered += this.#sent - refused;
      this.refused += refused;
      this.#sent = 0;
      this.#note({ kind: 'answered' });
    }
    if (this.#keeping) this.#onDisk(() => this.#options.file?.remove());
    this.#keeping = false;
  }

  #ask(method: 'GET' | 'POST', path: string, body: string | undefined): Promise<LinkAnswer> {
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => reject(this.#unreachable(error));
      const asking = request(new URL(path, this.#url), {
        method,
        agent: false,
        // The fingerprint says more than any authority could.
        rejectUnauthorized: false,
        minVersion: 'TLSv1.3',
        timeout: ANSWER_MS_MAX,
        signal: AbortSignal.timeout(2 * ANSWER_MS_MAX),
        headers: body === undefined ? {} : { 'content-type': 'application/json' },
      });
      asking.on('error', fail);
      asking.on('timeout', () => asking.destroy(new Error('it did not answer in time')));
      asking.on('socket', (socket) => {
        socket.once('secureConnect', () => {
          const shown = (socket as TLSSocket)
            .getPeerX509Certificate()
            ?.fingerprint256.replaceAll(':', '')
            .toLowerCase();
          if (shown !== this.#key.fingerprint) {
            asking.destroy(new Error('its certificate is not the one of the key'));
            return;
          }
          // Headers go out with the first byte of the body, and that only now.
          asking.setHeader('authorization', `Bearer ${this.#key.key}`);
          if (method === 'GET' && this.#etag !== undefined) asking.setHeader('if-none-match', this.#etag);
          asking.end(body);
        });
      });
      asking.on('response', (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          bytes += chunk.length;
          if (bytes > SITES_BYTES_MAX) asking.destroy(new Error('its answer is larger than any of a station'));
        });
        response.on('error', fail);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode ?? 0, etag: response.headers.etag, text });
        });
      });
    });
  }

  #unreachable(error: Error): BonghwaError {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ECONNREFUSED' ? 'nothing listens there' : message;
    return new BonghwaError('STATION_UNREACHABLE', `the station at ${this.#url.origin} cannot be reached: ${reason}`, {
      hint: 'Results wait until it can.',
      cause: error,
    });
  }

  #refusal({ status }: LinkAnswer): BonghwaError {
    if (status >= 500) return this.#unreachable(new Error(`it is starting, or has a fault (${status})`));
    if (status === 401)
      return new BonghwaError('STATION_REFUSED', `the station at ${this.#url.origin} does not know this key`, {
        hint: "'bonghwa vantage add NAME' on the station makes one.",
      });
    return new BonghwaError(
      'STATION_REFUSED',
      `what answers at ${this.#url.origin} is no station for vantages (${status})`,
      {
        hint: 'Check address and port: it is inputs.vantages of the station.',
      },
    );
  }
}
