import type { Prefix } from '../../src/base/prefix.ts';
import { Random } from '../../src/base/random.ts';
import { Detector, type DetectorOptions } from '../../src/detect/network/detector.ts';
import type { AttackState } from '../../src/detect/network/open-attacks.ts';
import { keyOf } from '../../src/evaluate/router.ts';
import { type Address, addressWords, ipv4, type Shape } from '../../src/evaluate/world.ts';
import type { Attack, Verdict } from '../../src/model/attack.ts';
import { createFlowBatch, type FlowBatch } from '../../src/model/flow-batch.ts';
import { FRAGMENT_LATER, HAS, NO_EXPORTER, TCP_FIN, TCP_RST } from '../../src/model/flow-columns.ts';
import { SecondStream, type SecondTaker } from '../../src/sketch/second-stream.ts';

export { type Address, ipv4, ipv6, type Shape } from '../../src/evaluate/world.ts';

/** Event time at which every scenario begins, ms since 1970: a whole second. */
export const SCENARIO_START_MS = 1_750_000_000_000;

const COLUMNS = 10;

/** Whether what an address sends is not seen. */
type Hidden = (src: Address) => boolean;

/** Packets in the order in which they were made up; views read them in order of time. */
export class Traffic {
  readonly random: Random;
  length = 0;
  #data = new Float64Array(COLUMNS * 4096);
  /** What `ordered` last gave, of so many packets and that filter: one traffic is shown in many views. */
  #ordered:
    | { readonly length: number; readonly hidden: Hidden | undefined; readonly packets: Float64Array }
    | undefined;

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  /** Adds a packet at `atMs` after the scenario's start. */
  packet(atMs: number, src: Address, dst: Address, shape: Shape): void {
    if (COLUMNS * (this.length + 1) > this.#data.length) {
      const grown = new Float64Array(2 * this.#data.length);
      grown.set(this.#data);
      this.#data = grown;
    }
    const data = this.#data;
    const at = COLUMNS * this.length++;
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
  }

  /** The packets in order of time, to the millisecond, but for those of hidden senders. Not to be changed. */
  ordered(hidden: Hidden | undefined): Float64Array {
    if (this.#ordered?.length !== this.length || this.#ordered.hidden !== hidden)
      this.#ordered = { length: this.length, hidden, packets: this.#sorted((src) => hidden?.(src) !== true) };
    return this.#ordered.packets;
  }

  #sorted(keep: (src: Address) => boolean): Float64Array {
    const data = this.#data;
    let lastMs = 0;
    for (let row = 0; row < this.length; row++) lastMs = Math.max(lastMs, data[COLUMNS * row]);
    const starts = new Uint32Array(Math.floor(lastMs) + 2);
    for (let row = 0; row < this.length; row++) {
      if (keep(data[COLUMNS * row + 1])) starts[Math.floor(data[COLUMNS * row]) + 1]++;
    }
    for (let at = 1; at < starts.length; at++) starts[at] += starts[at - 1];
    const sorted = new Float64Array(COLUMNS * starts[starts.length - 1]);
    for (let row = 0; row < this.length; row++) {
      const from = COLUMNS * row;
      if (keep(data[from + 1])) {
        sorted.set(data.subarray(from, from + COLUMNS), COLUMNS * starts[Math.floor(data[from])]++);
      }
    }
    return sorted;
  }
}

/** How the traffic is seen. */
export interface ViewOptions {
  readonly kind: 'packets' | 'records';
  /** Leaves out everything sent by these addresses: a capture or router that sees one direction only. */
  readonly hidden?: Hidden;
  /** Timeouts of the router's flow cache, s. */
  readonly activeSeconds?: number;
  readonly inactiveSeconds?: number;
  /** One packet in this many is looked at. */
  readonly sampling?: number;
  /** Nothing is exported in this span, and everything that was due after it. */
  readonly silentMs?: readonly [number, number];
}

export interface RunOptions extends ViewOptions {
  readonly networks?: readonly Prefix[];
  /** The input goes on in silence up to here, ms after the start. */
  readonly untilMs: number;
  readonly seed?: number;
  /** A station's detector, that tells `updated` too. */
  readonly live?: boolean;
  /** Makes the detector that begins, in place of one that knows nothing. */
  readonly begin?: (options: DetectorOptions) => Detector;
  /** Called after every second that was taken; may give another detector that goes on in its place. */
  readonly onSecond?: (detector: Detector, second: number, options: DetectorOptions) => Detector | undefined;
  readonly onAttack?: (attack: Attack, state: AttackState) => void;
}

export interface Outcome {
  readonly attacks: readonly Attack[];
  readonly verdicts: readonly Verdict[];
  /** How often an attack was opened. */
  readonly opened: number;
}

/** Shows the traffic to a detector and returns what it said. */
export function run(traffic: Traffic, options: RunOptions): Outcome {
  const seed = options.seed ?? 1;
  const networks = options.networks ?? [];
  const verdicts: Verdict[] = [];
  let opened = 0;
  const detectorOptions: DetectorOptions = {
    seed,
    networks,
    live: options.live ?? false,
    onAttack: (attack, state) => {
      if (state === 'opened') opened++;
      options.onAttack?.(attack, state);
    },
    onVerdict: (verdict) => verdicts.push(verdict),
  };
  let detector = options.begin?.(detectorOptions) ?? new Detector(detectorOptions);
  const taker: SecondTaker = {
    prepare: (second) => detector.prepare(second),
    take: (second, coveredMs, untilMs) => {
      detector.take(second, coveredMs, untilMs);
      detector = options.onSecond?.(detector, second.second, detectorOptions) ?? detector;
    },
  };
  const rows = new Rows(new SecondStream({ seed, networks }, taker), seed);
  const packets = traffic.ordered(options.hidden);
  if (options.kind === 'packets') replayPackets(packets, rows, options.sampling ?? 1);
  else new Router(rows, options).replay(packets);
  rows.finish(options);
  return { attacks: detector.attacks(), verdicts, opened };
}

/** Fills rows and hands batches on. */
class Rows {
  readonly random: Random;
  readonly #stream: SecondStream;
  readonly #batch: FlowBatch = createFlowBatch(1024);
  readonly #words = new Uint32Array(4);

  constructor(stream: SecondStream, seed: number) {
    this.#stream = stream;
    this.random = new Random(seed + 77);
  }

  /** A row without times, counts and exporter, from the packet at `at`. */
  begin(packets: Float64Array, at: number): number {
    const batch = this.#batch;
    if (batch.length === batch.capacity) this.#stream.take(batch);
    const row = batch.length++;
    batch.srcAddr.set(addressWords(packets[at + 1], this.#words), 4 * row);
    batch.dstAddr.set(addressWords(packets[at + 2], this.#words), 4 * row);
    const proto = packets[at + 3];
    const later = packets[at + 9] < 0;
    batch.layer[row] = 0;
    batch.ipVersion[row] = packets[at + 2] < 2 ** 32 ? 4 : 6;
    batch.proto[row] = proto;
    batch.srcPort[row] = packets[at + 4];
    batch.dstPort[row] = packets[at + 5];
    batch.tcpFlags[row] = packets[at + 6];
    batch.icmpType[row] = Math.max(0, packets[at + 9]);
    batch.fragment[row] = later ? FRAGMENT_LATER : 0;
    batch.srcAs[row] = 0;
    let present = HAS.srcAddr | HAS.dstAddr | HAS.proto;
    if (later) present |= HAS.fragment;
    else if (proto === 6) present |= HAS.srcPort | HAS.dstPort | HAS.tcpFlags;
    else if (proto === 17) present |= HAS.srcPort | HAS.dstPort;
    else if (proto === 1 || proto === 58) present |= HAS.icmpType;
    batch.present[row] = present;
    return row;
  }

  captured(packets: Float64Array, at: number, sampling: number): void {
    const row = this.begin(packets, at);
    const batch = this.#batch;
    batch.exporter[row] = NO_EXPORTER;
    batch.observedMs[row] = batch.startMs[row] = batch.endMs[row] = SCENARIO_START_MS + packets[at];
    batch.samplingRate[row] = sampling;
    batch.packets[row] = 1;
    batch.bytes[row] = packets[at + 7] + ETHERNET_BYTES;
    batch.ttl[row] = packets[at + 8];
    batch.present[row] |= HAS.ttl;
  }

  record(packets: Float64Array, flow: Flow, observedMs: number, sampling: number): void {
    const row = this.begin(packets, flow.at);
    const batch = this.#batch;
    batch.exporter[row] = 0;
    batch.observedMs[row] = SCENARIO_START_MS + observedMs;
    batch.startMs[row] = SCENARIO_START_MS + Math.floor(flow.startMs);
    batch.endMs[row] = SCENARIO_START_MS + Math.floor(flow.endMs);
    batch.samplingRate[row] = sampling;
    batch.packets[row] = flow.packets;
    batch.bytes[row] = flow.bytes;
    batch.tcpFlags[row] = flow.flags;
  }

  /** One last packet, to nobody in particular, moves the clock to the end. */
  finish(options: RunOptions): void {
    const last = Float64Array.of(options.untilMs, ipv4(198, 18, 255, 1), ipv4(198, 18, 255, 2), 17, 1, 1, 0, 60, 57, 0);
    if (options.kind === 'packets') this.captured(last, 0, 1);
    else {
      const flow = { at: 0, startMs: options.untilMs, endMs: options.untilMs, packets: 1, bytes: 60, flags: 0 };
      this.record(last, flow, options.untilMs, 1);
    }
    this.#stream.take(this.#batch);
    this.#stream.finish();
  }
}

const ETHERNET_BYTES = 14;

function replayPackets(packets: Float64Array, rows: Rows, sampling: number): void {
  for (let at = 0; at < packets.length; at += COLUMNS) {
    if (sampling > 1 && rows.random.below(sampling) !== 0) continue;
    rows.captured(packets, at, sampling);
  }
}

interface Flow {
  /** Its first packet. */
  readonly at: number;
  readonly startMs: number;
  endMs: number;
  packets: number;
  bytes: number;
  flags: number;
}

/**
 * A router with a cache of flows by 5-tuple. Once a second it exports those that ended with FIN or RST, were idle for the
 * inactive timeout, or are older than the active one, spread over the second that follows.
 */
class Router {
  readonly #rows: Rows;
  readonly #sampling: number;
  readonly #activeMs: number;
  readonly #inactiveMs: number;
  readonly #silentMs: readonly [number, number];
  readonly #cache = new Map<number, Flow>();
  /** Flows that are due and were not exported yet. */
  #due: Flow[] = [];

  constructor(rows: Rows, options: ViewOptions) {
    this.#rows = rows;
    this.#sampling = options.sampling ?? 1;
    this.#activeMs = 1000 * (options.activeSeconds ?? 60);
    this.#inactiveMs = 1000 * (options.inactiveSeconds ?? 15);
    this.#silentMs = options.silentMs ?? [0, 0];
  }

  replay(packets: Float64Array): void {
    let tickMs = 1000;
    for (let at = 0; at < packets.length; at += COLUMNS) {
      for (; packets[at] >= tickMs; tickMs += 1000) this.#tick(packets, tickMs);
      if (this.#sampling > 1 && this.#rows.random.below(this.#sampling) !== 0) continue;
      this.#packet(packets, at);
    }
    for (; this.#cache.size > 0 || this.#due.length > 0; tickMs += 1000) this.#tick(packets, tickMs);
  }

  #packet(packets: Float64Array, at: number): void {
    const nowMs = packets[at];
    const key = keyOf(packets, at);
    let flow = this.#cache.get(key);
    if (flow !== undefined && (nowMs - flow.endMs >= this.#inactiveMs || nowMs - flow.startMs >= this.#activeMs)) {
      this.#due.push(flow);
      flow = undefined;
    }
    if (flow === undefined) {
      flow = { at, startMs: nowMs, endMs: nowMs, packets: 0, bytes: 0, flags: 0 };
      this.#cache.set(key, flow);
    }
    flow.endMs = nowMs;
    flow.packets++;
    flow.bytes += packets[at + 7];
    flow.flags |= packets[at + 6];
  }

  #tick(packets: Float64Array, nowMs: number): void {
    for (const [key, flow] of this.#cache) {
      const idleMs = nowMs - flow.endMs;
      const closed = (flow.flags & (TCP_FIN | TCP_RST)) !== 0 && idleMs >= CLOSED_IDLE_MS;
      if (closed || idleMs >= this.#inactiveMs || nowMs - flow.startMs >= this.#activeMs) {
        this.#due.push(flow);
        this.#cache.delete(key);
      }
    }
    const [silentFromMs, silentToMs] = this.#silentMs;
    if (nowMs >= silentFromMs && nowMs < silentToMs) return;
    const due = this.#due;
    this.#due = [];
    for (let at = 0; at < due.length; at++) {
      // Thirty records share a datagram, and datagrams follow each other through the second.
      const datagram = Math.floor(at / DATAGRAM_RECORDS) / Math.ceil(due.length / DATAGRAM_RECORDS);
      this.#rows.record(packets, due[at], nowMs + Math.floor(EXPORT_SPREAD_MS * datagram), this.#sampling);
    }
  }
}

const CLOSED_IDLE_MS = 500;
const DATAGRAM_RECORDS = 30;
const EXPORT_SPREAD_MS = 800;
