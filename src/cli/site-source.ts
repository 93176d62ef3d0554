import {
  type SiteImport,
  type SiteInput,
  type SiteView,
  siteImportSchema,
  sitesAnswerSchema,
  siteViewSchema,
} from '../api/contract/sites.ts';
import type { Change, SiteQuery, SitesPort } from '../api/ports.ts';
import { BonghwaError } from '../base/errors.ts';
import { CheckBook } from '../station/sites/check-book.ts';
import { DayBook } from '../station/sites/day-book.ts';
import { SiteRegister } from '../station/sites/register.ts';
import { sitesPort } from '../station/sites/site-ports.ts';
import { VantageBook } from '../station/sites/vantage-book.ts';
import { readLock } from '../store/lock.ts';
import { jsonBody, openClient, type StationChoice, type StationClient } from './client.ts';
import { withRestingState } from './resting-state.ts';

/** A register of sites that commands look at and change: that of a station that runs, or of a data directory at rest. */
export interface SiteSource {
  list(query: Omit<SiteQuery, 'before'>): Promise<readonly SiteView[]>;
  add(site: SiteInput): Promise<SiteView>;
  import(csv: string, dryRun: boolean): Promise<SiteImport>;
  remove(name: string): Promise<void>;
}

/** Sites of one page. */
const PAGE = 1000;
const HERE: Change['by'] = { kind: 'local', id: 'command-line', name: 'command line', role: 'admin' };

/** Gives the work the register that is meant. */
export async function withSites<T>(
  choice: StationChoice,
  signal: AbortSignal,
  work: (source: SiteSource) => Promise<T>,
): Promise<T> {
  const { data, station } = choice;
  if (station === undefined && data !== undefined && (await readLock(data)) === undefined)
    return withRestingState(data, async (state) => {
      const register = new SiteRegister({
        configured: [],
        onProblem: (error) => process.stderr.write(`bonghwa: ${error.message}\n`),
      });
      await register.open(state);
      return work(portSource(restingPort(register)));
    });
  return work(clientSource(await openClient(choice, signal)));
}

function restingPort(register: SiteRegister): SitesPort {
  return sitesPort({
    register,
    checks: new CheckBook(),
    days: new DayBook(),
    vantages: new VantageBook(() => undefined),
    statuses: () => [],
    listener: () => undefined,
  });
}

function portSource(port: SitesPort): SiteSource {
  return {
    list: async (query) => (await port.sites(query)).sites,
    add: (site) => port.add(site, HERE),
    import: (csv, dryRun) => port.import(csv, { dryRun, by: HERE }),
    remove: (name) => port.remove(name, { by: HERE }),
  };
}

function clientSource(client: StationClient): SiteSource {
  return {
    list: async ({ limit, ...query }) => {
      const sites: SiteView[] = [];
      let before: string | undefined;
      do {
        const asked = { ...query, limit: Math.min(PAGE, limit - sites.length), before };
        const { answer } = await client.ask('/api/sites', sitesAnswerSchema, asked);
        sites.push(...answer.sites);
        before = answer.next;
      } while (before !== undefined && sites.length < limit);
      return sites;
    },
    add: async (site) => {
      const made = await client.send({ method: 'POST', path: '/api/sites', body: jsonBody(site) }, siteViewSchema);
      if (made === undefined) throw new BonghwaError('STATION_REFUSED', 'the station said nothing to that');
      return made.answer;
    },
    import: async (csv, dryRun) => {
      const body = { type: 'text/csv', text: csv };
      const path = `/api/sites/import?dryRun=${dryRun}`;
      const made = await client.send({ method: 'POST', path, body }, siteImportSchema);
      if (made === undefined) throw new BonghwaError('STATION_REFUSED', 'the station said nothing to that');
      return made.answer;
    },
    remove: async (name) => {
      await client.send({ method: 'DELETE', path: `/api/sites/${encodeURIComponent(name)}` }, siteViewSchema);
    },
  };
}
