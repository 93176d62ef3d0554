/**
 * How long from the first line of a flood in the log of a web server until the attack is reported, live: `bonghwa serve` follows a
 * log of thirty sites, of which one after the other is flooded until that is reported, beginning at any moment of a second:
 *
 *   node bench/peers/log-times.ts [--size small|full] [--seed 43] [--json]
 */

import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Random } from '../../src/base/random.ts';
import { type BenchSize, parseSize } from '../harness.ts';
import { combinedLine } from '../make/access-log.ts';
import { inputDirectory } from '../make/input.ts';
import { endChild, freeTcpPort, freeUdpPort, type Report, readMetrics, stationReports } from './collectors.ts';
import { type DetectTimes, formatTimes } from './detect-time.ts';

/** Sites, each of which is flooded once. */
const SITES: Readonly<Record<BenchSize, number>> = { small: 1, full: 30 };
/** What the log tells of the past at once: a site is known after a minute. */
const PAST_SECONDS = 90;
/** So long a flood goes on that nobody reports. */
const FLOOD_MS_MAX = 15_000;
/** What is reported so long after the last flood is none. */
const AFTER_MS: Readonly<Record<BenchSize, number>> = { small: 0, full: 4000 };
const LOOK_MS = 10;
const READ_MS_MAX = 30_000;
/** Lines a second of each site in peace, a third of them pages; and those that a flood adds, ten times the pages. */
const PEACE_RATE = 18;
const FLOOD_RATE = 60;
const FLOOD_SOURCES = 50;
/** Between two floods; up to a second more, drawn from the seed. */
const CALM_SECONDS = 1;
/** How often lines are written, as a server writes its buffer. */
const WRITE_MS = 50;
const SEED = 43;
const BONGHWA = fileURLToPath(new URL('../../bin/bonghwa.js', import.meta.url));
const AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0';

const siteName = (site: number): string => `site-${site}.example`;

/** What floods ask for, in turn: a word that is new each time, the same page, the same with something new behind it, pages one after the other. */
const FLOODS: readonly ((random: Random) => string)[] = [
  (random) => `/search?q=${random.uint32().toString(36)}`,
  () => '/',
  (random) => `/?${random.uint32()}`,
  (random) => `/documents/${random.below(100_000)}`,
];

/** Appends the lines of each moment to a log, until it is ended. */
class Writer {
  /** Lines of the past, which are in the log first. */
  readonly past: number;
  /** The site that is flooded now. */
  flooded: number | undefined;
  /** When the first line of each site's flood was written, ms. */
  readonly floodsMs: number[] = [];
  readonly #file: string;
  readonly #sites: number;
  readonly #random: Random;
  #wroteMs = Date.now();
  readonly #timer: NodeJS.Timeout;

  constructor(file: string, sites: number, seed: number) {
    this.#random = new Random(seed);
    this.#file = file;
    this.#sites = sites;
    let past = '';
    for (let back = PAST_SECONDS; back > 0; back--) past += this.#peace(1, Math.floor(this.#wroteMs / 1000) - back);
    this.past = past.split('\n').length - 1;
    appendFileSync(file, past);
    this.#timer = setInterval(() => this.#write(), WRITE_MS);
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #write(): void {
    const nowMs = Date.now();
    const passed = (nowMs - this.#wroteMs) / 1000;
    this.#wroteMs = nowMs;
    const random = this.#random;
    const second = Math.floor(nowMs / 1000);
    let text = this.#peace(passed, second);
    const { flooded } = this;
    if (flooded !== undefined) {
      for (let left = this.#count(passed * FLOOD_RATE); left > 0; left--) {
        text += this.#line(flooded, second, {
          client: `45.${flooded}.9.${random.below(FLOOD_SOURCES)}`,
          path: FLOODS[flooded % FLOODS.length](random),
          referrer: '-',
        });
        this.floodsMs[flooded] ??= nowMs;
      }
    }
    appendFileSync(this.#file, text);
  }

