import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { BonghwaError } from '../base/errors.ts';
import { withSection } from '../evaluate/comparison-markdown.ts';
import { evaluateWeb } from '../evaluate/web/evaluate.ts';
import { renderWebMarkdown, WEB_HEADING } from '../evaluate/web/markdown.ts';
import { summariesOf, type WebSummary, webFaultsOf } from '../evaluate/web/summary.ts';
import { cacheDirectory } from './cache-directory.ts';
import { type Floor, measureOf, missedFloors, type Seeds, WEB_MEASURES } from './evaluate-options.ts';
import { EXIT_ATTACK, EXIT_INTERRUPTED, EXIT_OK } from './exit.ts';
import { StatusLine, TextOutput } from './terminal.ts';

export interface EvaluateWebCommandOptions {
  readonly seeds: Seeds;
  readonly only: readonly string[];
  readonly threads?: number;
  readonly json: boolean;
  readonly markdown?: string;
  readonly failBelow: readonly Floor[];
}

/** `bonghwa evaluate --web`: how often is it right about the logs of web servers? */
export async function evaluateWebCommand(options: EvaluateWebCommandOptions, interrupt: AbortSignal): Promise<number> {
  const { seeds, only, threads } = options;
  for (const { name } of options.failBelow) measureOf(WEB_MEASURES, name);
  const status = new StatusLine(process.stderr);
  const onProgress = (done: number, of: number): void => status.show(`${done} of ${of} logs`);
  let cases: Awaited<ReturnType<typeof evaluateWeb>>;
  try {
    cases = await evaluateWeb({
      fromSeed: seeds.from,
      toSeed: seeds.to,
      only,
      ...(threads === undefined ? {} : { threads }),
      cacheDirectory: cacheDirectory(),
      onProgress,
      signal: interrupt,
    });
  } finally {
    status.clear();
  }
  const { total, byScenario, byFormat } = summariesOf(cases);
  const output = new TextOutput(process.stdout);
  if (options.json) output.write(`${JSON.stringify({ total, byScenario, byFormat, cases })}\n`);
  else {
    const faults = cases.flatMap((each) =>
      webFaultsOf(each).map((fault) => `  ${each.scenario}, seed ${each.seed}, ${each.format}: ${fault}`),
    );
    output.write(`${[...tableOf([...byScenario, ...byFormat, total]), '', ...faults].join('\n')}\n`);
  }
  await output.pause();
  if (options.markdown !== undefined) writeSection(options.markdown, cases, options);
  if (interrupt.aborted) return EXIT_INTERRUPTED;
  const missed = missedFloors(total, WEB_MEASURES, options.failBelow);
  for (const text of missed) process.stderr.write(`bonghwa: ${text}\n`);
  return missed.length > 0 ? EXIT_ATTACK : EXIT_OK;
}

function tableOf(summaries: readonly WebSummary[]): string[] {
  const rows = [
    ['', 'logs', 'found', 'false', 'vectors', 'named', 'readers named', 'detect s'],
    ...summaries.map((of) => [
      of.name,
      String(of.cases),
      of.attacks === 0 ? '–' : `${of.found}/${of.attacks}`,
      String(of.falseAlarms),
      of.vectorRight?.toFixed(3) ?? '–',
      of.named?.toFixed(3) ?? '–',
      `${of.innocentsNamed}/${of.innocents}`,
      of.p50 === undefined ? '–' : `${of.p50.toFixed(1)}/${of.p95?.toFixed(1)}`,
    ]),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[at]))).join('  '),
  );
}

function writeSection(
  file: string,
  cases: Awaited<ReturnType<typeof evaluateWeb>>,
  { seeds, only }: EvaluateWebCommandOptions,
): void {
  const words = [
    `npx bonghwa evaluate --web --seeds ${seeds.from}..${seeds.to}`,
    ...only.map((name) => `--only ${name}`),
    `--markdown ${file}`,
  ];
  const body = renderWebMarkdown(cases, { date: new Date().toISOString().slice(0, 10), command: words.join(' ') });
  try {
    const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
    writeFileSync(file, withSection(before, WEB_HEADING, body.slice(WEB_HEADING.length).trim()));
  } catch (cause) {
    throw new BonghwaError('FILE_UNWRITABLE', `${file} cannot be written`, {
      hint: 'Name a file in a directory that may be written to.',
      cause,
    });
  }
}
