import type { SiteImport, SitesAnswer, SiteView, VantageMade, VantageView } from '../../api/contract/sites.ts';
import { inputInvalid, type SiteQuery, type SitesPort, type VantagesPort } from '../../api/ports.ts';
import { formatListen, type ListenAddress } from '../../base/listen.ts';
import type { SiteState, SiteStatus } from '../../model/incident.ts';
import type { Site } from '../../model/site.ts';
import { readSite, type SiteInput } from '../../model/site-fields.ts';
import type { Vantage } from '../../model/vantage.ts';
import type { CheckBook } from './check-book.ts';
import type { DayBook } from './day-book.ts';
import { planImport } from './import.ts';
import { compare, type Registered, type SiteRegister } from './register.ts';
import type { VantageBook } from './vantage-book.ts';
import { formatVantageKey } from './vantage-protocol.ts';

export interface SitePortsOptions {
  readonly register: SiteRegister;
  readonly checks: CheckBook;
  readonly days: DayBook;
  readonly vantages: VantageBook;
  readonly statuses: () => readonly SiteStatus[];
  /** Where vantages report, and under which certificate; undefined where nothing listens for them. */
  readonly listener: () => { readonly listen: ListenAddress; readonly fingerprint: string } | undefined;
}

/** Faults of a file that an answer tells: a file of another kind has one a line. */
const FAULTS_TOLD_MAX = 5000;

/** What the API asks of the register. */
export function sitesPort(options: SitePortsOptions): SitesPort {
  const { register, checks, days } = options;
  const view = (registered: Registered, statuses: ReadonlyMap<string, SiteStatus>): SiteView => {
    const status = statuses.get(registered.site.name);
    const { site, version } = registered;
    return { site, version, ...(status === undefined ? {} : { status }) };
  };
  const known = (): ReadonlyMap<string, SiteStatus> =>
    new Map(options.statuses().map((status) => [status.site, status]));
  return {
    sites: async (query) => sitesAnswer(register.list(), known(), query, view),
    site: async (name) => {
      const found = register.get(name);
      return found === undefined ? undefined : view(found, known());
    },
    add: async (given) => view(await register.add(checked(given, 'api')), known()),
    change: async (name, given, { version }) =>
      view(await register.change(name, checked(given, 'api'), version), known()),
    remove: (name, { version }) => register.remove(name, version),
    import: async (csv, { dryRun }) => importSites(register, csv, dryRun),
    checks: async (name, query) => (register.get(name) === undefined ? undefined : checks.page(name, query)),
    days: async (name, count) =>
      register.get(name) === undefined ? undefined : { site: name, days: await days.days(name, count, Date.now()) },
  };
}

function sitesAnswer(
  list: readonly Registered[],
  statuses: ReadonlyMap<string, SiteStatus>,
  query: SiteQuery,
  view: (registered: Registered, statuses: ReadonlyMap<string, SiteStatus>) => SiteView,
): SitesAnswer {
  const states: Partial<Record<SiteState, number>> = {};
  const stateOf = (name: string): SiteState => statuses.get(name)?.state ?? 'unknown';
  for (const { site } of list) states[stateOf(site.name)] = (states[stateOf(site.name)] ?? 0) + 1;
  const words = query.q?.toLowerCase();
  const found = list.filter(
    ({ site }) =>
      (query.sector === undefined || site.sector === query.sector) &&
      (query.state === undefined || stateOf(site.name) === query.state) &&
      (query.before === undefined || compare(site.name, query.before) > 0) &&
      (words === undefined || hasWords(site, words)),
  );
  const shown = found.slice(0, query.limit);
  return {
    sites: shown.map((registered) => view(registered, statuses)),
    ...(found.length > shown.length ? { next: shown[shown.length - 1].site.name } : {}),
    states,
    total: list.length,
  };
}

function hasWords(site: Site, words: string): boolean {
  const texts = [site.name, site.organisation ?? '', ...site.urls, ...site.addresses];
  return texts.some((text) => text.toLowerCase().includes(words));
}

/** Rejects with INPUT_INVALID. */
function checked(given: SiteInput, registered: Site['registered']): Site {
  const read = readSite(given, registered);
  if (read.kind === 'ok') return read.site;
  throw inputInvalid(read.faults.join('; '));
}

async function importSites(register: SiteRegister, csv: string, dryRun: boolean): Promise<SiteImport> {
  const plan = planImport(csv, (name) => register.get(name));
  const { added, changed, unchanged } = plan;
  const faults = plan.faults.slice(0, FAULTS_TOLD_MAX);
  // One line that is wrong, and nothing is imported.
  if (faults.length > 0) return { dryRun: true, added: [...added], changed: [...changed], unchanged, faults };
  if (!dryRun && plan.sites.length > 0) await register.import(plan.sites);
  return { dryRun, added: [...added], changed: [...changed], unchanged, faults };
}

/** What the API asks about vantages. */
export function vantagesPort({ vantages, listener }: SitePortsOptions): VantagesPort {
  const view = (vantage: Vantage): VantageView => {
    const sight = vantages.sight(vantage.name);
    return {
      vantage,
      own: vantages.isOwn(vantage.name),
      ...(sight === undefined ? {} : { lastSeen: new Date(sight.lastSeenMs).toISOString(), checks: sight.checks }),
    };
  };
  return {
    vantages: async () => vantages.list().map(view),
    add: async (vantage): Promise<VantageMade> => {
      const at = listener();
      if (at === undefined)
        throw inputInvalid(
          'this station does not listen for vantages',
          'Give it an address with inputs.vantages, such as :8481, and start it again.',
        );
      const token = formatVantageKey(await vantages.add(vantage), at.fingerprint);
      return { vantage, token, listen: formatListen(at.listen), fingerprint: at.fingerprint };
    },
    remove: (name) => vantages.remove(name),
  };
}
