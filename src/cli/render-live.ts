import { formatBps, formatBytes, formatCount, formatDuration, formatPps, formatShare } from '../base/units.ts';
import type { Attack, ExporterReport } from '../model/attack.ts';
import { isSilent } from '../model/exporter-silence.ts';
import type { InputStatus, StationStatus, StoreStatus } from '../model/station-view.ts';
import { fixedTable } from './fixed-table.ts';
import { wrapText } from './layout.ts';
import type { LiveHistory } from './live-history.ts';
import { exact } from './render-attack.ts';
import { vectorsText } from './render-attacks.ts';
import { findingsOf, isWrong, PROTOCOL_TEXT } from './render-exporters.ts';
import { bar, shareText } from './render-flows.ts';
import { levelOf } from './sparkline.ts';
import { type Look, type Paint, paintOf } from './terminal.ts';
import { cutText, fitText, textWidth, withoutControls } from './text-width.ts';

export interface LiveLook extends Look {
  /** Lines that there are; without it as many as are needed, bounded. */
  readonly height?: number;
  /** What targets are ordered by: how near they are to their limit, or how much they get. */
  readonly sort?: 'limit' | 'rate';
  /** The last line. */
  readonly foot?: string;
}

type TargetRate = StationStatus['targets'][number];

/** Rows of a list where the height does not bound them. */
const ROWS_MAX = 20;
const WARNINGS_MAX = 3;
/** Without a decision for this long, detection stands still, ms. */
const DECIDED_MS_MAX = 10_000;

/**
 * A station at a glance, from top to bottom by how soon somebody must act: what happens, warnings, attacks, targets by how near
 * they are to their limit, exporters, inputs and stores. Without attack it is grey; colour is for what is not as it should be.
 */
export function renderLive(told: StationStatus, look: LiveLook, history: LiveHistory): string[] {
  const status = withoutControls(told);
  const paint = paintOf(look.colour);
  const head = [...headLines(status, look, history, paint), ...warningLines(status, look, paint)];
  const foot = [
    ...plantLines(status, look, paint),
    ...(look.foot === undefined ? [] : [paint.dim(cutText(look.foot, look.width))]),
  ];
  const counts = [status.attacksOngoing.length, status.targets.length, status.exporters.length];
  const room = look.height === undefined ? Number.POSITIVE_INFINITY : look.height - head.length - foot.length - 1;
  const [attacks, targets, exporters] = share(counts, room);
  const lists = [
    attackLines(status, attacks, look, paint),
    targetLines(status, targets, look, paint),
    exporterLines(status, exporters, look, history, paint),
  ];
  const lines = [...head, ...lists.flatMap((list) => (list.length === 0 ? [] : ['', ...list])), '', ...foot];
  if (look.height === undefined || lines.length <= look.height) return lines;
  return [...lines.slice(0, Math.max(0, look.height - foot.length)), ...foot].slice(0, look.height);
}

/** Rows for each list: attacks first, then some of each, then whoever has more. Every list costs two lines besides its rows. */
function share(counts: readonly number[], room: number): number[] {
  const rows = counts.map(() => 0);
  let left = room - 2 * counts.filter((count) => count > 0).length;
  const give = (at: number, most: number): void => {
    const more = Math.max(0, Math.min(most, counts[at] - rows[at], left));
    rows[at] += more;
    left -= more;
  };
  const most = Number.isFinite(room) ? Math.max(1, Math.floor(room / 3)) : ROWS_MAX;
  give(0, most);
  give(1, Math.max(3, Math.floor(most / 2)));
  give(2, Math.max(2, Math.floor(most / 2)));
  if (!Number.isFinite(room)) return counts.map((count) => Math.min(count, ROWS_MAX));
  for (const at of [1, 0, 2]) give(at, counts[at]);
  return rows;
}

