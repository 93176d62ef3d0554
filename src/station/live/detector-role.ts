import { Detector } from '../../detect/network/detector.ts';
import { restoreDetector, snapshotDetector } from '../../detect/network/snapshot.ts';
import type { Attack } from '../../model/attack.ts';
import { SECOND_LIMITS, Second } from '../../sketch/second.ts';
import { memoryOf, mergeEncoded, watchListOf } from '../../sketch/second-codec.ts';
import { SecondCollector } from './collector.ts';
import { keepFlows } from './kept-flows.ts';
import type { DetectionSubject, FromDetector, ToDetectorFromReceiver, ToReceiverFromDetector } from './messages.ts';

/** Exporters whose addresses are remembered for the kept flows. */
const EXPORTERS_MAX = 65_536;

export interface DetectorRoleOptions {
  readonly seed: number;
  readonly subject: DetectionSubject;
  readonly post: (message: FromDetector) => void;
  /** Tells every receiver what to watch. */
  readonly broadcast: (message: ToReceiverFromDetector) => void;
  /** Gives a receiver back the memory of a second that was merged. */
  readonly giveBack?: (receiver: number, memory: SharedArrayBuffer) => void;
  readonly now: () => number;
  /** Processor time of this thread so far, ms. */
  readonly cpuMs: () => number;
}

/**
 * What the detector thread does: merges the parts of every second, decides, and tells what it saw. A function of the parts that
 * it is given, and of the clock only for how late it was.
 */
export class DetectorRole {
  readonly detector: Detector;
  readonly #options: DetectorRoleOptions;
  readonly #collector: SecondCollector<Part>;
  readonly #merged: Second;
  /** Holds nothing but the list of what to watch next. */
  readonly #next: Second;
  /** What the detector said while it took the second. */
  #told: { readonly attack: Attack; readonly state: 'opened' | 'updated' | 'closed' }[] = [];
  readonly #exporters: Uint32Array[] = [];
  readonly #exporterIndex = new Map<string, number>();

  constructor(options: DetectorRoleOptions) {
    this.#options = options;
    const { seed, subject } = options;
    this.detector = new Detector({
      seed,
      networks: subject.networks,
      siteOf: (address) => subject.sites.get(address),
      configuredPps: subject.configuredPps,
      ...(subject.organisation === undefined ? {} : { organisation: subject.organisation }),
      live: true,
      onAttack: (attack, state) => this.#told.push({ attack, state }),
    });
    this.#merged = new Second(seed, subject.networks);
    this.#next = new Second(seed, subject.networks, NEXT_LIMITS);
    this.#collector = new SecondCollector((second, parts) => this.#decide(second, parts));
  }

  join(receiver: number): void {
    this.#collector.join(receiver);
  }

  leave(receiver: number): void {
    this.#collector.leave(receiver, this.#options.now());
  }

  offer(receiver: number, message: ToDetectorFromReceiver): void {
    const part = { receiver, second: message.encoded.second, value: { ...message, receiver } };
    this.#collector.offer(part, this.#options.now());
  }

  /** Protects and names something else from the next second on. */
  configure(subject: DetectionSubject): void {
    this.detector.reconfigure({
      networks: subject.networks,
      siteOf: (address) => subject.sites.get(address),
      configuredPps: subject.configuredPps,
      ...(subject.organisation === undefined ? {} : { organisation: subject.organisation }),
    });
  }

  snapshot(): Uint8Array {
    return snapshotDetector(this.detector);
  }

  /** Takes back what an earlier run remembered: how many targets, or why nothing. */
  restore(bytes: Uint8Array): { readonly restored: number; readonly fault?: string } {
    const outcome = restoreDetector(this.detector, bytes, this.#options.now());
    this.#tellAttacks();
    if (outcome.kind === 'restored') return { restored: outcome.targets };
    return { restored: 0, fault: `what was learned before cannot be used: ${outcome.reason}` };
  }

  tick(): void {
    this.#collector.tick(this.#options.now());
  }

  #decide(second: number, parts: readonly Part[]): void {
    const { post, now, cpuMs, seed, giveBack } = this.#options;
    const workFromMs = cpuMs();
    const merged = this.#merged;
    merged.begin(second);
    let coveredMs = 0;
    let untilMs = second * 1000;
    for (const part of parts) {
      this.#renumberExporters(part);
      mergeEncoded(merged, part.encoded, seed);
      giveBack?.(part.receiver, memoryOf(part.encoded));
      coveredMs = Math.max(coveredMs, part.coveredMs);
      untilMs = Math.max(untilMs, part.untilMs);
    }
    this.detector.take(merged, coveredMs, untilMs);
    this.#tellAttacks();
    this.#next.begin(second + 1);
    this.detector.prepare(this.#next);
    this.#options.broadcast({ watch: watchListOf(this.#next.watch) });
    post({
      kind: 'second',
      record: {
        second,
        total: { bps: 8 * merged.bytes, pps: merged.packets, fps: merged.flows },
        targets: this.detector.observed(),
        flows: keepFlows(merged.sample, this.detector.attackedPrefixes(), (index) => this.#exporters[index]),
      },
      lagMs: now() - (second + 1) * 1000,
      workMs: cpuMs() - workFromMs,
      late: this.#collector.late,
      incomplete: this.#collector.incomplete,
      attacksRefused: this.detector.attacksRefused,
    });
  }

  /** Tells what happened in a second after all of it was counted: an attack that opened has its peak then. */
  #tellAttacks(): void {
    if (this.#told.length === 0) return;
    const now = new Map(this.detector.attacks().map((attack) => [attack.id, attack]));
    for (const { attack, state } of this.#told) {
      this.#options.post({
        kind: 'attack',
        attack: state === 'closed' ? attack : (now.get(attack.id) ?? attack),
        state,
        sources: this.detector.sourcesOf(attack.id),
      });
    }
    this.#told = [];
  }

  /** Every receiver numbers its exporters for itself: the sampled rows get numbers that mean the same for all. */
  #renumberExporters({ encoded, exporters }: Part): void {
    const numbers = new Map<number, number>();
    for (let at = 0; at < exporters.length; at += 5) {
      const words = exporters.slice(at + 1, at + 5);
      const key = words.join(' ');
      let number = this.#exporterIndex.get(key);
      if (number === undefined && this.#exporters.length < EXPORTERS_MAX) {
        number = this.#exporters.push(words) - 1;
        this.#exporterIndex.set(key, number);
      }
      if (number !== undefined) numbers.set(exporters[at], number);
    }
    const column = encoded.sample.exporter;
    // Rows of an exporter come in runs.
    let last = -1;
    let number = UNKNOWN_EXPORTER;
    for (let row = 0; row < column.length; row++) {
      if (column[row] !== last) {
        last = column[row];
        number = numbers.get(last) ?? UNKNOWN_EXPORTER;
      }
      column[row] = number;
    }
  }
}

type Part = ToDetectorFromReceiver & { readonly receiver: number };

const UNKNOWN_EXPORTER = 0xffffffff;
const NEXT_LIMITS = { table: { rowsMax: 16, cellsMax: 16 }, watch: SECOND_LIMITS.watch, sampleRows: 1 };
