import { networkInterfaces } from 'node:os';
import { parseAddress } from '../../base/ip.ts';
import { specialAddress } from '../../base/special-address.ts';
import { parseSubject } from '../../model/check-subject.ts';
import { openTcp } from './connect.ts';
import { type Family, resolverOf } from './names.ts';

/** How long anchors are waited for, ms. */
const ANSWER_MS = 3000;
/** What was found out is believed for so long, ms. */
const FRESH_MS = 2000;
/** How often the addresses of this machine are looked at, ms. */
const INTERFACES_MS = 10_000;

/**
 * Root servers of DNS run by different hands (https://root-servers.org): one question for the zone of names in top is the smallest thing
 * that is answered from everywhere. They are asked only when a check failed and nothing else shows that the way out is open.
 */
const ROOT_SERVERS: Readonly<Record<Family, readonly string[]>> = {
  4: ['198.41.0.4', '193.0.14.129', '192.58.128.30'],
  6: ['2001:503:ba3e::2:30', '2001:7fd::1', '2001:503:c27::2:30'],
};

interface Knowledge {
  heldMs: number;
  lastMs: number;
  held: boolean;
  asking: Promise<boolean> | undefined;
}

/**
 * Whether this vantage has its own way out: the first thing to know when a check fails. Another site that answered since is proof enough;
 * else the anchors are asked, and one that answers is enough.
 */
export class WayOut {
  readonly #anchors: readonly string[] | undefined;
  readonly #known: Readonly<Record<Family, Knowledge>> = { 4: unknown(), 6: unknown() };
  #families: ReadonlySet<Family> = new Set();
  #familiesMs = Number.NEGATIVE_INFINITY;

  constructor(anchors: readonly string[] | undefined) {
    this.#anchors = anchors !== undefined && anchors.length > 0 ? anchors : undefined;
  }

  /** True where failures at this address say something of the way out: not for those of the inside, unless anchors were named. */
  concerns(address: string | undefined): boolean {
    if (this.#anchors !== undefined || address === undefined) return true;
    const words = parseAddress(address);
    return words === undefined || specialAddress(words) === undefined;
  }

  /** A site answered. */
  note(family: Family): void {
    this.#known[family].heldMs = performance.now();
  }

  /** Whether the way out was open at some time after `sinceMs` of `performance.now()`. */
  async held(family: Family, sinceMs: number): Promise<boolean> {
    const known = this.#known[family];
    if (known.heldMs >= sinceMs) return true;
    if (known.lastMs >= performance.now() - FRESH_MS) return known.held;
    known.asking ??= this.#ask(family).then((held) => {
      known.asking = undefined;
      known.held = held;
      known.lastMs = performance.now();
      if (held) known.heldMs = known.lastMs;
      return held;
    });
    return known.asking;
  }

  /** Whether this machine has an address of the family with which the internet can be reached. */
  has(family: Family): boolean {
    const nowMs = performance.now();
    if (nowMs - this.#familiesMs > INTERFACES_MS) {
      this.#familiesMs = nowMs;
      this.#families = familiesHere();
    }
    return this.#families.has(family);
  }

  async #ask(family: Family): Promise<boolean> {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const questions =
      this.#anchors === undefined
        ? ROOT_SERVERS[family].map((server) => askRoot(server, signal))
        : this.#anchors.map((anchor) => askAnchor(anchor, signal));
    return Promise.any(questions).then(
      () => true,
      () => false,
    );
  }
}

function unknown(): Knowledge {
  return { heldMs: Number.NEGATIVE_INFINITY, lastMs: Number.NEGATIVE_INFINITY, held: true, asking: undefined };
}

/** Asks for the zone of names in top. Any answer of the server will do, also a refusal. */
async function askRoot(server: string, signal: AbortSignal): Promise<void> {
  const resolver = resolverOf([server]);
  signal.addEventListener('abort', () => resolver.cancel(), { once: true });
  try {
    await resolver.resolveSoa('.');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!/^E(NODATA|NOTFOUND|REFUSED|SERVFAIL|NOTIMP|FORMERR)$/.test(code)) throw error;
  }
}

/** An anchor answers when it takes a connection. */
async function askAnchor(anchor: string, signal: AbortSignal): Promise<void> {
  const parsed = parseSubject(`tcp://${anchor}`);
  if (parsed.kind === 'invalid') throw new Error(parsed.message);
  const { host, port } = parsed.subject;
  (await openTcp(host, port, undefined, signal)).destroy();
}

function familiesHere(): ReadonlySet<Family> {
  const found = new Set<Family>();
  for (const { address, internal } of Object.values(networkInterfaces()).flatMap((known) => known ?? [])) {
    const words = parseAddress(address);
    if (internal || words === undefined) continue;
    const v6 = address.includes(':');
    // Behind NAT a private IPv4 address is enough; a private IPv6 address leads nowhere.
    if (v6 && specialAddress(words) !== undefined) continue;
    found.add(v6 ? 6 : 4);
  }
  return found;
}
