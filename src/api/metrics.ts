import type { HistogramCounts } from '../base/histogram.ts';
import type { ExporterReport } from '../model/attack.ts';
import { isSilent } from '../model/exporter-silence.ts';
import { REJECTION_REASONS } from '../model/rejection.ts';
import type { InputStatus, StationStatus, StoreStatus } from '../model/station-view.ts';
import { CHECK_OUTCOMES } from '../model/vantage.ts';
import type { StationCounters } from './deps.ts';
import type { Family, Labels, Sample } from './exposition.ts';

/** Exporters that have series of their own; anybody can invent more by forging addresses, and those are counted together. */
export const EXPORTERS_LABELLED_MAX = 100;
const OTHER = 'other';
/** What the interface itself knows. */
export interface ApiFigures {
  readonly eventClients: number;
  /** By how much timers of the main thread were late, seconds. */
  readonly eventLoopLagSeconds: HistogramCounts;
  readonly nodeVersion: string;
}

/** Everything `/metrics` tells. Units and names follow https://prometheus.io/docs/practices/naming/ */
export function metricFamilies(status: StationStatus, counters: StationCounters, api: ApiFigures): Family[] {
  return [
    gauge('bonghwa_build_info', 'Version of Bonghwa and of Node.', [
      { labels: { version: status.version, node: api.nodeVersion }, value: 1 },
    ]),
    gauge(
      'bonghwa_ready',
      'Whether everything that was configured listens and detection runs.',
      one(Number(status.ready)),
    ),
    gauge('bonghwa_start_timestamp_seconds', 'When the station was started.', one(seconds(status.startedAt))),
    ...recordFamilies(status, counters),
    ...detectionFamilies(status, counters),
    ...exporterFamilies(status),
    ...requestFamilies(counters),
    ...checkFamilies(counters),
    ...storeFamilies(status),
    gauge('bonghwa_warnings', 'Warnings that stand now.', one(status.warnings.length)),
    counter('bonghwa_thread_restarts_total', 'Threads that died and were started again.', one(counters.threadDeaths)),
    counter(
      'bonghwa_event_lines_written_total',
      'Lines of events written to the file or pipe of reports.eventsFile.',
      one(counters.eventLines?.written ?? 0),
    ),
    counter(
      'bonghwa_event_lines_lost_total',
      'Lines of events that could not be written in time.',
      one(counters.eventLines?.lost ?? 0),
    ),
    gauge('bonghwa_event_clients', 'Clients of the event stream.', one(api.eventClients)),
    {
      name: 'bonghwa_event_loop_lag_seconds',
      help: 'By how much timers of the main thread were late.',
      type: 'histogram',
      histogram: api.eventLoopLagSeconds,
    },
    counter('process_cpu_seconds_total', 'Processor time of all threads, user and system.', one(status.cpuSeconds)),
    gauge('process_resident_memory_bytes', 'Memory of the process that is in use.', one(status.memoryBytes)),
  ];
}

function requestFamilies({ requests }: StationCounters): Family[] {
  if (requests === undefined) return [];
  return [
    counter('bonghwa_requests_total', 'Requests read from logs of web servers.', one(requests.requests)),
    counter(
      'bonghwa_log_lines_rejected_total',
      'Lines of logs that were no request, or whose time is far behind, by reason.',
      Object.entries(requests.rejected).map(([reason, value]) => ({ labels: { reason }, value })),
    ),
  ];
}

function checkFamilies({ checks }: StationCounters): Family[] {
  return [
    gauge('bonghwa_sites', 'Sites of the register.', one(checks?.sites ?? 0)),
    counter(
      'bonghwa_checks_total',
      'Checks of sites that were told, by outcome.',
      CHECK_OUTCOMES.map((outcome) => ({ labels: { outcome }, value: checks?.byOutcome[outcome] ?? 0 })),
    ),
    counter(
      'bonghwa_checks_refused_total',
      'Checks of sites that are not registered, or of clocks that are off.',
      one(checks?.refused ?? 0),
    ),
    counter(
      'bonghwa_checks_late_total',
      'Checks of the station itself that were left out, since the one before them still went on.',
      one(checks?.late ?? 0),
    ),
  ];
}

function recordFamilies(status: StationStatus, { recordsLost }: StationCounters): Family[] {
  const { inputs } = status;
  const byInput = (of: (input: InputStatus) => number): Sample[] =>
    inputs.map((input) => ({ labels: { input: input.kind, address: input.address }, value: of(input) }));
  const rejected = Object.keys(REJECTION_REASONS).map((reason) => ({
    labels: { reason },
    value: status.rejected[reason] ?? 0,
  }));
  return [
    counter('bonghwa_flow_records_total', 'Flow records received and counted.', one(status.records)),
    counter(
      'bonghwa_flow_records_lost_total',
      'Flow records known to be lost before detection: shed and missing together.',
      one(status.recordsLost),
    ),
    counter(
      'bonghwa_flow_records_shed_total',
      'Flow records not decoded, to keep up; those decoded stand for them.',
      one(recordsLost.shed),
    ),
    counter(
      'bonghwa_flow_records_missing_total',
      'Flow records missing by the sequence numbers of their exporters.',
      one(recordsLost.missing),
    ),
    counter(
      'bonghwa_datagrams_total',
      'Datagrams received, by input.',
      byInput(({ datagrams }) => datagrams),
    ),
    counter(
      'bonghwa_datagrams_dropped_total',
      'Datagrams that the kernel dropped because the receive buffer was full, by input.',
      byInput(({ datagramsDropped }) => datagramsDropped),
    ),
    gauge(
      'bonghwa_input_up',
      'Whether the input works.',
      byInput(({ error }) => Number(error === undefined)),
    ),
    counter('bonghwa_rejected_total', 'Input that was refused, by reason (docs/rejections.md).', rejected),
  ];
}

