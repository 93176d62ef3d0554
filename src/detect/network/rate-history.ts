import type { ByteReader, ByteWriter } from '../../base/byte-stream.ts';
import type { Rate } from '../../model/attack.ts';
import { PARAMETERS } from './parameters.ts';

const STRIDE = 3;

/** A target's rates of the last `historySeconds` ticks, for the picture of what came before an attack. A ring, made when first needed. */
export class RateHistory {
  #rates: Float64Array | undefined;
  /** Rates that are held; the oldest is at `#from`. */
  #length = 0;
  #from = 0;
  #tick = -1;

  /** Keeps the rates of a tick; ticks that were left out were silent. */
  push(tick: number, rate: Rate): void {
    const silent = this.#tick < 0 ? 0 : Math.min(PARAMETERS.historySeconds, tick - this.#tick - 1);
    for (let gap = 0; gap < silent; gap++) this.#append(0, 0, 0);
    this.#append(rate.bps, rate.pps, rate.fps);
    this.#tick = tick;
  }

  /** Rates of the ticks up to and without `tick`, oldest first. */
  until(tick: number): Rate[] {
    const rates: Rate[] = [];
    const length = this.#tick >= tick ? this.#length - 1 : this.#length;
    for (let index = 0; index < length; index++) rates.push(this.#at(index));
    const gap = this.#tick < 0 ? 0 : Math.min(PARAMETERS.historySeconds, tick - this.#tick - 1);
    for (let empty = 0; empty < gap; empty++) rates.push({ bps: 0, pps: 0, fps: 0 });
    return rates.slice(-PARAMETERS.historySeconds);
  }

  /** False where nothing is left of what was kept, at a tick. */
  isRecent(tick: number): boolean {
    return this.#tick >= 0 && tick - this.#tick < PARAMETERS.historySeconds;
  }

  #at(index: number): Rate {
    const at = STRIDE * ((this.#from + index) % PARAMETERS.historySeconds);
    const rates = this.#rates;
    return rates === undefined
      ? { bps: 0, pps: 0, fps: 0 }
      : { bps: rates[at], pps: rates[at + 1], fps: rates[at + 2] };
  }

  #append(bps: number, pps: number, fps: number): void {
    this.#rates ??= new Float64Array(STRIDE * PARAMETERS.historySeconds);
    const at = STRIDE * ((this.#from + this.#length) % PARAMETERS.historySeconds);
    this.#rates[at] = bps;
    this.#rates[at + 1] = pps;
    this.#rates[at + 2] = fps;
    if (this.#length < PARAMETERS.historySeconds) this.#length++;
    else this.#from = (this.#from + 1) % PARAMETERS.historySeconds;
  }

  /** `whole`: with its rates; otherwise only that there were some, long ago. */
  write(to: ByteWriter, whole: boolean): void {
    to.number(this.#tick + 1);
    to.number(whole ? this.#length : 0);
    for (let index = 0; whole && index < this.#length; index++) {
      const { bps, pps, fps } = this.#at(index);
      to.number(bps);
      to.number(pps);
      to.number(fps);
    }
  }

  static read(from: ByteReader): RateHistory {
    const history = new RateHistory();
    history.#tick = from.count() - 1;
    const length = from.count(PARAMETERS.historySeconds);
    for (let index = 0; index < length; index++) history.#append(from.amount(), from.amount(), from.amount());
    return history;
  }
}
