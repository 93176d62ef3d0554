import type { Evaluation } from '../evaluate/evaluate.ts';
import { goalsOf } from '../evaluate/goals.ts';
import { faultsOf } from '../evaluate/markdown.ts';
import type { Quantiles, Share, Summary } from '../evaluate/summary.ts';

const share = (of: Share | undefined): string => (of === undefined ? '–' : of.value.toFixed(3));
const times = (of: Quantiles | undefined): string =>
  of === undefined ? '–' : `${of.p50.toFixed(1)}/${of.p95.toFixed(1)}`;

const HEAD = ['', 'captures', 'recall', 'precision', 'vectors', 'in time', 'explained', 'detect s', 'told s', 'false'];

/** The table by scenario and in total, and what failed; for the terminal. */
export function renderEvaluation(evaluation: Evaluation): string {
  const { byScenario, parts, total, problems, cases } = evaluation;
  const rows = [HEAD, ...[...byScenario, ...parts, total].map(rowOf)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])))
      .join('  ')
      .trimEnd(),
  );
  const failed = cases.flatMap((each) => {
    const where = `${each.scenario} (${each.view}${each.seed === undefined ? '' : `, seed ${each.seed}`})`;
    return [
      ...each.attacks.flatMap((attack) => {
        const faults = faultsOf(attack);
        return faults.length === 0
          ? []
          : [`${where}: ${faults.join('; ')}${attack.told === undefined ? '' : `\n    ${attack.told}`}`];
      }),
      ...each.falseAlarms.map((alarm) => `${where}: false alarm on ${alarm.target}\n    ${alarm.why}`),
    ];
  });
  const sections = [lines.join('\n')];
  sections.push(totalsText(total));
  const goals = goalsOf(evaluation).map(
    ({ what, wanted, measured, reached }) => `  ${reached ? 'yes' : 'NO '}  ${what}: ${measured} (wanted ${wanted})`,
  );
  if (goals.length > 0) sections.push(['What is wanted:', ...goals].join('\n'));
  if (failed.length > 0) sections.push(['What failed:', ...failed.map((text) => `  ${text}`)].join('\n'));
  if (problems.length > 0) sections.push(['Not scored:', ...problems.map((text) => `  ${text}`)].join('\n'));
  return `${sections.join('\n\n')}\n`;
}

function rowOf(of: Summary): string[] {
  return [
    of.name,
    String(of.cases),
    share(of.recall),
    share(of.precision),
    share(of.vectorRight),
    share(of.inTime),
    share(of.explained),
    times(of.detect),
    times(of.detectAfterTold),
    String(of.falseAlarms),
  ];
}

function totalsText(total: Summary): string {
  const interval = (of: Share | undefined): string =>
    of === undefined ? 'not measured' : `${of.value.toFixed(4)} (${of.low.toFixed(4)} to ${of.high.toFixed(4)})`;
  const lines = [
    `recall ${interval(total.recall)}, precision ${interval(total.precision)}, vectors named rightly ${interval(total.vectorRight)}`,
    `attacks told for each true one ${total.fragments?.toFixed(3) ?? 'not measured'}; end off by ${times(total.endOff)} s (p50/p95)`,
    `false alarms ${total.falseAlarms} in ${total.targetDays.toFixed(1)} target-days: ${total.falsePerThousand?.toFixed(2) ?? '–'} a thousand, at most ${total.falsePerThousandMax?.toFixed(1) ?? '–'} (95 %)`,
  ];
  return lines.join('\n');
}
