import { formatCount, formatDuration, formatShare } from '../base/units.ts';
import type { ExporterFinding, ExporterReport } from '../model/attack.ts';
import { isSilent } from '../model/exporter-silence.ts';
import type { InputStatus } from '../model/station-view.ts';
import { labelled, wrapText } from './layout.ts';
import { exact } from './render-attack.ts';
import { type Look, type Paint, paintOf } from './terminal.ts';

/** Findings of vendors that the configuration does not name are many: so many are shown of one finding. */
const ADVICE_SHOWN_MAX = 9;

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

/** What is wrong with an exporter; of a station that tells only sentences, those. */
export function findingsOf({ findings, diagnosis }: ExporterReport): readonly ExporterFinding[] {
  return findings ?? diagnosis.map((message) => ({ code: 'told', severity: 'warning', message }));
}

/** Exporters with their state, rate, loss and findings, and what to type about these. Ends with a newline. */
export function renderExporters(
  exporters: readonly ExporterReport[],
  inputs: readonly InputStatus[],
  nowMs: number,
  look: Look,
): string {
  const paint = paintOf(look.colour);
  if (exporters.length === 0) return `${emptyLines(inputs, look, paint).join('\n')}\n`;
  const silent = exporters.filter((exporter) => isSilent(exporter, nowMs)).length;
  const wrong = exporters.filter((exporter) => findingsOf(exporter).length > 0).length;
  const parts = [`${exact(exporters.length)} ${exporters.length === 1 ? 'exporter' : 'exporters'}`];
  parts.push(silent === 0 ? 'all send' : `${exact(silent)} silent`);
  parts.push(wrong === 0 ? 'nothing wrong with them' : `something wrong with ${exact(wrong)}`);
  const heading = paint.bold(parts.join(', '));
  const lines = [silent + wrong === 0 ? heading : paint.alarm(heading)];
  for (const exporter of exporters) lines.push('', ...exporterLines(exporter, nowMs, look, paint));
  return `${lines.join('\n')}\n`;
}

function exporterLines(exporter: ExporterReport, nowMs: number, look: Look, paint: Paint): string[] {
  const domain = exporter.observationDomain === 0 ? '' : `, domain ${exporter.observationDomain}`;
  const name = exporter.name === undefined ? exporter.exporter : `${exporter.name} (${exporter.exporter})`;
  const lines = [`${paint.bold(name)}  ${PROTOCOL_TEXT[exporter.protocol]}${domain}`];
  for (const line of wrapText(factsOf(exporter, nowMs).join('; '), look.width - 2)) lines.push(`  ${line}`);
  for (const finding of findingsOf(exporter)) lines.push(...findingLines(finding, look, paint));
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

function findingLines(finding: ExporterFinding, look: Look, paint: Paint): string[] {
  const mark = finding.severity === 'notice' ? '·' : '!';
  const set = finding.severity === 'fault' ? paint.alarm : (text: string): string => text;
  const lines = labelled(`  ${mark} `, finding.message, look.width, 4).map(set);
  const advice = finding.advice ?? [];
  for (const { vendor, lines: typed } of advice.slice(0, ADVICE_SHOWN_MAX)) {
    lines.push(paint.dim(`    on ${VENDOR_TEXT[vendor] ?? vendor}:`));
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
