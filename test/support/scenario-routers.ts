import { type Prefix, prefixContains } from '../../src/base/prefix.ts';
import { Random } from '../../src/base/random.ts';
import { ExporterFactsCollector } from '../../src/detect/exporter/collector.ts';
import { createDuplicateVolumes } from '../../src/detect/exporter/duplicate-guard.ts';
import { DuplicateExports } from '../../src/detect/exporter/duplicates.ts';
import type { ExporterFacts } from '../../src/detect/exporter/facts.ts';
import { createFlowBatch } from '../../src/model/flow-batch.ts';
import { HAS } from '../../src/model/flow-columns.ts';
import { Rejections } from '../../src/model/rejection.ts';
import { UNCOUNTED } from '../../src/sketch/classify.ts';
import { ExporterTable } from '../../src/wire/exporter.ts';
import { lookAtRows } from './flow-rows.ts';

/** Time at which every scenario of routers begins, ms since 1970. */
export const ROUTERS_START_MS = 1_750_000_000_000;

/** One flow of the world, whoever sees it. */
export interface WorldFlow {
  readonly src: number;
  readonly dst: number;
  readonly srcPort: number;
  readonly dstPort: number;
  readonly proto: number;
  /** ms after the start of the scenario. */
  readonly startMs: number;
  readonly endMs: number;
  readonly packets: number;
}

export interface RouterSpec {
  readonly address: number;
  /** The receiver thread that its datagrams come to. */
  readonly receiver?: number;
  readonly sampling?: number;
  readonly activeMs?: number;
  readonly inactiveMs?: number;
  /** By how much its cache is scanned later than others, ms. */
  readonly phaseMs?: number;
  readonly sees: (flow: WorldFlow) => boolean;
  /** Nothing is exported from then on. */
  readonly diesMs?: number;
}

interface Told {
  readonly atMs: number;
  readonly router: number;
  readonly flow: WorldFlow;
  readonly startMs: number;
  readonly endMs: number;
  readonly packets: number;
}

/** Ordinary traffic to the hosts: many short flows, few long ones, at random times. */
export function peace(seed: number, hosts: readonly number[], flowsPerSecond: number, seconds: number): WorldFlow[] {
  const random = new Random(seed);
  return Array.from({ length: flowsPerSecond * seconds }, () => {
    const startMs = random.below(1000 * seconds);
    const packets = Math.min(20_000, Math.ceil(2 / (1 - random.unit()) ** 0.9));
    return {
      src: 0x0a000000 + random.below(1 << 20),
      dst: hosts[random.below(hosts.length)],
      srcPort: 1024 + random.below(60_000),
      dstPort: 443,
      proto: 6,
      startMs,
      endMs: startMs + Math.min(300_000, packets * random.exponential(150)),
      packets,
    };
  });
}

/** A flood of single packets from forged addresses. */
export function flood(seed: number, dst: number, pps: number, fromMs: number, toMs: number): WorldFlow[] {
  const random = new Random(seed);
  return Array.from({ length: Math.floor((pps * (toMs - fromMs)) / 1000) }, () => {
    const startMs = fromMs + random.below(toMs - fromMs);
    const src = random.below(0xe0000000);
    return { src, dst, srcPort: random.below(65_536), dstPort: 80, proto: 6, startMs, endMs: startMs, packets: 1 };
  });
}

/** The records that a router makes of a flow, as its cache and its sampling have it. */
function tell(flow: WorldFlow, spec: RouterSpec, router: number, random: Random, into: Told[]): void {
  const { sampling = 1, activeMs = 60_000, inactiveMs = 15_000, phaseMs = 0 } = spec;
  const tick = (ms: number): number => Math.ceil((ms - phaseMs) / 1000) * 1000 + phaseMs;
  const span = Math.max(1, flow.endMs - flow.startMs);
  for (let startMs = flow.startMs; startMs <= flow.endMs; startMs += activeMs) {
    const endMs = Math.min(flow.endMs, startMs + activeMs);
    const share = (endMs - startMs) / span;
    const all = flow.packets === 1 ? 1 : Math.round(flow.packets * share);
    let packets = all;
    if (sampling > 1) {
      packets = 0;
      for (let packet = 0; packet < all; packet++) if (random.below(sampling) === 0) packets++;
    }
    if (packets > 0) {
      const atMs = tick(endMs < flow.endMs ? endMs : endMs + inactiveMs);
      if (atMs < (spec.diesMs ?? Infinity)) into.push({ atMs, router, flow, startMs, endMs, packets });
    }
    if (flow.endMs === flow.startMs) break;
  }
}

/** What a station made of what the routers told. */
export interface StationOutcome {
  /** Packets counted, scaled by sampling: by second after the start, and by destination. */
  readonly bySecond: Float64Array;
  readonly byTarget: ReadonlyMap<number, Float64Array>;
  readonly left: number;
  readonly rows: number;
  /** The duplicates found at the end of each minute. */
  readonly found: readonly { readonly key: string; readonly keeper: string }[][];
  readonly duplicates: DuplicateExports;
  /** The facts of every minute. */
  readonly facts: readonly ExporterFacts[][];
}

