import { readFile } from 'node:fs/promises';
import type { CheckCounters } from '../../api/deps.ts';
import type { ApiPorts } from '../../api/ports.ts';
import { maintenanceAt } from '../../assess/maintenance.ts';
import { type AddressWords, parseAddress } from '../../base/ip.ts';
import type { ListenAddress } from '../../base/listen.ts';
import { type Prefix, parsePrefix, prefixContains } from '../../base/prefix.ts';
import { specialAddress } from '../../base/special-address.ts';
import { CHECK_TIMES, type ProbeSettings } from '../../input/probe/limits.ts';
import { Names } from '../../input/probe/names.ts';
import { userAgent } from '../../input/probe/user-agent.ts';
import { literalFamily, parseSubject } from '../../model/check-subject.ts';
import type { Config } from '../../model/config.ts';
import type { SiteStatus } from '../../model/incident.ts';
import type { SecretReference } from '../../model/secret.ts';
import type { Site } from '../../model/site.ts';
import type { StationEvent } from '../../model/station-event.ts';
import type { CheckOutcome, CheckResult, Vantage } from '../../model/vantage.ts';
import type { StateStore } from '../../store/state/state-store.ts';
import { registeredIn, vantagesIn } from '../live/plan.ts';
import { CheckBook } from './check-book.ts';
import { DayBook } from './day-book.ts';
import { NameFollower } from './follower.ts';
import { ForeignVantages } from './foreign-vantages.ts';
import { keepChecks, keptChecks } from './kept-checks.ts';
import { OwnVantage } from './own-vantage.ts';
import { type RegisterChange, SiteRegister, siteHosts } from './register.ts';
import { type SitePortsOptions, sitesPort, vantagesPort } from './site-ports.ts';
import { fingerprintOf, stationCertificate } from './station-certificate.ts';
import { VantageBook } from './vantage-book.ts';
import { VantageListener } from './vantage-listener.ts';
import type { VantageSites } from './vantage-protocol.ts';

export interface SiteDeskOptions {
  readonly config: Config;
  readonly version: string;
  /** Pause between two look-ups of the name of a site, ms; `FOLLOW_MS` where absent. */
  readonly followMs?: number;
  readonly onCheck: (result: CheckResult) => void;
  readonly onSites: (sites: readonly Site[]) => void;
  readonly onVantages: (vantages: readonly Vantage[]) => void;
  /** What a reference of the configuration leads to. */
  readonly secret: (reference: SecretReference) => Promise<string | undefined>;
  /** How sites do now. */
  readonly statuses: () => readonly SiteStatus[];
  readonly tell: (event: StationEvent) => void;
  readonly onProblem: (part: string, error: Error) => void;
}

/** How often names are looked up, ms. */
const FOLLOW_MS = 60_000;
/** Changes of the register are told to the other parts after this: an import is one change to them, ms. */
const SETTLE_MS = 50;
/** Addresses change at many sites at a time, and often: together, they are one change, ms. */
const SETTLE_DNS_MS = 2000;
const LOOK_MS = 15_000;
const KEEP_MS = 600_000;
/** Results of another clock: further ahead or back is not believed, ms. */
const AHEAD_MS_MAX = 120_000;
const BACK_MS_MAX = 86_400_000;
/** Sites of these are not told to vantages that a partner lends. */
const OURS_ALONE: ReadonlySet<Site['tlp']> = new Set(['red', 'amber+strict']);

