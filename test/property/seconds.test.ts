import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatAddress } from '../../src/base/ip.ts';
import { formatPrefix, type Prefix, prefixContains } from '../../src/base/prefix.ts';
import { createFlowBatch } from '../../src/model/flow-batch.ts';
import { CLASS_COUNT } from '../../src/model/traffic-class.ts';
import { classifyRows, UNCOUNTED } from '../../src/sketch/classify.ts';
import type { FrequentItems } from '../../src/sketch/frequent-items.ts';
import { SECOND_LIMITS, Second, type SecondLimits } from '../../src/sketch/second.ts';
import { type EncodedSecond, encodeSecond, mergeEncoded, transfersOf } from '../../src/sketch/second-codec.ts';
import { CELL_LAG, CELL_PACKETS, CELL_STRIDE } from '../../src/sketch/table-cells.ts';
import { address, prefix, putRow, type RowSpec } from '../support/flow-rows.ts';

/*
 * Any division of any rows over any number of workers gives the same second once merged, in any order: exactly, but for the tops,
 * which keep their stated bound.
 */

const SEED = 41;
const NOW = 1_700_000_000_000;
const SMALL: SecondLimits = {
  table: { rowsMax: 4096, cellsMax: 8192 },
  watch: { targetsMax: 16, detailsMax: 16 },
  sampleRows: 24,
};
const NETWORKS = ['192.0.2.0/24', '198.18.0.0/15', '2001:db8:1::/48'].map(prefix);
const WATCHED = ['192.0.2.1', '192.0.2.0/24', '198.18.0.0/15', '2001:db8:1::1', '2001:db8:1::/64', '203.0.113.9'];
/** Bit masks of traffic classes that share a detail: TCP, UDP, the others. */
const GROUPS = [0x3fe, 0x7ffc00, 0xf800001];

const v4Host = fc.tuple(fc.constantFrom('192.0.2', '198.18.7', '203.0.113', '10.0.0'), fc.nat(12));
const anyAddress = fc.oneof(
  { weight: 4, arbitrary: v4Host.map(([net, host]) => `${net}.${host}`) },
  { weight: 2, arbitrary: fc.nat(12).map((host) => `2001:db8:1::${host.toString(16)}`) },
  { weight: 1, arbitrary: fc.ipV4() },
  { weight: 1, arbitrary: fc.nat(0xffff).map((net) => `2001:db8:2:${net.toString(16)}::1`) },
);

const port = fc.oneof(fc.constantFrom(53, 123, 443, 80, 11211), fc.nat(65_535));
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 5 });

const row: fc.Arbitrary<RowSpec> = fc
  .record({
    src: anyAddress,
    dst: anyAddress,
    ports: optional(fc.tuple(port, port)),
    proto: fc.oneof({ weight: 6, arbitrary: fc.constantFrom(6, 17) }, { weight: 1, arbitrary: fc.nat(255) }),
    tcpFlags: optional(fc.nat(255)),
    icmpType: optional(fc.nat(255)),
    fragment: optional(fc.nat(2)),
    ttl: optional(fc.nat(255)),
    srcAs: optional(fc.nat(70_000)),
    packets: fc.oneof(fc.nat(5), fc.nat(5000)),
    size: fc.integer({ min: 20, max: 1500 }),
    samplingRate: fc.constantFrom(0, 1, 1, 10, 1000, 4096),
    ageMs: fc.oneof(fc.constant(0), fc.nat(120_000)),
    exporter: fc.constantFrom(0, 1, 0xffffffff),
    layer: fc.constantFrom(0, 0, 0, 1, 2),
  })
  .map(({ ports, size, ageMs, ...spec }) => ({
    ...Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined)),
    ...(ports === undefined ? {} : { srcPort: ports[0], dstPort: ports[1] }),
    bytes: size * spec.packets,
    observedMs: NOW + 500,
    startMs: NOW + 500 - ageMs,
    endMs: NOW + 500,
  }));

