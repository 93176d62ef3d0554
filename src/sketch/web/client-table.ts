import { assert } from '../../base/errors.ts';

/**
 * Clients are looked up in sets of so many; the one silent longest leaves a full set. A set is one line of a cache, who came last first:
 *
 *   │ tag, row │ tag, row │ … │        a tag of 0 is an empty place
 */
const WAYS = 8;
/** A client that was silent for this long begins a new visit, s. */
const VISIT_SECONDS = 1800;
/** What remains of a client's recent requests after so many seconds: 1/e after 10 s, and nothing at the end. */
const RECENT_KEEPS = Float64Array.from({ length: 200 }, (_, seconds) => (seconds < 199 ? Math.exp(-seconds / 10) : 0));

/** What is expected of the browsers of a site; learned, and false where its log does not tell. */
export interface SiteNorms {
  readonly assets: boolean;
  readonly referrers: boolean;
  /** Bit per HTTP version (0, 9, 10, 11, 20, 30 as their places) that is usual. */
  readonly versions: number;
}

/** Words of a row: two lines of a cache, since clients come in any order, and a column for each count were a miss for each. */
const ROW_WORDS = 32;

/**
 * Words of a client's row, from its begin (`ClientTable.at`). The first six are three numbers of 64 bits, which `seconds` holds.
 *
 *   word  0      2     4            6       7      8        12                    25
 *         ┌──────┬─────┬────────────┬───────┬──────┬────────┬── counts of this ───┬── and of the ──┐
 *         │first │last │attack first│version│agent │address │   visit             │   attack       │
 *         └──────┴─────┴────────────┴───────┴──────┴────────┴─────────────────────┴────────────────┘
 */
export const CLIENT = {
  version: 6,
  agent: 7,
  /** Four words. */
  address: 8,
  /** Requests for pages in this visit, with traits of them. */
  pages: 12,
  assets: 13,
  answered: 14,
  noReferrer: 15,
  novel: 16,
  refused: 17,
  /** Hash of the page that it asked for last, where that came whole (`follow`); 0 for none. */
  last: 18,
  posts: 19,
  agentChanges: 20,
  /** The template asked for most, by majority vote (Boyer and Moore), and its lead; and how often it was asked for since it led. */
  template: 21,
  lead: 22,
  ofTemplate: 23,
  /** Paths with queries of pages that it asked for, a bit of a hash each: few bits are few pages. Those of assets until its first page. */
  values: 24,
  /** Requests that were slow on purpose by the look of them. */
  slow: 25,
  /** 1 was here before this visit; 2 its user agent names a program; 4 a crawler. */
  flags: 26,
  /** Pages since the attack began that its site is under. */
  attackPages: 27,
  /** Pages since the attack was opened, and those of them that are of the templates that are attacked. */
  attackSeen: 28,
  attackOn: 29,
} as const;
/** Place of the pages of a window of 10 s that fades, in `recents`. */
const RECENT = 30;
const KEY = 31;
/** Places of the first and the last second of a visit, and of the first of an attack, in a row of `seconds`. */
const FIRST = 0;
const LAST = 1;
const ATTACK_FIRST = 2;
/** No template. */
const NONE = 0xffffffff;

/**
 * The clients of all sites, one row for each of a site: what it asked for in this visit, in counts. Bounded: a log may name ten million
 * clients, of which those matter that were seen last.
 */
export class ClientTable {
  /** Rows in use: clients have them in the order in which they came first, so that few clients need little memory. */
  count = 0;
  /** Site of the client in a row plus 1. */
  readonly site: Uint16Array;
  /** All rows; that of `row` begins at `at(row)`. */
  readonly cells: Uint32Array;
  /** Names of those that the log names and has no address of, by row. */
  readonly names = new Map<number, string>();
  /** Clients that left for others that day. */
  evicted = 0;
  readonly #seconds: Float64Array;
  readonly #recents: Float32Array;
  readonly #index: Uint32Array;
  readonly #setMask: number;

  /** `capacity`: a power of two from 64 to 4,194,304. */
  constructor(capacity: number) {
    assert(capacity >= 64 && capacity <= 1 << 22 && (capacity & (capacity - 1)) === 0, 'rows of the table of clients');
    this.#setMask = capacity / WAYS - 1;
    this.site = new Uint16Array(capacity);
    this.#index = new Uint32Array(2 * capacity);
    this.cells = new Uint32Array(ROW_WORDS * capacity);
    this.#seconds = new Float64Array(this.cells.buffer);
    this.#recents = new Float32Array(this.cells.buffer);
  }

  /** Where a row begins in `cells`. */
  at(row: number): number {
    return ROW_WORDS * row;
  }

