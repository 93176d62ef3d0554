import type { Attack, Verdict } from '../../model/attack.ts';
import type { RequestBatch, RequestSink } from '../../model/request-batch.ts';
import type { SiteSecond } from '../../model/site-second.ts';
import type { WebVector } from '../../model/vector.ts';
import { type CounterLimits, RequestCounter } from '../../sketch/web/request-counter.ts';
import { COUNT, HISTORY_SECONDS, quantileMs, type SiteCounts } from '../../sketch/web/site-counts.ts';
import { TRAIT, type Trait } from '../../sketch/web/traits.ts';
import { type AssetFinding, judgeAssets } from './assets.ts';
import type { AttackTraits } from './attackers.ts';
import { candidatesOf, isCold, isOver } from './candidates.ts';
import { type Composition, compose, type Harm, harmOf, isInterface, type Surplus, templatesOf } from './composition.ts';
import { nameVector } from './name-vector.ts';
import { normsOf } from './norms.ts';
import { OpenWebAttacks } from './open-attacks.ts';
import { WEB } from './parameters.ts';
import { profileOf } from './profile.ts';
import { type ConnectionSample, type SlowFinding, SlowWatch, slowVector } from './slow.ts';
import { standingVerdicts } from './standing.ts';
import { acceptsFor, benignOf, excuse } from './verdict.ts';
import { WebAttack } from './web-attack.ts';

export interface WebDetectorOptions {
  readonly seed: number;
  /** Name of the site whose log has the index `source`, for lines that name no host. */
  readonly siteOf: (source: number) => string;
  /** Name of the site that a host belongs to; the host itself where absent. */
  readonly nameOf?: (host: string) => string;
  /** True for a client of a site that is known to be good: it is never named as an attacker. */
  readonly isGood?: (site: string, words: Uint32Array, at: number) => boolean;
  readonly onAttack?: (attack: Attack, state: 'opened' | 'updated' | 'closed') => void;
  /** Called for demand that was considered and passed over. */
  readonly onVerdict?: (verdict: Verdict) => void;
  readonly onSecond?: (second: SiteSecond) => void;
  /** A station that runs: attacks are told while they go on, with fewer attackers. */
  readonly live?: boolean;
  readonly limits?: Partial<CounterLimits>;
}

/**
 * Detection of attacks in the log of a web server: takes requests, counts them by site, template and client, and decides at the end of
 * every second of event time. The same lines give the same attacks, at any speed.
 */
export class WebDetector implements RequestSink {
  readonly counter: RequestCounter;
  readonly #options: WebDetectorOptions;
  readonly #attacks: OpenWebAttacks;
  readonly #slow = new SlowWatch();
  /** Seconds in a row that a site was over its points, and over its limits. */
  readonly #pending = new Map<SiteCounts, { points: number; second: number; overSince: number }>();

  constructor(options: WebDetectorOptions) {
    this.#options = options;
    this.counter = new RequestCounter({
      seed: options.seed,
      siteOf: options.siteOf,
      ...(options.nameOf === undefined ? {} : { nameOf: options.nameOf }),
      onSecond: (second, last) => this.#endSecond(second, last),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
    });
    this.#attacks = new OpenWebAttacks(this.counter, options);
  }

  take(batch: RequestBatch): void {
    this.counter.take(batch);
  }

  /** Takes what a status page says: attacks that send no whole request are in no log. */
  sample(sample: ConnectionSample): void {
    const site = this.counter.site(sample.site);
    const finding = this.#slow.sample(site, sample);
    const second = Math.floor(sample.timeMs / 1000);
    if (finding === undefined) {
      const open = this.#attacks.get(site);
      if (open?.opening.measure === 'connections' && second - open.lastSecond > WEB.closeAfterSeconds)
        this.#attacks.close(open);
      return;
    }
    this.#slowAttack(site, second, finding);
  }

  /** Ends the input: the last second is decided with what is there, and attacks that are quiet by then are closed. */
  finish(): void {
    const { counter } = this;
    counter.finish();
    this.#attacks.finish(counter.second);
    const { onVerdict } = this.#options;
    if (onVerdict === undefined) return;
    for (const site of counter.sites) {
      for (const verdict of standingVerdicts(site, counter.clients, counter.second)) onVerdict(verdict);
    }
  }

  /** Lets the clock go on where no line comes: for a station that runs. */
  passTo(second: number): void {
    this.counter.passTo(second);
  }

  /** All attacks in the order of their start. */
  attacks(): Attack[] {
    return this.#attacks.list();
  }

  /** Attacks beyond what is kept. */
  get attacksRefused(): number {
    return this.#attacks.refused;
  }

