import { assert } from '../base/errors.ts';
import type { FlowBatch } from '../model/flow-batch.ts';
import { FRAGMENT_NONE, LAYER_OUTER } from '../model/flow-columns.ts';
import type { Datagram } from './datagram.ts';
import { copyIpv4, copyIpv6, copyToF64, copyToU8, copyToU16, copyToU32, copyUptime } from './template-columns.ts';
import * as plan from './template-plan.ts';
import { OP_INTS, type Plan } from './template-plan.ts';
import { applyRareOp, finishRows, icmpFromPort } from './template-rows.ts';

/** The header length that some exporters leave in the upper bits of two bytes of flags (RFC 7125). */
const TCP_FLAGS_MASK = 0xfff;

/** Where the fields of one record of variable length lie: offsets and lengths by field. */
export interface FieldPlaces {
  readonly offset: Int32Array;
  readonly length: Int32Array;
}

/**
 * Appends `count` records that stand `stride` bytes apart from `at` on, handing the batch to the sink whenever it is full.
 * The caller guarantees that the bytes are there.
 */
export function appendRecords(datagram: Datagram, compiled: Plan, at: number, stride: number, count: number): void {
  const batch = datagram.batch;
  let from = at;
  let left = count;
  while (left > 0) {
    const row = batch.length;
    const room = batch.capacity - row;
    assert(room > 0, 'the sink makes room in the batch');
    const now = left < room ? left : room;
    fillKnown(datagram, batch, compiled, row, now);
    const ops = compiled.ops;
    for (let op = 0; op < ops.length; op += OP_INTS) {
      applyOp(datagram, batch, ops[op], from + ops[op + 2], ops[op + 3], stride, row, now);
    }
    finishRows(datagram, batch, compiled, row, now);
    batch.length = row + now;
    if (batch.length === batch.capacity) datagram.sink.take(batch);
    from += now * stride;
    left -= now;
  }
  datagram.exporter.records += count;
}

/** Appends one record whose fields lie at `places`. */
export function appendVariableRecord(datagram: Datagram, compiled: Plan, places: FieldPlaces): void {
  const batch = datagram.batch;
  const row = batch.length;
  assert(row < batch.capacity, 'the sink makes room in the batch');
  fillKnown(datagram, batch, compiled, row, 1);
  const ops = compiled.ops;
  for (let op = 0; op < ops.length; op += OP_INTS) {
    const field = ops[op + 1];
    applyOp(datagram, batch, ops[op], places.offset[field], ops[op + 3], 0, row, 1);
  }
  finishRows(datagram, batch, compiled, row, 1);
  batch.length = row + 1;
  if (batch.length === batch.capacity) datagram.sink.take(batch);
  datagram.exporter.records++;
}

/** The columns that are the same for all records of a set, and those that no field of the template tells. */
function fillKnown(datagram: Datagram, batch: FlowBatch, compiled: Plan, row: number, count: number): void {
  const { exporter, observedMs } = datagram;
  const { index, observationDomain } = exporter;
  const { present, ipVersion } = compiled;
  const samplingRate = exporter.defaultSamplingRate();
  const end = row + count;
  for (let at = row; at < end; at++) {
    batch.observedMs[at] = observedMs;
    batch.samplingRate[at] = samplingRate;
    batch.exporter[at] = index;
    batch.observationDomain[at] = observationDomain;
    batch.present[at] = present;
    batch.layer[at] = LAYER_OUTER;
    batch.ipVersion[at] = ipVersion;
  }
  if (!compiled.writesStart) for (let at = row; at < end; at++) batch.startMs[at] = observedMs;
  if (!compiled.writesEnd) for (let at = row; at < end; at++) batch.endMs[at] = observedMs;
  if (!compiled.writesPackets) for (let at = row; at < end; at++) batch.packets[at] = 0;
  if (!compiled.writesBytes) for (let at = row; at < end; at++) batch.bytes[at] = 0;
  if (compiled.fragmentKnown) for (let at = row; at < end; at++) batch.fragment[at] = FRAGMENT_NONE;
}

