import { formatBps, formatBytes, formatDuration, formatPps, formatShare } from '../base/units.ts';
import type { Attack, ExporterReport, ReplayReport, Verdict } from '../model/attack.ts';
import { REJECTION_REASONS, type RejectionReason } from '../model/rejection.ts';
import { type Cell, type Column, labelled, renderTable, tableWidth, wrapText } from './layout.ts';
import { clockOf, detectedText, exact, lastedText, renderAttack } from './render-attack.ts';
import { incidentLines, outageLines } from './render-incidents.ts';
import { formatRps, isOfLog } from './render-web-attack.ts';
import { type Look, type Paint, paintOf } from './terminal.ts';

/** Verdicts a person is shown; `--json` has all of them. */
const VERDICTS_SHOWN_MAX = 40;
const ATTACKS_EXPLAINED_MAX = 20;
const INCIDENTS_TOLD_MAX = 5;

export interface ReportText {
  readonly look: Look;
  /** Files that were read, for the header. */
  readonly files: readonly string[];
  /** What was protected, in words; empty when every destination was a candidate. */
  readonly networks: readonly string[];
  /** UDP ports that were looked at for telemetry; empty when telemetry was not looked for. */
  readonly telemetryPorts: readonly number[];
}

/** What a person reads after a replay. Ends with a newline. */
export function renderReport(report: ReplayReport, options: ReportText): string {
  const { look } = options;
  const paint = paintOf(look.colour);
  const lines = [...headerLines(report, options, paint), ''];
  const onlyChecks =
    report.checks !== undefined && report.checks > 0 && report.packets + report.flows + report.bytes === 0;
  if (onlyChecks && report.attacks.length === 0) lines.pop();
  else if (report.attacks.length === 0) lines.push(...emptyLines(report, options, paint));
  else lines.push(...attackLines(report.attacks, report.flows > 0, look, paint));
  lines.push(...assessedLines(report, look, paint));
  if (report.verdicts !== undefined) lines.push('', ...verdictLines(report.verdicts, look, paint));
  if (report.exporters.length > 0) lines.push('', ...exporterLines(report.exporters, look, paint));
  const rejected = rejectionLines(report.rejected, look.width);
  if (rejected.length > 0) lines.push('', paint.bold('Input that was refused'), ...rejected);
  return `${lines.join('\n')}\n`;
}

/** What attacks did to sites, where checks or logs were read too. */
function assessedLines({ outages = [], incidents = [], sites = [] }: ReplayReport, look: Look, paint: Paint): string[] {
  if (sites.length + incidents.length === 0) return [];
  const seen = `${plural(sites.length, 'site')} looked at`;
  const lines: string[] = [];
  if (outages.length === 0 && sites.length > 0) lines.push('', paint.good(paint.bold(`No outage found, ${seen}`)));
  else if (outages.length > 0) {
    const heading = outages.length === 1 ? 'One outage found' : `${outages.length} outages found`;
    lines.push('', paint.alarm(paint.bold(`${heading}, ${seen}`)), '', ...outageLines(outages, look));
  }
  for (const incident of incidents.slice(0, INCIDENTS_TOLD_MAX))
    lines.push('', ...incidentLines(incident, look, false));
  const rest = incidents.length - INCIDENTS_TOLD_MAX;
  if (rest > 0) lines.push('', `${plural(rest, 'more incident')}; --json has all of them.`);
  return lines;
}

