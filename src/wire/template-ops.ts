import type { FlowBatch } from '../model/flow-batch.ts';
import { FRAGMENT_NONE, LAYER_OUTER } from '../model/flow-columns.ts';
import { REJECT } from '../model/rejection.ts';
import type { Datagram } from './datagram.ts';
import * as copy from './template-columns.ts';
import * as plan from './template-plan.ts';
import { OP_INTS, type Plan } from './template-plan.ts';
import { applyRareOp, finishRows } from './template-rows.ts';
import * as times from './template-times.ts';

/** The header length that some exporters leave in the upper bits of two bytes of flags (RFC 7125). */
const TCP_FLAGS_MASK = 0xfff;
/** Records that are decoded together, column by column. */
export const CHUNK_RECORDS = 256;

/** Appends `count` records to a batch that has room for them. */
export function appendRows(datagram: Datagram, compiled: Plan, bases: Int32Array, count: number): void {
  const batch = datagram.batch;
  const row = batch.length;
  fillKnown(datagram, batch, compiled, row, count);
  const ops = compiled.ops;
  for (let op = 0; op < ops.length; op += OP_INTS) applyOp(datagram, batch, ops, op, bases, row, count);
  finishRows(datagram, batch, compiled, row, count);
  batch.length = row + count;
  if (batch.length === batch.capacity) datagram.sink.take(batch);
}

/** The columns that are the same for all records of a set, and those that no field of the template tells. */
function fillKnown(datagram: Datagram, batch: FlowBatch, compiled: Plan, row: number, count: number): void {
  const { exporter, observedMs } = datagram;
  const end = row + count;
  fillTwo(batch.observedMs, batch.samplingRate, row, end, observedMs, exporter.defaultSamplingRate());
  fillThree(
    batch.exporter,
    batch.observationDomain,
    batch.present,
    row,
    end,
    exporter.index,
    exporter.observationDomain,
    compiled.present,
  );
  fillBytes(batch.layer, batch.ipVersion, row, end, LAYER_OUTER, compiled.ipVersion);
  if (!compiled.writesStart) batch.startMs.fill(observedMs, row, end);
  if (!compiled.writesEnd) batch.endMs.fill(observedMs, row, end);
  if (!compiled.writesPackets) batch.packets.fill(0, row, end);
  if (!compiled.writesBytes) batch.bytes.fill(0, row, end);
  if (compiled.fragmentKnown) batch.fragment.fill(FRAGMENT_NONE, row, end);
}

function fillTwo(a: Float64Array, b: Float64Array, row: number, end: number, valueA: number, valueB: number): void {
  for (let at = row; at < end; at++) {
    a[at] = valueA;
    b[at] = valueB;
  }
}

function fillThree(
  a: Uint32Array,
  b: Uint32Array,
  c: Uint32Array,
  row: number,
  end: number,
  valueA: number,
  valueB: number,
  valueC: number,
): void {
  for (let at = row; at < end; at++) {
    a[at] = valueA;
    b[at] = valueB;
    c[at] = valueC;
  }
}

function fillBytes(a: Uint8Array, b: Uint8Array, row: number, end: number, valueA: number, valueB: number): void {
  for (let at = row; at < end; at++) {
    a[at] = valueA;
    b[at] = valueB;
  }
}

