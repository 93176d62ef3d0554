import type { Random } from '../base/random.ts';
import { TCP_FIN, TCP_RST } from '../model/flow-columns.ts';
import type { DatagramWriter } from './datagram-writer.ts';
import { Exporter, type ExporterSpec, type FlowRecord } from './exporter.ts';
import { SflowAgent } from './sflow-agent.ts';
import type { Address } from './world.ts';

export interface RouterSpec {
  readonly protocol: ExporterSpec['protocol'] | 'sflow-v5';
  /** One packet in how many it looks at; 1 for all. */
  readonly sampling?: number;
  /** Timeouts of its flow cache, s. */
  readonly activeSeconds?: number;
  readonly inactiveSeconds?: number;
  readonly clockSkewMs?: number;
  /** Share of its datagrams that get lost on the way. */
  readonly lossShare?: number;
  readonly templatesFromMs?: number;
  /** Which part of all flows takes the way through it: `[0, 2]` is the first of two; absent, everything. */
  readonly part?: readonly [number, number];
  /** It tells what comes in from outside, and nothing that goes out. */
  readonly inboundOnly?: boolean;
  /** It starts anew: its cache is told at once, and what it told in the last half minute is told again. */
  readonly rebootMs?: number;
  /** From then on it looks at one packet in so many. */
  readonly samplingChange?: { readonly atMs: number; readonly sampling: number };
}

/** Told of packets of an attack, scaled by sampling, when a router sends of them. */
export type AttackTold = (attack: number, nowMs: number, packets: number) => void;

/** A closed connection stays in the cache this long, ms. */
const CLOSED_IDLE_MS = 500;
/** A timeout up to this is kept to a tenth of a second, ms. */
const SOON_MS = 2000;
/** What is due in a second is sent over so many steps of a tenth. */
const SPREAD_STEPS = 8;
const TOLD_AGAIN_MAX = 20_000;
const TOLD_AGAIN_MS = 30_000;

/** A router: looks at one packet in `sampling`, keeps flows until a timeout, and tells of them. */
export class Router {
  readonly #spec: RouterSpec;
  readonly #isInside: (address: Address) => boolean;
  readonly #random: Random;
  readonly #onAttackTold: AttackTold;
  readonly #exporter: Exporter | undefined;
  readonly #agent: SflowAgent | undefined;
  readonly #cache = new Map<number, FlowRecord>();
  readonly #activeMs: number;
  readonly #inactiveMs: number;
  #sampling: number;
  #due: FlowRecord[] = [];
  #perStep = 0;
  #told: { readonly atMs: number; readonly record: FlowRecord }[] = [];
  #rebooted = false;

