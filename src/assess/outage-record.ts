import { hashText } from '../base/hash.ts';
import { formatTime } from '../base/units.ts';
import type { Estimate, EvidenceKind, Outage, SiteState } from '../model/incident.ts';
import { wilson, Z95 } from './chance.ts';
import type { LogView } from './log-view.ts';
import { ASSESS } from './parameters.ts';

/** When something began: as it is told, and between which moments it truly did. Ms since 1970. */
export interface Moment {
  readonly fromMs: number;
  readonly minMs: number;
  readonly maxMs: number;
}

interface Segment extends Moment {
  readonly state: SiteState;
  readonly why: string;
}

/** Durations that add up, ms. */
interface Sum {
  value: number;
  low: number;
  high: number;
}

/** What the log said, and what was expected, over the time of one kind. */
interface Traffic {
  expected: number;
  sigma: number;
  requests: number;
  failed: number;
}

/** All that an outage is made of; JSON, so that it lasts over a restart. */
export interface OutageState {
  readonly id: string;
  readonly site: string;
  readonly startMs: number;
  readonly confirmedMs: number;
  why: string;
  planned: boolean;
  worst: SiteState;
  evidence: EvidenceKind[];
  endMs?: number | undefined;
  /** The spans that are over, and the one that goes on. */
  states: { state: SiteState; fromMs: number; toMs?: number; why: string }[];
  flapping: boolean;
  open?: Segment | undefined;
  readonly out: Sum;
  readonly degraded: Sum;
  unknownMs: number;
  outTraffic: Traffic;
  degradedTraffic: Traffic;
  /** True once a log was there to tell requests. */
  logged: boolean;
  /** The log was counted up to here, ms. */
  countedMs: number;
}

const ORDER: readonly SiteState[] = [
  'up',
  'unknown',
  'maintenance',
  'degraded',
  'geo-fenced',
  'partial',
  'flapping',
  'down',
];

export const worse = (left: SiteState, right: SiteState): SiteState =>
  ORDER.indexOf(left) >= ORDER.indexOf(right) ? left : right;

/** How a state counts: nobody served, service worse or for some only, or nobody can tell. */
export function countsAs(state: SiteState, planned: boolean): 'out' | 'degraded' | 'unknown' | 'none' {
  switch (state) {
    case 'down':
      return 'out';
    case 'maintenance':
      return planned ? 'none' : 'out';
    case 'degraded':
    case 'partial':
      return 'degraded';
    case 'unknown':
      return 'unknown';
    // At home everything is well; what is fenced out is told by the state itself.
    case 'geo-fenced':
    case 'flapping':
    case 'up':
      return 'none';
  }
}

const traffic = (): Traffic => ({ expected: 0, sigma: 0, requests: 0, failed: 0 });

export interface OutageStart {
  readonly site: string;
  readonly segment: Segment;
  readonly confirmedMs: number;
  readonly planned: boolean;
  readonly evidence: readonly EvidenceKind[];
}

/** One outage from its first failed check or line to the return of the prior level of service. */
export class OutageRecord {
  readonly state: OutageState;

  constructor(from: OutageState) {
    this.state = from;
  }

  static start({ site, segment, confirmedMs, planned, evidence }: OutageStart): OutageRecord {
    const start = (formatTime(segment.fromMs) ?? 'unknown').slice(0, 19).replace(/[-:]/g, '');
    const slug = site.replace(/[^0-9A-Za-z.]+/g, '-').replace(/^-+|-+$/g, '');
    const id = `${start}Z-outage-${slug === '' ? 'site' : slug.slice(0, 40)}-${hashText(`${site} ${segment.fromMs}`, 0)}`;
    const { fromMs, why, state } = segment;
    return new OutageRecord({
      id,
      site,
      startMs: fromMs,
      confirmedMs: Math.max(confirmedMs, fromMs),
      why,
      planned,
      worst: state,
      evidence: [...evidence],
      states: [{ state, fromMs, why }],
      flapping: false,
      open: segment,
      out: { value: 0, low: 0, high: 0 },
      degraded: { value: 0, low: 0, high: 0 },
      unknownMs: 0,
      outTraffic: traffic(),
      degradedTraffic: traffic(),
      logged: false,
      countedMs: fromMs,
    });
  }

  get ongoing(): boolean {
    return this.state.endMs === undefined;
  }

