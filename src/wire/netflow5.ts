import { assert } from '../base/errors.ts';
import { HAS, LAYER_OUTER } from '../model/flow-columns.ts';
import { REJECT } from '../model/rejection.ts';
import { type Datagram, FUTURE_MAX_MS, PAST_MAX_MS } from './datagram.ts';
import type { ExporterTable } from './exporter.ts';
import { traceNetflow5 } from './netflow5-trace.ts';

export const NETFLOW5_HEADER_LENGTH = 24;
export const NETFLOW5_RECORD_LENGTH = 48;
/** Records that the format allows; some exporters send more in a larger datagram, and are read. */
const SEQUENCE_JUMP_MAX = 1 << 24;

const PROTO_ICMP = 1;
const ICMP_BITS = HAS.icmpType | HAS.icmpCode;
const PRESENT =
  HAS.srcAddr |
  HAS.dstAddr |
  HAS.proto |
  HAS.srcPort |
  HAS.dstPort |
  HAS.tcpFlags |
  HAS.tos |
  HAS.inIf |
  HAS.outIf |
  HAS.srcAs |
  HAS.dstAs;

/**
 * Decodes one NetFlow v5 datagram (Cisco, NetFlow Export Datagram Format):
 *
 *   0               2               4
 *   | version 5     | count         |
 *   | sysUpTime, ms                 |  4
 *   | UNIX seconds                  |  8
 *   | and nanoseconds               | 12
 *   | sequence, of flows            | 16
 *   | type  | id    | mode, interval| 20  engine; sampling: 2 bits and 14 bits
 *
 * and `count` records:
 *
 *   | source address                |  0
 *   | destination address           |  4
 *   | next hop                      |  8
 *   | input         | output        | 12
 *   | packets                       | 16
 *   | octets                        | 20
 *   | first, sysUpTime              | 24
 *   | last, sysUpTime               | 28
 *   | source port   | dest. port    | 32
 *   | pad   | flags | proto | tos   | 36
 *   | source AS     | dest. AS      | 40
 *   | masks         | pad           | 44
 */
export function decodeNetflow5(
  datagram: Datagram,
  exporters: ExporterTable,
  offset: number,
  length: number,
  sourceWords: Uint32Array,
  sourceAt: number,
  arrivalMs: number,
): void {
  const { view, rejections } = datagram;
  if (length < NETFLOW5_HEADER_LENGTH) {
    rejections.count(REJECT['datagram-truncated']);
    return;
  }
  const told = view.getUint16(offset + 2);
  const room = Math.floor((length - NETFLOW5_HEADER_LENGTH) / NETFLOW5_RECORD_LENGTH);
  const count = told < room ? told : room;
  if (told > room) rejections.count(REJECT['datagram-truncated']);
  else if (length - NETFLOW5_HEADER_LENGTH - count * NETFLOW5_RECORD_LENGTH >= NETFLOW5_RECORD_LENGTH) {
    rejections.count(REJECT['datagram-length-lies']);
  }
  const uptimeMs = view.getUint32(offset + 4);
  const exportMs = view.getUint32(offset + 8) * 1000 + Math.floor(view.getUint32(offset + 12) / 1e6);
  const observedMs = Number.isNaN(arrivalMs) ? exportMs : arrivalMs;
  const exporter = exporters.touch(
    sourceWords,
    sourceAt,
    view.getUint16(offset + 20),
    'netflow-v5',
    observedMs,
    !Number.isNaN(arrivalMs),
  );
  exporter.noteClock(observedMs, exportMs, exportMs - uptimeMs);
  exporter.followSequence(view.getUint32(offset + 16), told, SEQUENCE_JUMP_MAX);
  const sampling = view.getUint16(offset + 22);
  const interval = sampling & 0x3fff;
  // An interval of 0 is the usual way to say that nothing is sampled or known; with a mode it contradicts itself.
  if (interval > 0 && interval !== exporter.samplingRate) exporter.setSamplingRate(interval, rejections);
  else if (interval === 0 && sampling !== 0) rejections.count(REJECT['sampling-absurd']);
  datagram.exporter = exporter;
  datagram.arrivalMs = arrivalMs;
  datagram.observedMs = observedMs;
  datagram.exportMs = exportMs;
  datagram.uptimeMs = uptimeMs;
  if (datagram.trace === undefined) appendRecords(datagram, offset + NETFLOW5_HEADER_LENGTH, count);
  else {
    for (let record = 0; record < count; record++) {
      const at = offset + NETFLOW5_HEADER_LENGTH + record * NETFLOW5_RECORD_LENGTH;
      traceNetflow5(datagram, offset, at);
      appendRecords(datagram, at, 1);
    }
  }
}