  /** What readers ask for in so many seconds. */
  #peace(seconds: number, second: number): string {
    const random = this.#random;
    let text = '';
    for (let left = this.#count(seconds * PEACE_RATE * this.#sites); left > 0; left--) {
      const page = random.below(3) === 0;
      const reader = random.below(2000);
      text += this.#line(random.below(this.#sites), second, {
        client: `81.${reader >> 8}.7.${reader & 255}`,
        path: page ? `/news/${random.below(200)}.html` : `/static/${random.below(40)}.png`,
        referrer: 'https://www.example/',
      });
    }
    return text;
  }

  #count(mean: number): number {
    return Math.floor(mean + this.#random.unit());
  }

  #line(site: number, second: number, of: { client: string; path: string; referrer: string }): string {
    const bytes = 1000 + this.#random.below(9000);
    return `${siteName(site)}:443 ${combinedLine({ ...of, second, status: 200, bytes, agent: AGENT })}`;
  }
}

export async function logTimes(size: BenchSize, seed = SEED): Promise<DetectTimes> {
  const sites = SITES[size];
  const directory = mkdtempSync(join(inputDirectory(), 'log-station-'));
  const log = join(directory, 'access.log');
  const config = join(directory, 'bonghwa.yaml');
  writeFileSync(config, `inputs:\n  logs:\n    - path: ${log}\n`);
  // A log that is there from the start is read as soon as it grows.
  writeFileSync(log, '');
  const http = `127.0.0.1:${await freeTcpPort()}`;
  const ports = ['--http', http];
  for (const kind of ['netflow', 'sflow']) ports.push(`--${kind}`, `127.0.0.1:${await freeUdpPort()}`);
  const child = spawn(
    process.execPath,
    [BONGHWA, 'serve', '--config', config, '--data', join(directory, 'data'), '--no-live', ...ports],
    { stdio: ['ignore', 'ignore', 'pipe'], cwd: directory },
  );
  try {
    const reports = await stationReports(child);
    const random = new Random(seed);
    const writer = new Writer(log, sites, seed);
    try {
      const hasRead = async (): Promise<boolean> =>
        (await readMetrics(`http://${http}/metrics`))('bonghwa_requests_total') >= writer.past;
      for (let waitedMs = 0; !(await hasRead()); waitedMs += LOOK_MS) {
        if (waitedMs > READ_MS_MAX) throw new Error(`${log} was not read`);
        await sleep(LOOK_MS);
      }
      for (let site = 0; site < sites; site++) {
        await sleep(1000 * ((site === 0 ? 0 : CALM_SECONDS) + random.unit()));
        writer.flooded = site;
        const fromMs = Date.now();
        const isTold = (): boolean => reports.some(({ target, atMs }) => target === siteName(site) && atMs >= fromMs);
        for (let waitedMs = 0; !isTold() && waitedMs < FLOOD_MS_MAX; waitedMs += LOOK_MS) await sleep(LOOK_MS);
        writer.flooded = undefined;
      }
      await sleep(AFTER_MS[size]);
    } finally {
      writer.end();
    }
    return timed(reports, writer.floodsMs);
  } finally {
    await endChild(child);
    rmSync(directory, { recursive: true, force: true });
  }
}

function timed(reports: readonly Report[], floodsMs: readonly number[]): DetectTimes {
  const meant = floodsMs.map((floodMs, site) =>
    reports.find(({ target, atMs }) => target === siteName(site) && atMs >= floodMs),
  );
  const afterMs = meant
    .flatMap((report, site) => (report === undefined ? [] : [report.atMs - floodsMs[site]]))
    .sort((left, right) => left - right);
  const falseReports = reports.filter((report) => !meant.includes(report)).length;
  return { program: 'bonghwa serve, a log', floods: floodsMs.length, afterMs, falseReports };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      size: { type: 'string', default: 'full' },
      seed: { type: 'string', default: String(SEED) },
      json: { type: 'boolean', default: false },
    },
  });
  const times = await logTimes(parseSize(values.size), Number(values.seed));
  process.stdout.write(`${values.json ? JSON.stringify(times) : formatTimes([times])}\n`);
}

if (import.meta.main) await main();
