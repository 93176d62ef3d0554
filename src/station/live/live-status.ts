import { LAG_BOUNDS } from '../../api/deps.ts';
import { Histogram } from '../../base/histogram.ts';
import { formatTime } from '../../base/units.ts';
import type { Attack, ExporterReport, Rate } from '../../model/attack.ts';
import type { TargetSecond } from '../../model/second-record.ts';
import type { InputStatus, StationStatus, StoreStatus } from '../../model/station-view.ts';
import type { FromDetector, ReceiverReport } from './messages.ts';

/** Targets that are told at most. */
const TARGETS_SHOWN_MAX = 200;

type DetectorSecond = Extract<FromDetector, { readonly kind: 'second' }>;

/** What lies outside of the threads and is asked when a status is wanted. */
export interface StatusParts {
  readonly version: string;
  readonly organisation?: string;
  readonly sample?: true;
  readonly nowMs: number;
  readonly ready: boolean;
  readonly exporters: readonly ExporterReport[];
  readonly state: StoreStatus;
  readonly telemetry: StoreStatus;
  readonly warnings: readonly string[];
  readonly memoryBytes: number;
  readonly cpuSeconds: number;
}

/** What the threads of a station told last, put together. Counters of a thread that died stay counted. */
export class LiveStatus {
  readonly startedMs: number;
  attacksTotal = 0;
  /** The last second that was decided, seconds since 1970; NaN before the first. */
  decidedSecond = Number.NaN;
  /** When that was told, ms since 1970. */
  decidedMs = Number.NaN;
  /** How long after its end each second was decided. */
  readonly lagSeconds = new Histogram(LAG_BOUNDS);
  secondsDecided = 0;
  #total: Rate = { bps: 0, pps: 0, fps: 0 };
  #targets: readonly TargetSecond[] = [];
  readonly #ongoing = new Map<string, Attack>();
  readonly #reports = new Map<number, ReceiverReport>();
  readonly #gone = new Map<number, ReceiverReport>();
  #detector: DetectorSecond | undefined;

  constructor(startedMs: number) {
    this.startedMs = startedMs;
  }

  second(message: DetectorSecond, nowMs: number): void {
    this.#detector = message;
    this.decidedSecond = message.record.second;
    this.decidedMs = nowMs;
    this.lagSeconds.add(message.lagMs / 1000);
    this.secondsDecided++;
    this.#total = message.record.total;
    this.#targets = message.record.targets;
  }

  attack(attack: Attack, state: 'opened' | 'updated' | 'closed'): void {
    if (state === 'opened' && !this.#ongoing.has(attack.id)) this.attacksTotal++;
    if (state === 'closed') this.#ongoing.delete(attack.id);
    else this.#ongoing.set(attack.id, attack);
  }

  report(receiver: number, report: ReceiverReport): void {
    this.#reports.set(receiver, report);
  }

  /** A receiver died: it begins to count anew, and what it had counted is kept. */
  receiverGone(receiver: number): void {
    const last = this.#reports.get(receiver);
    if (last === undefined) return;
    const before = this.#gone.get(receiver);
    this.#gone.set(receiver, before === undefined ? last : addReports(before, last));
    this.#reports.delete(receiver);
  }

  ongoing(): Attack[] {
    return [...this.#ongoing.values()].sort((left, right) => right.start.localeCompare(left.start));
  }

  exporters(): ExporterReport[] {
    const byKey = new Map<string, ExporterReport>();
    for (const report of this.#reports.values()) {
      for (const exporter of report.exporters) {
        const key = `${exporter.exporter} ${exporter.observationDomain} ${exporter.protocol}`;
        const known = byKey.get(key);
        // After a change of workers two may have heard one exporter: the one that hears it now tells.
        if (known === undefined || known.lastSeen < exporter.lastSeen) byKey.set(key, exporter);
      }
    }
    return [...byKey.values()].sort((left, right) => left.exporter.localeCompare(right.exporter));
  }

  #allReports(): ReceiverReport[] {
    return [...this.#reports.values(), ...this.#gone.values()];
  }

  status(parts: StatusParts): StationStatus {
    const { organisation, nowMs, ...rest } = parts;
    const reports = this.#allReports();
    const sum = (of: (report: ReceiverReport) => number): number =>
      reports.reduce((total, report) => total + of(report), 0);
    const decidedAt = formatTime((this.decidedSecond + 1) * 1000);
    return {
      ...rest,
      ...(organisation === undefined ? {} : { organisation }),
      startedAt: formatTime(this.startedMs) ?? '',
      now: formatTime(nowMs) ?? '',
      ...(decidedAt === undefined ? {} : { decidedAt }),
      total: this.#total,
      inputs: mergeInputs(reports.flatMap(({ inputs }) => inputs)),
      records: sum(({ records }) => records),
      recordsLost: sum(({ recordsShed, recordsMissing }) => recordsShed + recordsMissing),
      attacksTotal: this.attacksTotal,
      attacksOngoing: this.ongoing(),
      targets: this.#targets.slice(0, TARGETS_SHOWN_MAX),
      exporters: [...parts.exporters],
      rejected: this.#rejected(reports),
      warnings: [...parts.warnings, ...reports.flatMap(({ shedding }) => sheddingWarning(shedding))],
    };
  }

  /** Records lost by reason; every reason is there, also with 0. */
  lost(): { readonly shed: number; readonly missing: number } {
    const reports = this.#allReports();
    return {
      shed: reports.reduce((total, { recordsShed }) => total + recordsShed, 0),
      missing: reports.reduce((total, { recordsMissing }) => total + recordsMissing, 0),
    };
  }

  #rejected(reports: readonly ReceiverReport[]): Record<string, number> {
    const rejected: Record<string, number> = {};
    for (const report of reports) {
      for (const [reason, count] of Object.entries(report.rejected)) rejected[reason] = (rejected[reason] ?? 0) + count;
    }
    const refused = this.#detector?.attacksRefused ?? 0;
    if (refused > 0) rejected['attack-not-kept'] = (rejected['attack-not-kept'] ?? 0) + refused;
    return rejected;
  }
}

function sheddingWarning(oneIn: number): string[] {
  if (oneIn === 1) return [];
  return [
    `overload: one datagram in ${oneIn} is decoded and stands for the others; give the station more cores, or sample more on the routers`,
  ];
}

function addReports(left: ReceiverReport, right: ReceiverReport): ReceiverReport {
  const rejected = { ...left.rejected };
  for (const [reason, count] of Object.entries(right.rejected)) rejected[reason] = (rejected[reason] ?? 0) + count;
  return {
    inputs: mergeInputs([...left.inputs, ...right.inputs]),
    records: left.records + right.records,
    recordsShed: left.recordsShed + right.recordsShed,
    recordsMissing: left.recordsMissing + right.recordsMissing,
    exporters: [],
    rejected,
    shedding: 1,
  };
}

/** One status for every address, of all the workers that share it. */
function mergeInputs(inputs: readonly InputStatus[]): InputStatus[] {
  const byAddress = new Map<string, InputStatus>();
  for (const input of inputs) {
    const key = `${input.kind} ${input.address}`;
    const known = byAddress.get(key);
    byAddress.set(
      key,
      known === undefined
        ? input
        : {
            ...known,
            ...input,
            workers: Math.max(known.workers, input.workers),
            datagrams: known.datagrams + input.datagrams,
            datagramsDropped: known.datagramsDropped + input.datagramsDropped,
            records: known.records + input.records,
            recordsShed: known.recordsShed + input.recordsShed,
          },
    );
  }
  return [...byAddress.values()];
}
