import { type ApiDeps, LAG_BOUNDS } from '../../src/api/api.ts';
import { Histogram } from '../../src/base/histogram.ts';
import type { Attack } from '../../src/model/attack.ts';
import type { StationEvent } from '../../src/model/station-event.ts';
import { type StationStatus, stationStatusSchema } from '../../src/model/station-view.ts';
import type { AttackQuery } from '../../src/store/state/state-store.ts';
import { type FlowsAnswer, type FlowsQuery, flowsAnswerSchema } from '../../src/store/telemetry/flows-query.ts';
import {
  type RequestsAnswer,
  type RequestsQuery,
  requestsAnswerSchema,
} from '../../src/store/telemetry/requests-query.ts';
import { type SecondsAnswer, type SecondsQuery, secondsAnswerSchema } from '../../src/store/telemetry/seconds-query.ts';
import { fixedReport } from './report.ts';

/** The moment at which the fixed station is looked at: during its two attacks. */
export const STATION_NOW_MS = Date.parse('2024-03-05T12:00:35.000Z');

/** A fixed status for tests of what people and programs read: two attacks, four exporters, a telemetry store that is behind. */
export function fixedStatus(): StationStatus {
  const report = fixedReport();
  const [flood, carpet] = report.attacks;
  const [router] = report.exporters;
  return stationStatusSchema.parse({
    version: '0.2.0',
    organisation: 'Ministry of Examples',
    startedAt: '2024-03-05T09:47:12.000Z',
    now: '2024-03-05T12:00:35.000Z',
    decidedAt: '2024-03-05T12:00:34.000Z',
    ready: true,
    total: { bps: 1_843_000_000, pps: 412_000, fps: 48_200 },
    inputs: [
      {
        kind: 'netflow',
        address: '127.0.0.1:2055',
        receiver: 'recvmmsg',
        workers: 2,
        receiveBufferBytes: 8_388_608,
        datagrams: 12_400_000,
        datagramsDropped: 17,
        records: 371_000_000,
        recordsShed: 0,
      },
      {
        kind: 'sflow',
        address: '127.0.0.1:6343',
        receiver: 'recvmmsg',
        workers: 2,
        receiveBufferBytes: 8_388_608,
        datagrams: 20_100,
        datagramsDropped: 0,
        records: 140_700,
        recordsShed: 0,
      },
    ],
    records: 371_140_700,
    recordsLost: 4132,
    attacksTotal: 7,
    attacksOngoing: [
      { ...flood, ongoing: true, vectors: flood.vectors, target: { kind: 'site', value: 'www.ministry.example' } },
      carpet,
    ],
    targets: [
      {
        target: { kind: 'site', value: 'www.ministry.example' },
        direction: 'in',
        prefix: '192.0.2.10/32',
        rate: { bps: 5_904_000, pps: 12_300, fps: 820 },
        baseline: { bps: 9600, pps: 12, fps: 3 },
        excess: 12.3,
        attackId: 'a1',
      },
      {
        target: { kind: 'prefix', value: '2001:db8:1234:5678::/64' },
        direction: 'in',
        prefix: '2001:db8:1234:5678::/64',
        rate: { bps: 1_234_000_000, pps: 110_000, fps: 900 },
        baseline: { bps: 0, pps: 0, fps: 0 },
        excess: 11,
        attackId: 'a2',
      },
      {
        target: { kind: 'address', value: '192.0.2.77' },
        direction: 'out',
        prefix: '192.0.2.77/32',
        rate: { bps: 310_000_000, pps: 28_000, fps: 90 },
        baseline: { bps: 280_000_000, pps: 25_000, fps: 80 },
        excess: 0.42,
      },
      {
        target: { kind: 'address', value: '192.0.2.80' },
        direction: 'in',
        prefix: '192.0.2.80/32',
        rate: { bps: 12_000_000, pps: 1800, fps: 44 },
        baseline: { bps: 14_000_000, pps: 2100, fps: 50 },
        excess: 0.07,
      },
    ],
    exporters: [
      router,
      {
        ...router,
        exporter: '203.0.113.2',
        observationDomain: 0,
        protocol: 'ipfix',
        records: 201_000_000,
        datagrams: 6_700_000,
        unknownTemplateSets: 0,
        sequenceLost: 0,
        firstSeen: '2024-03-05T09:47:13.000Z',
        diagnosis: [],
      },
      {
        ...router,
        exporter: '203.0.113.9',
        observationDomain: 0,
        protocol: 'sflow-v5',
        records: 140_700,
        datagrams: 20_100,
        unknownTemplateSets: 0,
        sequenceLost: 0,
        samplingRates: [2048],
        firstSeen: '2024-03-05T09:48:00.000Z',
        lastSeen: '2024-03-05T11:52:03.000Z',
        diagnosis: [],
      },
    ],
    state: { kind: 'pglite', state: 'ready', waiting: 0, written: 4120, lost: 0, bytesOnDisk: 41_000_000 },
    telemetry: { kind: 'chdb', state: 'behind', waiting: 81_000, written: 9_400_000, lost: 0 },
    rejected: report.rejected,
    memoryBytes: 412_000_000,
    cpuSeconds: 1841.25,
    warnings: ['the telemetry store is behind by 81,000 rows; detection goes on'],
  });
}

