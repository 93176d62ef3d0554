import type { FlowBatch } from '../model/flow-batch.ts';
import { FRAGMENT_FIRST, FRAGMENT_LATER, FRAGMENT_NONE, HAS } from '../model/flow-columns.ts';
import { REJECT } from '../model/rejection.ts';
import { type Datagram, FUTURE_MAX_MS, PAST_MAX_MS } from './datagram.ts';
import { NTP_ERA_SPLIT, NTP_UNIX_SECONDS } from './elements.ts';
import { isSamplingRate } from './exporter.ts';
import { unsignedAt } from './template-columns.ts';
import type { Plan } from './template-plan.ts';
import * as plan from './template-plan.ts';

const PROTO_ICMP = 1;
const PROTO_ICMP6 = 58;
const ICMP_BITS = HAS.icmpType | HAS.icmpCode;
const TWO_32 = 4294967296;
/** "More fragments" in fragmentFlags (element 197). */
const FRAGMENT_MORE = 0x20;

/** Operations that only some exporters need, one row at a time. */
export function applyRareOp(
  datagram: Datagram,
  batch: FlowBatch,
  op: number,
  at: number,
  length: number,
  row: number,
): void {
  const { bytes, view } = datagram;
  switch (op) {
    case plan.OP_PACKETS_OUT:
      if (batch.packets[row] === 0) batch.packets[row] = unsignedAt(bytes, at, length);
      return;
    case plan.OP_BYTES_OUT:
      if (batch.bytes[row] === 0) batch.bytes[row] = unsignedAt(bytes, at, length);
      return;
    case plan.OP_BYTES_OUT_DIRECTION:
      if (batch.bytes[row] !== 0) return;
      batch.bytes[row] = unsignedAt(bytes, at, length);
      if (batch.bytes[row] === 0) return;
      batch.flowDirection[row] = 1;
      batch.present[row] |= HAS.flowDirection;
      return;
    case plan.OP_FRAGMENT_OFFSET:
      if (unsignedAt(bytes, at, length) !== 0) batch.fragment[row] = FRAGMENT_LATER;
      return;
    case plan.OP_FRAGMENT_FLAGS:
      if (batch.fragment[row] === FRAGMENT_NONE && (bytes[at] & FRAGMENT_MORE) !== 0) {
        batch.fragment[row] = FRAGMENT_FIRST;
      }
      return;
    case plan.OP_ICMP_TYPE_CODE:
    case plan.OP_ICMP6_TYPE_CODE:
    case plan.OP_ICMP_TYPE:
    case plan.OP_ICMP_CODE:
    case plan.OP_ICMP6_TYPE:
    case plan.OP_ICMP6_CODE:
      applyIcmp(batch, op, unsignedAt(bytes, at, length), row);
      return;
    case plan.OP_START_SECONDS:
      batch.startMs[row] = unsignedAt(bytes, at, length) * 1000;
      return;
    case plan.OP_END_SECONDS:
      batch.endMs[row] = unsignedAt(bytes, at, length) * 1000;
      return;
    case plan.OP_START_NTP:
      batch.startMs[row] = ntpMs(view, at);
      return;
    case plan.OP_END_NTP:
      batch.endMs[row] = ntpMs(view, at);
      return;
    case plan.OP_START_DELTA_US:
      batch.startMs[row] = datagram.exportMs - unsignedAt(bytes, at, length) / 1000;
      return;
    case plan.OP_END_DELTA_US:
      batch.endMs[row] = datagram.exportMs - unsignedAt(bytes, at, length) / 1000;
      return;
    case plan.OP_START_INIT:
      batch.startMs[row] += unsignedAt(bytes, at, length);
      return;
    case plan.OP_END_INIT:
      batch.endMs[row] += unsignedAt(bytes, at, length);
      return;
    case plan.OP_END_AFTER_MS:
      batch.endMs[row] = batch.startMs[row] + unsignedAt(bytes, at, length);
      return;
    case plan.OP_END_AFTER_US:
      batch.endMs[row] = batch.startMs[row] + unsignedAt(bytes, at, length) / 1000;
      return;
    case plan.OP_START_BEFORE_MS:
      batch.startMs[row] = batch.endMs[row] - unsignedAt(bytes, at, length);
      return;
    case plan.OP_START_BEFORE_US:
      batch.startMs[row] = batch.endMs[row] - unsignedAt(bytes, at, length) / 1000;
      return;
    case plan.OP_END_FROM_START:
      batch.endMs[row] = Math.max(batch.startMs[row], datagram.observedMs);
      return;
    case plan.OP_START_FROM_END:
      batch.startMs[row] = batch.endMs[row];
      return;
    case plan.OP_SAMPLER:
      batch.samplingRate[row] = datagram.exporter.samplerRate(unsignedAt(bytes, at, length));
      return;
    case plan.OP_RATE:
      setRate(datagram, batch, row, unsignedAt(bytes, at, length));
      return;
    case plan.OP_RATE_TAKEN:
      batch.samplingRate[row] = unsignedAt(bytes, at, length);
      return;
    case plan.OP_RATE_SPACE: {
      // `interval` packets are taken, then `space` packets are not (RFC 5477 sections 8.2.2 and 8.2.3).
      const interval = batch.samplingRate[row];
      setRate(datagram, batch, row, (interval + unsignedAt(bytes, at, length)) / interval);
      return;
    }
    case plan.OP_RATE_POPULATION:
      setRate(datagram, batch, row, unsignedAt(bytes, at, length) / batch.samplingRate[row]);
      return;
    case plan.OP_RATE_PROBABILITY:
      setRate(datagram, batch, row, 1 / view.getFloat64(at));
      return;
  }
}

