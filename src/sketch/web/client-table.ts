import { assert } from '../../base/errors.ts';

/** Clients are placed in sets of so many; the one silent longest leaves a full set. */
const WAYS = 8;
/** A client that was silent for this long begins a new visit, s. */
const VISIT_SECONDS = 1800;
/** What remains of a client's recent requests after one second: 1/e after 10 s. */
const RECENT_KEEP = Math.exp(-1 / 10);

/** What is expected of the browsers of a site; learned, and false where its log does not tell. */
export interface SiteNorms {
  readonly assets: boolean;
  readonly referrers: boolean;
  /** Bit per HTTP version (0, 9, 10, 11, 20, 30 as their places) that is usual. */
  readonly versions: number;
}

/**
 * The clients of all sites, one row for each of a site: what it asked for in this visit, in counts. Bounded: a log may name ten million
 * clients, of which those matter that were seen last.
 */
export class ClientTable {
  readonly capacity: number;
  readonly words: Uint32Array;
  /** Site of the client plus 1; 0 marks an empty row. */
  readonly site: Uint16Array;
  readonly firstSecond: Float64Array;
  readonly lastSecond: Float64Array;
  /** Requests for pages in this visit, with traits of them. */
  readonly pages: Uint32Array;
  readonly assets: Uint32Array;
  readonly answered: Uint32Array;
  readonly noReferrer: Uint32Array;
  readonly novel: Uint32Array;
  readonly refused: Uint32Array;
  readonly failed: Uint32Array;
  readonly posts: Uint32Array;
  readonly agentChanges: Uint32Array;
  /** Requests that were slow on purpose by the look of them. */
  readonly slow: Uint32Array;
  readonly agent: Uint32Array;
  /** The template asked for most, by majority vote (Boyer and Moore), and its lead; and how often it was asked for since it led. */
  readonly template: Int32Array;
  readonly lead: Uint32Array;
  readonly ofTemplate: Uint32Array;
  /** Pages in a window of 10 s that fades. */
  readonly recent: Float32Array;
  readonly version: Uint8Array;
  /** 1 was here before this visit; 2 its user agent names a program; 4 a crawler. */
  readonly flags: Uint8Array;
  /** Paths with queries that it asked for, a bit of a hash each: few bits are few pages. */
  readonly values: Uint32Array;
  /** Pages since the attack began that its site is under, and the first second of them. */
  readonly attackPages: Uint32Array;
  readonly attackFirst: Float64Array;
  /** Pages since the attack was opened, and those of them that are of the templates that are attacked. */
  readonly attackSeen: Uint32Array;
  readonly attackOn: Uint32Array;
  /** Names of those that the log names and has no address of. */
  readonly names = new Map<number, string>();
  /** Clients that left for others that day. */
  evicted = 0;
  readonly #tags: Uint32Array;
  readonly #setMask: number;

  /** `capacity`: a power of two from 64 to 4,194,304. */
  constructor(capacity: number) {
    assert(capacity >= 64 && capacity <= 1 << 22 && (capacity & (capacity - 1)) === 0, 'rows of the table of clients');
    this.capacity = capacity;
    this.#setMask = capacity / WAYS - 1;
    this.words = new Uint32Array(4 * capacity);
    this.site = new Uint16Array(capacity);
    this.firstSecond = new Float64Array(capacity);
    this.lastSecond = new Float64Array(capacity);
    this.pages = new Uint32Array(capacity);
    this.assets = new Uint32Array(capacity);
    this.answered = new Uint32Array(capacity);
    this.noReferrer = new Uint32Array(capacity);
    this.novel = new Uint32Array(capacity);
    this.refused = new Uint32Array(capacity);
    this.failed = new Uint32Array(capacity);
    this.posts = new Uint32Array(capacity);
    this.agentChanges = new Uint32Array(capacity);
    this.slow = new Uint32Array(capacity);
    this.agent = new Uint32Array(capacity);
    this.template = new Int32Array(capacity);
    this.lead = new Uint32Array(capacity);
    this.ofTemplate = new Uint32Array(capacity);
    this.recent = new Float32Array(capacity);
    this.version = new Uint8Array(capacity);
    this.flags = new Uint8Array(capacity);
    this.attackPages = new Uint32Array(capacity);
    this.attackFirst = new Float64Array(capacity);
    this.attackSeen = new Uint32Array(capacity);
    this.attackOn = new Uint32Array(capacity);
    this.values = new Uint32Array(capacity);
    this.#tags = new Uint32Array(capacity);
  }