  sourcesOf(id: string): { words: Uint32Array; shares: Float64Array } | undefined {
    return this.#attacks.sourcesOf(id);
  }

  /** Goes on with attacks that an earlier run told as ongoing: under their ids, where they are seen again in time. */
  adopt(attacks: readonly Attack[]): void {
    this.#attacks.adopt(attacks);
  }

  #endSecond(second: number, last: boolean): void {
    const { counter } = this;
    counter.templates.fold(second);
    const over = this.#overBySite();
    for (const site of counter.active) {
      const passed = Number.isFinite(site.lastSecond) ? Math.max(1, second - site.lastSecond) : 1;
      site.fold(second);
      this.#tellSecond(site, second);
      const peaceful = this.#judge(site, second, over.get(site.index) ?? [], last);
      if (peaceful) this.#learn(site, passed);
    }
    this.#attacks.endSecond(second);
    for (const site of counter.active) site.endSecond();
    counter.active.length = 0;
    counter.templates.endSecond();
  }

  #overBySite(): Map<number, number[]> {
    const { templates } = this.counter;
    const over = new Map<number, number[]>();
    for (const id of templates.active) {
      if (!isOver(templates, id)) continue;
      const known = over.get(templates.site[id]);
      if (known === undefined) over.set(templates.site[id], [id]);
      else known.push(id);
    }
    return over;
  }

  #learn(site: SiteCounts, passed: number): void {
    const { templates } = this.counter;
    for (const id of templates.active) if (templates.site[id] === site.index) templates.learn(id, site.learned);
    site.learn(passed);
    if (site.learned < 600 || site.lastSecond % 10 === 0) site.norms = normsOf(site);
  }

  /** Judges what is too much at a site; true where the second is one to learn from. */
  #judge(site: SiteCounts, second: number, over: readonly number[], last: boolean): boolean {
    const slow = this.#slow.judge(site);
    if (slow !== undefined) this.#slowAttack(site, second, slow);
    const assets = slow === undefined ? judgeAssets(site, this.counter.clients) : undefined;
    if (assets !== undefined) this.#assetAttack(site, second, assets);
    const { surpluses, cold } = candidatesOf(site, this.counter.templates, over);
    site.hot = surpluses.length > 0 || this.#attacks.get(site) !== undefined;
    const burst = site.now[COUNT.pages] > WEB.burstUsual * site.usual[COUNT.pages] + WEB.burstRequests;
    this.#noteFailing(site, second, burst || surpluses.length > 0);
    if (surpluses.length === 0) {
      this.#pending.delete(site);
      return this.#attacks.get(site) === undefined && slow === undefined && assets === undefined && !(burst && !cold);
    }
    const harm = harmOf(site);
    const { templates } = this.counter;
    const compositions = surpluses.map((surplus) =>
      compose(
        site,
        surplus,
        harm,
        cold,
        isInterface(templatesOf(site, templates, surplus, surplus.shares[TRAIT.suspect] >= 0.5), templates),
      ),
    );
    const best = compositions.reduce((most, each) => (each.points > most.points ? each : most));
    const first = harm.failing && site.failedFirst ? WEB.pointsFailedFirst : 0;
    const needed = (cold ? WEB.pointsCold : WEB.points) + first;
    const pending = this.#pending.get(site) ?? { points: 0, second: 0, overSince: second };
    this.#pending.set(site, pending);
    const { rate, limit } = best.surplus;
    const sudden = rate >= WEB.suddenFactor * limit || best.points >= needed + WEB.pointsSudden;
    const atOnce = sudden || cold || last;
    const open = this.#attacks.get(site);
    if (best.points < needed && open !== undefined) return false;
    // What was an attack a second ago is not asked again who it is.
    if (open !== undefined) return this.#attack(site, second, best, harm, atOnce, pending);
    const judgedNow = best.points >= needed || (this.#options.onVerdict !== undefined && second % 5 === 0);
    if (judgedNow) {
      const profile = profileOf(this.counter.clients, site.index, second, acceptsFor(this.counter.clients, site, best));
      const judged = { site, composition: best, harm, profile, cold };
      const benign =
        best.points < needed ? benignOf(judged, this.counter.clients) : excuse(judged, this.counter.clients);
      if (benign === undefined) return this.#attack(site, second, best, harm, atOnce, pending);
      this.#verdict(site, second, benign, best.surplus);
    }
    pending.points = 0;
    // Demand that goes on and is no attack is what is usual from then on.
    return open === undefined && assets === undefined && (cold || second - pending.overSince > WEB.freezeSecondsMax);
  }

  /** Remembers whether requests began to fail before more of them came than usual: readers try again then. */
  #noteFailing(site: SiteCounts, second: number, demanding: boolean): void {
    const failed = site.window[COUNT.failed];
    if (failed >= WEB.harmFailed && failed >= WEB.harmShare * site.window[COUNT.requests]) {
      if (!demanding && this.#attacks.get(site) === undefined) site.failedFirst = true;
      site.failingSecond = second;
    } else if (second - site.failingSecond > WEB.closeAfterSeconds) site.failedFirst = false;
  }

  /** Demand with the points of an attack: opens one where it lasts, or adds to the one that is open. */
  #attack(
    site: SiteCounts,
    second: number,
    best: Composition,
    harm: Harm,
    atOnce: boolean,
    pending: { points: number; second: number },
  ): boolean {
    const open = this.#attacks.get(site);
    if (open !== undefined) {
      this.#describe(open, best, harm);
      return false;
    }
    const { surplus } = best;
    pending.points = second - pending.second <= 2 ? pending.points + 1 : 1;
    pending.second = second;
    if (!atOnce && pending.points < 2) return false;
    const start = startOf(site, second, surplus.rate);
    const opening = {
      measure: 'rps' as const,
      observed: Math.max(surplus.all, site.now[COUNT.pages]),
      limit: surplus.limit,
      limitFrom: surplus.limitFrom,
      usual: Math.max(0, surplus.all - surplus.rate),
      words: best.words,
      harm,
    };
    const traits = traitsOf(surplus, start);
    const attack = this.#attacks.open(
      new WebAttack(
        site,
        opening,
        start,
        second,
        traits,
        surplus.of === 'suspects',
        this.#options.seed,
        this.#attacks.identity(site, second),
      ),
    );
    this.#describe(attack, best, harm);
    attack.keep(site.kept.filter(({ second: at }) => at >= start));
    site.kept = [];
    // What came before it was noticed.
    attack.requests = Math.max(0, surplus.rate) * Math.max(0, second - start);
    this.#attacks.tell(attack, 'opened');
    return false;
  }

  /** Names what the attack is made of just now. */
  #describe(attack: WebAttack, { surplus }: Composition, harm: Harm): void {
    const { templates } = this.counter;
    const { site } = attack;
    const shares = templatesOf(site, templates, surplus);
    const h2 = site.versions[4] + site.versions[5];
    const versions = site.versions.reduce((sum, count) => sum + count, 0);
    const usualVersions = site.usualVersions.reduce((sum, count) => sum + count, 0);
    const usualH2 = usualVersions > 0 ? (site.usualVersions[4] + site.usualVersions[5]) / usualVersions : 0;
    const aborted = surplus.shares[TRAIT.aborted] >= 0.3;
    const http2 =
      versions > 0 &&
      h2 >= 0.7 * versions &&
      (aborted || (usualH2 < 0.2 && attack.site.learned >= WEB.learnedSecondsMin));
    const kept = [...attack.kept.slice(-128), ...site.kept].filter(
      ({ suspect, template }) => suspect || shares.some((of) => of.template === template && of.share >= 0.02),
    );
    const slow = slowVector(site, surplus);
    const name = slow ?? nameVector(surplus, shares, templates, kept, http2);
    attack.vectors.set(name, (attack.vectors.get(name) ?? 0) + Math.max(1, surplus.rate));
    for (const id of attack.templates) templates.attacked[id] = 0;
    const traits = { ...traitsOf(surplus, attack.startSecond), slow: slow !== undefined };
    attack.describe(traits, shares, Math.max(1, surplus.rate));
    for (const id of attack.templates) templates.attacked[id] = 1;
    attack.harm = worse(attack.harm, harm);
    const share = (trait: Trait): number => surplus.shares[TRAIT[trait]];
    attack.shares = {
      novel: share('novel'),
      noReferrer: share('noReferrer'),
      noAssets: share('noAssets'),
      newClient: share('newClient'),
    };
  }

  #slowAttack(site: SiteCounts, second: number, finding: SlowFinding): void {
    const open = this.#attacks.get(site);
    if (open !== undefined) {
      open.lastSecond = Math.max(open.lastSecond, second);
      if (finding.connections !== undefined) {
        open.connections = Math.max(open.connections, finding.connections);
        open.connectionsMax = finding.connectionsMax ?? open.connectionsMax;
      }
      if (open.traits.slow) open.vectors.set(finding.vector, (open.vectors.get(finding.vector) ?? 0) + 1);
      return;
    }
    const start = Math.max(0, finding.startSecond ?? second);
    const harm = harmOf(site);
    const traits: AttackTraits = { ...NO_TRAITS, startSecond: start - WEB.closeAfterSeconds, slow: true };
    const opening = {
      measure: finding.connections === undefined ? ('rps' as const) : ('connections' as const),
      observed: finding.observed,
      limit: finding.limit,
      limitFrom: finding.limitFrom,
      usual: finding.usual,
      words: [finding.words],
      harm,
    };
    const attack = this.#attacks.open(
      new WebAttack(
        site,
        opening,
        start,
        second,
        traits,
        false,
        this.#options.seed,
        this.#attacks.identity(site, second),
      ),
    );
    attack.vectors.set(finding.vector satisfies WebVector, 1);
    attack.connections = finding.connections ?? 0;
    attack.connectionsMax = finding.connectionsMax;
    attack.keep(site.kept);
    site.kept = [];
    this.#attacks.tell(attack, 'opened');
  }

  /** Images and styles alone: opens an attack; where one goes on, it is in its numbers. */
  #assetAttack(site: SiteCounts, second: number, finding: AssetFinding): void {
    if (this.#attacks.get(site) !== undefined) return;
    const start = startOf(site, second, finding.observed);
    const attack = this.#attacks.open(
      new WebAttack(
        site,
        { ...finding, measure: 'rps' },
        start,
        second,
        { ...NO_TRAITS, startSecond: start, assets: true },
        false,
        this.#options.seed,
        this.#attacks.identity(site, second),
      ),
    );
    attack.vectors.set('http-flood', 1);
    attack.keep(site.kept.filter(({ second: at }) => at >= start));
    site.kept = [];
    attack.requests = Math.max(0, finding.observed - finding.usual) * Math.max(0, second - start);
    this.#attacks.tell(attack, 'opened');
  }

  #tellSecond(site: SiteCounts, second: number): void {
    const { onSecond } = this.#options;
    if (onSecond === undefined || site.now[COUNT.requests] === 0) return;
    const p95Ms = quantileMs(site.times, 0.95);
    onSecond({
      site: site.name,
      second,
      requests: site.now[COUNT.requests],
      failed: site.now[COUNT.failed],
      bytes: site.now[COUNT.bytes],
      ...(p95Ms === undefined ? {} : { p95Ms }),
      clients: site.now[COUNT.clients],
    });
  }

  #verdict(
    site: SiteCounts,
    second: number,
    { kind, reason }: { kind: string; reason: string },
    surplus: Surplus,
  ): void {
    this.#options.onVerdict?.({
      target: { kind: 'site', value: site.name },
      direction: 'in',
      at: new Date(second * 1000).toISOString(),
      peak: { bps: 8 * site.now[COUNT.bytes], pps: 0, fps: 0, rps: Math.round(10 * surplus.all) / 10 },
      kind,
      reason,
    });
  }
}

