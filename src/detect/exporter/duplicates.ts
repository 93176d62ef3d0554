import { DuplicateGuard, TRACKED_MAX, type TrackedExporter } from './duplicate-guard.ts';
import type { ExporterFacts } from './facts.ts';
import { NO_KEYS, type SampledKeys } from './key-sample.ts';

/** Exporters that are compared with each other: those that tell most. */
export const COMPARED_MAX = 64;
/** Spans of each that are looked through: two caches tell of one flow up to a timeout apart. */
const SPANS = 3;
/** Share of an exporter's flows that another tells too, with 95 % confidence, at which its rows are left out, and again counted. */
const SHARE_ON = 0.9;
const SHARE_OFF = 0.8;
/** Flows of one span after which what it shows alone is enough to count again. */
const FRESH_MIN = 20;
/** Flows of one place after which it is judged for itself. */
const PLACE_MIN = 10;
/** What was found counts half in the next span; where nothing could be compared, it fades slower. */
const FADE = 0.5;
const FADE_QUIET = 0.9;
/** Packets of a flow that a sampling router must have seen, or be expected to, before another one must have seen it too. */
const HEAVY_PACKETS = 8;
/** By how much another exporter must tell more to take the place of one that counts. */
const KEEPER_BONUS = 1.5;
const Z = 1.96;

/** An exporter that repeats another one. */
export interface Duplicate {
  readonly key: string;
  /** The exporter that counts in its stead. */
  readonly keeper: string;
  /** Flows compared, and how many of them the other one told too; older ones weigh less. */
  readonly compared: number;
  readonly found: number;
  /** True where one of both samples, and only flows of many packets could be compared. */
  readonly sampled: boolean;
}

interface Tally {
  compared: number;
  found: number;
}

interface Evidence extends Tally {
  readonly places: Map<number, Tally>;
  /** Of the last span alone. */
  fresh: Tally;
}

/** Where rows are left out: everywhere but in `places`, or only there. */
interface Repeated {
  readonly all: boolean;
  readonly places: readonly number[];
}

interface Muted extends Repeated {
  readonly key: string;
  readonly keeper: string;
}

/** One exporter among those compared. */
interface Compared {
  readonly key: string;
  samplingRate: number;
  records: number;
  /** The newest first. */
  spans: SampledKeys[];
}

/**
 * Finds routers that tell the same flows, and says whose rows are left out. Keys are sampled alike everywhere, so the share of
 * one exporter's keys that another one has too is that of its flows. An exporter is left out only while nearly all of its flows
 * are told by one that counts; an exporter that stands in for others is never left out itself.
 *
 * Two routers that sample packets independently pick different ones of a small flow: only flows of many packets can be
 * compared, and where there are too few of these a duplicate is not found, and counted twice.
 */
export class DuplicateExports {
  readonly #guard: DuplicateGuard | undefined;
  #compared = new Map<string, Compared>();
  /** By the two keys, of the one that may be left out and of the other. */
  #evidence = new Map<string, Evidence>();
  #duplicates: Duplicate[] = [];
  #tracked: TrackedExporter[] = [];

  /** `volumes`: the memory that the collectors share, of which the places are given out here. */
  constructor(volumes?: SharedArrayBuffer) {
    this.#guard = volumes === undefined ? undefined : new DuplicateGuard(volumes, 0);
  }

  /** Exporters that are left out at the moment. */
  get duplicates(): readonly Duplicate[] {
    return this.#duplicates;
  }

