import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { BonghwaError } from '../../base/errors.ts';
import { formatAddress, parseAddress } from '../../base/ip.ts';
import { specialAddress } from '../../base/special-address.ts';
import { parseSubject } from '../../model/check-subject.ts';
import { type Site, siteSchema } from '../../model/site.ts';
import type { StateStore } from '../../store/state/state-store.ts';
import { DOCUMENTS_PAGE_MAX } from '../../store/state/state-store.ts';

/** A site as the station has it. */
export interface Registered {
  /** With the addresses that DNS gave beside those that were given. */
  readonly site: Site;
  /** As it was given: what a change begins from. */
  readonly given: Site;
  /** 1 at first; it grows with every change. */
  readonly version: number;
}

export interface RegisterChange {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  /** True where DNS changed addresses, and nobody anything else. */
  readonly byDns?: true;
}

export interface RegisterOptions {
  readonly configured: readonly Site[];
  readonly onProblem: (error: Error) => void;
}

/** Sites of one station. */
export const SITES_MAX = 20_000;
const KIND = 'site';
/** What is kept is waited for at most this long, ms. */
const OPENING_MS_MAX = 45_000;
/** Setting that says up to which import everything is there. */
const IMPORTS_SETTING = 'sites.imports';
/** Documents that are written at a time. */
const WRITTEN_MAX = 200;

const keptSchema = z.object({
  site: siteSchema,
  version: z.int().min(1),
  /** The import that wrote it, and what was there before: until the whole import is written, that is what counts. */
  importing: z
    .object({ number: z.int(), before: z.object({ site: siteSchema, version: z.int().min(1) }).optional() })
    .optional(),
});
type Kept = z.infer<typeof keptSchema>;

/**
 * The register of sites: those of the configuration, and those that were added or imported, which the state store keeps. Names are
 * unique; where both have one, the configuration has it. An import is there wholly or not at all, whenever the machine fails.
 */
export class SiteRegister {
  readonly #onProblem: (error: Error) => void;
  readonly #listeners = new Set<(change: RegisterChange) => void>();
  #configured = new Map<string, Site>();
  readonly #kept = new Map<string, { readonly site: Site; readonly version: number }>();
  readonly #found = new Map<string, readonly string[]>();
  #state: StateStore | undefined;
  #opening: Promise<void> | undefined;
  #imports = 0;
  #importing = false;
  /** Rebuilt after every change, on the first question. */
  #list: readonly Registered[] | undefined;
  #byHost: ReadonlyMap<string, readonly string[]> | undefined;
  #byAddress: ReadonlyMap<string, string> | undefined;

  constructor(options: RegisterOptions) {
    this.#onProblem = options.onProblem;
    this.#configured = byName(options.configured);
  }

  /** Takes what the state store keeps. Rejects with `STATE_DOWN` where it does not answer; the sites of the configuration are there all the same. */
  open(state: StateStore): Promise<void> {
    const opening = this.#open(state);
    this.#opening = opening;
    return opening;
  }

  async #open(state: StateStore): Promise<void> {
    await state.settled();
    const told = await state.setting(IMPORTS_SETTING);
    this.#imports = typeof told === 'number' ? told : 0;
    let before: string | undefined;
    const added: string[] = [];
    do {
      const page = await state.documents(KIND, {
        limit: DOCUMENTS_PAGE_MAX,
        ...(before === undefined ? {} : { before }),
      });
      for (const { id, body } of page.documents) if (await this.#take(state, id, body)) added.push(id);
      before = page.next;
    } while (before !== undefined && this.#kept.size < SITES_MAX);
    this.#state = state;
    this.#tell({ added, changed: [], removed: [] });
  }

  async #take(state: StateStore, id: string, body: unknown): Promise<boolean> {
    const parsed = keptSchema.safeParse(body);
    if (!parsed.success) {
      this.#onProblem(new Error(`the site '${id}' was kept in a form that is not understood; it is left alone`));
      return false;
    }
    const { importing, ...kept } = parsed.data;
    const half = importing !== undefined && importing.number > this.#imports;
    if (!half) {
      this.#kept.set(id, kept);
      return true;
    }
    // The import that wrote this never came to its end.
    if (importing.before === undefined) {
      await state.removeDocument(KIND, id);
      return false;
    }
    this.#kept.set(id, importing.before);
    await state.saveDocument(KIND, id, importing.before);
    return true;
  }

