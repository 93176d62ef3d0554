import { formatShare } from '../base/units.ts';
import type { EvidenceKind, SiteState } from '../model/incident.ts';
import type { Site } from '../model/site.ts';
import type { Vantage } from '../model/vantage.ts';
import { binomialTail } from './chance.ts';
import type { LogView, LogWord } from './log-view.ts';
import { maintenanceAt } from './maintenance.ts';
import type { Moment } from './outage-record.ts';
import { ASSESS } from './parameters.ts';
import type { FailedRun, RecentCheck, VantageView } from './vantage-view.ts';

/** What a site's state is judged from. */
export interface Witnesses {
  readonly site: Pick<Site, 'country' | 'maintenance'>;
  readonly views: readonly VantageView[];
  readonly vantages: ReadonlyMap<string, Vantage>;
  readonly log: LogView | undefined;
  /** The state that it was in, and since when, ms. */
  readonly prior: SiteState;
  readonly priorMs: number;
  readonly nowMs: number;
  readonly intervalMs: number;
  /** Attacks on the site that go on, in words; empty where there is none. */
  readonly attack: string;
}

/** A state with why and since when; undefined where what was seen does not change anything yet. */
export interface Judgement {
  readonly state: SiteState;
  readonly why: string;
  readonly evidence: readonly EvidenceKind[];
  readonly began: Moment;
}

interface Failing {
  readonly view: VantageView;
  readonly run: FailedRun;
}

/** Of fewer checks the longest is told, and no share. */
const PERCENTILE_MIN = 20;
const OUT: ReadonlySet<SiteState> = new Set(['down', 'geo-fenced', 'partial', 'maintenance', 'unknown']);

/** The site's state by the words of docs/incidents.md. A deterministic function of its witnesses. */
export function judgeSite(of: Witnesses): Judgement | undefined {
  const heard = of.views.filter((view) => of.nowMs - view.lastMs <= staleMs(of.intervalMs));
  const seeing = heard.filter((view) => !view.blind && view.recent.length > 0);
  const failing = seeing.flatMap((view): Failing[] => {
    const run = view.failing();
    return run === undefined ? [] : [{ view, run }];
  });
  const confirmed = failing.filter(({ view }) => view.confirmed);
  const log = of.log?.word(of.nowMs, of.intervalMs, recoveredMs(of, seeing, failing));
  if (seeing.length === 0) return unseen(of, heard, log);
  const all = new Panel(of, seeing, confirmed, log);
  const told = all.out();
  if (told !== undefined) return told === 'wait' ? undefined : told;
  // What was out is up again only when those who saw it out have looked again.
  if (failing.length > 0 && OUT.has(of.prior)) return all.stillFailing() ? all.minority() : undefined;
  return all.minority() ?? all.degraded() ?? (failing.length > 0 && of.prior !== 'up' ? undefined : all.up());
}

export const staleMs = (intervalMs: number): number =>
  ASSESS.staleIntervals * intervalMs + Math.min(ASSESS.checkMsMax, 2 * intervalMs);

/** Since when the vantages see it answer again after it was out: what the log says of the time before is over. */
function recoveredMs(of: Witnesses, seeing: readonly VantageView[], failing: readonly Failing[]): number {
  if (of.prior === 'up') return of.priorMs;
  // Where the log alone tells, what it says after the last second that was out counts.
  if (seeing.length === 0 && of.prior === 'down')
    return (of.log?.lastFailed(of.priorMs, ASSESS.logOutShare / 2) ?? 0) + 1000;
  if (failing.length > 0 || seeing.length === 0 || !OUT.has(of.prior)) return 0;
  return againMoment(seeing).fromMs;
}

/** The first good check after the last failed one: when service was back. */
function againMoment(seeing: readonly VantageView[]): Moment {
  const failedMs = Math.max(...seeing.map((view) => view.failedMs));
  const goods = seeing.flatMap(({ goodFromMs }) => (goodFromMs === undefined ? [] : [goodFromMs]));
  const after = goods.filter((ms) => ms > failedMs);
  const fromMs = after.length > 0 ? Math.min(...after) : Math.max(...goods, failedMs);
  return { fromMs, minMs: Math.min(failedMs, fromMs), maxMs: fromMs };
}

