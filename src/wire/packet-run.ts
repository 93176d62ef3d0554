import type { FlowBatch } from '../model/flow-batch.ts';
import { FRAGMENT_NONE, LAYER_OUTER, NO_EXPORTER } from '../model/flow-columns.ts';
import { isTunnelPort } from './packet-tunnel.ts';
import { ETHER_IPV4, HAS_TCP_FLAGS, HAS_USUAL, PROTO_TCP, PROTO_UDP, USUAL_BYTES } from './packet-usual.ts';

/**
 * Runs of usual packets (see `usualPacket`) in a pcap capture, decoded record after record without a call between them: several
 * times faster than one by one. All else is left to the caller, one packet at a time.
 *
 *   record header (16 bytes, or 24): 0 seconds  4 ticks  8 captured  12 wire length, then the packet:
 *   Ethernet 0 … 12 EtherType │ IPv4 14 … 34 │ TCP or UDP 34 source port  36 destination port  46 TCP header length, flags
 */

/** Longer packets than this do not exist in captures (the limit of libpcap, MAXIMUM_SNAPLEN). */
export const PACKET_BYTES_MAX = 262_144;

/** What the packets that were read add up to. */
export class PacketTotals {
  packets = 0;
  /** Bytes on the wire. */
  bytes = 0;
  /** Earliest and latest time, and that of the last packet, ms since 1970; NaN before the first. */
  fromMs = Number.NaN;
  toMs = Number.NaN;
  lastMs = Number.NaN;

  /** Adds one packet. */
  add(timeMs: number, wireLength: number): void {
    this.packets++;
    this.bytes += wireLength;
    this.lastMs = timeMs;
    if (!(timeMs >= this.fromMs)) this.fromMs = timeMs;
    if (!(timeMs <= this.toMs)) this.toMs = timeMs;
  }
}

/** How the records of a capture are laid out, where the first of them is, and when to stop. */
export interface RunLimits {
  /** Records from here, to be read up to `end`. */
  at: number;
  end: number;
  little: boolean;
  /** Bytes of a record header. */
  recordHeader: number;
  ticksPerMs: number;
  /** Rows the batch may have after the run. */
  rowsMax: number;
  /** The run ends behind the first packet of this time or later, ms. */
  untilMs: number;
  /** Set by the run: the seconds of the last packet's time. */
  seconds: number;
  /** 1 for the UDP destination ports whose packets are left to the caller; 65,536 elements. */
  readonly portIsOther: Uint8Array;
}

/** Limits without an end, for a reader that will set the layout. */
export function runLimits(rowsMax: number, portIsOther: Uint8Array): RunLimits {
  const untilMs = Number.POSITIVE_INFINITY;
  return { at: 0, end: 0, little: true, recordHeader: 16, ticksPerMs: 1000, rowsMax, untilMs, seconds: 0, portIsOther };
}

/** From so many rows on, filling a column at once is faster than writing its cells. */
const FILL_ROWS_MIN = 48;

/**
 * Appends a row for every packet from `limits.at` on, until one is not usual or not whole, or a limit is reached, and moves
 * `limits.at` behind the last. Returns the number of rows.
 */