function headerLines(report: ReplayReport, options: ReportText, paint: Paint): string[] {
  const files = options.files.length === 1 ? options.files[0] : `${options.files.length} files`;
  const lines = wrapText(files === '-' ? 'standard input' : files, options.look.width).map((line) => paint.bold(line));
  const durationMs = durationOf(report);
  if (report.from !== undefined && report.to !== undefined) {
    const sameDay = report.from.slice(0, 10) === report.to.slice(0, 10);
    const to = sameDay ? clockOf(report.to) : `${report.to.slice(0, 10)} ${clockOf(report.to)}`;
    const span = `${report.from.slice(0, 10)} ${clockOf(report.from)} to ${to} UTC (${formatDuration(durationMs)})`;
    lines.push(...wrapText(span, options.look.width));
  }
  if (report.checks !== undefined && report.checks > 0) lines.push(`${plural(report.checks, 'check')} of sites`);
  if (report.requests !== undefined) {
    const rate = durationMs > 0 ? `; on average ${formatRps((report.requests * 1000) / durationMs)}` : '';
    const text = `${plural(report.requests, 'request')} in logs of web servers${rate}`;
    lines.push(...wrapText(text, options.look.width));
  }
  const others = (report.checks ?? 0) > 0 || report.requests !== undefined;
  if (report.packets > 0 || (report.flows === 0 && !others)) {
    const volume = `${plural(report.packets, 'packet')}, ${formatBytes(report.bytes)}`;
    const rate = durationMs > 0 ? `; on average ${ratesText(report.packets, report.bytes, durationMs)}` : '';
    lines.push(...wrapText(`${volume}${rate}`, options.look.width));
  }
  if (report.flows > 0) {
    const reported = report.reported;
    const said =
      reported === undefined
        ? ''
        : `, which report ${exact(reported.packets)} packets, ${formatBytes(reported.bytes)}${durationMs > 0 ? `; on average ${ratesText(reported.packets, reported.bytes, durationMs)}` : ''}`;
    const records = `${exact(report.flows)} ${report.flows === 1 ? 'flow record' : 'flow records'}`;
    lines.push(...wrapText(`${records} of ${plural(report.exporters.length, 'exporter')}${said}`, options.look.width));
  }
  return lines;
}

function ratesText(packets: number, bytes: number, durationMs: number): string {
  return `${formatPps((packets * 1000) / durationMs)}, ${formatBps((bytes * 8000) / durationMs)}`;
}

function durationOf(report: ReplayReport): number {
  return report.from === undefined || report.to === undefined ? 0 : Date.parse(report.to) - Date.parse(report.from);
}

function plural(count: number, word: string): string {
  return `${exact(count)} ${word}${Math.round(count) === 1 ? '' : 's'}`;
}

function attackLines(attacks: readonly Attack[], telemetry: boolean, look: Look, paint: Paint): string[] {
  const lines = [
    paint.alarm(paint.bold(attacks.length === 1 ? 'One attack found' : `${attacks.length} attacks found`)),
    '',
  ];
  lines.push(...attackTable(attacks, look, paint));
  for (const [at, attack] of attacks.slice(0, ATTACKS_EXPLAINED_MAX).entries()) {
    lines.push('', ...renderAttack(attack, at + 1, look, telemetry));
  }
  const rest = attacks.length - ATTACKS_EXPLAINED_MAX;
  if (rest > 0)
    lines.push(
      '',
      ...wrapText(`${plural(rest, 'more attack')} in the table above; --json explains them too.`, look.width),
    );
  return lines;
}

/** One line an attack where the width allows it, else several facts under each other in a cell. */
function attackTable(attacks: readonly Attack[], look: Look, paint: Paint): string[] {
  const wide: Column[] = [
    { title: '#', align: 'right' },
    { title: 'target', paint: paint.bold },
    { title: 'vectors' },
    { title: 'start (UTC)' },
    { title: 'lasted', align: 'right' },
    { title: 'detected', align: 'right' },
    { title: 'peak bits', align: 'right' },
    { title: attacks.every(isOfLog) ? 'peak requests' : 'peak packets', align: 'right' },
    { title: 'sources', align: 'right' },
  ];
  const wideRows = attacks.map((attack, at): Cell[] => [
    [String(at + 1)],
    [attack.target.value],
    vectorCell(attack),
    [clockOf(attack.start)],
    [lastedText(attack)],
    [detectedText(attack)],
    [formatBps(attack.peak.bps)],
    [peakText(attack)],
    [exact(attack.sources.distinct)],
  ]);
  if (tableWidth(wide, wideRows) <= look.width) return renderTable(wide, wideRows, paint.dim);
  const stacked = (targetMax: number): Column[] => [
    { title: '#', align: 'right' },
    { title: 'target', paint: paint.bold, widthMax: targetMax },
    { title: 'vectors' },
    { title: 'when (UTC)' },
    { title: 'peak' },
  ];
  const stackedRows = attacks.map((attack, at): Cell[] => [
    [String(at + 1)],
    [attack.target.value],
    vectorCell(attack),
    [clockOf(attack.start), forText(attack), `seen ${detectedText(attack)}`],
    [peakText(attack), formatBps(attack.peak.bps), plural(attack.sources.distinct, 'source')],
  ]);
  const over = tableWidth(stacked(128), stackedRows) - look.width;
  const targetWidth = Math.max(...attacks.map((attack) => attack.target.value.length));
  if (targetWidth - over >= 12) return renderTable(stacked(targetWidth - Math.max(0, over)), stackedRows, paint.dim);
  return attacks.flatMap((attack, at) => [
    ...labelled(`${at + 1}`, attack.target.value, look.width, 4),
    ...[
      vectorCell(attack).join(', '),
      `${clockOf(attack.start)}, ${forText(attack)}`,
      `detected ${detectedText(attack)}`,
      `peak ${peakText(attack)}, ${formatBps(attack.peak.bps)}`,
      plural(attack.sources.distinct, 'source'),
    ].flatMap((text) => labelled('', text, look.width, 4)),
  ]);
}

