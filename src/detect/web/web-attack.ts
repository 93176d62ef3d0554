import { isIpv4 } from '../../base/ip.ts';
import { formatPrefix } from '../../base/prefix.ts';
import { formatTime } from '../../base/units.ts';
import type { Attack, Evidence, WebEvidence } from '../../model/attack.ts';
import { METHODS } from '../../model/request-columns.ts';
import type { WebVector } from '../../model/vector.ts';
import { CLIENT, type ClientTable } from '../../sketch/web/client-table.ts';
import { HISTORY_SECONDS, type KeptRequest, type SiteCounts } from '../../sketch/web/site-counts.ts';
import type { TemplateTable } from '../../sketch/web/template-table.ts';
import { attackId } from '../network/attack-id.ts';
import { type AttackTraits, attackersOf, type NamedClient, nameOf } from './attackers.ts';
import type { Harm, TemplateShare } from './composition.ts';
import { WEB } from './parameters.ts';
import { explainClosing, explainWeb } from './why.ts';

/** What opened an attack, in numbers. */
export interface Opening {
  readonly measure: 'rps' | 'connections';
  readonly observed: number;
  readonly limit: number;
  readonly limitFrom: Evidence['limitFrom'];
  readonly usual: number;
  readonly words: readonly string[];
  readonly harm: Harm;
}

/** An attack that was taken over from an earlier run: it goes on under its id. */
export type Identity = Pick<Attack, 'id' | 'start' | 'detectedAt'>;

/**
 * One attack on a site while it goes on: what opened it, what was added since, and some of its requests. What it tells is made when
 * it is asked for.
 */
export class WebAttack {
  readonly site: SiteCounts;
  readonly opening: Opening;
  readonly startSecond: number;
  readonly openedSecond: number;
  readonly id: string;
  readonly identity: Identity | undefined;
  /** Traffic that is the attack's: templates, or clients that behave as no browser does. */
  readonly templates = new Set<number>();
  readonly #templateWeights = new Map<number, number>();
  readonly #excess = { noReferrer: 0, novel: 0, newClient: 0, post: 0, tool: 0, slow: 0 };
  #weight = 0;
  readonly bySuspects: boolean;
  readonly vectors = new Map<WebVector, number>();
  lastSecond: number;
  closed = false;
  pulses = 1;
  requests = 0;
  failed = 0;
  bytes = 0;
  others = 0;
  peakRps = 0;
  peakBps = 0;
  connections = 0;
  connectionsMax: number | undefined;
  traits: AttackTraits;
  harm: Harm;
  shares: {
    readonly novel: number;
    readonly noReferrer: number;
    readonly noAssets: number;
    readonly newClient: number;
  } = {
    novel: 0,
    noReferrer: 0,
    noAssets: 0,
    newClient: 0,
  };
  readonly #kept: KeptRequest[] = [];
  #keptSeen = 0;
  readonly #rates: number[] = [];
  readonly #ratesFrom: number;
  /** What was told when it was closed: tables go on with others afterwards. */
  #final: Attack | undefined;
  #finalSources: { words: Uint32Array; shares: Float64Array } | undefined;

