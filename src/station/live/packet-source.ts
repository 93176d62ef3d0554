import { BonghwaError } from '../../base/errors.ts';
import type { FlowBatch } from '../../model/flow-batch.ts';
import { REJECT } from '../../model/rejection.ts';
import { ingest } from '../ingest.ts';
import type { ReceiverRole } from './receiver-role.ts';

/** Packets whose time is this far from the clock were not captured now, ms. */
const LIVE_MS = 60_000;

export interface PacketSourceOptions {
  /** A named pipe, or `-` for standard input. */
  readonly path: string;
  readonly telemetryPorts: readonly number[];
  /** True where nothing else feeds the station: a recording is then gone through in its own time. */
  readonly ownTime: boolean;
  readonly signal: AbortSignal;
  readonly now: () => number;
  readonly onFault: (fault: BonghwaError) => void;
}

/** Reads a stream of packets as it comes, and counts it. A named pipe is read again after its writer has gone. */
export class PacketSource {
  packets = 0;
  /** Said once the stream has ended for good. */
  ended = false;
  readonly #options: PacketSourceOptions;
  readonly #role: ReceiverRole;
  #lastMs = Number.NaN;

  constructor(options: PacketSourceOptions, role: ReceiverRole) {
    this.#options = options;
    this.#role = role;
  }

  async run(): Promise<void> {
    const { path, telemetryPorts, signal, onFault } = this.#options;
    while (!signal.aborted && !this.ended) {
      const before = this.packets;
      try {
        await ingest(
          {
            files: [path],
            as: 'auto',
            telemetryPorts,
            signal,
            stepMs: 1000,
            batch: this.#role.batch,
            onProgress: ({ packets }) => {
              this.packets = before + packets;
            },
          },
          { take: (batch) => this.#take(batch) },
        );
      } catch (error) {
        if (!(error instanceof BonghwaError)) throw error;
        onFault(error);
        // A pipe that is gone stays gone; one into which somebody wrote no capture may get a better writer.
        if (error.code !== 'FILE_NOT_A_CAPTURE') this.ended = true;
      }
      this.ended ||= path === '-';
    }
  }

  /** Closes the seconds that are over by the clock, where the stream is live. */
  tick(): void {
    const nowMs = this.#options.now();
    if (Math.abs(nowMs - this.#lastMs) < LIVE_MS || (Number.isNaN(this.#lastMs) && !this.#options.ownTime)) {
      this.#role.flush(nowMs);
    }
  }

  #take(batch: FlowBatch): void {
    const lastMs = batch.observedMs[batch.length - 1];
    if (!this.#options.ownTime && Math.abs(this.#options.now() - lastMs) >= LIVE_MS) {
      this.#role.rejections.count(REJECT['time-far-behind'], batch.length);
      batch.length = 0;
      return;
    }
    this.#lastMs = lastMs;
    this.#role.records += batch.length;
    this.#role.stream.take(batch);
  }
}