/** A quiet station that has just been started: nothing came in yet. */
export function quietStatus(): StationStatus {
  const status = fixedStatus();
  const { decidedAt: _none, ...rest } = status;
  return {
    ...rest,
    total: { bps: 0, pps: 0, fps: 0 },
    inputs: status.inputs.map((input) => ({ ...input, datagrams: 0, datagramsDropped: 0, records: 0 })),
    records: 0,
    recordsLost: 0,
    attacksTotal: 0,
    attacksOngoing: [],
    targets: [],
    exporters: [],
    telemetry: { kind: 'chdb', state: 'ready', waiting: 0, written: 0, lost: 0 },
    rejected: {},
    warnings: [],
  };
}

/** An answer of the telemetry store: two classes of traffic, a sampled one and one that was kept whole. */
export function fixedFlows(query: FlowsQuery): FlowsAnswer {
  const key: Readonly<Record<string, readonly (string | number)[]>> = {
    srcAsn: [64_500, 64_501],
    class: ['tcpSyn', 'dnsResponse'],
    srcAddr: ['198.51.100.7', '2001:db8::7'],
  };
  const sum = { packets: 1_100_000, bytes: 66_100_000, flows: 54_000, rows: 12_000, error: 0.021 };
  const series = query.stepMs === undefined ? [] : [0, 400_000, 700_000];
  return flowsAnswerSchema.parse({
    since: new Date(query.since).toISOString(),
    until: new Date(query.until).toISOString(),
    by: query.by,
    top: query.top,
    groups:
      query.top.length === 0
        ? []
        : [
            {
              key: query.top.map((name) => key[name]?.[0] ?? null),
              packets: 1_000_000,
              bytes: 60_000_000,
              flows: 50_000,
              rows: 10_000,
              error: 0.02,
              share: 0.91,
              ...(query.stepMs === undefined ? {} : { series }),
            },
            {
              key: query.top.map((name) => key[name]?.[1] ?? null),
              packets: 100_000,
              bytes: 6_100_000,
              flows: 4000,
              rows: 2000,
              error: 0,
              share: 0.09,
              ...(query.stepMs === undefined ? {} : { series }),
            },
          ],
    total: sum,
    distinct: query.top.length === 0 ? 1 : 2,
    ...(query.stepMs === undefined
      ? {}
      : { series: { from: new Date(query.since).toISOString(), stepMs: query.stepMs, total: series } }),
    keptSince: '2024-03-01T00:00:00.000Z',
    elapsedMs: 12,
  });
}