export function decodeRun(view: DataView, limits: RunLimits, batch: FlowBatch, totals: PacketTotals): number {
  const { end, little, recordHeader, ticksPerMs, rowsMax, untilMs, portIsOther } = limits;
  const { srcAddr, dstAddr, srcPort, dstPort, tcpFlags, observedMs, startMs, endMs } = batch;
  const { bytes, present, proto, tos, ttl } = batch;
  const first = batch.length;
  let row = first;
  let at = limits.at;
  let timeMs = totals.lastMs;
  let { fromMs, toMs } = totals;
  let seconds = 0;
  // Begun from the sum so far, a number that is soon no small integer: code made for those would be thrown away then.
  let byteCount = totals.bytes;
  while (row < rowsMax) {
    const packet = at + recordHeader;
    const left = end - packet;
    if (left < USUAL_BYTES) break;
    const captured = view.getUint32(at + 8, little);
    if (captured > left || captured < USUAL_BYTES || captured > PACKET_BYTES_MAX) break;
    // EtherType, version, header length and TOS in one word, of which the TOS may be anything.
    const kind = view.getUint32(packet + 12) ^ 0x08004500;
    if (kind >>> 8 !== 0 || (view.getUint16(packet + 20) & 0x3fff) !== 0) break;
    const ports = view.getUint32(packet + 34);
    const ttlProto = view.getUint16(packet + 22);
    const totalLength = view.getUint16(packet + 16);
    if ((ttlProto & 0xff) === PROTO_TCP) {
      if (totalLength < 34 || captured < 48) break;
      tcpFlags[row] = view.getUint16(packet + 46) & 0x1ff;
      proto[row] = PROTO_TCP;
      present[row] = HAS_USUAL | HAS_TCP_FLAGS;
    } else {
      const port = ports & 0xffff;
      if ((ttlProto & 0xff) !== PROTO_UDP || totalLength < 28 || portIsOther[port] === 1 || isTunnelPort(port)) break;
      proto[row] = PROTO_UDP;
      present[row] = HAS_USUAL;
    }
    seconds = view.getUint32(at, little);
    timeMs = seconds * 1000 + view.getUint32(at + 4, little) / ticksPerMs;
    if (!(timeMs >= fromMs)) fromMs = timeMs;
    if (!(timeMs <= toMs)) toMs = timeMs;
    observedMs[row] = timeMs;
    startMs[row] = timeMs;
    endMs[row] = timeMs;
    let wire = view.getUint32(at + 12, little);
    if (wire < captured) wire = captured;
    byteCount += wire;
    bytes[row] = wire;
    const word = row << 2;
    srcAddr[word] = 0;
    srcAddr[word + 1] = 0;
    srcAddr[word + 2] = 0xffff;
    srcAddr[word + 3] = view.getUint32(packet + 26);
    dstAddr[word] = 0;
    dstAddr[word + 1] = 0;
    dstAddr[word + 2] = 0xffff;
    dstAddr[word + 3] = view.getUint32(packet + 30);
    srcPort[row] = ports >>> 16;
    dstPort[row] = ports;
    tos[row] = kind;
    ttl[row] = ttlProto >>> 8;
    row++;
    at = packet + captured;
    if (timeMs >= untilMs) break;
  }
  if (row === first) return 0;
  writeAlike(batch, first, row);
  batch.length = row;
  limits.at = at;
  limits.seconds = seconds;
  totals.packets += row - first;
  totals.bytes = byteCount;
  totals.fromMs = fromMs;
  totals.toMs = toMs;
  totals.lastMs = timeMs;
  return row - first;
}

/** The columns that are alike for all usual packets, of the rows `first .. end - 1`. */
function writeAlike(batch: FlowBatch, first: number, end: number): void {
  const { exporter, observationDomain, layer, ipVersion, samplingRate, packets, fragment, etherType } = batch;
  if (end - first >= FILL_ROWS_MIN) {
    exporter.fill(NO_EXPORTER, first, end);
    observationDomain.fill(0, first, end);
    layer.fill(LAYER_OUTER, first, end);
    ipVersion.fill(4, first, end);
    samplingRate.fill(1, first, end);
    packets.fill(1, first, end);
    fragment.fill(FRAGMENT_NONE, first, end);
    etherType.fill(ETHER_IPV4, first, end);
    return;
  }
  for (let row = first; row < end; row++) {
    exporter[row] = NO_EXPORTER;
    observationDomain[row] = 0;
    layer[row] = LAYER_OUTER;
    ipVersion[row] = 4;
    samplingRate[row] = 1;
    packets[row] = 1;
    fragment[row] = FRAGMENT_NONE;
    etherType[row] = ETHER_IPV4;
  }
}
