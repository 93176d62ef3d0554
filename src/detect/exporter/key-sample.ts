/** Keys kept of one exporter in one span. */
export const KEYS_MAX = 1024;
const KEYS_FIRST = 64;
/** So few rows passed over change no share that is decided by. */
const PASSED_OVER_SHARE = 0.02;
/** All hashes as signed integers lie below it, but for one. */
export const LIMIT_ALL = 0x7fffffff;
const LIMIT_NONE = -0x80000000;

/** The keys of a span as they go between threads. */
export interface SampledKeys {
  /** Every key whose hash, as a signed integer, is below it was kept. */
  readonly limit: number;
  /** False where many rows were passed over for want of time: a key that is not there may have been seen. */
  readonly complete: boolean;
  /** Two words a key: the hash that chose it, and one that tells it from others. */
  readonly hashes: Int32Array;
  /** Packets of each, as reported. */
  readonly packets: Float64Array;
  /** Where the flow goes: twice the index of the protected network, and one more where it comes from there. */
  readonly places: Uint16Array;
}

/** Of an exporter that told nothing. */
export const NO_KEYS: SampledKeys = {
  limit: LIMIT_ALL,
  complete: true,
  hashes: new Int32Array(0),
  packets: new Float64Array(0),
  places: new Uint16Array(0),
};

/**
 * A sample of flow keys that every exporter and every thread chooses alike: a key is kept if its hash lies below a limit. When
 * there are too many the limit is halved, so two samples can be compared below the lower of their limits.
 */
export class KeySample {
  limit = LIMIT_ALL;
  /** Rows passed over for want of time. */
  passedOver = 0;
  #offered = 0;
  count = 0;
  #hashes = new Int32Array(2 * KEYS_FIRST);
  #packets = new Float64Array(KEYS_FIRST);
  #places = new Uint16Array(KEYS_FIRST);
  /** Open addressing by the second hash: index of a key plus 1, or 0. Four slots a key. */
  #slots = new Uint16Array(4 * KEYS_FIRST);

  /** Adds the packets of a row whose key has these hashes; `hash` lies below `limit`. */
  add(hash: number, tell: number, packets: number, place: number): void {
    this.#offered++;
    const mask = this.#slots.length - 1;
    let slot = tell & mask;
    for (let at = this.#slots[slot]; at !== 0; at = this.#slots[slot]) {
      if (this.#hashes[2 * at - 2] === hash && this.#hashes[2 * at - 1] === tell) {
        this.#packets[at - 1] += packets;
        return;
      }
      slot = (slot + 1) & mask;
    }
    if (this.count === this.#packets.length) {
      if (this.count < KEYS_MAX) this.#resize(2 * this.count);
      else this.#halve();
      if (hash < this.limit) this.add(hash, tell, packets, place);
      return;
    }
    const at = this.count++;
    this.#slots[slot] = at + 1;
    this.#hashes[2 * at] = hash;
    this.#hashes[2 * at + 1] = tell;
    this.#packets[at] = packets;
    this.#places[at] = place;
  }

  /** The keys so far, and begins anew: with a limit that will keep fewer than all, if the span that begins is like the one before. */
  take(): SampledKeys {
    const { limit, count } = this;
    const taken = {
      limit,
      complete: this.passedOver <= PASSED_OVER_SHARE * this.#offered,
      hashes: this.#hashes.slice(0, 2 * count),
      packets: this.#packets.slice(0, count),
      places: this.#places.slice(0, count),
    };
    if (count < KEYS_MAX / 4) this.limit = widen(widen(limit));
    else if (count < KEYS_MAX / 2) this.limit = widen(limit);
    this.passedOver = 0;
    this.#offered = 0;
    this.count = 0;
    this.#slots.fill(0);
    return taken;
  }

  /** Halves the limit until half of the keys are gone, or nearly. */
  #halve(): void {
    const all = this.count;
    while (this.count > all / 2 && this.limit > LIMIT_NONE + 1) {
      this.limit = LIMIT_NONE + Math.floor((this.limit - LIMIT_NONE) / 2);
      let kept = 0;
      for (let at = 0; at < this.count; at++) {
        if (this.#hashes[2 * at] >= this.limit) continue;
        this.#hashes[2 * kept] = this.#hashes[2 * at];
        this.#hashes[2 * kept + 1] = this.#hashes[2 * at + 1];
        this.#packets[kept] = this.#packets[at];
        this.#places[kept] = this.#places[at];
        kept++;
      }
      this.count = kept;
    }
    this.#index();
  }

  #resize(size: number): void {
    const hashes = new Int32Array(2 * size);
    hashes.set(this.#hashes);
    const packets = new Float64Array(size);
    packets.set(this.#packets);
    const places = new Uint16Array(size);
    places.set(this.#places);
    this.#hashes = hashes;
    this.#packets = packets;
    this.#places = places;
    this.#slots = new Uint16Array(4 * size);
    this.#index();
  }

  #index(): void {
    const mask = this.#slots.length - 1;
    this.#slots.fill(0);
    for (let at = 0; at < this.count; at++) {
      let slot = this.#hashes[2 * at + 1] & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = at + 1;
    }
  }
}

/** Twice the share of keys. */
function widen(limit: number): number {
  return Math.min(LIMIT_ALL, LIMIT_NONE + 2 * (limit - LIMIT_NONE));
}
