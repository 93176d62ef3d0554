import { formatCount, formatDuration, formatShare } from '../base/units.ts';
import type { ExporterFinding, ExporterReport } from '../model/attack.ts';
import { isSilent } from '../model/exporter-silence.ts';
import type { InputStatus } from '../model/station-view.ts';
import { labelled, wrapText } from './layout.ts';
import { exact } from './render-attack.ts';
import { type Look, type Paint, paintOf } from './terminal.ts';

const SEVERITIES: readonly ExporterFinding['severity'][] = ['fault', 'warning', 'notice'];

export const PROTOCOL_TEXT: Readonly<Record<ExporterReport['protocol'], string>> = {
  'netflow-v5': 'NetFlow v5',
  'netflow-v9': 'NetFlow v9',
  ipfix: 'IPFIX',
  'sflow-v5': 'sFlow v5',
};

/** What people call the vendors of the configuration. */
const VENDOR_TEXT: Readonly<Record<string, string>> = {
  'cisco-ios-xe': 'Cisco IOS-XE',
  'cisco-ios-xr': 'Cisco IOS-XR',
  juniper: 'Juniper',
  arista: 'Arista',
  mikrotik: 'MikroTik',
  huawei: 'Huawei',
  softflowd: 'softflowd',
  pmacct: 'pmacct',
  'open-vswitch': 'Open vSwitch',
};

/** What is wrong with an exporter, the worst first; of a station that tells only sentences, those. */
export function findingsOf({ findings, diagnosis }: ExporterReport): readonly ExporterFinding[] {
  const told = findings ?? diagnosis.map((message) => ({ code: 'told', severity: 'warning' as const, message }));
  return [...told].sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
}

/** True if somebody should look after the exporter. */
export function isWrong(exporter: ExporterReport): boolean {
  return findingsOf(exporter).some(({ severity }) => severity !== 'notice');
}

export interface ExporterList {
  readonly exporters: readonly ExporterReport[];
  readonly inputs: readonly InputStatus[];
  readonly nowMs: number;
  /** Whose commands are shown where the configuration does not say what an exporter is; `all` for every one. */
  readonly vendor?: string;
}

/** Exporters with their state, rate, loss and findings, and what to type about these. Ends with a newline. */
export function renderExporters({ exporters, inputs, nowMs, vendor }: ExporterList, look: Look): string {
  const paint = paintOf(look.colour);
  if (exporters.length === 0) return `${emptyLines(inputs, look, paint).join('\n')}\n`;
  const silent = exporters.filter((exporter) => isSilent(exporter, nowMs)).length;
  const wrong = exporters.filter(isWrong).length;
  const parts = [`${exact(exporters.length)} ${exporters.length === 1 ? 'exporter' : 'exporters'}`];
  parts.push(silent === 0 ? 'all send' : `${exact(silent)} silent`);
  parts.push(wrong === 0 ? 'nothing wrong with them' : `something wrong with ${exact(wrong)}`);
  const heading = paint.bold(parts.join(', '));
  const lines = [silent + wrong === 0 ? heading : paint.alarm(heading)];
  for (const exporter of exporters) lines.push('', ...exporterLines(exporter, nowMs, vendor, look, paint));
  return `${lines.join('\n')}\n`;
}

function exporterLines(
  exporter: ExporterReport,
  nowMs: number,
  vendor: string | undefined,
  look: Look,
  paint: Paint,
): string[] {
  const domain = exporter.observationDomain === 0 ? '' : `, domain ${exporter.observationDomain}`;
  const name = exporter.name === undefined ? exporter.exporter : `${exporter.name} (${exporter.exporter})`;
  const lines = [`${paint.bold(name)}  ${PROTOCOL_TEXT[exporter.protocol]}${domain}`];
  for (const line of wrapText(factsOf(exporter, nowMs).join('; '), look.width - 2)) lines.push(`  ${line}`);
  for (const finding of findingsOf(exporter)) lines.push(...findingLines(finding, vendor, look, paint));
  if (vendor === undefined && findingsOf(exporter).some(({ advice = [] }) => advice.length > 1)) {
    const said = "What to type depends on what it is: name its 'vendor' in the configuration, or ask with --vendor.";
    lines.push(...labelled('', said, look.width, 4).map(paint.dim));
  }
  return lines;
}

function factsOf(exporter: ExporterReport, nowMs: number): string[] {
  const sinceMs = Math.max(0, nowMs - Date.parse(exporter.lastSeen));
  const livedMs = Math.max(1000, Date.parse(exporter.lastSeen) - Date.parse(exporter.firstSeen));
  const facts = [isSilent(exporter, nowMs) ? `silent for ${formatDuration(sinceMs)}` : 'sends'];
  facts.push(`${formatCount((exporter.records * 1000) / livedMs)} records/s on average`);
  facts.push(`${exact(exporter.records)} records in ${exact(exporter.datagrams)} datagrams`);
  facts.push(lossText(exporter));
  if (exporter.samplingRates.length > 0)
    facts.push(
      `sampling ${exporter.samplingRates.map((rate) => (rate === 1 ? 'none' : `1 in ${exact(rate)}`)).join(', ')}`,
    );
  return facts;
}

export function lossText({ shareNotSeen, recordsLost, sequenceLost, protocol }: ExporterReport): string {
  const lost = recordsLost ?? sequenceLost;
  if (lost === 0 && (shareNotSeen ?? 0) === 0) return 'nothing lost';
  const what = recordsLost !== undefined || protocol === 'netflow-v5' || protocol === 'ipfix' ? 'records' : 'datagrams';
  const share = shareNotSeen === undefined || shareNotSeen === 0 ? '' : `, of late ${formatShare(shareNotSeen)}`;
  return `${exact(lost)} ${what} lost${share}`;
}

function findingLines(finding: ExporterFinding, vendor: string | undefined, look: Look, paint: Paint): string[] {
  const mark = finding.severity === 'notice' ? '·' : '!';
  const set = finding.severity === 'fault' ? paint.alarm : (text: string): string => text;
  const lines = labelled(`  ${mark} `, finding.message, look.width, 4).map(set);
  const { advice = [] } = finding;
  const known = vendor === undefined && advice.length > 1 ? [] : advice;
  for (const { vendor: of, lines: typed } of known) {
    if (vendor !== undefined && vendor !== 'all' && advice.length > 1 && vendor !== of) continue;
    lines.push(paint.dim(`    on ${VENDOR_TEXT[of] ?? of}:`));
    // Never wrapped: it is copied.
    lines.push(...typed.map((line) => `      ${line}`));
  }
  return lines;
}

/** The empty state: where it listens, and how to have somebody send. */
function emptyLines(inputs: readonly InputStatus[], look: Look, paint: Paint): string[] {
  const listening = inputs.filter(({ kind }) => kind !== 'pcap');
  const where = listening.map(
    ({ kind, address }) => `${kind === 'sflow' ? 'sFlow' : 'NetFlow and IPFIX'} on ${address}`,
  );
  const next =
    where.length === 0
      ? 'No telemetry input is turned on: give --netflow or --sflow to bonghwa serve, or inputs in the configuration.'
      : `It listens for ${where.join(', ')}. Point a router there; on a Linux host, 'softflowd -i eth0 -n ${(listening.find(({ kind }) => kind === 'netflow') ?? listening[0]).address}' exports what an interface sees. 'bonghwa doctor' looks for what is in the way.`;
  return [paint.bold('Nobody has exported to this station yet'), '', ...wrapText(next, look.width).map(paint.dim)];
}