  /** Takes the facts of one span from all receivers. Returns what every collector is to `track` from now on. */
  decide(facts: readonly ExporterFacts[]): readonly TrackedExporter[] {
    this.#advance(facts);
    const list = [...this.#compared.values()];
    for (const evidence of this.#evidence.values()) evidence.fresh = { compared: 0, found: 0 };
    this.#compare(list);
    this.#fade(list);
    this.#choose(list);
    return this.#tracked;
  }

  #advance(facts: readonly ExporterFacts[]): void {
    const heard = new Map<string, { records: number; samplingRate: number; keys: SampledKeys[] }>();
    for (const { key, counters, samplingRate, keys } of facts) {
      const known = heard.get(key) ?? { records: 0, samplingRate: 1, keys: [] };
      known.records += counters.records + counters.recordsShed;
      known.samplingRate = Math.max(known.samplingRate, samplingRate);
      known.keys.push(keys);
      heard.set(key, known);
    }
    for (const exporter of this.#compared.values()) exporter.records = 0;
    for (const [key, { records, samplingRate, keys }] of heard) {
      const exporter = this.#compared.get(key) ?? { key, samplingRate, records: 0, spans: [] };
      exporter.records = records;
      exporter.samplingRate = samplingRate;
      exporter.spans.unshift(keys.length === 1 ? keys[0] : unite(keys));
      this.#compared.set(key, exporter);
    }
    const kept = [...this.#compared.values()]
      .sort((left, right) => right.records - left.records)
      .slice(0, COMPARED_MAX);
    this.#compared = new Map();
    for (const exporter of kept) {
      if (!heard.has(exporter.key)) exporter.spans.unshift(NO_KEYS);
      exporter.spans.length = Math.min(SPANS, exporter.spans.length);
      if (exporter.spans.some((span) => span.packets.length > 0)) this.#compared.set(exporter.key, exporter);
    }
  }

  /** Holds the keys of the span before the last against those of all others in the spans around it. */
  #compare(list: readonly Compared[]): void {
    const tellers = new Map<number, number[]>();
    const limits = list.map((exporter) => Math.min(...exporter.spans.map((span) => span.limit)));
    list.forEach(({ spans }, index) => {
      for (const { hashes } of spans) {
        for (let at = 0; at < hashes.length; at += 2) {
          const id = idOf(hashes, at);
          const known = tellers.get(id);
          if (known === undefined) tellers.set(id, [index]);
          else if (known.at(-1) !== index) known.push(index);
        }
      }
    });
    const isTeller = new Uint8Array(list.length);
    list.forEach((exporter, index) => {
      const span = exporter.spans[1];
      if (span === undefined) return;
      for (let key = 0; key < span.packets.length; key++) {
        const by = tellers.get(idOf(span.hashes, 2 * key)) ?? [];
        for (const other of by) isTeller[other] = 1;
        for (let other = 0; other < list.length; other++) {
          if (other === index || span.hashes[2 * key] >= limits[other]) continue;
          if (!mustShow(list[other], exporter, span.packets[key])) continue;
          this.#tally(exporter.key, list[other].key, span.places[key], isTeller[other] === 1);
        }
        for (const other of by) isTeller[other] = 0;
      }
    });
  }

  #tally(key: string, other: string, place: number, found: boolean): void {
    const pair = pairOf(key, other);
    let evidence = this.#evidence.get(pair);
    if (evidence === undefined) {
      // Most pairs have nothing in common: they begin to be kept with the first flow that both tell.
      if (!found) return;
      evidence = { compared: 0, found: 0, places: new Map(), fresh: { compared: 0, found: 0 } };
      this.#evidence.set(pair, evidence);
    }
    evidence.fresh.compared++;
    evidence.compared++;
    let tally = evidence.places.get(place);
    if (tally === undefined) {
      tally = { compared: 0, found: 0 };
      evidence.places.set(place, tally);
    }
    tally.compared++;
    if (!found) return;
    evidence.fresh.found++;
    evidence.found++;
    tally.found++;
  }

  /** What was found before counts less the next time; what is no evidence any more goes. */
  #fade(list: readonly Compared[]): void {
    const keys = new Set(list.map((exporter) => exporter.key));
    for (const [pair, evidence] of this.#evidence) {
      const [key, other] = pair.split('\n');
      if (!keys.has(key) || !keys.has(other) || evidence.compared < 1) this.#evidence.delete(pair);
    }
  }

  #choose(list: readonly Compared[]): void {
    const keepers = new Set(this.#duplicates.map((duplicate) => duplicate.keeper));
    const before = new Map(this.#duplicates.map((duplicate) => [duplicate.key, duplicate.keeper]));
    const weight = ({ key, records }: Compared): number => records * (keepers.has(key) ? KEEPER_BONUS : 1);
    const ordered = [...list].sort((left, right) => weight(right) - weight(left) || (left.key < right.key ? -1 : 1));
    const counted: Compared[] = [];
    const duplicates: Duplicate[] = [];
    const muted: Muted[] = [];
    for (const exporter of ordered) {
      if (exporter.records === 0) continue;
      let repeated: Repeated | undefined;
      const keeper = counted.find((other) => {
        repeated = this.#repeats(exporter, other, before.get(exporter.key) === other.key);
        return repeated !== undefined;
      });
      if (keeper === undefined || repeated === undefined) {
        counted.push(exporter);
        continue;
      }
      const { compared, found } = this.#evidence.get(pairOf(exporter.key, keeper.key))!;
      const sampled = exporter.samplingRate > 1 || keeper.samplingRate > 1;
      duplicates.push({ key: exporter.key, keeper: keeper.key, compared, found, sampled });
      muted.push({ key: exporter.key, keeper: keeper.key, ...repeated });
    }
    for (const evidence of this.#evidence.values()) fade(evidence);
    this.#duplicates = duplicates;
    this.#place(muted);
  }

  /** Where nearly all of what `exporter` tells is told by `other` too; `undefined` where nowhere. */
  #repeats(exporter: Compared, other: Compared, isAlready: boolean): Repeated | undefined {
    const evidence = this.#evidence.get(pairOf(exporter.key, other.key));
    if (evidence === undefined) return undefined;
    // What is not in a sample with gaps may have been told all the same: nothing is decided by it.
    if (other.spans.some((span) => !span.complete)) return isAlready ? this.#before(exporter.key) : undefined;
    const { fresh } = evidence;
    const isOver = fresh.compared >= FRESH_MIN && fresh.found < SHARE_OFF * fresh.compared;
    const all = !isOver && lowerBound(evidence) >= (isAlready ? SHARE_OFF : SHARE_ON);
    const places = [...evidence.places]
      .filter(([, tally]) =>
        all ? tally.compared >= PLACE_MIN && tally.found < SHARE_ON * tally.compared : lowerBound(tally) >= SHARE_ON,
      )
      .map(([place]) => place);
    return all || places.length > 0 ? { all, places } : undefined;
  }

  #before(key: string): Repeated | undefined {
    return this.#tracked.find((tracked) => tracked.key === key && tracked.keeperSlot >= 0);
  }