/** The part of a station that knows the sites: the register, who checks them, and what came of it. */
export class SiteDesk {
  readonly register: SiteRegister;
  readonly #options: SiteDeskOptions;
  #config: Config;
  readonly #checks = new CheckBook();
  readonly #days = new DayBook((name) => {
    const known = this.register.get(name);
    return known !== undefined && maintenanceAt(known.site.maintenance, Date.now()) !== undefined;
  });
  readonly #vantages: VantageBook;
  readonly #own: OwnVantage;
  readonly #foreign: ForeignVantages;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #ports: SitePortsOptions;
  #follower: NameFollower | undefined;
  #listener: VantageListener | undefined;
  #listening: { readonly listen: ListenAddress; readonly fingerprint: string } | undefined;
  #settling: NodeJS.Timeout | undefined;
  readonly #byOutcome = new Map<CheckOutcome, number>();
  #refused = 0;
  #started = false;
  #loaded = false;
  /** True where more than addresses changed since the other parts were told. */
  #changedByHand = true;
  #state: StateStore | undefined;

  constructor(options: SiteDeskOptions) {
    this.#options = options;
    this.#config = options.config;
    this.register = new SiteRegister({
      configured: registeredIn(options.config),
      onProblem: (error) => options.onProblem('sites', error),
    });
    this.#vantages = new VantageBook(() => options.onVantages(this.#vantages.list()));
    this.#own = new OwnVantage({
      onResults: (results) => this.#take(this.#config.probe.name, results),
      onProblem: (error) => options.onProblem('prober', error),
    });
    this.#foreign = new ForeignVantages({
      register: this.register,
      permitted: (url) => this.#permitted(url),
      token: async ({ token }) => (token === undefined ? undefined : options.secret(token)),
      onResults: (vantage, results) => this.#take(vantage, results),
      onProblem: (error) => options.onProblem('vantages', error),
    });
    this.register.onChange((change) => this.#changed(change));
    this.#ports = {
      register: this.register,
      checks: this.#checks,
      days: this.#days,
      vantages: this.#vantages,
      statuses: options.statuses,
      listener: () => this.#listening,
    };
  }

  /** Where vantages report; undefined where nothing listens for them. */
  get listening(): ListenAddress | undefined {
    return this.#listening?.listen;
  }

  counters(): CheckCounters {
    const byOutcome = Object.fromEntries(this.#byOutcome);
    const late = this.#own.counts?.late ?? 0;
    return { sites: this.register.list().length, byOutcome, refused: this.#refused, late };
  }

  ports(): Pick<ApiPorts, 'sites' | 'vantages'> {
    return { sites: sitesPort(this.#ports), vantages: vantagesPort(this.#ports) };
  }

  /** Begins to check, to listen and to follow. What the state store keeps comes when it answers. Rejects with LISTEN_FAILED. */
  async start(state: StateStore): Promise<void> {
    this.#started = true;
    await this.#listen(state);
    await this.configure(this.#config);
    this.#every(LOOK_MS, async () => this.#days.look(this.#options.statuses(), Date.now()));
    this.#every(KEEP_MS, () => this.#keep());
    this.#load(state).catch((error: Error) => this.#options.onProblem('sites', error));
  }

  async #load(state: StateStore): Promise<void> {
    await Promise.all([this.register.open(state), this.#vantages.open(state)]);
    await this.#days.open(state, Date.now());
    this.#checks.restore((await keptChecks(state)).filter(({ site }) => this.register.has(site)));
    this.#state = state;
    this.#loaded = true;
  }

  /** Keeps what would be missed after a restart. What was not loaded yet is not written over. */
  async #keep(): Promise<void> {
    await this.#days.keep(Date.now());
    if (this.#state !== undefined) await keepChecks(this.#state, this.#checks.snapshot());
  }

  async #listen(state: StateStore): Promise<void> {
    const listen = this.#config.inputs.vantages;
    if (listen === undefined) return;
    const certificate = await stationCertificate(state, Date.now());
    this.#listener = new VantageListener({
      listen,
      certificate,
      isOpen: () => this.#vantages.isOpen,
      ofKey: (key) => this.#vantages.ofKey(key),
      sitesFor: (vantage) => this.#sitesFor(vantage),
      onResults: (vantage, results) => this.#take(vantage.name, results),
    });
    this.#listening = { listen: await this.#listener.start(), fingerprint: fingerprintOf(certificate.cert) };
  }

  /** Takes over what another configuration says of sites and vantages. */
  async configure(config: Config): Promise<void> {
    this.#config = config;
    const { own, name } = config.probe;
    this.#vantages.configure(own ? name : undefined, vantagesIn(config));
    this.register.configure(registeredIn(config));
    if (!this.#started) return;
    const settings = await this.#settings(config);
    this.#follower?.stop();
    this.#follower = new NameFollower({
      names: new Names(settings),
      everyMs: this.#options.followMs ?? FOLLOW_MS,
      onAddresses: (host) => this.#moved(host),
    });
    this.#follower.start();
    await this.#own.configure(own ? { settings, everyMs: config.probe.everySeconds * 1000 } : undefined);
    this.#foreign.configure(config.vantages);
    this.#changedByHand = true;
    this.#settle();
  }

  async stop(): Promise<void> {
    this.#started = false;
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#settling);
    this.#follower?.stop();
    this.#foreign.stop();
    await Promise.allSettled([this.#own.stop(), this.#listener?.stop()]);
    await this.#keep();
  }

  /** Takes results of a vantage; how many were not taken. */
  #take(vantage: string, results: readonly CheckResult[]): number {
    const nowMs = Date.now();
    let refused = 0;
    for (const result of results) {
      const atMs = Date.parse(result.at);
      const known = this.register.has(result.site);
      if (!known || atMs > nowMs + AHEAD_MS_MAX || atMs < nowMs - BACK_MS_MAX) {
        refused++;
        continue;
      }
      // Whose result it is, the key says and not the result.
      const own = result.vantage === vantage ? result : { ...result, vantage };
      this.#checks.take(own);
      this.#byOutcome.set(own.outcome, (this.#byOutcome.get(own.outcome) ?? 0) + 1);
      this.#options.onCheck(own);
    }
    this.#refused += refused;
    this.#vantages.saw(vantage, results.length - refused, nowMs);
    return refused;
  }

  #sitesFor(vantage: Vantage): VantageSites {
    const lent = vantage.partner !== undefined;
    const sites = this.register.list().flatMap(({ site: { name, urls, expect, tlp } }) => {
      if (urls.length === 0 || (lent && OURS_ALONE.has(tlp))) return [];
      return [{ name, urls, expect }];
    });
    return { vantage: vantage.name, everySeconds: this.#config.probe.everySeconds, sites };
  }

  /** False for a URL whose host is an address of the inside, or was when it was looked up last. */
  #permitted(url: string): boolean {
    const parsed = parseSubject(url);
    if (parsed.kind === 'invalid') return false;
    const { host } = parsed.subject;
    if (literalFamily(host) === undefined) return this.#follower?.leadsInside(host) !== true;
    const words = parseAddress(host);
    return words !== undefined && (specialAddress(words) === undefined || isAllowed(words, this.#config.probe.allow));
  }

  /** A host has other addresses than before, perhaps. */
  #moved(host: string): void {
    for (const name of this.register.byHost(host)) {
      const known = this.register.get(name);
      if (known === undefined || this.#follower === undefined) continue;
      const addresses = siteHosts(known.site).flatMap((one) => this.#follower?.addressesOf(one) ?? []);
      const before = this.register.foundFor(name);
      if (!this.register.found(name, [...new Set(addresses)])) continue;
      this.#options.tell({
        kind: 'site',
        state: 'addresses',
        at: new Date().toISOString(),
        site: name,
        addresses: [...this.register.foundFor(name)],
        before: [...before],
      });
    }
  }

  #changed(change: RegisterChange): void {
    const { added, removed, byDns } = change;
    // What was there before the start is no news.
    if (this.#loaded) {
      const at = new Date().toISOString();
      for (const site of removed.slice(0, EVENTS_MAX)) this.#options.tell({ kind: 'site', state: 'removed', at, site });
      for (const site of added.slice(0, EVENTS_MAX)) this.#options.tell({ kind: 'site', state: 'added', at, site });
    }
    if (byDns !== true) this.#changedByHand = true;
    else if (this.#settling !== undefined) return;
    clearTimeout(this.#settling);
    const waitMs = this.#changedByHand ? SETTLE_MS : SETTLE_DNS_MS;
    this.#settling = setTimeout(() => this.#settle(), waitMs);
  }

  /** Tells the other parts what the register holds now. */
  #settle(): void {
    clearTimeout(this.#settling);
    this.#settling = undefined;
    const byHand = this.#changedByHand;
    this.#changedByHand = false;
    const sites = this.register.list().map(({ site }) => site);
    this.#options.onSites(sites);
    if (!byHand) return;
    const known = (name: string): boolean => this.register.has(name);
    this.#checks.keepOnly(known);
    this.#days.keepOnly(known);
    if (!this.#started) return;
    this.#own.setSites(sites.map(({ name, urls, expect }) => ({ name, urls, expect })));
    this.#follower?.setHosts(sites.flatMap(siteHosts));
  }

  async #settings({ probe, organisation }: Config): Promise<ProbeSettings> {
    const authorities = probe.authorities === undefined ? undefined : await this.#authorities(probe.authorities);
    return {
      vantage: probe.name,
      userAgent: userAgent(this.#options.version, organisation?.name),
      times: { ...CHECK_TIMES, checkMs: Math.min(CHECK_TIMES.checkMs, probe.everySeconds * 870) },
      allowed: probe.allow.map((text) => parsePrefix(text) as Prefix),
      hosts: new Map(),
      ...(probe.nameServers.length === 0 ? {} : { nameServers: probe.nameServers }),
      ...(probe.wayOut.length === 0 ? {} : { anchors: probe.wayOut }),
      ...(authorities === undefined ? {} : { authorities: [authorities] }),
    };
  }

  async #authorities(file: string): Promise<string | undefined> {
    try {
      return await readFile(file, 'utf8');
    } catch (error) {
      this.#options.onProblem(
        'prober',
        new Error(`the authorities ${file} cannot be read: ${(error as Error).message}`),
      );
      return undefined;
    }
  }

  #every(periodMs: number, work: () => Promise<void>): void {
    const timer = setInterval(() => {
      work().catch((error: Error) => this.#options.onProblem('sites', error));
    }, periodMs);
    this.#timers.push(timer);
  }
}

function isAllowed(words: AddressWords, allowed: readonly string[]): boolean {
  return allowed.some((text) => prefixContains(parsePrefix(text) as Prefix, words));
}

/** Sites of one change that have an event of their own. */
const EVENTS_MAX = 100;
