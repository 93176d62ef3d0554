import { parseAddress } from '../../src/base/ip.ts';

/** Builders of packets, capture files and sFlow datagrams, for tests, benches and the fuzzer. Checksums are left at zero. */

/** Joins bytes; a number is one byte. */
export function bytesOf(...parts: readonly (number | Uint8Array | readonly number[])[]): Uint8Array {
  const flat = parts.map((part) => (typeof part === 'number' ? Uint8Array.of(part) : Uint8Array.from(part)));
  const whole = new Uint8Array(flat.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of flat) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** `value` in `length` bytes, most significant first, or last where `little`. */
export function uint(value: number | bigint, length: number, little = false): Uint8Array {
  const bytes = new Uint8Array(length);
  let rest = BigInt.asUintN(8 * length, BigInt(value));
  for (let at = 0; at < length; at++) {
    bytes[little ? at : length - 1 - at] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

/** The bytes of an address: four for IPv4, sixteen for IPv6. */
export function addressBytes(text: string): Uint8Array {
  const words = parseAddress(text);
  if (words === undefined) throw new Error(`no address: ${text}`);
  return text.includes(':') ? bytesOf(...Array.from(words, (word) => uint(word, 4))) : uint(words[3], 4);
}

const MAC_A = [2, 0, 0, 0, 0, 1];
const MAC_B = [2, 0, 0, 0, 0, 2];

/** An Ethernet frame, with 802.1Q tags of these ids, outermost first. */
export function ethernet(etherType: number, payload: Uint8Array, vlans: readonly number[] = []): Uint8Array {
  const tags = vlans.map((vlan, at) => bytesOf(uint(at + 1 < vlans.length ? 0x88a8 : 0x8100, 2), uint(vlan, 2)));
  return bytesOf(MAC_A, MAC_B, ...tags, uint(etherType, 2), payload);
}

export interface IpHeader {
  readonly src: string;
  readonly dst: string;
  readonly proto: number;
  readonly ttl?: number;
  readonly tos?: number;
  /** In bytes; a multiple of eight. */
  readonly fragmentOffset?: number;
  readonly moreFragments?: boolean;
  /** IPv4 options, padded by the caller to four bytes. */
  readonly options?: Uint8Array;
}

export function ipv4(header: IpHeader, payload: Uint8Array): Uint8Array {
  const options = header.options ?? new Uint8Array(0);
  const headerLength = 20 + options.length;
  return bytesOf(
    0x40 | (headerLength / 4),
    header.tos ?? 0,
    uint(headerLength + payload.length, 2),
    uint(1, 2),
    uint((header.moreFragments === true ? 0x2000 : 0) | ((header.fragmentOffset ?? 0) / 8), 2),
    header.ttl ?? 64,
    header.proto,
    uint(0, 2),
    addressBytes(header.src),
    addressBytes(header.dst),
    options,
    payload,
  );
}

/** One IPv6 extension header: its own number, and its bytes behind the next-header byte. */
export interface Extension {
  readonly proto: number;
  readonly body: Uint8Array;
}

export const hopByHop: Extension = { proto: 0, body: bytesOf(0, 5, 2, 0, 0, 1, 0) };
export const destinationOptions: Extension = { proto: 60, body: bytesOf(0, 1, 4, 0, 0, 0, 0) };
export const authentication: Extension = { proto: 51, body: bytesOf(2, 0, 0, uint(1, 4), uint(2, 4), uint(3, 4)) };

export function fragmentHeader(offset: number, more: boolean): Extension {
  return { proto: 44, body: bytesOf(0, uint(offset | (more ? 1 : 0), 2), uint(0x1234, 4)) };
}

export function ipv6(header: IpHeader, payload: Uint8Array, extensions: readonly Extension[] = []): Uint8Array {
  const chain = extensions.map((extension, at) => bytesOf(extensions[at + 1]?.proto ?? header.proto, extension.body));
  const rest = bytesOf(...chain, payload);
  const tos = header.tos ?? 0;
  return bytesOf(
    0x60 | (tos >>> 4),
    (tos & 15) << 4,
    uint(0, 2),
    uint(rest.length, 2),
    extensions[0]?.proto ?? header.proto,
    header.ttl ?? 64,
    addressBytes(header.src),
    addressBytes(header.dst),
    rest,
  );
}

export function tcp(
  srcPort: number,
  dstPort: number,
  flags: number,
  payload: Uint8Array = new Uint8Array(0),
): Uint8Array {
  return bytesOf(
    uint(srcPort, 2),
    uint(dstPort, 2),
    uint(1, 4),
    uint(0, 4),
    0x50 | (flags >>> 8),
    flags & 0xff,
    uint(65_535, 2),
    uint(0, 4),
    payload,
  );
}

export function udp(srcPort: number, dstPort: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  return bytesOf(uint(srcPort, 2), uint(dstPort, 2), uint(8 + payload.length, 2), uint(0, 2), payload);
}

export function icmp(type: number, code: number, quoted: Uint8Array = new Uint8Array(0)): Uint8Array {
  return bytesOf(type, code, uint(0, 2), uint(0, 4), quoted);
}

/** GRE with the optional fields that `flags` asks for (0x8000 checksum, 0x2000 key, 0x1000 sequence), all zero. */
export function gre(etherType: number, payload: Uint8Array, flags = 0): Uint8Array {
  const words = [0x8000, 0x2000, 0x1000].filter((flag) => (flags & flag) !== 0).length;
  return bytesOf(uint(flags, 2), uint(etherType, 2), new Uint8Array(4 * words), payload);
}

export function vxlan(frame: Uint8Array): Uint8Array {
  return bytesOf(8, 0, 0, 0, uint(42 << 8, 4), frame);
}

export function geneve(etherType: number, payload: Uint8Array, options: Uint8Array = new Uint8Array(0)): Uint8Array {
  return bytesOf(options.length / 4, 0, uint(etherType, 2), uint(42 << 8, 4), options, payload);
}

export function gtpUser(packet: Uint8Array): Uint8Array {
  return bytesOf(0x30, 255, uint(packet.length, 2), uint(7, 4), packet);
}

/** MPLS labels, the last one marked as the bottom of the stack. */
export function mpls(labels: readonly number[], payload: Uint8Array): Uint8Array {
  const stack = labels.map((label, at) => uint((label << 12) | (at + 1 === labels.length ? 0x100 : 0) | 64, 4));
  return bytesOf(...stack, payload);
}

export function pppoe(pppProtocol: number, payload: Uint8Array): Uint8Array {
  return bytesOf(0x11, 0, uint(1, 2), uint(2 + payload.length, 2), uint(pppProtocol, 2), payload);
}

export interface CapturePacket {
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  readonly bytes: Uint8Array;
  /** Length on the wire; that of the bytes where it is not given. */
  readonly wireLength?: number;
}

export interface PcapOptions {
  readonly little?: boolean;
  readonly nano?: boolean;
  readonly kuznetzov?: boolean;
  readonly linkType?: number;
  readonly snapLength?: number;
}

export function pcap(packets: readonly CapturePacket[], options: PcapOptions = {}): Uint8Array {
  const little = options.little ?? true;
  const magic = options.kuznetzov === true ? 0xa1b2cd34 : options.nano === true ? 0xa1b23c4d : 0xa1b2c3d4;
  const word = (value: number): Uint8Array => uint(value, 4, little);
  const head = bytesOf(word(magic), uint(2, 2, little), uint(4, 2, little), word(0), word(0));
  const parts = [head, word(options.snapLength ?? 262_144), word(options.linkType ?? 1)];
  for (const { timeMs, bytes, wireLength } of packets) {
    const seconds = Math.floor(timeMs / 1000);
    const ticks = Math.round((timeMs - 1000 * seconds) * (options.nano === true ? 1e6 : 1e3));
    parts.push(word(seconds), word(ticks), word(bytes.length), word(wireLength ?? bytes.length));
    if (options.kuznetzov === true) parts.push(new Uint8Array(8));
    parts.push(bytes);
  }
  return bytesOf(...parts);
}

export type PcapngBlock = (little: boolean) => Uint8Array;

/** A block of any type, padded and with its length at both ends. */
export function block(type: number, body: (little: boolean) => Uint8Array): PcapngBlock {
  return (little) => {
    const inside = body(little);
    const length = 12 + inside.length + (-inside.length & 3);
    return bytesOf(
      uint(type, 4, little),
      uint(length, 4, little),
      inside,
      new Uint8Array(-inside.length & 3),
      uint(length, 4, little),
    );
  };
}

export const sectionHeader: PcapngBlock = block(0x0a0d0d0a, (little) =>
  bytesOf(uint(0x1a2b3c4d, 4, little), uint(1, 2, little), uint(0, 2), uint(-1, 8)),
);

export interface InterfaceOptions {
  readonly linkType?: number;
  readonly snapLength?: number;
  /** Raw value of if_tsresol. */
  readonly resolution?: number;
  /** Seconds of if_tsoffset. */
  readonly offsetSeconds?: number;
}

export function interfaceDescription(options: InterfaceOptions = {}): PcapngBlock {
  return block(1, (little) => {
    const parts = [uint(options.linkType ?? 1, 2, little), uint(0, 2), uint(options.snapLength ?? 0, 4, little)];
    if (options.resolution !== undefined) {
      parts.push(uint(9, 2, little), uint(1, 2, little), bytesOf(options.resolution, 0, 0, 0));
    }
    if (options.offsetSeconds !== undefined) {
      parts.push(uint(14, 2, little), uint(8, 2, little), uint(options.offsetSeconds, 8, little));
    }
    return bytesOf(...parts, uint(0, 4));
  });
}

/** `ticks` counts in the resolution of the interface. `extra` stands behind the packet, as options do. */
export function enhancedPacket(
  ticks: bigint,
  bytes: Uint8Array,
  more: { interfaceId?: number; wireLength?: number; extra?: Uint8Array } = {},
): PcapngBlock {
  return block(6, (little) =>
    bytesOf(
      uint(more.interfaceId ?? 0, 4, little),
      uint(ticks >> 32n, 4, little),
      uint(ticks & 0xffffffffn, 4, little),
      uint(bytes.length, 4, little),
      uint(more.wireLength ?? bytes.length, 4, little),
      bytes,
      new Uint8Array(-bytes.length & 3),
      more.extra ?? new Uint8Array(0),
    ),
  );
}

/** The obsolete packet block. */
export function oldPacket(ticks: bigint, bytes: Uint8Array, interfaceId = 0): PcapngBlock {
  return block(2, (little) =>
    bytesOf(
      uint(interfaceId, 2, little),
      uint(0, 2),
      uint(ticks >> 32n, 4, little),
      uint(ticks & 0xffffffffn, 4, little),
      uint(bytes.length, 4, little),
      uint(bytes.length, 4, little),
      bytes,
    ),
  );
}

export function simplePacket(bytes: Uint8Array, wireLength = bytes.length): PcapngBlock {
  return block(3, (little) => bytesOf(uint(wireLength, 4, little), bytes));
}

export function pcapng(blocks: readonly PcapngBlock[], little = true): Uint8Array {
  return bytesOf(...blocks.map((one) => one(little)));
}

export interface SflowDatagram {
  readonly agent: string;
  readonly subAgent?: number;
  readonly sequence?: number;
  readonly samples: readonly Uint8Array[];
}

/** An sFlow v5 datagram of samples as `flowSample` and `counterSample` make them. */
export function sflow(datagram: SflowDatagram): Uint8Array {
  return bytesOf(
    uint(5, 4),
    uint(datagram.agent.includes(':') ? 2 : 1, 4),
    addressBytes(datagram.agent),
    uint(datagram.subAgent ?? 0, 4),
    uint(datagram.sequence ?? 1, 4),
    uint(1000, 4),
    uint(datagram.samples.length, 4),
    ...datagram.samples,
  );
}

export interface FlowSampleOptions {
  readonly sequence?: number;
  readonly source?: number;
  readonly samplingRate?: number;
  readonly drops?: number;
  /** With the format in the upper two bits. */
  readonly input?: number;
  readonly output?: number;
  readonly expanded?: boolean;
}

export function flowSample(options: FlowSampleOptions, records: readonly Uint8Array[]): Uint8Array {
  const expanded = options.expanded === true;
  const source = options.source ?? 1;
  const face = (value: number): Uint8Array =>
    expanded ? bytesOf(uint(value >>> 30, 4), uint(value & 0x3fffffff, 4)) : uint(value, 4);
  const body = bytesOf(
    uint(options.sequence ?? 1, 4),
    expanded ? bytesOf(uint(0, 4), uint(source, 4)) : uint(source, 4),
    uint(options.samplingRate ?? 1, 4),
    uint(1000, 4),
    uint(options.drops ?? 0, 4),
    face(options.input ?? 1),
    face(options.output ?? 2),
    uint(records.length, 4),
    ...records,
  );
  return bytesOf(uint(expanded ? 3 : 1, 4), uint(body.length, 4), body);
}

export function counterSample(records: readonly Uint8Array[]): Uint8Array {
  const body = bytesOf(uint(1, 4), uint(1, 4), uint(records.length, 4), ...records);
  return bytesOf(uint(2, 4), uint(body.length, 4), body);
}

/** A record of a sample, padded to four bytes. */
export function sampleRecord(format: number, body: Uint8Array): Uint8Array {
  const padded = bytesOf(body, new Uint8Array(-body.length & 3));
  return bytesOf(uint(format, 4), uint(padded.length, 4), padded);
}

export function rawHeader(header: Uint8Array, frameLength: number, protocol = 1): Uint8Array {
  return sampleRecord(1, bytesOf(uint(protocol, 4), uint(frameLength, 4), uint(4, 4), uint(header.length, 4), header));
}
