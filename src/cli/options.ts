import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { type Prefix, parsePrefix } from '../base/prefix.ts';

/** Values of options, parsed as commander asks for: an InvalidArgumentError says what would be right. */
export interface NetworkOption {
  readonly prefix: Prefix;
  readonly text: string;
}

const PORTS_MAX = 64;
const NETWORKS_MAX = 10_000;

export function addNetwork(text: string, earlier: readonly NetworkOption[]): NetworkOption[] {
  const prefix = parsePrefix(text);
  if (prefix === undefined)
    throw new InvalidArgumentError('A prefix is needed, such as 192.0.2.0/24 or 2001:db8::/32.');
  if (earlier.length >= NETWORKS_MAX) throw new InvalidArgumentError(`At most ${NETWORKS_MAX} networks are taken.`);
  return [...earlier, { prefix, text }];
}

export function addPort(text: string, earlier: readonly number[]): number[] {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) throw new InvalidArgumentError('A port is 1 to 65535.');
  if (earlier.length >= PORTS_MAX) throw new InvalidArgumentError(`At most ${PORTS_MAX} ports are taken.`);
  return [...earlier, port];
}

/** For options that may be given more than once and are read later. */
export function addText(text: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, text];
}

export function parseLimit(text: string): number {
  const limit = Number(text);
  if (!/^\d+$/.test(text) || limit < 1 || !Number.isSafeInteger(limit)) {
    throw new InvalidArgumentError('A whole number above 0 is needed.');
  }
  return limit;
}

/** Version of this package, from its manifest. */
export function packageVersion(): string {
  return manifest().version;
}

/** Major version of Node.js that this package needs at least. */
export function nodeMajorMin(): number {
  return Number(/\d+/.exec(manifest().engines.node)?.[0]);
}

function manifest(): { version: string; engines: { node: string } } {
  const parsed: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return parsed as { version: string; engines: { node: string } };
}
