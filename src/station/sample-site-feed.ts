import { appendFileSync, readFileSync, truncateSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { readChecks } from '../input/check-file.ts';
import type { CheckResult, Vantage } from '../model/vantage.ts';

/** Lines and checks of a recording that are held in memory; what comes behind is left out. */
const LINES_MAX = 50_000;
const CHECKS_MAX = 10_000;
/** Between two rounds of the recording, ms. */
const REST_MS = 20_000;
/** Lines are written, and checks told, when they are due within this, ms. */
const TICK_MS = 100;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** The time in a line of the common log format: `[26/Nov/2026:23:26:05 +0000]`. */
const TIME = /\[(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}):(\d{2}):(\d{2}) \+0000\]/;

/** What is recorded of a site: lines of its log and checks of its vantages, each with its time, ms since 1970, in order. */
export interface RecordedSite {
  readonly lines: readonly { readonly atMs: number; readonly text: string }[];
  readonly checks: readonly { readonly atMs: number; readonly check: CheckResult }[];
  readonly vantages: readonly Vantage[];
}

/** Reads a log in the common format with times in UTC, compressed, and a file of checks. Throws FILE_UNREADABLE. */
export async function readSite(log: string, checksFile: string): Promise<RecordedSite> {
  const lines = gunzipSync(readFileSync(log))
    .toString('utf8')
    .split('\n')
    .slice(0, LINES_MAX)
    .flatMap((text) => {
      const atMs = timeOf(text);
      return atMs === undefined ? [] : [{ atMs, text }];
    });
  const checks: { atMs: number; check: CheckResult }[] = [];
  const vantages: Vantage[] = [];
  await readChecks(checksFile, CHECKS_MAX, {
    // A check is told when it has ended.
    onCheck: (check) => checks.push({ atMs: Date.parse(check.at) + check.totalMs, check }),
    onVantage: (vantage) => vantages.push(vantage),
  });
  return { lines, checks: checks.sort((left, right) => left.atMs - right.atMs), vantages };
}

function timeOf(line: string): number | undefined {
  const found = TIME.exec(line);
  if (found === null) return undefined;
  const [, day, month, year, hour, minute, second] = found;
  return Date.UTC(Number(year), MONTHS.indexOf(month), Number(day), Number(hour), Number(minute), Number(second));
}

/** The line as if it had been written so much later. */
export function lineLater(line: string, byMs: number): string {
  const atMs = timeOf(line);
  if (atMs === undefined) return line;
  const [date, clock] = new Date(atMs + byMs).toISOString().split(/[T.]/);
  const [year, month, day] = date.split('-');
  return line.replace(TIME, `[${day}/${MONTHS[Number(month) - 1]}/${year}:${clock} +0000]`);
}

export interface SiteFeedOptions {
  /** The log that the station follows. */
  readonly file: string;
  /** Tells the station what a vantage found; it may fail, and nobody waits for it. */
  readonly deliver: (result: CheckResult) => void;
}

/** Lets a recorded site happen now, again and again: its log grows, and its vantages tell. What lies before the start is there at once. */
export class SiteFeed {
  readonly #recorded: RecordedSite;
  readonly #options: SiteFeedOptions;
  #timer: NodeJS.Timeout | undefined;
  /** By how much everything is later than it was recorded. */
  #laterMs = 0;
  #nextLine = 0;
  #nextCheck = 0;

  constructor(recorded: RecordedSite, options: SiteFeedOptions) {
    this.#recorded = recorded;
    this.#options = options;
  }

  /** Begins so that `nowMs` is `skipMs` after the first line. */
  start(nowMs: number, skipMs: number): void {
    const [first] = this.#recorded.lines;
    if (first === undefined) return;
    this.#laterMs = nowMs - skipMs - first.atMs;
    this.#turn(nowMs);
    this.#timer = setInterval(() => this.#turn(Date.now()), TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #turn(nowMs: number): void {
    const { lines, checks } = this.#recorded;
    const due = nowMs - this.#laterMs;
    let text = '';
    for (; this.#nextLine < lines.length && lines[this.#nextLine].atMs <= due; this.#nextLine++)
      text += `${lineLater(lines[this.#nextLine].text, this.#laterMs)}\n`;
    if (text !== '') appendFileSync(this.#options.file, text);
    for (; this.#nextCheck < checks.length && checks[this.#nextCheck].atMs <= due; this.#nextCheck++) {
      const { check } = checks[this.#nextCheck];
      this.#options.deliver({ ...check, at: new Date(Date.parse(check.at) + this.#laterMs).toISOString() });
    }
    const last = Math.max(lines[lines.length - 1].atMs, checks.at(-1)?.atMs ?? 0);
    if (this.#nextLine < lines.length || this.#nextCheck < checks.length || due < last + REST_MS) return;
    this.#laterMs = nowMs - lines[0].atMs;
    this.#nextLine = 0;
    this.#nextCheck = 0;
    // As a server does whose log is rotated in place.
    truncateSync(this.#options.file);
  }
}
