import { Random } from '../../base/random.ts';

/** How often the pressure is looked at, ms. */
const LOOK_MS = 50;
/**
 * A receive buffer that is filled by more than this share, and by more at each of two looks, runs over soon, as does one that is filled by
 * more than the next. Where it gets less, what came while the receiver was kept from working is being caught up with. One filled by less
 * than the last has room.
 */
const FILLED_MAX = 0.5;
const FILLED_NEARLY = 0.85;
const FILLED_ROOM = 0.25;
/** What was shed is given this long to show, ms. */
const SETTLE_MS = 150;
/**
 * A receiver that works for less than this share of the time can decode twice as many, of which it pays the receiving already; one that works
 * for half as long, four times as many; and so on. What counts is processor time: where others take the processors, passing over more leaves
 * it no more of them …
 */
const BUSY_SHARE_ROOM = 0.55;
/** … taken over so long, ms: more than a second, whose end is work for some time and no sign of pressure. */
const CALM_MS = 1500;
/** A receiver that waits for less than this share of the time is at its limit. */
const IDLE_SHARE_MIN = 0.05;
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
  #changedMs = Number.NEGATIVE_INFINITY;
  #calmSinceMs = Number.NaN;
  #calmRanMs = 0;
  #idleMs = 0;
  #ranMs = 0;
  #dropped = 0;
  /** How full the receive buffer was at the last look, and whether that was too much, and more than before. */
  #filled = 0;
  #grew = false;

  /** `seed`: a sender must not be able to guess which datagrams are passed over. */
  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  /** Whether the next datagram is decoded. */
  keeps(): boolean {
    return this.oneIn === 1 || this.#random.below(this.oneIn) === 0;
  }

  /**
   * Looks at the pressure. `idleMs`: time spent waiting since the last call; `ranMs`: processor time since then, which is less than the
   * rest where other programs have the processors. `dropped`: datagrams that the kernel has dropped since the start. `filled`: how full
   * the receive buffer is, 0 to 1.
   */
  note(nowMs: number, idleMs: number, ranMs: number, dropped: number, filled: number): void {
    this.#idleMs += idleMs;
    this.#ranMs += ranMs;
    if (Number.isNaN(this.#lookedMs) || nowMs < this.#lookedMs) {
      this.#look(nowMs, dropped);
      this.#watchCalm(nowMs);
    }
    const sinceMs = nowMs - this.#lookedMs;
    if (sinceMs < LOOK_MS) return;
    const idleShare = this.#idleMs / sinceMs;
    // A loss while there was time to spare came in one burst: decoding fewer would not have helped.
    const grows = filled > FILLED_MAX && filled > this.#filled;
    const runsOver = filled > FILLED_NEARLY || (grows && this.#grew) || dropped > this.#dropped;
    const pressed = idleShare < IDLE_SHARE_MIN && runsOver && filled >= this.#filled;
    this.#grew = grows;
    this.#filled = filled;
    if (filled >= FILLED_ROOM) this.#watchCalm(nowMs);
    else this.#calmRanMs += this.#ranMs;
    const calmMs = nowMs - this.#calmSinceMs;
    if (pressed && nowMs - this.#changedMs >= SETTLE_MS) this.#change(2 * this.oneIn, nowMs);
    else if (calmMs >= CALM_MS) {
      const busyShare = this.#calmRanMs / calmMs;
      if (busyShare < BUSY_SHARE_ROOM && this.oneIn > 1) this.#change(fewer(this.oneIn, busyShare), nowMs);
      else this.#watchCalm(nowMs);
    }
    this.#look(nowMs, dropped);
  }

  #change(oneIn: number, nowMs: number): void {
    this.oneIn = Math.min(ONE_IN_MAX, oneIn);
    this.#changedMs = nowMs;
    this.#watchCalm(nowMs);
  }

  /** Begins to add up anew how much time is left. */
  #watchCalm(nowMs: number): void {
    this.#calmSinceMs = nowMs;
    this.#calmRanMs = 0;
  }

  #look(nowMs: number, dropped: number): void {
    this.#lookedMs = nowMs;
    this.#idleMs = 0;
    this.#ranMs = 0;
    this.#dropped = dropped;
  }
}

/** What to pass over where that leaves a receiver at work for such a share of the time. */
function fewer(oneIn: number, busyShare: number): number {
  let less = oneIn / 2;
  for (let share = 2 * busyShare; less > 1 && share < BUSY_SHARE_ROOM; share *= 2) less /= 2;
  return less;
}
