import { formatTime } from '../../base/units.ts';
import type { ExporterFinding, ExporterReport } from '../../model/attack.ts';
import { type Expectation, shareNotSeen } from './diagnose.ts';
import type { ExporterSummary } from './summary.ts';

const NO_TIME = '1970-01-01T00:00:00.000Z';

/** What is told of one exporter to people and programs. */
export function reportSummary(
  summary: ExporterSummary,
  expectation: Expectation,
  findings: readonly ExporterFinding[],
): ExporterReport {
  const { total } = summary;
  return {
    exporter: summary.address,
    ...(expectation.name === undefined ? {} : { name: expectation.name }),
    observationDomain: summary.observationDomain,
    protocol: summary.protocol,
    datagrams: total.datagrams,
    records: total.records,
    optionRecords: total.optionRecords,
    counterSamples: total.counterSamples,
    templates: summary.templates,
    unknownTemplateSets: total.unknownTemplateSets,
    sequenceLost: Math.max(0, total.sequenceLost),
    recordsLost: Math.max(0, Math.round(total.recordsLost)),
    shareNotSeen: shareNotSeen(summary.recent),
    samplingRates: [...summary.samplingRates],
    firstSeen: formatTime(summary.firstSeenMs) ?? NO_TIME,
    lastSeen: formatTime(summary.lastSeenMs) ?? NO_TIME,
    diagnosis: findings.map((finding) => finding.message),
    findings: [...findings],
  };
}
