import { KEPT_COLUMNS } from './kernel/keep.ts';

/** The columns of a sample, in one list for those who copy them as a whole. */
export const SAMPLE_COLUMNS = KEPT_COLUMNS;

type SampleColumn = (typeof SAMPLE_COLUMNS)[number];

const ROW_BYTES: Readonly<Record<SampleColumn, number>> = {
  hash: 4,
  srcAddr: 16,
  dstAddr: 16,
  srcPort: 2,
  dstPort: 2,
  trafficClass: 1,
  proto: 1,
  tcpFlags: 2,
  ttl: 1,
  srcAs: 4,
  exporter: 4,
  packets: 8,
  bytes: 8,
};

/** Each column begins at a line of the cache. */
function columnBytes(name: SampleColumn, room: number): number {
  return (ROW_BYTES[name] * room + 63) & ~63;
}

/** Bytes of a sample of `capacity` rows. */
export function sampleBytes(capacity: number): number {
  return SAMPLE_COLUMNS.reduce((sum, name) => sum + columnBytes(name, capacity + 1), 0);
}

/** What a sample consists of. */
export type RowSampleParts = Pick<RowSample, 'length' | 'threshold' | (typeof SAMPLE_COLUMNS)[number]>;

/**
 * A uniform sample of one second's rows, at most `capacity` of them: a row is kept when the hash of its content is below a threshold,
 * which halves whenever the sample is full. What is kept depends on the rows alone and not on their order or on how they
 * were divided among workers, so samples merge exactly (Cohen and Kaplan, "Summarizing data using bottom-k sketches", PODC 2007).
 * It tells the make-up of targets that nobody was watching when the second began.
 */
export class RowSample {
  readonly capacity: number;
  length = 0;
  readonly hash: Uint32Array;
  readonly srcAddr: Uint32Array;
  readonly dstAddr: Uint32Array;
  readonly srcPort: Uint16Array;
  readonly dstPort: Uint16Array;
  readonly trafficClass: Uint8Array;
  /** IP protocol; 0 where unknown. */
  readonly proto: Uint8Array;
  /** OR of the control bits of the row's packets; 0 where unknown. */
  readonly tcpFlags: Uint16Array;
  /** TTL or hop limit; 0 where unknown. */
  readonly ttl: Uint8Array;
  readonly srcAs: Uint32Array;
  /** Index of the exporter that reported the row; NO_EXPORTER for captured packets. */
  readonly exporter: Uint32Array;
  /** Packets and bytes scaled by sampling of the exporter, not by this sample: divide by `share()` for totals. */
  readonly packets: Float64Array;
  readonly bytes: Float64Array;
  readonly #kept: Int32Array;
  /** Where the columns begin in memory, in the order of `KEPT_COLUMNS`; for kernels. */
  readonly places: readonly number[];
  /** Rows with a hash below this are kept: a power of two, and 2^32 keeps all; or 0, which keeps none. */
  threshold = 2 ** 32;

  /** `memory`: `sampleBytes(capacity)` bytes from a line of the cache on. */
  constructor(capacity = 32_768, memory: Uint8Array = new Uint8Array(sampleBytes(capacity))) {
    this.capacity = capacity;
    const room = capacity + 1;
    this.#kept = new Int32Array(room);
    const { buffer } = memory;
    let at = memory.byteOffset;
    const places: Partial<Record<SampleColumn, number>> = {};
    const part = (name: SampleColumn): number => {
      places[name] = at;
      at += columnBytes(name, room);
      return places[name];
    };
    this.hash = new Uint32Array(buffer, part('hash'), room);
    this.srcAddr = new Uint32Array(buffer, part('srcAddr'), 4 * room);
    this.dstAddr = new Uint32Array(buffer, part('dstAddr'), 4 * room);
    this.srcPort = new Uint16Array(buffer, part('srcPort'), room);
    this.dstPort = new Uint16Array(buffer, part('dstPort'), room);
    this.trafficClass = new Uint8Array(buffer, part('trafficClass'), room);
    this.proto = new Uint8Array(buffer, part('proto'), room);
    this.tcpFlags = new Uint16Array(buffer, part('tcpFlags'), room);
    this.ttl = new Uint8Array(buffer, part('ttl'), room);
    this.srcAs = new Uint32Array(buffer, part('srcAs'), room);
    this.exporter = new Uint32Array(buffer, part('exporter'), room);
    this.packets = new Float64Array(buffer, part('packets'), room);
    this.bytes = new Float64Array(buffer, part('bytes'), room);
    this.places = KEPT_COLUMNS.map((name) => places[name] ?? 0);
  }

  /** Share of the rows that is kept: 1, 1/2, 1/4 … */
  share(): number {
    return this.threshold / 2 ** 32;
  }

