import { Random } from '../../src/base/random.ts';
import { WebDetector } from '../../src/detect/web/web-detector.ts';
import { Rejections } from '../../src/model/rejection.ts';
import { createRequestBatch } from '../../src/model/request-batch.ts';
import { LogDecoder } from '../../src/wire/log/log-decoder.ts';
import { type BenchCase, type BenchResult, measure, runCases } from '../harness.ts';
import { combinedLine, jsonLine, type Request } from '../make/access-log.ts';
import { DISTINCT, FLOOD, type Mix, PEACE, WEB_LOG_SITE, webLog } from '../make/web-log.ts';

const SEED = 42;
const CHUNK = 1 << 18;
/** User agent of lines that are made as they are counted. */
const AGENT =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';

/** Decodes a log, which lies in memory (200 MB of combined format, 400 MB of JSON), and detects in it. */
function run(size: number, mix: Mix, format: (request: Request) => string): BenchResult {
  const held = Math.min(size, 1_000_000);
  const log = webLog(held, mix, format, SEED);
  return measure(
    held,
    () => {
      const detector = new WebDetector({ seed: SEED, siteOf: () => WEB_LOG_SITE });
      const decoder = new LogDecoder(new Rejections());
      const batch = createRequestBatch(2048, 768 * 1024);
      for (let at = 0; at < log.length; at += CHUNK) {
        const end = Math.min(log.length, at + CHUNK);
        decoder.decode(log.subarray(at, end), 0, end - at, batch, detector);
        detector.take(batch);
      }
      decoder.end(batch, detector);
      detector.take(batch);
      detector.finish();
      return Math.round(detector.counter.requests + detector.attacks().length);
    },
    { warmups: 1, repeats: 3 },
  );
}

/** Ten million clients and paths, made as they are counted: what the tables take is the memory of the process. */
function runDistinct(size: number): BenchResult {
  const random = new Random(SEED);
  return measure(
    size,
    () => {
      const detector = new WebDetector({ seed: SEED, siteOf: () => WEB_LOG_SITE });
      const decoder = new LogDecoder(new Rejections());
      const batch = createRequestBatch(2048, 768 * 1024);
      const line = `100.100.100.100 - - [09/Jun/2026:10:00:00 +0000] "GET /documents/1000000000 HTTP/1.1" 200 900 "-" "${AGENT}"\n`;
      const lines = Math.floor(CHUNK / line.length);
      const bytes = new TextEncoder().encode(line.repeat(lines));
      const [clock, path] = [line.indexOf(':10:00:00') + 1, line.indexOf('1000000000')];
      for (let made = 0; made < size; made += lines) {
        for (let at = 0; at < lines; at++) {
          const from = at * line.length;
          for (let octet = 0; octet < 4; octet++) digits(bytes, from + 4 * octet, 3, 100 + random.below(156));
          const second = Math.floor((made + at) / 2000);
          digits(bytes, from + clock, 2, 10 + Math.floor(second / 3600));
          digits(bytes, from + clock + 3, 2, Math.floor(second / 60) % 60);
          digits(bytes, from + clock + 6, 2, second % 60);
          digits(bytes, from + path, 10, random.uint32());
        }
        decoder.decode(bytes, 0, bytes.length, batch, detector);
        detector.take(batch);
      }
      decoder.end(batch, detector);
      detector.take(batch);
      detector.finish();
      return detector.counter.requests;
    },
    { warmups: 0, repeats: 1 },
  );
}

/** Writes a number with so many digits. */
function digits(bytes: Uint8Array, at: number, count: number, value: number): void {
  let rest = value;
  for (let place = at + count - 1; place >= at; place--) {
    bytes[place] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

const sizes = { small: 10_000, full: 1_000_000 };

export const cases: readonly BenchCase[] = [
  {
    // Before those that hold their log in memory, since memory is that of the process.
    name: 'detect/web-10m-distinct',
    unit: 'lines',
    rssGoal: 300e6,
    sizes: { small: 10_000, full: 10_000_000 },
    run: (size) => runDistinct(size),
  },
  { name: 'detect/web-peace', unit: 'lines', goal: 1e6, sizes, run: (size) => run(size, PEACE, combinedLine) },
  { name: 'detect/web-flood', unit: 'lines', goal: 1e6, sizes, run: (size) => run(size, FLOOD, combinedLine) },
  { name: 'detect/web-json-peace', unit: 'lines', goal: 0.5e6, sizes, run: (size) => run(size, PEACE, jsonLine) },
  { name: 'detect/web-json-flood', unit: 'lines', goal: 0.5e6, sizes, run: (size) => run(size, FLOOD, jsonLine) },
  { name: 'detect/web-distinct', unit: 'lines', sizes, run: (size) => run(size, DISTINCT, combinedLine) },
];

if (import.meta.main) await runCases(cases);
