import type { ExporterReport } from '../../model/attack.ts';
import { diagnose, type Expectation } from './diagnose.ts';
import type { Duplicate } from './duplicates.ts';
import { COUNTER_NAMES, type ExporterCounters, type ExporterFacts, type FactsProtocol, noCounters } from './facts.ts';
import { addHistogram, HISTOGRAM_BINS } from './log-histogram.ts';
import { reportSummary } from './report.ts';
import type { ExporterSummary } from './summary.ts';

/** Exporters that are remembered; the one silent longest goes. */
export const BOOK_EXPORTERS_MAX = 4096;
/** Spans that are told of as what is now: between so many and twice that. */
const RECENT_SPANS = 5;
/** A rate that is told first so long after the exporter was is a change. */
const RATE_SETTLED_MS = 120_000;
/** A clock that moves by more between two spans was set, or drifts. */
const CLOCK_MOVED_MIN_MS = 5000;
/** The longest usual silence is forgotten by so much a span. */
const SILENCE_FADE = 0.98;
/** Silent for longer, an exporter is forgotten. */
const FORGET_MS = 7 * 24 * 3_600_000;

const NOTHING = new Uint32Array(HISTOGRAM_BINS);

/** What was seen of rows in some spans. */
class Window {
  readonly counters: ExporterCounters = noCounters();
  /** Only where rows were looked at: of exporters that somebody makes up there are many. */
  durations: Uint32Array | undefined = undefined;
  delays: Uint32Array | undefined = undefined;
  readonly interfaces = new Map<number, { input: number; output: number }>();
  spans = 0;

  add(facts: ExporterFacts): void {
    addCounters(this.counters, facts.counters);
    if (facts.counters.looked > 0) {
      this.durations = sumOf(this.durations, facts.durations);
      this.delays = sumOf(this.delays, facts.delays);
    }
    for (const { index, input, output } of facts.interfaces) {
      const known = this.interfaces.get(index);
      if (known === undefined) this.interfaces.set(index, { input, output });
      else {
        known.input += input;
        known.output += output;
      }
    }
  }
}

/** One exporter as the book holds it. */
class Entry {
  readonly key: string;
  readonly address: string;
  readonly observationDomain: number;
  readonly protocol: FactsProtocol;
  readonly total = noCounters();
  templates = 0;
  samplingRates: readonly number[] = [];
  samplingRate = 0;
  samplingChange: { readonly atMs: number; readonly rate: number } | undefined = undefined;
  activeTimeoutSeconds: number | undefined = undefined;
  inactiveTimeoutSeconds: number | undefined = undefined;
  firstSeenMs: number;
  lastSeenMs: number;
  usualSilenceMs = 0;
  clockOffsetMs = Number.NaN;
  clockMoved: { readonly atMs: number; readonly byMs: number } | undefined = undefined;
  #now = new Window();
  #before = new Window();

  constructor(facts: ExporterFacts) {
    this.key = facts.key;
    this.address = facts.address;
    this.observationDomain = facts.observationDomain;
    this.protocol = facts.protocol;
    this.firstSeenMs = facts.firstSeenMs;
    this.lastSeenMs = facts.lastSeenMs;
  }

