import { formatIpv4 } from '../../src/base/ip.ts';
import { Random } from '../../src/base/random.ts';
import { type Item, KIND_ANSWER, KIND_DOWNLOAD, KIND_QUERY, playScene } from './scene.ts';

/**
 * Datagrams of flow telemetry, drawn up from a fixed seed before anything is measured, to be sent again and again with their clocks and
 * sequence numbers set anew. Two sets: what sites and clients usually do, and a SYN flood at one of the sites.
 */
export type BlastFormat = 'netflow5' | 'netflow9' | 'ipfix';

export interface DatagramSet {
  /** Datagram `i` lies at `length * i`. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly count: number;
  readonly length: number;
  /** Duration of every record, ms. */
  readonly durationsMs: Uint16Array;
}

export interface Blast {
  readonly format: BlastFormat;
  readonly recordsPerDatagram: number;
  readonly usual: DatagramSet;
  readonly flood: DatagramSet;
}

export const SITES = 200;
const CLIENTS = 200_000;
const USUAL_DATAGRAMS = 8192;
const FLOOD_DATAGRAMS = 2048;
const SEED = 20_261_123;

/** The first site; the others follow. Any of them may be flooded. */
const FIRST_SITE = 0xc6120100;
/** The network that is protected. */
export const NETWORK = '198.18.0.0/20';
/**
 * Flood records for each usual one that make ten times the target's usual packets: 0.42 of usual records go to one of 200 sites and carry
 * 9.5 packets on average, flood records carry one.
 */
export const FLOOD_SHARE = (10 * 0.42 * 9.5) / SITES;

/** Milliseconds that the exporters had been up when they began. */
const UPTIME_MS = 86_400_000;
const TEMPLATE_ID = 256;

/** Where the parts of a format lie. Times are patched as `start` and `end`: words of uptime, or of IPFIX two words of milliseconds. */
interface Layout {
  readonly headerBytes: number;
  readonly recordBytes: number;
  readonly recordsPerDatagram: number;
  readonly startAt: number;
  readonly endAt: number;
}

/** Of every format. */
const TARGET_AT = 4;

const LAYOUTS: Readonly<Record<BlastFormat, Layout>> = {
  netflow5: { headerBytes: 24, recordBytes: 48, recordsPerDatagram: 30, startAt: 24, endAt: 28 },
  netflow9: { headerBytes: 24, recordBytes: 47, recordsPerDatagram: 28, startAt: 8, endAt: 12 },
  ipfix: { headerBytes: 20, recordBytes: 55, recordsPerDatagram: 25, startAt: 8, endAt: 16 },
};

/** Field types and lengths, in the order in which `writeRecord` writes them (RFC 3954 section 8, RFC 7012). */
const FIELDS: Readonly<Record<'netflow9' | 'ipfix', readonly (readonly [number, number])[]>> = {
  netflow9: [
    ...([
      [8, 4],
      [12, 4],
      [22, 4],
      [21, 4],
      [1, 4],
      [2, 4],
      [10, 4],
      [14, 4],
    ] as const),
    ...([
      [7, 2],
      [11, 2],
      [4, 1],
      [6, 1],
      [5, 1],
      [16, 4],
      [17, 4],
    ] as const),
  ],
  ipfix: [
    ...([
      [8, 4],
      [12, 4],
      [152, 8],
      [153, 8],
      [1, 4],
      [2, 4],
      [10, 4],
      [14, 4],
    ] as const),
    ...([
      [7, 2],
      [11, 2],
      [4, 1],
      [6, 1],
      [5, 1],
      [16, 4],
      [17, 4],
    ] as const),
  ],
};

export function makeBlast(format: BlastFormat, datagrams = USUAL_DATAGRAMS): Blast {
  const { recordsPerDatagram } = LAYOUTS[format];
  const usual = createSet(format, datagrams);
  const random = new Random(SEED);
  let at = 0;
  const scene = { items: datagrams * recordsPerDatagram, clients: CLIENTS, sites: SITES, floodShare: 0, seed: SEED };
  playScene(scene, (item) => writeUsual(usual, format, at++, item, random.uint32()));
  const flood = createSet(format, Math.min(FLOOD_DATAGRAMS, datagrams));
  for (let record = 0; record < flood.durationsMs.length; record++) {
    const srcPort = 1024 + random.below(64_512);
    writeRecord(flood, format, record, random.uint32(), FIRST_SITE, srcPort, 443, 6, 0x02, 1, 40, random.uint32());
  }
  return { format, recordsPerDatagram, usual, flood };
}