/** No vantage can tell: the log may. */
function unseen(of: Witnesses, heard: readonly VantageView[], log: LogWord | undefined): Judgement | undefined {
  if (log !== undefined && log.service !== 'silent') {
    const state = log.service === 'good' ? 'up' : log.service === 'out' ? 'down' : 'degraded';
    const lead = of.views.length === 0 ? '' : 'no vantage can tell, but ';
    const fromMs = log.service === 'good' ? goodAgain(of) : log.fromMs;
    const began = {
      fromMs,
      minMs: Math.min(log.service === 'good' ? fromMs - 1000 : log.goodMs, fromMs),
      maxMs: fromMs + 1000,
    };
    const minMs = Number.isFinite(began.minMs) ? began.minMs : fromMs - of.intervalMs;
    return { state, why: `${lead}${log.why}`, evidence: ['logged'], began: { ...began, minMs } };
  }
  // The log goes on, and too little of it is new: it will tell.
  if (log === undefined && of.log !== undefined && of.nowMs - of.log.lastSecond * 1000 <= 2 * of.intervalMs)
    return undefined;
  const lasts = of.views.flatMap((view) => (view.recent.length > 0 ? [view.recent[view.recent.length - 1].endMs] : []));
  if (heard.length === 0 && lasts.length === 0 && of.log === undefined) return undefined;
  const atMs = Math.max(...lasts, of.log === undefined ? Number.NEGATIVE_INFINITY : (of.log.lastSecond + 1) * 1000);
  const fromMs = Number.isFinite(atMs) ? atMs : of.nowMs;
  if (of.nowMs - fromMs <= staleMs(of.intervalMs) && heard.length === 0) return undefined;
  const count = `${heard.length} of ${of.views.length} ${of.views.length === 1 ? 'vantage' : 'vantages'}`;
  const why =
    heard.length > 0
      ? `nobody can tell: ${count} reported lately, and their own way out failed`
      : `nobody can tell: no vantage has reported for ${Math.round((of.nowMs - fromMs) / 1000)} s${log === undefined ? '' : `, and ${log.why}`}`;
  return {
    state: 'unknown',
    why,
    evidence: log === undefined ? [] : ['logged'],
    began: { fromMs, minMs: fromMs, maxMs: of.nowMs },
  };
}

/** The second after the last bad one of the log, ms. */
function goodAgain(of: Witnesses): number {
  const log = of.log;
  if (log === undefined || of.prior === 'up') return of.priorMs;
  const lastMs = log.lastFailed(of.priorMs, 2 * ASSESS.errorShare);
  return lastMs === undefined ? Math.max(of.priorMs || 0, of.nowMs - of.intervalMs) : lastMs + 1000;
}

/** The vantages that can tell, and the log, held against each state in turn. */
class Panel {
  readonly #of: Witnesses;
  readonly #seeing: readonly VantageView[];
  readonly #failing: readonly Failing[];
  readonly #log: LogWord | undefined;

  constructor(of: Witnesses, seeing: readonly VantageView[], failing: readonly Failing[], log: LogWord | undefined) {
    this.#of = of;
    this.#seeing = seeing;
    this.#failing = [...failing].sort((left, right) => left.run.startMs - right.run.startMs);
    this.#log = log;
  }

