import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashAddress, mix32 } from '../base/hash.ts';
import { Random } from '../base/random.ts';
import { hllError, hllEstimate } from './hyperloglog.ts';
import { ADDRESSES_PRECISION, countTtls, PORTS_PRECISION, SOURCES_PRECISION, TargetDetail } from './target-detail.ts';

const SEED = 31;

interface Row {
  readonly src: number;
  readonly dst: number;
  readonly srcPort: number;
  readonly dstPort: number;
  readonly ttl: number;
  readonly packets: number;
  readonly bytes: number;
}

function add(detail: TargetDetail, row: Row): void {
  const src = Uint32Array.of(0, 0, 0xffff, row.src);
  const dst = Uint32Array.of(0, 0, 0xffff, row.dst);
  const rowHash = mix32(row.src ^ (row.srcPort << 16) ^ row.dstPort ^ Math.imul(row.packets, 77));
  const srcHash = hashAddress(src, 0, SEED);
  const dstHash = hashAddress(dst, 0, SEED);
  detail.add(src, 0, srcHash, dstHash, rowHash, row.srcPort, row.dstPort, row.ttl, 64500, row.packets, row.bytes);
}

function flood(rows: number, sources: number): Row[] {
  const random = new Random(rows + sources);
  return Array.from({ length: rows }, (): Row => {
    const packets = 1 + random.below(1000);
    return {
      src: 0x0a000000 + random.below(sources),
      dst: 0xcb007100 + random.below(200),
      srcPort: random.below(5000),
      dstPort: random.below(4) === 0 ? random.below(65_536) : 443,
      ttl: 40 + random.below(20),
      packets,
      bytes: packets * (40 + random.below(1460)),
    };
  });
}

test('distinct sources, ports and addresses are told within four standard errors', () => {
  const detail = new TargetDetail(SEED);
  const rows = flood(50_000, 20_000);
  for (const row of rows) add(detail, row);
  const distinct = (of: (row: Row) => number): number => new Set(rows.map(of)).size;
  for (const [registers, precision, want] of [
    [detail.sources, SOURCES_PRECISION, distinct((row) => row.src)],
    [detail.srcPorts, PORTS_PRECISION, distinct((row) => row.srcPort)],
    [detail.dstPorts, PORTS_PRECISION, distinct((row) => row.dstPort)],
    [detail.addresses, ADDRESSES_PRECISION, distinct((row) => row.dst)],
  ] as const) {
    assert.equal(registers.length, 2 ** precision);
    const error = Math.abs(hllEstimate(registers, 0, precision) / want - 1);
    assert.ok(error <= 4 * hllError(precision), `${want} distinct: off by ${error}`);
  }
  assert.equal(detail.rows, rows.length);
  assert.equal(countTtls(detail.ttls), 20);
  const packets = rows.reduce((sum, row) => sum + row.packets, 0);
  assert.equal(detail.topSources.total, packets);
  assert.equal(detail.topDstPorts.total, packets);
  assert.equal(
    detail.sizes.reduce((sum, step) => sum + step, 0),
    packets,
  );
  // As the source says: low by at most 1/128 of the packets, ports by 1/32.
  assert.ok(detail.topSources.errorMax <= packets / 128);
  assert.ok(detail.topSrcPorts.errorMax <= packets / 32);
  const [top] = detail.topDstPorts.top(1);
  const truth = rows.reduce((sum, row) => sum + (row.dstPort === 443 ? row.packets : 0), 0);
  assert.equal(detail.topDstPorts.keys[4 * top + 3], 443);
  assert.ok(Math.abs(detail.topDstPorts.counts[top] - truth) <= packets / 32);
});

test('packets fall into steps of 128 bytes by their mean, the last takes the rest', () => {
  const detail = new TargetDetail(SEED);
  const base = { src: 1, dst: 2, srcPort: 3, dstPort: 4, ttl: 0 };
  for (const [bytes, packets] of [
    [127, 1],
    [128, 1],
    [2550, 10],
    [1536, 1],
    [65_535, 1],
    [0, 1],
  ] as const)
    add(detail, { ...base, packets, bytes });
  assert.deepEqual([...detail.sizes], [2, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
  assert.equal(countTtls(detail.ttls), 0, 'an unknown TTL is none');
  add(detail, { ...base, ttl: 255, packets: 1, bytes: 1 });
  add(detail, { ...base, ttl: 1, packets: 1, bytes: 1 });
  assert.equal(countTtls(detail.ttls), 2);
});

test('thinned tops stand for the whole, and distinct sources are not thinned', () => {
  const rows = flood(60_000, 300);
  const packets = rows.reduce((sum, row) => sum + row.packets, 0);
  const whole = new TargetDetail(SEED);
  for (const row of rows) add(whole, row);
  for (const thinBits of [1, 3, 5]) {
    const thin = new TargetDetail(SEED);
    thin.thinBits = thinBits;
    for (const row of rows) add(thin, row);
    assert.deepEqual(thin.sources, whole.sources);
    assert.deepEqual(thin.addresses, whole.addresses);
    assert.equal(thin.rows, rows.length);
    // A kept row has weight 2^thinBits: five standard errors of the sum, whose rows have a mean square near 1000²/3.
    const error = 5 * Math.sqrt(rows.length * (2 ** thinBits - 1) * (1000 ** 2 / 3));
    assert.ok(Math.abs(thin.topSources.total - packets) <= error, `${thin.topSources.total} of ${packets}`);
  }
});

test('a cleared detail is as a new one', () => {
  const detail = new TargetDetail(SEED);
  detail.thinBits = 1;
  for (const row of flood(500, 100)) add(detail, row);
  detail.clear();
  const fresh = new TargetDetail(SEED);
  for (const key of ['sources', 'srcPorts', 'dstPorts', 'addresses', 'ttls', 'sizes', 'rows', 'thinBits'] as const)
    assert.deepEqual(detail[key], fresh[key], key);
  assert.deepEqual([detail.topSources.size, detail.topSrcPorts.total, detail.topDstPorts.errorMax], [0, 0, 0]);
});