  firstSecond(row: number): number {
    return this.#seconds[(ROW_WORDS / 2) * row + FIRST];
  }

  lastSecond(row: number): number {
    return this.#seconds[(ROW_WORDS / 2) * row + LAST];
  }

  /** First second of the requests in the attack that its site is under. */
  attackFirst(row: number): number {
    return this.#seconds[(ROW_WORDS / 2) * row + ATTACK_FIRST];
  }

  /** Pages in a window of 10 s that fades. */
  recent(row: number): number {
    return this.#recents[ROW_WORDS * row + RECENT];
  }

  seen(row: number, second: number): void {
    this.#seconds[(ROW_WORDS / 2) * row + LAST] = second;
  }

  /** Begins to count for an attack, with so many pages since `second`. */
  beginAttack(row: number, pages: number, second: number): void {
    const at = this.at(row);
    this.cells[at + CLIENT.attackPages] = pages;
    this.cells[at + CLIENT.attackSeen] = 0;
    this.cells[at + CLIENT.attackOn] = 0;
    this.#seconds[(ROW_WORDS / 2) * row + ATTACK_FIRST] = second;
  }

  /** Counts a page in the attack that the site is under; `on` is 1 where its template is attacked. */
  attackPage(row: number, on: number, second: number): void {
    const at = this.at(row);
    if (this.cells[at + CLIENT.attackPages]++ === 0) this.#seconds[(ROW_WORDS / 2) * row + ATTACK_FIRST] = second;
    this.cells[at + CLIENT.attackSeen]++;
    this.cells[at + CLIENT.attackOn] += on;
  }

  /** Reads from the sets in which clients of so many hashes are: the memory is near when they are looked up a moment later. */
  touchSets(hashes: Uint32Array, count: number): number {
    const index = this.#index;
    const mask = this.#setMask;
    let touched = 0;
    for (let at = 0; at < count; at++) touched ^= index[2 * WAYS * (hashes[at] & mask)];
    return touched;
  }

