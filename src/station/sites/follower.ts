import type { Family, Names } from '../../input/probe/names.ts';
import { literalFamily } from '../../model/check-subject.ts';

export interface FollowerOptions {
  readonly names: Names;
  /** Pause between two look-ups of one host, ms. */
  readonly everyMs: number;
  /** Told after every look-up of a host. */
  readonly onAddresses: (host: string) => void;
  readonly nowMs?: () => number;
}

/** An address that DNS has not given for so long is none of the host any more, ms: large sites answer with some of theirs by turns. */
export const REMEMBERED_MS = 3_600_000;
/** Addresses of one host; the one seen longest ago goes. */
export const ADDRESSES_PER_HOST_MAX = 64;
/** How often it is looked who is due, ms, and look-ups that are under way at a time. */
const LOOK_MS = 250;
const RUNNING_MAX = 64;
const QUERY_MS = 5000;
const FAMILIES: readonly Family[] = [4, 6];

interface Host {
  readonly name: string;
  dueMs: number;
  running: boolean;
  /** True where the last answer held an address of the inside. */
  inside: boolean;
  /** When each address was seen last. */
  readonly seen: Map<string, number>;
}

/**
 * Follows where the names of sites lead: sites move, and traffic to their new addresses is theirs from then on. A look-up that fails changes
 * nothing.
 */
export class NameFollower {
  readonly #options: FollowerOptions;
  readonly #now: () => number;
  #hosts = new Map<string, Host>();
  #timer: NodeJS.Timeout | undefined;
  #running = 0;
  readonly #stopped = new AbortController();

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#now = options.nowMs ?? (() => performance.now());
  }

  /** Follows these hosts from now on; addresses among them need no following. */
  setHosts(hosts: Iterable<string>): void {
    const before = this.#hosts;
    const names = [...new Set(hosts)].filter((host) => literalFamily(host) === undefined);
    const nowMs = this.#now();
    const spreadMs = Math.min(this.#options.everyMs, names.length * 20);
    this.#hosts = new Map(
      names.map((name, at) => [
        name,
        before.get(name) ?? {
          name,
          dueMs: nowMs + (spreadMs * at) / Math.max(1, names.length),
          running: false,
          inside: false,
          seen: new Map<string, number>(),
        },
      ]),
    );
  }

  /** Addresses of a host that were seen within `REMEMBERED_MS`. */
  addressesOf(host: string): readonly string[] {
    return [...(this.#hosts.get(host)?.seen.keys() ?? [])];
  }

  /** True where the name led to the inside when it was looked up last. */
  leadsInside(host: string): boolean {
    return this.#hosts.get(host)?.inside === true;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#stopped.abort();
  }

  #look(): void {
    const nowMs = this.#now();
    for (const host of this.#hosts.values()) {
      if (this.#running >= RUNNING_MAX) return;
      if (host.running || host.dueMs > nowMs) continue;
      host.dueMs = nowMs + this.#options.everyMs;
      void this.#follow(host);
    }
  }

  async #follow(host: Host): Promise<void> {
    host.running = true;
    this.#running++;
    try {
      await this.#lookUp(host);
    } finally {
      host.running = false;
      this.#running--;
    }
  }

  async #lookUp(host: Host): Promise<void> {
    const { names, onAddresses } = this.#options;
    const signal = AbortSignal.any([AbortSignal.timeout(QUERY_MS), this.#stopped.signal]);
    const answers = await Promise.allSettled(FAMILIES.map((family) => names.addresses(host.name, family, signal)));
    if (signal.aborted) return;
    const nowMs = this.#now();
    const answered = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (answered.length > 0) host.inside = answered.some((address) => !this.#permitted(address, host.name));
    for (const address of answered) if (this.#permitted(address, host.name)) host.seen.set(address, nowMs);
    for (const [address, seenMs] of host.seen) if (nowMs - seenMs > REMEMBERED_MS) host.seen.delete(address);
    if (host.seen.size > ADDRESSES_PER_HOST_MAX) {
      const oldest = [...host.seen].sort(([, left], [, right]) => left - right);
      for (const [address] of oldest.slice(0, host.seen.size - ADDRESSES_PER_HOST_MAX)) host.seen.delete(address);
    }
    onAddresses(host.name);
  }

  /** An address of the inside is none that detection should take for the site: whoever answers DNS could make anything of it. */
  #permitted(address: string, host: string): boolean {
    try {
      this.#options.names.permit(address, host);
      return true;
    } catch {
      return false;
    }
  }
}
