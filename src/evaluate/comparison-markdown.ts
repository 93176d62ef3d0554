import type { Comparison } from './evaluate.ts';
import type { Quantiles, Share } from './summary.ts';

/** Sections of docs/evaluation.md that other runs than the main one write; they stay when that is written anew. */
export const ABLATION_HEADING = '## What each part earns';
export const curveHeading = (name: string): string => `## The curve of \`${name}\``;
export const PEER_HEADING = '## FastNetMon beside it';
const KEPT =
  /^## (What each part earns|The curve of |FastNetMon beside it|Attacks in web server logs|GoAccess, fail2ban and CrowdSec)/;

const share = (of: Share | undefined): string => (of === undefined ? '' : of.value.toFixed(3));
const times = (of: Quantiles | undefined): string =>
  of === undefined ? '' : `${of.p50.toFixed(1)} / ${of.p95.toFixed(1)}`;

/** Variants side by side; time to detect is that of quick views. */
export function comparisonTable(compared: readonly Comparison[]): string {
  return [
    '| | recall | precision | vectors right | in time | time to detect, p50 / p95 | false alarms | attacks told for each |',
    '|---|---|---|---|---|---|---|---|',
    ...compared.map(({ name, total, quick }) =>
      [
        ...['', name, share(total.recall), share(total.precision), share(total.vectorRight), share(total.inTime)],
        ...[times(quick.detect), String(total.falseAlarms), total.fragments?.toFixed(3) ?? '', ''],
      ]
        .join(' | ')
        .trim(),
    ),
  ].join('\n');
}

interface Section {
  readonly heading: string;
  readonly text: string;
}

function sectionsOf(text: string): Section[] {
  return text.split(/^(?=## )/m).map((part) => ({ heading: part.split('\n', 1)[0], text: `${part.trimEnd()}\n` }));
}

/** The document with a section in the place of the one of that heading, or behind all others. */
export function withSection(text: string, heading: string, body: string): string {
  const own = { heading, text: `${heading}\n\n${body}\n` };
  const sections = sectionsOf(text).filter((section) => section.text.trim() !== '');
  const at = sections.findIndex((section) => section.heading === heading);
  const placed = at < 0 ? [...sections, own] : sections.map((section, index) => (index === at ? own : section));
  return placed.map((section) => section.text).join('\n');
}

/** A document written anew, with what other runs wrote into the one before. */
export function withKeptSections(text: string, before: string): string {
  return sectionsOf(before)
    .filter(({ heading }) => KEPT.test(heading))
    .reduce((whole, { heading, text: kept }) => withSection(whole, heading, kept.slice(heading.length).trim()), text);
}