  /** Rows of clients of so many hashes, and the hashes of those that have none; returns how many have one. */
  findRows(hashes: Uint32Array, count: number, rows: Uint32Array, strangers: Uint32Array): number {
    const index = this.#index;
    let known = 0;
    for (let at = 0; at < count; at++) {
      const hash = hashes[at];
      const tag = tagOf(hash);
      let place = 2 * WAYS * (hash & this.#setMask);
      const last = place + 2 * (WAYS - 1);
      while (index[place] !== tag && index[place] !== 0 && place < last) place += 2;
      if (index[place] === tag) rows[known++] = index[place + 1];
      else strangers[at - known] = hash;
    }
    return known;
  }

  /** As `touchSets`, from both lines of so many rows. */
  touchRows(rows: Uint32Array, count: number): number {
    const { cells } = this;
    let touched = 0;
    for (let at = 0; at < count; at++) {
      const place = ROW_WORDS * rows[at];
      touched ^= cells[place] ^ cells[place + ROW_WORDS / 2];
    }
    return touched;
  }

  /** The row of a client by the hash of its site and name; or -1 where it has to be begun (`begin`). */
  find(hash: number): number {
    const index = this.#index;
    const set = 2 * WAYS * (hash & this.#setMask);
    const tag = tagOf(hash);
    if (index[set] === tag) return index[set + 1];
    for (let place = set + 2; place < set + 2 * WAYS && index[place] !== 0; place += 2) {
      if (index[place] !== tag) continue;
      const row = index[place + 1];
      this.#putFirst(set, place, tag, row);
      return row;
    }
    return -1;
  }

  /** Gives a row to a client that comes for the first time; returns it. */
  begin(site: number, hash: number, words: Uint32Array, from: number, second: number): number {
    const index = this.#index;
    const set = 2 * WAYS * (hash & this.#setMask);
    let place = set;
    while (place < set + 2 * (WAYS - 1) && index[place] !== 0) place += 2;
    const fresh = index[place] === 0;
    const row = fresh ? this.count++ : index[place + 1];
    if (!fresh) {
      this.evicted++;
      if (this.names.size > 0) this.names.delete(row);
    }
    this.#putFirst(set, place, tagOf(hash), row);
    this.site[row] = site + 1;
    const at = this.at(row);
    for (let word = 0; word < 4; word++) this.cells[at + CLIENT.address + word] = words[from + word];
    this.#visit(row, second);
    this.cells.fill(0, at + CLIENT.slow, at + ROW_WORDS);
    this.cells[at + KEY] = tagOf(hash);
    return row;
  }

  /** Puts a client at the first place of its set; those before `place` move on by one. */
  #putFirst(set: number, place: number, tag: number, row: number): void {
    const index = this.#index;
    for (let at = place; at > set; at -= 2) {
      index[at] = index[at - 2];
      index[at + 1] = index[at - 1];
    }
    index[set] = tag;
    index[set + 1] = row;
  }

  /** By what a client is known; with its site it is as good as its name. */
  keyOf(row: number): number {
    return this.cells[this.at(row) + KEY];
  }

  /** A known client asks: 1 for its first request of a second, else 0. A new visit begins where the last is over. */
  comes(row: number, second: number): number {
    const last = this.#seconds[(ROW_WORDS / 2) * row + LAST];
    if (last === second) return 0;
    if (second - last >= VISIT_SECONDS) {
      this.#visit(row, second);
      this.cells[ROW_WORDS * row + CLIENT.flags] |= 1;
    }
    return 1;
  }

  #visit(row: number, second: number): void {
    const at = this.at(row);
    this.#seconds[(at >> 1) + FIRST] = second;
    this.#seconds[(at >> 1) + LAST] = second;
    this.cells[at + CLIENT.agent] = 0;
    this.cells.fill(0, at + CLIENT.pages, at + CLIENT.values + 1);
    this.cells[at + CLIENT.template] = NONE;
    this.#recents[at + RECENT] = 0;
  }

  /** Counts an asset; returns whether its client loaded no page, as `BARE`, and asks for the same few again and again, as `AGAIN` has it. */
  asset(row: number, value: number, second: number): number {
    const { cells } = this;
    const at = this.at(row);
    const assets = ++cells[at + CLIENT.assets];
    this.seen(row, second);
    if (cells[at + CLIENT.pages] > 0) return 0;
    cells[at + CLIENT.values] |= 1 << (value & 31);
    return isAgain(assets, cells[at + CLIENT.values]) ? BARE | AGAIN : BARE;
  }

  /** True for one that loaded no page and asks for the same few assets again and again. */
  repeatsAssets(row: number): boolean {
    const { cells } = this;
    const at = this.at(row);
    return cells[at + CLIENT.pages] === 0 && isAgain(cells[at + CLIENT.assets], cells[at + CLIENT.values]);
  }

  /** Counts a page's template and value, and fades what was recent. Call before `seen`. */
  page(row: number, template: number, value: number, second: number): void {
    const { cells } = this;
    const at = this.at(row);
    // Until its first page they are the assets that it asked for.
    if (cells[at + CLIENT.pages]++ === 0) cells[at + CLIENT.values] = 0;
    cells[at + CLIENT.values] |= 1 << (value & 31);
    const past = second - this.#seconds[(ROW_WORDS / 2) * row + LAST];
    const keep = past >= 0 && past < RECENT_KEEPS.length ? RECENT_KEEPS[past] : 0;
    this.#recents[at + RECENT] = this.#recents[at + RECENT] * keep + 1;
    if (cells[at + CLIENT.template] === template) {
      cells[at + CLIENT.lead]++;
      cells[at + CLIENT.ofTemplate]++;
    } else if (cells[at + CLIENT.lead] === 0) {
      cells[at + CLIENT.template] = template;
      cells[at + CLIENT.lead] = 1;
      cells[at + CLIENT.ofTemplate] = 1;
    } else cells[at + CLIENT.lead]--;
  }

  /**
   * Notes a page that was counted (`page`); call before `seen`. `whole`: answered in a way after which no browser asks again by itself, as
   * it does for what was redirected, asks for a password, or comes in parts; `from`: hash of the page that the referrer names, or 0.
   * Returns `SECOND` for the second of a visit where both came whole; with `HASTY` where it came sooner than anybody reads and nothing
   * that belongs to the first was fetched: the same again, which is `SAME` too, or another to which the first did not lead.
   */
  follow(row: number, value: number, second: number, whole: boolean, from: number): number {
    const { cells } = this;
    const at = this.at(row);
    const last = cells[at + CLIENT.last];
    const next = whole ? tagOf(value) : 0;
    cells[at + CLIENT.last] = next;
    if (cells[at + CLIENT.pages] !== 2 || next === 0 || last === 0) return 0;
    if (cells[at + CLIENT.assets] > 0) return SECOND;
    const pause = second - this.lastSecond(row);
    if (next === last) return pause <= SAME_SECONDS ? SECOND | HASTY | SAME : SECOND;
    return pause <= OTHER_SECONDS && tagOf(from) !== last ? SECOND | HASTY : SECOND;
  }

  /**
   * How little a client behaves as a browser does, in points; from `SUSPECT_POINTS` on it is suspect. A person's cache may hold every
   * asset, a bookmark has no referrer, and a search is for something new: each alone says nothing.
   */
  suspicion(row: number, norms: SiteNorms, expensive: boolean): number {
    const { cells } = this;
    const at = this.at(row);
    const pages = cells[at + CLIENT.pages];
    if (pages < 3) return 0;
    const noAssets = cells[at + CLIENT.assets] === 0;
    let points = 0;
    if (norms.assets && noAssets && cells[at + CLIENT.answered] >= 3) points++;
    if (norms.referrers && cells[at + CLIENT.noReferrer] === pages) points++;
    if (pages >= 4 && cells[at + CLIENT.novel] >= 0.7 * pages) points++;
    if (norms.versions !== 0 && (norms.versions & (1 << cells[at + CLIENT.version])) === 0) points++;
    if ((cells[at + CLIENT.flags] & 2) !== 0) points++;
    if (pages >= 6) {
      const oneOnly = cells[at + CLIENT.ofTemplate] >= 0.9 * pages;
      if (oneOnly) points++;
      if (oneOnly && expensive && pages >= 8 && cells[at + CLIENT.assets] <= 0.1 * pages) points++;
      // Behind one address may be many people, but they fetch what pages need.
      const alike = oneOnly || cells[at + CLIENT.refused] >= 0.5 * pages || cells[at + CLIENT.novel] >= 0.7 * pages;
      if (alike && cells[at + CLIENT.agentChanges] >= 0.5 * pages && cells[at + CLIENT.assets] <= 0.1 * pages)
        points += 2;
      if (cells[at + CLIENT.refused] >= 0.8 * pages) points++;
      if (cells[at + CLIENT.posts] >= 6 && cells[at + CLIENT.posts] >= 0.25 * pages) points++;
      if (pages >= 8 && cells[at + CLIENT.assets] <= 0.1 * pages) points += this.#persistence(row, pages);
    }
    if (this.isFast(row)) points += this.#recents[at + RECENT] >= 20 ? 2 : 1;
    return points;
  }

  /** True for one that asks for pages faster than a person can look at them, where it is one and not an office. */
  isFast(row: number): boolean {
    const { cells } = this;
    const at = this.at(row);
    const pages = cells[at + CLIENT.pages];
    if (this.#recents[at + RECENT] < 12 || cells[at + CLIENT.assets] > 0.1 * pages) return false;
    const many = cells[at + CLIENT.agentChanges] >= 0.1 * pages;
    return (
      !many ||
      cells[at + CLIENT.ofTemplate] >= 0.9 * pages ||
      cells[at + CLIENT.refused] >= 0.5 * pages ||
      cells[at + CLIENT.novel] >= 0.7 * pages
    );
  }

  /** Points for one that asks for the same few pages again and again, or goes on without ever reading. */
  #persistence(row: number, pages: number): number {
    const { cells } = this;
    const at = this.at(row);
    if (popcount(cells[at + CLIENT.values]) <= 3) return pages >= 15 ? 2 : 1;
    // One user agent: not many people behind one address.
    if (pages < 20 || cells[at + CLIENT.agentChanges] > 0.1 * pages) return 0;
    const seconds = this.lastSecond(row) - this.firstSecond(row) + 1;
    return pages < 0.4 * seconds ? 0 : pages >= 40 ? 2 : 1;
  }
}

/** What `ClientTable.asset` tells; bits. */
export const BARE = 1;
export const AGAIN = 2;
/** What `ClientTable.follow` tells; bits. */
export const SECOND = 1;
export const HASTY = 2;
export const SAME = 4;
/** So soon, in whole seconds, nobody who reads asks for the same page again, or for another. */
const SAME_SECONDS = 5;
const OTHER_SECONDS = 2;
/** So many assets, of so few paths, and each so often, are asked for again and again. */
const AGAIN_MIN = 6;
const AGAIN_PATHS_MAX = 12;
const AGAIN_TIMES = 3;

function isAgain(assets: number, values: number): boolean {
  if (assets < AGAIN_MIN) return false;
  const paths = popcount(values);
  return paths <= AGAIN_PATHS_MAX && assets >= AGAIN_TIMES * paths;
}

/** The hash, but never 0, which marks an empty row. */
function tagOf(hash: number): number {
  return hash === 0 ? 1 : hash >>> 0;
}

/** Bits that are set in a word. */
export function popcount(word: number): number {
  let left = word - ((word >>> 1) & 0x55555555);
  left = (left & 0x33333333) + ((left >>> 2) & 0x33333333);
  return Math.imul((left + (left >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** From here on a client behaves as no browser does. */
export const SUSPECT_POINTS = 3;
