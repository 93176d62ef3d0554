import type { SiteNorms } from './client-table.ts';
import { LONG_KEEP, rising, TRAIT_COUNT, USUAL_SECONDS, WINDOW_KEEP, WINDOW_SUM } from './traits.ts';

/** What is counted of a site, by its place. */
export const COUNT = {
  requests: 0,
  /** Requests for anything but an asset, and those that were answered with 2xx or 3xx. */
  pages: 1,
  assets: 2,
  answered: 3,
  failed: 4,
  bytes: 5,
  /** Clients that came in this second: one that stays counts again in the next. */
  clients: 6,
  slowHeader: 7,
  slowBody: 8,
  slowRead: 9,
  /** Requests of suspect clients. */
  suspects: 10,
  /** Pages that were refused: 4xx but for 408 and 499. */
  refused: 11,
  /** Assets of clients that loaded no page in their visit, and of those that ask for the same few again and again; not what other sites embed. */
  bare: 12,
  bareAgain: 13,
  /** Second pages of visits; those of them that came sooner than anybody reads the first; and of these the same again. */
  seconds: 14,
  hasty: 15,
  same: 16,
} as const;
const COUNTS = 17;

/** A power of two. */
export const AGENT_BUCKETS = 64;
export const VERSION_BUCKETS = 8;
/** Buckets of the time to answer: two for each doubling, from 1 ms on. */
export const TIME_BUCKETS = 40;
/** Seconds of rates that are kept of a site. */
export const HISTORY_SECONDS = 300;
const SAMPLES_MAX = 256;

/** One request that was kept to tell of: its texts, and who sent it. */
export interface KeptRequest {
  readonly second: number;
  readonly clientHash: number;
  /** -1 where the line names no path. */
  readonly template: number;
  /** Hash of path and query. */
  readonly value: number;
  readonly suspect: boolean;
  readonly agent: string | undefined;
  readonly version: number;
  readonly method: number;
  readonly status: number;
  readonly line: string;
}

/** What is counted of one site: of this second, in windows of 10 s and 60 s that fade, and usually. */
export class SiteCounts {
  readonly name: string;
  readonly index: number;
  readonly now = new Float64Array(COUNTS);
  readonly window = new Float64Array(COUNTS);
  readonly long = new Float64Array(COUNTS);
  readonly usual = new Float64Array(COUNTS);
  readonly nowTraits = new Float64Array(TRAIT_COUNT);
  readonly windowTraits = new Float64Array(TRAIT_COUNT);
  readonly usualTraits = new Float64Array(TRAIT_COUNT);
  /** Traits of the requests of suspect clients. */
  readonly nowSuspectTraits = new Float64Array(TRAIT_COUNT);
  readonly suspectTraits = new Float64Array(TRAIT_COUNT);
  /** User agents of pages by their hash, and HTTP versions: of this second, in the window, and usually. */
  readonly nowAgents = new Float64Array(AGENT_BUCKETS);
  readonly nowVersions = new Float64Array(VERSION_BUCKETS);
  readonly agents = new Float64Array(AGENT_BUCKETS);
  readonly usualAgents = new Float64Array(AGENT_BUCKETS);
  readonly versions = new Float64Array(VERSION_BUCKETS);
  readonly usualVersions = new Float64Array(VERSION_BUCKETS);
  /** Times to answer, of this second, in the window, and usually. */
  readonly times = new Float64Array(TIME_BUCKETS);
  readonly windowTimes = new Float64Array(TIME_BUCKETS);
  readonly usualTimes = new Float64Array(TIME_BUCKETS);
  /** Largest of a second, and of the window's rate, in peace: of pages and of suspects; with their deviation. */
  readonly largest = new Float64Array(4);
  readonly deviation = new Float64Array(2);
  /** Requests a second, from the oldest; the second `s` lies at `s % HISTORY_SECONDS`. */
  readonly history = new Float32Array(HISTORY_SECONDS);
  norms: SiteNorms = { assets: false, referrers: false, versions: 0 };
  /** Shapes of requests that were refused, a bit each: of the last ten seconds, and of those before. */
  shapesLow = 0;
  shapesHigh = 0;
  shapesLowBefore = 0;
  shapesHighBefore = 0;
  /** Tells clients that are known to be good, by the four words at a place; undefined where none are. */
  good: ((words: Uint32Array, at: number) => boolean) | undefined;
  kept: KeptRequest[] = [];
  keptThisSecond = 0;
  /** True while as many requests as may be are kept. */
  hot = false;
  /** True while it is among those that had requests in this second. */
  active = false;
  /** Whose pages the readers of its own pages come from: the referrer's host by majority vote, as a hash, and its lead. */
  ownReferrer = 0;
  #ownLead = 0;
  /** True while an attack on it goes on: its clients are counted apart. */
  attacked = false;
  /** Requests failed before more of them came than usual; and when they failed last. */
  failedFirst = false;
  failingSecond = Number.NEGATIVE_INFINITY;
  learned = 0;
  lastSecond = Number.NEGATIVE_INFINITY;
  /** Requests ever. */
  total = 0;

