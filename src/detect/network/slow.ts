import { formatAddress } from '../../base/ip.ts';
import { formatCount } from '../../base/units.ts';
import type { Attack, Target } from '../../model/attack.ts';
import type { SlowServer } from '../../sketch/slow-connections.ts';
import { AttackRecord } from './attack-record.ts';
import { type Now, survives, type TellAttack } from './open-attacks.ts';
import { PARAMETERS } from './parameters.ts';
import type { GroupRates } from './traffic.ts';

export interface SlowDetectorOptions {
  readonly seed: number;
  readonly targetOf: (address: string) => Target;
  readonly onAttack?: TellAttack | undefined;
  /** Tells `updated` too, and does not keep what is over. */
  readonly live: boolean;
  /** The attack of an earlier run that goes on with this one. */
  readonly claim: (target: Target, direction: 'in' | 'out') => Attack | undefined;
}

/** An open attack on one server, and what its connections had come to when they were last looked at. */
export class OpenSlow {
  readonly words: Uint32Array;
  readonly record: AttackRecord;
  packets: number;
  bytes: number;

  constructor(words: Uint32Array, record: AttackRecord, packets: number, bytes: number) {
    this.words = words;
    this.record = record;
    this.packets = packets;
    this.bytes = bytes;
  }
}

/** Slow requests that hold connections open: judged by how many there are and how many each source holds, not by rate. */
export class SlowDetector {
  readonly #options: SlowDetectorOptions;
  readonly #open = new Map<string, OpenSlow>();
  readonly #closed: Attack[] = [];

  constructor(options: SlowDetectorOptions) {
    this.#options = options;
  }

  /** Judges the servers that a second found; call it for every second. */
  take(servers: readonly SlowServer[], second: number, now: Now): void {
    const { tick, nowMs } = now;
    const seen = new Set<string>();
    for (const server of servers) {
      const address = formatAddress(server.words);
      const known = this.#open.get(address);
      const limit = PARAMETERS.slowConnectionsMin * (known === undefined ? 1 : PARAMETERS.holdShare);
      if (server.connections < limit || !server.answersSeen) continue;
      if (server.connections < PARAMETERS.slowConnectionsPerSource * server.sources.size) continue;
      seen.add(address);
      const open = known ?? this.#begin(address, server, second, now);
      this.#carry(open, server, second, now);
    }
    for (const [address, open] of this.#open) {
      if (!seen.has(address)) open.record.second(second, tick, false, { bps: 0, pps: 0, fps: 0 }, nowMs);
      if (tick - open.record.lastActiveTick >= PARAMETERS.closeAfterSeconds) this.#close(address, open, nowMs);
      else if (this.#options.live && open.record.updateDue(tick))
        this.#options.onAttack?.(open.record.toAttack(true, nowMs), 'updated');
    }
  }

  /** As `OpenAttacks.jump`. */
  jump(seconds: number, nowMs: number): void {
    for (const [address, open] of this.#open) {
      if (!survives(seconds, this.#options.live)) this.#close(address, open, nowMs);
      else if (seconds < 0) open.record.shift(1000 * seconds);
    }
  }

  #close(address: string, open: OpenSlow, nowMs: number): void {
    this.#open.delete(address);
    const attack = open.record.toAttack(false, nowMs);
    if (!this.#options.live && this.#closed.length < PARAMETERS.attacksKeptMax) this.#closed.push(attack);
    this.#options.onAttack?.(attack, 'closed');
  }

  /** What is open, in the order in which it was opened. */
  get open(): readonly OpenSlow[] {
    return [...this.#open.values()];
  }

  restore(open: readonly OpenSlow[]): void {
    this.#open.clear();
    for (const each of open) this.#open.set(formatAddress(each.words), each);
  }

  /** The record of an open attack. */
  find(id: string): AttackRecord | undefined {
    return this.open.find(({ record }) => record.id === id)?.record;
  }

  /** Forgets an open attack without a word. */
  drop(id: string): void {
    for (const [address, { record }] of this.#open) if (record.id === id) this.#open.delete(address);
  }

  /** Servers under attack, as prefixes. */
  prefixes(): { readonly words: Uint32Array; readonly length: number; readonly attackId: string }[] {
    return [...this.#open.values()].map(({ words, record }) => ({ words, length: 128, attackId: record.id }));
  }

  attacks(tick: number, nowMs: number): Attack[] {
    return [
      ...this.#closed,
      ...[...this.#open.values()].map(({ record }) =>
        record.toAttack(tick - record.lastActiveTick <= PARAMETERS.ongoingQuietSecondsMax, nowMs),
      ),
    ];
  }

  #begin(address: string, server: SlowServer, second: number, { tick, nowMs }: Now): OpenSlow {
    const sources = server.sources.size;
    const target = this.#options.targetOf(address);
    const before = this.#options.claim(target, 'in');
    const record = new AttackRecord({
      key: `slow ${address}`,
      ...(before === undefined ? {} : { id: before.id }),
      target,
      direction: 'in',
      carpet: false,
      openedSecond: second,
      openedTick: tick,
      baseline: { learnedSeconds: 0 },
      startMs: server.firstMs,
      detectedAtMs: nowMs,
      history: [],
      seed: this.#options.seed,
    });
    record.join('slowloris', {
      second,
      measure: 'fps',
      observed: server.connections,
      limit: PARAMETERS.slowConnectionsMin,
      limitFrom: 'floor',
      cusum: false,
      notes: [
        `${formatCount(server.connections)} connections held open by ${(server.packets / server.connections).toFixed(1)} scraps each, mean ${(server.bytes / server.packets).toFixed(0)} bytes, with no data back`,
        `${formatCount(sources)} ${sources === 1 ? 'source' : 'sources'} with ${(server.connections / sources).toFixed(0)} connections each`,
      ],
      lagMs: 0,
      newSources: undefined,
    });
    if (before !== undefined) record.adopt(before, true);
    const open = new OpenSlow(server.words.slice(), record, 0, 0);
    this.#open.set(address, open);
    this.#options.onAttack?.(record.toAttack(true, nowMs), before === undefined ? 'opened' : 'updated');
    return open;
  }

  #carry(open: OpenSlow, server: SlowServer, second: number, { tick, nowMs }: Now): void {
    // The table tells sums of connections that come and go; what is new since the last look is never less than nothing.
    const packets = Math.max(0, server.packets - open.packets);
    const bytes = Math.max(0, server.bytes - open.bytes);
    open.packets = server.packets;
    open.bytes = server.bytes;
    const rates: GroupRates = {
      pps: packets,
      bps: bytes * 8,
      fps: 0,
      sureShare: 1,
      packets,
      bytes,
      flows: 0,
      variance: 0,
      lagMs: 0,
      firstMs: server.firstMs,
    };
    open.record.add('slowloris', rates, undefined);
    open.record.addSources(server.sources);
    open.record.second(second, tick, true, { bps: rates.bps, pps: rates.pps, fps: 0 }, Math.min(nowMs, server.lastMs));
  }
}
