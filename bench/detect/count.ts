import { assert } from '../../src/base/errors.ts';
import { type Prefix, parsePrefix } from '../../src/base/prefix.ts';
import { Random } from '../../src/base/random.ts';
import { Detector } from '../../src/detect/network/detector.ts';
import { createFlowBatch, type FlowBatch } from '../../src/model/flow-batch.ts';
import { HAS } from '../../src/model/flow-columns.ts';
import { SecondStream } from '../../src/sketch/second-stream.ts';
import { type BenchCase, type BenchResult, measure, runCases } from '../harness.ts';

const BATCH = 4096;
const SEED = 42;
const SECONDS = 10;

interface Mix {
  /** Different rows. */
  readonly rows: number;
  /** Destinations in ordinary traffic; the popular ones get most of it. */
  readonly destinations: number;
  /** Share of the rows that are a SYN flood from random sources on one of them. */
  readonly floodShare: number;
  /**
   * `served`: sessions of 8 packets and more, and queries to one address in 512, which is a name server. `asked`: every tenth record is a
   * query, whatever address it goes to, and every eighth a connection that carries next to nothing; nobody takes that for peace.
   */
  readonly web: 'served' | 'asked';
  /** Share of the rows that answer: from a site to its client. */
  readonly answerShare?: number;
  readonly networks?: readonly Prefix[];
}

/** All destinations of the benches. */
const NETWORK = parsePrefix('198.18.0.0/15')!;

/**
 * Flow records of a network: web traffic towards `destinations` addresses (an eighth of them get most of it), name queries,
 * and a flood. Made before the clock runs; replayed once a second of event time.
 */
function makeBatches(rows: number, mix: Mix): FlowBatch[] {
  const random = new Random(SEED);
  const batches: FlowBatch[] = [];
  for (let made = 0; made < rows; made += BATCH) {
    const batch = createFlowBatch(BATCH);
    for (let row = 0; row < BATCH; row++) {
      const at = 4 * row;
      const flood = random.unit() < mix.floodShare;
      const kind = random.unit();
      const query = kind >= (mix.web === 'asked' ? 0.9 : 0.98);
      const popular = Math.floor(mix.destinations * random.unit() ** 3);
      const site = query && mix.web === 'served' ? popular | 511 : popular;
      batch.srcAddr[at + 2] = 0xffff;
      batch.srcAddr[at + 3] = flood ? random.uint32() : (0x0b000000 + random.below(200_000)) >>> 0;
      batch.dstAddr[at + 2] = 0xffff;
      batch.dstAddr[at + 3] = (0xc6120000 + (flood ? 7 : site)) >>> 0;
      batch.ipVersion[row] = 4;
      batch.layer[row] = 0;
      batch.exporter[row] = 0;
      batch.samplingRate[row] = 1;
      batch.proto[row] = flood || !query ? 6 : 17;
      batch.srcPort[row] = 1024 + random.below(60_000);
      batch.dstPort[row] = query ? 53 : 443;
      batch.tcpFlags[row] = flood ? 2 : 27;
      batch.packets[row] = flood ? 1 : mix.web === 'asked' ? 4 + random.below(20) : query ? 1 : 8 + random.below(24);
      batch.bytes[row] = batch.packets[row] * (flood ? 40 : 600);
      batch.present[row] =
        HAS.srcAddr | HAS.dstAddr | HAS.proto | HAS.srcPort | HAS.dstPort | (batch.proto[row] === 6 ? HAS.tcpFlags : 0);
      if (random.unit() < (mix.answerShare ?? 0)) turn(batch, row);
    }
    batches.push(batch);
  }
  return batches;
}

/** Makes a row the answer to what it was. */
function turn(batch: FlowBatch, row: number): void {
  const at = 4 * row + 3;
  [batch.srcAddr[at], batch.dstAddr[at]] = [batch.dstAddr[at], batch.srcAddr[at]];
  [batch.srcPort[row], batch.dstPort[row]] = [batch.dstPort[row], batch.srcPort[row]];
}

/** Counts `size` rows over ten seconds of event time and detects in every second. */
function run(size: number, mix: Mix): BenchResult {
  // Enough different rows that the tables see a network; few enough that reading them costs what a decoder's own batch costs.
  const batches = makeBatches(Math.min(size, mix.rows), mix);
  const rounds = Math.max(1, Math.floor(size / (batches.length * BATCH)));
  const items = rounds * batches.length * BATCH;
  const perSecond = Math.ceil((rounds * batches.length) / SECONDS);
  const networks = mix.networks ?? [];
  return measure(
    items,
    () => {
      const detector = new Detector({ seed: SEED, networks });
      const stream = new SecondStream({ seed: SEED, networks }, detector);
      let given = 0;
      for (let round = 0; round < rounds; round++) {
        for (const batch of batches) {
          const timeMs = 1_700_000_000_000 + 1000 * Math.floor(given++ / perSecond);
          batch.observedMs.fill(timeMs + 500);
          batch.startMs.fill(timeMs + 100);
          batch.endMs.fill(timeMs + 400);
          batch.length = BATCH;
          stream.take(batch);
        }
      }
      stream.finish();
      const attacks = detector.attacks();
      assert(mix.floodShare > 0 || mix.web === 'asked' || attacks.length === 0, 'there is peace where it says so');
      const attack = attacks[0];
      return attack === undefined ? detector.targets : Math.round(attack.evidence.packets + attack.sources.distinct);
    },
    { warmups: 1, repeats: 2 },
  );
}

const sizes = { small: 50_000, full: 8_000_000 };

const MIX: Mix = { rows: 1 << 17, destinations: 100_000, floodShare: 0, web: 'served' };

export const cases: readonly BenchCase[] = [
  {
    name: 'detect/count-peace',
    unit: 'records',
    goal: 10e6,
    sizes,
    run: (size) => run(size, MIX),
  },
  {
    name: 'detect/count-asked',
    unit: 'records',
    goal: 10e6,
    sizes,
    run: (size) => run(size, { ...MIX, web: 'asked' }),
  },
  {
    name: 'detect/count-flood',
    unit: 'records',
    goal: 10e6,
    sizes,
    run: (size) => run(size, { ...MIX, floodShare: 0.7 }),
  },
  {
    name: 'detect/count-networks',
    unit: 'records',
    sizes,
    run: (size) => run(size, { ...MIX, answerShare: 0.5, networks: [NETWORK] }),
  },
  {
    name: 'detect/count-million',
    unit: 'records',
    sizes,
    run: (size) => run(size, { ...MIX, rows: 1 << 20, destinations: 1_000_000, floodShare: 0.1 }),
  },
];

if (import.meta.main) await runCases(cases);
