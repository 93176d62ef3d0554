import type { SiteImport, SiteView } from '../api/contract/sites.ts';
import { SITE_STATES } from '../model/incident.ts';
import { type FixedColumn, fixedTable } from './fixed-table.ts';
import { paintState } from './render-incidents.ts';
import { type Look, paintOf } from './terminal.ts';

/** The register as a table, with how many there are of each state below. */
export function renderSites(sites: readonly SiteView[], look: Look): string {
  const paint = paintOf(look.colour);
  if (sites.length === 0)
    return "No site is registered here. 'bonghwa site add' registers one, 'bonghwa site import FILE.csv' many.\n";
  const columns: FixedColumn<SiteView>[] = [
    { title: 'site', width: 14, growMax: 40, text: ({ site }) => site.name },
    {
      title: 'state',
      width: 11,
      text: ({ status }) => status?.state ?? 'unknown',
      paint: (text, { status }) => paintState(status?.state ?? 'unknown', paint)(text),
    },
    {
      title: 'since (UTC)',
      width: 16,
      drop: 2,
      text: ({ status }) => status?.since.slice(0, 16).replace('T', ' ') ?? '',
    },
    { title: 'sector', width: 11, drop: 3, text: ({ site }) => site.sector },
    { title: 'critical', width: 8, drop: 4, text: ({ site }) => site.criticality },
    {
      title: 'URL',
      width: 12,
      growMax: 60,
      drop: 1,
      text: ({ site }) => site.urls[0]?.replace(/^https?:\/\//, '') ?? '',
    },
  ];
  const states = new Map<string, number>();
  for (const { status } of sites) {
    const state = status?.state ?? 'unknown';
    states.set(state, (states.get(state) ?? 0) + 1);
  }
  const counts = SITE_STATES.flatMap((state) => {
    const count = states.get(state);
    return count === undefined ? [] : [`${count} ${state}`];
  }).join(', ');
  const lines = fixedTable(columns, sites, look.width, paint.dim);
  return `${lines.join('\n')}\n\n${sites.length} ${sites.length === 1 ? 'site' : 'sites'}: ${counts}\n`;
}

/** What an import did: one line for every fault, as compilers tell them, and what became of the rest. */
export function renderSiteImport(file: string, done: SiteImport, look: Look): { faults: string; summary: string } {
  const { added, changed, unchanged, faults, dryRun } = done;
  const name = file === '-' ? 'standard input' : file;
  const told = faults.map(({ line, message }) => `${name}:${line}: ${message}\n`).join('');
  const counts = `${added.length} new, ${changed.length} changed, ${unchanged} as they were`;
  if (faults.length > 0) {
    const many = `${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}`;
    return {
      faults: told,
      summary: `${paintOf(look.colour).alarm('Nothing was imported')}: ${many}; else ${counts}.\n`,
    };
  }
  return { faults: '', summary: dryRun ? `Would be imported: ${counts}.\n` : `Imported: ${counts}.\n` };
}
