import { type CaseReport, formatRate } from './harness.ts';
import type { Comparison } from './peers/compare.ts';

/** The figures as the tables of docs/performance.md (`npm run bench -- --markdown`): what is written there is what was printed. */
export function formatMarkdown(
  machine: string,
  cases: readonly CaseReport[],
  comparisons: readonly Comparison[],
): string {
  const lines = [`Measured on: ${machine}.`, ''];
  lines.push('| case | items a CPU-second | goal | largest memory |', '|---|---|---|---|');
  for (const { name, unit, itemsPerCpuSecond, goal, rssMaxBytes, rssGoal } of cases) {
    const goals = [
      ...(goal === undefined ? [] : [`${formatRate(goal)} ${unit}`]),
      ...(rssGoal === undefined ? [] : [`${megabytes(rssGoal)}`]),
    ];
    const rate = `${formatRate(itemsPerCpuSecond)} ${unit}`;
    lines.push(`| \`${name}\` | ${rate} | ${goals.join(', ')} | ${megabytes(rssMaxBytes)} |`);
  }
  for (const { input, unit, results } of comparisons) {
    lines.push('', `Whole programs, from start to end, on ${input}:`, '');
    lines.push('| program | what it does | items a CPU-second | CPU | largest memory | |', '|---|---|---|---|---|---|');
    for (const { program, did, run } of results) {
      const figures =
        run === undefined
          ? ['', '', '', 'not installed']
          : [
              `${formatRate(run.items / Math.max(run.cpuSeconds, 0.01))} ${unit}`,
              `${run.cpuSeconds.toFixed(2)} s`,
              megabytes(run.rssMaxBytes),
              run.note,
            ];
      lines.push(`| ${[program, did, ...figures].join(' | ')} |`);
    }
  }
  return lines.join('\n');
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