  constructor(
    spec: RouterSpec,
    address: Address,
    out: DatagramWriter,
    isInside: (address: Address) => boolean,
    random: Random,
    onAttackTold: AttackTold,
  ) {
    this.#onAttackTold = onAttackTold;
    this.#spec = spec;
    this.#isInside = isInside;
    this.#random = random;
    this.#sampling = spec.sampling ?? 1;
    this.#activeMs = 1000 * (spec.activeSeconds ?? 60);
    this.#inactiveMs = 1000 * (spec.inactiveSeconds ?? 15);
    if (spec.protocol === 'sflow-v5') this.#agent = new SflowAgent(out, address, this.#sampling);
    else {
      this.#exporter = new Exporter(
        {
          protocol: spec.protocol,
          sampling: this.#sampling,
          clockSkewMs: spec.clockSkewMs ?? 0,
          templatesFromMs: spec.templatesFromMs ?? 0,
          templatesEveryMs: 30_000,
        },
        out,
      );
    }
  }

  /** Sees one packet pass; most are only counted by chance. */
  packet(packets: Float64Array, at: number): void {
    const { part, inboundOnly } = this.#spec;
    const stands = packets[at + 10];
    if (this.#sampling > stands && this.#random.unit() * this.#sampling >= stands) return;
    const inbound = !this.#isInside(packets[at + 1]);
    if (inboundOnly === true && !inbound) return;
    // The way of a flow is that of its outside address, in both directions.
    if (part !== undefined && ((packets[at + (inbound ? 1 : 2)] * 7919) % 65_521) % part[1] !== part[0]) return;
    if (this.#agent !== undefined) {
      this.#agent.add(packets, at, inbound, packets[at]);
      if (packets[at + 11] > 0) this.#onAttackTold(packets[at + 11], packets[at], this.#sampling);
      return;
    }
    const nowMs = packets[at];
    const key = keyOf(packets, at);
    let flow = this.#cache.get(key);
    if (flow !== undefined && (nowMs - flow.endMs >= this.#inactiveMs || nowMs - flow.startMs >= this.#activeMs)) {
      this.#due.push(flow);
      flow = undefined;
    }
    if (flow === undefined) {
      flow = {
        src: packets[at + 1],
        dst: packets[at + 2],
        proto: packets[at + 3],
        srcPort: packets[at + 4],
        dstPort: packets[at + 5],
        icmp: packets[at + 9],
        inbound,
        attack: packets[at + 11],
        startMs: nowMs,
        endMs: nowMs,
        packets: 0,
        bytes: 0,
        flags: 0,
      };
      this.#cache.set(key, flow);
    }
    flow.endMs = nowMs;
    flow.packets++;
    flow.bytes += packets[at + 7];
    flow.flags |= packets[at + 6];
  }

  /** A tenth of a second is over. */
  tick(nowMs: number): void {
    this.#agent?.flush(nowMs);
    const exporter = this.#exporter;
    if (exporter === undefined) return;
    const { rebootMs, samplingChange } = this.#spec;
    if (samplingChange !== undefined && nowMs >= samplingChange.atMs && this.#sampling !== samplingChange.sampling) {
      this.#sampling = samplingChange.sampling;
      exporter.setSampling(this.#sampling, nowMs);
    }
    // A cache that forgets soon is small, and looked through all the time.
    if (nowMs % 1000 === 0 || this.#inactiveMs <= SOON_MS) {
      this.#expire(nowMs, false);
      this.#perStep = this.#inactiveMs <= SOON_MS ? this.#due.length : Math.ceil(this.#due.length / SPREAD_STEPS);
    }
    if (rebootMs !== undefined && nowMs >= rebootMs && !this.#rebooted) this.#reboot(exporter, nowMs);
    this.#tell(exporter, nowMs, this.#perStep);
  }

  /** The scenario is over: everything left is told. */
  finish(nowMs: number): void {
    this.#expire(nowMs, true);
    if (this.#exporter !== undefined) this.#tell(this.#exporter, nowMs, this.#due.length);
  }

  get idle(): boolean {
    return this.#cache.size === 0 && this.#due.length === 0;
  }

  #expire(nowMs: number, all: boolean): void {
    for (const [key, flow] of this.#cache) {
      const idleMs = nowMs - flow.endMs;
      const closed = (flow.flags & (TCP_FIN | TCP_RST)) !== 0 && idleMs >= CLOSED_IDLE_MS;
      if (all || closed || idleMs >= this.#inactiveMs || nowMs - flow.startMs >= this.#activeMs) {
        this.#due.push(flow);
        this.#cache.delete(key);
      }
    }
  }

  #tell(exporter: Exporter, nowMs: number, count: number): void {
    exporter.flush(nowMs);
    for (const record of this.#due.splice(0, count)) {
      if (!exporter.carries(record)) continue;
      exporter.add(record, nowMs);
      if (record.attack > 0) this.#onAttackTold(record.attack, nowMs, record.packets * this.#sampling);
      if (this.#spec.rebootMs !== undefined && !this.#rebooted) this.#told.push({ atMs: nowMs, record });
    }
    if (this.#told.length > 2 * TOLD_AGAIN_MAX) this.#told = this.#told.slice(-TOLD_AGAIN_MAX);
    exporter.flush(nowMs);
  }

  #reboot(exporter: Exporter, nowMs: number): void {
    this.#rebooted = true;
    this.#expire(nowMs, true);
    this.#tell(exporter, nowMs, this.#due.length);
    const again = this.#told.filter(({ atMs }) => atMs >= nowMs - TOLD_AGAIN_MS).slice(-TOLD_AGAIN_MAX);
    this.#told = [];
    for (const { record } of again) exporter.add(record, nowMs);
    exporter.flush(nowMs);
    exporter.reboot(nowMs);
  }
}

/** The 5-tuple of a packet (columns 1 to 5) hashed to 53 bits. */
export function keyOf(packets: Float64Array, at: number): number {
  let low = 0;
  let high = 0x85ebca6b;
  for (let column = 1; column <= 5; column++) {
    const value = packets[at + column];
    const word = ((value % 2 ** 32) ^ Math.imul(Math.floor(value / 2 ** 32), 0x2c1b3c6d)) + column;
    low = Math.imul(low ^ word, 0x9e3779b1);
    low ^= low >>> 15;
    high = Math.imul(high ^ word, 0xc2b2ae35);
    high ^= high >>> 13;
  }
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}