  /** The site is in another state now. `up` ends the outage, unless it flaps. */
  enter(segment: Segment, evidence: readonly EvidenceKind[], log: LogView | undefined): void {
    const { state } = this;
    this.#close(segment, log);
    for (const kind of evidence)
      if (segment.state !== 'up' && !state.evidence.includes(kind)) state.evidence.push(kind);
    state.open = segment;
    state.countedMs = segment.fromMs;
    if (segment.state !== 'up') {
      state.endMs = undefined;
      const worst = worse(state.worst, segment.state);
      if (worst !== state.worst) state.why = segment.why;
      state.worst = worst;
    } else if (!state.flapping) state.endMs = segment.fromMs;
    if (!state.flapping) this.#tell(segment.state, segment.fromMs, segment.why);
  }

  /** From `fromMs` on it changes to and fro: that is told as one span. */
  flap(fromMs: number, why: string): void {
    const { state } = this;
    state.flapping = true;
    state.endMs = undefined;
    if (state.worst !== 'down') {
      state.worst = 'flapping';
      state.why = why;
    }
    state.states = state.states.filter((span) => span.fromMs < fromMs);
    this.#tell('flapping', fromMs, why);
  }

  /** It is calm again since `fromMs`, in the state that it is in. */
  calm(fromMs: number): void {
    const { state } = this;
    state.flapping = false;
    const now = state.open?.state ?? 'up';
    if (now === 'up') state.endMs = fromMs;
    this.#tell(now, fromMs, state.open?.why ?? '');
  }

  #tell(state: SiteState, fromMs: number, why: string): void {
    const { states } = this.state;
    const last = states.at(-1);
    if (last !== undefined && last.fromMs >= fromMs) {
      // What turned out to be another state from its beginning was none.
      Object.assign(last, { state, why });
      return;
    }
    if (last !== undefined) last.toMs = Math.max(last.fromMs, fromMs);
    if (last?.state === state) {
      delete last.toMs;
      return;
    }
    if (states.length < ASSESS.statesPerOutageMax) states.push({ state, fromMs, why });
    else if (last !== undefined) {
      // Beyond the bound the end is told as one span of the worst.
      last.state = worse(last.state, state);
      delete last.toMs;
    }
  }

  #close(next: Moment, log: LogView | undefined): void {
    const { state } = this;
    const { open } = state;
    if (open === undefined) return;
    this.count(next.fromMs, log);
    const span = spanOf(open, next);
    const kind = countsAs(open.state, state.planned);
    if (kind === 'unknown') state.unknownMs += span.value;
    else if (kind !== 'none') add(state[kind], span);
  }

  /** Counts what the log says up to a moment, and what was usual. */
  count(untilMs: number, log: LogView | undefined): void {
    const { state } = this;
    const { open } = state;
    if (open === undefined || untilMs <= state.countedMs) return;
    const kind = countsAs(open.state, state.planned);
    const fromMs = state.countedMs;
    state.countedMs = untilMs;
    if (kind !== 'out' && kind !== 'degraded') return;
    const more = trafficOf(log, fromMs, untilMs);
    if (more === undefined) return;
    state.logged = true;
    if (kind === 'out') state.outTraffic = together(state.outTraffic, more);
    else state.degradedTraffic = together(state.degradedTraffic, more);
  }

  /** As it stands at `nowMs`; what the log said of late, which is not counted for good yet, with it. */
  outage(nowMs: number, log: LogView | undefined): Outage {
    const { state } = this;
    const daily = log?.demand.daily();
    const now: Moment = { fromMs: nowMs, minMs: nowMs, maxMs: nowMs };
    const { open } = state;
    const going = open !== undefined && state.endMs === undefined ? countsAs(open.state, state.planned) : 'none';
    const span = open === undefined ? { value: 0, low: 0, high: 0 } : spanOf(open, now);
    const total = (kind: 'out' | 'degraded'): Estimate =>
      minutes(going === kind ? sum(state[kind], span) : state[kind]);
    const outMinutes = total('out');
    const end = state.endMs === undefined ? {} : { end: timeOf(state.endMs) };
    const unknownMinutes = (state.unknownMs + (going === 'unknown' ? span.value : 0)) / 60_000;
    const late =
      going === 'out' || going === 'degraded' ? trafficOf(log, Math.min(state.countedMs, nowMs), nowMs) : undefined;
    const out = going === 'out' ? together(state.outTraffic, late) : state.outTraffic;
    const worseThan = going === 'degraded' ? together(state.degradedTraffic, late) : state.degradedTraffic;
    const logged = state.logged || late !== undefined;
    const lost = logged ? lostRequests(out, worseThan, outMinutes) : undefined;
    return {
      id: state.id,
      site: state.site,
      state: state.worst,
      start: timeOf(state.startMs),
      confirmedAt: timeOf(state.confirmedMs),
      ...end,
      ongoing: state.endMs === undefined,
      evidence: state.evidence,
      states: state.states.map(({ state: name, fromMs, toMs, why }) => ({
        state: name,
        from: timeOf(fromMs),
        ...(toMs === undefined ? {} : { to: timeOf(toMs) }),
        why,
      })),
      why: state.why,
      outMinutes,
      degradedMinutes: total('degraded'),
      unknownMinutes,
      ...(lost === undefined ? {} : { lostRequests: lost }),
      ...(logged ? { expectedRequests: out.expected + worseThan.expected } : {}),
      ...(daily === undefined || daily <= 0 ? {} : { demandShare: out.expected / daily }),
      ...(state.planned ? { planned: true } : {}),
    };
  }
}

