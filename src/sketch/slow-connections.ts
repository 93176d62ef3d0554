import { hashAddress, mix32 } from '../base/hash.ts';
import type { FlowBatch } from '../model/flow-batch.ts';
import { FrequentItems } from './frequent-items.ts';
import { WEB_PORTS } from './intake.ts';

/** Connections followed at a time; 64 bytes each. */
export const SLOW_CONNECTIONS_MAX = 65_536;
/** A client packet with at most this many bytes carries a scrap of a request: a header line, a byte of a body. */
export const SCRAP_BYTES_MAX = 150;
/** A connection that sends more scraps a second than this is not slow. */
export const SCRAPS_PER_SECOND_MAX = 1;
/** A connection is slow once it has lived for this long on scraps alone, ms … */
export const SLOW_AGE_MIN_MS = 10_000;
/** … and is forgotten when it was silent for longer, ms. */
const SLOW_SILENCE_MAX_MS = 60_000;
/** A server that sent data on a connection within this time serves it, ms. */
const ANSWER_AGE_MAX_MS = 10_000;
/** Flow records that tell of more than this are not waited for, ms. */
const SPAN_MAX_MS = 180_000;
/** From this many slow connections on a server's answers are looked at. */
const SUSPECT_CONNECTIONS_MIN = 50;
const SUSPECTS_MAX = 64;
/** Seconds between two looks at the table. */
const REVIEW_SECONDS = 5;

/** A server on which many connections are held open by scraps. */
export interface SlowServer {
  readonly words: Uint32Array;
  /** Slow connections that the server does not answer. */
  readonly connections: number;
  /** When the first of them began, ms since 1970. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** Scraps that they sent in all. */
  readonly packets: number;
  readonly bytes: number;
  readonly sources: FrequentItems;
  /** True where data from the server was looked for, for long enough to say that there is none. */
  readonly answersSeen: boolean;
}

interface Suspect {
  readonly words: Uint32Array;
  readonly sinceMs: number;
}

/**
 * Follows connections to web servers that live on scraps (slowloris, slow POST), which no rate shows. A table of fixed size, two
 * places for a connection; a place is taken again once its connection was silent.
 *
 *   key [ check ]  words [ src ×4 | dst ×4 ]  firstMs · lastMs · answeredMs · scraps · bytes
 */
export class SlowConnections {
  /** Connections that found no place. */
  dropped = 0;
  readonly #check = new Uint32Array(SLOW_CONNECTIONS_MAX);
  readonly #words = new Uint32Array(8 * SLOW_CONNECTIONS_MAX);
  readonly #firstMs = new Float64Array(SLOW_CONNECTIONS_MAX);
  readonly #lastMs = new Float64Array(SLOW_CONNECTIONS_MAX);
  readonly #answeredMs = new Float64Array(SLOW_CONNECTIONS_MAX);
  readonly #scraps = new Float64Array(SLOW_CONNECTIONS_MAX);
  readonly #bytes = new Float64Array(SLOW_CONNECTIONS_MAX);
  readonly #seed: number;
  #suspects: Suspect[] = [];
  #servers: readonly SlowServer[] = [];
  #reviewed = 0;
  /** The longest time that one row told of, ms: data from the server may be told as much later. */
  #spanMs = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** True while data from some server is looked for. */
  get answersWanted(): boolean {
    return this.#suspects.length > 0;
  }

  /**
   * Follows rows of a batch: scraps towards web servers (of flow records those that are long and thin), and, where answers are
   * wanted, data from web servers.
   */
  add(batch: FlowBatch, rows: Uint32Array, count: number): void {
    const { srcAddr, dstAddr, srcPort, dstPort, packets, bytes, startMs, observedMs } = batch;
    for (let index = 0; index < count; index++) {
      const row = rows[index];
      const at = 4 * row;
      if (!WEB_PORTS.includes(dstPort[row])) {
        if (this.#isSuspect(srcAddr, at))
          this.#answer(dstAddr, srcAddr, at, dstPort[row], srcPort[row], observedMs[row]);
        continue;
      }
      this.#scrap(
        srcAddr,
        dstAddr,
        at,
        srcPort[row],
        dstPort[row],
        startMs[row],
        observedMs[row],
        packets[row],
        bytes[row],
      );
    }
  }

  /** Servers with slow connections, looked for every few seconds of event time. */
  servers(second: number): readonly SlowServer[] {
    if (second - this.#reviewed >= REVIEW_SECONDS || second < this.#reviewed) {
      this.#reviewed = second;
      this.#review((second + 1) * 1000);
    }
    return this.#servers;
  }

