import type { Outage, SiteState, SiteStatus } from '../model/incident.ts';
import type { Site } from '../model/site.ts';
import type { SiteSecond } from '../model/site-second.ts';
import type { CheckResult, Vantage } from '../model/vantage.ts';
import type { DemandSnapshot } from './demand.ts';
import { type Judgement, judgeSite, staleMs } from './judge-site.ts';
import { LogView } from './log-view.ts';
import { maintenanceAt } from './maintenance.ts';
import { OutageRecord, type OutageState, timeOf } from './outage-record.ts';
import { ASSESS } from './parameters.ts';
import { type VantageLatency, VantageView } from './vantage-view.ts';

/** What changed at a site. */
export type SiteChange =
  | { readonly kind: 'state'; readonly status: SiteStatus }
  | { readonly kind: 'outage'; readonly state: 'opened' | 'updated' | 'closed'; readonly outage: Outage };

export interface SiteWatchOptions {
  readonly site: Site;
  readonly vantages: ReadonlyMap<string, Vantage>;
  readonly intervalMs: number;
  readonly onChange: (change: SiteChange) => void;
}

/** What is kept of a site over a restart: JSON. */
export interface SiteSnapshot {
  readonly site: string;
  readonly state: SiteState;
  readonly sinceMs: number;
  readonly why: string;
  readonly atMs: number;
  readonly vantages: readonly { readonly name: string; readonly latency: VantageLatency }[];
  readonly log?: { readonly demand: DemandSnapshot; readonly latency: readonly number[] };
  readonly changes: readonly number[];
  readonly outage?: OutageState;
}

interface Told {
  state: SiteState;
  sinceMs: number;
  why: string;
  evidence: Judgement['evidence'];
}

/** Attacks on a site that are remembered while they go on. */
const ATTACKS_MAX = 16;

/** Follows one site: what vantages and log say of it becomes its state, and its outages. All times are those of the input. */
export class SiteWatch {
  #site: Site;
  readonly #options: SiteWatchOptions;
  readonly #views = new Map<string, VantageView>();
  #log: LogView | undefined;
  #now: Told = { state: 'unknown', sinceMs: Number.NaN, why: 'nobody has looked yet', evidence: [] };
  #atMs = Number.NaN;
  /** Moments at which service broke or came back. */
  #changes: number[] = [];
  #flapping = false;
  #outage: OutageRecord | undefined;
  readonly #attacks = new Map<string, { readonly words: string; readonly startMs: number; endMs: number }>();
  /** What was restored is believed until somebody had the time to look. */
  #restoredMs: number | undefined;

  constructor(options: SiteWatchOptions, from?: SiteSnapshot) {
    this.#options = options;
    this.#site = options.site;
    if (from !== undefined) this.#restore(from);
  }

  get site(): Site {
    return this.#site;
  }

  set site(site: Site) {
    this.#site = site;
  }

