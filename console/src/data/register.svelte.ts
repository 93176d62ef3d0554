import type { SiteStates } from '../../../src/api/contract/sites.ts';
import type { SiteStatus } from '../../../src/model/incident.ts';
import { ask } from './ask.ts';
import { Resource } from './resource.svelte.ts';
import { type IncidentSummary, type ListedSite, listed, type SiteInShort, type SitesAnswer } from './views.ts';

/** Sites of one page, and pages that are asked for. */
const PAGE = 1000;
const PAGES_MAX = 20;
/** States that came within this time are not asked for again, ms. */
const FRESH_MS = 1000;

/** Sites and incidents, as several pages show them. */
class Register {
  /** All sites in short. */
  readonly states = new Resource<readonly SiteInShort[]>();
  readonly sites = new Resource<readonly ListedSite[]>();
  readonly incidents = new Resource<readonly IncidentSummary[]>();

  /** Plain, and no state of the page: whoever asks must not be asked again because the answer came. */
  #asking = false;
  #askingStates = false;
  #statesMs = 0;

  async loadStates(): Promise<void> {
    // The question that was asked before there was a page is the first one of the page.
    if (this.#askingStates || Date.now() - this.#statesMs < FRESH_MS) return;
    this.#askingStates = true;
    await this.states.load(async (signal) => (await ask<SiteStates>('/api/states', {}, signal)).sites);
    this.#askingStates = false;
    if (this.states.problem === undefined) this.#statesMs = Date.now();
  }

  /** One site is in another state, as the station has just told. */
  tell({ site, state, since, why }: SiteStatus): void {
    this.states.data = this.states.data?.map((known) =>
      known.name === site ? { name: site, state, ...(state === 'up' ? {} : { since, why }) } : known,
    );
  }

  async loadSites(): Promise<void> {
    // One question at a time: several parts of a page may want to know at once.
    if (this.#asking) return;
    this.#asking = true;
    await this.sites.load(async (signal) => {
      const sites: ListedSite[] = [];
      let before: string | undefined;
      for (let page = 0; page < PAGES_MAX; page++) {
        const answer = await ask<SitesAnswer>('/api/sites', { limit: PAGE, before }, signal);
        sites.push(...answer.sites.map(listed));
        before = answer.next;
        if (before === undefined) break;
      }
      return sites;
    });
    this.#asking = false;
  }

  loadIncidents(): Promise<void> {
    return this.incidents.load(async (signal) => {
      const { incidents } = await ask<{ readonly incidents: readonly IncidentSummary[] }>(
        '/api/incidents',
        { limit: 100 },
        signal,
      );
      return incidents;
    });
  }
}

export const register = new Register();
