import type { HistogramCounts } from '../base/histogram.ts';

/**
 * The text format of Prometheus, version 0.0.4: families of samples with HELP and TYPE lines.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

interface FamilyHead {
  readonly name: string;
  readonly help: string;
}

export type Family = FamilyHead &
  (
    | { readonly type: 'counter' | 'gauge'; readonly samples: readonly Sample[] }
    | { readonly type: 'histogram'; readonly histogram: HistogramCounts }
  );

export function renderExposition(families: readonly Family[]): string {
  const lines: string[] = [];
  for (const family of families) {
    lines.push(`# HELP ${family.name} ${escapeHelp(family.help)}`, `# TYPE ${family.name} ${family.type}`);
    if (family.type === 'histogram') lines.push(...histogramLines(family.name, family.histogram));
    else
      for (const { labels, value } of family.samples)
        lines.push(`${family.name}${labelText(labels)} ${numberText(value)}`);
  }
  return `${lines.join('\n')}\n`;
}

function histogramLines(name: string, { bounds, counts, sum }: HistogramCounts): string[] {
  const lines: string[] = [];
  let below = 0;
  for (const [at, count] of counts.entries()) {
    below += count;
    const bound = at < bounds.length ? numberText(bounds[at]) : '+Inf';
    lines.push(`${name}_bucket{le="${bound}"} ${below}`);
  }
  return [...lines, `${name}_sum ${numberText(sum)}`, `${name}_count ${below}`];
}

function labelText(labels: Labels | undefined): string {
  if (labels === undefined) return '';
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** Numbers as Go reads them: `1e+21` is one, and so are `NaN`, `+Inf` and `-Inf`. */
function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
