import { Rejections } from '../../src/model/rejection.ts';
import { createRequestBatch, type RequestBatch, type RequestSink } from '../../src/model/request-batch.ts';
import { LogDecoder } from '../../src/wire/log/log-decoder.ts';
import { type BenchCase, type BenchResult, measure, runCases } from '../harness.ts';
import { caddyLine, combinedLine, jsonLine, type LogLines, makeLog } from '../make/access-log.ts';

const SEED = 5;
const SHAPE = { perSecond: 2000, clients: 20_000, paths: 5000 } as const;
/** Lines that are made; a run goes over them as often as it takes. */
const LINES = 100_000;
/** As a file is read. */
const CHUNK_BYTES = 128 * 1024;
const ROWS = 2048;
const TEXT_BYTES = 768 * 1024;

/** Decodes `size` lines in chunks, with the rows handed over after each as `ingestLogs` does. */
function run(log: LogLines, size: number): BenchResult {
  const rounds = Math.max(1, Math.round(size / log.lines));
  const batch = createRequestBatch(ROWS, TEXT_BYTES);
  return measure(rounds * log.lines, () => {
    const sink = new HashSink();
    const decoder = new LogDecoder(new Rejections());
    for (let round = 0; round < rounds; round++) {
      for (let at = 0; at < log.bytes.length; at += CHUNK_BYTES) {
        decoder.decode(log.bytes, at, Math.min(log.bytes.length, at + CHUNK_BYTES), batch, sink);
        sink.take(batch);
      }
    }
    if (sink.rows !== rounds * log.lines) throw new Error(`${sink.rows} rows of ${rounds * log.lines} lines`);
    return sink.hash;
  });
}

/** Hashes one row of each batch over columns of all kinds: enough that none can be left out, and next to no time. */
class HashSink implements RequestSink {
  hash = 0;
  rows = 0;

  take(batch: RequestBatch): void {
    this.rows += batch.length;
    if (batch.length > 0) {
      const row = batch.length >> 1;
      let hash = this.hash ^ batch.client[4 * row + 3] ^ batch.present[row] ^ batch.method[row];
      hash = Math.imul(hash, 31) + batch.timeMs[row] + batch.bytes[row] + batch.status[row];
      hash = Math.imul(hash, 31) + batch.path.length[row] + batch.userAgent.length[row] + batch.referrer.length[row];
      hash = Math.imul(hash, 31) + batch.text[batch.path.at[row] + 1] + batch.text[batch.userAgent.at[row]];
      this.hash = hash >>> 0;
    }
    batch.length = 0;
    batch.textLength = 0;
  }
}

const SIZES = { small: 40_000, full: 4_000_000 } as const;

export const cases: readonly BenchCase[] = [
  {
    name: 'wire/log-combined',
    unit: 'lines',
    goal: 2.5e6,
    sizes: SIZES,
    run: (size) => run(makeLog(combinedLine, { ...SHAPE, lines: LINES }, SEED), size),
  },
  {
    name: 'wire/log-json',
    unit: 'lines',
    goal: 1e6,
    sizes: SIZES,
    run: (size) => run(makeLog(jsonLine, { ...SHAPE, lines: LINES }, SEED), size),
  },
  {
    name: 'wire/log-caddy',
    unit: 'lines',
    sizes: SIZES,
    run: (size) => run(makeLog(caddyLine, { ...SHAPE, lines: LINES }, SEED), size),
  },
];

if (import.meta.main) await runCases(cases);
