import { ByteWriter } from './encode-netflow.ts';

/** Encoders of Ethernet packets and pcap files, for tests. */
export interface Segment {
  /** IPv4 addresses as unsigned 32-bit numbers. */
  readonly srcAddr: number;
  readonly dstAddr: number;
  readonly srcPort: number;
  readonly dstPort: number;
}

/** Bytes of Ethernet, IPv4 and UDP headers before the payload. */
export const UDP_HEADERS = 14 + 20 + 8;
export const TCP_HEADERS = 14 + 20 + 20;

export function encodeUdp(segment: Segment, payload: Uint8Array): Uint8Array {
  return ipv4(segment, 17, 8 + payload.length)
    .uint(segment.srcPort, 2)
    .uint(segment.dstPort, 2)
    .uint(8 + payload.length, 2)
    .uint(0, 2)
    .raw(payload)
    .done();
}

/** A TCP segment without payload. */
export function encodeTcp(segment: Segment, flags: number): Uint8Array {
  return ipv4(segment, 6, 20)
    .uint(segment.srcPort, 2)
    .uint(segment.dstPort, 2)
    .uint(1, 4)
    .uint(0, 4)
    .uint(0x50, 1)
    .uint(flags, 1)
    .uint(65_535, 2)
    .uint(0, 4)
    .done();
}

function ipv4(segment: Segment, proto: number, length: number): ByteWriter {
  return new ByteWriter()
    .uint(0x020000000001, 6)
    .uint(0x020000000002, 6)
    .uint(0x0800, 2)
    .uint(0x45, 1)
    .uint(0, 1)
    .uint(20 + length, 2)
    .uint(1, 2)
    .uint(0, 2)
    .uint(64, 1)
    .uint(proto, 1)
    .uint(0, 2)
    .uint(segment.srcAddr, 4)
    .uint(segment.dstAddr, 4);
}

export interface CapturedPacket {
  readonly timeMs: number;
  readonly bytes: Uint8Array;
  /** Length on the wire, where it is not that of the bytes. */
  readonly wireLength?: number;
}

/** A big-endian pcap file with times in microseconds, link type Ethernet. */
export function encodePcap(packets: readonly CapturedPacket[]): Uint8Array {
  const writer = new ByteWriter()
    .uint(0xa1b2c3d4, 4)
    .uint(2, 2)
    .uint(4, 2)
    .uint(0, 4)
    .uint(0, 4)
    .uint(65_535, 4)
    .uint(1, 4);
  for (const { timeMs, bytes, wireLength } of packets) {
    const seconds = Math.floor(timeMs / 1000);
    writer
      .uint(seconds, 4)
      .uint(Math.round((timeMs - 1000 * seconds) * 1000), 4)
      .uint(bytes.length, 4)
      .uint(wireLength ?? bytes.length, 4)
      .raw(bytes);
  }
  return writer.done();
}
