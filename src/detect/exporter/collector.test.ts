import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { lookAtRows, prefix, putRow, type RowSpec } from '../../../test/support/flow-rows.ts';
import { createFlowBatch } from '../../model/flow-batch.ts';
import { HAS, NO_EXPORTER } from '../../model/flow-columns.ts';
import { Rejections } from '../../model/rejection.ts';
import { UNCOUNTED } from '../../sketch/classify.ts';
import { ExporterTable } from '../../wire/exporter.ts';
import { ExporterFactsCollector } from './collector.ts';
import { createDuplicateVolumes } from './duplicate-guard.ts';
import { exporterKey } from './facts.ts';
import { KEYS_MAX, LIMIT_ALL } from './key-sample.ts';
import { histogramQuantile, histogramTotal } from './log-histogram.ts';
import { NetworkIndex } from './network-index.ts';

const NOW = 1_750_000_000_000;
const NETWORKS = [prefix('198.51.100.0/24'), prefix('2001:db8::/32')];

function bench(exporterCount = 1, volumes = createDuplicateVolumes()) {
  const exporters = new ExporterTable(new Rejections());
  const collector = new ExporterFactsCollector({ seed: 1, networks: NETWORKS, exporters, volumes });
  for (let at = 0; at < exporterCount; at++) {
    const exporter = exporters.touch(Uint32Array.of(0, 0, 0xffff, 0xc0000201 + at), 0, 0, 'netflow-v9', NOW);
    exporter.setSamplingRate(1, new Rejections());
  }
  const batch = createFlowBatch(4096);
  const classes = new Uint8Array(4096);
  const add = (rows: readonly RowSpec[]): Uint8Array => {
    batch.length = 0;
    for (const row of rows) {
      const at = putRow(batch, row);
      batch.inIf[at] = 3;
      batch.outIf[at] = 4;
      batch.present[at] |= HAS.inIf | HAS.outIf;
    }
    lookAtRows(collector, batch, classes);
    return classes.slice(0, batch.length);
  };
  return { exporters, collector, add };
}

const row = (at: number, changed: RowSpec = {}): RowSpec => ({
  exporter: 0,
  observedMs: NOW,
  startMs: NOW - 20_000,
  endMs: NOW - 15_000,
  src: `10.0.${(at >> 8) & 255}.${at & 255}`,
  dst: `198.51.100.${1 + (at % 200)}`,
  proto: 6,
  tcpFlags: 0x1b,
  srcPort: 1024 + at,
  dstPort: 443,
  ...changed,
});

