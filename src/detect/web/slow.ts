import type { WebVector } from '../../model/vector.ts';
import { COUNT, type SiteCounts } from '../../sketch/web/site-counts.ts';
import { LONG_SECONDS, LONG_SUM, WINDOW_SUM } from '../../sketch/web/traits.ts';
import type { Surplus } from './composition.ts';
import { WEB } from './parameters.ts';

/** What the status page of a server says at a time. */
export interface ConnectionSample {
  readonly site: string;
  readonly timeMs: number;
  /** Open connections; those whose request is being read, and those that are answered; what the server may have. */
  readonly connections: number;
  readonly reading?: number;
  readonly writing?: number;
  readonly waiting?: number;
  readonly connectionsMax?: number;
  /** Requests that the server ever had. */
  readonly requests?: number;
}

export interface SlowFinding {
  readonly vector: WebVector;
  readonly observed: number;
  readonly limit: number;
  readonly limitFrom: 'baseline' | 'floor';
  readonly usual: number;
  readonly words: string;
  readonly startSecond?: number;
  readonly connections?: number;
  readonly connectionsMax?: number;
}

interface Learned {
  usual: number;
  samples: number;
  over: number;
  overSince: number;
  requests: number | undefined;
  timeMs: number;
  usualRequests: number;
}

/** After this many samples the mean of what is usual forgets as it learns: ten minutes of a page that is asked once a second. */
const USUAL_SAMPLES = 600;

const KINDS = [
  { count: COUNT.slowHeader, vector: 'slowloris', words: 'requests that never came whole' },
  { count: COUNT.slowBody, vector: 'slow-post', words: 'requests whose body never came whole' },
  { count: COUNT.slowRead, vector: 'slow-read', words: 'answers that were read at less than 4 kB/s' },
] as const satisfies readonly { count: number; vector: WebVector; words: string }[];

/** Attacks that hold connections open: seen by what the log says of them when they end, and by the server's status page before. */
export class SlowWatch {
  readonly #learned = new Map<SiteCounts, Learned>();

  /** Judges the slow requests of a site's last minute. */
  judge(site: SiteCounts): SlowFinding | undefined {
    for (const { count, vector, words } of KINDS) {
      const observed = (site.long[count] * LONG_SECONDS) / LONG_SUM;
      const usual = site.usual[count] * LONG_SECONDS;
      const limit = Math.max(WEB.slowPerMinute, WEB.slowOverUsual * usual);
      if (observed <= limit) continue;
      return {
        vector,
        observed: observed / LONG_SECONDS,
        limit: limit / LONG_SECONDS,
        limitFrom: limit > WEB.slowPerMinute ? 'baseline' : 'floor',
        usual: usual / LONG_SECONDS,
        words: `${Math.round(observed)} ${words} in a minute, where ${Math.round(usual)} are usual`,
      };
    }
    return undefined;
  }

  /** Judges a sample: many more connections than usual, while no more requests come than usual. */
  sample(site: SiteCounts, sample: ConnectionSample): SlowFinding | undefined {
    const { connections, connectionsMax, timeMs } = sample;
    let learned = this.#learned.get(site);
    if (learned === undefined) {
      learned = { usual: 0, samples: 0, over: 0, overSince: 0, requests: undefined, timeMs, usualRequests: 0 };
      this.#learned.set(site, learned);
    }
    const passed = Math.max(0.001, (timeMs - learned.timeMs) / 1000);
    const rate =
      sample.requests === undefined || learned.requests === undefined || sample.requests < learned.requests
        ? undefined
        : (sample.requests - learned.requests) / passed;
    learned.requests = sample.requests;
    learned.timeMs = timeMs;
    const own = Math.max(WEB.connectionsFloor, WEB.connectionsOverUsual * learned.usual);
    const full = connectionsMax === undefined ? Number.POSITIVE_INFINITY : WEB.connectionsShare * connectionsMax;
    const limit = Math.max(WEB.connectionsFloor, Math.min(own, full));
    const idle = sample.waiting ?? 0;
    const held = connections - idle;
    // A crowd brings requests with its connections: at least one in two seconds for each that is not idle.
    const crowded = rate !== undefined && rate > Math.max(2 * learned.usualRequests, held / 2);
    if (held <= limit || crowded) {
      learned.over = 0;
      const share = 1 / Math.min(USUAL_SAMPLES, ++learned.samples);
      learned.usual += (held - learned.usual) * share;
      if (rate !== undefined) learned.usualRequests += (rate - learned.usualRequests) * share;
      return undefined;
    }
    if (learned.over++ === 0) learned.overSince = timeMs;
    if (learned.over < WEB.connectionsSamples) return undefined;
    const writing = sample.writing ?? 0;
    const reading = sample.reading ?? held - writing;
    // A server that waits for its database holds what it answers for a moment, and never what it still reads.
    const stalled = (sample.reading ?? 0) <= limit && timeMs - learned.overSince < 1000 * WEB.connectionsSeconds;
    if (stalled) return undefined;
    return {
      vector: writing > 2 * reading && writing > limit ? 'slow-read' : 'slowloris',
      observed: held,
      limit,
      limitFrom: own > WEB.connectionsFloor ? 'baseline' : 'floor',
      usual: learned.usual,
      words: `${held} connections are held open (usually ${Math.round(learned.usual)}) while ${rate === undefined ? 'no more requests are logged' : `${Number(rate.toPrecision(2))} requests/s come`}`,
      startSecond: Math.floor(learned.overSince / 1000),
      connections,
      ...(connectionsMax === undefined ? {} : { connectionsMax }),
    };
  }
}

/** Slow requests of a window that give an attack its name. */
const SLOW_MIN = 5;

/** The slow attack that most of a surplus is made of. */
export function slowVector(site: SiteCounts, surplus: Surplus): WebVector | undefined {
  for (const { count, vector } of KINDS) {
    const slow = site.window[count] - site.usual[count] * WINDOW_SUM;
    if (slow >= SLOW_MIN && slow >= 0.5 * surplus.rate * WINDOW_SUM) return vector;
  }
  return undefined;
}
