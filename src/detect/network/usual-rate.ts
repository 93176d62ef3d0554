import type { ByteReader, ByteWriter } from '../../base/byte-stream.ts';
import type { Rate } from '../../model/attack.ts';
import { PARAMETERS } from './parameters.ts';

/** What a target usually receives in all: the quick mean of each measure, told beside an attack. Nothing is held against it. */
export class UsualRate {
  bps = 0;
  pps = 0;
  fps = 0;
  /** Seconds it has learned from. */
  learnedSeconds = 0;
  #lastTick = -1;

  /** Learns one second of peace. Ticks that were not given since the last were silent. */
  learn(tick: number, rate: Rate): void {
    const silent = this.#lastTick < 0 ? 0 : Math.max(0, tick - this.#lastTick - 1);
    this.#lastTick = tick;
    if (silent > 0) {
      const kept = (1 - 1 / PARAMETERS.meanSeconds) ** silent;
      this.bps *= kept;
      this.pps *= kept;
      this.fps *= kept;
      this.learnedSeconds += Math.min(silent, PARAMETERS.meanSeconds);
    }
    this.learnedSeconds++;
    const weight = Math.max(1 / PARAMETERS.meanSeconds, 1 / this.learnedSeconds);
    this.bps += weight * (rate.bps - this.bps);
    this.pps += weight * (rate.pps - this.pps);
    this.fps += weight * (rate.fps - this.fps);
  }

  /** What came before this tick is not learned: neither as peace nor as silence. */
  skip(tick: number): void {
    this.#lastTick = Math.max(this.#lastTick, tick);
  }

  write(to: ByteWriter): void {
    for (const value of [this.bps, this.pps, this.fps, this.learnedSeconds, this.#lastTick + 1]) to.number(value);
  }

  static read(from: ByteReader): UsualRate {
    const usual = new UsualRate();
    usual.bps = from.amount();
    usual.pps = from.amount();
    usual.fps = from.amount();
    usual.learnedSeconds = from.count();
    usual.#lastTick = from.count() - 1;
    return usual;
  }
}
