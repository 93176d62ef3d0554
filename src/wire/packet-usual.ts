import type { FlowBatch } from '../model/flow-batch.ts';
import { FRAGMENT_NONE, HAS, NO_EXPORTER } from '../model/flow-columns.ts';
import { isTunnelPort } from './packet-tunnel.ts';

/** The short way through the decoder for the packets that are nearly all, and the parts of it that the long way shares. */

/** Bytes that `usualPacket` looks at: Ethernet, IPv4 and UDP headers. */
export const USUAL_BYTES = 42;

export const PROTO_TCP = 6;
export const PROTO_UDP = 17;
export const ETHER_IPV4 = 0x0800;

/** Bits of the columns that every IP header sets. */
export const HAS_IP = HAS.srcAddr | HAS.dstAddr | HAS.proto | HAS.fragment | HAS.ttl | HAS.tos;
export const HAS_PORTS = HAS.srcPort | HAS.dstPort;
export const HAS_TCP_FLAGS = HAS.tcpFlags;
export const HAS_USUAL = HAS_IP | HAS_PORTS | HAS.etherType;

/** Sets the columns that every row has, but not `present`. */
export function beginRow(batch: FlowBatch, row: number, layer: number, bytes: number, timeMs: number): void {
  batch.observedMs[row] = timeMs;
  batch.startMs[row] = timeMs;
  batch.endMs[row] = timeMs;
  batch.exporter[row] = NO_EXPORTER;
  batch.observationDomain[row] = 0;
  batch.layer[row] = layer;
  batch.ipVersion[row] = 0;
  batch.samplingRate[row] = 1;
  batch.packets[row] = 1;
  batch.bytes[row] = bytes;
}

/**
 * Nearly every packet is Ethernet, IPv4 without options or fragments, TCP or UDP outside of tunnels, and there as far as the
 * flags; what the snap length cut off behind them does not matter. Returns its protocol if it is such a one, or 0; the way
 * through `writeUsual` is several times faster. `capturedLength` is at least USUAL_BYTES.
 */
export function usualPacket(view: DataView, offset: number, capturedLength: number): number {
  const at = offset + 14;
  // EtherType, version, header length and TOS in one word, of which the TOS may be anything.
  if ((view.getUint32(at - 2) & 0xffffff00) >>> 0 !== 0x08004500) return 0;
  if ((view.getUint16(at + 6) & 0x3fff) !== 0) return 0;
  const totalLength = view.getUint16(at + 2);
  const proto = view.getUint8(at + 9);
  if (proto === PROTO_TCP) return totalLength >= 34 && capturedLength >= 48 ? PROTO_TCP : 0;
  if (proto !== PROTO_UDP || totalLength < 28) return 0;
  return isTunnelPort(view.getUint16(at + 22)) ? 0 : PROTO_UDP;
}

/** The columns of a packet that `usualPacket` has found to be one; its IPv4 header is at `at`. */
export function writeUsual(view: DataView, at: number, proto: number, row: number, batch: FlowBatch): void {
  const { srcAddr, dstAddr } = batch;
  const word = row << 2;
  srcAddr[word] = 0;
  srcAddr[word + 1] = 0;
  srcAddr[word + 2] = 0xffff;
  srcAddr[word + 3] = view.getUint32(at + 12);
  dstAddr[word] = 0;
  dstAddr[word + 1] = 0;
  dstAddr[word + 2] = 0xffff;
  dstAddr[word + 3] = view.getUint32(at + 16);
  batch.ipVersion[row] = 4;
  batch.tos[row] = view.getUint8(at + 1);
  batch.ttl[row] = view.getUint8(at + 8);
  batch.proto[row] = proto;
  batch.fragment[row] = FRAGMENT_NONE;
  batch.etherType[row] = ETHER_IPV4;
  const ports = view.getUint32(at + 20);
  batch.srcPort[row] = ports >>> 16;
  batch.dstPort[row] = ports;
  if (proto === PROTO_TCP) {
    batch.tcpFlags[row] = view.getUint16(at + 32) & 0x1ff;
    batch.present[row] = HAS_USUAL | HAS_TCP_FLAGS;
  } else batch.present[row] = HAS_USUAL;
}

/** Bytes of payload behind the UDP header at `at`, of a packet that ends at `end`. A length of 0 is a jumbogram (RFC 2675). */
export function udpPayload(bytes: Uint8Array, at: number, end: number): number {
  const length = (bytes[at + 4] << 8) | bytes[at + 5];
  return length >= 8 && at + length < end ? length - 8 : end - at - 8;
}
