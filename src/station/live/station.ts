import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiDeps, Readiness, StationCounters } from '../../api/deps.ts';
import type { ApiPorts } from '../../api/ports.ts';
import { BonghwaError } from '../../base/errors.ts';
import { formatListen, type ListenAddress } from '../../base/listen.ts';
import { createDuplicateVolumes } from '../../detect/exporter/duplicate-guard.ts';
import { snapshotSeed } from '../../detect/network/snapshot-head.ts';
import { probeUdp } from '../../input/udp.ts';
import type { Attack } from '../../model/attack.ts';
import type { Config } from '../../model/config.ts';
import { type ConfigChange, changeOf } from '../../model/config-change.ts';
import type { SecretReference } from '../../model/secret.ts';
import type { Site } from '../../model/site.ts';
import type { StationEvent } from '../../model/station-event.ts';
import type { StationStatus } from '../../model/station-view.ts';
import { type Lock, lockDirectory } from '../../store/lock.ts';
import { openState } from '../../store/state/open.ts';
import type { AttackPage, AttackQuery, StateStore } from '../../store/state/state-store.ts';
import type { FlowsAnswer, FlowsQuery } from '../../store/telemetry/flows-query.ts';
import { openTelemetry } from '../../store/telemetry/open.ts';
import type { RequestsAnswer, RequestsQuery } from '../../store/telemetry/requests-query.ts';
import type { SecondsAnswer, SecondsQuery } from '../../store/telemetry/seconds-query.ts';
import type { TelemetryStore } from '../../store/telemetry/telemetry-store.ts';
import type { AssessDesk } from '../assess/assess-desk.ts';
import { openAssess } from '../assess/open.ts';
import { Places } from '../places.ts';
import type { SiteDesk } from '../sites/site-desk.ts';
import { AttackDesk } from './attack-desk.ts';
import { attackFields } from './attack-keeper.ts';
import { ConsoleSource } from './console-source.ts';
import { ExporterDesk } from './exporter-desk.ts';
import type { OpenHttp } from './http.ts';
import { LiveStatus } from './live-status.ts';
import type { FromDetector, FromReceiver } from './messages.ts';
import { pack, unpack } from './pack.ts';
import * as PERIOD from './periods.ts';
import * as PLAN from './plan.ts';
import { Problems } from './problems.ts';
import { readSecret } from './read-secret.ts';
import type { StationOptions } from './station-options.ts';
import { StationThreads } from './threads.ts';
import { Told } from './told.ts';
import { usesLogs, WebDesk } from './web-desk.ts';

/** Names under which the state store keeps what threads remember. */
const DETECTOR_BLOB = 'detector';
const TEMPLATES_BLOB = 'templates';

/**
 * A station: listeners, detection, stores, joined. `start` in order, `stop` in reverse. A fault in a store is told in `status`
 * and never stops detection.
 */
export class Station implements ApiDeps {
  readonly #options: StationOptions;
  #config: Config;
  readonly #live: LiveStatus;
  readonly #places: Places;
  readonly #told: Told;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #problems = new Problems();
  #lock: Lock | undefined;
  #http: OpenHttp | undefined;
  #state: StateStore | undefined;
  #telemetry: TelemetryStore | undefined;
  #threads: StationThreads | undefined;
  readonly #volumes = createDuplicateVolumes();
  #assess: AssessDesk | undefined;
  #sites: SiteDesk | undefined;
  #web: WebDesk | undefined;
  readonly #desk = new ExporterDesk(this.#volumes);
  readonly #attacks: AttackDesk;
  readonly #console = new ConsoleSource((...line) => this.#options.log(...line));
  #ready = false;

