import { ExporterBook } from '../../detect/exporter/book.ts';
import type { Expectation } from '../../detect/exporter/diagnose.ts';
import type { TrackedExporter } from '../../detect/exporter/duplicate-guard.ts';
import { DuplicateExports } from '../../detect/exporter/duplicates.ts';
import type { ExporterFacts } from '../../detect/exporter/facts.ts';
import type { ExporterReport } from '../../model/attack.ts';

/** Reports are made anew at most so often, ms. */
const REPORTS_MS = 500;

/**
 * Joins what the receivers tell of the exporters, span by span: whose rows repeat another's, and what is wrong with whom. `volumes` is the
 * memory that the receivers share (`createDuplicateVolumes`).
 */
export class ExporterDesk {
  readonly #book = new ExporterBook();
  readonly #duplicates: DuplicateExports;
  #facts: ExporterFacts[] = [];
  #told: readonly ExporterReport[] = [];
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(volumes: SharedArrayBuffer) {
    this.#duplicates = new DuplicateExports(volumes);
  }

  expect(expectations: ReadonlyMap<string, Expectation>): void {
    this.#book.expect(expectations);
  }

  take(facts: readonly ExporterFacts[]): void {
    this.#facts.push(...facts);
  }

  /** The span is over. Returns what every receiver is to track from now on. */
  endSpan(nowMs: number): readonly TrackedExporter[] {
    const tracked = this.#duplicates.decide(this.#facts);
    this.#book.take(this.#facts, this.#duplicates.duplicates, nowMs);
    this.#facts = [];
    return tracked;
  }

  /**
   * The exporters as receivers told of them last (`fresh`), with what is wrong as of the last span. Those that are not heard any more are
   * told from the book.
   */
  reports(fresh: readonly ExporterReport[], nowMs: number): readonly ExporterReport[] {
    // With thousands of exporters it takes a tenth of a second, and many may ask.
    if (Math.abs(nowMs - this.#toldMs) >= REPORTS_MS) {
      this.#told = this.#report(fresh, nowMs);
      this.#toldMs = nowMs;
    }
    return this.#told;
  }

  #report(fresh: readonly ExporterReport[], nowMs: number): ExporterReport[] {
    const known = new Map(this.#book.reports(nowMs).map((report) => [keyOf(report), report]));
    for (const report of fresh) {
      const told = known.get(keyOf(report));
      known.set(keyOf(report), told === undefined ? report : { ...told, ...countersOf(report) });
    }
    return [...known.values()].sort(
      (left, right) => left.exporter.localeCompare(right.exporter) || left.observationDomain - right.observationDomain,
    );
  }

  /** Exporters of the configuration that were never heard, in words. */
  missing(): string[] {
    return this.#book.missing();
  }
}

function keyOf({ exporter, observationDomain, protocol }: ExporterReport): string {
  return `${exporter} ${observationDomain} ${protocol}`;
}

/** What the decoder counts; the rest takes a look at the rows. */
function countersOf(report: ExporterReport): Partial<ExporterReport> {
  const { name: _, diagnosis: __, findings: ___, shareNotSeen: ____, ...counters } = report;
  return counters;
}