export const timeOf = (ms: number): string => formatTime(ms) ?? new Date(0).toISOString();

/** What the log said in [fromMs, untilMs), and what was usual; undefined where it does not tell. */
function trafficOf(log: LogView | undefined, fromMs: number, untilMs: number): Traffic | undefined {
  const expected = log?.demand.expected(fromMs, untilMs);
  if (log === undefined || expected === undefined) return undefined;
  const { requests, failed } = log.sums(fromMs, untilMs);
  return { expected: expected.requests, sigma: expected.sigma, requests, failed };
}

function together(left: Traffic, right: Traffic | undefined): Traffic {
  if (right === undefined) return left;
  return {
    expected: left.expected + right.expected,
    // The level that was learned is the same all the while: its error adds up, and does not cancel.
    sigma: left.sigma + right.sigma,
    requests: left.requests + right.requests,
    failed: left.failed + right.failed,
  };
}

/** How long a span lasted: truly between `low` and `high`; the value takes the middle of what its ends leave open. */
function spanOf(from: Moment, to: Moment): Sum {
  const middle = (moment: Moment): number => (moment.minMs + moment.maxMs) / 2;
  const low = Math.max(0, to.minMs - from.maxMs);
  const high = Math.max(low, to.maxMs - from.minMs);
  return { value: Math.min(high, Math.max(low, middle(to) - middle(from))), low, high };
}

function add(into: Sum, more: Sum): void {
  into.value += more.value;
  into.low += more.low;
  into.high += more.high;
}

const sum = (left: Sum, right: Sum): Sum => ({
  value: left.value + right.value,
  low: left.low + right.low,
  high: left.high + right.high,
});

const minutes = ({ value, low, high }: Sum): Estimate => ({
  value: value / 60_000,
  low: low / 60_000,
  high: high / 60_000,
});

/**
 * Requests that would have been answered. While nobody is served, all that are usual, without those that were answered: at least what is
 * usual less all answers, were these all given to readers; at most all that are usual. While service is worse, the share
 * that failed of what is usual.
 */
function lostRequests(out: Traffic, worseThan: Traffic, outMinutes: Estimate): Estimate {
  const answered = out.requests - out.failed;
  // How long it truly was out bounds how many can have come.
  const [shorter, longer] =
    outMinutes.value > 0 ? [outMinutes.low / outMinutes.value, outMinutes.high / outMinutes.value] : [1, 1];
  const share = out.requests > 0 ? out.failed / out.requests : 1;
  const outLow = Math.max(0, (out.expected - Z95 * out.sigma) * shorter - answered);
  const outHigh = Math.max(0, (out.expected + Z95 * out.sigma) * longer);
  const outValue = Math.min(outHigh, Math.max(outLow, out.expected * share));
  const failed = wilson(worseThan.failed, worseThan.requests);
  const known = worseThan.requests > 0;
  const worseShare = known ? worseThan.failed / worseThan.requests : 0;
  const worseValue = worseThan.expected * worseShare;
  // Who attacks may have failed more often than readers, or in their place.
  const worseHigh = (worseThan.expected + Z95 * worseThan.sigma) * (known ? failed.high : 1);
  return { value: outValue + worseValue, low: outLow, high: outHigh + Math.max(worseValue, worseHigh) };
}