function headLines(status: StationStatus, look: LiveLook, history: LiveHistory, paint: Paint): string[] {
  const { text, alarm } = sentence(status);
  const clock = `${status.now.slice(11, 19)} UTC`;
  const first = fitText(text, look.width - clock.length - 1);
  const uptime = formatDuration(Math.max(0, Date.parse(status.now) - Date.parse(status.startedAt)));
  const who = [
    ...(status.organisation === undefined ? [] : [status.organisation]),
    `Bonghwa ${status.version}`,
    `up ${uptime}`,
    `${exact(status.attacksTotal)} ${status.attacksTotal === 1 ? 'attack' : 'attacks'} since then`,
    `${formatBytes(status.memoryBytes)} of memory`,
  ];
  // Where it is narrow, what matters less is left out whole.
  while (who.length > 2 && textWidth(who.join(' · ')) > look.width) who.pop();
  const figures = figuresText(status, history);
  const room = look.width - textWidth(figures) - 2;
  const spark = room >= 8 && history.pps().length > 1 ? `  ${sparkline(history.pps(), room)}` : '';
  return [
    `${alarm ? paint.alarm(paint.bold(first)) : paint.bold(first)} ${paint.dim(clock)}`,
    paint.dim(cutText(who.join(' · '), look.width)),
    cutText(figures, look.width) + paint.dim(spark.trimEnd()),
  ];
}

function sentence(status: StationStatus): { readonly text: string; readonly alarm: boolean } {
  const { attacksOngoing, decidedAt, inputs } = status;
  const sinceMs = decidedAt === undefined ? 0 : Date.parse(status.now) - Date.parse(decidedAt);
  if (sinceMs > DECIDED_MS_MAX) return { text: `No second was decided for ${formatDuration(sinceMs)}`, alarm: true };
  if (attacksOngoing.length > 0) {
    const first = attacksOngoing.map(({ start }) => start).sort()[0];
    const since =
      first.slice(0, 10) === status.now.slice(0, 10) ? first.slice(11, 19) : first.slice(0, 16).replace('T', ' ');
    const count = attacksOngoing.length;
    const text =
      count === 1
        ? `1 attack in progress, since ${since}`
        : `${exact(count)} attacks in progress, the first since ${since}`;
    return { text, alarm: true };
  }
  const heard = inputs.some(({ datagrams, records }) => datagrams > 0 || records > 0);
  if (!heard) {
    const text = inputs.length === 0 ? 'No flow telemetry is taken here' : 'Waiting: nothing has come in yet';
    return { text, alarm: false };
  }
  if (decidedAt === undefined) return { text: 'Starting: no second was decided yet', alarm: false };
  return { text: 'No attack in progress', alarm: false };
}

function figuresText(status: StationStatus, history: LiveHistory): string {
  const { total } = status;
  const records = history.recordsPerSecond();
  const loss = history.lossShare();
  const parts = [formatBps(total.bps), formatPps(total.pps)];
  parts.push(records === undefined ? `${formatCount(status.records)} records` : `${formatCount(records)} records/s`);
  if (loss !== undefined && loss > 0) parts.push(`lost ${shareText(loss)} of the last minute`);
  else parts.push(status.recordsLost === 0 ? 'none lost' : `${formatCount(status.recordsLost)} lost so far`);
  return parts.join('  ');
}

function sparkline(values: readonly number[], width: number): string {
  const shown = values.slice(-width);
  const top = shown.reduce((most, value) => Math.max(most, value), 0);
  return shown.map((value) => levelOf(value, top)).join('');
}

function warningLines(status: StationStatus, look: LiveLook, paint: Paint): string[] {
  const shown = status.warnings.slice(0, WARNINGS_MAX);
  const lines = shown.flatMap((warning) =>
    wrapText(warning, look.width - 2).map((line, at) => paint.alarm(`${at === 0 ? '! ' : '  '}${line}`)),
  );
  const rest = status.warnings.length - shown.length;
  if (rest > 0) lines.push(paint.alarm(`  and ${rest} more`));
  return lines;
}

function titleOf(word: string, shown: number, count: number): string {
  return shown < count ? `${word} (${exact(shown)} of ${exact(count)})` : word;
}