/** Applies the operation at `ops[op]` to `count` rows. */
export function applyOp(
  datagram: Datagram,
  batch: FlowBatch,
  ops: Int32Array,
  op: number,
  bases: Int32Array,
  row: number,
  count: number,
): void {
  const { bytes, view } = datagram;
  const code = ops[op];
  const length = ops[op + 1];
  const a = ops[op + 2] * CHUNK_RECORDS;
  const offset = ops[op + 3];
  const b = ops[op + 4] * CHUNK_RECORDS;
  const offsetB = ops[op + 5];
  switch (code) {
    case plan.OP_ADDRESSES_V4:
      copy.copyIpv4Pair(batch.srcAddr, batch.dstAddr, row, count, view, bases, a, offset, b, offsetB);
      return;
    case plan.OP_PORTS:
      copy.copyU16Pair(batch.srcPort, batch.dstPort, row, count, view, bases, a, offset, b, offsetB);
      return;
    case plan.OP_INTERFACES:
      copy.copyU32Pair(batch.inIf, batch.outIf, row, count, view, bases, a, offset, b, offsetB, length);
      return;
    case plan.OP_SYSTEMS:
      copy.copyU32Pair(batch.srcAs, batch.dstAs, row, count, view, bases, a, offset, b, offsetB, length);
      return;
    case plan.OP_PROTO_FLAGS_TOS: {
      const c = ops[op + 6] * CHUNK_RECORDS;
      const { proto, tcpFlags, tos } = batch;
      copy.copyBytes(proto, tcpFlags, tos, row, count, bytes, bases, a, offset, b, offsetB, c, ops[op + 7]);
      return;
    }
    case plan.OP_COUNTERS: {
      const { packets, bytes: octets } = batch;
      const empty = copy.copyCounters(packets, octets, row, count, view, bases, a, offset, b, offsetB, length);
      if (empty > 0) datagram.rejections.count(REJECT['record-empty'], empty);
      return;
    }
    case plan.OP_TIMES_UPTIME:
    case plan.OP_TIMES_MS:
      applyTimes(datagram, batch, code, bases, a, offset, b, offsetB, row, count);
      return;
    case plan.OP_SRC_V4:
      copy.copyIpv4(batch.srcAddr, row, count, view, bases, a, offset);
      return;
    case plan.OP_DST_V4:
      copy.copyIpv4(batch.dstAddr, row, count, view, bases, a, offset);
      return;
    case plan.OP_SRC_V6:
      copy.copyIpv6(batch.srcAddr, row, count, view, bases, a, offset);
      return;
    case plan.OP_DST_V6:
      copy.copyIpv6(batch.dstAddr, row, count, view, bases, a, offset);
      return;
    case plan.OP_SRC_V6_OVER:
      overlayIpv6(batch, batch.srcAddr, row, count, view, bases, a, offset);
      return;
    case plan.OP_DST_V6_OVER:
      overlayIpv6(batch, batch.dstAddr, row, count, view, bases, a, offset);
      return;
    case plan.OP_IP_VERSION:
      copy.copyToU8(batch.ipVersion, row, count, bytes, bases, a, offset, length);
      // The column holds 4, 6 or 0; an exporter may tell anything.
      for (let at = row; at < row + count; at++) {
        if (batch.ipVersion[at] !== 4 && batch.ipVersion[at] !== 6) batch.ipVersion[at] = 0;
      }
      return;
    case plan.OP_PROTO:
      copy.copyToU8(batch.proto, row, count, bytes, bases, a, offset, length);
      return;
    case plan.OP_TTL:
      copy.copyToU8(batch.ttl, row, count, bytes, bases, a, offset, length);
      return;
    case plan.OP_TOS:
      copy.copyToU8(batch.tos, row, count, bytes, bases, a, offset, length);
      return;
    case plan.OP_DIRECTION:
      copy.copyToU8(batch.flowDirection, row, count, bytes, bases, a, offset, length);
      return;
    case plan.OP_SRC_PORT:
      copy.copyToU16(batch.srcPort, row, count, bytes, view, bases, a, offset, length);
      return;
    case plan.OP_DST_PORT:
      copy.copyToU16(batch.dstPort, row, count, bytes, view, bases, a, offset, length);
      return;
    case plan.OP_VLAN:
      copy.copyToU16(batch.vlan, row, count, bytes, view, bases, a, offset, length);
      return;
    case plan.OP_ETHER_TYPE:
      copy.copyToU16(batch.etherType, row, count, bytes, view, bases, a, offset, length);
      return;
    case plan.OP_TCP_FLAGS:
      copy.copyToU16(batch.tcpFlags, row, count, bytes, view, bases, a, offset, length);
      if (length > 1) for (let at = row; at < row + count; at++) batch.tcpFlags[at] &= TCP_FLAGS_MASK;
      return;
    case plan.OP_IN_IF:
      copy.copyToU32(batch.inIf, row, count, bytes, view, bases, a, offset, length);
      return;
    case plan.OP_OUT_IF:
      copy.copyToU32(batch.outIf, row, count, bytes, view, bases, a, offset, length);
      return;
    case plan.OP_SRC_AS:
      copy.copyToU32(batch.srcAs, row, count, bytes, view, bases, a, offset, length);
      return;
    case plan.OP_DST_AS:
      copy.copyToU32(batch.dstAs, row, count, bytes, view, bases, a, offset, length);
      return;
    case plan.OP_PACKETS:
      copy.copyToF64(batch.packets, row, count, bytes, view, bases, a, offset, length);
      return;
    case plan.OP_BYTES:
      copy.copyToF64(batch.bytes, row, count, bytes, view, bases, a, offset, length);
      return;
    case plan.OP_REVERSE_PACKETS:
      copy.copyToF64(batch.reversePackets, row, count, bytes, view, bases, a, offset, length);
      return;
    case plan.OP_REVERSE_BYTES:
      copy.copyToF64(batch.reverseBytes, row, count, bytes, view, bases, a, offset, length);
      return;
    case plan.OP_START_MS:
    case plan.OP_START_RAW:
      copy.copyToF64(batch.startMs, row, count, bytes, view, bases, a, offset, length);
      return;
    case plan.OP_END_MS:
    case plan.OP_END_RAW:
      copy.copyToF64(batch.endMs, row, count, bytes, view, bases, a, offset, length);
      return;
    case plan.OP_START_UPTIME:
    case plan.OP_END_UPTIME: {
      const { exportMs, uptimeMs } = datagram;
      const column = code === plan.OP_START_UPTIME ? batch.startMs : batch.endMs;
      times.copyUptime(column, row, count, bytes, view, bases, a, offset, length, exportMs, uptimeMs);
      return;
    }
    default:
      for (let i = 0; i < count; i++) applyRareOp(datagram, batch, code, bases[a + i] + offset, length, row + i);
  }
}