  /** Gives places in the shared memory to those that are left out, and to their keepers. */
  #place(muted: readonly Muted[]): void {
    const taken = new Map(this.#tracked.map((tracked) => [tracked.key, tracked.slot]));
    const wanted = new Set(muted.flatMap(({ key, keeper }) => [key, keeper]));
    for (const key of taken.keys()) if (!wanted.has(key)) taken.delete(key);
    const used = new Set(taken.values());
    const free: number[] = [];
    for (let slot = TRACKED_MAX - 1; slot >= 0; slot--) if (!used.has(slot)) free.push(slot);
    const slotOf = (key: string): number => {
      const known = taken.get(key);
      if (known !== undefined) return known;
      const slot = free.pop() ?? -1;
      if (slot >= 0) {
        this.#guard?.clear(slot);
        taken.set(key, slot);
      }
      return slot;
    };
    const tracked = new Map<string, TrackedExporter>();
    for (const { key, keeper, all, places } of muted) {
      const keeperSlot = slotOf(keeper);
      const slot = keeperSlot < 0 ? -1 : slotOf(key);
      if (slot < 0) continue;
      tracked.set(keeper, { key: keeper, slot: keeperSlot, keeperSlot: -1, all: false, places: [] });
      tracked.set(key, { key, slot, keeperSlot, all, places });
    }
    this.#tracked = [...tracked.values()];
  }
}

function pairOf(key: string, other: string): string {
  return `${key}\n${other}`;
}

/** 52 bits of the two words of a key. */
function idOf(hashes: Int32Array, at: number): number {
  return (hashes[at] >>> 0) * 2 ** 20 + (hashes[at + 1] >>> 12);
}

/** True where `other` must tell a flow of which `exporter` told so many packets, if both are on its path. */
function mustShow(other: Compared, exporter: Compared, packets: number): boolean {
  if (exporter.samplingRate > 1 && packets < HEAVY_PACKETS) return false;
  return other.samplingRate <= 1 || (packets * exporter.samplingRate) / other.samplingRate >= HEAVY_PACKETS;
}

/** Keys of one exporter that two receivers heard. */
function unite(samples: readonly SampledKeys[]): SampledKeys {
  const limit = Math.min(...samples.map((sample) => sample.limit));
  const hashes: number[] = [];
  const packets: number[] = [];
  const places: number[] = [];
  for (const sample of samples) {
    for (let key = 0; key < sample.packets.length; key++) {
      if (sample.hashes[2 * key] >= limit) continue;
      hashes.push(sample.hashes[2 * key], sample.hashes[2 * key + 1]);
      packets.push(sample.packets[key]);
      places.push(sample.places[key]);
    }
  }
  return {
    limit,
    complete: samples.every((sample) => sample.complete),
    hashes: Int32Array.from(hashes),
    packets: Float64Array.from(packets),
    places: Uint16Array.from(places),
  };
}

function fade(evidence: Evidence): void {
  const factor = evidence.fresh.compared > 0 ? FADE : FADE_QUIET;
  for (const tally of [evidence, ...evidence.places.values()]) {
    tally.compared *= factor;
    tally.found *= factor;
  }
  for (const [place, tally] of evidence.places) if (tally.compared < 0.5) evidence.places.delete(place);
}

/** Lower end of the 95 % interval of Wilson for the share of found among compared; 0 for none. */
export function lowerBound({ compared, found }: Tally): number {
  if (compared <= 0) return 0;
  const share = found / compared;
  const middle = share + (Z * Z) / (2 * compared);
  const spread = Z * Math.sqrt((share * (1 - share)) / compared + (Z * Z) / (4 * compared * compared));
  return (middle - spread) / (1 + (Z * Z) / compared);
}
