import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { BonghwaError } from '../base/errors.ts';
import {
  ABLATION_HEADING,
  comparisonTable,
  curveHeading,
  withKeptSections,
  withSection,
} from '../evaluate/comparison-markdown.ts';
import { compareVariants, type EvaluateOptions, type Evaluation, evaluate, writeCorpus } from '../evaluate/evaluate.ts';
import { renderMarkdown } from '../evaluate/markdown.ts';
import { ABLATION, CURVE_NAMES, curveOf, isCurveName } from '../evaluate/variants.ts';
import { type Floor, MEASURES, measureOf, missedFloors, type Seeds } from './evaluate-options.ts';
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
  readonly ablation: boolean;
  readonly curve: readonly string[];
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
  for (const { name } of options.failBelow) measureOf(MEASURES, name);
  const run = { fromSeed: seeds.from, toSeed: seeds.to, only, signal: interrupt };
  const status = new StatusLine(process.stderr);
  const onProgress = (done: number, of: number): void => status.show(`${done} of ${of} captures`);
  if (options.write !== undefined) {
    const written = writeCorpus(options.write, { ...run, onProgress });
    status.clear();
    process.stdout.write(`${written} captures and their labels.json are in ${options.write}\n`);
    return interrupt.aborted ? EXIT_INTERRUPTED : EXIT_OK;
  }
  const asked = {
    ...run,
    ...(directory === undefined ? {} : { directory }),
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    onProgress,
  };
  if (options.ablation || options.curve.length > 0) {
    try {
      await compareCommand(asked, options);
    } finally {
      status.clear();
    }
    return interrupt.aborted ? EXIT_INTERRUPTED : EXIT_OK;
  }
  let evaluation: Evaluation;
  try {
    evaluation = await evaluate(asked);
  } finally {
    status.clear();
  }
  const output = new TextOutput(process.stdout);
  output.write(options.json ? `${JSON.stringify(evaluation)}\n` : renderEvaluation(evaluation));
  await output.pause();
  if (options.markdown !== undefined) writeMarkdown(options.markdown, evaluation, directory, options);
  if (interrupt.aborted) return EXIT_INTERRUPTED;
  const missed = missedFloors(evaluation, MEASURES, options.failBelow);
  for (const text of missed) process.stderr.write(`bonghwa: ${text}\n`);
  return missed.length > 0 ? EXIT_ATTACK : EXIT_OK;
}

/** What parts earn and what other values give, as tables; into the sections of a document where one is named. */
async function compareCommand(asked: EvaluateOptions, options: EvaluateCommandOptions): Promise<void> {
  const curves = options.curve.map((name) => {
    if (isCurveName(name)) return name;
    throw new BonghwaError('OPTION_INVALID', `there is no curve of '${name}'`, {
      hint: `There are: ${CURVE_NAMES.join(', ')}.`,
    });
  });
  const parts = [
    ...(options.ablation ? [{ heading: ABLATION_HEADING, variants: ABLATION }] : []),
    ...curves.map((name) => ({ heading: curveHeading(name), variants: curveOf(name) })),
  ];
  // All in one run: what is made up once is judged by every variant.
  const all = await compareVariants(
    asked,
    parts.flatMap(({ variants }) => variants),
  );
  let from = 0;
  for (const { heading, variants } of parts) {
    const compared = all.slice(from, from + variants.length);
    from += variants.length;
    const table = comparisonTable(compared);
    process.stdout.write(options.json ? `${JSON.stringify({ heading, compared })}\n` : `${heading}\n\n${table}\n\n`);
    if (options.markdown === undefined) continue;
    const words = [
      `--seeds ${options.seeds.from}..${options.seeds.to}`,
      ...options.only.map((name) => `--only ${name}`),
    ];
    const what = heading === ABLATION_HEADING ? '--ablation' : `--curve ${heading.split('`')[1]}`;
    const said = `By \`npx bonghwa evaluate ${words.join(' ')} ${what}\`; ${compared[0]?.total.cases ?? 0} captures.`;
    putSection(options.markdown, heading, `${said}\n\n${table}`);
  }
}

/** Writes a section into a document, in the place of the one of that name or at the end. */
function putSection(file: string, heading: string, body: string): void {
  try {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    writeFileSync(file, withSection(text, heading, body));
  } catch (cause) {
    throw unwritable(file, cause);
  }
}

function unwritable(file: string, cause: unknown): BonghwaError {
  return new BonghwaError('FILE_UNWRITABLE', `${file} cannot be written`, {
    hint: 'Name a file in a directory that may be written to.',
    cause,
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
    const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
    writeFileSync(file, withKeptSections(renderMarkdown(evaluation, facts), before));
  } catch (cause) {
    throw unwritable(file, cause);
  }
}
