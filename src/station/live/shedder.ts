import { Random } from '../../base/random.ts';

/** How often the pressure is looked at, ms. */
const LOOK_MS = 200;
/** A receiver that waits for datagrams for less than this share of the time is at its limit … */
const IDLE_SHARE_MIN = 0.05;
/** … and one that waits for more than this share has room for twice as many. */
const IDLE_SHARE_ROOM = 0.6;
/** So many looks in a row with room before more is decoded again: five seconds. */
const CALM_LOOKS = 25;
/** One in 4,096 at least is decoded. */
const ONE_IN_MAX = 4096;

/**
 * Decides how many datagrams are decoded when there are more than can be. One in 1, 2, 4 … is, chosen at random, and stands for the
 * others: estimates stay unbiased, and the records that were passed over are counted. That is better than what a full socket buffer does,
 * which drops in bursts and without a word.
 */
export class Shedder {
  /** One datagram in how many is decoded. */
  oneIn = 1;
  readonly #random: Random;
  #lookedMs = Number.NaN;
  #idleMs = 0;
  #dropped = 0;
  #calm = 0;

  /** `seed`: a sender must not be able to guess which datagrams are passed over. */
  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  /** Whether the next datagram is decoded. */
  keeps(): boolean {
    return this.oneIn === 1 || this.#random.below(this.oneIn) === 0;
  }

  /** `idleMs`: time spent waiting since the last call. `dropped`: datagrams that the kernel has dropped since the start. */
  note(nowMs: number, idleMs: number, dropped: number): void {
    this.#idleMs += idleMs;
    if (Number.isNaN(this.#lookedMs) || nowMs < this.#lookedMs) this.#look(nowMs, dropped);
    const sinceMs = nowMs - this.#lookedMs;
    if (sinceMs < LOOK_MS) return;
    const idleShare = this.#idleMs / sinceMs;
    // A loss while there was time to spare came in one burst: decoding fewer would not have helped.
    const pressed = idleShare < IDLE_SHARE_MIN && dropped > this.#dropped;
    if (pressed) {
      this.oneIn = Math.min(ONE_IN_MAX, 2 * this.oneIn);
      this.#calm = 0;
    } else if (idleShare > IDLE_SHARE_ROOM) {
      this.#calm++;
      if (this.#calm >= CALM_LOOKS && this.oneIn > 1) {
        this.oneIn /= 2;
        this.#calm = 0;
      }
    } else {
      this.#calm = 0;
    }
    this.#look(nowMs, dropped);
  }

  #look(nowMs: number, dropped: number): void {
    this.#lookedMs = nowMs;
    this.#idleMs = 0;
    this.#dropped = dropped;
  }
}