describe('facts', () => {
  it('tell what the rows looked at say, and begin anew when they are taken', () => {
    const { exporters, collector, add } = bench();
    const state = exporters.list()[0];
    for (let times = 0; times < 20; times++) {
      state.records += 300;
      add(
        Array.from({ length: 300 }, (_, at) =>
          at % 4 === 0 ? row(at, { src: '198.51.100.9', dst: '10.0.0.1' }) : row(at),
        ),
      );
    }
    exporters.touch(state.addressWords, 0, 0, 'netflow-v9', NOW + 7000);
    const [facts] = collector.take(NOW + 60_000);
    const { counters } = facts;
    assert.deepEqual(
      [facts.address, facts.key, counters.records],
      ['192.0.2.1', exporterKey('192.0.2.1', 'netflow-v9', 0), 6000],
    );
    assert.ok(Math.abs(counters.looked - 6000 / 17) < 2, `${counters.looked}`);
    assert.equal(counters.towards + counters.from, counters.looked);
    assert.ok(Math.abs(counters.from / counters.looked - 0.25) < 0.1);
    assert.deepEqual(facts.interfaces, [
      { index: 3, input: counters.looked, output: 0 },
      { index: 4, input: 0, output: counters.looked },
    ]);
    assert.ok(Math.abs(histogramQuantile(facts.durations, 0.5) - 5000) < 400);
    assert.ok(Math.abs(histogramQuantile(facts.delays, 0.5) - 15_000) < 1000);
    assert.equal(facts.silenceMaxMs, 7000);
    assert.deepEqual(collector.take(NOW + 120_000), []);
    exporters.touch(state.addressWords, 0, 0, 'netflow-v9', NOW + 8000);
    const [next] = collector.take(NOW + 180_000);
    assert.deepEqual([next.counters.datagrams, next.counters.records, next.counters.looked], [1, 0, 0]);
    assert.equal(histogramTotal(next.durations), 0);
    assert.deepEqual([next.keys.packets.length, next.interfaces], [0, []]);
  });

  it('go on where another collector ended, as on a reload', () => {
    const { exporters, collector } = bench();
    const [state] = exporters.list();
    state.records = 100;
    assert.deepEqual(
      collector.take(NOW).map(({ counters }) => counters.records),
      [100],
    );
    const next = new ExporterFactsCollector({ seed: 1, networks: [], exporters });
    assert.deepEqual(next.take(NOW), []);
    state.records += 7;
    exporters.touch(state.addressWords, 0, 0, 'netflow-v9', NOW);
    assert.deepEqual(
      next.take(NOW).map(({ counters }) => [counters.datagrams, counters.records]),
      [[1, 7]],
    );
  });

  it('are of each exporter for itself, also where an index is given to another', () => {
    const exporters = new ExporterTable(new Rejections(), { exportersMax: 1 });
    const batch = createFlowBatch(64);
    const classes = new Uint8Array(64);
    const collector = new ExporterFactsCollector({ seed: 1, networks: NETWORKS, exporters });
    for (const address of [1, 2]) {
      exporters.touch(Uint32Array.of(0, 0, 0xffff, address), 0, 0, 'ipfix', NOW);
      for (let at = 0; at < 64 * address; at++) {
        batch.length = 0;
        putRow(batch, row(at));
        lookAtRows(collector, batch, classes);
      }
    }
    const facts = collector.take(NOW);
    assert.deepEqual(
      facts.map(({ address, counters }) => [address, counters.looked]),
      [['0.0.0.2', 8]],
    );
  });

  it('are none of captured packets, nor of rows that count for nobody', () => {
    const { collector, add } = bench();
    add(Array.from({ length: 600 }, (_, at) => row(at, { exporter: NO_EXPORTER })));
    add(Array.from({ length: 600 }, (_, at) => row(at, { dst: '224.0.0.1' })));
    const [facts] = collector.take(NOW);
    assert.deepEqual([facts.counters.looked, facts.keys.packets.length], [0, 0]);
  });
});

describe('sampled keys', () => {
  it('are the same for two exporters of the same flows, whatever else each of them tells', () => {
    const { exporters, collector, add } = bench(2);
    const flows = Array.from({ length: 3000 }, (_, at) => row(at));
    add([...flows, ...flows.slice(0, 1000)]);
    add(flows.map((flow) => ({ ...flow, exporter: 1 })).reverse());
    for (let at = 0; at < 12; at++) {
      add(
        Array.from({ length: 4000 }, (_, more) => row(9999 + 4000 * at + more, { exporter: 1, src: `10.9.${at}.1` })),
      );
    }
    for (const exporter of exporters.list()) exporter.datagrams++;
    const [one, two] = collector.take(NOW).map((facts) => facts.keys);
    assert.ok(one.packets.length > 3000 / 16 && one.packets.length <= KEYS_MAX);
    assert.equal(two.packets.length > KEYS_MAX / 4 && two.packets.length <= KEYS_MAX, true);
    assert.ok(one.complete && two.limit < LIMIT_ALL);
    const keys = new Set<string>();
    for (let at = 0; at < two.hashes.length; at += 2) keys.add(`${two.hashes[at]} ${two.hashes[at + 1]}`);
    let compared = 0;
    for (let at = 0; at < one.hashes.length; at += 2) {
      if (one.hashes[at] >= two.limit) continue;
      compared++;
      assert.ok(keys.has(`${one.hashes[at]} ${one.hashes[at + 1]}`));
    }
    assert.ok(compared > 5);
  });

  it('pass over what a flood of one port pair brings, and say so', () => {
    const { exporters, collector, add } = bench();
    // Whether the sum of two ports is looked at depends on the ports alone: of eight pairs, about one is.
    for (let port = 1; port < 40; port++) {
      add(Array.from({ length: 4000 }, (_, at) => row(at, { srcPort: port, dstPort: 53, proto: 17 })));
    }
    for (const exporter of exporters.list()) exporter.datagrams++;
    const [facts] = collector.take(NOW);
    assert.equal(facts.keys.complete, false);
    assert.ok(facts.keys.packets.length <= KEYS_MAX);
  });
});