/** A second with the watch list of all, and the rows counted in batches of a given size. */
function count(rows: readonly RowSpec[], batchRows: number, networks: readonly Prefix[], limits: SecondLimits): Second {
  const second = new Second(SEED, networks, limits);
  second.begin(NOW / 1000);
  for (const [at, text] of WATCHED.entries()) {
    const { words, length } = prefix(text);
    const slot = second.watch.watch(words, 0, length);
    // Some tops look at every row, some at one in two or four, some targets have no detail for the third group.
    for (let group = 0; group < (at % 2 === 0 ? 3 : 2); group++)
      second.watch.addDetail(slot, GROUPS[group], at < 3 ? 0 : at - 3);
  }
  const batch = createFlowBatch(batchRows);
  const classes = new Uint8Array(batchRows);
  const flush = (): void => {
    classifyRows(batch, 0, batch.length, classes);
    second.add(batch, classes, 0, batch.length);
    batch.length = 0;
  };
  for (const spec of rows) {
    putRow(batch, spec);
    if (batch.length === batchRows) flush();
  }
  flush();
  return second;
}

/** Everything that must be equal, in an order of its own. */
function exact(second: Second): unknown {
  const { table, sample, watch } = second;
  const rows: string[] = [];
  for (let at = 0; at < table.rows; at++) {
    const cells: string[] = [];
    for (let cell = table.firstCell(at); cell >= 0; cell = table.nextCell(cell)) {
      const counters = table.cellData.slice(cell + CELL_PACKETS, cell + CELL_STRIDE);
      cells.push(`${table.classOf(cell)}: ${table.flowsOf(cell)} ${counters.join(' ')}`);
    }
    rows.push(`${formatAddress(table.wordsOf(at))} flags ${table.flagsOf(at)} { ${cells.sort().join(', ')} }`);
  }
  const sampled = Array.from({ length: sample.length }, (_, at) =>
    [
      sample.hash[at],
      formatAddress(sample.srcAddr, 4 * at),
      formatAddress(sample.dstAddr, 4 * at),
      sample.srcPort[at],
      sample.dstPort[at],
      sample.trafficClass[at],
      sample.proto[at],
      sample.tcpFlags[at],
      sample.ttl[at],
      sample.srcAs[at],
      sample.exporter[at],
      sample.packets[at],
      sample.bytes[at],
    ].join(' '),
  );
  const targets = Array.from({ length: watch.size }, (_, slot) => ({
    target: formatPrefix(watch.keys, watch.lengths[slot], 4 * slot),
    outPackets: watch.outPackets.slice(CLASS_COUNT * slot, CLASS_COUNT * (slot + 1)),
    outBytes: watch.outBytes[slot],
  }));
  const details = watch.details.slice(0, watch.detailsUsed).map((detail) => ({
    sources: detail.sources,
    srcPorts: detail.srcPorts,
    dstPorts: detail.dstPorts,
    addresses: detail.addresses,
    ttls: detail.ttls,
    sizes: detail.sizes,
    rows: detail.rows,
    thinBits: detail.thinBits,
    totals: [detail.topSources.total, detail.topSrcPorts.total, detail.topDstPorts.total],
  }));
  return {
    totals: [second.packets, second.bytes, second.flows],
    table: { cells: table.cells, folded: table.folded, rows: rows.sort() },
    sample: { threshold: sample.threshold, rows: sampled.sort() },
    targets,
    details,
  };
}

/** Packets by key, straight from the rows that a detail of an unthinned target covers. */
function truths(rows: readonly RowSpec[], networks: readonly Prefix[], watched: Prefix, classes: number): Truth {
  const truth: Truth = { sources: new Map(), srcPorts: new Map(), dstPorts: new Map() };
  const batch = createFlowBatch(Math.max(1, rows.length));
  for (const spec of rows) putRow(batch, spec);
  const trafficClasses = new Uint8Array(batch.capacity);
  classifyRows(batch, 0, batch.length, trafficClasses);
  const inside = (words: Uint32Array): boolean =>
    networks.length === 0 || networks.some((network) => prefixContains(network, words));
  rows.forEach((spec, at) => {
    const src = address(spec.src ?? '::');
    const dst = address(spec.dst ?? '::');
    const counted = trafficClasses[at] !== UNCOUNTED && (inside(dst) || inside(src));
    if (!counted || !prefixContains(watched, dst) || ((classes >>> trafficClasses[at]) & 1) === 0) return;
    const packets = (spec.packets ?? 1) * Math.max(1, spec.samplingRate ?? 1);
    for (const [map, key] of [
      [truth.sources, formatAddress(src)],
      [truth.srcPorts, `${spec.srcPort ?? 0}`],
      [truth.dstPorts, `${spec.dstPort ?? 0}`],
    ] as const)
      map.set(key, (map.get(key) ?? 0) + packets);
  });
  return truth;
}

interface Truth {
  readonly sources: Map<string, number>;
  readonly srcPorts: Map<string, number>;
  readonly dstPorts: Map<string, number>;
}