/** Applies one operation to `count` rows; `at` is where the field lies in the first record. */
function applyOp(
  datagram: Datagram,
  batch: FlowBatch,
  op: number,
  at: number,
  length: number,
  stride: number,
  row: number,
  count: number,
): void {
  const { bytes, view } = datagram;
  switch (op) {
    case plan.OP_SRC_V4:
      copyIpv4(batch.srcAddr, row, count, view, at, stride);
      return;
    case plan.OP_DST_V4:
      copyIpv4(batch.dstAddr, row, count, view, at, stride);
      return;
    case plan.OP_SRC_V6:
      copyIpv6(batch.srcAddr, row, count, view, at, stride);
      return;
    case plan.OP_DST_V6:
      copyIpv6(batch.dstAddr, row, count, view, at, stride);
      return;
    case plan.OP_SRC_V6_OVER:
    case plan.OP_DST_V6_OVER:
      overlayIpv6(batch, op === plan.OP_SRC_V6_OVER ? batch.srcAddr : batch.dstAddr, row, count, view, at, stride);
      return;
    case plan.OP_IP_VERSION:
      copyToU8(batch.ipVersion, row, count, bytes, at, length, stride);
      return;
    case plan.OP_PROTO:
      copyToU8(batch.proto, row, count, bytes, at, length, stride);
      return;
    case plan.OP_SRC_PORT:
      copyToU16(batch.srcPort, row, count, bytes, at, length, stride);
      return;
    case plan.OP_DST_PORT:
      copyToU16(batch.dstPort, row, count, bytes, at, length, stride);
      return;
    case plan.OP_TCP_FLAGS:
      copyToU16(batch.tcpFlags, row, count, bytes, at, length, stride);
      if (length > 1) for (let to = row; to < row + count; to++) batch.tcpFlags[to] &= TCP_FLAGS_MASK;
      return;
    case plan.OP_TTL:
      copyToU8(batch.ttl, row, count, bytes, at, length, stride);
      return;
    case plan.OP_TOS:
      copyToU8(batch.tos, row, count, bytes, at, length, stride);
      return;
    case plan.OP_VLAN:
      copyToU16(batch.vlan, row, count, bytes, at, length, stride);
      return;
    case plan.OP_ETHER_TYPE:
      copyToU16(batch.etherType, row, count, bytes, at, length, stride);
      return;
    case plan.OP_IN_IF:
      copyToU32(batch.inIf, row, count, bytes, view, at, length, stride);
      return;
    case plan.OP_OUT_IF:
      copyToU32(batch.outIf, row, count, bytes, view, at, length, stride);
      return;
    case plan.OP_SRC_AS:
      copyToU32(batch.srcAs, row, count, bytes, view, at, length, stride);
      return;
    case plan.OP_DST_AS:
      copyToU32(batch.dstAs, row, count, bytes, view, at, length, stride);
      return;
    case plan.OP_DIRECTION:
      copyToU8(batch.flowDirection, row, count, bytes, at, length, stride);
      return;
    case plan.OP_PACKETS:
      copyToF64(batch.packets, row, count, bytes, view, at, length, stride);
      return;
    case plan.OP_BYTES:
      copyToF64(batch.bytes, row, count, bytes, view, at, length, stride);
      return;
    case plan.OP_REVERSE_PACKETS:
      copyToF64(batch.reversePackets, row, count, bytes, view, at, length, stride);
      return;
    case plan.OP_REVERSE_BYTES:
      copyToF64(batch.reverseBytes, row, count, bytes, view, at, length, stride);
      return;
    case plan.OP_START_UPTIME:
      copyUptime(batch.startMs, row, count, bytes, view, at, length, stride, datagram.exportMs, datagram.uptimeMs);
      return;
    case plan.OP_END_UPTIME:
      copyUptime(batch.endMs, row, count, bytes, view, at, length, stride, datagram.exportMs, datagram.uptimeMs);
      return;
    case plan.OP_START_MS:
    case plan.OP_START_RAW:
      copyToF64(batch.startMs, row, count, bytes, view, at, length, stride);
      return;
    case plan.OP_END_MS:
    case plan.OP_END_RAW:
      copyToF64(batch.endMs, row, count, bytes, view, at, length, stride);
      return;
    case plan.OP_ICMP_FROM_PORT:
      icmpFromPort(batch, row, count);
      return;
    default:
      for (let to = row, from = at; to < row + count; to++, from += stride) {
        applyRareOp(datagram, batch, op, from, length, to);
      }
  }
}

/** Puts an IPv6 address over the IPv4 one where the record has it: a template that holds both fills the unused with zeros. */
function overlayIpv6(
  batch: FlowBatch,
  column: Uint32Array,
  row: number,
  count: number,
  view: DataView,
  at: number,
  stride: number,
): void {
  for (let to = row, from = at; to < row + count; to++, from += stride) {
    if (batch.ipVersion[to] === 4) continue;
    const any = view.getUint32(from) | view.getUint32(from + 4) | view.getUint32(from + 8) | view.getUint32(from + 12);
    if (any === 0) continue;
    copyIpv6(column, to, 1, view, from, 0);
    batch.ipVersion[to] = 6;
  }
}