function detectionFamilies(status: StationStatus, counters: StationCounters): Family[] {
  const { total, targets } = status;
  return [
    counter('bonghwa_attacks_total', 'Attacks opened since the start.', one(status.attacksTotal)),
    gauge('bonghwa_attacks_ongoing', 'Attacks that go on.', one(status.attacksOngoing.length)),
    counter('bonghwa_seconds_decided_total', 'Seconds that were decided upon.', one(counters.secondsDecided)),
    gauge(
      'bonghwa_decided_timestamp_seconds',
      'End of the last second that was decided upon; 0 before the first.',
      one(status.decidedAt === undefined ? 0 : seconds(status.decidedAt)),
    ),
    {
      name: 'bonghwa_decision_lag_seconds',
      help: 'How long after its end a second was decided.',
      type: 'histogram',
      histogram: counters.decisionLagSeconds,
    },
    gauge('bonghwa_traffic_bytes_per_second', 'Traffic of the last second, scaled by sampling.', one(total.bps / 8)),
    gauge('bonghwa_traffic_packets_per_second', 'Packets of the last second, scaled by sampling.', one(total.pps)),
    gauge('bonghwa_traffic_flows_per_second', 'Flow records of the last second.', one(total.fps)),
    gauge('bonghwa_targets', 'Targets above their floor in the last second.', one(targets.length)),
    gauge(
      'bonghwa_target_excess_ratio',
      'Largest ratio of a target to its limit; 1 and above is too much.',
      one(targets.reduce((most, { excess }) => Math.max(most, excess), 0)),
    ),
  ];
}

function exporterFamilies(status: StationStatus): Family[] {
  const nowMs = Date.parse(status.now);
  const silent = status.exporters.filter((exporter) => isSilent(exporter, nowMs)).length;
  // Those that were there first keep their series, whoever comes later.
  const sorted = [...status.exporters].sort(
    (a, b) => Date.parse(a.firstSeen) - Date.parse(b.firstSeen) || a.exporter.localeCompare(b.exporter),
  );
  const named = sorted.slice(0, EXPORTERS_LABELLED_MAX);
  const others = sorted.slice(EXPORTERS_LABELLED_MAX);
  const byExporter = (
    of: (exporter: ExporterReport) => number,
    together: (values: number[]) => number = (values) => values.reduce((sum, value) => sum + value, 0),
  ): Sample[] => [
    ...named.map((exporter) => ({ labels: exporterLabels(exporter), value: of(exporter) })),
    ...(others.length === 0
      ? []
      : [{ labels: { exporter: OTHER, domain: OTHER, protocol: OTHER }, value: together(others.map(of)) }]),
  ];
  return [
    gauge('bonghwa_exporters', 'Exporters known, by whether something still comes from them.', [
      { labels: { state: 'active' }, value: status.exporters.length - silent },
      { labels: { state: 'silent' }, value: silent },
    ]),
    counter(
      'bonghwa_exporter_records_total',
      'Flow records by exporter.',
      byExporter(({ records }) => records),
    ),
    counter(
      'bonghwa_exporter_missing_total',
      'What the sequence numbers of an exporter say is missing: datagrams of NetFlow v9 and sFlow, records of NetFlow v5 and IPFIX.',
      byExporter(({ sequenceLost }) => sequenceLost),
    ),
    gauge(
      'bonghwa_exporter_findings',
      'Findings about an exporter that somebody should act on.',
      byExporter(({ diagnosis }) => diagnosis.length),
    ),
    gauge(
      'bonghwa_exporter_last_seen_timestamp_seconds',
      'When the exporter sent something last.',
      byExporter(
        ({ lastSeen }) => seconds(lastSeen),
        (values) => Math.max(...values),
      ),
    ),
  ];
}

function exporterLabels({ exporter, observationDomain, protocol }: ExporterReport): Labels {
  return { exporter, domain: String(observationDomain), protocol };
}

function storeFamilies({ state, telemetry }: StationStatus): Family[] {
  const stores: readonly (readonly [string, StoreStatus])[] = [
    ['state', state],
    ['telemetry', telemetry],
  ];
  const byStore = (of: (store: StoreStatus) => number): Sample[] =>
    stores.map(([store, status]) => ({ labels: { store, kind: status.kind }, value: of(status) }));
  const sized = stores.filter(([, { bytesOnDisk }]) => bytesOnDisk !== undefined);
  return [
    gauge(
      'bonghwa_store_up',
      'Whether the store takes and answers; one that is behind does.',
      byStore(({ state: at }) => Number(at === 'ready' || at === 'behind')),
    ),
    gauge(
      'bonghwa_store_waiting',
      'Rows or writes that wait for the store.',
      byStore(({ waiting }) => waiting),
    ),
    counter(
      'bonghwa_store_written_total',
      'Rows or writes that the store took.',
      byStore(({ written }) => written),
    ),
    counter(
      'bonghwa_store_lost_total',
      'Rows or writes that could not be kept.',
      byStore(({ lost }) => lost),
    ),
    gauge(
      'bonghwa_store_size_bytes',
      'Bytes of the store on disk, where they are known.',
      sized.map(([store, { kind, bytesOnDisk = 0 }]) => ({ labels: { store, kind }, value: bytesOnDisk })),
    ),
  ];
}

function counter(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, help, type: 'counter', samples };
}

function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, help, type: 'gauge', samples };
}

function one(value: number): Sample[] {
  return [{ value }];
}

function seconds(time: string): number {
  return Date.parse(time) / 1000;
}