/** The stated bound: no estimate is off by more than `errorMax`, and that is at most the total over half of the room. */
function withinBound(items: FrequentItems, truth: ReadonlyMap<string, number>, isPort: boolean): void {
  assert.ok(items.errorMax <= items.total / (items.capacity / 2));
  const held = new Map<string, number>();
  for (const slot of items.top(items.capacity)) {
    const key = isPort ? `${items.keys[4 * slot + 3]}` : formatAddress(items.keys, 4 * slot);
    held.set(key, items.counts[slot]);
    assert.ok(truth.has(key), `${key} was never seen`);
  }
  let total = 0;
  for (const [key, packets] of truth) {
    total += packets;
    const estimate = held.get(key) ?? 0;
    assert.ok(Math.abs(packets - estimate) <= items.errorMax, `${key}: ${packets} packets, told ${estimate}`);
    assert.ok(packets <= items.errorMax || held.has(key), `${key} is missing with ${packets} packets`);
  }
  assert.equal(items.total, total);
}

function checkTops(second: Second, rows: readonly RowSpec[], networks: readonly Prefix[]): void {
  const { watch } = second;
  for (let slot = 0; slot < watch.size; slot++) {
    const watched = { words: watch.keys.slice(4 * slot, 4 * slot + 4), length: watch.lengths[slot] };
    for (const classes of GROUPS) {
      const detail = watch.detail(slot, 31 - Math.clz32(classes));
      if (detail === undefined || detail.thinBits > 0) continue;
      const truth = truths(rows, networks, watched, classes);
      withinBound(detail.topSources, truth.sources, false);
      withinBound(detail.topSrcPorts, truth.srcPorts, true);
      withinBound(detail.topDstPorts, truth.dstPorts, true);
    }
  }
}

/** How rows are divided: in turn, in runs, almost all to one, or at random. */
const division = fc.record({
  workers: fc.integer({ min: 1, max: 6 }),
  kind: fc.constantFrom('turn', 'runs', 'uneven', 'random' as const),
  dice: fc.array(fc.nat(5), { minLength: 64, maxLength: 64 }),
  batchRows: fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 6, maxLength: 6 }),
  order: fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6, maxLength: 6 }),
  networks: fc.boolean(),
});
type Division = typeof division extends fc.Arbitrary<infer D> ? D : never;

function workerOf({ workers, kind, dice }: Division, at: number, rows: number): number {
  switch (kind) {
    case 'turn':
      return at % workers;
    case 'runs':
      return Math.floor((at * workers) / rows);
    case 'uneven':
      return at % 16 === 0 ? dice[at % 64] % workers : 0;
    default:
      return dice[(at * 37 + (at >>> 6)) % 64] % workers;
  }
}

function checkDivision(rows: readonly RowSpec[], how: Division, limits: SecondLimits): void {
  const networks = how.networks ? NETWORKS : [];
  const whole = count(rows, 128, networks, limits);
  checkTops(whole, rows, networks);
  const shares: RowSpec[][] = Array.from({ length: how.workers }, () => []);
  rows.forEach((spec, at) => {
    shares[workerOf(how, at, rows.length)].push(spec);
  });
  const [first, ...others] = how.order
    .filter((worker) => worker < how.workers)
    .map((worker) => count(shares[worker], how.batchRows[worker], networks, limits));
  const sent = new Second(SEED, networks, limits);
  sent.begin(NOW / 1000);
  for (const share of [first, ...others]) mergeEncoded(sent, overThreads(share), SEED);
  assert.deepEqual(exact(sent), exact(whole));
  checkTops(sent, rows, networks);
  // Neighbours merge first where there are enough: merging is associative, too.
  if (others.length >= 3) {
    const [left, right] = others.splice(0, 2);
    left.merge(right);
    others.push(left);
  }
  for (const other of others) first.merge(other);
  assert.deepEqual(exact(first), exact(whole));
  checkTops(first, rows, networks);
}

/** An encoded second as another thread receives it. */
function overThreads(second: Second): EncodedSecond {
  const encoded = encodeSecond(second);
  return structuredClone(encoded, { transfer: transfersOf(encoded) });
}

test('any division of any rows over any number of workers gives the same second', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 250, size: 'max' }), division, (rows, how) => {
      checkDivision(rows, how, SMALL);
    }),
    { numRuns: 100 },
  );
});

