import { addressWords, isIpv6 } from './world.ts';

/** Headers of a frame never need more than this: Ethernet 14, IPv6 40, TCP 20, and a word of payload. */
export const FRAME_BYTES_MAX = 80;

const ETHERNET_BYTES = 14;
const words = new Uint32Array(4);

/**
 * Writes the headers of the packet at `from` of `packets` as an Ethernet frame at `at`; gives the bytes written, at most
 * FRAME_BYTES_MAX: what a capture with a short snap length, or a sampled header, holds of it.
 *
 *   Ethernet 14 · IPv4 20 or IPv6 40 · TCP 20, UDP 8, ICMP 8, or nothing known
 */
export function writeFrame(view: DataView, at: number, packets: Float64Array, from: number): number {
  const six = isIpv6(packets[from + 2]);
  view.setUint32(at, 0x02000000);
  view.setUint32(at + 4, 0x00010200);
  view.setUint32(at + 8, 0x00000002);
  view.setUint16(at + 12, six ? 0x86dd : 0x0800);
  const network = at + ETHERNET_BYTES;
  const transport = six ? writeIpv6(view, network, packets, from) : writeIpv4(view, network, packets, from);
  const end = transport + writeTransport(view, transport, packets, from);
  return Math.min(end - at, ETHERNET_BYTES + packets[from + 7]);
}

/** Bytes of the frame on the wire. */
export const wireBytes = (packets: Float64Array, from: number): number => Math.max(60, 14 + packets[from + 7]);

function writeIpv4(view: DataView, at: number, packets: Float64Array, from: number): number {
  view.setUint16(at, 0x4500);
  view.setUint16(at + 2, packets[from + 7]);
  view.setUint16(at + 4, packets[from + 4] ^ packets[from + 1]);
  view.setUint16(at + 6, packets[from + 9] < 0 ? 0x00b9 : 0x4000);
  view.setUint8(at + 8, packets[from + 8]);
  view.setUint8(at + 9, packets[from + 3]);
  view.setUint16(at + 10, 0);
  view.setUint32(at + 12, packets[from + 1]);
  view.setUint32(at + 16, packets[from + 2]);
  let sum = 0;
  for (let offset = 0; offset < 20; offset += 2) sum += view.getUint16(at + offset);
  sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(at + 10, ~((sum & 0xffff) + (sum >>> 16)) & 0xffff);
  return at + 20;
}

function writeIpv6(view: DataView, at: number, packets: Float64Array, from: number): number {
  view.setUint32(at, 0x60000000);
  view.setUint16(at + 4, packets[from + 7] - 40);
  view.setUint8(at + 6, packets[from + 3]);
  view.setUint8(at + 7, packets[from + 8]);
  for (const [column, offset] of SIX_ADDRESSES) {
    addressWords(packets[from + column], words);
    for (let word = 0; word < 4; word++) view.setUint32(at + offset + 4 * word, words[word]);
  }
  return at + 40;
}

const SIX_ADDRESSES = [
  [1, 8],
  [2, 24],
] as const;

function writeTransport(view: DataView, at: number, packets: Float64Array, from: number): number {
  const proto = packets[from + 3];
  if (packets[from + 9] < 0 || (proto !== 6 && proto !== 17 && proto !== 1 && proto !== 58)) {
    view.setUint32(at, 0);
    return 4;
  }
  if (proto === 1 || proto === 58) {
    view.setUint32(at, packets[from + 9] * 2 ** 24);
    view.setUint32(at + 4, 0x00010001);
    return 8;
  }
  view.setUint16(at, packets[from + 4]);
  view.setUint16(at + 2, packets[from + 5]);
  if (proto === 17) {
    view.setUint16(at + 4, Math.max(8, packets[from + 7] - (isIpv6(packets[from + 2]) ? 40 : 20)));
    view.setUint16(at + 6, 0);
    return 8;
  }
  view.setUint32(at + 4, (packets[from] * 1000) >>> 0);
  view.setUint32(at + 8, 0);
  view.setUint16(at + 12, 0x5000 | packets[from + 6]);
  view.setUint16(at + 14, 64_240);
  view.setUint32(at + 16, 0);
  return 20;
}
