import type { Evaluation } from './evaluate.ts';
import { SCENARIOS } from './generate.ts';
import { goalsOf } from './goals.ts';
import type { AttackScore, CaseScore } from './score.ts';
import { groupBy, type Quantiles, type Share, type Summary } from './summary.ts';
import { VIEWS, type ViewName, viewOf } from './views.ts';

const share = (of: Share | undefined): string =>
  of === undefined ? '' : `${of.value.toFixed(3)} (${of.low.toFixed(3)}–${of.high.toFixed(3)})`;
const seconds = (of: Quantiles | undefined): string =>
  of === undefined ? '' : `${of.p50.toFixed(1)} / ${of.p95.toFixed(1)}`;
const number = (of: number | undefined, digits: number): string => (of === undefined ? '' : of.toFixed(digits));

/** What stands in a document of its own, beside the table that `evaluate` prints. */
export interface MarkdownFacts {
  readonly date: string;
  readonly command: string;
  readonly version: string;
}

/** The document: what was measured, how, the numbers, and where it fails. */
export function renderMarkdown(evaluation: Evaluation, facts: MarkdownFacts): string {
  const { total, parts, byScenario, byView, cases } = evaluation;
  const quick = cases.filter((each) => each.view in VIEWS && viewOf(each.view as ViewName).quick);
  return [
    '# How often is it right?',
    '',
    `Written by \`${facts.command}\` with Bonghwa ${facts.version} on ${facts.date}: ${total.cases} captures, ${total.attacks} attacks in them, ` +
      `${total.targetDays.toFixed(0)} target-days in all. Shares stand with their 95 % interval (Wilson); times are in seconds of event time, half and 95 of 100 of the attacks.`,
    '',
    ...HOW,
    '## Against what is wanted',
    '',
    '| | wanted | measured | reached |',
    '|---|---|---|---|',
    ...goalsOf(evaluation).map(
      ({ what, wanted, measured, reached }) => `| ${what} | ${wanted} | ${measured} | ${reached ? 'yes' : 'no'} |`,
    ),
    '',
    '## In total',
    '',
    ...totals([...parts, total]),
    '',
    ...parts
      .slice(-2)
      .map(
        (of) =>
          `* ${of.name}: ${number(of.falsePerThousand, 2)} false alarms a thousand target-days, at most ${number(of.falsePerThousandMax, 1)} (95 %)`,
      ),
    '',
    'Hosts of `day` and `week` are seen by one packet in 1,000 and 10,000, most of them hardly ever: read the second line for what is seen whole. Most of that is `town`, whose hosts are as quiet as most are.',
    '',
    '## Where it fails',
    '',
    ...failures(cases),
    '',
    '## By view',
    '',
    `A view is how the traffic is seen. ${quick.length} of the captures were in views that tell within about a second.`,
    '',
    ...rows(byView, (summary) =>
      summary.name in VIEWS ? viewOf(summary.name as ViewName).what : 'a capture as it is',
    ),
    '',
    '## By scenario',
    '',
    ...rows(byScenario, (summary) => SCENARIOS.find(({ name }) => name === summary.name)?.what ?? 'real captures'),
    '',
  ].join('\n');
}

const HOW: readonly string[] = [
  '## How it is measured',
  '',
  'Scenarios make up traffic packet by packet, from a seed, in event time. Routers in the middle see it as routers do: they sample, keep flows until a timeout, send templates late,',
  'have clocks that are off, lose datagrams. What they export is written as a capture, and the station that reads it knows nothing of it before. The truth is added up while the traffic is made.',
  '',
  'An attack that is told counts for a true one where target, direction and time overlap; else it is a false alarm. In time is within 4 s of the first packet, of the telemetry where that is slower, or',
  'by the deadline of its kind: 10 s for a carpet and for connections of hundreds of real sources, a minute for slowloris, before three times the limit for a ramp. Explained is where the sentence names the vector and the packets told agree with those carried within 15 % and what sampling leaves.',
  'Moderate floods have twice the floor of their vector, which is above the busiest second of an ordinary site; what stays below the floors of the detector is not tried, and is missed by design.',
  'On busy sites they have twice the busiest second. In `cold-start` watching begins in the middle of traffic; elsewhere after a hundred seconds of peace at least. Where a view samples, a flood shows at least sixty packets a second; what fewer would do to recall is not measured.',
  '',
  'Anybody can run it again, and on other seeds:',
  '',
  '```sh',
  'npx bonghwa evaluate --seeds 1..1 --only syn-flood --only flash-crowd',
  'npx bonghwa evaluate --seeds 1..1 --only syn-flood --write corpus',
  'npx bonghwa evaluate corpus',
  'npx bonghwa evaluate --json samples',
  '```',
  '',
  'Labels of captures of your own stand in a `labels.json` beside them. `vectors` are those of [vectors.md](vectors.md), the largest first; `start`, `end` and whatever else is not known is left out.',
  'Captures in folders named `benign` or `scan` need none. What contradicts its capture is told, and the rest is scored.',
  '',
  '```json',
  '{ "format": "bonghwa-labels-1", "captures": [',
  '  { "file": "monday.pcap", "scenario": "our border", "view": "netflow", "networks": ["192.0.2.0/24"],',
  '    "attacks": [ { "target": "192.0.2.10", "vectors": ["syn-flood"], "start": "2025-06-02T09:30:00Z", "end": "2025-06-02T09:41:00Z" } ] }',
  '] }',
  '```',
  '',
];

