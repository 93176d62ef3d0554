import { hashAddress } from '../../base/hash.ts';
import { formatPrefix } from '../../base/prefix.ts';
import type { Rate, Target } from '../../model/attack.ts';
import type { TargetSecond } from '../../model/second-record.ts';
import type { Ladder } from '../../sketch/ladder.ts';
import type { Second } from '../../sketch/second.ts';
import type { Candidate } from './candidates.ts';
import { PARAMETERS } from './parameters.ts';
import type { TargetState } from './target-state.ts';
import { NodeTraffic } from './traffic.ts';

/** An attacked target that stayed below its low-water mark in the last second. */
interface Quiet {
  readonly state: TargetState;
  readonly rate: Rate;
}

/** What there is to tell of the last second, target by target. It is put into words only when asked for. */
export class Observed {
  readonly #seed: number;
  readonly #ladder: Ladder;
  readonly #targetOf: (candidate: Candidate) => Target;
  readonly #scratch = new NodeTraffic();
  #candidates: readonly Candidate[] = [];
  #quiet: readonly Quiet[] = [];

  constructor(seed: number, ladder: Ladder, targetOf: (candidate: Candidate) => Target) {
    this.#seed = seed;
    this.#ladder = ladder;
    this.#targetOf = targetOf;
  }

  /** Notes a second that was decided upon, while its tables are there. `attacked`: targets under attack. */
  take(second: Second, candidates: readonly Candidate[], attacked: ReadonlySet<TargetState>, coveredMs: number): void {
    this.#candidates = candidates;
    if (attacked.size === 0) {
      this.#quiet = [];
      return;
    }
    const seen = new Set(candidates.map((candidate) => candidate.state));
    const scale = 1000 / Math.max(coveredMs, PARAMETERS.coveredMsMin);
    this.#quiet = [...attacked]
      .filter((state) => !seen.has(state))
      .map((state) => ({ state, rate: this.#rateOf(second, state, scale) }));
  }

  /** Largest excess first; where there are too many, those under attack stay. `slow`: addresses under attack that no rate tells of. */
  list(slow: readonly { readonly words: Uint32Array; readonly attackId: string }[]): TargetSecond[] {
    const slowIds = new Map(slow.map(({ words, attackId }) => [formatPrefix(words, 128), attackId]));
    const idOf = ({ state, level }: Candidate): string | undefined =>
      state.attack?.id ?? (level === 'address' ? slowIds.get(formatPrefix(state.words, 128)) : undefined);
    const byExcess = [...this.#candidates].sort((left, right) => right.excess - left.excess);
    const attacked: TargetSecond[] = [];
    const others: TargetSecond[] = [];
    for (const candidate of byExcess) {
      const { state, direction, rate, excess, groups } = candidate;
      const attackId = idOf(candidate);
      if (attackId === undefined && (groups.length === 0 || others.length >= PARAMETERS.observedMax)) continue;
      const target = state.attack?.target ?? this.#targetOf(candidate);
      const told = { target, direction, prefix: prefixText(state), rate, baseline: usualOf(state), excess };
      if (attackId === undefined) others.push(told);
      else attacked.push({ ...told, attackId });
    }
    for (const { state, rate } of this.#quiet) {
      if (state.attack === undefined) continue;
      const { target, direction, id } = state.attack;
      const prefix = prefixText(state);
      attacked.push({ target, direction, prefix, rate, baseline: usualOf(state), excess: 0, attackId: id });
    }
    return [...attacked, ...others].slice(0, PARAMETERS.observedMax).sort((left, right) => right.excess - left.excess);
  }

  /** What a target received that was too little to be a candidate. */
  #rateOf(second: Second, { words, length }: TargetState, scale: number): Rate {
    const { fine, wide, network, organisation } = this.#ladder;
    const hash = hashAddress(words, 0, this.#seed);
    for (const level of [undefined, fine, wide, network, organisation]) {
      const table = level === undefined ? second.table : level.table;
      let row = -1;
      if (level === undefined) row = length === 128 ? table.find(words, 0, hash) : -1;
      else if (level === network) row = this.#networkRow(words, length);
      else if (level === organisation) row = length === 0 && table.rows > 0 ? 0 : -1;
      else row = table.find(words, 0, hash);
      if (row < 0 || (level !== undefined && level.lengthOf(row) !== length)) continue;
      const node = this.#scratch;
      node.read(table, row);
      return { bps: node.totalBytes * 8 * scale, pps: node.totalPackets * scale, fps: node.totalFlows * scale };
    }
    return { bps: 0, pps: 0, fps: 0 };
  }

  #networkRow(words: Uint32Array, length: number): number {
    const rows = this.#ladder.network?.table.rows ?? 0;
    for (let row = 0; row < rows; row++) {
      const prefix = this.#ladder.networkOf(row);
      if (prefix?.length === length && prefix.words.every((word, at) => word === words[at])) return row;
    }
    return -1;
  }
}

/** `198.51.100.10/32`: with its length also where that is a host's. */
function prefixText(state: TargetState): string {
  const text = formatPrefix(state.words, state.length);
  if (text.includes('/')) return text;
  return `${text}/${text.includes(':') ? 128 : 32}`;
}

function usualOf({ usual }: TargetState): Rate {
  return { bps: usual.bps, pps: usual.pps, fps: usual.fps };
}
