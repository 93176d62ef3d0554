import { formatAddress } from '../base/ip.ts';
import type { Random } from '../base/random.ts';
import { formatTime } from '../base/units.ts';
import type { Vector } from '../model/vector.ts';
import type { TrueAttack } from './labels.ts';
import { type Address, addressWords, ipv4, isIpv6, WORLD_START_MS, type World } from './world.ts';

/** What is protected in every scenario. */
export const NETWORKS = ['203.0.113.0/24', '198.51.100.0/24', '100.66.0.0/16', '2001:db8:1::/48'] as const;

/** True for an address in `NETWORKS`. */
export function isInside(address: Address): boolean {
  if (isIpv6(address)) return Math.floor(address / 2 ** 48) === 1;
  const net = Math.floor(address / 256);
  return net === SITE_NET || net === OTHER_NET || Math.floor(net / 256) === WIDE_NET;
}
const SITE_NET = ipv4(203, 0, 113, 0) / 256;
const OTHER_NET = ipv4(198, 51, 100, 0) / 256;
const WIDE_NET = ipv4(100, 66, 0, 0) / 65_536;

export const addressText = (address: Address): string => formatAddress(addressWords(address));

export interface AttackPlan {
  readonly target: string;
  readonly vectors: readonly Vector[];
  readonly direction?: 'in' | 'out';
  readonly spread?: 'single' | 'carpet';
  /** By when it has to be known, ms after its start, where that is not by the ordinary deadline. */
  readonly knownByMs?: number;
}

/** What is true of an attack, added up while it is made. */
export class AttackTruth {
  readonly number: number;
  readonly plan: AttackPlan;
  #startMs = Number.POSITIVE_INFINITY;
  #endMs = Number.NEGATIVE_INFINITY;
  /** Packets told of, by tenths of a second. */
  readonly #told = new Map<number, number>();
  #packets = 0;
  #bytes = 0;
  #connections = 0;
  #others = 0;
  readonly #targets = new Set<Address>();
  readonly #bySecond: number[] = [];

  constructor(number: number, plan: AttackPlan) {
    this.number = number;
    this.plan = plan;
  }

  add(atMs: number, packets: number, bytes: number): void {
    this.#startMs = Math.min(this.#startMs, atMs);
    this.#endMs = Math.max(this.#endMs, atMs);
    this.#packets += packets;
    this.#bytes += packets * bytes;
    const second = Math.floor(atMs / 1000);
    this.#bySecond[second] = (this.#bySecond[second] ?? 0) + packets;
  }

  /** It consists of connections, and this is one. */
  addConnection(): void {
    this.#connections++;
  }

  /** Addresses that it is sent to. */
  aimAt(targets: readonly Address[]): void {
    for (const target of targets) this.#targets.add(target);
  }

  /** So many packets of others go to `target`, while it may be going on. */
  passBy(atMs: number, target: Address, packets: number): void {
    if (atMs >= this.#startMs && atMs <= this.#endMs && this.#targets.has(target)) this.#others += packets;
  }

  /** A router told of so many packets of it. */
  tell(nowMs: number, packets: number): void {
    const tenth = Math.floor(nowMs / 100);
    this.#told.set(tenth, (this.#told.get(tenth) ?? 0) + packets);
  }

  /** When as much was told as it sends in a second, ms after the scenario's start. */
  #toldMs(): number | undefined {
    const second = (1000 * this.#packets) / Math.max(1000, this.#endMs - this.#startMs);
    let told = 0;
    for (const [tenth, packets] of this.#told) {
      told += packets;
      if (told >= second) return 100 * tenth;
    }
    return undefined;
  }

  label(): TrueAttack {
    const at = (ms: number): string => formatTime(WORLD_START_MS + ms) ?? '';
    const toldMs = this.#toldMs();
    const { target, vectors, direction = 'in', spread = 'single', knownByMs } = this.plan;
    return {
      target,
      direction,
      vectors: [...vectors],
      spread,
      start: at(this.#startMs),
      end: at(this.#endMs),
      ...(toldMs === undefined ? {} : { told: at(toldMs) }),
      ...(knownByMs === undefined ? {} : { knownBy: at(this.#startMs + knownByMs) }),
      packets: Math.round(this.#packets),
      bytes: Math.round(this.#bytes),
      ...(this.#connections === 0 ? {} : { connections: this.#connections }),
      otherPackets: Math.round(this.#others),
      peakPps: Math.round(this.#bySecond.reduce((most, packets) => Math.max(most, packets ?? 0), 0)),
    };
  }
}

/** What a scenario is made in: the world, and the attacks that are true of it. */
export class Scene {
  readonly world: World;
  readonly random: Random;
  /** One packet in how many the view looks at, at worst. */
  readonly sampling: number;
  readonly attacks: AttackTruth[] = [];

  constructor(world: World, sampling: number) {
    this.world = world;
    this.random = world.random;
    this.sampling = sampling;
  }

  attack(plan: AttackPlan): AttackTruth {
    const truth = new AttackTruth(this.attacks.length + 1, plan);
    this.attacks.push(truth);
    return truth;
  }

  /** A rate that the view can tell: at least sixty packets looked at in a second. */
  visible(pps: number): number {
    return Math.max(pps, 60 * this.sampling);
  }
}
