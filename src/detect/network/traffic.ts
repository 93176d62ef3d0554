import { CLASS_COUNT } from '../../model/traffic-class.ts';
import type { AddressTable } from '../../sketch/address-table.ts';
import { CELL_BYTES, CELL_FIRST_MS, CELL_LAG, CELL_PACKETS, CELL_VARIANCE } from '../../sketch/table-cells.ts';
import { PARAMETERS } from './parameters.ts';

/** What one group of classes came to in one second, scaled by sampling and to a whole second. */
export interface GroupRates {
  pps: number;
  bps: number;
  fps: number;
  /** What of `pps` is certain at 95 % in spite of sampling; bps and fps shrink alike. */
  sureShare: number;
  /** Packets as counted (scaled by sampling, not to a whole second). */
  packets: number;
  bytes: number;
  flows: number;
  variance: number;
  /** Mean ms from carriage to counting. */
  lagMs: number;
  /** When the first packet was carried, ms since 1970. */
  firstMs: number;
}

/** Counters of one node of the ladder by class, copied from a table row and reused. */
export class NodeTraffic {
  readonly packets = new Float64Array(CLASS_COUNT);
  readonly bytes = new Float64Array(CLASS_COUNT);
  readonly flows = new Float64Array(CLASS_COUNT);
  readonly variance = new Float64Array(CLASS_COUNT);
  readonly lag = new Float64Array(CLASS_COUNT);
  readonly firstMs = new Float64Array(CLASS_COUNT).fill(Number.POSITIVE_INFINITY);
  /** Classes that occur. */
  present = 0;
  totalPackets = 0;
  totalBytes = 0;
  totalFlows = 0;

  read(table: AddressTable, row: number): void {
    // Classes that do not occur hold nothing.
    for (let rest = this.present; rest !== 0; rest &= rest - 1) this.#clear(31 - Math.clz32(rest & -rest));
    this.present = 0;
    this.totalPackets = 0;
    this.totalBytes = 0;
    this.totalFlows = 0;
    const data = table.cellData;
    for (let at = table.firstCell(row); at >= 0; at = table.nextCell(at)) {
      const trafficClass = table.classOf(at);
      this.packets[trafficClass] = data[at + CELL_PACKETS];
      this.bytes[trafficClass] = data[at + CELL_BYTES];
      this.flows[trafficClass] = table.flowsOf(at);
      this.variance[trafficClass] = data[at + CELL_VARIANCE];
      this.lag[trafficClass] = data[at + CELL_LAG];
      this.firstMs[trafficClass] = data[at + CELL_FIRST_MS];
      this.present |= 1 << trafficClass;
      this.totalPackets += data[at + CELL_PACKETS];
      this.totalBytes += data[at + CELL_BYTES];
      this.totalFlows += table.flowsOf(at);
    }
  }

  #clear(trafficClass: number): void {
    this.packets[trafficClass] = 0;
    this.bytes[trafficClass] = 0;
    this.flows[trafficClass] = 0;
    this.variance[trafficClass] = 0;
    this.lag[trafficClass] = 0;
    this.firstMs[trafficClass] = Number.POSITIVE_INFINITY;
  }

  copy(): NodeTraffic {
    const copy = new NodeTraffic();
    copy.packets.set(this.packets);
    copy.bytes.set(this.bytes);
    copy.flows.set(this.flows);
    copy.variance.set(this.variance);
    copy.lag.set(this.lag);
    copy.firstMs.set(this.firstMs);
    copy.present = this.present;
    copy.totalPackets = this.totalPackets;
    copy.totalBytes = this.totalBytes;
    copy.totalFlows = this.totalFlows;
    return copy;
  }

  /** Takes away what another node has of a set of classes. */
  subtract(other: NodeTraffic, classes: number): void {
    for (let trafficClass = 0; trafficClass < CLASS_COUNT; trafficClass++) {
      if (((classes & other.present) >>> trafficClass) & 1) {
        this.packets[trafficClass] = Math.max(0, this.packets[trafficClass] - other.packets[trafficClass]);
        this.bytes[trafficClass] = Math.max(0, this.bytes[trafficClass] - other.bytes[trafficClass]);
        this.flows[trafficClass] = Math.max(0, this.flows[trafficClass] - other.flows[trafficClass]);
        this.variance[trafficClass] = Math.max(0, this.variance[trafficClass] - other.variance[trafficClass]);
        this.lag[trafficClass] = Math.max(0, this.lag[trafficClass] - other.lag[trafficClass]);
      }
    }
  }

  /** Packets of a set of classes. */
  sum(classes: number): number {
    let packets = 0;
    for (let trafficClass = 0; trafficClass < CLASS_COUNT; trafficClass++) {
      if ((classes >>> trafficClass) & 1) packets += this.packets[trafficClass];
    }
    return packets;
  }

  /** Rates of a set of classes, where the input covers `coveredMs` of the second. */
  rates(classes: number, coveredMs: number): GroupRates {
    let packets = 0;
    let bytes = 0;
    let flows = 0;
    let variance = 0;
    let lag = 0;
    let firstMs = Number.POSITIVE_INFINITY;
    for (let trafficClass = 0; trafficClass < CLASS_COUNT; trafficClass++) {
      if (((classes & this.present) >>> trafficClass) & 1) {
        packets += this.packets[trafficClass];
        bytes += this.bytes[trafficClass];
        flows += this.flows[trafficClass];
        variance += this.variance[trafficClass];
        lag += this.lag[trafficClass];
        firstMs = Math.min(firstMs, this.firstMs[trafficClass]);
      }
    }
    const scale = 1000 / coveredMs;
    const unsure = PARAMETERS.samplingSigmas * Math.sqrt(variance);
    return {
      pps: packets * scale,
      bps: bytes * 8 * scale,
      fps: flows * scale,
      sureShare: packets > unsure ? 1 - unsure / packets : 0,
      packets,
      bytes,
      flows,
      variance,
      lagMs: packets > 0 ? lag / packets : 0,
      firstMs,
    };
  }
}

/** Packets that exporters looked at, of those that stand in `rates`: sampling at one in N leaves a variance of N - 1 a packet. */
export function lookedAt({ packets, variance }: GroupRates): number {
  return packets > 0 ? packets / (1 + variance / packets) : 0;
}

/** True where exporters looked at a part of the packets only. */
export function isSampled(rates: GroupRates): boolean {
  return lookedAt(rates) < 0.99 * rates.packets;
}
