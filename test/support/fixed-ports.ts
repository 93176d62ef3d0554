import type { SiteView } from '../../src/api/contract/sites.ts';
import {
  type ApiPorts,
  conflict,
  type IncidentsPort,
  notFound,
  type SitesPort,
  type VantagesPort,
} from '../../src/api/ports.ts';
import { type Incident, incidentSchema, type Outage, type SiteStatus } from '../../src/model/incident.ts';
import type { Vantage } from '../../src/model/vantage.ts';
import { holdsText } from '../../src/station/assess/assess-store.ts';

const AT = '2024-03-05T12:00:00.000Z';
const ZERO = { value: 0, low: 0, high: 0 };

/** Incident number `n`: it begins `n` minutes after noon. */
export function incidentOf(n: number, changed: Partial<Incident> = {}): Incident {
  return incidentSchema.parse({
    id: `i${n}`,
    version: 1,
    title: `www.ministry.example out (${n})`,
    sites: ['www.ministry.example'],
    state: 'open',
    severity: 'high',
    start: new Date(Date.parse(AT) + n * 60_000).toISOString(),
    updatedAt: AT,
    attacks: ['a1'],
    outages: [],
    damage: {
      grade: 'D2',
      why: 'out for 12 minutes',
      sites: [],
      outMinutes: ZERO,
      unknown: [],
      sentence: { en: 'Out.', ko: '중단.', uk: 'Не працює.' },
    },
    notes: [],
    timeline: [{ at: AT, kind: 'state', text: 'opened' }],
    ...changed,
  });
}

/** Parts of a station that hold in memory what tests of the interface put there; they refuse what real ones refuse. */
export class FixedPorts implements ApiPorts {
  readonly kept = new Map<string, Incident>();
  readonly register = new Map<string, SiteView>();
  readonly probes = new Map<string, Vantage>();
  states: readonly SiteStatus[] = [];
  outages: readonly Outage[] = [];

  readonly incidents: IncidentsPort = {
    incidents: async ({ state, site, q, limit, before }) => {
      const all = [...this.kept.values()]
        .filter(
          (one) =>
            (state === undefined || one.state === state) &&
            (site === undefined || one.sites.includes(site)) &&
            holdsText(one, q?.toLowerCase()),
        )
        .sort((left, right) => (left.start < right.start ? 1 : -1));
      const from = Number(before ?? 0);
      const next = from + limit < all.length ? { next: String(from + limit) } : {};
      return { incidents: all.slice(from, from + limit), ...next };
    },
    incident: async (id) => this.kept.get(id),
    change: async (id, { owner, ...to }, { version }) => {
      const was = this.#held(id);
      if (version !== was.version) throw conflict('somebody else changed this incident meanwhile', was);
      const { owner: _, ...rest } = was;
      return this.#keep({ ...rest, ...to, ...(owner === null ? {} : { owner: owner ?? was.owner }) } as Incident);
    },
    note: async (id, text, by) => {
      const was = this.#held(id);
      return this.#keep({ ...was, notes: [...was.notes, { id: `n${was.version}`, at: AT, by: by.name, text }] });
    },
    merge: async (id, into) => {
      const [from, to] = [this.#held(id), this.#held(into)];
      this.#keep({ ...from, mergedInto: into, state: 'closed' });
      return this.#keep({ ...to, attacks: [...to.attacks, ...from.attacks] });
    },
    split: async (id, { attacks, outages }) => {
      this.#held(id);
      return this.#keep({ ...incidentOf(99), attacks, outages, splitFrom: id });
    },
    outages: async () => ({ outages: this.outages }),
    statuses: () => this.states,
  };

  readonly sites: SitesPort = {
    sites: async () => ({
      sites: [...this.register.values()],
      states: { unknown: this.register.size },
      total: this.register.size,
    }),
    site: async (name) => this.register.get(name),
    add: async (site) => {
      if (this.register.has(site.name)) throw conflict(`a site of the name '${site.name}' is registered`);
      return this.#enter({ site: { ...site, registered: 'api' }, version: 1 });
    },
    change: async (name, site, { version }) => {
      const was = this.register.get(name);
      if (was === undefined) throw notFound(`no site has the name '${name}'`);
      if (version !== undefined && version !== was.version) throw conflict('changed meanwhile', was);
      return this.#enter({ site: { ...site, registered: 'api' }, version: was.version + 1 });
    },
    remove: async (name) => {
      if (!this.register.delete(name)) throw notFound(`no site has the name '${name}'`);
    },
    import: async (csv, { dryRun }) => ({
      dryRun,
      added: csv.trim().split('\n').slice(1),
      changed: [],
      unchanged: 0,
      faults: [],
    }),
    checks: async (name) => (this.register.has(name) ? { checks: [] } : undefined),
    days: async (site) => (this.register.has(site) ? { site, days: [] } : undefined),
  };

  readonly vantages: VantagesPort = {
    vantages: async () => [...this.probes.values()].map((vantage) => ({ vantage, own: false })),
    add: async (vantage) => {
      if (this.probes.has(vantage.name)) throw conflict('a vantage of this name is there');
      this.probes.set(vantage.name, vantage);
      return { vantage, token: 'told once' };
    },
    remove: async (name) => {
      if (!this.probes.delete(name)) throw notFound('no vantage has this name');
    },
  };

  #held(id: string): Incident {
    const found = this.kept.get(id);
    if (found === undefined) throw notFound(`no incident has the id '${id}'`);
    return found;
  }

  #keep(incident: Incident): Incident {
    const kept = { ...incident, version: incident.version + 1 };
    this.kept.set(kept.id, kept);
    return kept;
  }

  #enter(view: SiteView): SiteView {
    this.register.set(view.site.name, view);
    return view;
  }
}
