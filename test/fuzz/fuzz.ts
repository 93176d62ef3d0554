import { mix32 } from '../../src/base/hash.ts';
import { Random } from '../../src/base/random.ts';
import type { Rejections } from '../../src/model/rejection.ts';
import { corpusOf } from './corpus.ts';
import { mutate } from './mutate.ts';
import { createTarget, type PacketDecoding, TARGET_NAMES, type Target, type TargetName } from './targets.ts';

export interface FuzzOptions {
  readonly seed: number;
  /** Time for each target, in milliseconds. */
  readonly budgetMs: number;
  readonly targets?: readonly TargetName[];
  /** Runs the session with this case and no other. */
  readonly onlyCase?: number;
  /** A packet decoder in place of the real one, to prove that faults are found. */
  readonly createPacketDecoder?: (rejections: Rejections) => PacketDecoding;
}

export interface Finding {
  readonly target: TargetName;
  /** Number of the case; with the seed it gives the same input again. */
  readonly case: number;
  readonly reason: string;
  readonly input: Uint8Array;
}

export interface FuzzReport {
  readonly seed: number;
  readonly cases: Readonly<Partial<Record<TargetName, number>>>;
  readonly findings: readonly Finding[];
}

/** Cases that share one decoder: templates and exporters of one live on in the next. */
const SESSION_CASES = 256;
/** An input that takes longer hangs, or nearly does: decoding a megabyte takes some ten milliseconds. */
const CASE_MS_MAX = 2000;
/** Bytes the process may grow by in a run, once its buffers are there. */
const GROWTH_BYTES_MAX = 256 * 1024 * 1024;
/** Cases before memory is looked at. */
const WARM_UP_CASES = 2 * SESSION_CASES;

/**
 * Gives mutated inputs to each target until its time is over or a fault is found: one finding for each target at most. Case
 * `n` of a seed is the same input on every machine, given the same corpus.
 */
export function fuzz(options: FuzzOptions): FuzzReport {
  const corpus = corpusOf();
  const cases: Partial<Record<TargetName, number>> = {};
  const findings: Finding[] = [];
  for (const name of options.targets ?? TARGET_NAMES) {
    const target = createTarget(name, options.createPacketDecoder);
    const { count, finding } = fuzzTarget(target, corpus[name], options);
    cases[name] = count;
    if (finding !== undefined) findings.push(finding);
  }
  return { seed: options.seed, cases, findings };
}

function fuzzTarget(
  target: Target,
  seeds: readonly Uint8Array[],
  options: FuzzOptions,
): { count: number; finding: Finding | undefined } {
  const { onlyCase, budgetMs } = options;
  const first = onlyCase === undefined ? 0 : onlyCase - (onlyCase % SESSION_CASES);
  const end = onlyCase === undefined ? Number.POSITIVE_INFINITY : onlyCase + 1;
  const until = performance.now() + budgetMs;
  let memory = Number.POSITIVE_INFINITY;
  let at = first;
  for (; at < end; at++) {
    if (onlyCase === undefined && (at & 15) === 0 && performance.now() > until) break;
    if (at % SESSION_CASES === 0) target.reset();
    const random = new Random(mix32(options.seed) ^ mix32(at + 1));
    const input = inputOf(random, seeds);
    const started = performance.now();
    let reason: string | undefined;
    try {
      target.run(input, random);
    } catch (error) {
      reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
    const tookMs = performance.now() - started;
    if (reason === undefined && tookMs > CASE_MS_MAX) reason = `took ${tookMs.toFixed(0)} ms`;
    if (at === first + WARM_UP_CASES) memory = process.memoryUsage.rss();
    if (reason === undefined && at % 4096 === 0 && process.memoryUsage.rss() - memory > GROWTH_BYTES_MAX) {
      reason = `the process grew by more than ${GROWTH_BYTES_MAX} bytes`;
    }
    if (reason !== undefined) {
      return { count: at - first + 1, finding: { target: target.name, case: at, reason, input } };
    }
  }
  return { count: at - first, finding: undefined };
}

/** One input in sixteen is left as it is, so that sessions learn templates; one in sixty-four is nothing but noise. */
function inputOf(random: Random, seeds: readonly Uint8Array[]): Uint8Array {
  const kind = random.below(64);
  if (kind === 0) return Uint8Array.from({ length: random.below(600) }, () => random.below(256));
  const seed = seeds[random.below(seeds.length)];
  return kind < 5 ? seed : mutate(random, seed, seeds[random.below(seeds.length)]);
}