  /** What is known as of now: both windows summed once, for all the tests that look at them. */
  summary(): ExporterSummary {
    const recent = noCounters();
    addCounters(recent, this.#before.counters);
    addCounters(recent, this.#now.counters);
    const interfaces = new Map(this.#before.interfaces);
    for (const [index, { input, output }] of this.#now.interfaces) {
      const known = interfaces.get(index) ?? { input: 0, output: 0 };
      interfaces.set(index, { input: known.input + input, output: known.output + output });
    }
    return {
      key: this.key,
      address: this.address,
      observationDomain: this.observationDomain,
      protocol: this.protocol,
      total: this.total,
      recent,
      durations: sumOf(this.#before.durations, this.#now.durations),
      delays: sumOf(this.#before.delays, this.#now.delays),
      interfaces,
      templates: this.templates,
      samplingRates: this.samplingRates,
      samplingRate: this.samplingRate,
      samplingChange: this.samplingChange,
      activeTimeoutSeconds: this.activeTimeoutSeconds,
      inactiveTimeoutSeconds: this.inactiveTimeoutSeconds,
      firstSeenMs: this.firstSeenMs,
      lastSeenMs: this.lastSeenMs,
      usualSilenceMs: this.usualSilenceMs,
      clockOffsetMs: this.clockOffsetMs,
      clockMoved: this.clockMoved,
    };
  }

  add(facts: ExporterFacts): void {
    addCounters(this.total, facts.counters);
    this.#now.add(facts);
    this.templates = facts.templates;
    this.#takeRates(facts);
    this.activeTimeoutSeconds = facts.activeTimeoutSeconds ?? this.activeTimeoutSeconds;
    this.inactiveTimeoutSeconds = facts.inactiveTimeoutSeconds ?? this.inactiveTimeoutSeconds;
    this.firstSeenMs = Math.min(this.firstSeenMs, facts.firstSeenMs);
    this.lastSeenMs = Math.max(this.lastSeenMs, facts.lastSeenMs);
    this.usualSilenceMs = Math.max(this.usualSilenceMs, facts.silenceMaxMs);
    if (Number.isNaN(facts.clockOffsetMs)) return;
    const byMs = facts.clockOffsetMs - this.clockOffsetMs;
    if (Math.abs(byMs) > CLOCK_MOVED_MIN_MS) this.clockMoved = { atMs: facts.untilMs, byMs };
    this.clockOffsetMs = facts.clockOffsetMs;
  }

  /** The span is over; `spansMax` of them make one window. */
  endSpan(spansMax: number): void {
    this.usualSilenceMs *= SILENCE_FADE;
    if (++this.#now.spans < spansMax) return;
    this.#before = this.#now;
    this.#now = new Window();
  }

  #takeRates({ samplingRates, samplingRate, untilMs, firstSeenMs }: ExporterFacts): void {
    const added = samplingRates.find((rate) => !this.samplingRates.includes(rate));
    const isSettled = this.samplingRates.length > 0 && untilMs - firstSeenMs > RATE_SETTLED_MS;
    if (added !== undefined && isSettled) this.samplingChange = { atMs: untilMs, rate: added };
    this.samplingRates = [...new Set([...this.samplingRates, ...samplingRates])];
    this.samplingRate = samplingRate;
  }
}

/** Keeps what all receivers told of the exporters, in bounded memory, and says what is wrong with them. */
export class ExporterBook {
  readonly #entries = new Map<string, Entry>();
  readonly #spans: number;
  #expectations: ReadonlyMap<string, Expectation> = new Map();
  #duplicates: ReadonlyMap<string, Duplicate> = new Map();

  /** `spans`: how many make the window of what is recent; with Infinity it is all there was, as for a replay. */
  constructor(spans = RECENT_SPANS) {
    this.#spans = spans;
  }

  /** What a person says of exporters, by the text of their address. */
  expect(expectations: ReadonlyMap<string, Expectation>): void {
    this.#expectations = expectations;
  }

  /** Takes the facts of one span from all receivers, and the duplicates that `DuplicateExports` found in them. */
  take(facts: readonly ExporterFacts[], duplicates: readonly Duplicate[], nowMs: number): void {
    for (const one of facts) {
      let entry = this.#entries.get(one.key);
      if (entry === undefined) {
        if (this.#entries.size >= BOOK_EXPORTERS_MAX) this.#dropSilent();
        entry = new Entry(one);
      } else this.#entries.delete(one.key);
      // The one heard last stands at the end.
      this.#entries.set(one.key, entry);
      entry.add(one);
    }
    for (const entry of this.#entries.values()) {
      entry.endSpan(this.#spans);
      if (nowMs - entry.lastSeenMs > FORGET_MS) this.#entries.delete(entry.key);
    }
    this.#duplicates = new Map(duplicates.map((duplicate) => [duplicate.key, duplicate]));
  }

  /** All exporters as of `nowMs`, with what is wrong and what to type; by address and domain. */
  reports(nowMs: number): ExporterReport[] {
    const entries = [...this.#entries.values()].map((entry) => entry.summary());
    let towards = 0;
    let from = 0;
    for (const { recent } of entries) {
      towards += recent.towards;
      from += recent.from;
    }
    return entries
      .sort(
        (left, right) => compareText(left.address, right.address) || left.observationDomain - right.observationDomain,
      )
      .map((entry) => {
        const expectation = this.#expectations.get(entry.address) ?? {};
        const duplicate = this.#duplicates.get(entry.key);
        const { recent } = entry;
        const others = { towards: towards - recent.towards, from: from - recent.from };
        const findings = diagnose(entry, expectation, nowMs, { others, duplicate });
        return reportSummary(entry, expectation, findings);
      });
  }

  /** Exporters that a person named and that were never heard, in words. */
  missing(): string[] {
    const heard = new Set([...this.#entries.values()].map((entry) => entry.address));
    return [...this.#expectations]
      .filter(([address]) => !heard.has(address))
      .map(
        ([address, { name }]) =>
          `nothing has come from exporter ${name === undefined ? address : `${name} (${address})`}`,
      );
  }

  #dropSilent(): void {
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}

function addCounters(into: ExporterCounters, counters: ExporterCounters): void {
  for (const name of COUNTER_NAMES) into[name] += counters[name];
}

function sumOf(left: Uint32Array | undefined, right: Uint32Array | undefined): Uint32Array {
  if (left === undefined || right === undefined) return left ?? right ?? NOTHING;
  const sum = left.slice();
  addHistogram(sum, right);
  return sum;
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
