import { IPV4_MAPPED_WORD } from '../base/ip.ts';
import { Random } from '../base/random.ts';

/** Event time at which every generated scenario begins, ms since 1970: Monday, 2 June 2025, 08:00 UTC. */
export const WORLD_START_MS = 1_748_851_200_000;

/**
 * An address as one number: below 2^32 it is an IPv4 address; from there on `(n + 1) × 2^32 + host` is the IPv6 address of `host`
 * in the /64 number `n` of 2001:db8::/32 (`n` below 2^20).
 */
export type Address = number;

export const ipv4 = (a: number, b: number, c: number, d: number): Address => a * 2 ** 24 + b * 2 ** 16 + c * 256 + d;
/** Host `host` in 2001:db8:`site`:`net`::/64; `site` at most 15. */
export const ipv6 = (site: number, net: number, host: number): Address => (site * 65_536 + net + 1) * 2 ** 32 + host;

const IPV6_WORD = 0x20010db8;

export function addressWords(address: Address, words = new Uint32Array(4)): Uint32Array {
  const high = Math.floor(address / 2 ** 32);
  words[0] = high === 0 ? 0 : IPV6_WORD;
  words[1] = high === 0 ? 0 : high - 1;
  words[2] = high === 0 ? IPV4_MAPPED_WORD : 0;
  words[3] = address % 2 ** 32;
  return words;
}

export const isIpv6 = (address: Address): boolean => address >= 2 ** 32;

/** One packet, but for its time and addresses. */
export interface Shape {
  readonly proto: number;
  readonly srcPort?: number;
  readonly dstPort?: number;
  readonly flags?: number;
  /** IP bytes. */
  readonly bytes: number;
  readonly ttl?: number;
  readonly icmpType?: number;
  /** A fragment with an offset: no transport header. */
  readonly laterFragment?: boolean;
}

/**
 * Columns of a packet:
 *
 *   0 ms after the start   1 source   2 destination   3 protocol   4, 5 ports   6 TCP flags   7 IP bytes   8 TTL
 *   9 ICMP type, or -1 for a later fragment   10 how many packets of the world it stands for
 *   11 number of the attack that it belongs to, from 1; 0 where it belongs to none
 */
export const PACKET_COLUMNS = 12;

/** Length of a step in which packets are put in order, ms. */
const STEP_MS = 100;
/** How far ahead of time a packet may be made up: longer flows are made up as they go. */
const STEPS_AHEAD = 1024;

interface Process {
  nextMs: number;
  readonly toMs: number;
  readonly rate: (atMs: number) => number;
  readonly make: (atMs: number, index: number) => void;
  index: number;
}

/**
 * Traffic made up in event time, a step at a time, so that memory is that of the packets in flight, however long it lasts:
 *
 *   processes ──packet()──► steps ahead: a ring of STEPS_AHEAD ──in order of time──► routers
 */
export class World {
  readonly random: Random;
  /** Floods make up one packet in so many: what no router of the view would look at is not made up. */
  readonly thin: number;
  /** Packets made up. */
  packets = 0;
  readonly #processes: Process[] = [];
  readonly #steps: Step[] = Array.from({ length: STEPS_AHEAD }, () => new Step());
  #now = 0;

  constructor(seed: number, thin = 1) {
    this.random = new Random(seed);
    this.thin = thin;
  }

  /** Calls `make` at random moments, `perSecond` times a second on average. May be called while the world plays. */
  often(
    fromMs: number,
    toMs: number,
    perSecond: number | ((atMs: number) => number),
    make: (atMs: number, index: number) => void,
  ): void {
    const rate = typeof perSecond === 'number' ? () => perSecond : perSecond;
    const process: Process = { nextMs: fromMs, toMs, rate, make, index: 0 };
    process.nextMs = this.#next(process);
    if (process.nextMs < toMs) this.#processes.push(process);
  }