/** Packets a second at the height, or requests where only a log told. */
function peakText(attack: Attack): string {
  return isOfLog(attack) ? formatRps(attack.peak.rps ?? 0) : formatPps(attack.peak.pps);
}

function forText(attack: Attack): string {
  return attack.end === undefined ? lastedText(attack) : `for ${lastedText(attack)}`;
}

function vectorCell(attack: Attack): Cell {
  return attack.vectors.map(({ name, share }) => `${name} ${formatShare(share)}`);
}

/** The empty state: what was looked at, why nothing was found, what to try next. */
function emptyLines(report: ReplayReport, options: ReportText, paint: Paint): string[] {
  const { width } = options.look;
  const lines = [paint.good(paint.bold('No attack found')), ''];
  const say = (label: string, text: string): void => {
    for (const line of labelled(label, text, width, 12)) lines.push(paint.dim(line.slice(0, 12)) + line.slice(12));
  };
  // Where only logs were read nothing is said of addresses and telemetry.
  const onlyLogs = report.requests !== undefined && report.packets + report.flows === 0;
  const candidates =
    options.networks.length === 0 ? 'every destination address' : `addresses in ${options.networks.join(', ')}`;
  const noTelemetry = report.flows === 0 && options.telemetryPorts.length > 0 && !onlyLogs;
  const telemetry = noTelemetry ? `; no flow record was found, on UDP ports ${options.telemetryPorts.join(', ')}` : '';
  say('looked at', onlyLogs ? 'every site that the logs name' : `${candidates} as a target${telemetry}`);
  say('because', emptyReason(report));
  const next: string[] = [];
  if (report.verdicts === undefined) next.push('--all-verdicts lists what was considered and why it was passed over');
  if (options.networks.length > 0 && !onlyLogs) next.push('without --network every destination is a candidate');
  if (noTelemetry) next.push('--telemetry-port PORT reads telemetry that is exported to another port');
  if (onlyLogs && report.requests === 0) next.push('--log-format tells how lines are laid out that are not recognised');
  const otherwise = onlyLogs ? 'a longer log' : 'a longer capture, or one from nearer to the target';
  say('try next', `${next.length === 0 ? otherwise : next.join('; ')}.`);
  return lines;
}

function emptyReason(report: ReplayReport): string {
  const requests = report.requests ?? 0;
  if (report.packets === 0 && report.flows === 0 && requests === 0) {
    return report.requests === undefined
      ? 'the input holds no packet and no flow record.'
      : report.bytes === 0
        ? 'the log is empty.'
        : 'no line of the log is a request; see below.';
  }
  const undecodable = (report.rejected['packet-link-unknown'] ?? 0) + (report.rejected['packet-truncated'] ?? 0);
  if (report.packets > 0 && undecodable >= report.packets / 2) {
    return `${exact(undecodable)} of ${plural(report.packets, 'packet')} could not be decoded; see below.`;
  }
  const considered = report.verdicts?.length ?? 0;
  const passed =
    considered === 0
      ? ''
      : ` ${plural(considered, 'target')} came near and ${considered === 1 ? 'was' : 'were'} passed over; see below.`;
  if (requests > 0 && report.packets + report.flows === 0)
    return `no site had requests beyond what is usual that also looked like an attack.${passed}`;
  return `no target had traffic above its limit that also looked like an attack.${passed}`;
}

