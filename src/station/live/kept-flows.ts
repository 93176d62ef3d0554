import { maskWord } from '../../base/prefix.ts';
import { createKeptFlows, KEPT_ATTACK, KEPT_PEACE, type KeptFlows } from '../../model/second-record.ts';
import type { RowSample } from '../../sketch/row-sample.ts';

/** Rows of one second that are kept of traffic at peace, and of traffic of attacked targets. */
export const PEACE_ROWS_MAX = 256;
export const ATTACK_ROWS_MAX = 4096;

/** A prefix under attack. */
export interface AttackedPrefix {
  readonly words: Uint32Array;
  readonly length: number;
}

/**
 * Chooses the flows of a second that are kept: out of its uniform sample, those of attacked targets (both directions), and a few
 * of all others for later comparison. Where either kind has too many rows, those with the smallest hashes stay: a uniform sample
 * of the sample, whose rows each stand for `weight` rows. `exporterOf` gives the four words of an index in `sample.exporter`.
 */
export function keepFlows(
  sample: RowSample,
  attacked: readonly AttackedPrefix[],
  exporterOf: (index: number) => Uint32Array | undefined,
): KeptFlows {
  const kept = new Uint8Array(sample.length).fill(KEPT_PEACE);
  const counts = [0, 0];
  for (const prefix of attacked) {
    markCovered(kept, prefix, sample.dstAddr);
    markCovered(kept, prefix, sample.srcAddr);
  }
  for (let row = 0; row < sample.length; row++) counts[kept[row]]++;
  const bounds = [
    boundOf(sample, kept, KEPT_PEACE, counts[KEPT_PEACE], PEACE_ROWS_MAX),
    boundOf(sample, kept, KEPT_ATTACK, counts[KEPT_ATTACK], ATTACK_ROWS_MAX),
  ];
  const rows: number[] = [];
  for (let row = 0; row < sample.length; row++) if (sample.hash[row] < bounds[kept[row]]) rows.push(row);
  const flows = createKeptFlows(rows.length);
  for (const [to, from] of rows.entries()) {
    for (let word = 0; word < 4; word++) {
      flows.srcAddr[4 * to + word] = sample.srcAddr[4 * from + word];
      flows.dstAddr[4 * to + word] = sample.dstAddr[4 * from + word];
    }
    flows.srcPort[to] = sample.srcPort[from];
    flows.dstPort[to] = sample.dstPort[from];
    flows.proto[to] = sample.proto[from];
    flows.tcpFlags[to] = sample.tcpFlags[from];
    flows.trafficClass[to] = sample.trafficClass[from];
    flows.ttl[to] = sample.ttl[from];
    flows.srcAs[to] = sample.srcAs[from];
    const exporter = exporterOf(sample.exporter[from]);
    if (exporter !== undefined) flows.exporter.set(exporter, 4 * to);
    flows.packets[to] = sample.packets[from];
    flows.bytes[to] = sample.bytes[from];
    flows.weight[to] = 2 ** 32 / bounds[kept[from]];
    flows.kept[to] = kept[from];
  }
  return flows;
}

/** Hashes of a kind are kept below this power of two, so that at most `max` of its rows are. */
function boundOf(sample: RowSample, kept: Uint8Array, kind: number, count: number, max: number): number {
  let bound = sample.threshold;
  let left = count;
  while (left > max && bound > 1) {
    bound /= 2;
    left = 0;
    for (let row = 0; row < sample.length; row++) if (kept[row] === kind && sample.hash[row] < bound) left++;
  }
  return bound;
}

/** Marks the rows whose address an attacked prefix covers. */
function markCovered(rows: Uint8Array, { words, length }: AttackedPrefix, addresses: Uint32Array): void {
  const [m0, m1, m2, m3] = [0, 1, 2, 3].map((word) => maskWord(length, word));
  const [w0, w1, w2, w3] = words;
  for (let row = 0, at = 0; row < rows.length; row++, at += 4) {
    const differs =
      ((addresses[at + 3] ^ w3) & m3) |
      ((addresses[at + 2] ^ w2) & m2) |
      ((addresses[at + 1] ^ w1) & m1) |
      ((addresses[at] ^ w0) & m0);
    if (differs === 0) rows[row] = KEPT_ATTACK;
  }
}
