import { readSiteCsv } from '../../input/site-csv.ts';
import type { Site } from '../../model/site.ts';
import { readSite } from '../../model/site-fields.ts';
import type { Registered } from './register.ts';

/** What an import would do: every line that has a fault, and what becomes of the others. */
export interface ImportPlan {
  readonly faults: readonly { readonly line: number; readonly message: string }[];
  readonly sites: readonly Site[];
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly unchanged: number;
}

/**
 * Reads a CSV file against the register. Fields without a column, and empty cells, are as they were for a site that is known, and have their
 * defaults for a new one.
 */
export function planImport(text: string, known: (name: string) => Registered | undefined): ImportPlan {
  const csv = readSiteCsv(text);
  const faults = [...csv.faults];
  const lines = new Map<string, number>();
  const sites: Site[] = [];
  const added: string[] = [];
  const changed: string[] = [];
  let unchanged = 0;
  for (const { line, given } of csv.rows) {
    const name = typeof given.name === 'string' ? given.name : '';
    const before = name === '' ? undefined : known(name)?.given;
    const first = lines.get(name);
    if (first !== undefined) faults.push({ line, message: `the site '${name}' stands on line ${first} already` });
    else if (name !== '') lines.set(name, line);
    if (before?.registered === 'configuration')
      faults.push({ line, message: `the site '${name}' stands in the configuration; change it there` });
    const read = readSite({ ...withoutOrigin(before), ...given }, 'import');
    if (read.kind === 'invalid') faults.push(...read.faults.map((message) => ({ line, message })));
    else if (before === undefined) {
      sites.push(read.site);
      added.push(name);
    } else if (same(before, read.site)) unchanged++;
    else {
      sites.push(read.site);
      changed.push(name);
    }
  }
  return { faults: faults.sort((left, right) => left.line - right.line), sites, added, changed, unchanged };
}

function withoutOrigin(site: Site | undefined): Record<string, unknown> {
  const { registered: _, ...given } = site ?? {};
  return given;
}

function same(left: Site, right: Site): boolean {
  return JSON.stringify(sorted(left)) === JSON.stringify(sorted(right));
}

/** By name of the field, whatever the order that they were given in; where it was registered changes nothing. */
function sorted(site: Site): [string, unknown][] {
  return Object.entries(withoutOrigin(site)).sort(([left], [right]) => (left < right ? -1 : 1));
}
