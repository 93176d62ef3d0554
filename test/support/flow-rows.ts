import { type AddressWords, parseAddress } from '../../src/base/ip.ts';
import { type Prefix, parsePrefix } from '../../src/base/prefix.ts';
import type { ExporterFactsCollector } from '../../src/detect/exporter/collector.ts';
import type { FlowBatch } from '../../src/model/flow-batch.ts';
import { HAS, NO_EXPORTER } from '../../src/model/flow-columns.ts';
import { classifyRows } from '../../src/sketch/classify.ts';
import { PORTS_CHOSEN } from '../../src/sketch/kernel/classify.ts';

/** One row as a test states it. A column that is left out is absent, and its cell holds garbage as in a batch that is reused. */
export interface RowSpec {
  readonly observedMs?: number;
  readonly startMs?: number;
  readonly endMs?: number;
  readonly exporter?: number;
  readonly layer?: number;
  readonly ipVersion?: number;
  readonly samplingRate?: number;
  readonly packets?: number;
  readonly bytes?: number;
  readonly src?: string;
  readonly dst?: string;
  readonly proto?: number;
  readonly srcPort?: number;
  readonly dstPort?: number;
  readonly tcpFlags?: number;
  readonly icmpType?: number;
  readonly fragment?: number;
  readonly ttl?: number;
  readonly srcAs?: number;
}

const OPTIONAL = ['proto', 'srcPort', 'dstPort', 'tcpFlags', 'icmpType', 'fragment', 'ttl', 'srcAs'] as const;

/** Garbage differs from call to call, so that whatever reads an absent column gives itself away. */
let garbage = 1;

/** Appends a row: one captured packet of 100 bytes at time 0 unless the spec says otherwise. */
export function putRow(batch: FlowBatch, spec: RowSpec): number {
  const row = batch.length++;
  const observedMs = spec.observedMs ?? 0;
  let present = 0;
  batch.observedMs[row] = observedMs;
  batch.startMs[row] = spec.startMs ?? observedMs;
  batch.endMs[row] = spec.endMs ?? observedMs;
  batch.exporter[row] = spec.exporter ?? NO_EXPORTER;
  batch.layer[row] = spec.layer ?? 0;
  batch.samplingRate[row] = spec.samplingRate ?? 1;
  batch.packets[row] = spec.packets ?? 1;
  batch.bytes[row] = spec.bytes ?? 100;
  for (const name of OPTIONAL) {
    const value = spec[name];
    garbage = Math.imul(garbage, 0x9e3779b1) + 1;
    batch[name][row] = value ?? garbage;
    if (value !== undefined) present |= HAS[name];
  }
  for (const [name, text] of [
    ['srcAddr', spec.src],
    ['dstAddr', spec.dst],
  ] as const) {
    garbage = Math.imul(garbage, 0x9e3779b1) + 1;
    batch[name].set(text === undefined ? [garbage, 0, 0, garbage] : address(text), 4 * row);
    if (text !== undefined) present |= HAS[name];
  }
  const told = spec.dst ?? spec.src;
  batch.ipVersion[row] = spec.ipVersion ?? (told === undefined ? 0 : told.includes(':') ? 6 : 4);
  batch.present[row] = present;
  return row;
}

/** Words of an address; the text is the test's own, so a wrong one throws. */
export function address(text: string): AddressWords {
  const words = parseAddress(text);
  if (words === undefined) throw new TypeError(`not an address: ${text}`);
  return words;
}

export function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  if (parsed === undefined) throw new TypeError(`not a prefix: ${text}`);
  return parsed;
}

/** Classifies the rows of a batch, chooses those whose keys are taken, and adds them, as a stream of seconds does. */
export function lookAtRows(collector: ExporterFactsCollector, batch: FlowBatch, classes: Uint8Array): void {
  const { length, srcPort, dstPort } = batch;
  classifyRows(batch, 0, length, classes);
  const chosen = Int32Array.from({ length }, (_, at) => at).filter(
    (at) => Math.imul(srcPort[at] + dstPort[at], PORTS_CHOSEN.mix) < PORTS_CHOSEN.limit,
  );
  collector.add(batch, classes, length, chosen, chosen.length);
}