  /** The row of a client, or -1 minus the row where it has to be begun (`begin`). */
  find(site: number, hash: number): number {
    const set = (hash & this.#setMask) * WAYS;
    const tag = hash >>> 0;
    let oldest = set;
    for (let row = set; row < set + WAYS; row++) {
      if (this.site[row] === site + 1 && this.#tags[row] === tag) return row;
      if (this.site[row] === 0) return -1 - row;
      if (this.lastSecond[row] < this.lastSecond[oldest]) oldest = row;
    }
    return -1 - oldest;
  }

  /** Gives a row to a client that comes for the first time. */
  begin(row: number, site: number, hash: number, words: Uint32Array, at: number, second: number): void {
    if (this.site[row] !== 0) {
      this.evicted++;
      if (this.names.size > 0) this.names.delete(row);
    }
    this.site[row] = site + 1;
    this.#tags[row] = hash;
    const to = 4 * row;
    this.words[to] = words[at];
    this.words[to + 1] = words[at + 1];
    this.words[to + 2] = words[at + 2];
    this.words[to + 3] = words[at + 3];
    this.#visit(row, second);
    this.flags[row] = 0;
    this.attackPages[row] = 0;
    this.attackSeen[row] = 0;
    this.attackOn[row] = 0;
    this.slow[row] = 0;
  }

  /** By what a client is known; with its site it is as good as its name. */
  keyOf(row: number): number {
    return this.#tags[row];
  }

  /** Begins a new visit where the last is over; true where it does. */
  again(row: number, second: number): boolean {
    if (second - this.lastSecond[row] < VISIT_SECONDS) return false;
    this.#visit(row, second);
    this.flags[row] |= 1;
    return true;
  }

  #visit(row: number, second: number): void {
    this.firstSecond[row] = second;
    this.lastSecond[row] = second;
    this.pages[row] = 0;
    this.assets[row] = 0;
    this.answered[row] = 0;
    this.noReferrer[row] = 0;
    this.novel[row] = 0;
    this.refused[row] = 0;
    this.failed[row] = 0;
    this.posts[row] = 0;
    this.agentChanges[row] = 0;
    this.agent[row] = 0;
    this.template[row] = -1;
    this.lead[row] = 0;
    this.ofTemplate[row] = 0;
    this.values[row] = 0;
    this.recent[row] = 0;
  }

  /** Counts a page's template and value, and fades what was recent. Call before `lastSecond` is set. */
  page(row: number, template: number, value: number, second: number): void {
    this.pages[row]++;
    this.values[row] |= 1 << (value & 31);
    const past = second - this.lastSecond[row];
    this.recent[row] = (past === 0 ? this.recent[row] : this.recent[row] * RECENT_KEEP ** Math.min(past, 200)) + 1;
    if (this.template[row] === template) {
      this.lead[row]++;
      this.ofTemplate[row]++;
    } else if (this.lead[row] === 0) {
      this.template[row] = template;
      this.lead[row] = 1;
      this.ofTemplate[row] = 1;
    } else this.lead[row]--;
  }

  /**
   * How little a client behaves as a browser does, in points; from `SUSPECT_POINTS` on it is suspect. A person's cache may hold every
   * asset, a bookmark has no referrer, and a search is for something new: each alone says nothing.
   */
  suspicion(row: number, norms: SiteNorms, expensive: boolean): number {
    const pages = this.pages[row];
    if (pages < 3) return 0;
    const noAssets = this.assets[row] === 0;
    let points = 0;
    if (norms.assets && noAssets && this.answered[row] >= 3) points++;
    if (norms.referrers && this.noReferrer[row] === pages) points++;
    if (pages >= 4 && this.novel[row] >= 0.7 * pages) points++;
    if (norms.versions !== 0 && (norms.versions & (1 << this.version[row])) === 0) points++;
    if ((this.flags[row] & 2) !== 0) points++;
    if (pages >= 6) {
      const oneOnly = this.ofTemplate[row] >= 0.9 * pages;
      if (oneOnly) points++;
      if (oneOnly && expensive && pages >= 8 && this.assets[row] <= 0.1 * pages) points++;
      // Behind one address may be many people, but they fetch what pages need.
      const alike = oneOnly || this.refused[row] >= 0.5 * pages || this.novel[row] >= 0.7 * pages;
      if (alike && this.agentChanges[row] >= 0.5 * pages && this.assets[row] <= 0.1 * pages) points += 2;
      if (this.refused[row] >= 0.8 * pages) points++;
      if (this.posts[row] >= 6 && this.posts[row] >= 0.25 * pages) points++;
      if (pages >= 8 && this.assets[row] <= 0.1 * pages) points += this.#persistence(row, pages);
    }
    if (this.isFast(row)) points += this.recent[row] >= 20 ? 2 : 1;
    return points;
  }

  /** True for one that asks for pages faster than a person can look at them, where it is one and not an office. */
  isFast(row: number): boolean {
    const pages = this.pages[row];
    if (this.recent[row] < 12 || this.assets[row] > 0.1 * pages) return false;
    const many = this.agentChanges[row] >= 0.1 * pages;
    return (
      !many || this.ofTemplate[row] >= 0.9 * pages || this.refused[row] >= 0.5 * pages || this.novel[row] >= 0.7 * pages
    );
  }

  /** Points for one that asks for the same few pages again and again, or goes on without ever reading. */
  #persistence(row: number, pages: number): number {
    if (popcount(this.values[row]) <= 3) return pages >= 15 ? 2 : 1;
    // One user agent: not many people behind one address.
    if (pages < 20 || this.agentChanges[row] > 0.1 * pages) return 0;
    const seconds = this.lastSecond[row] - this.firstSecond[row] + 1;
    return pages < 0.4 * seconds ? 0 : pages >= 40 ? 2 : 1;
  }
}

/** Bits that are set in a word. */
export function popcount(word: number): number {
  let left = word - ((word >>> 1) & 0x55555555);
  left = (left & 0x33333333) + ((left >>> 2) & 0x33333333);
  return Math.imul((left + (left >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** From here on a client behaves as no browser does. */
export const SUSPECT_POINTS = 3;
