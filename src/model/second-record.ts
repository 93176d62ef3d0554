import type { Rate, Target } from './attack.ts';

/**
 * What the detector hands on of every second: to the telemetry store, the live view and the metrics. Plain data that goes
 * between threads; nothing in it refers to the tables of the second.
 */
export interface SecondRecord {
  /** Seconds since 1970. */
  readonly second: number;
  /** Everything that was counted, scaled by sampling. */
  readonly total: Rate;
  /** Targets above their floor, and every target under attack; largest excess first. */
  readonly targets: readonly TargetSecond[];
  readonly flows: KeptFlows;
}

/** One target in one second. */
export interface TargetSecond {
  readonly target: Target;
  readonly direction: 'in' | 'out';
  /** The prefix that was counted, also where the target has a name: `198.51.100.10/32`. */
  readonly prefix: string;
  readonly rate: Rate;
  /** What is usual; 0 where nothing was learned yet. */
  readonly baseline: Rate;
  /** Largest ratio of a group of classes to its limit: 1 and above is too much. */
  readonly excess: number;
  /** The attack that is open on it. */
  readonly attackId?: string;
}

/** `kept` of a flow: why it was kept. */
export const KEPT_PEACE = 0;
export const KEPT_ATTACK = 1;

/**
 * Flows that are kept of one second, as a struct of arrays that is transferred between threads. Row `i` of an address is the
 * four words at `4 * i`. Each row stands for `weight` rows like it: a uniform sample, so sums of `weight * packets` estimate totals.
 */
export interface KeptFlows {
  readonly length: number;
  readonly srcAddr: Uint32Array;
  readonly dstAddr: Uint32Array;
  readonly srcPort: Uint16Array;
  readonly dstPort: Uint16Array;
  readonly proto: Uint8Array;
  readonly tcpFlags: Uint16Array;
  /** Index into TRAFFIC_CLASSES. */
  readonly trafficClass: Uint8Array;
  /** TTL or hop limit; 0 where unknown. */
  readonly ttl: Uint8Array;
  /** AS that the telemetry names; 0 where unknown. */
  readonly srcAs: Uint32Array;
  /** Address of the exporter (four words a row); the unspecified address for captured packets. */
  readonly exporter: Uint32Array;
  /** Packets and bytes scaled by the exporter's sampling, not by `weight`. */
  readonly packets: Float64Array;
  readonly bytes: Float64Array;
  readonly weight: Float64Array;
  /** KEPT_PEACE or KEPT_ATTACK. */
  readonly kept: Uint8Array;
}

/** Columns for `length` rows, all zero. */
export function createKeptFlows(length: number): KeptFlows {
  return {
    length,
    srcAddr: new Uint32Array(4 * length),
    dstAddr: new Uint32Array(4 * length),
    srcPort: new Uint16Array(length),
    dstPort: new Uint16Array(length),
    proto: new Uint8Array(length),
    tcpFlags: new Uint16Array(length),
    trafficClass: new Uint8Array(length),
    ttl: new Uint8Array(length),
    srcAs: new Uint32Array(length),
    exporter: new Uint32Array(4 * length),
    packets: new Float64Array(length),
    bytes: new Float64Array(length),
    weight: new Float64Array(length),
    kept: new Uint8Array(length),
  };
}
