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
  for (const prefix of attacked) {
    markCovered(kept, prefix, sample.dstAddr);
    markCovered(kept, prefix, sample.srcAddr);
  }
  const counts = countByRank(sample, kept);
  const bounds = [
    boundOf(sample, counts, KEPT_PEACE, PEACE_ROWS_MAX),
    boundOf(sample, counts, KEPT_ATTACK, ATTACK_ROWS_MAX),
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

/** Ranks of a hash: how many bits it has, 0 to 32. */
const RANKS = 33;

/** Rows of each kind by the rank of their hashes. */
function countByRank({ hash, length }: RowSample, kept: Uint8Array): Uint32Array {
  const counts = new Uint32Array(2 * RANKS);
  for (let row = 0; row < length; row++) counts[kept[row] * RANKS + 32 - Math.clz32(hash[row])]++;
  return counts;
}

/** Hashes of a kind are kept below this power of two, so that at most `max` of its rows are. */
function boundOf(sample: RowSample, counts: Uint32Array, kind: number, max: number): number {
  let rank = Math.ceil(Math.log2(Math.max(1, sample.threshold)));
  let left = 0;
  for (let below = 0; below <= rank; below++) left += counts[kind * RANKS + below];
  while (left > max && rank > 0) left -= counts[kind * RANKS + rank--];
  return Math.min(sample.threshold, 2 ** rank);
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