function attackLines(status: StationStatus, rows: number, look: LiveLook, paint: Paint): string[] {
  const attacks = status.attacksOngoing;
  if (attacks.length === 0 || rows === 0) return [];
  const nowMs = Date.parse(status.now);
  const rateOf = new Map(
    status.targets.flatMap((target) => (target.attackId === undefined ? [] : [[target.attackId, target.rate]])),
  );
  const inBits = (attack: Attack): boolean => attack.evidence.measure === 'bps';
  return fixedTable<Attack>(
    [
      { title: '', width: 1, text: () => '▲', paint: paint.alarm },
      {
        title: titleOf('attacks', rows, attacks.length),
        width: 20,
        growMax: 48,
        text: ({ target, direction }) => `${direction === 'out' ? 'from ' : ''}${target.value}`,
        paint: paint.bold,
      },
      { title: 'vectors', width: 15, growMax: 40, text: vectorsText },
      {
        title: 'for',
        width: 10,
        align: 'right',
        drop: 1,
        text: ({ start }) => formatDuration(Math.max(0, nowMs - Date.parse(start))),
      },
      {
        title: 'now',
        width: 17,
        align: 'right',
        drop: 3,
        text: (attack) => {
          const rate = rateOf.get(attack.id);
          if (rate === undefined) return '–';
          return inBits(attack) ? formatBps(rate.bps) : formatPps(rate.pps);
        },
      },
      {
        title: 'peak',
        width: 17,
        align: 'right',
        drop: 2,
        text: (attack) => (inBits(attack) ? formatBps(attack.peak.bps) : formatPps(attack.peak.pps)),
      },
      { title: 'sources', width: 9, align: 'right', drop: 4, text: ({ sources }) => formatCount(sources.distinct) },
    ],
    attacks.slice(0, rows),
    look.width,
    paint.dim,
  );
}

function targetLines(status: StationStatus, rows: number, look: LiveLook, paint: Paint): string[] {
  if (status.targets.length === 0) {
    const said = status.decidedAt === undefined ? '' : 'no target is above its floor';
    return said === '' ? [] : [paint.dim(said)];
  }
  if (rows === 0) return [];
  const { sort = 'limit' } = look;
  const targets = [...status.targets].sort((a, b) =>
    sort === 'limit' ? b.excess - a.excess : b.rate.bps - a.rate.bps,
  );
  return fixedTable<TargetRate>(
    [
      { title: '', width: 1, text: ({ attackId }) => (attackId === undefined ? '' : '▲'), paint: paint.alarm },
      {
        title: titleOf('targets', rows, targets.length),
        width: 20,
        growMax: 48,
        text: ({ target, direction }) => `${direction === 'out' ? 'from ' : ''}${target.value}`,
      },
      { title: 'bits', width: 11, align: 'right', drop: 0.5, text: ({ rate }) => formatBps(rate.bps) },
      { title: 'usual', width: 11, align: 'right', drop: 3, text: ({ baseline }) => usual(baseline.bps, formatBps) },
      { title: 'packets', width: 17, align: 'right', drop: 1, text: ({ rate }) => formatPps(rate.pps) },
      { title: 'usual', width: 17, align: 'right', drop: 4, text: ({ baseline }) => usual(baseline.pps, formatPps) },
      {
        title: 'of its limit',
        width: 15,
        growMax: 40,
        text: ({ excess }, width) => limitText(excess, width),
        paint: (text, { excess }) => (excess >= 1 ? paint.alarm(text) : text),
      },
    ],
    targets.slice(0, rows),
    look.width,
    paint.dim,
  );
}

function usual(value: number, format: (value: number) => string): string {
  return value === 0 ? 'not known' : format(value);
}

function limitText(excess: number, width: number): string {
  const figure = excess >= 1 ? `${formatCount(excess)}×` : formatShare(excess);
  return `${fitText(figure, 6, 'right')} ${bar(excess, width - 7)}`;
}