/** Shows what the routers tell of the flows to a station with as many receivers as are named. */
export function runRouters(
  flows: readonly WorldFlow[],
  routers: readonly RouterSpec[],
  networks: readonly Prefix[],
  seconds: number,
): StationOutcome {
  const told: Told[] = [];
  routers.forEach((spec, router) => {
    const random = new Random(900 + router);
    for (const flow of flows) if (spec.sees(flow)) tell(flow, spec, router, random, told);
  });
  told.sort((left, right) => left.atMs - right.atMs);
  const volumes = createDuplicateVolumes();
  const receivers = Array.from({ length: 1 + Math.max(...routers.map((spec) => spec.receiver ?? 0)) }, () => {
    const exporters = new ExporterTable(new Rejections());
    const batch = createFlowBatch(256);
    return { exporters, batch, collector: new ExporterFactsCollector({ seed: 5, networks, exporters, volumes }) };
  });
  const classes = new Uint8Array(256);
  const duplicates = new DuplicateExports(volumes);
  const bySecond = new Float64Array(seconds + 1);
  const byTarget = new Map<number, Float64Array>();
  const found: { key: string; keeper: string }[][] = [];
  const facts: ExporterFacts[][] = [];
  let rows = 0;
  const flush = ({ batch, collector }: (typeof receivers)[number]): void => {
    lookAtRows(collector, batch, classes);
    for (let row = 0; row < batch.length; row++) {
      const second = Math.floor((batch.observedMs[row] - ROUTERS_START_MS) / 1000);
      if (classes[row] === UNCOUNTED || second > seconds) continue;
      if (networks.length > 0 && !networks.some((network) => prefixContains(network, batch.dstAddr, 4 * row))) continue;
      const packets = batch.packets[row] * Math.max(1, batch.samplingRate[row]);
      const dst = batch.dstAddr[4 * row + 3];
      bySecond[second] += packets;
      let target = byTarget.get(dst);
      if (target === undefined) {
        target = new Float64Array(seconds + 1);
        byTarget.set(dst, target);
      }
      target[second] += packets;
    }
    batch.length = 0;
  };
  let minute = 1;
  for (const record of told) {
    if (record.atMs > 1000 * seconds) break;
    for (; record.atMs >= 60_000 * minute; minute++) {
      for (const receiver of receivers) flush(receiver);
      const nowMs = ROUTERS_START_MS + 60_000 * minute;
      const taken = receivers.flatMap(({ collector }) => collector.take(nowMs));
      const tracked = duplicates.decide(taken);
      facts.push(taken);
      for (const { collector } of receivers) collector.track(tracked);
      found.push(duplicates.duplicates.map(({ key, keeper }) => ({ key, keeper })));
    }
    const spec = routers[record.router];
    const receiver = receivers[spec.receiver ?? 0];
    if (receiver.batch.length === 256) flush(receiver);
    rows++;
    put(record, spec, receiver);
  }
  for (const receiver of receivers) flush(receiver);
  const left = receivers.reduce((sum, { collector }) => sum + collector.rowsLeftOut, 0);
  return { bySecond, byTarget, left, rows, found, duplicates, facts };
}

function put(
  { atMs, flow, startMs, endMs, packets }: Told,
  spec: RouterSpec,
  { exporters, batch }: { exporters: ExporterTable; batch: ReturnType<typeof createFlowBatch> },
): void {
  const words = Uint32Array.of(0, 0, 0xffff, spec.address);
  const exporter = exporters.touch(words, 0, 0, 'netflow-v9', ROUTERS_START_MS + atMs);
  exporter.records++;
  exporter.setSamplingRate(spec.sampling ?? 1, new Rejections());
  const row = batch.length++;
  batch.observedMs[row] = ROUTERS_START_MS + atMs;
  batch.startMs[row] = ROUTERS_START_MS + startMs;
  batch.endMs[row] = ROUTERS_START_MS + endMs;
  batch.exporter[row] = exporter.index;
  batch.samplingRate[row] = spec.sampling ?? 1;
  batch.packets[row] = packets;
  batch.bytes[row] = 500 * packets;
  batch.ipVersion[row] = 4;
  batch.layer[row] = 0;
  batch.srcAddr.set([0, 0, 0xffff, flow.src], 4 * row);
  batch.dstAddr.set([0, 0, 0xffff, flow.dst], 4 * row);
  batch.srcPort[row] = flow.srcPort;
  batch.dstPort[row] = flow.dstPort;
  batch.proto[row] = flow.proto;
  batch.tcpFlags[row] = 0x1b;
  batch.present[row] = HAS.srcAddr | HAS.dstAddr | HAS.srcPort | HAS.dstPort | HAS.proto | HAS.tcpFlags;
}