describe('rows that are left out', () => {
  it('are none of an exporter whose index was given to another', () => {
    const exporters = new ExporterTable(new Rejections(), { exportersMax: 1 });
    const collector = new ExporterFactsCollector({
      seed: 1,
      networks: NETWORKS,
      exporters,
      volumes: createDuplicateVolumes(),
    });
    const words = Uint32Array.of(0, 0, 0xffff, 0xc0000201);
    exporters.touch(words, 0, 0, 'netflow-v9', NOW);
    const told = { key: exporterKey('192.0.2.1', 'netflow-v9', 0), slot: 0, keeperSlot: 1, all: true, places: [] };
    collector.track([told, { key: 'other', slot: 1, keeperSlot: -1, all: false, places: [] }]);
    const batch = createFlowBatch(8);
    const classes = new Uint8Array(8);
    const left = (): boolean => {
      batch.length = 0;
      putRow(batch, row(1, { observedMs: 1000 }));
      lookAtRows(collector, batch, classes);
      return classes[0] === UNCOUNTED;
    };
    assert.equal(left(), true);
    exporters.touch(Uint32Array.of(0, 0, 0xffff, 7), 0, 0, 'netflow-v9', NOW);
    assert.equal(left(), false);
  });

  it('are counted when the clock is set back, as before', () => {
    const { collector, add } = bench(2);
    const keys = ['192.0.2.1', '192.0.2.2'].map((address) => exporterKey(address, 'netflow-v9', 0));
    collector.track([
      { key: keys[0], slot: 0, keeperSlot: -1, all: false, places: [] },
      { key: keys[1], slot: 1, keeperSlot: 0, all: true, places: [] },
    ]);
    const both = (observedMs: number): boolean[] => {
      const rows = Array.from({ length: 400 }, (_, at) => row(at, { observedMs, packets: 5 }));
      add(rows);
      return [...add(rows.map((one) => ({ ...one, exporter: 1 })))].map((kind) => kind === UNCOUNTED);
    };
    assert.ok(both(NOW).every((isLeft) => isLeft));
    assert.ok(both(NOW - 3_600_000).every((isLeft) => isLeft));
    // Then the keeper falls silent.
    const late = Array.from({ length: 400 }, (_, at) => row(at, { observedMs: NOW - 3_590_000, exporter: 1 }));
    assert.ok(add(late).every((kind) => kind !== UNCOUNTED));
  });
});

describe('networks', () => {
  it('are found whatever their number and lengths: the longest prefix that holds the address', () => {
    const text = fc
      .tuple(fc.nat(3), fc.nat(255), fc.integer({ min: 1, max: 32 }))
      .map(([a, b, length]) => `10.${a}.${b}.0/${length}`);
    fc.assert(
      fc.property(fc.array(text, { maxLength: 40 }), fc.nat(3), fc.nat(255), fc.nat(255), (texts, a, b, c) => {
        const networks = texts.map(prefix);
        const words = Uint32Array.of(0, 0, 0xffff, (10 << 24) | (a << 16) | (b << 8) | c);
        const found = new NetworkIndex(networks).find(words, 0);
        const holds = networks.filter(({ words: own, length }) => {
          const bits = length - 96;
          return bits <= 0 || own[3] >>> (32 - bits) === words[3] >>> (32 - bits);
        });
        assert.equal(found >= 0, holds.length > 0);
        if (found >= 0) assert.equal(networks[found].length, Math.max(...holds.map(({ length }) => length)));
      }),
    );
  });
});
