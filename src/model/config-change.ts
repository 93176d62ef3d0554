import type { Config } from './config-schema.ts';
import { effectiveTree } from './config-tree.ts';

/** What a new configuration means for a running station. */
export interface ConfigChange {
  /** `live` where all of it can be taken over at once, `restart` where at least one part needs a restart. */
  readonly kind: 'none' | 'live' | 'restart';
  /** What is taken over at once, one sentence a key: `networks: 192.0.2.0/24 added`. */
  readonly live: readonly string[];
  /** What waits for a restart, with the reason. */
  readonly restart: readonly string[];
}

/** Keys that a running station cannot take over, and why. All others are taken over between two seconds. */
const RESTART: Readonly<Record<string, string>> = {
  telemetryPorts: 'the reader of a packet stream keeps its ports',
  inputs: 'sockets and workers are opened when the station starts',
  http: 'the HTTP interface is opened when the station starts',
  storage: 'stores are opened when the station starts',
};

/** Entries of a list that are named in a sentence. */
const NAMED_MAX = 5;

/** What differs between two configurations. Values of secrets are never told, only where they stand. */
export function changeOf(before: Config, after: Config): ConfigChange {
  const [old, fresh] = [effectiveTree(before), effectiveTree(after)];
  const live: string[] = [];
  const restart: string[] = [];
  for (const key of new Set([...Object.keys(old), ...Object.keys(fresh)])) {
    const words = differences(key, old[key], fresh[key]);
    const reason = RESTART[key];
    if (reason === undefined) live.push(...words);
    else restart.push(...words.map((text) => `${text}; ${reason}`));
  }
  const kind = restart.length > 0 ? 'restart' : live.length > 0 ? 'live' : 'none';
  return { kind, live, restart };
}

/** The differences under a key in words: leaf by leaf in groups, entry by entry in lists. */
function differences(path: string, old: unknown, fresh: unknown): string[] {
  if (same(old, fresh)) return [];
  if (Array.isArray(old) && Array.isArray(fresh)) return [`${path}: ${listDifference(old, fresh)}`];
  if (isGroup(old) && isGroup(fresh)) {
    const keys = new Set([...Object.keys(old), ...Object.keys(fresh)]);
    return [...keys].flatMap((key) => differences(`${path}.${key}`, old[key], fresh[key]));
  }
  return [`${path}: ${text(old)} becomes ${text(fresh)}`];
}

function listDifference(old: readonly unknown[], fresh: readonly unknown[]): string {
  const before = new Map(old.map((entry) => [nameOf(entry), entry]));
  const after = new Map(fresh.map((entry) => [nameOf(entry), entry]));
  const added = [...after.keys()].filter((name) => !before.has(name));
  const removed = [...before.keys()].filter((name) => !after.has(name));
  const changed = [...after.keys()].filter((name) => before.has(name) && !same(before.get(name), after.get(name)));
  const parts = [
    { names: added, what: 'added' },
    { names: removed, what: 'removed' },
    { names: changed, what: 'changed' },
  ].flatMap(({ names, what }) => (names.length === 0 ? [] : [`${someOf(names)} ${what}`]));
  return parts.length === 0 ? 'in another order' : parts.join(', ');
}

/** What an entry of a list is told by: its name or prefix, or itself. */
function nameOf(entry: unknown): string {
  if (!isGroup(entry)) return text(entry);
  return text(entry.prefix ?? entry.name ?? entry);
}

function someOf(names: readonly string[]): string {
  const rest = names.length - NAMED_MAX;
  const named = names.slice(0, NAMED_MAX).join(', ');
  return rest > 0 ? `${named} and ${rest} more` : named;
}

function text(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (isGroup(value) && typeof value.env === 'string') return `env ${value.env}`;
  if (isGroup(value) && typeof value.file === 'string') return `file ${value.file}`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function same(old: unknown, fresh: unknown): boolean {
  return JSON.stringify(old) === JSON.stringify(fresh);
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
