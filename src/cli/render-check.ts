import type { CheckPhase, CheckResult } from '../model/vantage.ts';
import { type FixedColumn, fixedTable } from './fixed-table.ts';
import { labelled } from './layout.ts';
import { type Look, paintOf } from './terminal.ts';
import { withoutControls } from './text-width.ts';

type Phases = NonNullable<CheckResult['phasesMs']>;

const PHASES: readonly (readonly [title: string, key: keyof Phases, phase: CheckPhase])[] = [
  ['dns', 'dns', 'dns'],
  ['connect', 'connect', 'connect'],
  ['tls', 'tls', 'tls'],
  ['first', 'firstByte', 'first-byte'],
  ['content', 'content', 'content'],
];
const PHASE_WIDTH = 7;

/** The line of titles over the lines of `renderCheck`. */
export function renderCheckTitle(look: Look): string {
  return fixedTable(columnsOf(look), [], look.width, paintOf(look.colour).dim)[0];
}

/** A check in one line, times of phases in ms; below it, where it did not end well, why. */
export function renderCheck(result: CheckResult, look: Look): string[] {
  const check = withoutControls(result);
  const [, line] = fixedTable(columnsOf(look), [check], look.width, (text) => text);
  const more = [
    ...(check.failure === undefined ? [] : [`${check.failure.message} (${check.failure.code})`]),
    ...(check.attempts > 1 ? [`${check.attempts} attempts`] : []),
    ...(check.failure !== undefined && check.address !== undefined ? [`at ${check.address}`] : []),
  ];
  if (more.length === 0) return [line];
  return [line, ...labelled('', more.join(', '), look.width, 10).map(paintOf(look.colour).dim)];
}

function columnsOf(look: Look): FixedColumn<CheckResult>[] {
  const paint = paintOf(look.colour);
  return [
    { title: 'time', width: 8, drop: 2, text: ({ at }) => at.slice(11, 19) },
    {
      title: 'outcome',
      width: 11,
      text: ({ outcome }) => outcome,
      paint: (text, { outcome }) => (outcome === 'ok' ? paint.good(text) : paint.alarm(text)),
    },
    { title: 'what', width: 14, growMax: 60, text: ({ subject }) => subject.replace(/^https?:\/\//, '') },
    { title: 'IP', width: 2, align: 'right', text: ({ family }) => (family === undefined ? '' : `v${family}`) },
    { title: 'status', width: 6, align: 'right', drop: 1, text: ({ status }) => String(status ?? '') },
    { title: 'HTTP', width: 4, align: 'right', drop: 3, text: ({ httpVersion }) => httpVersion ?? '' },
    ...PHASES.map(
      ([title, key]): FixedColumn<CheckResult> => ({
        title,
        width: PHASE_WIDTH,
        align: 'right',
        ...(key === 'content' || key === 'dns' ? { drop: 4 } : {}),
        text: ({ phasesMs }) => msText(phasesMs?.[key]),
      }),
    ),
    { title: 'total', width: PHASE_WIDTH, align: 'right', text: ({ totalMs }) => msText(totalMs) },
  ];
}

function msText(ms: number | undefined): string {
  if (ms === undefined) return '';
  return ms < 10 ? ms.toFixed(1) : ms.toFixed(0);
}
