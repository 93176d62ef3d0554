import { ask } from './ask.ts';
import { Resource } from './resource.svelte.ts';
import { type IncidentSummary, type ListedSite, listed, type SitesAnswer } from './views.ts';

/** Sites of one page, and pages that are asked for. */
const PAGE = 1000;
const PAGES_MAX = 20;

/** Sites and incidents, as several pages show them. */
class Register {
  readonly sites = new Resource<readonly ListedSite[]>();
  readonly incidents = new Resource<readonly IncidentSummary[]>();

  /** Plain, and no state of the page: whoever asks must not be asked again because the answer came. */
  #asking = false;

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