  /** Half of at least three, all of fewer. */
  get #needed(): number {
    const { length } = this.#seeing;
    return length >= 3 ? Math.ceil(length / 2) : length;
  }

  /** DOWN, GEO-FENCED, MAINTENANCE; `wait` where the next check tells which. */
  out(): Judgement | 'wait' | undefined {
    const failing = this.#failing;
    if (failing.length === 0) return undefined;
    const fenced = this.#fenced();
    if (fenced !== undefined) return fenced;
    const many = failing.length >= this.#needed;
    const window = maintenanceAt(this.#of.site.maintenance, this.#of.nowMs);
    const pages = failing.filter(({ view }) => view.outcome === 'maintenance').length;
    if (window !== undefined && many) {
      const note = window.note === undefined ? '' : ` (${window.note})`;
      return this.#told('maintenance', `announced maintenance${note}; ${this.#count()}`);
    }
    if (many && 2 * pages >= failing.length)
      return this.#told('maintenance', `a maintenance page is served that nobody announced; ${this.#count()}`);
    const logOut = this.#log?.service === 'out';
    if (!logOut && (!many || !this.#severalNetworks())) return undefined;
    return this.#told('down', this.#count());
  }

  /** Vantages of one network are one witness: where others see the site, what fails is that network's way. */
  #severalNetworks(): boolean {
    const networks = (views: readonly VantageView[]): number =>
      new Set(views.map(({ name }) => this.#of.vantages.get(name)?.network ?? `vantage ${name}`)).size;
    const failing = networks(this.#failing.map(({ view }) => view));
    return failing >= 2 || failing === networks(this.#seeing);
  }

  /** Home from abroad, where both are known. */
  #side(view: VantageView): 'home' | 'abroad' | undefined {
    const country = this.#of.vantages.get(view.name)?.country;
    const { country: at } = this.#of.site;
    if (at === undefined || country === undefined) return undefined;
    return country.toUpperCase() === at.toUpperCase() ? 'home' : 'abroad';
  }

  #fenced(): Judgement | 'wait' | undefined {
    const home = this.#seeing.filter((view) => this.#side(view) === 'home');
    const abroad = this.#seeing.filter((view) => this.#side(view) === 'abroad');
    const failing = new Set(this.#failing.map(({ view }) => view));
    if (home.length === 0 || abroad.length === 0) return undefined;
    if (home.some((view) => failing.has(view) || view.failing() !== undefined)) return undefined;
    if (abroad.some((view) => !failing.has(view))) return undefined;
    if (failing.size !== abroad.length) return undefined;
    const firstMs = this.#failing[0].run.startMs;
    const checkedSince = home.every((view) => view.goodMs > firstMs);
    const answersMs = Math.max(...home.map((view) => view.answersFromMs ?? Number.POSITIVE_INFINITY));
    const lasting = this.#failing.every(({ view }) => view.failedSince(answersMs) >= ASSESS.fencedRun);
    if (!checkedSince || !lasting)
      return failing.size >= this.#needed || this.#of.prior === 'geo-fenced' ? 'wait' : undefined;
    const blocked = this.#failing.some(({ view }) => view.outcome === 'blocked');
    const { attack } = this.#of;
    const defence = attack === '' ? '' : `, during ${attack}: closing a site towards abroad is a common defence`;
    const by = blocked ? 'a block page answers there' : reasons(this.#failing);
    const atHome =
      home.length === 1 ? 'the vantage at home reaches it' : `all ${home.length} vantages at home reach it`;
    const away = abroad.length === 1 ? 'the only one abroad does not' : `none of the ${abroad.length} abroad does`;
    const why = `${atHome}, ${away}: ${by}${defence}`;
    const again = this.#of.prior === 'down' ? againOf(home) : undefined;
    return { ...this.#told('geo-fenced', why), ...(again === undefined ? {} : { began: again }) };
  }

  #count(): string {
    const seeing = this.#seeing.length;
    const failing = this.#failing.length;
    const networks = new Set(this.#failing.flatMap(({ view }) => this.#of.vantages.get(view.name)?.network ?? [])).size;
    const within = networks === 0 ? '' : ` in ${networks} ${networks === 1 ? 'network' : 'networks'}`;
    const who =
      seeing === 1
        ? `the only vantage that can tell (${this.#failing[0]?.view.name ?? this.#seeing[0].name}) cannot reach it; no other confirms it`
        : `${failing} of ${seeing} vantages${within} cannot reach it`;
    const log = this.#log === undefined || this.#log.service === 'good' ? '' : `; ${this.#log.why}`;
    return `${who}: ${reasons(this.#failing)}${log}`;
  }

  #told(state: SiteState, why: string): Judgement {
    const logged = this.#log !== undefined && this.#log.service !== 'good' && state !== 'geo-fenced';
    return { state, why, evidence: logged ? ['probed', 'logged'] : ['probed'], began: this.#began() };
  }

  /** When so many failed as were needed: those who failed shortly before belong to it. */
  #began(): Moment {
    const { intervalMs } = this.#of;
    const runs = this.#failing.map(({ run }) => run);
    const last = runs[Math.min(this.#needed, runs.length) - 1];
    const first = runs.find(({ startMs }) => startMs >= last.startMs - 1.5 * intervalMs) ?? last;
    const goods = this.#seeing.flatMap((view) => goodBefore(view, first.startMs));
    const minMs = goods.length > 0 ? Math.max(...goods) : first.startMs - intervalMs;
    const loggedMs = this.#of.log?.firstFailed(minMs, first.startMs);
    return {
      fromMs: loggedMs ?? first.startMs,
      minMs,
      maxMs: Math.max(first.failedByMs, first.startMs),
    };
  }

  /** True where some failed again after others had seen it answer. */
  stillFailing(): boolean {
    const answers = this.#seeing.flatMap(({ answersFromMs }) => answersFromMs ?? []);
    if (answers.length === 0) return false;
    const againMs = Math.max(...answers);
    return this.#failing.some(({ view }) => view.failedSince(againMs) >= ASSESS.partialRun);
  }

  /** PARTIAL: a minority for which it lastingly does not answer. */
  minority(): Judgement | undefined {
    const lasting = this.#failing.filter(({ run }) => run.checks >= ASSESS.partialRun);
    if (lasting.length === 0 || lasting.length === this.#seeing.length) return undefined;
    const names = lasting.map(({ view }) => view.name).join(', ');
    const why = `${lasting.length} of ${this.#seeing.length} vantages (${names}) lastingly cannot reach it: ${reasons(lasting)}`;
    const first = lasting[0].run;
    const began = {
      fromMs: first.startMs,
      minMs: Number.isFinite(first.goodMs) ? first.goodMs : first.startMs - this.#of.intervalMs,
      maxMs: first.failedByMs,
    };
    // After an outage for all it is partial from when the others were served again.
    const again =
      this.#of.prior === 'down' ? againOf(this.#seeing.filter((view) => view.failing() === undefined)) : undefined;
    return { state: 'partial', why, evidence: ['probed'], began: again ?? began };
  }

  /** DEGRADED: too many slow or failed checks to be chance, or the log says so. */
  degraded(): Judgement | undefined {
    const { prior, priorMs, intervalMs, nowMs } = this.#of;
    const failing = new Set(this.#failing.map(({ view }) => view));
    // What was told as an outage is not told again as slowness.
    const since =
      prior === 'up' ? priorMs : OUT.has(prior) ? againMoment(this.#seeing).fromMs : Number.NEGATIVE_INFINITY;
    const checks = this.#seeing
      .filter((view) => !failing.has(view))
      .flatMap((view) => view.recent)
      .filter(({ endMs }) => endMs >= since && endMs >= nowMs - ASSESS.recentChecks * intervalMs)
      .sort((left, right) => left.endMs - right.endMs)
      .slice(-ASSESS.recentChecks);
    const bad = significant(checks);
    const calm = Math.max(3, this.#seeing.length);
    if (bad !== undefined || (prior === 'degraded' && checks.slice(-calm).some(({ service }) => service !== 'good')))
      return this.#slow(checks, bad ?? 1);
    const log = this.#log;
    if (log === undefined || log.service === 'good' || log.service === 'silent') return undefined;
    const fromMs = log.fromMs;
    const minMs = Number.isFinite(log.goodMs) ? Math.min(log.goodMs, fromMs) : fromMs - intervalMs;
    const why = `the vantages reach it, but ${log.why}`;
    return { state: 'degraded', why, evidence: ['logged'], began: { fromMs, minMs, maxMs: fromMs + 1000 } };
  }

  #slow(checks: readonly RecentCheck[], count: number): Judgement {
    const span = checks.slice(-Math.max(count, 1));
    const failed = span.filter(({ service }) => service === 'failed').length;
    const slow = span.filter(({ service }) => service === 'slow');
    const usual = this.#usualP95Ms();
    const parts: string[] = [];
    if (slow.length > 0) {
      const worst = Math.round(Math.max(...slow.map(({ answerMs }) => answerMs)));
      const than = usual === undefined ? '' : `, usually 95 of 100 stay below ${Math.round(usual)} ms`;
      parts.push(`${slow.length} of the last ${span.length} checks took up to ${worst} ms${than}`);
    }
    if (failed > 0)
      parts.push(`${failed} of the last ${span.length} checks failed (${formatShare(failed / span.length)})`);
    if (this.#seeing.some(({ outcome }) => outcome === 'challenge')) parts.push('a challenge page is served');
    const at = span.findIndex(({ service }) => service !== 'good');
    const first = span[Math.max(0, at)];
    const before = checks.filter(({ service, endMs }) => service === 'good' && endMs < first.endMs).at(-1);
    const began = {
      fromMs: first.startMs,
      minMs: Math.min(before?.endMs ?? first.startMs - this.#of.intervalMs, first.startMs),
      maxMs: first.endMs,
    };
    const logged = this.#log?.service === 'degraded' || this.#log?.service === 'out';
    const why = `${parts.join('; ') || 'answers are slow'}${logged ? `; ${this.#log?.why}` : ''}`;
    return { state: 'degraded', why, evidence: logged ? ['probed', 'logged'] : ['probed'], began };
  }

  #usualP95Ms(): number | undefined {
    const usual = this.#seeing.flatMap((view) => view.usualP95Ms() ?? []);
    return usual.length === 0 ? undefined : Math.max(...usual);
  }

  /** UP: all who can tell are served, or all but chance. */
  up(): Judgement | undefined {
    const { prior, priorMs } = this.#of;
    const good = this.#seeing.filter((view) => view.goodFromMs !== undefined);
    const out = OUT.has(prior);
    if (out && (good.length < this.#seeing.length || this.#log?.service === 'out')) return undefined;
    const began =
      prior === 'up'
        ? { fromMs: priorMs, minMs: priorMs, maxMs: priorMs }
        : againOf(this.#seeing, prior === 'degraded');
    const { length } = this.#seeing;
    const who = length === 1 ? 'the only vantage that tells reaches it' : `${length} of ${length} vantages reach it`;
    const why = `${who}, ${timesText(this.#seeing, began?.fromMs ?? priorMs)}`;
    return began === undefined ? undefined : { state: 'up', why, evidence: ['probed'], began };
  }
}

/** When service was back, by those who look; undefined where none of them says good. */
function againOf(views: readonly VantageView[], slowToo = false): Moment | undefined {
  if (views.every(({ goodFromMs }) => goodFromMs === undefined)) return undefined;
  if (!slowToo) return againMoment(views);
  const checks = views.flatMap((view) => view.recent).sort((left, right) => left.endMs - right.endMs);
  const at = checks.findLastIndex(({ service }) => service !== 'good');
  const first = checks[at + 1];
  if (first === undefined) return undefined;
  const minMs = at < 0 ? first.startMs : checks[at].startMs;
  return { fromMs: first.endMs, minMs: Math.min(minMs, first.endMs), maxMs: first.endMs };
}

/** How long answers took since a moment; what was slow while it was out says nothing of how it is now. */
function timesText(views: readonly VantageView[], sinceMs: number): string {
  const times = views.flatMap(({ recent }) =>
    recent.filter(({ service, endMs }) => service !== 'failed' && endMs >= sinceMs).map(({ answerMs }) => answerMs),
  );
  times.sort((left, right) => left - right);
  const { length } = times;
  if (length < PERCENTILE_MIN) return `${length === 1 ? 'in' : 'within'} ${Math.round(times.at(-1) ?? 0)} ms`;
  return `95 of 100 checks within ${Math.round(times[Math.floor(0.95 * length)])} ms`;
}

/** How many of the last checks are too bad to be chance: the longest end of the list that is. */
function significant(checks: readonly RecentCheck[]): number | undefined {
  let bad = 0;
  let found: number | undefined;
  for (let count = 1; count <= checks.length; count++) {
    if (checks[checks.length - count].service !== 'good') bad++;
    if (count < 3 || bad < 3) continue;
    if (binomialTail(bad, count, ASSESS.errorShare) < ASSESS.chance) found = count;
  }
  return found;
}

function goodBefore(view: VantageView, ms: number): number[] {
  for (let at = view.recent.length - 1; at >= 0; at--) {
    const { service, endMs } = view.recent[at];
    if (service !== 'failed' && endMs <= ms) return [endMs];
  }
  return [];
}

/** Why they failed, the most frequent first: `no answer (timeout) at seoul and busan, status 502 at frankfurt`. */
function reasons(failing: readonly Failing[]): string {
  const by = new Map<string, string[]>();
  for (const { view } of failing) by.set(view.failure, [...(by.get(view.failure) ?? []), view.name]);
  const sorted = [...by].sort((left, right) => right[1].length - left[1].length).slice(0, 3);
  return sorted.map(([failure, names]) => `${failure} at ${listOf(names)}`).join(', ');
}

function listOf(names: readonly string[]): string {
  const shown = names.slice(0, 4);
  const rest = names.length - shown.length;
  if (rest > 0) return `${shown.join(', ')} and ${rest} more`;
  return shown.length < 2 ? (shown[0] ?? '') : `${shown.slice(0, -1).join(', ')} and ${shown[shown.length - 1]}`;
}
