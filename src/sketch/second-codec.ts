import { CLASS_COUNT } from '../model/traffic-class.ts';
import type { PackedTable } from './address-table.ts';
import { FrequentItems } from './frequent-items.ts';
import { hllMerge } from './hyperloglog.ts';
import { type RowSample, type RowSampleParts, SAMPLE_COLUMNS } from './row-sample.ts';
import type { Second } from './second.ts';
import type { SlowServer } from './slow-connections.ts';
import { SpareMemory } from './spare-memory.ts';
import type { TargetDetail } from './target-detail.ts';
import type { Watch } from './watch.ts';

/**
 * A second as plain typed arrays, so that it goes from one thread to another without a copy (`transfersOf`), or into a message.
 * Merging an encoded second gives the same as `Second.merge`, but for the watch list: the union of what the parts watched.
 */
export interface EncodedSecond {
  readonly second: number;
  readonly packets: number;
  readonly bytes: number;
  readonly flows: number;
  readonly table: PackedTable;
  readonly sample: RowSampleParts;
  readonly watch: EncodedWatch;
  readonly slowServers: readonly EncodedSlowServer[];
}

/** Keys of any number of heaviest-item summaries, one behind the other. */
interface EncodedItems {
  /** Keys of each summary. */
  readonly sizes: Uint32Array;
  readonly totals: Float64Array;
  readonly errors: Float64Array;
  readonly keys: Uint32Array;
  readonly hashes: Uint32Array;
  readonly tags: Uint32Array;
  readonly counts: Float64Array;
}

interface EncodedWatch {
  readonly keys: Uint32Array;
  readonly lengths: Uint8Array;
  readonly outPackets: Float64Array;
  readonly outBytes: Float64Array;
  /** Slot, classes (a bit mask), thinBits and rows of every detail. */
  readonly details: Uint32Array;
  /** Registers of sources, source ports, destination ports and addresses, one detail after another. */
  readonly registers: Uint8Array;
  readonly ttls: Uint32Array;
  readonly sizes: Float64Array;
  readonly items: EncodedItems;
}

interface EncodedSlowServer extends Omit<SlowServer, 'sources'> {
  readonly sources: EncodedItems;
  readonly capacity: number;
}

const DETAIL_WORDS = 4;

/** The counters and the sample, which are most of it, lie in one memory of `spare`. */
export function encodeSecond(second: Second, spare = new SpareMemory()): EncodedSecond {
  const tableBytes = second.table.packedBytes;
  const memory = spare.take(tableBytes + sampleBytes(second.sample));
  return {
    second: second.second,
    packets: second.packets,
    bytes: second.bytes,
    flows: second.flows,
    table: second.table.packInto(memory, 0),
    sample: encodeSample(second.sample, memory, tableBytes),
    watch: encodeWatch(second.watch),
    slowServers: second.slowServers.map(({ sources, ...server }) => ({
      ...server,
      capacity: sources.capacity,
      sources: encodeItems([sources]),
    })),
  };
}

/** Adds an encoded second to one of the same seed. */
export function mergeEncoded(into: Second, encoded: EncodedSecond, seed: number): void {
  into.packets += encoded.packets;
  into.bytes += encoded.bytes;
  into.flows += encoded.flows;
  into.table.mergePacked(encoded.table);
  into.sample.merge(encoded.sample);
  mergeWatch(into.watch, encoded.watch);
  if (encoded.slowServers.length === 0) return;
  const servers = encoded.slowServers.map(({ sources, capacity, ...server }) => {
    const items = new FrequentItems(capacity, seed);
    mergeItems(items, sources, 0, 0);
    return { ...server, sources: items };
  });
  into.slowServers = [...into.slowServers, ...servers];
}

/** What of an encoded second is handed over, not copied, when it is posted to another thread; the counters and the sample are shared. */
export function transfersOf(encoded: EncodedSecond): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  collectBuffers(encoded, buffers);
  return [...buffers];
}

function collectBuffers(value: unknown, buffers: Set<ArrayBuffer>): void {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer) buffers.add(value.buffer);
  } else if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) collectBuffers(part, buffers);
  }
}

/** What an encoded second lies in, for `SpareMemory.give` once it was merged. */
export function memoryOf({ table }: EncodedSecond): SharedArrayBuffer {
  return table.words.buffer;
}

const aligned = (bytes: number): number => (bytes + 7) & ~7;

/** Numbers of a column of a sample of so many rows. */
function columnLength(name: (typeof SAMPLE_COLUMNS)[number], rows: number): number {
  return name === 'srcAddr' || name === 'dstAddr' ? 4 * rows : rows;
}

