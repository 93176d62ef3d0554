import type { FlowBatch } from '../model/flow-batch.ts';
import { FRAGMENT_LATER, HAS, LAYER_QUOTED } from '../model/flow-columns.ts';
import { CLASS, icmpClass, tcpClass, udpClass } from '../model/traffic-class.ts';

/** `classes[row]` of rows that are counted for nobody: no IP, no destination, quoted in an ICMP error, multicast, or without packets. */
export const UNCOUNTED = 255;

// Constants of the module, which compiled code has as numbers.
const HAS_DST_ADDR = HAS.dstAddr | 0;
const HAS_FRAGMENT = HAS.fragment | 0;
const HAS_TCP_FLAGS = HAS.tcpFlags | 0;

/** Columns that counting reads of every row, whether its record had them or not. */
export const COUNTED = HAS.srcAddr | HAS.dstAddr | HAS.proto | HAS.srcPort | HAS.dstPort;

/**
 * Writes the traffic class of rows `from` to `to` (exclusive) of a batch. Absent addresses, ports and protocols, which hold what
 * an earlier row left, become 0: what is kept of a row depends on that row alone.
 */
export function classifyRows(batch: FlowBatch, from: number, to: number, classes: Uint8Array): void {
  const { dstAddr, srcPort, dstPort, proto, tcpFlags, icmpType, fragment, present, ipVersion, layer, packets, bytes } =
    batch;
  for (let row = from; row < to; row++) {
    const at = row << 2;
    const has = present[row];
    if ((has & COUNTED) !== COUNTED) clearRow(batch, row);
    const version = ipVersion[row];
    // Multicast and broadcast are chatter of the local net; no website answers there.
    const chatter =
      version === 4
        ? dstAddr[at + 3] >>> 28 === 14 || (dstAddr[at + 3] | 0) === -1
        : version === 0 || dstAddr[at] >>> 24 === 0xff;
    if (chatter || layer[row] === LAYER_QUOTED || (has & HAS_DST_ADDR) === 0 || !(packets[row] > 0)) {
      classes[row] = UNCOUNTED;
      continue;
    }
    if ((has & HAS_FRAGMENT) !== 0 && fragment[row] === FRAGMENT_LATER) {
      classes[row] = CLASS.fragment;
      continue;
    }
    switch (proto[row]) {
      case 6:
        // Without flags a record tells nothing about how the connection went: taken as an ordinary one.
        classes[row] =
          (has & HAS_TCP_FLAGS) === 0
            ? CLASS.tcpSession
            : tcpClass(tcpFlags[row], srcPort[row], dstPort[row], packets[row], bytes[row]);
        break;
      case 17:
        classes[row] =
          (has & HAS.srcPort) === 0 ? CLASS.udp : udpClass(srcPort[row], dstPort[row], packets[row], bytes[row]);
        break;
      case 1:
      case 58:
        classes[row] = icmpClass(proto[row], (has & HAS.icmpType) === 0 ? 0 : icmpType[row]);
        break;
      case 47:
        classes[row] = CLASS.gre;
        break;
      case 50:
      case 51:
        classes[row] = CLASS.esp;
        break;
      default:
        classes[row] = CLASS.other;
    }
  }
}

/** Absent addresses, ports and protocols of rows `from` to `to` (exclusive) become 0. */
export function clearAbsent(batch: FlowBatch, from: number, to: number): void {
  const { present } = batch;
  for (let row = from; row < to; row++) if ((present[row] & COUNTED) !== COUNTED) clearRow(batch, row);
}

function clearRow(batch: FlowBatch, row: number): void {
  const has = batch.present[row];
  const at = 4 * row;
  if ((has & HAS.srcAddr) === 0) for (let word = 0; word < 4; word++) batch.srcAddr[at + word] = 0;
  if ((has & HAS.dstAddr) === 0) for (let word = 0; word < 4; word++) batch.dstAddr[at + word] = 0;
  if ((has & HAS.proto) === 0) batch.proto[row] = 0;
  if ((has & HAS.srcPort) === 0) batch.srcPort[row] = 0;
  if ((has & HAS.dstPort) === 0) batch.dstPort[row] = 0;
}
