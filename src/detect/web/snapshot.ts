import { METHODS } from '../../model/request-columns.ts';
import type { RequestCounter } from '../../sketch/web/request-counter.ts';
import { COUNT, type SiteCounts } from '../../sketch/web/site-counts.ts';
import { TRAIT_COUNT } from '../../sketch/web/traits.ts';
import { normsOf } from './norms.ts';

const VERSION = 2;
/** Under this one, user agents had other hashes: all else is taken back. */
const VERSION_OF_OTHER_HASHES = 1;
/** A snapshot of 1,024 sites and 32,768 templates has some 15 MB. */
export const WEB_SNAPSHOT_BYTES_MAX = 64 * 1024 * 1024;

/** Arrays of a site that make up what is usual for it. */
const ARRAYS = ['usual', 'usualTraits', 'usualAgents', 'usualVersions', 'usualTimes', 'largest', 'deviation'] as const;

/**
 * What was learned of sites and templates, as bytes of JSON: numbers only, so that a restart compares with the past. User agents are
 * known by hashes under the seed, which goes along.
 */
export function snapshotWeb(counter: RequestCounter, seed: number): Uint8Array {
  const { templates } = counter;
  const sites = counter.sites.map((site) => ({
    name: site.name,
    learned: site.learned,
    total: site.total,
    ...Object.fromEntries(ARRAYS.map((name) => [name, [...site[name]]])),
  }));
  const learned: unknown[] = [];
  for (let id = 0; id < templates.count; id++) {
    if (templates.usual[id] <= 0) continue;
    const name = templates.names[id];
    const traits = templates.usualTraits.subarray(TRAIT_COUNT * id, TRAIT_COUNT * (id + 1));
    learned.push([
      templates.site[id],
      templates.method[id],
      name.slice(name.indexOf(' ') + 1),
      templates.usual[id],
      templates.deviation[id],
      templates.largest[id],
      templates.total[id],
      ...traits,
    ]);
  }
  return new TextEncoder().encode(JSON.stringify({ version: VERSION, seed, sites, templates: learned }));
}

/** The seed that a snapshot was taken under; undefined where it is none. */
export function webSnapshotSeed(bytes: Uint8Array): number | undefined {
  const parsed = parse(bytes);
  return typeof parsed?.seed === 'number' && Number.isInteger(parsed.seed) ? parsed.seed >>> 0 : undefined;
}

/** Takes back what was learned: how many sites, or why nothing. What is no number in its place is left out. */
export function restoreWeb(
  counter: RequestCounter,
  bytes: Uint8Array,
): { readonly sites: number; readonly fault?: string } {
  const parsed = parse(bytes);
  if (parsed === undefined) return { sites: 0, fault: 'it is no snapshot of this version' };
  const sites = Array.isArray(parsed.sites) ? parsed.sites : [];
  const known = new Map<number, SiteCounts>();
  for (const [index, told] of sites.entries()) {
    if (!isRecord(told) || typeof told.name !== 'string' || !isAmount(told.learned)) continue;
    const site = counter.site(told.name);
    site.learned = told.learned;
    if (isAmount(told.total)) site.total = told.total;
    for (const name of ARRAYS) if (name !== 'usualAgents' || parsed.version === VERSION) fill(site[name], told[name]);
    site.norms = normsOf(site);
    known.set(index, site);
  }
  for (const told of Array.isArray(parsed.templates) ? parsed.templates : []) restoreTemplate(counter, known, told);
  return { sites: known.size };
}

function restoreTemplate(counter: RequestCounter, known: ReadonlyMap<number, SiteCounts>, told: unknown): void {
  if (!Array.isArray(told)) return;
  const [index, method, path, usual, deviation, largest, total, ...traits] = told as unknown[];
  const site = typeof index === 'number' ? known.get(index) : undefined;
  if (site === undefined || typeof path !== 'string' || typeof method !== 'number' || METHODS[method] === undefined)
    return;
  if (![usual, deviation, largest, total].every(isAmount) || site.usual[COUNT.requests] < 0) return;
  const { templates } = counter;
  const id = templates.restore(site.index, method, path);
  templates.usual[id] = Number(usual);
  templates.deviation[id] = Number(deviation);
  templates.largest[id] = Number(largest);
  templates.total[id] = Number(total);
  for (const [trait, rate] of traits.slice(0, TRAIT_COUNT).entries()) {
    if (isAmount(rate)) templates.usualTraits[TRAIT_COUNT * id + trait] = rate;
  }
}

function parse(bytes: Uint8Array): Record<string, unknown> | undefined {
  if (bytes.length > WEB_SNAPSHOT_BYTES_MAX) return undefined;
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isRecord(parsed) && (parsed.version === VERSION || parsed.version === VERSION_OF_OTHER_HASHES)
      ? parsed
      : undefined;
  } catch {
    return undefined;
  }
}

function fill(into: Float64Array, told: unknown): void {
  if (!Array.isArray(told) || told.length > into.length || !told.every(isAmount)) return;
  into.set(told);
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
