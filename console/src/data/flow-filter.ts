import type { Params } from './ask.ts';

/** Fields of the flow filter, by the names that `/api/flows` and `bonghwa flows` have for them. */
export const FILTER_FIELDS = [
  'src',
  'dst',
  'srcPort',
  'dstPort',
  'port',
  'proto',
  'class',
  'srcAsn',
  'srcCountry',
  'exporter',
  'kept',
] as const;
export type FilterField = (typeof FILTER_FIELDS)[number];

/** What a group by this dimension is asked for as, where the filter has a field for it. */
export const FIELD_OF: Readonly<Record<string, FilterField>> = {
  srcAddr: 'src',
  srcNet: 'src',
  srcAsn: 'srcAsn',
  srcCountry: 'srcCountry',
  srcPort: 'srcPort',
  dstAddr: 'dst',
  dstNet: 'dst',
  dstPort: 'dstPort',
  proto: 'proto',
  class: 'class',
  exporter: 'exporter',
  kept: 'kept',
};

export interface Filter {
  readonly params: Params;
  /** What could not be read, each part as it stands there. */
  readonly faults: readonly string[];
}

/** Fields that may be given several times: any of the values. */
const REPEATED: ReadonlySet<string> = new Set(['src', 'dst']);

/** Reads `srcCountry=UA dstPort=443`. A part that is none is told, and the rest is taken. */
export function readFilter(expression: string): Filter {
  const params: Record<string, string | readonly string[]> = {};
  const faults: string[] = [];
  for (const part of expression.split(/\s+/).filter(Boolean)) {
    const at = part.indexOf('=');
    const name = FILTER_FIELDS.find((field) => field.toLowerCase() === part.slice(0, at).toLowerCase());
    const value = part.slice(at + 1);
    if (at <= 0 || name === undefined || value === '') {
      faults.push(part);
      continue;
    }
    const before = params[name];
    params[name] = REPEATED.has(name) ? [...(Array.isArray(before) ? (before as string[]) : []), value] : value;
  }
  return { params, faults };
}

/** The expression with one condition more; one of the same field that cannot stand twice is replaced. */
export function addCondition(expression: string, field: FilterField, value: string | number): string {
  const condition = `${field}=${value}`;
  const parts = expression.split(/\s+/).filter(Boolean);
  if (parts.includes(condition)) return parts.join(' ');
  const kept = REPEATED.has(field) ? parts : parts.filter((part) => !part.startsWith(`${field}=`));
  return [...kept, condition].join(' ');
}

/** Names that go on what is being typed at the end of the expression. */
export function completions(expression: string): readonly string[] {
  const typed = /\S*$/.exec(expression)?.[0] ?? '';
  if (typed.includes('=')) return [];
  const before = expression.slice(0, expression.length - typed.length);
  return FILTER_FIELDS.filter((field) => field.toLowerCase().startsWith(typed.toLowerCase())).map(
    (field) => `${before}${field}=`,
  );
}
