import { closeSync, openSync, writeSync } from 'node:fs';
import { Random } from '../../src/base/random.ts';
import type { Request } from './access-log.ts';

const START_S = Date.UTC(2026, 5, 9, 10) / 1000;
const LINES_PER_SECOND = 2000;
/** Before this second there is no flood. */
const FLOOD_FROM_SECOND = 60;
const LINES_PER_PIECE = 4096;
/** More than any line that is made. */
const LINE_BYTES = 512;
const AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0',
];

/** The site of the lines, which name none. */
export const WEB_LOG_SITE = 'www.example.gov';

export interface Mix {
  /** Share of the lines that are a search flood from 400 sources. */
  readonly flood: number;
  /** Every line has a client and a path of its own. */
  readonly distinct: boolean;
}

/** Some thousand lines at a time of a log of 2,000 lines a second of event time: pages and assets of 50,000 readers, and a flood. */
function* pieces(
  lines: number,
  mix: Mix,
  format: (request: Request) => string,
  seed: number,
): Generator<string, void, undefined> {
  const random = new Random(seed);
  let piece = '';
  for (let line = 0; line < lines; line++) {
    const second = Math.floor(line / LINES_PER_SECOND);
    const flood = second > FLOOD_FROM_SECOND && random.unit() < mix.flood;
    const reader = mix.distinct ? random.uint32() : flood ? random.below(400) : random.below(50_000);
    const popular = Math.floor(600 * random.unit() ** 3);
    const path = mix.distinct
      ? `/documents/${random.uint32()}/${random.below(1e6)}`
      : flood
        ? `/search?q=${random.uint32().toString(36)}`
        : random.unit() < 0.7
          ? `/static/file${popular}.png`
          : `/news/2026/${popular}-budget.html`;
    piece += format({
      second: START_S + second,
      client: `${flood ? 45 : 81}.${(reader >>> 16) & 255}.${(reader >>> 8) & 255}.${reader & 255}`,
      path,
      status: 200,
      bytes: 1000 + random.below(30_000),
      referrer: flood ? '-' : 'https://www.example.gov/',
      agent: AGENTS[random.below(3)],
    });
    if ((line + 1) % LINES_PER_PIECE === 0) {
      yield piece;
      piece = '';
    }
  }
  yield piece;
}

/** Such a log in memory; what is not written of the memory behind it is never resident. */
export function webLog(lines: number, mix: Mix, format: (request: Request) => string, seed: number): Uint8Array {
  const encoder = new TextEncoder();
  const bytes = new Uint8Array(LINE_BYTES * (lines + 1));
  let at = 0;
  for (const piece of pieces(lines, mix, format, seed)) at += encoder.encodeInto(piece, bytes.subarray(at)).written;
  return bytes.subarray(0, at);
}

/** Such a log as a file. */
export function writeWebLog(
  path: string,
  lines: number,
  mix: Mix,
  format: (request: Request) => string,
  seed: number,
): void {
  const file = openSync(path, 'w');
  try {
    for (const piece of pieces(lines, mix, format, seed)) writeSync(file, piece);
  } finally {
    closeSync(file);
  }
}

/** Pages, assets and the search flood of 70 % of all lines; and every line with a client and a path of its own. */
export const PEACE: Mix = { flood: 0, distinct: false };
export const FLOOD: Mix = { flood: 0.7, distinct: false };
export const DISTINCT: Mix = { flood: 0, distinct: true };