function verdictLines(verdicts: readonly Verdict[], look: Look, paint: Paint): string[] {
  const title = paint.bold(
    verdicts.length === 0 ? 'Nothing else was considered' : `Considered and passed over: ${exact(verdicts.length)}`,
  );
  if (verdicts.length === 0) return [title];
  const shown = verdicts.slice(0, VERDICTS_SHOWN_MAX);
  const lines = [title];
  for (const verdict of shown) {
    const direction = verdict.direction === 'out' ? ' (outgoing)' : '';
    const head = `${verdict.target.value}${direction}: ${verdict.kind}, ${verdict.peak.rps === undefined ? `${formatPps(verdict.peak.pps)}, ${formatBps(verdict.peak.bps)}` : formatRps(verdict.peak.rps)} at ${clockOf(verdict.at)}`;
    lines.push(
      ...labelled('', head, look.width, 2),
      ...labelled('', verdict.reason, look.width, 6).map((line) => paint.dim(line)),
    );
  }
  if (verdicts.length > shown.length)
    lines.push(`  and ${exact(verdicts.length - shown.length)} more; --json has all of them`);
  return lines;
}

const PROTOCOL_TEXT: Readonly<Record<ExporterReport['protocol'], string>> = {
  'netflow-v5': 'NetFlow v5',
  'netflow-v9': 'NetFlow v9',
  ipfix: 'IPFIX',
  'sflow-v5': 'sFlow v5',
};

function exporterLines(exporters: readonly ExporterReport[], look: Look, paint: Paint): string[] {
  const lines = [paint.bold('Exporters')];
  for (const exporter of exporters) {
    const facts = [`${exact(exporter.datagrams)} datagrams`, `${exact(exporter.records)} records`];
    if (exporter.optionRecords > 0) facts.push(`${exact(exporter.optionRecords)} option records`);
    if (exporter.counterSamples > 0) facts.push(`${exact(exporter.counterSamples)} counter samples`);
    if (exporter.templates > 0) facts.push(plural(exporter.templates, 'template'));
    if (exporter.samplingRates.length > 0) facts.push(`sampling 1 in ${exporter.samplingRates.map(exact).join(', ')}`);
    if (exporter.unknownTemplateSets > 0) facts.push(`${plural(exporter.unknownTemplateSets, 'set')} without template`);
    if (exporter.sequenceLost > 0) facts.push(`${exact(exporter.sequenceLost)} missing by sequence number`);
    const domain = exporter.observationDomain === 0 ? '' : `, domain ${exporter.observationDomain}`;
    lines.push(
      ...labelled(
        '',
        `${exporter.exporter} (${PROTOCOL_TEXT[exporter.protocol]}${domain}): ${facts.join(', ')}`,
        look.width,
        2,
      ),
    );
    for (const diagnosis of exporter.diagnosis) lines.push(...labelled('    ! ', diagnosis, look.width, 6));
  }
  return lines;
}

/** The rejections in words, one a line, most frequent first. */
export function rejectionLines(rejected: Readonly<Record<string, number>>, width: number): string[] {
  const reasons = Object.entries(rejected).sort((a, b) => b[1] - a[1]);
  return reasons.flatMap(([reason, count]) => {
    const words = Object.hasOwn(REJECTION_REASONS, reason) ? REJECTION_REASONS[reason as RejectionReason] : reason;
    const label = `  ${exact(count)} × `;
    return labelled(label, `${words} (${reason})`, width, Math.max(10, label.length));
  });
}

/** How far a file has been read, as a share in words; empty where its size is not known. */
export function shareRead(bytesRead: number, bytesTotal: number | undefined): string {
  return bytesTotal === undefined || bytesTotal === 0 ? '' : formatShare(Math.min(1, bytesRead / bytesTotal));
}
