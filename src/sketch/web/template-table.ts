import { assert } from '../../base/errors.ts';
import { mix32 } from '../../base/hash.ts';
import { METHODS } from '../../model/request-columns.ts';
import { createTemplateText, hashKeys, kindsOf, writePath, writeQuery } from './template.ts';
import { hashText, viewOf } from './text-hash.ts';
import { rising, TRAIT_COUNT, USUAL_SECONDS, WINDOW_KEEP, WINDOW_SECONDS } from './traits.ts';

export interface TemplateLimits {
  /** Templates of all sites; a power of two. */
  readonly templatesMax: number;
  /** Of one site; further requests count for its rest, `GET *`. */
  readonly perSiteMax: number;
  /** Different names under one prefix, beyond which all that are rare are `*`. */
  readonly childrenMax: number;
}

export const TEMPLATE_LIMITS: TemplateLimits = { templatesMax: 32_768, perSiteMax: 4096, childrenMax: 40 };

const CACHE_BITS = 14;
/** Bits of the number of a template; those of its shape are six. */
const ID_BITS = 26;
/** A name that was asked for as rarely as this when its prefix got too many is one of many. */
const RARE_MAX = 8;
const DEVIATION_SECONDS = 300;

/**
 * The templates of all sites and what is counted of them: in this second, in a window that fades, and usually. Open addressed by a hash of
 * site and template. A template that became one of many has the `*` of its prefix as its alias.
 */
export class TemplateTable {
  readonly limits: TemplateLimits;
  readonly site: Uint16Array;
  readonly kinds: Uint8Array;
  readonly method: Uint8Array;
  readonly names: string[] = [];
  /** Requests of this second, and those in the window; with each trait, row `id` at `TRAIT_COUNT * id`. */
  readonly now: Float32Array;
  readonly nowTraits: Float32Array;
  readonly window: Float32Array;
  readonly windowTraits: Float32Array;
  /** Usual requests a second; the mean deviation and largest of the window's rate in peace. */
  readonly usual: Float32Array;
  readonly usualTraits: Float32Array;
  readonly deviation: Float32Array;
  readonly largest: Float32Array;
  readonly total: Float64Array;
  /** Seconds since the one before with requests, as the last `fold` found it. */
  readonly gap: Float64Array;
  /** 1 for those of an attack that goes on. */
  readonly attacked: Uint8Array;
  /** Ids with requests in this second. */
  readonly active: number[] = [];
  /** Shape of what the last `find` looked at, 0 to 63. */
  shape = 0;
  /** True where the last `find` was for what was asked for a short while ago. */
  recent = false;
  readonly #seed: number;
  readonly #hashes: Uint32Array;
  readonly #slots: Int32Array;
  readonly #alias: Int32Array;
  readonly #family: Int32Array;
  readonly #lastSecond: Float64Array;
  /** Two words for each slot: the tag, and the template with its shape above `ID_BITS`. */
  readonly #cache = new Uint32Array(2 << CACHE_BITS);
  /** As `#cache`, by path and the keys of a query. */
  readonly #ofKeys = new Uint32Array(2 << CACHE_BITS);
  readonly #text = createTemplateText();
  readonly #view: DataView;
  readonly #families = new Map<number, { children: number; star: number }>();
  readonly #perSite: Uint32Array;
  #count = 0;

  constructor(seed: number, sitesMax: number, limits: TemplateLimits = TEMPLATE_LIMITS) {
    const { templatesMax } = limits;
    assert(
      (templatesMax & (templatesMax - 1)) === 0 && templatesMax > 2 * sitesMax && templatesMax <= 1 << ID_BITS,
      'a power of two, beyond the sites',
    );
    this.limits = limits;
    this.#seed = seed;
    this.site = new Uint16Array(templatesMax);
    this.kinds = new Uint8Array(templatesMax);
    this.method = new Uint8Array(templatesMax);
    this.now = new Float32Array(templatesMax);
    this.nowTraits = new Float32Array(TRAIT_COUNT * templatesMax);
    this.window = new Float32Array(templatesMax);
    this.windowTraits = new Float32Array(TRAIT_COUNT * templatesMax);
    this.usual = new Float32Array(templatesMax);
    this.usualTraits = new Float32Array(TRAIT_COUNT * templatesMax);
    this.deviation = new Float32Array(templatesMax);
    this.largest = new Float32Array(templatesMax);
    this.total = new Float64Array(templatesMax);
    this.attacked = new Uint8Array(templatesMax);
    this.gap = new Float64Array(templatesMax);
    this.#hashes = new Uint32Array(templatesMax);
    this.#slots = new Int32Array(2 * templatesMax).fill(-1);
    this.#alias = new Int32Array(templatesMax);
    this.#family = new Int32Array(templatesMax).fill(-1);
    this.#lastSecond = new Float64Array(templatesMax);
    this.#perSite = new Uint32Array(sitesMax);
    this.#view = viewOf(this.#text.bytes);
  }

