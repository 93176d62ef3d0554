import { Random } from '../../base/random.ts';
import { type KeptRequest, REQUEST_TEXT_MAX, type RequestsRecord } from '../../model/kept-request.ts';
import type { RequestBatch } from '../../model/request-batch.ts';
import { REQUEST_HAS } from '../../model/request-columns.ts';
import { hashText, viewOf } from '../../sketch/web/text-hash.ts';

/** Requests of one second that are kept of sites at peace, and of attacked sites; the latter share theirs. */
export const PEACE_REQUESTS_MAX = 64;
export const ATTACK_REQUESTS_MAX = 512;
/** Attacked sites with a sample of their own; the others have one with those at peace. */
const SITES_APART_MAX = 16;
/** Hosts whose site is remembered. */
const HOSTS_MAX = 4096;

export interface KeptRequestsOptions {
  readonly seed: number;
  /** Name of the site whose log has the index `source`, for lines that name no host. */
  readonly siteOf: (source: number) => string;
  /** Name of the site that a host belongs to. */
  readonly nameOf: (host: string) => string;
}

/**
 * Chooses the requests of every second that are kept: a uniform sample of those at each attacked site, so that a small attack is not
 * lost beside a large one, and a small one of all others. Lines that are not chosen cost next to nothing.
 */
export class KeptRequests {
  readonly #options: KeptRequestsOptions;
  readonly #random: Random;
  /** Attacks by the site that they are on. */
  readonly #attacks = new Map<string, string>();
  readonly #hosts = new Map<number, string>();
  readonly #sources: string[] = [];
  #peace: Reservoir;
  readonly #apart = new Map<string, Reservoir>();
  #second = Number.NaN;
  #view: DataView = new DataView(new ArrayBuffer(0));
  #viewed: Uint8Array | undefined;

  constructor(options: KeptRequestsOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#peace = new Reservoir(PEACE_REQUESTS_MAX, this.#random);
  }

  /** From now on this site is attacked, or, without an id, is not any more. */
  attacked(site: string, id: string | undefined): void {
    if (id === undefined) this.#attacks.delete(site);
    else this.#attacks.set(site, id);
  }

  /** Asks anew which site a host belongs to. */
  forgetNames(): void {
    this.#hosts.clear();
  }

