import { WEB_SCENARIOS } from './generate.ts';
import type { WebCaseScore } from './score.ts';
import { summariesOf, type WebSummary, webFaultsOf } from './summary.ts';

export const WEB_HEADING = '## Attacks in web server logs';

const FAULTS_SHOWN_MAX = 12;
const share = (value: number | undefined): string => (value === undefined ? '' : value.toFixed(3));
const seconds = (value: number | undefined): string => (value === undefined ? '' : value.toFixed(1));

/** The part of docs/evaluation.md on logs; `command` is what made it. */
export function renderWebMarkdown(cases: readonly WebCaseScore[], facts: { date: string; command: string }): string {
  const { total, byScenario, byFormat } = summariesOf(cases);
  const what = (of: WebSummary): string => WEB_SCENARIOS.find(({ name }) => name === of.name)?.what ?? '';
  const faults = cases.flatMap((each) => {
    const told = webFaultsOf(each);
    return told.length === 0 ? [] : [`* \`${each.scenario}\`, seed ${each.seed}, ${each.format}: ${told.join('; ')}`];
  });
  return [
    WEB_HEADING,
    '',
    'Logs of web servers are made from seeds: small and large sites, with and without assets and referrers in the log, in four formats. Each is read from its file, as `replay` reads it.',
    `By \`${facts.command}\` on ${facts.date}.`,
    '',
    '| | |',
    '|---|---|',
    `| logs, requests | ${total.cases}, ${cases.reduce((sum, each) => sum + each.requests, 0).toLocaleString('en-US')} |`,
    `| attacks found | ${total.found} of ${total.attacks} (recall ${share(total.recall)}) |`,
    `| false alarms | ${total.falseAlarms} (precision ${share(total.precision)}) |`,
    `| named by the right vector | ${share(total.vectorRight)} |`,
    `| sources of an attack that are named, mean | ${share(total.named)} |`,
    `| readers that are named | ${total.innocentsNamed} of ${total.innocents.toLocaleString('en-US')} |`,
    `| time to detect, p50 / p95 | ${seconds(total.p50)} s / ${seconds(total.p95)} s |`,
    `| attacks told for each true one | ${share(total.fragments)} |`,
    '',
    ...table(byScenario, what),
    '',
    ...table(byFormat, () => ''),
    '',
    ...(faults.length === 0
      ? ['Nothing failed in these logs.']
      : ['What failed:', '', ...faults.slice(0, FAULTS_SHOWN_MAX)]),
    '',
  ].join('\n');
}

function table(summaries: readonly WebSummary[], what: (of: WebSummary) => string): string[] {
  return [
    '| | what | logs | found | false alarms | sources named | readers named | time to detect p50 / p95, s |',
    '|---|---|---|---|---|---|---|---|',
    ...summaries.map((of) => {
      const found = of.attacks === 0 ? '' : `${of.found}/${of.attacks}`;
      const times = of.p50 === undefined ? '' : `${seconds(of.p50)} / ${seconds(of.p95)}`;
      return `| ${of.name} | ${what(of)} | ${of.cases} | ${found} | ${of.falseAlarms} | ${share(of.named)} | ${of.innocentsNamed} | ${times} |`;
    }),
  ];
}