function totals(summaries: readonly Summary[]): string[] {
  const line = (name: string, value: (of: Summary) => string): string =>
    `| ${name} | ${summaries.map(value).join(' | ')} |`;
  return [
    `| | ${summaries.map(({ name }) => name).join(' | ')} |`,
    `|---|${summaries.map(() => '---').join('|')}|`,
    line('captures', (of) => String(of.cases)),
    line('attacks', (of) => String(of.attacks)),
    line('recall', (of) => share(of.recall)),
    line('precision', (of) => share(of.precision)),
    line('vectors named rightly', (of) => share(of.vectorRight)),
    line('target named exactly', (of) => share(of.targetRight)),
    line('in time', (of) => share(of.inTime)),
    line('explained', (of) => share(of.explained)),
    line('time to detect, p50 / p95', (of) => seconds(of.detect)),
    line('the same from the telemetry on', (of) => seconds(of.detectAfterTold)),
    line('end off by, p50 / p95', (of) => seconds(of.endOff)),
    line('attacks told for each true one', (of) => number(of.fragments, 3)),
    line('false alarms', (of) => String(of.falseAlarms)),
    line('target-days', (of) => of.targetDays.toFixed(1)),
    line('false alarms a thousand target-days', (of) => number(of.falsePerThousand, 2)),
  ];
}

function rows(summaries: readonly Summary[], what: (of: Summary) => string): string[] {
  return [
    '| | what | captures | found | false alarms | time to detect | from telemetry | vectors right | in time | explained |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...summaries.map((of) => {
      const some = (value: Share | undefined): string =>
        value === undefined ? '' : `${Math.round(value.value * value.of)}/${value.of}`;
      const found = some(of.recall);
      return `| ${of.name} | ${what(of)} | ${of.cases} | ${found} | ${of.falseAlarms} | ${seconds(of.detect)} | ${seconds(of.detectAfterTold)} | ${some(of.vectorRight)} | ${some(of.inTime)} | ${some(of.explained)} |`;
    }),
  ];
}

/** What went wrong with one attack; empty where nothing did. */
export function faultsOf(attack: AttackScore): string[] {
  if (!attack.found) return ['not found'];
  return [
    ...(attack.inTime === false ? [`late: ${number(attack.afterStart, 1)} s`] : []),
    ...(attack.vectorRight ? [] : ['wrong vectors']),
    ...(attack.fragments > 1 ? [`told as ${attack.fragments} attacks`] : []),
    ...(attack.explained === false ? [`not explained: ${number(attack.packetsRatio, 2)} of its packets told`] : []),
  ];
}

/** By scenario: how much failed, why as far as that is known, and the cases. */
function failures(cases: readonly CaseScore[]): string[] {
  const lines: string[] = [];
  for (const [name, group] of groupBy(cases, (each) => each.scenario)) {
    const told = group.flatMap((each) => {
      const where = `\`${each.view}\`${each.seed === undefined ? '' : `, seed ${each.seed}`}`;
      return [
        ...each.attacks.flatMap((attack) => {
          const faults = faultsOf(attack);
          return faults.length === 0 ? [] : [`${where}: ${faults.join('; ')}`];
        }),
        ...each.falseAlarms.map((alarm) => `${where}: false alarm on ${alarm.target}: ${alarm.why}`),
      ];
    });
    if (told.length === 0) continue;
    const hard = SCENARIOS.find((scenario) => scenario.name === name)?.hard;
    lines.push(`* **${name}**, in ${group.length} captures.${hard === undefined ? '' : ` ${hard}`}`);
    lines.push(...told.slice(0, SHOWN_MAX).map((text) => `  * ${text}`));
    if (told.length > SHOWN_MAX) lines.push(`  * … and ${told.length - SHOWN_MAX} more`);
  }
  return lines.length === 0 ? ['Nothing failed in these captures.'] : lines;
}

/** Failures of one scenario that are told one by one. */
const SHOWN_MAX = 8;