function exporterLines(
  status: StationStatus,
  rows: number,
  look: LiveLook,
  history: LiveHistory,
  paint: Paint,
): string[] {
  const nowMs = Date.parse(status.now);
  if (status.exporters.length === 0) return nobodyLines(status.inputs, look, paint);
  if (rows === 0) return [];
  // What needs somebody first: silent ones, then those with findings.
  const urgency = (exporter: ExporterReport): number => (isSilent(exporter, nowMs) ? 2 : isWrong(exporter) ? 1 : 0);
  const exporters = [...status.exporters].sort((a, b) => urgency(b) - urgency(a) || b.records - a.records);
  const domainOf = (domain: number): string => (domain === 0 ? '' : ` /${domain}`);
  return fixedTable<ExporterReport>(
    [
      {
        title: '',
        width: 1,
        text: (exporter) => ' ·!'[urgency(exporter)],
        paint: (text, exporter) => (urgency(exporter) === 2 ? paint.alarm(text) : text),
      },
      {
        title: titleOf('exporters', rows, exporters.length),
        width: 16,
        growMax: 40,
        text: ({ name, exporter, observationDomain }) => `${name ?? exporter}${domainOf(observationDomain)}`,
      },
      { title: '', width: 10, drop: 3, text: ({ protocol }) => PROTOCOL_TEXT[protocol] },
      {
        title: 'records',
        width: 9,
        align: 'right',
        drop: 1,
        text: (exporter) => {
          const rate = history.exporterRate(exporter);
          return rate === undefined ? formatCount(exporter.records) : `${formatCount(rate)}/s`;
        },
      },
      {
        title: 'not seen',
        width: 8,
        align: 'right',
        drop: 2,
        text: ({ shareNotSeen }) => (shareNotSeen === undefined ? '' : shareText(shareNotSeen)),
      },
      {
        title: 'state',
        width: 18,
        growMax: 90,
        text: (exporter) => stateText(exporter, nowMs),
        paint: (text, exporter) => (urgency(exporter) === 2 ? paint.alarm(text) : text),
      },
    ],
    exporters.slice(0, rows),
    look.width,
    paint.dim,
  );
}

function stateText(exporter: ExporterReport, nowMs: number): string {
  if (isSilent(exporter, nowMs))
    return `silent for ${formatDuration(Math.max(0, nowMs - Date.parse(exporter.lastSeen)))}`;
  const [finding, ...rest] = findingsOf(exporter);
  if (finding === undefined) return 'sends';
  return rest.length === 0 ? finding.message : `${rest.length + 1} findings: ${finding.message}`;
}

function nobodyLines(inputs: readonly InputStatus[], look: LiveLook, paint: Paint): string[] {
  const udp = inputs.filter(({ kind }) => kind !== 'pcap');
  if (udp.length === 0) return [];
  const where = udp.map(({ kind, address }) => `${kind} ${address}`).join(', ');
  const said = `Nobody exports to it yet. It listens on ${where}: point a router there, or run 'softflowd -i eth0 -n ${udp[0].address}' on a Linux host.`;
  return wrapText(said, look.width).map(paint.dim);
}

/** Inputs and stores: a line each where all is well, and more words where it is not. */
function plantLines(status: StationStatus, look: LiveLook, paint: Paint): string[] {
  const inputs = status.inputs.map((input) => inputText(input));
  const stores = [storeText('state', status.state), storeText('telemetry', status.telemetry)];
  const line = (label: string, parts: readonly { text: string; wrong: boolean }[]): string[] => {
    const text = parts.map((part) => part.text).join(' · ');
    if (text === '') return [];
    const set = parts.some(({ wrong }) => wrong) ? paint.alarm : paint.dim;
    return [paint.dim(label) + set(cutText(text, look.width - label.length))];
  };
  return [...line('inputs  ', inputs), ...line('stores  ', stores)];
}

function inputText(input: InputStatus): { text: string; wrong: boolean } {
  const { kind, address, error, datagramsDropped, recordsShed } = input;
  const facts = [`${kind} ${address}`];
  if (error !== undefined) facts.push(error);
  if (datagramsDropped > 0) facts.push(`${formatCount(datagramsDropped)} datagrams dropped`);
  if (recordsShed > 0) facts.push(`${formatCount(recordsShed)} records shed`);
  return { text: facts.join(', '), wrong: error !== undefined };
}

const STORE_TEXT: Readonly<Record<StoreStatus['kind'], string>> = {
  pglite: 'PGlite',
  postgresql: 'PostgreSQL',
  chdb: 'chDB',
  clickhouse: 'ClickHouse',
  off: 'off',
};

function storeText(name: string, store: StoreStatus): { text: string; wrong: boolean } {
  if (store.kind === 'off') return { text: `${name} ${store.state === 'starting' ? 'starting' : 'off'}`, wrong: false };
  const facts = [`${name} ${STORE_TEXT[store.kind]} ${store.state}`];
  if (store.waiting > 0 && store.state !== 'ready') facts.push(`${formatCount(store.waiting)} wait`);
  if (store.lost > 0) facts.push(`${formatCount(store.lost)} not kept`);
  if (store.bytesOnDisk !== undefined) facts.push(formatBytes(store.bytesOnDisk));
  if (store.error !== undefined) facts.push(store.error);
  return { text: facts.join(', '), wrong: store.state === 'down' || store.lost > 0 };
}
