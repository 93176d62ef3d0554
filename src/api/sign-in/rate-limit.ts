/** Keys that are followed at a time; the one tried longest ago goes first. */
const KEYS_MAX = 20_000;

interface Window {
  readonly sinceMs: number;
  count: number;
}

/** Lets so many attempts of one key through in a span of time. */
export class RateLimit {
  readonly #max: number;
  readonly #spanMs: number;
  readonly #now: () => number;
  readonly #windows = new Map<string, Window>();

  constructor(max: number, spanMs: number, now: () => number) {
    this.#max = max;
    this.#spanMs = spanMs;
    this.#now = now;
  }

  /** Counts an attempt. Undefined where it may go on; else after how many seconds the next one may. */
  take(key: string): number | undefined {
    const nowMs = this.#now();
    const found = this.#windows.get(key);
    const window = found === undefined || nowMs - found.sinceMs >= this.#spanMs ? { sinceMs: nowMs, count: 0 } : found;
    if (window.count >= this.#max) return Math.ceil((window.sinceMs + this.#spanMs - nowMs) / 1000);
    window.count++;
    this.#windows.delete(key);
    this.#windows.set(key, window);
    if (this.#windows.size > KEYS_MAX) this.#windows.delete(this.#windows.keys().next().value ?? '');
    return undefined;
  }

  /** What was counted of a key is forgotten: it was the right one. */
  forget(key: string): void {
    this.#windows.delete(key);
  }
}