function sampleBytes(sample: RowSample): number {
  return SAMPLE_COLUMNS.reduce(
    (sum, name) => sum + aligned(sample[name].BYTES_PER_ELEMENT * columnLength(name, sample.length)),
    0,
  );
}

function encodeSample(sample: RowSample, memory: SharedArrayBuffer, from: number): RowSampleParts {
  const columns: Record<string, unknown> = { length: sample.length, threshold: sample.threshold };
  let at = from;
  for (const name of SAMPLE_COLUMNS) {
    const column = copyTo(memory, at, sample[name], columnLength(name, sample.length));
    columns[name] = column;
    at += aligned(column.byteLength);
  }
  return columns as unknown as RowSampleParts;
}

type Column = Float64Array | Uint32Array | Uint16Array | Uint8Array;

/** The first numbers of a column, copied to a place in memory. */
function copyTo(memory: SharedArrayBuffer, at: number, column: Column, length: number): Column {
  const Type = column.constructor as new (buffer: SharedArrayBuffer, at: number, length: number) => Column;
  const copy = new Type(memory, at, length);
  copy.set(column.subarray(0, length));
  return copy;
}

/** The four sets of registers of a detail, in the order in which they are encoded. */
function registersOf(detail: TargetDetail): readonly Uint8Array[] {
  return [detail.sources, detail.srcPorts, detail.dstPorts, detail.addresses];
}

function itemsOf(detail: TargetDetail): readonly FrequentItems[] {
  return [detail.topSources, detail.topSrcPorts, detail.topDstPorts];
}

function encodeWatch(watch: Watch): EncodedWatch {
  const used = watch.details.slice(0, watch.detailsUsed);
  const registerBytes = used.length === 0 ? 0 : registersOf(used[0]).reduce((sum, { length }) => sum + length, 0);
  const registers = new Uint8Array(used.length * registerBytes);
  const ttlWords = used.length === 0 ? 0 : used[0].ttls.length;
  const ttls = new Uint32Array(used.length * ttlWords);
  const steps = used.length === 0 ? 0 : used[0].sizes.length;
  const sizes = new Float64Array(used.length * steps);
  const details = new Uint32Array(DETAIL_WORDS * used.length);
  for (const [index, detail] of used.entries()) {
    let at = index * registerBytes;
    for (const part of registersOf(detail)) {
      registers.set(part, at);
      at += part.length;
    }
    ttls.set(detail.ttls, index * ttlWords);
    sizes.set(detail.sizes, index * steps);
    details[DETAIL_WORDS * index + 2] = detail.thinBits;
    details[DETAIL_WORDS * index + 3] = detail.rows;
  }
  for (const { slot, detail, classes } of detailsOf(watch)) {
    details[DETAIL_WORDS * detail] = slot;
    details[DETAIL_WORDS * detail + 1] = classes;
  }
  return {
    keys: watch.keys.slice(0, 4 * watch.size),
    lengths: watch.lengths.slice(0, watch.size),
    outPackets: watch.outPackets.slice(0, CLASS_COUNT * watch.size),
    outBytes: watch.outBytes.slice(0, watch.size),
    details,
    registers,
    ttls,
    sizes,
    items: encodeItems(used.flatMap(itemsOf)),
  };
}

/** Every detail of a watch list: its slot, its index, and the classes that it covers. */
function detailsOf(watch: Watch): { slot: number; detail: number; classes: number }[] {
  const found: { slot: number; detail: number; classes: number }[] = [];
  for (let slot = 0; slot < watch.size; slot++) {
    const classesByDetail = new Map<number, number>();
    for (let trafficClass = 0; trafficClass < CLASS_COUNT; trafficClass++) {
      const detail = watch.detailOf[slot * CLASS_COUNT + trafficClass] - 1;
      if (detail >= 0) classesByDetail.set(detail, (classesByDetail.get(detail) ?? 0) | (1 << trafficClass));
    }
    for (const [detail, classes] of classesByDetail) found.push({ slot, detail, classes });
  }
  return found;
}