  constructor(name: string, index: number) {
    this.name = name;
    this.index = index;
  }

  /** Takes the host of a referrer with which a reader fetched what belongs to a page. */
  voteReferrer(hash: number): void {
    if (hash === this.ownReferrer) this.#ownLead++;
    else if (this.#ownLead > 0) this.#ownLead--;
    else {
      this.ownReferrer = hash;
      this.#ownLead = 1;
    }
  }

  keep(request: KeptRequest): void {
    this.keptThisSecond++;
    if (this.kept.length >= SAMPLES_MAX) this.kept.splice(0, SAMPLES_MAX / 4);
    this.kept.push(request);
  }

  /** Ends the second: windows take it in, and fade by as much as passed since the one before. */
  fold(second: number): void {
    const passed = Math.min(3600, Math.max(1, second - this.lastSecond));
    if (second - this.lastSecond > HISTORY_SECONDS) this.history.fill(0);
    else for (let at = this.lastSecond + 1; at < second; at++) this.history[at % HISTORY_SECONDS] = 0;
    this.history[((second % HISTORY_SECONDS) + HISTORY_SECONDS) % HISTORY_SECONDS] = this.now[COUNT.requests];
    this.lastSecond = second;
    const keep = WINDOW_KEEP ** passed;
    const keepLong = LONG_KEEP ** passed;
    for (let at = 0; at < COUNTS; at++) {
      this.window[at] = this.window[at] * keep + this.now[at];
      this.long[at] = this.long[at] * keepLong + this.now[at];
    }
    for (let at = 0; at < TRAIT_COUNT; at++) {
      this.windowTraits[at] = this.windowTraits[at] * keep + this.nowTraits[at];
      this.suspectTraits[at] = this.suspectTraits[at] * keep + this.nowSuspectTraits[at];
    }
    for (let at = 0; at < TIME_BUCKETS; at++) this.windowTimes[at] = this.windowTimes[at] * keep + this.times[at];
    for (let at = 0; at < AGENT_BUCKETS; at++) this.agents[at] = this.agents[at] * keep + this.nowAgents[at];
    for (let at = 0; at < VERSION_BUCKETS; at++) this.versions[at] = this.versions[at] * keep + this.nowVersions[at];
    if (second % 10 === 0 || passed > 10) {
      this.shapesLowBefore = this.shapesLow;
      this.shapesHighBefore = this.shapesHigh;
      this.shapesLow = 0;
      this.shapesHigh = 0;
    }
  }

  /** Learns from the second that was folded, and from `passed - 1` seconds before it in which nobody came. */
  learn(passed: number): void {
    const rate = 1 / Math.min(USUAL_SECONDS, this.learned + passed);
    const idle = (1 - rate) ** Math.min(100_000, passed - 1);
    blend(this.usual, this.now, idle, rate);
    blend(this.usualTraits, this.nowTraits, idle, rate);
    blend(this.usualTimes, this.times, idle, rate);
    blend(this.usualAgents, this.nowAgents, idle, rate);
    blend(this.usualVersions, this.nowVersions, idle, rate);
    this.#spread(0, COUNT.pages, passed);
    this.#spread(1, COUNT.suspects, passed);
    this.learned += passed;
  }

  #spread(place: number, count: number, passed: number): void {
    const level = this.window[count] / WINDOW_SUM;
    this.largest[2 * place] = rising(this.largest[2 * place], this.now[count], passed);
    this.largest[2 * place + 1] = rising(this.largest[2 * place + 1], level, passed);
    const off = Math.abs(level - this.usual[count]);
    this.deviation[place] += (off - this.deviation[place]) / Math.min(300, this.learned + 1);
  }

  endSecond(): void {
    this.active = false;
    this.now.fill(0);
    this.nowTraits.fill(0);
    this.nowSuspectTraits.fill(0);
    this.nowAgents.fill(0);
    this.nowVersions.fill(0);
    this.times.fill(0);
    this.keptThisSecond = 0;
  }
}

/** Moves what is usual towards what is now, after it faded by `idle`. */
function blend(usual: Float64Array, now: Float64Array, idle: number, rate: number): void {
  for (let at = 0; at < usual.length; at++) usual[at] = usual[at] * idle * (1 - rate) + now[at] * rate;
}

/** The time that a share of the requests in a histogram stayed below, ms; undefined where it is empty. */
export function quantileMs(times: Float64Array, share: number): number | undefined {
  let all = 0;
  for (const count of times) all += count;
  if (all < 1) return undefined;
  let left = all * share;
  for (let at = 0; at < times.length; at++) {
    left -= times[at];
    if (left <= 0) return Math.round(2 ** ((at + 0.5) / 2));
  }
  return Math.round(2 ** (times.length / 2));
}
