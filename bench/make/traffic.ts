import { PcapWriter } from '../../src/evaluate/pcap-writer.ts';
import { type Item, KIND_ANSWER, KIND_DOWNLOAD, KIND_FLOOD, KIND_QUERY, playScene, type Scene } from './scene.ts';

/** Headers only, as busy links are captured: Ethernet 14, IPv4 20, TCP with timestamps 32, and some bytes more. */
const SNAP_LENGTH = 80;
const ETHERNET_BYTES = 14;
const FLAG_SYN = 0x02;
const FLAG_ACK = 0x10;
const FLAG_PSH_ACK = 0x18;

/** Writes the scene as a packet capture at `path`. */
export function makeTraffic(path: string, scene: Scene): void {
  const writer = new PcapWriter(path, SNAP_LENGTH);
  playScene(scene, (item, random) => {
    const udp = item.kind === KIND_QUERY || item.kind === KIND_ANSWER;
    const payload = payloadOf(item, random.below(100));
    const headers = ETHERNET_BYTES + 20 + (udp ? 8 : 20);
    // The shortest Ethernet frame has 60 bytes without its check sequence.
    const wireLength = Math.max(60, headers + payload);
    const captured = Math.min(SNAP_LENGTH, wireLength);
    const at = writer.begin(item.timeMs, captured, wireLength);
    writePacket(writer, at, item, udp, payload, random.uint32());
    writer.buffer.fill(0, at + headers, at + captured);
  });
  writer.close();
}

/** Bytes behind the transport header. `roll` is 0 to 99. */
function payloadOf(item: Item, roll: number): number {
  switch (item.kind) {
    case KIND_FLOOD:
      return 0;
    case KIND_QUERY:
      return 30 + (roll % 20);
    case KIND_ANSWER:
      return 46 + 2 * roll;
    case KIND_DOWNLOAD:
      return roll < 75 ? 1448 : 14 * roll;
    default:
      return roll < 80 ? 0 : 200 + 4 * roll;
  }
}

function writePacket(writer: PcapWriter, at: number, item: Item, udp: boolean, payload: number, word: number): void {
  const { view, buffer } = writer;
  view.setUint32(at, 0x02000000);
  view.setUint32(at + 4, 0x00010200);
  view.setUint32(at + 8, 0x00000002);
  view.setUint16(at + 12, 0x0800);
  const ip = at + ETHERNET_BYTES;
  buffer[ip] = 0x45;
  buffer[ip + 1] = 0;
  view.setUint16(ip + 2, 20 + (udp ? 8 : 20) + payload);
  view.setUint16(ip + 4, word & 0xffff);
  view.setUint16(ip + 6, 0x4000);
  buffer[ip + 8] = item.kind === KIND_FLOOD ? 40 + (word >>> 28) : 56;
  buffer[ip + 9] = udp ? 17 : 6;
  view.setUint32(ip + 12, item.srcAddr);
  view.setUint32(ip + 16, item.dstAddr);
  // A flow cache looks at headers only, but a checker of checksums should not find every packet broken.
  view.setUint16(ip + 10, 0);
  let sum = 0;
  for (let offset = 0; offset < 20; offset += 2) sum += view.getUint16(ip + offset);
  sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(ip + 10, ~((sum & 0xffff) + (sum >>> 16)) & 0xffff);
  const transport = ip + 20;
  view.setUint16(transport, item.srcPort);
  view.setUint16(transport + 2, item.dstPort);
  if (udp) {
    view.setUint16(transport + 4, 8 + payload);
    view.setUint16(transport + 6, 0);
    return;
  }
  view.setUint32(transport + 4, word);
  view.setUint32(transport + 8, item.kind === KIND_FLOOD ? 0 : word ^ 0x5a5a5a5a);
  buffer[transport + 12] = 0x50;
  buffer[transport + 13] = item.kind === KIND_FLOOD ? FLAG_SYN : payload === 0 ? FLAG_ACK : FLAG_PSH_ACK;
  view.setUint16(transport + 14, 64_240);
  view.setUint32(transport + 16, 0);
}
