/** A part of a second: what one receiver counted. */
export interface SecondPart<T> {
  readonly receiver: number;
  /** Seconds since 1970. */
  readonly second: number;
  readonly value: T;
}

/** A receiver that is late by more than this is not waited for, ms. */
const PATIENCE_MS = 1500;
/** Parts of one receiver that wait at most: beyond, the oldest are taken without the others. */
const WAITING_MAX = 30;
/** A part that lies further back than this is no late one: the clock was set back. */
const SET_BACK_SECONDS = 10;

/**
 * Brings together the parts of each second that several receivers counted, in the order of time. A second is complete when every
 * receiver has told its part or is past it; one that is silent is not waited for longer than `PATIENCE_MS`.
 */
export class SecondCollector<T> {
  /** Parts that came after their second had been taken, and were not counted. */
  late = 0;
  /** Seconds that were taken without the part of a receiver that was too slow. */
  incomplete = 0;
  readonly #take: (second: number, parts: readonly T[]) => void;
  readonly #waiting = new Map<number, { part: SecondPart<T>; arrivedMs: number }[]>();
  readonly #left = new Set<number>();
  #last = Number.NaN;

  constructor(take: (second: number, parts: readonly T[]) => void) {
    this.#take = take;
  }

  join(receiver: number): void {
    if (!this.#waiting.has(receiver)) this.#waiting.set(receiver, []);
  }

  /** The receiver tells no more, and is not waited for; what it told is taken with the others. */
  leave(receiver: number, nowMs: number): void {
    if (this.#waiting.has(receiver)) this.#left.add(receiver);
    this.tick(nowMs);
  }

  offer(part: SecondPart<T>, nowMs: number): void {
    if (part.second <= this.#last && this.#last - part.second <= SET_BACK_SECONDS) {
      this.late++;
      return;
    }
    this.join(part.receiver);
    this.#waiting.get(part.receiver)?.push({ part, arrivedMs: nowMs });
    this.tick(nowMs);
  }

  /** Takes every second that is complete, or has waited for long enough. */
  tick(nowMs: number): void {
    for (;;) {
      let heads = 0;
      let missing = 0;
      let waitedMs = Number.NEGATIVE_INFINITY;
      let longest = 0;
      for (const [receiver, queue] of this.#waiting) {
        if (queue.length === 0) {
          if (this.#left.delete(receiver)) this.#waiting.delete(receiver);
          else missing++;
          continue;
        }
        heads++;
        waitedMs = Math.max(waitedMs, nowMs - queue[0].arrivedMs);
        longest = Math.max(longest, queue.length);
      }
      if (heads === 0) return;
      if (missing > 0 && waitedMs < PATIENCE_MS && longest <= WAITING_MAX) return;
      if (missing > 0) this.incomplete++;
      this.#takeNext();
    }
  }

  /** Takes the next second of those that wait: the one that follows the last; after a clock was set back, the earliest. */
  #takeNext(): void {
    let next = Number.POSITIVE_INFINITY;
    let earliest = Number.POSITIVE_INFINITY;
    for (const queue of this.#waiting.values()) {
      if (queue.length === 0) continue;
      const { second } = queue[0].part;
      earliest = Math.min(earliest, second);
      if (!(second <= this.#last)) next = Math.min(next, second);
    }
    const second = Number.isFinite(next) ? next : earliest;
    const parts: T[] = [];
    for (const queue of this.#waiting.values()) {
      while (queue.length > 0 && queue[0].part.second === second) {
        const [head] = queue.splice(0, 1);
        parts.push(head.part.value);
      }
    }
    this.#last = second;
    this.#take(second, parts);
  }
}
