import { formatTime } from '../base/units.ts';
import type { ExporterReport } from '../model/attack.ts';
import type { ExporterState } from '../wire/exporter.ts';

const NO_TIME = '1970-01-01T00:00:00.000Z';

/**
 * What a decoder itself knows of one exporter, without a diagnosis: that takes a look at rows, and at other exporters. Cheap,
 * since a receiver tells it of every exporter that somebody makes up.
 */
export function reportExporter(exporter: ExporterState): ExporterReport {
  const { records, recordsShed } = exporter;
  const recordsLost = Math.round(exporter.recordsLost);
  return {
    exporter: exporter.address,
    observationDomain: exporter.observationDomain,
    protocol: exporter.protocol,
    datagrams: exporter.datagrams,
    records,
    optionRecords: exporter.optionRecords,
    counterSamples: exporter.counterSamples,
    templates: exporter.templates,
    unknownTemplateSets: exporter.unknownTemplateSets,
    sequenceLost: exporter.sequenceLost,
    recordsLost,
    shareNotSeen: recordsLost === 0 ? 0 : recordsLost / (recordsLost + records + recordsShed),
    samplingRates: [...exporter.samplingRates],
    firstSeen: formatTime(exporter.firstSeenMs) ?? NO_TIME,
    lastSeen: formatTime(exporter.lastSeenMs) ?? NO_TIME,
    diagnosis: [],
    findings: [],
  };
}