function applyTimes(
  datagram: Datagram,
  batch: FlowBatch,
  code: number,
  bases: Int32Array,
  a: number,
  offset: number,
  b: number,
  offsetB: number,
  row: number,
  count: number,
): void {
  const { view, observedMs, exportMs, uptimeMs } = datagram;
  const { startMs, endMs } = batch;
  let absurd = 0;
  if (code === plan.OP_TIMES_MS) {
    absurd = times.copyMsPair(startMs, endMs, row, count, view, bases, a, offset, b, offsetB, observedMs);
  } else if (Number.isNaN(uptimeMs)) {
    absurd = times.placeUptimePair(startMs, endMs, row, count, view, bases, a, offset, b, offsetB, observedMs);
  } else {
    absurd = times.copyUptimePair(
      startMs,
      endMs,
      row,
      count,
      view,
      bases,
      a,
      offset,
      b,
      offsetB,
      observedMs,
      exportMs,
      uptimeMs,
    );
  }
  if (absurd > 0) datagram.rejections.count(REJECT['record-time-absurd'], absurd);
}

/** Puts an IPv6 address over the IPv4 one where the record has it: a template that holds both fills the unused with zeros. */
function overlayIpv6(
  batch: FlowBatch,
  column: Uint32Array,
  row: number,
  count: number,
  view: DataView,
  bases: Int32Array,
  a: number,
  offset: number,
): void {
  for (let i = 0; i < count; i++) {
    if (batch.ipVersion[row + i] === 4) continue;
    const at = bases[a + i] + offset;
    const any = view.getUint32(at) | view.getUint32(at + 4) | view.getUint32(at + 8) | view.getUint32(at + 12);
    if (any === 0) continue;
    copy.copyIpv6(column, row + i, 1, view, bases, a + i, offset);
    batch.ipVersion[row + i] = 6;
  }
}
