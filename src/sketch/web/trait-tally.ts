import { mix32 } from '../../base/hash.ts';

/** Slots; a power of two. */
const SLOTS = 1024;
/** Slots that are looked at for one combination; where all are taken, what is there is told first. */
const PROBES = 8;

/** Takes how many requests of a template at a site had exactly these traits, a bit each. */
export type TellTraits = (site: number, template: number, traits: number, count: number) => void;

/**
 * Requests by site, template and the traits that they have in common. Requests of a second have few combinations of traits: to count
 * the combination and spread it over its traits at the end is one step for each request instead of one for each of its traits.
 */
export class TraitTally {
  readonly #sites = new Uint16Array(SLOTS);
  readonly #templates = new Uint32Array(SLOTS);
  readonly #traits = new Uint32Array(SLOTS);
  readonly #counts = new Uint32Array(SLOTS);
  readonly #used = new Uint16Array(SLOTS);
  readonly #tell: TellTraits;
  #usedCount = 0;

  constructor(tell: TellTraits) {
    this.#tell = tell;
  }

  add(site: number, template: number, traits: number): void {
    const first = mix32(template ^ (traits << 16) ^ (site << 7));
    for (let probe = 0; probe < PROBES; probe++) {
      const slot = (first + probe) & (SLOTS - 1);
      if (this.#counts[slot] === 0) {
        this.#take(slot, site, template, traits);
        return;
      }
      if (this.#traits[slot] === traits && this.#templates[slot] === template && this.#sites[slot] === site) {
        this.#counts[slot]++;
        return;
      }
    }
    this.flush();
    this.#take(first & (SLOTS - 1), site, template, traits);
  }

  /** Tells all that was counted, and begins anew. */
  flush(): void {
    for (let at = 0; at < this.#usedCount; at++) {
      const slot = this.#used[at];
      this.#tell(this.#sites[slot], this.#templates[slot], this.#traits[slot], this.#counts[slot]);
      this.#counts[slot] = 0;
    }
    this.#usedCount = 0;
  }

  #take(slot: number, site: number, template: number, traits: number): void {
    this.#sites[slot] = site;
    this.#templates[slot] = template;
    this.#traits[slot] = traits;
    this.#counts[slot] = 1;
    this.#used[this.#usedCount++] = slot;
  }
}