function mergeWatch(into: Watch, encoded: EncodedWatch): void {
  const slots = new Int32Array(encoded.lengths.length);
  for (let slot = 0; slot < slots.length; slot++) {
    const own = into.watch(encoded.keys, 4 * slot, encoded.lengths[slot]);
    slots[slot] = own;
    if (own < 0) continue;
    into.outBytes[own] += encoded.outBytes[slot];
    for (let trafficClass = 0; trafficClass < CLASS_COUNT; trafficClass++) {
      into.outPackets[own * CLASS_COUNT + trafficClass] += encoded.outPackets[slot * CLASS_COUNT + trafficClass];
    }
  }
  const count = encoded.details.length / DETAIL_WORDS;
  const steps = encoded.sizes.length / Math.max(1, count);
  const ttlWords = encoded.ttls.length / Math.max(1, count);
  let item = 0;
  let itemKey = 0;
  let register = 0;
  for (let index = 0; index < count; index++) {
    const [slot, classes, thinBits, rows] = encoded.details.subarray(DETAIL_WORDS * index, DETAIL_WORDS * (index + 1));
    const used = into.detailsUsed;
    const detail = slots[slot] < 0 ? undefined : detailFor(into, slots[slot], classes, thinBits);
    const parts = detail === undefined ? [] : registersOf(detail);
    const registerBytes = encoded.registers.length / count;
    let at = register;
    for (const part of parts) {
      if (into.detailsUsed > used) part.set(encoded.registers.subarray(at, at + part.length));
      else hllMerge(part, 0, encoded.registers, at, part.length);
      at += part.length;
    }
    register += registerBytes;
    for (let top = 0; top < 3; top++) {
      if (detail !== undefined) mergeItems(itemsOf(detail)[top], encoded.items, item, itemKey);
      itemKey += encoded.items.sizes[item++];
    }
    if (detail === undefined) continue;
    for (let word = 0; word < ttlWords; word++) detail.ttls[word] |= encoded.ttls[index * ttlWords + word];
    for (let step = 0; step < steps; step++) detail.sizes[step] += encoded.sizes[index * steps + step];
    detail.rows += rows;
  }
}

/** The detail of a slot that covers one of the classes, made where there is none. */
function detailFor(watch: Watch, slot: number, classes: number, thinBits: number): TargetDetail | undefined {
  for (let trafficClass = 0; trafficClass < CLASS_COUNT; trafficClass++) {
    if (((classes >>> trafficClass) & 1) === 0) continue;
    const known = watch.detail(slot, trafficClass);
    if (known !== undefined) return known;
  }
  return watch.addDetail(slot, classes, thinBits);
}

function encodeItems(summaries: readonly FrequentItems[]): EncodedItems {
  const keysInAll = summaries.reduce((sum, { size }) => sum + size, 0);
  const items = {
    sizes: new Uint32Array(summaries.length),
    totals: new Float64Array(summaries.length),
    errors: new Float64Array(summaries.length),
    keys: new Uint32Array(4 * keysInAll),
    hashes: new Uint32Array(keysInAll),
    tags: new Uint32Array(keysInAll),
    counts: new Float64Array(keysInAll),
  };
  let at = 0;
  for (const [index, summary] of summaries.entries()) {
    items.sizes[index] = summary.size;
    items.totals[index] = summary.total;
    items.errors[index] = summary.errorMax;
    if (summary.size === 0) continue;
    for (let slot = 0; slot < summary.counts.length; slot++) {
      if (summary.counts[slot] === 0) continue;
      for (let word = 0; word < 4; word++) items.keys[4 * at + word] = summary.keys[4 * slot + word];
      items.hashes[at] = summary.hashes[slot];
      items.tags[at] = summary.tags[slot];
      items.counts[at++] = summary.counts[slot];
    }
  }
  return items;
}

/** Adds summary number `index`, whose keys begin at `from`. */
function mergeItems(into: FrequentItems, encoded: EncodedItems, index: number, from: number): void {
  const to = from + encoded.sizes[index];
  into.merge({
    keys: encoded.keys.subarray(4 * from, 4 * to),
    hashes: encoded.hashes.subarray(from, to),
    tags: encoded.tags.subarray(from, to),
    counts: encoded.counts.subarray(from, to),
    total: encoded.totals[index],
    errorMax: encoded.errors[index],
  });
}

/** What the workers watch: made by the detector, given to every worker. */
export interface WatchList {
  readonly keys: Uint32Array;
  readonly lengths: Uint8Array;
  /** Slot, classes (a bit mask) and thinBits of every detail. */
  readonly details: Uint32Array;
}

export function watchListOf(watch: Watch): WatchList {
  const details = detailsOf(watch).sort((left, right) => left.detail - right.detail);
  return {
    keys: watch.keys.slice(0, 4 * watch.size),
    lengths: watch.lengths.slice(0, watch.size),
    details: Uint32Array.from(
      details.flatMap(({ slot, detail, classes }) => [slot, classes, watch.details[detail].thinBits]),
    ),
  };
}

/** Watches what the list says, in its order. */
export function watchAll(watch: Watch, list: WatchList): void {
  const slots = Array.from(list.lengths, (length, slot) => watch.watch(list.keys, 4 * slot, length));
  for (let at = 0; at < list.details.length; at += 3) {
    const slot = slots[list.details[at]];
    if (slot >= 0) watch.addDetail(slot, list.details[at + 1], list.details[at + 2]);
  }
}