  #restore(from: SiteSnapshot): void {
    for (const { name, latency } of from.vantages.slice(0, ASSESS.vantagesPerSiteMax))
      this.#views.set(name, new VantageView(name, staleMs(this.#options.intervalMs), latency));
    if (from.log !== undefined) this.#log = new LogView(from.log);
    this.#now = { state: from.state, sinceMs: from.sinceMs, why: from.why, evidence: [] };
    this.#changes = [...from.changes];
    this.#atMs = from.atMs;
    this.#restoredMs = from.atMs;
    if (from.outage === undefined) return;
    this.#outage = new OutageRecord(from.outage);
    this.#flapping = from.outage.flapping;
  }

  check(result: CheckResult): void {
    const known = this.#views.get(result.vantage);
    if (known === undefined && this.#views.size >= ASSESS.vantagesPerSiteMax) return;
    const view = known ?? new VantageView(result.vantage, staleMs(this.#options.intervalMs));
    if (known === undefined) this.#views.set(result.vantage, view);
    if (!view.take(result)) return;
    this.advance(view.lastMs);
    if (this.#now.state === 'up' || this.#now.state === 'unknown') view.learn();
  }

  second(told: SiteSecond): void {
    this.#log ??= new LogView();
    this.#log.take(told);
  }

  /** An attack on the site, as it stands. */
  attack(id: string, words: string, startMs: number, endMs: number | undefined): void {
    if (this.#attacks.size >= ATTACKS_MAX && !this.#attacks.has(id)) {
      const [oldest] = this.#attacks.keys();
      this.#attacks.delete(oldest);
    }
    this.#attacks.set(id, { words, startMs, endMs: endMs ?? Number.POSITIVE_INFINITY });
  }

  /** Judges what is known at `nowMs`, which never runs backwards. */
  advance(nowMs: number): void {
    if (nowMs < this.#atMs) nowMs = this.#atMs;
    this.#atMs = nowMs;
    const { intervalMs } = this.#options;
    this.#learn(nowMs);
    if (this.#restoredMs !== undefined) {
      const looked = [...this.#views.values()].some(({ recent }) => recent.length > 0);
      if (!looked && nowMs - this.#restoredMs <= 2 * ASSESS.staleIntervals * intervalMs) return;
      this.#restoredMs = undefined;
    }
    const judgement = judgeSite({
      site: this.#site,
      views: [...this.#views.values()],
      vantages: this.#options.vantages,
      log: this.#log,
      prior: this.#now.state,
      priorMs: this.#now.sinceMs,
      nowMs,
      intervalMs,
      attack: this.#attackWords(nowMs),
    });
    if (judgement !== undefined) this.#judged(judgement, nowMs);
    this.#settle(nowMs);
  }

  #attackWords(nowMs: number): string {
    const slackMs = this.#options.intervalMs * 4;
    for (const [id, { words, endMs }] of this.#attacks) {
      if (endMs + slackMs >= nowMs) return words;
      if (endMs + ASSESS.joinMs < nowMs) this.#attacks.delete(id);
    }
    return '';
  }

  /** Learns demand and times from what turned out to be an ordinary time. */
  #learn(nowMs: number): void {
    if (this.#log === undefined) return;
    const { intervalMs } = this.#options;
    const untilMs = Math.min(nowMs - ASSESS.learnLagIntervals * intervalMs, (this.#log.lastSecond + 1) * 1000);
    const attacked = (fromMs: number, toMs: number): boolean =>
      [...this.#attacks.values()].some(({ startMs, endMs }) => fromMs < endMs + intervalMs && toMs > startMs);
    const wellFromMs =
      this.#now.state === 'up' || Number.isNaN(this.#now.sinceMs) ? this.#now.sinceMs : Number.POSITIVE_INFINITY;
    this.#log.learn(untilMs, (fromMs, toMs) => !attacked(fromMs, toMs) && !(fromMs < wellFromMs));
  }

  #judged(judgement: Judgement, nowMs: number): void {
    const { state, why, evidence, began } = judgement;
    const before = this.#now;
    if (state === before.state) {
      this.#now = { ...before, why, evidence };
      return;
    }
    const first = Number.isNaN(before.sinceMs);
    // A state cannot begin before the one that it follows.
    const floorMs = first ? Number.NEGATIVE_INFINITY : before.sinceMs;
    const at = {
      fromMs: Math.max(began.fromMs, floorMs),
      minMs: Math.max(began.minMs, floorMs),
      maxMs: Math.max(began.maxMs, floorMs),
    };
    this.#now = { state, sinceMs: at.fromMs, why, evidence };
    this.#note(before.state, state, at.fromMs);
    this.#follow({ state, why, ...at }, evidence, nowMs);
    this.#options.onChange({ kind: 'state', status: this.status(nowMs) });
  }

  /** Remembers that service broke or came back, and notices when that becomes a habit. */
  #note(before: SiteState, state: SiteState, fromMs: number): void {
    const broken = (one: SiteState): boolean => one !== 'up' && one !== 'unknown';
    if (before === 'unknown' || state === 'unknown' || broken(before) === broken(state)) return;
    const { intervalMs } = this.#options;
    this.#changes = this.#changes.filter((ms) => fromMs - ms <= ASSESS.flapIntervals * intervalMs);
    this.#changes.push(fromMs);
  }

  #follow(segment: Parameters<OutageRecord['enter']>[0], evidence: Judgement['evidence'], nowMs: number): void {
    const open = this.#outage;
    if (open !== undefined) {
      const wasOngoing = open.ongoing;
      open.enter(segment, evidence, this.#log);
      this.#flap();
      const state = wasOngoing && !open.ongoing ? 'closed' : 'updated';
      this.#tell(state, nowMs);
      return;
    }
    if (segment.state === 'up' || segment.state === 'unknown') return;
    const planned = maintenanceAt(this.#site.maintenance, segment.fromMs) !== undefined;
    this.#outage = OutageRecord.start({
      site: this.#site.name,
      segment,
      confirmedMs: nowMs,
      planned,
      evidence,
    });
    this.#flap();
    this.#tell('opened', nowMs);
  }

  #flap(): void {
    if (this.#flapping || this.#outage === undefined || this.#changes.length < ASSESS.flapChanges) return;
    this.#flapping = true;
    const minutes = Math.max(1, Math.round((this.#changes[this.#changes.length - 1] - this.#changes[0]) / 60_000));
    const why = `service broke and came back ${this.#changes.length} times in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`;
    this.#outage.flap(this.#changes[0], why);
  }

  /** What time alone decides: it is calm again, an outage is over for good. */
  #settle(nowMs: number): void {
    const outage = this.#outage;
    if (outage === undefined) return;
    const { intervalMs } = this.#options;
    outage.count(nowMs - 4 * intervalMs, this.#log);
    const lastMs = this.#changes.at(-1) ?? Number.NEGATIVE_INFINITY;
    if (this.#flapping && nowMs - lastMs > ASSESS.calmIntervals * intervalMs) {
      this.#flapping = false;
      outage.calm(lastMs);
      this.#changes = [];
      this.#options.onChange({ kind: 'state', status: this.status(nowMs) });
      this.#tell(outage.ongoing ? 'updated' : 'closed', nowMs);
    }
    const { endMs } = outage.state;
    if (endMs !== undefined && !this.#flapping && nowMs - endMs > ASSESS.rejoinIntervals * intervalMs)
      this.#outage = undefined;
  }

  #tell(state: 'opened' | 'updated' | 'closed', nowMs: number): void {
    const outage = this.outage(nowMs);
    if (outage !== undefined) this.#options.onChange({ kind: 'outage', state, outage });
  }

  /** The outage that goes on, or that may yet come back. */
  outage(nowMs: number): Outage | undefined {
    return this.#outage?.outage(nowMs, this.#log);
  }

  status(nowMs: number): SiteStatus {
    const { state, sinceMs, why, evidence } = this.#now;
    const since = Number.isNaN(sinceMs) ? nowMs : sinceMs;
    const flapSince = this.#changes[0] ?? since;
    const shown = this.#flapping ? 'flapping' : state;
    const views = [...this.#views.values()].filter(({ recent, blind }) => recent.length > 0 || blind);
    const p95s = views.flatMap((view) => view.p95Ms() ?? []);
    const usual = views.flatMap((view) => view.usualP95Ms() ?? []);
    const certificate = views.flatMap(({ certificateNotAfter }) => certificateNotAfter ?? []).sort()[0];
    return {
      site: this.#site.name,
      state: shown,
      since: timeOf(this.#flapping ? flapSince : since),
      at: timeOf(Number.isNaN(this.#atMs) ? nowMs : this.#atMs),
      why: this.#flapping ? `it breaks and comes back (${this.#changes.length} changes); now: ${why}` : why,
      evidence: [...evidence],
      vantages: views.map((view) => ({
        vantage: view.name,
        state: stateOf(view),
        at: timeOf(view.lastMs),
        ...(view.p95Ms() === undefined ? {} : { p95Ms: Math.round(view.p95Ms() ?? 0) }),
      })),
      ...(p95s.length === 0 ? {} : { p95Ms: Math.round(Math.max(...p95s)) }),
      ...(usual.length === 0 ? {} : { usualP95Ms: Math.round(Math.max(...usual)) }),
      ...(certificate === undefined ? {} : { certificateNotAfter: certificate }),
    };
  }

  /** True where somebody has looked, or looks at its log. */
  get known(): boolean {
    return !Number.isNaN(this.#now.sinceMs) || this.#views.size > 0 || this.#log !== undefined;
  }

  /** True where it has a state that can be kept. */
  get judged(): boolean {
    return !Number.isNaN(this.#now.sinceMs) && !Number.isNaN(this.#atMs);
  }

  snapshot(): SiteSnapshot {
    const { state, sinceMs, why } = this.#now;
    return {
      site: this.#site.name,
      state,
      sinceMs,
      why,
      atMs: this.#atMs,
      vantages: [...this.#views.values()].map((view) => ({ name: view.name, latency: view.latency() })),
      ...(this.#log === undefined
        ? {}
        : { log: { demand: this.#log.demand.snapshot(), latency: this.#log.latency.counts() } }),
      changes: this.#changes,
      ...(this.#outage === undefined ? {} : { outage: this.#outage.state }),
    };
  }
}

function stateOf(view: VantageView): SiteState {
  if (view.blind) return 'unknown';
  if (view.failing() !== undefined) return view.outcome === 'maintenance' ? 'maintenance' : 'down';
  return view.recent.at(-1)?.service === 'good' ? 'up' : 'degraded';
}