function createSet(format: BlastFormat, count: number): DatagramSet {
  const { headerBytes, recordBytes, recordsPerDatagram } = LAYOUTS[format];
  const content = recordBytes * recordsPerDatagram;
  // A flow set of NetFlow v9 ends at a multiple of four bytes (RFC 3954 section 5.3).
  const length = headerBytes + content + (format === 'netflow9' ? (4 - (content % 4)) % 4 : 0);
  const bytes = new Uint8Array(new ArrayBuffer(length * count));
  const view = new DataView(bytes.buffer);
  const durationsMs = new Uint16Array(count * recordsPerDatagram);
  for (let datagram = 0; datagram < count; datagram++) {
    writeHeader(view, length * datagram, length, format, recordsPerDatagram);
  }
  return { bytes, view, count, length, durationsMs };
}

function writeHeader(view: DataView, at: number, length: number, format: BlastFormat, records: number): void {
  switch (format) {
    case 'netflow5':
      view.setUint16(at, 5);
      view.setUint16(at + 2, records);
      return;
    case 'netflow9':
      view.setUint16(at, 9);
      view.setUint16(at + 2, records);
      view.setUint32(at + 16, 1);
      view.setUint16(at + 20, TEMPLATE_ID);
      view.setUint16(at + 22, length - 20);
      return;
    case 'ipfix':
      view.setUint16(at, 10);
      view.setUint16(at + 2, length);
      view.setUint32(at + 12, 1);
      view.setUint16(at + 16, TEMPLATE_ID);
      view.setUint16(at + 18, length - 16);
  }
}

function writeUsual(set: DatagramSet, format: BlastFormat, record: number, item: Item, word: number): void {
  const udp = item.kind === KIND_QUERY || item.kind === KIND_ANSWER;
  const packets = udp ? 1 : 2 + (word & 15);
  const packetBytes = item.kind === KIND_DOWNLOAD ? 1300 : item.kind === KIND_ANSWER ? 180 : 90;
  // Ordinary flows last up to four seconds.
  set.durationsMs[record] = packets === 1 ? 0 : (word >>> 8) & 0xfff;
  const { srcAddr, dstAddr, srcPort, dstPort } = item;
  const proto = udp ? 17 : 6;
  writeRecord(
    set,
    format,
    record,
    srcAddr,
    dstAddr,
    srcPort,
    dstPort,
    proto,
    udp ? 0 : 0x1b,
    packets,
    packets * packetBytes,
    word,
  );
}

function writeRecord(
  set: DatagramSet,
  format: BlastFormat,
  record: number,
  srcAddr: number,
  dstAddr: number,
  srcPort: number,
  dstPort: number,
  proto: number,
  flags: number,
  packets: number,
  octets: number,
  word: number,
): void {
  const { headerBytes, recordBytes, recordsPerDatagram } = LAYOUTS[format];
  const { view, length } = set;
  const datagram = Math.floor(record / recordsPerDatagram);
  const at = length * datagram + headerBytes + recordBytes * (record % recordsPerDatagram);
  const as = 64_500 + (word >>> 24);
  view.setUint32(at, srcAddr);
  view.setUint32(at + 4, dstAddr);
  if (format === 'netflow5') {
    view.setUint16(at + 12, 1);
    view.setUint16(at + 14, 2);
    view.setUint32(at + 16, packets);
    view.setUint32(at + 20, octets);
    view.setUint16(at + 32, srcPort);
    view.setUint16(at + 34, dstPort);
    view.setUint8(at + 37, flags);
    view.setUint8(at + 38, proto);
    view.setUint16(at + 40, as);
    view.setUint16(at + 42, 64_499);
    return;
  }
  const rest = at + LAYOUTS[format].endAt + (format === 'ipfix' ? 8 : 4);
  view.setUint32(rest, octets);
  view.setUint32(rest + 4, packets);
  view.setUint32(rest + 8, 1);
  view.setUint32(rest + 12, 2);
  view.setUint16(rest + 16, srcPort);
  view.setUint16(rest + 18, dstPort);
  view.setUint8(rest + 20, proto);
  view.setUint8(rest + 21, flags);
  view.setUint32(rest + 23, as);
  view.setUint32(rest + 27, 64_499);
}

