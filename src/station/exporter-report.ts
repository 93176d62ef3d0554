import { formatCount, formatTime } from '../base/units.ts';
import type { ExporterReport } from '../model/attack.ts';
import type { ExporterState } from '../wire/exporter.ts';

/** Flow caches that hold a flow for longer than this hide an attack for as long, s. */
const ACTIVE_TIMEOUT_SECONDS_MAX = 60;
/** A clock that is off by more than this is said, ms. */
const CLOCK_OFFSET_MAX_MS = 30_000;

/** What is told of one exporter, with what is wrong with it and what to do. */
export function reportExporter(exporter: ExporterState): ExporterReport {
  return {
    exporter: exporter.address,
    observationDomain: exporter.observationDomain,
    protocol: exporter.protocol,
    datagrams: exporter.datagrams,
    records: exporter.records,
    optionRecords: exporter.optionRecords,
    counterSamples: exporter.counterSamples,
    templates: exporter.templates,
    unknownTemplateSets: exporter.unknownTemplateSets,
    sequenceLost: exporter.sequenceLost,
    samplingRates: [...exporter.samplingRates],
    firstSeen: formatTime(exporter.firstSeenMs) ?? NO_TIME,
    lastSeen: formatTime(exporter.lastSeenMs) ?? NO_TIME,
    diagnosis: diagnose(exporter),
  };
}

const NO_TIME = '1970-01-01T00:00:00.000Z';

function diagnose(exporter: ExporterState): string[] {
  const findings: string[] = [];
  const { sequenceLost, unknownTemplateSets, records, datagrams } = exporter;
  if (sequenceLost > 0) {
    const byDatagram = exporter.protocol === 'netflow-v9' || exporter.protocol === 'sflow-v5';
    const of = (byDatagram ? datagrams : records) + sequenceLost;
    findings.push(
      `${formatCount(sequenceLost)} of ${formatCount(of)} ${byDatagram ? 'datagrams' : 'records'} are missing by their sequence numbers (${((100 * sequenceLost) / of).toFixed(1)} %): look for drops between exporter and collector, and raise the receive buffer.`,
    );
  }
  if (unknownTemplateSets > 0) {
    findings.push(
      `${formatCount(unknownTemplateSets)} sets came before their template and were lost: let the exporter send templates at least once a minute.`,
    );
  }
  if (exporter.samplingRates.length > 1) {
    findings.push(`the sampling rate changed: ${exporter.samplingRates.join(', ')}.`);
  }
  const active = exporter.activeTimeoutSeconds;
  if (active !== undefined && active > ACTIVE_TIMEOUT_SECONDS_MAX) {
    findings.push(`the active timeout is ${active} s: a long flow is told of only that late; set it to 60 s or less.`);
  }
  if (Number.isFinite(exporter.clockOffsetMinMs) && Math.abs(exporter.clockOffsetMinMs) > CLOCK_OFFSET_MAX_MS) {
    const seconds = Math.round(Math.abs(exporter.clockOffsetMinMs) / 1000);
    const way = exporter.clockOffsetMinMs > 0 ? 'behind' : 'ahead of';
    findings.push(`its clock is ${formatCount(seconds)} s ${way} the collector's: set it by NTP.`);
  }
  return findings;
}