  /** Takes over the sites of another configuration. */
  configure(configured: readonly Site[]): void {
    const before = this.#configured;
    this.#configured = byName(configured);
    const added: string[] = [];
    const changed: string[] = [];
    for (const [name, site] of this.#configured) {
      const old = before.get(name);
      if (old === undefined && !this.#kept.has(name)) added.push(name);
      else if (old === undefined || JSON.stringify(old) !== JSON.stringify(site)) changed.push(name);
    }
    const gone = [...before.keys()].filter((name) => !this.#configured.has(name));
    const removed = gone.filter((name) => !this.#kept.has(name));
    changed.push(...gone.filter((name) => this.#kept.has(name)));
    if (added.length + changed.length + removed.length > 0) this.#tell({ added, changed, removed });
  }

  /** Calls the listener after every change; returns how to end that. */
  onChange(listener: (change: RegisterChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** All sites by name. */
  list(): readonly Registered[] {
    this.#list ??= this.#built();
    return this.#list;
  }

  get(name: string): Registered | undefined {
    const configured = this.#configured.get(name);
    const kept = configured === undefined ? this.#kept.get(name) : { site: configured, version: 1 };
    return kept === undefined ? undefined : this.#registered(kept);
  }

  has(name: string): boolean {
    return this.#configured.has(name) || this.#kept.has(name);
  }

  /** Names of the sites that have a URL of this host. */
  byHost(host: string): readonly string[] {
    this.#byHost ??= hostsOf(this.list());
    return this.#byHost.get(host.toLowerCase()) ?? [];
  }

  /** Name of the site that answers on an address. */
  byAddress(address: string): string | undefined {
    this.#byAddress ??= new Map(
      this.list().flatMap(({ site }) => site.addresses.map((text) => [canonical(text), site.name] as const)),
    );
    return this.#byAddress.get(canonical(address));
  }

  /** Rejects with CONFLICT where the name is taken, and with STATE_NOT_KEPT. */
  async add(site: Site): Promise<Registered> {
    await this.#ready();
    if (this.get(site.name) !== undefined) throw taken(site.name);
    if (this.list().length >= SITES_MAX) throw full();
    await this.#save({ site, version: 1 });
    this.#tell({ added: [site.name], changed: [], removed: [] });
    return this.#registered({ site, version: 1 });
  }

  /** Changes a site, and renames it where `site` has another name. `version` is the one that the change was made to. */
  async change(name: string, site: Site, version: number | undefined): Promise<Registered> {
    await this.#ready();
    const before = this.#changeable(name, version);
    if (site.name !== name && this.get(site.name) !== undefined) throw taken(site.name);
    const kept = { site, version: before.version + 1 };
    await this.#save(kept);
    if (site.name === name) this.#tell({ added: [], changed: [name], removed: [] });
    else {
      await this.#forget(name);
      this.#tell({ added: [site.name], changed: [], removed: [name] });
    }
    return this.#registered(kept);
  }

  async remove(name: string, version: number | undefined): Promise<void> {
    await this.#ready();
    this.#changeable(name, version);
    await this.#forget(name);
    this.#tell({ added: [], changed: [], removed: [name] });
  }

  /** Writes all of these sites in place of those of the same name, or none of them. One import at a time: rejects with CONFLICT. */
  async import(sites: readonly Site[]): Promise<void> {
    const state = await this.#ready();
    if (this.#importing)
      throw new BonghwaError('CONFLICT', 'another import goes on', { hint: 'Try again in a moment.' });
    const added = sites.filter(({ name }) => this.get(name) === undefined);
    if (this.list().length + added.length > SITES_MAX) throw full();
    this.#importing = true;
    const number = this.#imports + 1;
    const written: Kept[] = [];
    try {
      for (let at = 0; at < sites.length; at += WRITTEN_MAX) {
        const part = sites.slice(at, at + WRITTEN_MAX).map((site): Kept => {
          const before = this.#kept.get(site.name);
          const importing = { number, ...(before === undefined ? {} : { before }) };
          return { site, version: (before?.version ?? 0) + 1, importing };
        });
        written.push(...part);
        await Promise.all(part.map((kept) => state.saveDocument(KIND, kept.site.name, kept, { tags: ['import'] })));
      }
      // From here on it counts.
      await state.setSetting(IMPORTS_SETTING, number);
    } catch (error) {
      await this.#undo(state, written);
      throw error;
    } finally {
      this.#importing = false;
    }
    this.#imports = number;
    for (const { site, version } of written) this.#kept.set(site.name, { site, version });
    const names = new Set(added.map(({ name }) => name));
    const changed = sites.filter(({ name }) => !names.has(name)).map(({ name }) => name);
    this.#tell({ added: [...names], changed, removed: [] });
  }

  /** What DNS says of a site now. True where that is something else than before. */
  found(name: string, addresses: readonly string[]): boolean {
    const before = this.#found.get(name) ?? [];
    const sorted = [...addresses].sort();
    if (before.length === sorted.length && before.every((text, at) => text === sorted[at])) return false;
    if (sorted.length === 0) this.#found.delete(name);
    else this.#found.set(name, sorted);
    this.#tell({ added: [], changed: [name], removed: [], byDns: true });
    return true;
  }

  /** What DNS gave for a site last. */
  foundFor(name: string): readonly string[] {
    return this.#found.get(name) ?? [];
  }

  async #undo(state: StateStore, written: readonly Kept[]): Promise<void> {
    const undone = await Promise.allSettled(
      written.map(({ site, importing }) =>
        importing?.before === undefined
          ? state.removeDocument(KIND, site.name)
          : state.saveDocument(KIND, site.name, importing.before),
      ),
    );
    // What cannot be taken back now does not count, and is taken back at the next start.
    for (const outcome of undone) if (outcome.status === 'rejected') this.#onProblem(outcome.reason as Error);
  }

  async #save(kept: { readonly site: Site; readonly version: number }): Promise<void> {
    await (await this.#ready()).saveDocument(KIND, kept.site.name, kept);
    this.#kept.set(kept.site.name, kept);
  }

  async #forget(name: string): Promise<void> {
    await (await this.#ready()).removeDocument(KIND, name);
    this.#kept.delete(name);
    this.#found.delete(name);
  }

  #changeable(name: string, version: number | undefined): Registered {
    const before = this.get(name);
    if (before === undefined) throw new BonghwaError('NOT_FOUND', `no site has the name '${name}'`);
    if (before.site.registered === 'configuration')
      throw new BonghwaError('CONFLICT', `the site '${name}' stands in the configuration`, {
        hint: 'Change it there; SIGHUP reads the configuration again.',
      });
    if (version !== undefined && version !== before.version)
      throw new BonghwaError('CONFLICT', `the site '${name}' was changed meanwhile`, { fields: { current: before } });
    return before;
  }

  /** Whoever changes something waits for what is kept to be there. Rejects with STATE_DOWN where that takes too long. */
  async #ready(): Promise<StateStore> {
    if (this.#state === undefined && this.#opening !== undefined)
      await Promise.race([this.#opening, sleep(OPENING_MS_MAX, undefined, { ref: false })]);
    if (this.#state !== undefined) return this.#state;
    throw new BonghwaError('STATE_DOWN', 'the state store is not open yet', { hint: 'Ask again in a moment.' });
  }

  #tell(change: RegisterChange): void {
    this.#list = undefined;
    this.#byHost = undefined;
    this.#byAddress = undefined;
    for (const listener of this.#listeners) listener(change);
  }

  #built(): readonly Registered[] {
    const all = [...this.#configured.values()].map((site) => ({ site, version: 1 }));
    for (const [name, kept] of this.#kept) if (!this.#configured.has(name)) all.push(kept);
    return all.map((kept) => this.#registered(kept)).sort((left, right) => compare(left.site.name, right.site.name));
  }

  #registered({ site, version }: { readonly site: Site; readonly version: number }): Registered {
    const found = [...literalHosts(site), ...(this.#found.get(site.name) ?? [])];
    if (found.length === 0) return { site, given: site, version };
    const own = new Set(site.addresses.map(canonical));
    const addresses = [...site.addresses, ...found.filter((text) => !own.has(text))];
    return { site: { ...site, addresses }, given: site, version };
  }
}

/** Hosts by list of URLs: the lists of a register stay as they are until somebody changes a site. */
const hostsKnown = new WeakMap<readonly string[], readonly string[]>();

/** Hosts of the URLs of a site, names and addresses. */
export function siteHosts(site: Pick<Site, 'urls'>): readonly string[] {
  const known = hostsKnown.get(site.urls);
  if (known !== undefined) return known;
  const hosts = new Set<string>();
  for (const url of site.urls) {
    const parsed = parseSubject(url);
    if (parsed.kind === 'ok') hosts.add(parsed.subject.host.toLowerCase());
  }
  const list = [...hosts];
  hostsKnown.set(site.urls, list);
  return list;
}

/** Addresses that stand in URLs in place of a name; those of the inside are left out, as DNS' are. */
function literalHosts(site: Site): string[] {
  return siteHosts(site).filter((host) => {
    const words = parseAddress(host);
    return words !== undefined && specialAddress(words) === undefined;
  });
}

function hostsOf(list: readonly Registered[]): ReadonlyMap<string, readonly string[]> {
  const hosts = new Map<string, string[]>();
  for (const { site } of list)
    for (const host of siteHosts(site)) hosts.set(host, [...(hosts.get(host) ?? []), site.name]);
  return hosts;
}

function byName(sites: readonly Site[]): Map<string, Site> {
  return new Map(sites.map((site) => [site.name, site]));
}

function canonical(text: string): string {
  const words = parseAddress(text);
  return words === undefined ? text : formatAddress(words);
}

/** Order of code units: the same on every machine. */
export function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function taken(name: string): BonghwaError {
  return new BonghwaError('CONFLICT', `a site of the name '${name}' is registered`, { hint: 'Choose another name.' });
}

function full(): BonghwaError {
  return new BonghwaError('INPUT_INVALID', `a station has at most ${SITES_MAX} sites`);
}
