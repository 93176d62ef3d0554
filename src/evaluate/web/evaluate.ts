import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { BonghwaError } from '../../base/errors.ts';
import { inWorkers, THREADS_MAX } from '../worker-pool.ts';
import { WEB_SCENARIOS } from './generate.ts';
import type { WebCaseScore } from './score.ts';
import { startWebWorker, type WebAnswer } from './worker.ts';

export interface EvaluateWebOptions {
  readonly fromSeed: number;
  readonly toSeed: number;
  /** Names of scenarios; none means all. */
  readonly only: readonly string[];
  /** One a core where absent. */
  readonly threads?: number;
  /** Where tables of countries and autonomous systems are kept between runs. */
  readonly cacheDirectory?: string | undefined;
  readonly onProgress?: (done: number, of: number) => void;
  readonly signal?: AbortSignal;
}

/** Makes the logs of scenarios, replays each from its file, and scores what was told. Throws OPTION_INVALID where nothing is named so. */
export async function evaluateWeb(options: EvaluateWebOptions): Promise<WebCaseScore[]> {
  const { only, fromSeed, toSeed, onProgress, signal } = options;
  const missing = only.find((name) => !WEB_SCENARIOS.some((scenario) => scenario.name === name));
  if (missing !== undefined) {
    throw new BonghwaError('OPTION_INVALID', `there is no scenario '${missing}' of logs`, {
      hint: `There are: ${WEB_SCENARIOS.map(({ name }) => name).join(', ')}.`,
    });
  }
  const scenarios = WEB_SCENARIOS.filter(({ name }) => only.length === 0 || only.includes(name));
  const cases = scenarios.flatMap(({ name }) =>
    Array.from({ length: toSeed - fromSeed + 1 }, (_, at) => ({ scenario: name, seed: fromSeed + at })),
  );
  const folder = mkdtempSync(join(tmpdir(), 'bonghwa-evaluate-web-'));
  const scores = new Map<number, WebCaseScore>();
  const threads = Math.max(1, Math.min(options.threads ?? availableParallelism(), cases.length, THREADS_MAX));
  try {
    await inWorkers(
      Array.from({ length: threads }, (_, index) => startWebWorker(folder, index, options.cacheDirectory)),
      cases.map((of, number) => ({ number, of })),
      (answer: WebAnswer) => {
        if ('error' in answer) throw answer.error;
        scores.set(answer.number, answer.score);
        onProgress?.(scores.size, cases.length);
      },
      signal,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return [...scores].sort(([left], [right]) => left - right).map(([, score]) => score);
}