const NO_TRAITS: AttackTraits = {
  templates: new Set(),
  startSecond: 0,
  noReferrer: 0,
  novel: 0,
  newClient: 0,
  post: 0,
  tool: 0,
  slow: false,
  assets: false,
};

function traitsOf({ shares, usual, templates }: Surplus, startSecond: number): AttackTraits {
  const excess = (trait: Trait): number => shares[TRAIT[trait]] - usual[TRAIT[trait]];
  return {
    templates: new Set(templates),
    startSecond,
    noReferrer: excess('noReferrer'),
    novel: excess('novel'),
    newClient: excess('newClient'),
    post: excess('post'),
    tool: excess('tool'),
    slow: false,
    assets: false,
  };
}

function worse(one: Harm, other: Harm): Harm {
  return other.failedShare >= one.failedShare || (other.p95Ms ?? 0) > (one.p95Ms ?? 0)
    ? { ...other, failedShare: Math.max(one.failedShare, other.failedShare) }
    : one;
}

/** The second in which what is beyond the usual began: walks back while there is a third of it or more. */
function startOf(site: SiteCounts, second: number, rate: number): number {
  const usual = isCold(site) ? 0 : site.usual[COUNT.requests];
  const enough = usual + 0.3 * Math.max(rate, site.now[COUNT.pages] - usual);
  const at = (when: number): number => site.history[((when % HISTORY_SECONDS) + HISTORY_SECONDS) % HISTORY_SECONDS];
  let start = second;
  for (let back = 1; back < HISTORY_SECONDS / 2; back++) {
    const when = second - back;
    // Two quiet seconds in a row end it.
    if (at(when) < enough && at(when - 1) < enough) break;
    if (at(when) >= enough) start = when;
  }
  return start;
}