  /** Looks at the rows of a batch, and leaves them there. */
  take(batch: RequestBatch): void {
    if (this.#viewed !== batch.text) {
      this.#viewed = batch.text;
      this.#view = viewOf(batch.text);
    }
    if (this.#attacks.size === 0) {
      this.#takeAll(batch);
      return;
    }
    for (let row = 0; row < batch.length; row++) {
      const site = this.#siteAt(batch, row);
      const reservoir = this.#attacks.has(site) ? this.#reservoirOf(site) : this.#peace;
      if (reservoir.wants()) reservoir.put(this.#copy(batch, row, site));
      reservoir.seen++;
    }
  }

  #takeAll(batch: RequestBatch): void {
    const peace = this.#peace;
    for (let row = 0; row < batch.length; row++) {
      const skipped = Math.min(batch.length - row, peace.skips());
      row += skipped;
      peace.seen += skipped;
      if (row >= batch.length) return;
      peace.put(this.#copy(batch, row, this.#siteAt(batch, row)));
      peace.seen++;
    }
  }

  /** What was chosen, when the second is over by the clock of this machine; `undefined` before, and where nothing came. */
  endSecond(nowMs: number): RequestsRecord | undefined {
    const second = Math.floor(nowMs / 1000);
    if (Number.isNaN(this.#second)) this.#second = second;
    // A clock that was set back is followed.
    if (second === this.#second) return undefined;
    const ended = this.#second;
    this.#second = second;
    return this.#end(ended);
  }

  /** What was chosen since the last second ended. */
  finish(nowMs: number): RequestsRecord | undefined {
    return this.#end(Number.isNaN(this.#second) ? Math.floor(nowMs / 1000) : this.#second);
  }

  #end(second: number): RequestsRecord | undefined {
    const all = [this.#peace, ...this.#apart.values()];
    const requests = all.flatMap((reservoir) => reservoir.weighted());
    this.#peace = new Reservoir(PEACE_REQUESTS_MAX, this.#random);
    this.#apart.clear();
    return requests.length === 0 ? undefined : { second, requests };
  }

  #reservoirOf(site: string): Reservoir {
    let known = this.#apart.get(site);
    if (known === undefined) {
      if (this.#apart.size >= SITES_APART_MAX) return this.#peace;
      const sites = Math.min(SITES_APART_MAX, this.#attacks.size);
      known = new Reservoir(Math.floor(ATTACK_REQUESTS_MAX / sites), this.#random);
      this.#apart.set(site, known);
    }
    return known;
  }

  #siteAt(batch: RequestBatch, row: number): string {
    const { siteOf, nameOf, seed } = this.#options;
    const length = (batch.present[row] & REQUEST_HAS.site) !== 0 ? batch.site.length[row] : 0;
    if (length === 0) {
      const source = batch.source[row];
      this.#sources[source] ??= siteOf(source);
      return this.#sources[source];
    }
    const at = batch.site.at[row];
    const hash = hashText(this.#view, at, length, seed);
    const known = this.#hosts.get(hash);
    if (known !== undefined) return known;
    const site = cut(nameOf(textAt(batch, at, length)), REQUEST_TEXT_MAX.site);
    if (this.#hosts.size < HOSTS_MAX) this.#hosts.set(hash, site);
    return site;
  }

  #copy(batch: RequestBatch, row: number, site: string): KeptRequest {
    const present = batch.present[row];
    const text = (name: 'path' | 'query' | 'referrer' | 'userAgent' | 'clientName'): string => {
      if ((present & REQUEST_HAS[name]) === 0) return '';
      const most = REQUEST_TEXT_MAX[name];
      // A character has at most four bytes.
      const length = Math.min(batch[name].length[row], 4 * most + 4);
      return cut(textAt(batch, batch[name].at[row], length), most);
    };
    const number = (name: 'status' | 'bytes' | 'requestMs' | 'httpVersion', without: number): number =>
      (present & REQUEST_HAS[name]) === 0 ? without : batch[name][row];
    const has = (present & REQUEST_HAS.client) !== 0;
    return {
      timeMs: batch.timeMs[row],
      site,
      client: has ? batch.client.slice(4 * row, 4 * row + 4) : new Uint32Array(4),
      clientName: has ? '' : text('clientName'),
      method: batch.method[row],
      path: text('path'),
      query: text('query'),
      status: number('status', 0),
      bytes: number('bytes', 0),
      requestMs: number('requestMs', -1),
      httpVersion: number('httpVersion', 0),
      referrer: text('referrer'),
      userAgent: text('userAgent'),
      weight: 1,
      attackId: this.#attacks.get(site) ?? '',
    };
  }
}

/** A uniform sample of `size` of rows whose number is not known before (Li 1994, algorithm L). */
class Reservoir {
  /** Rows that went by. */
  seen = 0;
  readonly #size: number;
  readonly #random: Random;
  readonly #rows: KeptRequest[] = [];
  #next: number;
  #weight = 1;

  constructor(size: number, random: Random) {
    this.#size = size;
    this.#random = random;
    this.#next = 0;
  }

  /** True where the next row is chosen. */
  wants(): boolean {
    return this.seen === this.#next;
  }

  /** Rows that go by before the next one is chosen. */
  skips(): number {
    return this.#next - this.seen;
  }

  /** Takes the row that it wants; whoever puts it counts it in `seen` then. */
  put(row: KeptRequest): void {
    if (this.#rows.length < this.#size) {
      this.#rows.push(row);
      this.#next++;
      if (this.#rows.length < this.#size) return;
    } else this.#rows[this.#random.below(this.#size)] = row;
    this.#weight *= Math.exp(Math.log(this.#chance()) / this.#size);
    const skip = Math.floor(Math.log(this.#chance()) / Math.log(1 - this.#weight));
    this.#next = this.seen + 1 + Math.min(skip, Number.MAX_SAFE_INTEGER / 2);
  }

  /** The sample; each stands for so many. */
  weighted(): KeptRequest[] {
    const weight = this.seen / Math.max(1, this.#rows.length);
    return this.#rows.map((row) => ({ ...row, weight }));
  }

  /** Above 0 and below 1. */
  #chance(): number {
    return (this.#random.uint32() + 0.5) / 4_294_967_296;
  }
}

const TEXT = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });

function textAt(batch: RequestBatch, at: number, length: number): string {
  return TEXT.decode(batch.text.subarray(at, at + length));
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