  #scrap(
    src: Uint32Array,
    dst: Uint32Array,
    at: number,
    srcPort: number,
    dstPort: number,
    startMs: number,
    nowMs: number,
    packets: number,
    bytes: number,
  ): void {
    const slot = this.#place(src, dst, at, srcPort, dstPort, nowMs);
    if (slot < 0) {
      this.dropped++;
      return;
    }
    if (this.#scraps[slot] === 0) this.#firstMs[slot] = startMs;
    if (nowMs - startMs > this.#spanMs) this.#spanMs = Math.min(nowMs - startMs, SPAN_MAX_MS);
    this.#lastMs[slot] = nowMs;
    this.#scraps[slot] += packets;
    this.#bytes[slot] += bytes;
  }

  #answer(
    client: Uint32Array,
    server: Uint32Array,
    at: number,
    clientPort: number,
    serverPort: number,
    nowMs: number,
  ): void {
    const hash = this.#hash(client, server, at, clientPort, serverPort);
    for (let way = 0; way < 2; way++) {
      const slot = (hash ^ way) & (SLOW_CONNECTIONS_MAX - 1);
      if (this.#check[slot] === mix32(hash)) this.#answeredMs[slot] = nowMs;
    }
  }

  /** The connection's place, emptied if it is new; -1 when both places belong to others that are still there. */
  #place(src: Uint32Array, dst: Uint32Array, at: number, srcPort: number, dstPort: number, nowMs: number): number {
    const hash = this.#hash(src, dst, at, srcPort, dstPort);
    const check = mix32(hash);
    let free = -1;
    for (let way = 0; way < 2; way++) {
      const slot = (hash ^ way) & (SLOW_CONNECTIONS_MAX - 1);
      if (this.#check[slot] === check && this.#scraps[slot] > 0) return slot;
      if (this.#scraps[slot] === 0 || nowMs - this.#lastMs[slot] > SLOW_SILENCE_MAX_MS) free = slot;
    }
    if (free < 0) return -1;
    this.#check[free] = check;
    for (let word = 0; word < 4; word++) {
      this.#words[8 * free + word] = src[at + word];
      this.#words[8 * free + 4 + word] = dst[at + word];
    }
    this.#scraps[free] = 0;
    this.#bytes[free] = 0;
    this.#answeredMs[free] = 0;
    return free;
  }

  #hash(src: Uint32Array, dst: Uint32Array, at: number, srcPort: number, dstPort: number): number {
    return mix32(
      hashAddress(src, at, this.#seed) ^ Math.imul(hashAddress(dst, at, this.#seed), 5) ^ ((srcPort << 16) | dstPort),
    );
  }

  #isSuspect(words: Uint32Array, at: number): boolean {
    for (const suspect of this.#suspects) if (isSame(suspect.words, words, at)) return true;
    return false;
  }

  #review(nowMs: number): void {
    const found = new Map<string, { slots: number[]; words: Uint32Array }>();
    for (let slot = 0; slot < SLOW_CONNECTIONS_MAX; slot++) {
      if (this.#scraps[slot] < 2 || !this.#isThin(slot, nowMs)) continue;
      const words = this.#words.subarray(8 * slot + 4, 8 * slot + 8);
      const key = words.join();
      const server = found.get(key);
      if (server === undefined) found.set(key, { slots: [slot], words: words.slice() });
      else server.slots.push(slot);
    }
    const many = [...found.values()]
      .filter(({ slots }) => slots.length >= SUSPECT_CONNECTIONS_MIN)
      .slice(0, SUSPECTS_MAX);
    this.#suspects = many.map(
      ({ words }) => this.#suspects.find((known) => isSame(known.words, words, 0)) ?? { words, sinceMs: nowMs },
    );
    // A suspect stays one while its answers are looked for; only what it leaves unanswered counts.
    this.#servers = many.map(({ words, slots }, index) => {
      const unanswered = slots.filter((slot) => this.#isUnanswered(slot));
      return this.#server(words, unanswered, nowMs, this.#suspects[index].sinceMs);
    });
  }

  #isThin(slot: number, nowMs: number): boolean {
    if (nowMs - this.#lastMs[slot] > SLOW_SILENCE_MAX_MS) return false;
    const livedMs = this.#lastMs[slot] - this.#firstMs[slot];
    return livedMs >= SLOW_AGE_MIN_MS && this.#scraps[slot] * 1000 <= SCRAPS_PER_SECOND_MAX * livedMs;
  }

  #isUnanswered(slot: number): boolean {
    return this.#lastMs[slot] - this.#answeredMs[slot] > ANSWER_AGE_MAX_MS + this.#spanMs;
  }

  #server(words: Uint32Array, slots: readonly number[], nowMs: number, suspectedMs: number): SlowServer {
    const sources = new FrequentItems(256, this.#seed);
    let firstMs = Number.POSITIVE_INFINITY;
    let lastMs = 0;
    let packets = 0;
    let bytes = 0;
    for (const slot of slots) {
      sources.add(this.#words, 8 * slot, hashAddress(this.#words, 8 * slot, this.#seed), 1);
      firstMs = Math.min(firstMs, this.#firstMs[slot]);
      lastMs = Math.max(lastMs, this.#lastMs[slot]);
      packets += this.#scraps[slot];
      bytes += this.#bytes[slot];
    }
    const answersSeen = nowMs - suspectedMs >= ANSWER_AGE_MAX_MS + this.#spanMs;
    return { words, connections: slots.length, firstMs, lastMs, packets, bytes, sources, answersSeen };
  }
}

function isSame(words: Uint32Array, other: Uint32Array, at: number): boolean {
  return (
    words[3] === other[at + 3] && words[2] === other[at + 2] && words[1] === other[at + 1] && words[0] === other[at]
  );
}