  /** Adds a packet at `atMs` after the start; it `stands` for so many, the others of which no router looks at. */
  packet(atMs: number, src: Address, dst: Address, shape: Shape, stands = 1, attack = 0): void {
    const step = Math.max(this.#now, Math.floor(atMs / STEP_MS));
    // A flow that outlives the ring ends early; none of those that are made up does.
    if (step - this.#now >= STEPS_AHEAD) return;
    this.#steps[step % STEPS_AHEAD].add(atMs, src, dst, shape, stands, attack);
    this.packets++;
  }

  /** Plays up to `untilMs`: `take` has every packet in order of time, `tick` is called at the end of every step. */
  play(untilMs: number, take: (packets: Float64Array, at: number) => void, tick: (nowMs: number) => void): void {
    for (; this.#now * STEP_MS < untilMs; this.#now++) {
      const endMs = (this.#now + 1) * STEP_MS;
      for (let at = 0; at < this.#processes.length; at++) this.#run(this.#processes[at], endMs);
      this.#sweep();
      const step = this.#steps[this.#now % STEPS_AHEAD];
      step.inOrder(take);
      step.clear();
      tick(endMs);
    }
  }

  #run(process: Process, endMs: number): void {
    const untilMs = Math.min(endMs, process.toMs);
    while (process.nextMs < untilMs) {
      process.make(process.nextMs, process.index++);
      process.nextMs = this.#next(process);
    }
  }

  /** Half regular, half random, as traffic of many is. A rate of 0 waits. */
  #next(process: Process): number {
    let atMs = process.nextMs;
    while (atMs < process.toMs) {
      const rate = process.rate(atMs);
      if (rate > 0) return atMs + (1000 / rate) * (0.5 + this.random.unit());
      atMs += STEP_MS;
    }
    return atMs;
  }

  #sweep(): void {
    const processes = this.#processes;
    let kept = 0;
    for (const process of processes) if (process.nextMs < process.toMs) processes[kept++] = process;
    processes.length = kept;
  }
}

/** The packets of one step, in the order in which they were made up. */
class Step {
  length = 0;
  #data = new Float64Array(0);

  add(atMs: number, src: Address, dst: Address, shape: Shape, stands: number, attack: number): void {
    if (PACKET_COLUMNS * (this.length + 1) > this.#data.length) {
      const grown = new Float64Array(Math.max(PACKET_COLUMNS * 64, 2 * this.#data.length));
      grown.set(this.#data);
      this.#data = grown;
    }
    const data = this.#data;
    const at = PACKET_COLUMNS * this.length++;
    data[at] = atMs;
    data[at + 1] = src;
    data[at + 2] = dst;
    data[at + 3] = shape.proto;
    data[at + 4] = shape.srcPort ?? 0;
    data[at + 5] = shape.dstPort ?? 0;
    data[at + 6] = shape.flags ?? 0;
    data[at + 7] = shape.bytes;
    data[at + 8] = shape.ttl ?? 57;
    data[at + 9] = shape.laterFragment === true ? -1 : (shape.icmpType ?? 0);
    data[at + 10] = stands;
    data[at + 11] = attack;
  }

  inOrder(take: (packets: Float64Array, at: number) => void): void {
    const data = this.#data;
    // Microseconds in the high part, the place in the low one: both fit 53 bits for hours of event time.
    const order = new Float64Array(this.length);
    const firstUs = this.length === 0 ? 0 : Math.floor(data[0] * 1000) - 1e9;
    for (let row = 0; row < this.length; row++) {
      order[row] = (Math.floor(data[PACKET_COLUMNS * row] * 1000) - firstUs) * 2 ** 20 + row;
    }
    order.sort();
    for (let place = 0; place < order.length; place++) take(data, PACKET_COLUMNS * (order[place] % 2 ** 20));
  }

  clear(): void {
    this.length = 0;
    // A burst does not hold its memory for the rest of the scenario.
    if (this.#data.length > PACKET_COLUMNS * 65_536) this.#data = new Float64Array(0);
  }
}
