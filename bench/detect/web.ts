import { Random } from '../../src/base/random.ts';
import { WebDetector } from '../../src/detect/web/web-detector.ts';
import { Rejections } from '../../src/model/rejection.ts';
import { createRequestBatch } from '../../src/model/request-batch.ts';
import { LogDecoder } from '../../src/wire/log/log-decoder.ts';
import { type BenchCase, type BenchResult, measure, runCases } from '../harness.ts';
import { combinedLine, jsonLine, type Request } from '../make/access-log.ts';

const SEED = 42;
const CHUNK = 1 << 18;
const START_S = Date.UTC(2026, 5, 9, 10) / 1000;
const AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0',
];

interface Mix {
  /** Share of the lines that are a search flood from 400 sources. */
  readonly flood: number;
  /** Every line has a client and a path of its own. */
  readonly distinct: boolean;
}

/** A log of 2,000 lines a second of event time: pages and assets of 50,000 readers, and a flood. */
function makeLog(lines: number, mix: Mix, format: (request: Request) => string): Uint8Array {
  const random = new Random(SEED);
  const parts: string[] = [];
  for (let line = 0; line < lines; line++) {
    const second = Math.floor(line / 2000);
    const flood = second > 60 && random.unit() < mix.flood;
    const reader = mix.distinct ? random.uint32() : flood ? random.below(400) : random.below(50_000);
    const popular = Math.floor(600 * random.unit() ** 3);
    const path = mix.distinct
      ? `/documents/${random.uint32()}/${random.below(1e6)}`
      : flood
        ? `/search?q=${random.uint32().toString(36)}`
        : random.unit() < 0.7
          ? `/static/file${popular}.png`
          : `/news/2026/${popular}-budget.html`;
    parts.push(
      format({
        second: START_S + second,
        client: `${flood ? 45 : 81}.${(reader >>> 16) & 255}.${(reader >>> 8) & 255}.${reader & 255}`,
        path,
        status: 200,
        bytes: 1000 + random.below(30_000),
        referrer: flood ? '-' : 'https://www.example.gov/',
        agent: AGENTS[random.below(3)],
      }),
    );
  }
  return new TextEncoder().encode(parts.join(''));
}

/** Decodes the log and detects in it. */
function run(size: number, mix: Mix, format: (request: Request) => string): BenchResult {
  const held = Math.min(size, 1_000_000);
  const log = makeLog(held, mix, format);
  return measure(
    held,
    () => {
      const detector = new WebDetector({ seed: SEED, siteOf: () => 'www.example.gov' });
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
      const detector = new WebDetector({ seed: SEED, siteOf: () => 'www.example.gov' });
      const decoder = new LogDecoder(new Rejections());
      const batch = createRequestBatch(2048, 768 * 1024);
      const line = `100.100.100.100 - - [09/Jun/2026:10:00:00 +0000] "GET /documents/1000000000 HTTP/1.1" 200 900 "-" "${AGENTS[0]}"\n`;
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
const PEACE: Mix = { flood: 0, distinct: false };
const FLOOD: Mix = { flood: 0.7, distinct: false };
const DISTINCT: Mix = { flood: 0, distinct: true };

export const cases: readonly BenchCase[] = [
  { name: 'detect/web-peace', unit: 'lines', goal: 1e6, sizes, run: (size) => run(size, PEACE, combinedLine) },
  { name: 'detect/web-flood', unit: 'lines', goal: 1e6, sizes, run: (size) => run(size, FLOOD, combinedLine) },
  { name: 'detect/web-json-peace', unit: 'lines', goal: 0.5e6, sizes, run: (size) => run(size, PEACE, jsonLine) },
  { name: 'detect/web-json-flood', unit: 'lines', goal: 0.5e6, sizes, run: (size) => run(size, FLOOD, jsonLine) },
  { name: 'detect/web-distinct', unit: 'lines', sizes, run: (size) => run(size, DISTINCT, combinedLine) },
  {
    name: 'detect/web-10m-distinct',
    unit: 'lines',
    rssGoal: 300e6,
    sizes: { small: 10_000, full: 10_000_000 },
    run: (size) => runDistinct(size),
  },
];

if (import.meta.main) await runCases(cases);