export function siteText(site: number): string {
  return formatIpv4(FIRST_SITE + site);
}

/** Directs the flood at a site, 0 to `SITES` - 1. */
export function aim({ format, recordsPerDatagram, flood }: Blast, site: number): void {
  const { headerBytes, recordBytes } = LAYOUTS[format];
  for (let datagram = 0; datagram < flood.count; datagram++) {
    let at = flood.length * datagram + headerBytes + TARGET_AT;
    for (let record = 0; record < recordsPerDatagram; record++, at += recordBytes)
      flood.view.setUint32(at, FIRST_SITE + site);
  }
}

/** What an exporter keeps between datagrams. */
export interface ExporterClock {
  /** Datagrams (NetFlow v9) or records (v5, IPFIX) so far. */
  sequence: number;
  readonly startedMs: number;
}

/** Sets clock, sequence number and the times of the records of datagram `index`, as at `nowMs`. */
export function stamp(blast: Blast, set: DatagramSet, index: number, clock: ExporterClock, nowMs: number): void {
  const { format, recordsPerDatagram } = blast;
  const { headerBytes, recordBytes, startAt, endAt } = LAYOUTS[format];
  const { view, durationsMs } = set;
  const at = set.length * index;
  const uptime = uptimeAt(clock, nowMs);
  stampHeader(view, at, format, clock, nowMs, uptime);
  clock.sequence = (clock.sequence + (format === 'netflow9' ? 1 : recordsPerDatagram)) >>> 0;
  let record = index * recordsPerDatagram;
  let from = at + headerBytes;
  if (format === 'ipfix') {
    const high = Math.floor(nowMs / 2 ** 32);
    const low = nowMs % 2 ** 32;
    for (let i = 0; i < recordsPerDatagram; i++, from += recordBytes, record++) {
      view.setUint32(from + startAt, high);
      view.setUint32(from + startAt + 4, Math.max(0, low - durationsMs[record]));
      view.setUint32(from + endAt, high);
      view.setUint32(from + endAt + 4, low);
    }
    return;
  }
  for (let i = 0; i < recordsPerDatagram; i++, from += recordBytes, record++) {
    view.setUint32(from + startAt, uptime - durationsMs[record]);
    view.setUint32(from + endAt, uptime);
  }
}

function uptimeAt(clock: ExporterClock, nowMs: number): number {
  return (UPTIME_MS + nowMs - clock.startedMs) >>> 0;
}

function stampHeader(
  view: DataView,
  at: number,
  format: BlastFormat,
  clock: ExporterClock,
  nowMs: number,
  uptime: number,
): void {
  const seconds = Math.floor(nowMs / 1000);
  if (format === 'ipfix') {
    view.setUint32(at + 4, seconds);
    view.setUint32(at + 8, clock.sequence);
    return;
  }
  view.setUint32(at + 4, uptime);
  view.setUint32(at + 8, seconds);
  if (format === 'netflow5') view.setUint32(at + 12, (nowMs % 1000) * 1_000_000);
  view.setUint32(at + (format === 'netflow5' ? 16 : 12), clock.sequence);
}

/** The template in a datagram of its own; `undefined` for NetFlow v5, which has none. */
export function makeTemplate(format: BlastFormat, clock: ExporterClock, nowMs: number): Uint8Array | undefined {
  if (format === 'netflow5') return undefined;
  const fields = FIELDS[format];
  const header = format === 'ipfix' ? 16 : 20;
  const bytes = new Uint8Array(new ArrayBuffer(header + 8 + 4 * fields.length));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, format === 'ipfix' ? 10 : 9);
  view.setUint16(2, format === 'ipfix' ? bytes.length : 1);
  view.setUint32(format === 'ipfix' ? 12 : 16, 1);
  stampHeader(view, 0, format, clock, nowMs, uptimeAt(clock, nowMs));
  if (format === 'netflow9') clock.sequence = (clock.sequence + 1) >>> 0;
  view.setUint16(header, format === 'ipfix' ? 2 : 0);
  view.setUint16(header + 2, 8 + 4 * fields.length);
  view.setUint16(header + 4, TEMPLATE_ID);
  view.setUint16(header + 6, fields.length);
  for (const [index, [type, length]] of fields.entries()) {
    view.setUint16(header + 8 + 4 * index, type);
    view.setUint16(header + 10 + 4 * index, length);
  }
  return bytes;
}
