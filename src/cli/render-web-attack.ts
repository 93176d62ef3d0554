import { formatBytes, formatCount, formatShare } from '../base/units.ts';
import type { Attack, WebEvidence } from '../model/attack.ts';

/** Values of a trait, attackers, and lines of the log that a person is shown. */
const TRAITS_SHOWN_MAX = 3;
const ATTACKERS_SHOWN_MAX = 5;
const LINES_SHOWN_MAX = 3;
const TEXT_MAX = 160;

/** True for an attack that only the log of a web server saw. */
export function isOfLog({ evidence }: Attack): boolean {
  return evidence.web !== undefined && evidence.packets === 0;
}

/** `12.5 requests/s`. */
export function formatRps(rate: number): string {
  return `${rate >= 100 ? formatCount(rate) : Number(rate.toPrecision(2))} requests/s`;
}

/** What the log says of an attack: why, what was asked for, by whom, what they have in common, a few of the lines. */
export function webFacts(attack: Attack): [label: string, text: string][] {
  const { web } = attack.evidence;
  if (web === undefined) return [];
  const facts: [string, string][] = [
    ['why', safe(attack.why)],
    ['vectors', attack.vectors.map(({ name, share }) => `${name} ${formatShare(share)}`).join(', ')],
    ['requests', requestsText(attack, web)],
    ['usual', usualText(attack)],
    ['harm', harmText(web)],
    ['template', traitText(web.templates)],
    ['attackers', attackersText(attack)],
    ['networks', traitText(web.networks)],
    ['agents', traitText(web.userAgents)],
    ['traits', traitsText(web)],
  ];
  for (const [at, line] of web.lines.slice(0, LINES_SHOWN_MAX).entries())
    facts.push([at === 0 ? 'lines' : '', safe(line)]);
  return facts;
}

/** Text from outside, made safe for a terminal: what is not printable is told by its number. */
export function safe(text: string): string {
  const shown = text.length > TEXT_MAX * 4 ? `${text.slice(0, TEXT_MAX * 4)}…` : text;
  // Controls of ASCII and Latin-1, marks that turn the direction of text, and what is no character.
  return shown.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu,
    (mark) => `\\u${(mark.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}

function requestsText(attack: Attack, web: WebEvidence): string {
  const parts = [
    `${count(web.requests)} of the attack, ${count(web.otherRequests)} others meanwhile`,
    `${formatBytes(web.bytes)} sent`,
  ];
  if (web.connections !== undefined) {
    const most = web.connectionsMax === undefined ? '' : ` of ${count(web.connectionsMax)}`;
    parts.push(`${count(web.connections)}${most} connections open at the height`);
  } else parts.push(`at the height ${formatRps(attack.peak.rps ?? 0)}`);
  return parts.join('; ');
}

function usualText({ baseline }: Attack): string {
  if (baseline.rps === undefined || baseline.learnedSeconds < 60)
    return 'not learned: the log starts too close to the attack';
  return `${formatRps(baseline.rps)}, learned over ${count(baseline.learnedSeconds)} s`;
}

function harmText(web: WebEvidence): string {
  const parts: string[] = [];
  if (web.failedShareDuring !== undefined) {
    const before = web.failedShareBefore === undefined ? '' : ` (${formatShare(web.failedShareBefore)} before)`;
    parts.push(`${formatShare(web.failedShareDuring)} of all requests failed${before}`);
  }
  if (web.p95MsDuring !== undefined) {
    const before = web.p95MsBefore === undefined ? '' : ` (${count(web.p95MsBefore)} ms before)`;
    parts.push(`95 of 100 were answered within ${count(web.p95MsDuring)} ms${before}`);
  }
  return parts.join('; ');
}

function attackersText({ attackers = [], attackersTotal = 0 }: Attack): string {
  if (attackersTotal === 0) return 'none is named yet';
  const shown = attackers
    .slice(0, ATTACKERS_SHOWN_MAX)
    .map(({ addr, requests }) => `${safe(addr)} (${count(requests)})`);
  const rest = attackersTotal - shown.length;
  return `${count(attackersTotal)}: ${shown.join(', ')}${rest > 0 ? ` and ${count(rest)} more; --json lists them` : ''}`;
}

function traitText(traits: WebEvidence['templates']): string {
  return traits
    .slice(0, TRAITS_SHOWN_MAX)
    .map(({ value, share }) => `${safe(value.slice(0, TEXT_MAX))} ${formatShare(share)}`)
    .join(', ');
}

function traitsText(web: WebEvidence): string {
  const said = (share: number | undefined, words: string): string[] =>
    share === undefined || share < 0.005 ? [] : [`${formatShare(share)} ${words}`];
  return [
    ...web.methods.slice(0, 1).map(({ value, share }) => `${formatShare(share)} ${value}`),
    ...web.httpVersions.slice(0, 1).map(({ value, share }) => `${formatShare(share)} HTTP/${value}`),
    ...web.statuses.slice(0, 1).map(({ value, share }) => `${formatShare(share)} answered ${value}`),
    ...said(web.novelValues, 'for something new'),
    ...said(web.withoutReferrer, 'without referrer'),
    ...said(web.withoutAssets, 'without assets'),
    ...said(web.newClients, 'from new clients'),
  ].join(', ');
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