  get count(): number {
    return this.#count;
  }

  /**
   * The template of a request. `valueHash` is that of its path and query, `pathHash` of its path: the same is not looked at twice.
   */
  find(
    site: number,
    method: number,
    valueHash: number,
    pathHash: number,
    text: Uint8Array,
    pathAt: number,
    pathLength: number,
    queryAt: number,
    queryLength: number,
  ): number {
    const tag = tagOf(site, method, valueHash);
    const slot = slotOf(tag);
    this.recent = this.#cache[slot] === tag;
    if (this.recent) {
      const found = this.#cache[slot + 1];
      this.shape = found >>> ID_BITS;
      return this.#alias[found & ((1 << ID_BITS) - 1)];
    }
    this.#cache[slot] = tag;
    // Of a query only the keys matter: a flood of searches is looked at once.
    const keysTag = queryLength > 0 ? tagOf(site, method, hashKeys(text, queryAt, queryLength, pathHash)) : 0;
    const keysSlot = slotOf(keysTag);
    if (queryLength > 0 && this.#ofKeys[keysSlot] === keysTag) {
      const found = this.#ofKeys[keysSlot + 1];
      this.#cache[slot + 1] = found;
      this.shape = found >>> ID_BITS;
      return this.#alias[found & ((1 << ID_BITS) - 1)];
    }
    writePath(text, pathAt, pathLength, this.#text);
    if (queryLength > 0) writeQuery(text, queryAt, queryLength, this.#text);
    const id = this.#placeOf(site, method);
    this.shape = this.#text.shape;
    const found = id | (this.shape << ID_BITS);
    this.#cache[slot + 1] = found;
    if (queryLength > 0) {
      this.#ofKeys[keysSlot] = keysTag;
      this.#ofKeys[keysSlot + 1] = found;
    }
    return id;
  }

  /** 0 where such a request was looked up a short while ago, else 1: told without a branch, which nothing could foresee. */
  isNovel(site: number, method: number, valueHash: number): number {
    const tag = tagOf(site, method, valueHash);
    const other = this.#cache[slotOf(tag)] ^ tag;
    return (other | -other) >>> 31;
  }

  /** The template that stands for this one now: one that was rare may have become one of many since. */
  current(id: number): number {
    return this.#alias[id];
  }

  /** The template of that name at a site, made where it is missing: for what was learned before. -1 where there is no room. */
  restore(site: number, method: number, path: string): number {
    const bytes = new TextEncoder().encode(path).subarray(0, this.#text.bytes.length);
    this.#text.bytes.set(bytes);
    const query = bytes.indexOf(63);
    this.#text.length = bytes.length;
    this.#text.pathLength = query < 0 ? bytes.length : query;
    this.#text.prefixLength = bytes.lastIndexOf(47, Math.max(0, this.#text.pathLength - 1)) + 1;
    return this.#placeOf(site, method);
  }

  #placeOf(site: number, method: number): number {
    const { length, prefixLength, pathLength } = this.#text;
    const seed = this.#seedOf(site, method);
    const hash = hashText(this.#view, 0, length, seed) >>> 0;
    const known = this.#lookUp(hash);
    if (known >= 0) return this.#alias[known];
    const families = [hashText(this.#view, 0, prefixLength, seed ^ 1) >>> 0];
    if (length > pathLength) families.push(hashText(this.#view, 0, pathLength, seed ^ 2) >>> 0);
    for (const [at, key] of families.entries()) {
      const family = this.#families.get(key);
      if (family === undefined || family.children < this.limits.childrenMax) continue;
      if (family.star >= 0) return this.#alias[family.star];
      family.star = this.#makeStar(site, method, at === 0 ? prefixLength : pathLength, at === 1);
      this.#gather(at === 0 ? key : -1, family.star);
      return family.star;
    }
    if (!this.#hasRoom(site)) return this.#restOf(site, method);
    for (const key of families) {
      const family = this.#families.get(key);
      if (family !== undefined) family.children++;
      else if (this.#families.size < this.limits.templatesMax) this.#families.set(key, { children: 1, star: -1 });
    }
    return this.#make(site, method, hash, this.#nameOf(length), families[0]);
  }

  #makeStar(site: number, method: number, keep: number, isQuery: boolean): number {
    const name = `${this.#nameOf(keep)}${isQuery ? '?*' : '*'}`;
    return this.#byName(site, method, name);
  }

  #restOf(site: number, method: number): number {
    return this.#byName(site, method, '*');
  }

  #byName(site: number, method: number, name: string): number {
    const hash = mix32(this.#seedOf(site, method) ^ hashName(name));
    const known = this.#lookUp(hash);
    if (known >= 0) return this.#alias[known];
    // The last tenth of the table is kept for these; where that is full too, the first template of all stands for the rest.
    if (this.#count >= this.limits.templatesMax - 1) return 0;
    return this.#make(site, method, hash, name, -1);
  }

  #hasRoom(site: number): boolean {
    return this.#count < this.limits.templatesMax * 0.9 && this.#perSite[site] < this.limits.perSiteMax;
  }

  #make(site: number, method: number, hash: number, name: string, family: number): number {
    const id = this.#count++;
    const query = name.indexOf('?');
    this.site[id] = site;
    this.method[id] = method;
    this.kinds[id] = query < 0 ? kindsOf(name, '') : kindsOf(name.slice(0, query), name.slice(query));
    this.names[id] = `${METHODS[method] ?? 'OTHER'} ${name}`;
    this.#perSite[site]++;
    this.#hashes[id] = hash;
    this.#alias[id] = id;
    this.#family[id] = family | 0;
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    while (this.#slots[slot] >= 0) slot = (slot + 1) & mask;
    this.#slots[slot] = id;
    return id;
  }

  #lookUp(hash: number): number {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let id = this.#slots[slot]; id >= 0; id = this.#slots[slot]) {
      if (this.#hashes[id] === hash) return id;
      slot = (slot + 1) & mask;
    }
    return -1;
  }

  /** The rare ones of a family become its `*`, with all that was counted of them. */
  #gather(family: number, star: number): void {
    if (family === -1) return;
    for (let id = 0; id < this.#count; id++) {
      if (this.#family[id] !== (family | 0) || this.total[id] > RARE_MAX || this.#alias[id] !== id || id === star)
        continue;
      this.#alias[id] = star;
      if (this.now[id] > 0 && this.now[star] === 0) this.active.push(star);
      this.now[star] += this.now[id];
      this.window[star] += this.window[id];
      this.usual[star] += this.usual[id];
      this.total[star] += this.total[id];
      this.#lastSecond[star] = Math.max(this.#lastSecond[star], this.#lastSecond[id]);
      for (let trait = 0; trait < TRAIT_COUNT; trait++) {
        const [to, from] = [TRAIT_COUNT * star + trait, TRAIT_COUNT * id + trait];
        this.nowTraits[to] += this.nowTraits[from];
        this.windowTraits[to] += this.windowTraits[from];
        this.usualTraits[to] += this.usualTraits[from];
        this.nowTraits[from] = 0;
      }
      this.now[id] = 0;
    }
  }

  /** Ends a second for the templates that had requests in it: the window takes it in, and fades. */
  fold(second: number): void {
    for (const id of this.active) {
      const last = this.#lastSecond[id];
      this.gap[id] = last === 0 ? 1 : second - last;
      const keep = WINDOW_KEEP ** Math.min(1000, this.gap[id]);
      this.#lastSecond[id] = second;
      this.window[id] = this.window[id] * keep + this.now[id];
      const from = TRAIT_COUNT * id;
      for (let at = from; at < from + TRAIT_COUNT; at++) {
        this.windowTraits[at] = this.windowTraits[at] * keep + this.nowTraits[at];
      }
    }
  }

  /** Learns from the second that was folded, of a site that was learned from for `learned` seconds. */
  learn(id: number, learned: number): void {
    const sinceLast = this.gap[id];
    const rate = 1 / Math.min(USUAL_SECONDS, learned + 1);
    const idle = (1 - rate) ** Math.min(100_000, Math.max(0, sinceLast - 1));
    this.usual[id] = this.usual[id] * idle * (1 - rate) + this.now[id] * rate;
    const from = TRAIT_COUNT * id;
    for (let at = from; at < from + TRAIT_COUNT; at++) {
      this.usualTraits[at] = this.usualTraits[at] * idle * (1 - rate) + this.nowTraits[at] * rate;
    }
    const level = this.window[id] / WINDOW_SECONDS;
    this.deviation[id] +=
      (Math.abs(level - this.usual[id]) - this.deviation[id]) / Math.min(DEVIATION_SECONDS, learned + 1);
    this.largest[id] = rising(this.largest[id], level, sinceLast);
  }

  /** Makes room for the next second. */
  endSecond(): void {
    for (const id of this.active) {
      this.now[id] = 0;
      this.nowTraits.fill(0, TRAIT_COUNT * id, TRAIT_COUNT * (id + 1));
    }
    this.active.length = 0;
  }

  #seedOf(site: number, method: number): number {
    return mix32(this.#seed ^ Math.imul(site + 1, 0x9e3779b1) ^ (method << 24));
  }

  #nameOf(length: number): string {
    return NAMES.decode(this.#text.bytes.subarray(0, length));
  }
}

function tagOf(site: number, method: number, valueHash: number): number {
  return Math.imul(valueHash ^ (site << 8) ^ method, 0x9e3779b1) >>> 0;
}

function slotOf(tag: number): number {
  return 2 * ((tag ^ (tag >>> 16)) & ((1 << CACHE_BITS) - 1));
}

const NAMES = new TextDecoder('latin1');

function hashName(name: string): number {
  let hash = 0;
  for (let at = 0; at < name.length; at++) hash = mix32(Math.imul(hash, 31) + name.charCodeAt(at));
  return hash;
}