/** Three requests of a flood of searches, of which one a page was asked for at most, or their paths. */
function fixedRequests(query: RequestsQuery): RequestsAnswer {
  const values: Readonly<Record<string, string | number>> = { path: '/search', client: '203.0.113.9', status: 503 };
  const from = Number(query.before ?? 0);
  const all = [1, 2, 3].map((at) => ({
    time: new Date(query.until - at * 1000).toISOString(),
    site: 'www.ministry.example',
    client: `203.0.113.${at}`,
    method: 'GET',
    path: '/search',
    query: at === 3 ? '=1+1,"2"' : `q=${at}`,
    status: 503,
    bytes: 1200,
    userAgent: 'Mozilla/5.0',
    weight: 20,
  }));
  const grouped = query.top.length > 0;
  const requests = grouped ? [] : all.slice(from, from + query.limit);
  const sum = { requests: 60, bytes: 72_000, rows: 3, error: 0.3 };
  return requestsAnswerSchema.parse({
    since: new Date(query.since).toISOString(),
    until: new Date(query.until).toISOString(),
    by: query.by,
    top: query.top,
    groups: grouped ? [{ key: query.top.map((name) => values[name] ?? null), ...sum, share: 1 }] : [],
    requests,
    ...(!grouped && from + requests.length < all.length ? { next: String(from + requests.length) } : {}),
    total: sum,
    distinct: 1,
    keptSince: '2024-03-01T00:00:00.000Z',
    elapsedMs: 5,
  });
}

/** A station that answers what it is told to: it stands in the place of a real one where the interface itself is tested. */
export class FixedStation implements ApiDeps {
  current: StationStatus = fixedStatus();
  kept: readonly Attack[] = fixedReport().attacks;
  alive = true;
  reasons: readonly string[] = [];
  /** Thrown by whatever asks a store. */
  fault: Error | undefined;
  readonly asked: (AttackQuery | FlowsQuery | RequestsQuery | SecondsQuery)[] = [];
  /** Set: questions to a store wait for it. */
  wait: Promise<void> | undefined;
  readonly #listeners = new Set<(event: StationEvent) => void>();
  readonly #lag = new Histogram(LAG_BOUNDS);

  constructor() {
    for (const lag of [0.04, 0.06, 0.3]) this.#lag.add(lag);
  }

  status(): StationStatus {
    return this.current;
  }

  counters(): ReturnType<ApiDeps['counters']> {
    return {
      recordsLost: { shed: 0, missing: this.current.recordsLost },
      secondsDecided: 3,
      decisionLagSeconds: this.#lag.counts(),
      threadDeaths: 0,
    };
  }

  async attacks(query: AttackQuery): ReturnType<ApiDeps['attacks']> {
    await this.#ask(query);
    const limit = query.limit ?? 100;
    const from = Number(query.before ?? 0);
    const wanted = this.kept.filter(({ ongoing }) => query.ongoing === undefined || ongoing === query.ongoing);
    const attacks = wanted.slice(from, from + limit);
    return { attacks, ...(from + limit < wanted.length ? { next: String(from + limit) } : {}) };
  }

  async attack(id: string): Promise<Attack | undefined> {
    await this.#ask(undefined);
    return this.kept.find((attack) => attack.id === id);
  }

  async flows(query: FlowsQuery): Promise<FlowsAnswer> {
    await this.#ask(query);
    return fixedFlows(query);
  }

  async requests(query: RequestsQuery): Promise<RequestsAnswer> {
    await this.#ask(query);
    return fixedRequests(query);
  }

  async seconds(query: SecondsQuery): Promise<SecondsAnswer> {
    await this.#ask(query);
    return secondsAnswerSchema.parse({
      since: new Date(query.since).toISOString(),
      until: new Date(query.until).toISOString(),
      stepMs: query.stepMs ?? 1000,
      from: 'seconds',
      points: [],
      elapsedMs: 3,
    });
  }

  siteAddresses(name: string): readonly string[] | undefined {
    return name === 'www.ministry.example' ? ['192.0.2.10', '2001:db8::10'] : undefined;
  }

  subscribe(listener: (event: StationEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(event: StationEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  live(): boolean {
    return this.alive;
  }

  ready(): { ready: boolean; reasons: readonly string[] } {
    return { ready: this.reasons.length === 0, reasons: this.reasons };
  }

  async #ask(query: AttackQuery | FlowsQuery | RequestsQuery | SecondsQuery | undefined): Promise<void> {
    if (query !== undefined) this.asked.push(query);
    await this.wait;
    if (this.fault !== undefined) throw this.fault;
  }
}
