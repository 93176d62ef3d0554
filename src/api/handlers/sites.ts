import { PAGE_MAX } from '../contract/route.ts';
import type { SITE_ROUTES, SiteStates } from '../contract/sites.ts';
import type { ApiDeps } from '../deps.ts';
import type { Handlers } from '../dispatch.ts';
import { timeParam } from '../params.ts';
import { notFound, type SitesPort, type VantagesPort } from '../ports.ts';
import { type Gate, notHere } from './queries.ts';

export interface SiteParts {
  readonly deps: ApiDeps;
  readonly now: () => number;
  readonly gate: Gate;
}

/** The register of sites and the vantages. */
export function siteHandlers({ deps, now, gate }: SiteParts): Pick<Handlers, keyof typeof SITE_ROUTES> {
  const sites = (): SitesPort => deps.ports?.().sites ?? notHere('the register of sites');
  const vantages = (): VantagesPort => deps.ports?.().vantages ?? notHere('probing from vantages');
  return {
    sites: ({ params }) => sites().sites(params),
    siteStates: () => gate.through(() => statesOf(sites())),
    addSite: ({ body, who }) => sites().add(body, who),
    importSites: ({ params, body, who }) => sites().import(body, { dryRun: params.dryRun, by: who }),
    site: async ({ params }) => (await sites().site(params.name)) ?? noSite(params.name),
    changeSite: ({ params, body, who, version }) => sites().change(params.name, body, { by: who, version }),
    removeSite: async ({ params, who, version }) => {
      await sites().remove(params.name, { by: who, version });
      return undefined;
    },
    siteChecks: async ({ params }) => {
      const { name, since, until, ...rest } = params;
      const span = { since: timeParam('since', since, now()), until: timeParam('until', until, now()) };
      return (await gate.through(() => sites().checks(name, { ...rest, ...span }))) ?? noSite(name);
    },
    siteDays: async ({ params: { name, days } }) =>
      (await gate.through(() => sites().days(name, days))) ?? noSite(name),
    vantages: async () => ({ vantages: [...(await vantages().vantages())] }),
    addVantage: ({ body, who }) => vantages().add(body, who),
    removeVantage: async ({ params, who }) => {
      await vantages().remove(params.name, who);
      return undefined;
    },
  };
}

/** All sites: the register has a bound, and so has this. */
async function statesOf(port: SitesPort): Promise<SiteStates> {
  const states: SiteStates['sites'] = [];
  let before: string | undefined;
  do {
    const page = await port.sites({ limit: PAGE_MAX, before });
    for (const { site, status } of page.sites) {
      const state = status?.state ?? 'unknown';
      const told = state === 'up' || status === undefined ? {} : { since: status.since, why: status.why };
      states.push({ name: site.name, state, ...told });
    }
    before = page.next;
  } while (before !== undefined);
  return { sites: states };
}

function noSite(name: string): never {
  throw notFound(`no site has the name '${name}'`);
}
