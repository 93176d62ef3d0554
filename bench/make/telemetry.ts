import { PcapWriter } from '../../src/evaluate/pcap-writer.ts';
import {
  type Item,
  KIND_ANSWER,
  KIND_DOWNLOAD,
  KIND_FLOOD,
  KIND_QUERY,
  playScene,
  SCENE_START_MS,
  type Scene,
} from './scene.ts';

/**
 * Writes the scene as NetFlow v9 (RFC 3954) from one router, captured on its way to a collector:
 *
 *   Ethernet 14 · IPv4 20 · UDP 8 · header 20 · [template flow set] · data flow set 4 + 28 × 47
 */
const RECORDS_PER_DATAGRAM = 28;
const RECORD_BYTES = 47;
const TEMPLATE_ID = 256;
/** The template is sent again every so many datagrams, the last of them first. */
const TEMPLATE_EVERY = 200;
/** Milliseconds that the router had been up when the scene began. */
const UPTIME_MS = 86_400_000;
const HEADERS = 14 + 20 + 8;

/** Field types and lengths of RFC 3954 section 8, in the order in which `writeRecord` writes them. */
const FIELDS = [
  [8, 4],
  [12, 4],
  [22, 4],
  [21, 4],
  [1, 4],
  [2, 4],
  [10, 4],
  [14, 4],
  [7, 2],
  [11, 2],
  [4, 1],
  [6, 1],
  [5, 1],
  [16, 4],
  [17, 4],
] as const;

export function makeTelemetry(path: string, scene: Scene): void {
  const writer = new PcapWriter(path);
  const records = new Uint8Array(RECORDS_PER_DATAGRAM * RECORD_BYTES);
  const view = new DataView(records.buffer);
  let count = 0;
  let sequence = 0;
  let lastMs = SCENE_START_MS;
  const send = (): void => {
    writeDatagram(writer, lastMs, sequence++, records.subarray(0, count * RECORD_BYTES), count);
    count = 0;
  };
  playScene(scene, (item, random) => {
    writeRecord(view, count * RECORD_BYTES, item, random.uint32());
    lastMs = item.timeMs;
    if (++count === RECORDS_PER_DATAGRAM) send();
  });
  if (count > 0) send();
  writer.close();
}

/** A record is sent when the flow is over: `timeMs` is its end. `word` is random. */
function writeRecord(view: DataView, at: number, item: Item, word: number): void {
  const flood = item.kind === KIND_FLOOD;
  const udp = item.kind === KIND_QUERY || item.kind === KIND_ANSWER;
  const packets = flood || udp ? 1 : 2 + (word & 15);
  const packetBytes = flood ? 40 : item.kind === KIND_DOWNLOAD ? 1300 : item.kind === KIND_ANSWER ? 180 : 90;
  const endMs = UPTIME_MS + Math.floor(item.timeMs - SCENE_START_MS);
  // Ordinary flows last up to four seconds.
  const startMs = packets === 1 ? endMs : endMs - ((word >>> 8) & 0xfff);
  view.setUint32(at, item.srcAddr);
  view.setUint32(at + 4, item.dstAddr);
  view.setUint32(at + 8, startMs);
  view.setUint32(at + 12, endMs);
  view.setUint32(at + 16, packets * packetBytes);
  view.setUint32(at + 20, packets);
  view.setUint32(at + 24, 1);
  view.setUint32(at + 28, 2);
  view.setUint16(at + 32, item.srcPort);
  view.setUint16(at + 34, item.dstPort);
  view.setUint8(at + 36, udp ? 17 : 6);
  view.setUint8(at + 37, udp ? 0 : flood ? 0x02 : 0x1b);
  view.setUint8(at + 38, 0);
  view.setUint32(at + 39, 64_500 + (word >>> 24));
  view.setUint32(at + 43, 64_499);
}

function writeDatagram(writer: PcapWriter, timeMs: number, sequence: number, records: Uint8Array, count: number): void {
  const template = sequence % TEMPLATE_EVERY === 0 ? 8 + 4 * FIELDS.length : 0;
  // A flow set ends at a multiple of four bytes (RFC 3954 section 5.3).
  const padding = (4 - (records.length % 4)) % 4;
  const payload = 20 + template + 4 + records.length + padding;
  const at = writer.begin(timeMs, HEADERS + payload, HEADERS + payload);
  const { view, buffer } = writer;
  view.setUint32(at, 0x02000000);
  view.setUint32(at + 4, 0x00030200);
  view.setUint32(at + 8, 0x00000004);
  view.setUint16(at + 12, 0x0800);
  const ip = at + 14;
  view.setUint32(ip, 0x45000000 | (28 + payload));
  view.setUint32(ip + 4, 0x00004000);
  view.setUint32(ip + 8, 0x40110000);
  // 192.0.2.1 to 192.0.2.2.
  view.setUint32(ip + 12, 0xc0000201);
  view.setUint32(ip + 16, 0xc0000202);
  view.setUint16(ip + 20, 40_000);
  view.setUint16(ip + 22, 2055);
  view.setUint16(ip + 24, 8 + payload);
  view.setUint16(ip + 26, 0);
  const header = ip + 28;
  view.setUint16(header, 9);
  view.setUint16(header + 2, count + (template > 0 ? 1 : 0));
  view.setUint32(header + 4, UPTIME_MS + Math.floor(timeMs - SCENE_START_MS));
  view.setUint32(header + 8, Math.floor(timeMs / 1000));
  view.setUint32(header + 12, sequence);
  view.setUint32(header + 16, 1);
  let set = header + 20;
  if (template > 0) {
    view.setUint16(set, 0);
    view.setUint16(set + 2, template);
    view.setUint16(set + 4, TEMPLATE_ID);
    view.setUint16(set + 6, FIELDS.length);
    for (let field = 0; field < FIELDS.length; field++) {
      view.setUint16(set + 8 + 4 * field, FIELDS[field][0]);
      view.setUint16(set + 10 + 4 * field, FIELDS[field][1]);
    }
    set += template;
  }
  view.setUint16(set, TEMPLATE_ID);
  view.setUint16(set + 2, 4 + records.length + padding);
  buffer.set(records, set + 4);
  buffer.fill(0, set + 4 + records.length, set + 4 + records.length + padding);
}
