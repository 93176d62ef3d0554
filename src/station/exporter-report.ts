import { ExporterBook } from '../detect/exporter/book.ts';
import { plainFacts } from '../detect/exporter/collector.ts';
import type { ExporterReport } from '../model/attack.ts';
import type { ExporterState } from '../wire/exporter.ts';

/** What is told of one exporter by what its decoder knows alone, without looking at rows. */
export function reportExporter(exporter: ExporterState): ExporterReport {
  const book = new ExporterBook(Number.POSITIVE_INFINITY);
  book.take([plainFacts(exporter, exporter.lastSeenMs)], [], exporter.lastSeenMs);
  return book.reports(exporter.lastSeenMs)[0];
}
