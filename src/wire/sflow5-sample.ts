import type { FlowBatch } from '../model/flow-batch.ts';
import { FRAGMENT_NONE, HAS } from '../model/flow-columns.ts';

const HAS_SAMPLED_IP = HAS.srcAddr | HAS.dstAddr | HAS.proto | HAS.fragment | HAS.tos;

/** A flow sample in work. Offsets of records are -1 where the sample has none. */
export interface FlowSample {
  sequence: number;
  sourceType: number;
  source: number;
  samplingRate: number;
  pool: number;
  drops: number;
  inputFormat: number;
  input: number;
  outputFormat: number;
  output: number;
  rawHeader: number;
  ethernet: number;
  ipv4: number;
  ipv6: number;
  switched: number;
  router: number;
  gateway: number;
  /** Ends of the records above that have no fixed length. */
  rawHeaderEnd: number;
  routerEnd: number;
  gatewayEnd: number;
}

/** A sample to be used again for every one that is read. */
export function createFlowSample(): FlowSample {
  return {
    sequence: 0,
    sourceType: 0,
    source: 0,
    samplingRate: 0,
    pool: 0,
    drops: 0,
    inputFormat: 0,
    input: 0,
    outputFormat: 0,
    output: 0,
    rawHeader: -1,
    ethernet: -1,
    ipv4: -1,
    ipv6: -1,
    switched: -1,
    router: -1,
    gateway: -1,
    rawHeaderEnd: 0,
    routerEnd: 0,
    gatewayEnd: 0,
  };
}

/** Reads the head of the flow sample at `at`; its records are yet to be found. */
export function readFlowSample(bytes: Uint8Array, at: number, expanded: boolean, sample: FlowSample): void {
  const source = word(bytes, at + 4);
  sample.sequence = word(bytes, at);
  sample.sourceType = expanded ? source : source >>> 24;
  sample.source = expanded ? word(bytes, at + 8) : source & 0xffffff;
  const rest = expanded ? at + 12 : at + 8;
  sample.samplingRate = word(bytes, rest);
  sample.pool = word(bytes, rest + 4);
  sample.drops = word(bytes, rest + 8);
  const input = word(bytes, rest + 12);
  const output = word(bytes, rest + (expanded ? 20 : 16));
  sample.inputFormat = expanded ? input : input >>> 30;
  sample.input = expanded ? word(bytes, rest + 16) : input & 0x3fffffff;
  sample.outputFormat = expanded ? output : output >>> 30;
  sample.output = expanded ? word(bytes, rest + 24) : output & 0x3fffffff;
  sample.rawHeader = -1;
  sample.ethernet = -1;
  sample.ipv4 = -1;
  sample.ipv6 = -1;
  sample.switched = -1;
  sample.router = -1;
  sample.gateway = -1;
}

/** Offset behind an XDR address (0 type, 4 address); -1 where it is of no known type or not whole. */
export function behindAddress(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < 4) return -1;
  const type = word(bytes, at);
  const behind = at + 4 + (type === 1 ? 4 : type === 2 ? 16 : 0);
  return type > 2 || behind > end ? -1 : behind;
}

/** The big-endian word at `at`, unsigned. */
export function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

/** sampled_ipv4: 0 length  4 protocol  8 source  12 destination  16 source port  20 destination port  24 TCP flags  28 TOS. */
export function sampledIpv4(bytes: Uint8Array, at: number, row: number, batch: FlowBatch, counts: boolean): void {
  const first = row << 2;
  batch.srcAddr[first] = 0;
  batch.srcAddr[first + 1] = 0;
  batch.srcAddr[first + 2] = 0xffff;
  batch.srcAddr[first + 3] = word(bytes, at + 8);
  batch.dstAddr[first] = 0;
  batch.dstAddr[first + 1] = 0;
  batch.dstAddr[first + 2] = 0xffff;
  batch.dstAddr[first + 3] = word(bytes, at + 12);
  batch.ipVersion[row] = 4;
  sampledTransport(bytes, at, at + 16, row, batch, counts);
}

/** sampled_ipv6: 0 length  4 protocol  8 source  24 destination  40 source port  44 destination port  48 TCP flags  52 class. */
export function sampledIpv6(bytes: Uint8Array, at: number, row: number, batch: FlowBatch, counts: boolean): void {
  for (let index = 0; index < 4; index++) {
    batch.srcAddr[4 * row + index] = word(bytes, at + 8 + 4 * index);
    batch.dstAddr[4 * row + index] = word(bytes, at + 24 + 4 * index);
  }
  batch.ipVersion[row] = 6;
  sampledTransport(bytes, at, at + 40, row, batch, counts);
}

function sampledTransport(
  bytes: Uint8Array,
  at: number,
  ports: number,
  row: number,
  batch: FlowBatch,
  counts: boolean,
): void {
  const proto = word(bytes, at + 4) & 0xff;
  batch.proto[row] = proto;
  batch.fragment[row] = FRAGMENT_NONE;
  batch.tos[row] = word(bytes, ports + 12);
  let present = HAS_SAMPLED_IP;
  if (proto === 6 || proto === 17 || proto === 132) {
    batch.srcPort[row] = word(bytes, ports);
    batch.dstPort[row] = word(bytes, ports + 4);
    present |= HAS.srcPort | HAS.dstPort;
  }
  if (proto === 6) {
    batch.tcpFlags[row] = word(bytes, ports + 8) & 0x1ff;
    present |= HAS.tcpFlags;
  }
  batch.present[row] |= present;
  if (counts) batch.bytes[row] = word(bytes, at);
}