/** Appends `count` records from `at` on, handing the batch to the sink whenever it is full. */
function appendRecords(datagram: Datagram, at: number, count: number): void {
  const { batch, sink } = datagram;
  let from = at;
  let left = count;
  while (left > 0) {
    const room = batch.capacity - batch.length;
    assert(room > 0, 'the sink makes room in the batch');
    const now = left < room ? left : room;
    appendRows(datagram, from, now);
    if (batch.length === batch.capacity) sink.take(batch);
    from += now * NETFLOW5_RECORD_LENGTH;
    left -= now;
  }
  datagram.exporter.records += count;
}

function appendRows(datagram: Datagram, at: number, count: number): void {
  const { batch, view, bytes, observedMs, exportMs, exporter } = datagram;
  const { srcAddr, dstAddr, startMs, endMs, packets, bytes: octets } = batch;
  const uptime = datagram.uptimeMs | 0;
  const { index, observationDomain } = exporter;
  const samplingRate = exporter.defaultSamplingRate();
  const earliest = observedMs - PAST_MAX_MS;
  const latest = observedMs + FUTURE_MAX_MS;
  const end = batch.length + count;
  let empty = 0;
  let absurd = 0;
  let from = at;
  for (let row = batch.length; row < end; row++, from += NETFLOW5_RECORD_LENGTH) {
    const word = 4 * row;
    srcAddr[word] = 0;
    srcAddr[word + 1] = 0;
    srcAddr[word + 2] = 0xffff;
    srcAddr[word + 3] = view.getUint32(from);
    dstAddr[word] = 0;
    dstAddr[word + 1] = 0;
    dstAddr[word + 2] = 0xffff;
    dstAddr[word + 3] = view.getUint32(from + 4);
    batch.inIf[row] = view.getUint16(from + 12);
    batch.outIf[row] = view.getUint16(from + 14);
    const packetCount = view.getUint32(from + 16);
    const octetCount = view.getUint32(from + 20);
    packets[row] = packetCount;
    octets[row] = octetCount;
    if ((packetCount | octetCount) === 0) empty++;
    // Modulo 2^32, so that an uptime that wrapped between record and export comes out right.
    const start = exportMs - ((uptime - view.getInt32(from + 24)) | 0);
    const stop = exportMs - ((uptime - view.getInt32(from + 28)) | 0);
    const possible = start >= earliest && start <= stop && stop <= latest;
    startMs[row] = possible ? start : observedMs;
    endMs[row] = possible ? stop : observedMs;
    if (!possible) absurd++;
    batch.srcPort[row] = view.getUint16(from + 32);
    const dstPort = view.getUint16(from + 34);
    batch.dstPort[row] = dstPort;
    batch.tcpFlags[row] = bytes[from + 37];
    const proto = bytes[from + 38];
    batch.proto[row] = proto;
    batch.tos[row] = bytes[from + 39];
    batch.srcAs[row] = view.getUint16(from + 40);
    batch.dstAs[row] = view.getUint16(from + 42);
    batch.observedMs[row] = observedMs;
    batch.samplingRate[row] = samplingRate;
    batch.exporter[row] = index;
    batch.observationDomain[row] = observationDomain;
    batch.layer[row] = LAYER_OUTER;
    batch.ipVersion[row] = 4;
    batch.present[row] = PRESENT;
    if (proto === PROTO_ICMP) {
      // Routers put type * 256 + code into the destination port.
      batch.icmpType[row] = dstPort >>> 8;
      batch.icmpCode[row] = dstPort;
      batch.present[row] = PRESENT | ICMP_BITS;
    }
  }
  batch.length = end;
  if (empty > 0) datagram.rejections.count(REJECT['record-empty'], empty);
  if (absurd > 0) datagram.rejections.count(REJECT['record-time-absurd'], absurd);
}
