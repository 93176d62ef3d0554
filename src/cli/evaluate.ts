import { writeFileSync } from 'node:fs';
import { BonghwaError } from '../base/errors.ts';
import { type Evaluation, evaluate, writeCorpus } from '../evaluate/evaluate.ts';
import { renderMarkdown } from '../evaluate/markdown.ts';
import { type Floor, MEASURES, type Seeds } from './evaluate-options.ts';
import { EXIT_ATTACK, EXIT_INTERRUPTED, EXIT_OK } from './exit.ts';
import { packageVersion } from './options.ts';
import { renderEvaluation } from './render-evaluation.ts';
import { StatusLine, TextOutput } from './terminal.ts';

export interface EvaluateCommandOptions {
  readonly seeds: Seeds;
  readonly only: readonly string[];
  readonly threads?: number;
  readonly json: boolean;
  readonly write?: string;
  readonly markdown?: string;
  readonly failBelow: readonly Floor[];
}

/** `bonghwa evaluate [DIR]`: how often is it right, and how soon? */
export async function evaluateCommand(
  directory: string | undefined,
  options: EvaluateCommandOptions,
  interrupt: AbortSignal,
): Promise<number> {
  const { seeds, only } = options;
  const run = { fromSeed: seeds.from, toSeed: seeds.to, only, signal: interrupt };
  const status = new StatusLine(process.stderr);
  const onProgress = (done: number, of: number): void => status.show(`${done} of ${of} captures`);
  if (options.write !== undefined) {
    const written = writeCorpus(options.write, { ...run, onProgress });
    status.clear();
    process.stdout.write(`${written} captures and their labels.json are in ${options.write}\n`);
    return interrupt.aborted ? EXIT_INTERRUPTED : EXIT_OK;
  }
  let evaluation: Evaluation;
  try {
    evaluation = await evaluate({
      ...run,
      ...(directory === undefined ? {} : { directory }),
      ...(options.threads === undefined ? {} : { threads: options.threads }),
      onProgress,
    });
  } finally {
    status.clear();
  }
  const output = new TextOutput(process.stdout);
  output.write(options.json ? `${JSON.stringify(evaluation)}\n` : renderEvaluation(evaluation));
  await output.pause();
  if (options.markdown !== undefined) writeMarkdown(options.markdown, evaluation, directory, options);
  if (interrupt.aborted) return EXIT_INTERRUPTED;
  const missed = missedFloors(evaluation, options.failBelow);
  for (const text of missed) process.stderr.write(`bonghwa: ${text}\n`);
  return missed.length > 0 ? EXIT_ATTACK : EXIT_OK;
}

function missedFloors(evaluation: Evaluation, floors: readonly Floor[]): string[] {
  return floors.flatMap(({ name, value }) => {
    const { of, atLeast } = MEASURES[name];
    const measured = of(evaluation);
    if (measured === undefined) return [`${name} was not measured`];
    if (atLeast ? measured >= value : measured <= value) return [];
    return [`${name} is ${measured.toFixed(4)}, ${atLeast ? 'below' : 'above'} ${value}`];
  });
}

function writeMarkdown(
  file: string,
  evaluation: Evaluation,
  directory: string | undefined,
  { seeds, only }: EvaluateCommandOptions,
): void {
  const words = [
    'npx bonghwa evaluate',
    ...(directory === undefined ? [`--seeds ${seeds.from}..${seeds.to}`] : [directory]),
    ...only.map((name) => `--only ${name}`),
    `--markdown ${file}`,
  ];
  const facts = { date: new Date().toISOString().slice(0, 10), command: words.join(' '), version: packageVersion() };
  try {
    writeFileSync(file, renderMarkdown(evaluation, facts));
  } catch (cause) {
    throw new BonghwaError('FILE_UNWRITABLE', `${file} cannot be written`, {
      hint: 'Name a file in a directory that may be written to.',
      cause,
    });
  }
}
