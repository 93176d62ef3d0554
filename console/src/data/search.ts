import type { Attack, ExporterReport } from '../../../src/model/attack.ts';
import { hrefOf } from './route.ts';
import type { IncidentSummary, ListedSite } from './views.ts';

export interface Found {
  readonly kind: 'attack' | 'site' | 'incident' | 'exporter' | 'document';
  readonly title: string;
  readonly sub?: string | undefined;
  readonly href: string;
}

export interface Searched {
  readonly attacks: readonly Attack[];
  readonly sites: readonly ListedSite[];
  readonly incidents: readonly IncidentSummary[];
  readonly exporters: readonly ExporterReport[];
  /** Words of each document by its path. */
  readonly documents: Readonly<Record<string, string>>;
}

/** What one search shows at most. */
const FOUND_MAX = 12;
const ROUND_CHARS = 40;

/** Everything that has all words, of what the console knows: sites and attacks first. */
export function find(words: string, { attacks, sites, incidents, exporters, documents }: Searched): readonly Found[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return [];
  const has = (...texts: readonly (string | undefined)[]): boolean => {
    const all = texts.join(' ').toLowerCase();
    return wanted.every((word) => all.includes(word));
  };
  const found: Found[] = [];
  for (const { name, site } of sites)
    if (has(name, site.organisation, ...site.urls, ...site.addresses))
      found.push({ kind: 'site', title: name, sub: site.organisation, href: hrefOf('sites', name) });
  for (const attack of attacks) {
    const vectors = attack.vectors.map(({ name }) => name).join(', ');
    if (has(attack.id, attack.target.value, vectors, attack.template))
      found.push({
        kind: 'attack',
        title: attack.target.value,
        sub: `${vectors} · ${attack.start.slice(0, 16).replace('T', ' ')} UTC`,
        href: hrefOf('attacks', attack.id),
      });
  }
  for (const incident of incidents)
    if (has(incident.id, incident.title, ...incident.sites))
      found.push({ kind: 'incident', title: incident.title, sub: incident.id, href: hrefOf('incidents', incident.id) });
  for (const { exporter, name } of exporters)
    if (has(exporter, name))
      found.push({ kind: 'exporter', title: name ?? exporter, sub: exporter, href: hrefOf('exporters') });
  for (const [path, text] of Object.entries(documents))
    if (has(path, text))
      found.push({ kind: 'document', title: path, sub: round(text, wanted[0]), href: hrefOf('docs', path) });
  return found.slice(0, FOUND_MAX);
}

/** The words round the first place where one stands. */
function round(text: string, word: string): string {
  const at = text.toLowerCase().indexOf(word);
  if (at < 0) return '';
  const from = Math.max(0, at - ROUND_CHARS);
  return `${from > 0 ? '…' : ''}${text.slice(from, at + word.length + ROUND_CHARS)}…`;
}