  constructor(
    site: SiteCounts,
    opening: Opening,
    startSecond: number,
    second: number,
    traits: AttackTraits,
    bySuspects: boolean,
    seed: number,
    identity: Identity | undefined,
  ) {
    this.site = site;
    this.opening = opening;
    this.startSecond = identity === undefined ? startSecond : Math.floor(Date.parse(identity.start) / 1000);
    this.openedSecond = second;
    this.lastSecond = second;
    this.traits = traits;
    this.harm = opening.harm;
    this.bySuspects = bySuspects;
    this.identity = identity;
    this.id =
      identity?.id ??
      attackId({
        startMs: startSecond * 1000,
        detectedAtMs: (second + 1) * 1000,
        direction: 'in',
        target: { kind: 'site', value: site.name },
        key: 'web',
        seed,
      });
    this.#ratesFrom = Math.max(startSecond - WEB.timelineBeforeSeconds, second - HISTORY_SECONDS + 1);
    for (let at = this.#ratesFrom; at <= second; at++) this.#rates.push(Math.round(site.history[at % HISTORY_SECONDS]));
  }

  /** Takes in what the attack is made of in one second, of `weight` requests: what tells its clients is the mean over its life. */
  describe(traits: AttackTraits, shares: readonly TemplateShare[], weight: number): void {
    this.#weight += weight;
    const excess = this.#excess;
    for (const name of EXCESS) excess[name] += weight * traits[name];
    if (traits.slow) excess.slow += weight;
    for (const { template, share } of shares.slice(0, TEMPLATES_MAX))
      this.#templateWeights.set(template, (this.#templateWeights.get(template) ?? 0) + share * weight);
    const largest = [...this.#templateWeights].sort((left, right) => right[1] - left[1] || left[0] - right[0]);
    this.templates.clear();
    let told = 0;
    for (const [template, of] of largest) {
      if (told >= 0.9 * this.#weight || of < 0.02 * this.#weight) break;
      this.templates.add(template);
      told += of;
    }
    for (const [template] of largest.slice(4 * TEMPLATES_MAX)) this.#templateWeights.delete(template);
    const mean = (sum: number): number => sum / this.#weight;
    this.traits = {
      templates: told >= 0.5 * this.#weight ? this.templates : new Set(),
      startSecond: this.startSecond,
      noReferrer: mean(excess.noReferrer),
      novel: mean(excess.novel),
      newClient: mean(excess.newClient),
      post: mean(excess.post),
      tool: mean(excess.tool),
      slow: excess.slow >= 0.5 * this.#weight,
      assets: this.traits.assets,
    };
  }

  /** Adds a second to the picture. */
  picture(second: number, rps: number): void {
    for (
      let at = this.#ratesFrom + this.#rates.length;
      at < second && this.#rates.length < WEB.timelineSecondsMax;
      at++
    )
      this.#rates.push(0);
    if (this.#rates.length < WEB.timelineSecondsMax && this.#ratesFrom + this.#rates.length === second)
      this.#rates.push(Math.round(rps));
  }

  /** Takes requests that may be the attack's: a uniform sample of those that were kept. */
  keep(requests: readonly KeptRequest[]): void {
    for (const request of requests) {
      if (!request.suspect && !this.templates.has(request.template)) continue;
      this.#keptSeen++;
      if (this.#kept.length < WEB.keptMax) this.#kept.push(request);
      // Without a lot to draw, each third of the sample is used in turn: old ones stay as likely as new ones.
      else if (this.#keptSeen % 3 === 0)
        this.#kept[(Math.imul(this.#keptSeen, 0x9e3779b1) >>> 0) % WEB.keptMax] = request;
    }
  }

  get kept(): readonly KeptRequest[] {
    return this.#kept;
  }

  /** What is known of its sources, most requests first: for tables of countries and networks. */
  sources(clients: ClientTable): { words: Uint32Array; shares: Float64Array } {
    return this.#finalSources ?? sourcesOf(clients, attackersOf(clients, this.site, this.traits));
  }

  /** Closes it: what it tells from now on is what it tells now. */
  close(clients: ClientTable, table: TemplateTable, attackersMax: number): Attack {
    this.closed = true;
    const named = attackersOf(clients, this.site, this.traits);
    this.#finalSources = sourcesOf(clients, named);
    this.#final = this.#make(clients, table, attackersMax, named);
    this.#kept.length = 0;
    return this.#final;
  }

  tell(clients: ClientTable, table: TemplateTable, attackersMax: number): Attack {
    return this.#final ?? this.#make(clients, table, attackersMax, attackersOf(clients, this.site, this.traits));
  }

  #make(clients: ClientTable, table: TemplateTable, attackersMax: number, named: readonly NamedClient[]): Attack {
    const { site, opening } = this;
    const all = named.reduce((sum, { requests }) => sum + requests, 0);
    const byNamed = opening.measure === 'rps' && named.length > 0;
    const requests = byNamed ? all : Math.round(this.requests);
    const attackers = named.slice(0, attackersMax).map(({ row, requests: count }) => ({
      addr: nameOf(clients, row),
      requests: count,
      firstSeen: told(this.traits.slow || this.traits.assets ? clients.firstSecond(row) : clients.attackFirst(row)),
      lastSeen: told(clients.lastSecond(row)),
    }));
    const vectors = [...this.vectors].sort((left, right) => right[1] - left[1]);
    const weights = vectors.reduce((sum, [, weight]) => sum + weight, 0);
    const main = vectors.filter(([, weight], at) => at === 0 || weight >= 0.2 * weights);
    const mainWeights = main.reduce((sum, [, weight]) => sum + weight, 0);
    const web = this.#evidence(clients, table, named, requests);
    const attack: Attack = {
      id: this.id,
      target: { kind: 'site', value: site.name },
      direction: 'in',
      vectors: main.map(([name, weight]) => ({ name, share: round(weight / Math.max(1e-9, mainWeights)) })),
      spread: 'single',
      rhythm: this.pulses >= 3 ? 'pulse' : 'steady',
      start: this.identity?.start ?? told(this.startSecond),
      detectedAt: this.identity?.detectedAt ?? told(this.openedSecond + 1),
      ...(this.closed ? { end: told(this.lastSecond + 1) } : {}),
      ongoing: !this.closed,
      peak: { bps: Math.round(this.peakBps), pps: 0, fps: 0, rps: round(this.peakRps) },
      baseline: {
        ...(site.learned > 0 ? { rps: round(site.usual[0]) } : {}),
        learnedSeconds: Math.round(site.learned),
      },
      sources: {
        distinct: named.length,
        distinctError: 0,
        top: attackers
          .slice(0, 10)
          .map(({ addr, requests: count }) => ({ addr, share: round(count / Math.max(1, all)) })),
        // Who sends a request has completed a handshake.
        spoofed: 'unlikely',
      },
      attackers,
      attackersTotal: named.length,
      ...(web.templates.length > 0 ? { template: web.templates[0].value } : {}),
      why: '',
      closing: '',
      evidence: {
        at: told(this.openedSecond),
        measure: opening.measure,
        observed: round(opening.observed),
        limit: round(opening.limit),
        limitFrom: opening.limitFrom,
        cusum: false,
        packets: 0,
        bytes: Math.round(this.bytes),
        flows: 0,
        samplingError: 0,
        packetBytes: 0,
        ...(opening.measure === 'rps' && site.learned >= WEB.learnedSecondsMin
          ? { newSources: web.newClients ?? 0 }
          : {}),
        srcPorts: [],
        dstPorts: [],
        srcPortsDistinct: 0,
        dstPortsDistinct: 0,
        shape: [...opening.words],
        web,
      },
      timeline: { from: told(this.#ratesFrom), stepMs: 1000, bps: [], pps: [], rps: [...this.#rates] },
    };
    const words = { ...attack, why: explainWeb(attack, opening.usual) };
    return { ...words, closing: explainClosing(words) };
  }

  #evidence(clients: ClientTable, table: TemplateTable, named: readonly NamedClient[], requests: number): WebEvidence {
    const known = new Set(named.map(({ row }) => clients.keyOf(row)));
    const ofNamed = this.#kept.filter(({ clientHash }) => known.has(clientHash));
    const kept = ofNamed.length >= 0.2 * this.#kept.length ? ofNamed : this.#kept;
    const { opening, harm } = this;
    return {
      requests,
      failed: Math.round(this.failed),
      bytes: Math.round(this.bytes),
      otherRequests: Math.round(Math.max(0, this.others)),
      ...(this.site.learned >= WEB.learnedSecondsMin
        ? { failedShareBefore: round(opening.harm.failedShareBefore) }
        : {}),
      failedShareDuring: round(harm.failedShare),
      ...(opening.harm.p95MsBefore === undefined ? {} : { p95MsBefore: opening.harm.p95MsBefore }),
      ...(harm.p95Ms === undefined ? {} : { p95MsDuring: harm.p95Ms }),
      ...(this.connections > 0 ? { connections: this.connections } : {}),
      ...(this.connectionsMax === undefined ? {} : { connectionsMax: this.connectionsMax }),
      templates: traitsOf(kept, ({ template }) => (template < 0 ? undefined : table.names[template])),
      userAgents: traitsOf(kept, ({ agent }) => agent ?? '-'),
      httpVersions: traitsOf(kept, ({ version }) => (version === 0 ? undefined : `${version / 10}`)),
      methods: traitsOf(kept, ({ method, template }) => (template < 0 ? undefined : METHODS[method])),
      statuses: traitsOf(kept, ({ status }) => (status < 0 ? undefined : `${status}`)),
      networks: networksOf(clients, named),
      ...(kept.length > 0 && !this.traits.slow && !this.traits.assets
        ? {
            novelValues: round(this.shares.novel),
            withoutReferrer: round(this.shares.noReferrer),
            withoutAssets: round(this.shares.noAssets),
            newClients: round(this.shares.newClient),
          }
        : {}),
      lines: spreadOver(kept, WEB.linesShown).map(({ line }) => line),
    };
  }
}

const EXCESS = ['noReferrer', 'novel', 'newClient', 'post', 'tool'] as const;
/** Templates of one second that are looked at, largest first. */
const TEMPLATES_MAX = 64;

function traitsOf(
  kept: readonly KeptRequest[],
  tell: (request: KeptRequest) => string | undefined,
): WebEvidence['templates'] {
  const counts = new Map<string, number>();
  let all = 0;
  for (const request of kept) {
    const value = tell(request);
    if (value === undefined) continue;
    counts.set(value, (counts.get(value) ?? 0) + 1);
    all++;
  }
  return [...counts]
    .sort(([leftValue, left], [rightValue, right]) => right - left || (leftValue < rightValue ? -1 : 1))
    .slice(0, WEB.traitsShown)
    .map(([value, count]) => ({ value, share: round(count / all) }));
}

/** Networks of the attackers (/24, /48) with their share of its requests, largest first. */
function networksOf(clients: ClientTable, named: readonly NamedClient[]): WebEvidence['networks'] {
  const counts = new Map<string, number>();
  let all = 0;
  for (const { row, requests } of named) {
    if (clients.names.has(row)) continue;
    const words = addressOf(clients, row).slice();
    const length = isIpv4(words) ? 120 : 48;
    for (let word = 0; word < 4; word++) {
      const bits = Math.max(0, Math.min(32, length - 32 * word));
      words[word] = bits === 0 ? 0 : (words[word] & (0xffffffff << (32 - bits))) >>> 0;
    }
    const text = formatPrefix(words, length);
    counts.set(text, (counts.get(text) ?? 0) + requests);
    all += requests;
  }
  return [...counts]
    .sort(([leftValue, left], [rightValue, right]) => right - left || (leftValue < rightValue ? -1 : 1))
    .slice(0, WEB.traitsShown)
    .map(([value, count]) => ({ value, share: round(count / all) }));
}

const SOURCES_MAX = 512;

function sourcesOf(clients: ClientTable, named: readonly NamedClient[]): { words: Uint32Array; shares: Float64Array } {
  const told = named.filter(({ row }) => !clients.names.has(row)).slice(0, SOURCES_MAX);
  const words = new Uint32Array(4 * told.length);
  for (const [at, { row }] of told.entries()) words.set(addressOf(clients, row), 4 * at);
  return { words, shares: Float64Array.from(told, ({ requests }) => requests) };
}

function addressOf(clients: ClientTable, row: number): Uint32Array {
  const at = clients.at(row) + CLIENT.address;
  return clients.cells.subarray(at, at + 4);
}

function spreadOver<T>(all: readonly T[], count: number): T[] {
  if (all.length <= count) return [...all];
  return Array.from({ length: count }, (_, at) => all[Math.floor((at * (all.length - 1)) / (count - 1))]);
}

function told(second: number): string {
  return formatTime(second * 1000) ?? '1970-01-01T00:00:00.000Z';
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
