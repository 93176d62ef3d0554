import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { BonghwaError } from '../base/errors.ts';
import { findLabels } from './find-labels.ts';
import { casesOf, generate, SCENARIOS } from './generate.ts';
import type { CaptureLabel, Labels } from './labels.ts';
import type { CaseScore } from './score.ts';
import { groupBy, type Summary, summarise } from './summary.ts';
import type { Variant } from './variants.ts';
import { VIEWS, type ViewName, viewOf } from './views.ts';
import { type Answer, type Job, runJob, startWorker } from './worker.ts';
import { inWorkers, THREADS_MAX } from './worker-pool.ts';

export interface EvaluateOptions {
  /** A directory of labelled captures; absent, scenarios are generated. */
  readonly directory?: string;
  readonly fromSeed: number;
  readonly toSeed: number;
  /** Names of scenarios, or the beginnings of names; none means all. */
  readonly only: readonly string[];
  /** Threads; 0 runs in this one. */
  readonly threads?: number;
  readonly onProgress?: (done: number, of: number, last: CaseScore | undefined) => void;
  readonly signal?: AbortSignal;
}

export interface Evaluation {
  readonly cases: readonly CaseScore[];
  readonly problems: readonly string[];
  readonly total: Summary;
  /** Of cases with attacks, of those among them in quick views, of cases without. */
  readonly parts: readonly Summary[];
  readonly byScenario: readonly Summary[];
  readonly byView: readonly Summary[];
}

/** The same captures by several variants of detection. */
export interface Comparison {
  readonly name: string;
  readonly total: Summary;
  readonly quick: Summary;
}

/** Runs what is asked by each variant, and sums up what each gives. Throws as `evaluate` does. */
export async function compareVariants(options: EvaluateOptions, variants: readonly Variant[]): Promise<Comparison[]> {
  const jobs = options.directory === undefined ? jobsOfScenarios(options) : jobsOf(options.directory, []);
  const asked = jobs.map((job): Job => ({ ...job, variants }));
  const scored = await runAll(asked, options, []);
  return variants.map(({ name }, index) => {
    const cases = scored.flatMap((scores) => scores.slice(index, index + 1));
    const quick = cases.filter((each) => each.attacks.length > 0 && isQuick(each.view));
    return { name, total: summarise(name, cases), quick: summarise(name, quick) };
  });
}

/** Runs what is asked and scores it. Throws BonghwaError where the directory cannot be read or nothing is named so. */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  const problems: string[] = [];
  const jobs = options.directory === undefined ? jobsOfScenarios(options) : jobsOf(options.directory, problems);
  const cases = (await runAll(jobs, options, problems)).flat();
  return { ...summaryOf(cases), problems };
}

/** Sums up cases that were scored, in whatever order. */
export function summaryOf(cases: readonly CaseScore[]): Omit<Evaluation, 'problems'> {
  const part = (name: string, of: (each: CaseScore) => boolean): Summary => summarise(name, cases.filter(of));
  return {
    cases,
    total: summarise('all', cases),
    parts: [
      part('with attacks', (each) => each.attacks.length > 0),
      part('of them, in quick views', (each) => each.attacks.length > 0 && isQuick(each.view)),
      part('without attacks', (each) => each.attacks.length === 0),
      part('of them, but day and week', (each) => each.attacks.length === 0 && !isLong(each.scenario)),
    ].filter((summary) => summary.cases > 0),
    byScenario: [...groupBy(cases, (each) => each.scenario)].map(([name, group]) => summarise(name, group)),
    byView: [...groupBy(cases, (each) => each.view)].map(([name, group]) => summarise(name, group)),
  };
}

const isLong = (name: string): boolean => SCENARIOS.some((each) => each.name === name && each.everySeeds !== undefined);
const isQuick = (view: string): boolean => view in VIEWS && viewOf(view as ViewName).quick;

function jobsOfScenarios({ only, fromSeed, toSeed }: EvaluateOptions): Job[] {
  const scenarios = SCENARIOS.filter(({ name }) => only.length === 0 || only.includes(name));
  const missing = only.filter((name) => !SCENARIOS.some((scenario) => scenario.name === name));
  if (missing.length > 0) {
    throw new BonghwaError('OPTION_INVALID', `there is no scenario '${missing[0]}'`, {
      hint: `There are: ${SCENARIOS.map(({ name }) => name).join(', ')}.`,
    });
  }
  return casesOf(scenarios, fromSeed, toSeed).map((of, number): Job => ({ kind: 'case', number, of }));
}

function jobsOf(directory: string, problems: string[]): Job[] {
  const found = findLabels(directory);
  problems.push(...found.problems);
  return found.captures.map((of, number): Job => ({ kind: 'capture', number, of }));
}

/** The scores of every job, by its variants, in the order of the jobs. */
async function runAll(
  jobs: readonly Job[],
  options: EvaluateOptions,
  problems: string[],
): Promise<(readonly CaseScore[])[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bonghwa-evaluate-'));
  const scores = new Map<number, readonly CaseScore[]>();
  let done = 0;
  const take = (answer: Answer): void => {
    if (answer.kind === 'fault') throw answer.error;
    if (answer.kind === 'problem') problems.push(answer.problem);
    else scores.set(answer.number, answer.scores);
    options.onProgress?.(++done, jobs.length, answer.kind === 'score' ? answer.scores[0] : undefined);
  };
  try {
    const threads = Math.min(options.threads ?? availableParallelism(), jobs.length, THREADS_MAX);
    if (threads === 0) {
      for (const job of jobs) {
        if (options.signal?.aborted === true) break;
        take(await runJob(job, join(folder, 'case.pcap')));
      }
    } else {
      const workers = Array.from({ length: threads }, (_, index) => startWorker(folder, index));
      await inWorkers(workers, jobs, take, options.signal);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return [...scores].sort(([left], [right]) => left - right).map(([, each]) => each);
}

/** Writes the captures of scenarios and their labels.json to a directory, for other programs and for `evaluate DIR`. */
export function writeCorpus(
  directory: string,
  options: Pick<EvaluateOptions, 'fromSeed' | 'toSeed' | 'only' | 'onProgress' | 'signal'>,
): number {
  try {
    mkdirSync(directory, { recursive: true });
    const captures: CaptureLabel[] = [];
    const jobs = jobsOfScenarios(options);
    for (const job of jobs) {
      if (job.kind !== 'case' || options.signal?.aborted === true) continue;
      const { scenario, seed, view } = job.of;
      const file = `${scenario}-${view}-${seed}.pcap`;
      captures.push({ ...generate(job.of, join(directory, file)).label, file });
      options.onProgress?.(captures.length, jobs.length, undefined);
    }
    const labels: Labels = { format: 'bonghwa-labels-1', captures };
    writeFileSync(join(directory, 'labels.json'), `${JSON.stringify(labels, undefined, 2)}\n`);
    return captures.length;
  } catch (cause) {
    if (cause instanceof BonghwaError) throw cause;
    throw new BonghwaError('FILE_UNWRITABLE', `${directory} cannot be written`, {
      hint: 'Name a directory that may be written to.',
      cause,
    });
  }
}