/** Rows of one flood: more sources and ports than the tops of its details have room for. */
const flooded = fc
  .tuple(fc.nat(600), fc.nat(600), fc.nat(12), fc.integer({ min: 1, max: 3000 }), fc.constantFrom(1, 100))
  .map(
    ([source, srcPort, host, packets, samplingRate]): RowSpec => ({
      src: `10.${source >>> 8}.${source & 255}.1`,
      dst: `192.0.2.${host}`,
      proto: 17,
      srcPort: 20_000 + srcPort,
      dstPort: 40_000 + (srcPort % 90),
      packets,
      bytes: 500 * packets,
      samplingRate,
      exporter: 0,
      observedMs: NOW + 500,
    }),
  );

test('tops that overflow keep their bound through every merge', () => {
  let overflowed = 0;
  fc.assert(
    fc.property(fc.array(flooded, { minLength: 400, maxLength: 900, size: 'max' }), division, (rows, how) => {
      checkDivision(rows, how, SMALL);
      const { watch } = count(rows, 128, [], SMALL);
      for (const detail of watch.details) if (detail.topSources.errorMax > 0) overflowed++;
    }),
    { numRuns: 6 },
  );
  assert.ok(overflowed > 0, 'some had more sources than room');
});

test('and so it does with the limits that are used', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 250, size: 'max' }), division, (rows, how) => {
      checkDivision(rows, how, SECOND_LIMITS);
    }),
    { numRuns: 8 },
  );
});

test('a full table conserves totals however rows were divided, though rows fold differently', () => {
  const limits = { ...SMALL, table: { rowsMax: 32, cellsMax: 40 } };
  fc.assert(
    fc.property(fc.array(row, { maxLength: 250, size: 'max' }), division, (rows, how) => {
      const whole = count(rows, 128, [], limits);
      const [first, ...others] = Array.from({ length: how.workers }, (_, worker) =>
        count(
          rows.filter((_row, at) => workerOf(how, at, rows.length) === worker),
          how.batchRows[worker],
          [],
          limits,
        ),
      );
      for (const other of others) first.merge(other);
      for (const second of [whole, first]) {
        assert.ok(second.table.rows <= 32 && second.table.cells <= 40);
        assert.deepEqual(totals(second), totals(count(rows, 128, [], SMALL)));
      }
    }),
    { numRuns: 15 },
  );
});

/** Sums over all cells: flows, packets, bytes, variance and lag. */
function totals({ table }: Second): number[] {
  const sums = new Array<number>(1 + CELL_LAG - CELL_PACKETS + 1).fill(0);
  for (let row = 0; row < table.rows; row++) {
    for (let cell = table.firstCell(row); cell >= 0; cell = table.nextCell(cell)) {
      sums[0] += table.flowsOf(cell);
      for (let at = CELL_PACKETS; at <= CELL_LAG; at++) sums[1 + at - CELL_PACKETS] += table.cellData[cell + at];
    }
  }
  return sums;
}

test('details made from a whole sample are those of a target that was watched all along', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 200, size: 'max' }), fc.boolean(), (rows, guarded) => {
      const networks = guarded ? NETWORKS : [];
      const second = count(rows, 64, networks, { ...SMALL, sampleRows: 512 });
      assert.equal(second.sample.share(), 1);
      const target = prefix('192.0.2.0/24');
      const later = new Second(SEED, networks, SMALL).watch;
      const slot = later.watch(target.words, 0, target.length);
      for (const classes of GROUPS) later.addDetail(slot, classes, 0);
      second.detailFromSample(later);
      const watched = second.watch.find(target.words, 0, target.length);
      for (const classes of GROUPS.slice(0, 2)) {
        const group = 31 - Math.clz32(classes);
        const [made, kept] = [later.detail(slot, group), second.watch.detail(watched, group)];
        assert.ok(made !== undefined && kept !== undefined);
        for (const key of ['rows', 'sources', 'srcPorts', 'dstPorts', 'addresses', 'ttls', 'sizes'] as const)
          assert.deepEqual(made[key], kept[key], key);
      }
      for (let trafficClass = 0; trafficClass < CLASS_COUNT; trafficClass++) {
        const [made, kept] = [slot, watched].map((at) => at * CLASS_COUNT + trafficClass);
        assert.equal(later.outPackets[made], second.watch.outPackets[kept]);
      }
      assert.equal(later.outBytes[slot], second.watch.outBytes[watched]);
    }),
    { numRuns: 15 },
  );
});