  constructor(options: StationOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#live = new LiveStatus(Date.now());
    this.#told = new Told(options.config, {
      environment: options.environment,
      url: () => this.#http?.access.url() ?? this.#config.http.url ?? '',
      onProblem: (part, error) => this.#problem(part, error),
    });
    this.#attacks = new AttackDesk({
      live: this.#live,
      addressesOf: (name) => PLAN.placesOf(name, this.#config, this.#sites?.register.get(name)?.site),
      onAttack: (attack, step) => this.#announce(attack, step),
      onProblem: (error) => this.#problem('state', error),
    });
    this.#places = new Places(this.#config.storage.directory, options.cacheDirectory, (fault) =>
      this.#problem('geo', new Error(fault)),
    );
  }

  get config(): Config {
    return this.#config;
  }

  /** Where HTTP listens; undefined before `start`. */
  get http(): ListenAddress | undefined {
    return this.#http?.at;
  }

  /** Rejects with DATA_IN_USE, LISTEN_FAILED, or what is wrong with the configuration; nothing is left running then. */
  async start(): Promise<void> {
    try {
      await this.#start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** What detects comes first; what people ask, and the engines of the stores, are loaded beside it and after it. */
  async #start(): Promise<void> {
    const { storage, retention } = this.#config;
    this.#lock = await lockDirectory(storage.directory, { pid: process.pid });
    const stateUrl = await this.#secret(storage.state);
    const detecting = Promise.withResolvers<void>();
    this.#state = await openState({
      directory: storage.directory,
      cacheDirectory: this.#options.cacheDirectory,
      ...(stateUrl === undefined ? {} : { url: stateUrl }),
      after: detecting.promise,
      onProblem: (error) => this.#problem('state', error),
    });
    await this.#told.open(this.#state);
    this.#assess = await openAssess(this.#config, {
      state: this.#state,
      tell: (event) => this.#tell(event),
      onProblem: (error) => this.#problem('assess', error),
    });
    await this.#startThreads(this.#state);
    detecting.resolve();
    const telemetryUrl = await this.#secret(storage.telemetry);
    this.#telemetry = await openTelemetry({
      directory: storage.directory,
      ...(telemetryUrl === undefined ? {} : { url: telemetryUrl }),
      retention,
      enrich: this.#places,
      onProblem: (error) => this.#problem('telemetry', error),
    });
    await this.#listen(this.#lock);
    this.#every(PERIOD.SNAPSHOT_MS, () => this.#keepSnapshots());
    this.#every(PERIOD.EXPORTERS_MS, () => this.#keepExporters());
    this.#every(PERIOD.PRUNE_MS, () => this.#prune());
    this.#every(PERIOD.PRUNE_MS, async () => this.#http?.access.forgetActs(this.#config.retention.auditDays));
    this.#every(PERIOD.WARNINGS_MS, async () => this.#told.announce(this.status(), this.#desk.missing()));
    await this.#startSites(this.#state);
    this.#ready = true;
    void this.#places.open();
  }

  /** Opens the interface for people and programs. */
  async #listen(lock: Lock): Promise<void> {
    const { openHttp } = await import('./http.ts');
    this.#http = await openHttp(this, {
      ...this.#options,
      config: this.#config,
      store: () => this.#store(),
      console: this.#console.files,
      onProblem: (part, error) => this.#problem(part, error),
    });
    await lock.update({ pid: process.pid, http: formatListen(this.#http.at) });
    void this.#http.access.announce().catch((error: Error) => this.#problem('sign-in', error));
  }

  /** Knows and checks the sites from now on. */
  async #startSites(state: StateStore): Promise<void> {
    const { SiteDesk } = await import('../sites/site-desk.ts');
    this.#sites = new SiteDesk({
      config: this.#config,
      version: this.#options.version,
      onCheck: (result) => this.#assess?.takeCheck(result),
      onSites: (sites) => this.#protect(sites),
      onVantages: (vantages) => this.#assess?.setVantages(vantages),
      secret: (reference) => this.#secret(reference),
      statuses: () => this.#assess?.statuses() ?? [],
      tell: (event) => this.#tell(event),
      onProblem: (part, error) => this.#problem(part, error),
    });
    await this.#sites.start(state);
    const { listening } = this.#sites;
    if (listening !== undefined)
      this.#options.log('info', 'listening', { input: 'vantages', address: formatListen(listening) });
  }

  /** Assesses and protects these sites from now on. */
  #protect(sites: readonly Site[]): void {
    this.#assess?.setSites(sites);
    this.#threads?.configure(PLAN.subjectOf(this.#config, sites), PLAN.settingsOf(this.#config));
    this.#web?.configure(this.#config, sites);
  }

  async #startThreads(state: StateStore): Promise<void> {
    const [detector, templates] = await Promise.all([state.loadBlob(DETECTOR_BLOB), state.loadBlob(TEMPLATES_BLOB)]);
    // What was learned of sources is hashed under the seed of the run that learned it.
    const seed = (detector === undefined ? undefined : snapshotSeed(detector)) ?? randomInt(2 ** 32);
    const receivers = PLAN.receiverSetups(this.#config, {
      seed,
      volumes: this.#volumes,
      settings: PLAN.settingsOf(this.#config),
      snapshots: templates === undefined ? [] : unpack(templates),
    });
    await this.#attacks.open(state, { flows: receivers.length > 0, log: usesLogs(this.#config) });
    const threads = new StationThreads({
      ongoing: () => this.#attacks.ongoing('flows'),
      detector: { seed, subject: PLAN.subjectOf(this.#config), snapshot: detector },
      receivers,
      onDetector: (message) => this.#fromDetector(message),
      onReceiver: (receiver, message) => this.#fromReceiver(receiver, message),
      onDeath: (thread, error, receiver) => {
        this.#problem(thread, error ?? new Error('it ended'));
        if (receiver !== undefined) this.#live.receiverGone(receiver);
      },
    });
    this.#threads = threads;
    await probeUdp([...this.#config.inputs.netflow, ...this.#config.inputs.sflow]);
    await threads.start();
    this.#web = new WebDesk({
      config: this.#config,
      state,
      ongoing: () => this.#attacks.ongoing('log'),
      onAttack: (attack, step, sources) => this.#attacks.take('log', this.#places.tell(attack, sources), step),
      onSecond: (second) => this.#assess?.takeSecond(second),
      onRequests: (record) => this.#telemetry?.offerRequests(this.#attacks.namedRequests(record)),
      onProblem: (part, error) => this.#problem(part, error),
    });
    await this.#web.start();
    this.#desk.expect(PLAN.expectationsOf(this.#config));
    setTimeout(() => this.#endSpan(), PERIOD.FIRST_SPAN_MS).unref();
    this.#every(PERIOD.SPAN_MS, () => this.#endSpan());
  }

  /** Stops listening, keeps what was learned, and lets go of everything; within 5 s. */
  async stop(): Promise<void> {
    this.#ready = false;
    for (const timer of this.#timers) clearInterval(timer);
    await this.#sites?.stop().catch((error: Error) => this.#problem('sites', error));
    await this.#web?.stop();
    const snapshots = await this.#threads?.stop();
    await this.#assess?.stop().catch((error: Error) => this.#problem('assess', error));
    await this.#keep(snapshots).catch((error: Error) => this.#problem('state', error));
    await Promise.allSettled([
      this.#http?.api.close(),
      this.#told.close(),
      this.#telemetry?.close(),
      this.#state?.close(),
    ]);
    this.#console.close();
    await this.#lock?.release();
  }

  /** Takes over what can be taken over while running; tells what changed, and what waits for a restart. */
  reload(config: Config): ConfigChange {
    const change = changeOf(this.#config, config);
    this.#told.reopen();
    void this.#places.open();
    if (change.live.length === 0) return change;
    const { inputs, http, storage, telemetryPorts } = this.#config;
    this.#config = { ...config, inputs, http, storage, telemetryPorts };
    this.#told.configure(this.#config);
    this.#protect(this.#sites?.register.list().map(({ site }) => site) ?? PLAN.registeredIn(this.#config));
    this.#sites?.configure(this.#config).catch((error: Error) => this.#problem('sites', error));
    this.#telemetry?.setRetention(this.#config.retention);
    this.#desk.expect(PLAN.expectationsOf(this.#config));
    return change;
  }

  status(): StationStatus {
    const { user, system } = process.cpuUsage();
    const { organisation } = this.#config;
    const nowMs = Date.now();
    return this.#live.status({
      exporters: this.#desk.reports(this.#live.exporters(), nowMs),
      version: this.#options.version,
      ...(this.#options.sample === true ? { sample: true } : {}),
      ...(organisation === undefined ? {} : { organisation: organisation.name }),
      nowMs,
      ready: this.#ready,
      state: this.#state?.status() ?? PLAN.startingStatus(this.#config, 'state'),
      telemetry: this.#telemetry?.status() ?? PLAN.startingStatus(this.#config, 'telemetry'),
      warnings: this.#warnings(),
      memoryBytes: process.memoryUsage.rss(),
      cpuSeconds: (user + system) / 1e6,
    });
  }

  counters(): StationCounters {
    return {
      recordsLost: this.#live.lost(),
      secondsDecided: this.#live.secondsDecided,
      decisionLagSeconds: this.#live.lagSeconds.counts(),
      threadDeaths: (this.#threads?.deaths ?? 0) + (this.#web?.deaths ?? 0),
      ...(this.#web === undefined ? {} : { requests: this.#web.report }),
      checks: this.#sites?.counters(),
      ...this.#told.counters(),
    };
  }

  /** True while the detector decides; before its first second, while it is young. A stream of packets alone decides only when some come. */
  live(): boolean {
    const { netflow, sflow } = this.#config.inputs;
    const sinceMs = Number.isNaN(this.#live.decidedMs) ? this.#live.startedMs : this.#live.decidedMs;
    return Date.now() - sinceMs < PERIOD.DECIDED_MS_MAX || netflow.length + sflow.length === 0;
  }

  ready(): Readiness {
    return this.#ready ? { ready: true, reasons: [] } : { ready: false, reasons: ['it is starting, or stopping'] };
  }

  ports(): ApiPorts {
    return { ...this.#sites?.ports(), incidents: this.#assess, notify: this.#told.notify };
  }

  attacks(query: AttackQuery): Promise<AttackPage> {
    return this.#attacks.attacks(this.#store(), query);
  }

  attack(id: string): Promise<Attack | undefined> {
    return this.#attacks.attack(this.#store(), id);
  }

  siteAddresses(name: string): readonly string[] | undefined {
    return this.#sites?.register.get(name)?.site.addresses;
  }

  flows(query: FlowsQuery, signal?: AbortSignal): Promise<FlowsAnswer> {
    return this.#records().flows(query, signal);
  }

  requests(query: RequestsQuery, signal?: AbortSignal): Promise<RequestsAnswer> {
    return this.#records().requests(query, signal);
  }

  seconds(query: SecondsQuery, signal?: AbortSignal): Promise<SecondsAnswer> {
    return this.#records().seconds(query, signal);
  }

  subscribe(listener: (event: StationEvent) => void): () => void {
    return this.#told.subscribe(listener);
  }

  #store(): StateStore {
    return PLAN.opened(this.#state, 'STATE_DOWN', 'state');
  }

  #records(): TelemetryStore {
    return PLAN.opened(this.#telemetry, 'TELEMETRY_DOWN', 'telemetry');
  }

  #fromDetector(message: FromDetector): void {
    switch (message.kind) {
      case 'ready':
        if (message.fault !== undefined) this.#problem('detector', new Error(message.fault));
        this.#options.log('info', 'detector ready', { targets: message.restored });
        return;
      case 'second': {
        const record = this.#attacks.named(message.record);
        this.#live.second({ ...message, record }, Date.now());
        this.#telemetry?.offer(record);
        return;
      }
      case 'attack':
        this.#attacks.take('flows', this.#places.tell(message.attack, message.sources), message.state);
        return;
      default:
        return;
    }
  }

  #announce(attack: Attack, state: 'opened' | 'updated' | 'closed'): void {
    if (state !== 'updated')
      this.#options.log(state === 'opened' ? 'warn' : 'info', `attack ${state}`, attackFields(attack));
    this.#tell({ kind: 'attack', state, at: new Date().toISOString(), attack });
    this.#assess?.takeAttack(attack);
  }

  #tell(event: StationEvent): void {
    this.#told.tell(event);
  }

  #fromReceiver(receiver: number, message: FromReceiver): void {
    switch (message.kind) {
      case 'listening':
        for (const { kind, address, receiver: way } of message.inputs)
          this.#options.log('info', 'listening', { input: kind, address, way });
        return;
      case 'report':
        this.#live.report(receiver, message);
        return;
      case 'fault':
        this.#problem(`input ${receiver}`, new BonghwaError('INTERNAL', message.fault.message));
        return;
      case 'facts':
        this.#desk.take(message.facts);
        return;
      default:
        return;
    }
  }

  /** Asks the receivers what they saw of the exporters, and tells them what follows from all of it. */
  async #endSpan(): Promise<void> {
    this.#threads?.toAllReceivers({ kind: 'facts' });
    await sleep(PERIOD.FACTS_MS);
    const tracked = this.#desk.endSpan(Date.now());
    this.#threads?.toAllReceivers({ kind: 'track', tracked });
  }

  async #keepSnapshots(): Promise<void> {
    await this.#keep(await this.#threads?.snapshot());
    await this.#web?.keep();
  }

  async #keep(snapshots: Awaited<ReturnType<StationThreads['snapshot']>> | undefined): Promise<void> {
    if (snapshots?.detector === undefined || this.#state === undefined) return;
    await this.#state.saveBlob(DETECTOR_BLOB, snapshots.detector);
    await this.#state.saveBlob(TEMPLATES_BLOB, pack(snapshots.receivers));
  }

  async #keepExporters(): Promise<void> {
    await this.#state?.saveExporters(this.#desk.reports(this.#live.exporters(), Date.now()));
  }

  async #prune(): Promise<void> {
    await this.#attacks.prune(Date.now() - this.#config.retention.attacksDays * PERIOD.DAY_MS);
  }

  #every(periodMs: number, work: () => Promise<void>): void {
    this.#timers.push(PERIOD.every(periodMs, work, (error) => this.#problem('state', error)));
  }

  #problem(part: string, error: Error): void {
    if (this.#problems.note(part, error, Date.now()))
      this.#options.log('error', 'fault', { part, fault: error.message });
  }

  #warnings(): string[] {
    const nowMs = Date.now();
    const missing = nowMs - this.#live.startedMs < PERIOD.MISSED_MS ? [] : this.#desk.missing();
    return [...this.#problems.list(nowMs), ...missing];
  }

  #secret(reference: SecretReference | undefined): Promise<string | undefined> {
    return readSecret(reference, this.#options.environment);
  }
}