  /** Takes a row whose hash is below the threshold. */
  add(
    hash: number,
    src: Uint32Array,
    dst: Uint32Array,
    at: number,
    srcPort: number,
    dstPort: number,
    trafficClass: number,
    proto: number,
    tcpFlags: number,
    ttl: number,
    srcAs: number,
    exporter: number,
    packets: number,
    bytes: number,
  ): void {
    const row = this.length++;
    this.hash[row] = hash;
    const key = 4 * row;
    const { srcAddr, dstAddr } = this;
    srcAddr[key] = src[at];
    srcAddr[key + 1] = src[at + 1];
    srcAddr[key + 2] = src[at + 2];
    srcAddr[key + 3] = src[at + 3];
    dstAddr[key] = dst[at];
    dstAddr[key + 1] = dst[at + 1];
    dstAddr[key + 2] = dst[at + 2];
    dstAddr[key + 3] = dst[at + 3];
    this.srcPort[row] = srcPort;
    this.dstPort[row] = dstPort;
    this.trafficClass[row] = trafficClass;
    this.proto[row] = proto;
    this.tcpFlags[row] = tcpFlags;
    this.ttl[row] = ttl;
    this.srcAs[row] = srcAs;
    this.exporter[row] = exporter;
    this.packets[row] = packets;
    this.bytes[row] = bytes;
    if (this.length > this.capacity) this.#halve();
  }

  /** Takes over what a kernel has added: there are `length` rows now. */
  grown(length: number): void {
    this.length = length;
    if (length > this.capacity) this.#halve();
  }

  #halve(): void {
    // Rows of equal content share one hash; if they alone fill the sample the threshold ends at 0 and keeps none.
    while (this.length > this.capacity) this.#lower(Math.floor(this.threshold / 2));
  }

  /** Column by column, for what is kept is chosen by hashes alone: which rows go nobody could predict. */
  #lower(threshold: number): void {
    this.threshold = threshold;
    const kept = this.#kept;
    const hash = this.hash;
    let length = 0;
    for (let row = 0; row < this.length; row++) {
      kept[length] = row;
      length += hash[row] < threshold ? 1 : 0;
    }
    this.length = length;
    keepAddresses(this.srcAddr, kept, length);
    keepAddresses(this.dstAddr, kept, length);
    for (let at = 0; at < length; at++) hash[at] = hash[kept[at]];
    const { srcPort, dstPort, trafficClass, proto, tcpFlags, ttl, srcAs, exporter, packets, bytes } = this;
    for (let at = 0; at < length; at++) {
      const row = kept[at];
      srcPort[at] = srcPort[row];
      dstPort[at] = dstPort[row];
      trafficClass[at] = trafficClass[row];
      proto[at] = proto[row];
      tcpFlags[at] = tcpFlags[row];
      ttl[at] = ttl[row];
    }
    for (let at = 0; at < length; at++) {
      const row = kept[at];
      srcAs[at] = srcAs[row];
      exporter[at] = exporter[row];
      packets[at] = packets[row];
      bytes[at] = bytes[row];
    }
  }

  #copy(source: RowSampleParts, from: number, to: number): void {
    this.hash[to] = source.hash[from];
    for (let word = 0; word < 4; word++) {
      this.srcAddr[4 * to + word] = source.srcAddr[4 * from + word];
      this.dstAddr[4 * to + word] = source.dstAddr[4 * from + word];
    }
    this.srcPort[to] = source.srcPort[from];
    this.dstPort[to] = source.dstPort[from];
    this.trafficClass[to] = source.trafficClass[from];
    this.proto[to] = source.proto[from];
    this.tcpFlags[to] = source.tcpFlags[from];
    this.ttl[to] = source.ttl[from];
    this.srcAs[to] = source.srcAs[from];
    this.exporter[to] = source.exporter[from];
    this.packets[to] = source.packets[from];
    this.bytes[to] = source.bytes[from];
  }

  /** Adds the rows of another sample of the same second. */
  merge(other: RowSampleParts): void {
    if (other.threshold < this.threshold) this.#lower(other.threshold);
    if (this.length === 0 && other.threshold <= this.threshold && other.length <= this.capacity) {
      this.#copyAll(other);
      return;
    }
    for (let row = 0; row < other.length; row++) {
      if (other.hash[row] >= this.threshold) continue;
      this.#copy(other, row, this.length++);
      if (this.length > this.capacity) this.#halve();
    }
  }

  /** Into an empty sample rows go column by column. */
  #copyAll(other: RowSampleParts): void {
    for (const name of KEPT_COLUMNS) {
      const length = name === 'srcAddr' || name === 'dstAddr' ? 4 * other.length : other.length;
      this[name].set(other[name].subarray(0, length));
    }
    this.length = other.length;
  }

  /**
   * Begins another second with the threshold that as many rows as came in this one would come to: a busy second would fill and halve the
   * sample again and again until it gets there. Where far fewer come, fewer are kept, of that one second.
   */
  clear(): void {
    const room = this.length === 0 ? 2 ** 32 : 2 ** Math.floor(Math.log2(this.capacity / this.length));
    this.threshold = this.threshold === 0 ? 2 ** 32 : Math.min(2 ** 32, this.threshold * room);
    this.length = 0;
  }
}

/** Moves the addresses of the kept rows to the beginning of a column; `kept` rises. */
function keepAddresses(words: Uint32Array, kept: Int32Array, length: number): void {
  for (let at = 0; at < length; at++) {
    const from = kept[at] << 2;
    const to = at << 2;
    words[to] = words[from];
    words[to + 1] = words[from + 1];
    words[to + 2] = words[from + 2];
    words[to + 3] = words[from + 3];
  }
}