/** A rate told by a record; an absurd one is counted, and the rate known of the exporter used. */
function setRate(datagram: Datagram, batch: FlowBatch, row: number, rate: number): void {
  if (isSamplingRate(rate)) {
    batch.samplingRate[row] = rate;
    datagram.exporter.noteSamplingRate(rate);
  } else {
    batch.samplingRate[row] = datagram.exporter.defaultSamplingRate();
    datagram.rejections.count(REJECT['sampling-absurd']);
  }
}

/** The 64-bit NTP format (RFC 7011 section 6.1.9) in ms since 1970. */
function ntpMs(view: DataView, at: number): number {
  let seconds = view.getUint32(at);
  if (seconds < NTP_ERA_SPLIT) seconds += TWO_32;
  return (seconds - NTP_UNIX_SECONDS) * 1000 + (view.getUint32(at + 4) * 1000) / TWO_32;
}

/** ICMP elements count only where the record is ICMP: routers send them as zero for everything else. */
function applyIcmp(batch: FlowBatch, op: number, value: number, row: number): void {
  const known = (batch.present[row] & HAS.proto) !== 0;
  const proto = known ? batch.proto[row] : PROTO_ICMP;
  if (proto !== PROTO_ICMP && proto !== PROTO_ICMP6) return;
  const six = op === plan.OP_ICMP6_TYPE_CODE || op === plan.OP_ICMP6_TYPE || op === plan.OP_ICMP6_CODE;
  // Elements of ICMPv6 beside those of ICMP are for records of ICMPv6.
  if (six && known && proto !== PROTO_ICMP6) return;
  switch (op) {
    case plan.OP_ICMP_TYPE_CODE:
    case plan.OP_ICMP6_TYPE_CODE:
      batch.icmpType[row] = value >>> 8;
      batch.icmpCode[row] = value;
      batch.present[row] |= ICMP_BITS;
      return;
    case plan.OP_ICMP_TYPE:
    case plan.OP_ICMP6_TYPE:
      batch.icmpType[row] = value;
      batch.present[row] |= HAS.icmpType;
      return;
    default:
      batch.icmpCode[row] = value;
      batch.present[row] |= HAS.icmpCode;
  }
}

/** Type and code of ICMP records from the destination port, where the template has no element for them. */
function icmpFromPort(batch: FlowBatch, row: number, count: number): void {
  const { proto, dstPort } = batch;
  for (let at = row; at < row + count; at++) {
    if (proto[at] !== PROTO_ICMP && proto[at] !== PROTO_ICMP6) continue;
    batch.icmpType[at] = dstPort[at] >>> 8;
    batch.icmpCode[at] = dstPort[at];
    batch.present[at] |= ICMP_BITS;
  }
}

/** What needs several columns of a row: families, ICMP by port, records without content, times that cannot be. */
export function finishRows(datagram: Datagram, batch: FlowBatch, compiled: Plan, row: number, count: number): void {
  if (compiled.icmpFromPort) icmpFromPort(batch, row, count);
  if (compiled.mixedFamilies) {
    for (let at = row; at < row + count; at++) if (batch.ipVersion[at] !== 6) batch.ipVersion[at] = 4;
  }
  if (!compiled.emptyCounted) countEmpty(datagram, batch, row, count);
  if (compiled.timesChecked || compiled.timesUnknown) return;
  if ((compiled.uptimeStart || compiled.uptimeEnd) && Number.isNaN(datagram.uptimeMs)) {
    placeUptimes(datagram.observedMs, batch, compiled, row, count);
  }
  checkTimes(datagram, batch, row, count);
}

function countEmpty(datagram: Datagram, batch: FlowBatch, row: number, count: number): void {
  const { packets, bytes } = batch;
  let empty = 0;
  for (let at = row; at < row + count; at++) if (packets[at] === 0 && bytes[at] === 0) empty++;
  if (empty > 0) datagram.rejections.count(REJECT['record-empty'], empty);
}

/** A single uptime that cannot be placed, because it is not known when the system started, is the arrival. */
function placeUptimes(observedMs: number, batch: FlowBatch, compiled: Plan, row: number, count: number): void {
  const { startMs, endMs } = batch;
  for (let at = row; at < row + count; at++) {
    if (compiled.uptimeEnd) endMs[at] = observedMs;
    if (compiled.uptimeStart) startMs[at] = endMs[at];
  }
}

/** Puts the arrival in the place of times in the future, in the far past, or in the wrong order, and counts such records. */
function checkTimes(datagram: Datagram, batch: FlowBatch, row: number, count: number): void {
  const { startMs, endMs } = batch;
  const { observedMs } = datagram;
  const earliest = observedMs - PAST_MAX_MS;
  const latest = observedMs + FUTURE_MAX_MS;
  const end = row + count;
  let absurd = 0;
  for (let at = row; at < end; at++) {
    const start = startMs[at];
    const stop = endMs[at];
    if (start >= earliest && start <= stop && stop <= latest) continue;
    startMs[at] = observedMs;
    endMs[at] = observedMs;
    absurd++;
  }
  if (absurd > 0) datagram.rejections.count(REJECT['record-time-absurd'], absurd);
}
