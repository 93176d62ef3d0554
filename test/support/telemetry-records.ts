import { formatAddress } from '../../src/base/ip.ts';
import { Random } from '../../src/base/random.ts';
import {
  createKeptFlows,
  KEPT_ATTACK,
  KEPT_PEACE,
  type KeptFlows,
  type SecondRecord,
} from '../../src/model/second-record.ts';
import { CLASS } from '../../src/model/traffic-class.ts';

export interface RecordShape {
  /** Targets above their floor, at addresses of 198.51.100.0/24. */
  readonly targets: number;
  /** Rows kept of traffic at peace, between 10,000 clients and 1,000 servers of 198.51.96.0/20. */
  readonly peaceRows: number;
  /** Rows kept of a UDP flood from forged sources on 198.51.100.10; the first target then has an attack. */
  readonly attackRows: number;
}

export const ATTACK_ID = '20261123T090000Z-198.51.100.10-1';
export const VICTIM = '198.51.100.10';

const IPV4 = 0xffff;
const SERVERS = 0xc6336000;
const VICTIM_WORD = 0xc633640a;
const EXPORTER_WORD = 0xc0000201;

/** Seconds as a station makes them, from a seed: the same every time. */
export class RecordMaker {
  readonly #random: Random;
  readonly #shape: RecordShape;

  constructor(seed: number, shape: RecordShape) {
    this.#random = new Random(seed);
    this.#shape = shape;
  }

  make(second: number): SecondRecord {
    const { targets, attackRows } = this.#shape;
    return {
      second,
      total: { bps: 8e9 + this.#random.below(1e9), pps: 1e6, fps: 5e4 },
      targets: Array.from({ length: targets }, (_, at) => {
        const address = formatAddress(Uint32Array.of(0, 0, IPV4, VICTIM_WORD + at));
        const attacked = at === 0 && attackRows > 0;
        const pps = (attacked ? 500_000 : 2000) + this.#random.below(200);
        return {
          target: { kind: 'address', value: address } as const,
          direction: 'in' as const,
          prefix: `${address}/32`,
          rate: { bps: pps * 800, pps, fps: pps / 10 },
          baseline: { bps: 1_600_000, pps: 2000, fps: 200 },
          excess: attacked ? 25 : 0.3,
          ...(attacked ? { attackId: ATTACK_ID } : {}),
        };
      }),
      flows: this.#flows(),
    };
  }

  #flows(): KeptFlows {
    const { peaceRows, attackRows } = this.#shape;
    const flows = createKeptFlows(peaceRows + attackRows);
    const random = this.#random;
    for (let row = 0; row < flows.length; row++) {
      const attack = row >= peaceRows;
      // A few clients and servers have most of the traffic, as everywhere.
      const client = attack ? random.uint32() : 0x0b000000 + Math.floor(10_000 * random.unit() ** 3) * 97;
      const server = attack ? VICTIM_WORD : SERVERS + Math.floor(1000 * random.unit() ** 3);
      const answer = !attack && random.unit() < 0.4;
      const port = attack ? 1024 + random.below(60_000) : random.unit() < 0.8 ? 443 : 53;
      flows.srcAddr.set([0, 0, IPV4, (answer ? server : client) >>> 0], 4 * row);
      flows.dstAddr.set([0, 0, IPV4, (answer ? client : server) >>> 0], 4 * row);
      flows.exporter.set([0, 0, IPV4, EXPORTER_WORD + random.below(2)], 4 * row);
      const clientPort = attack ? 53 : 1024 + random.below(60_000);
      flows.srcPort[row] = answer ? port : clientPort;
      flows.dstPort[row] = answer ? clientPort : port;
      flows.proto[row] = attack || port === 53 ? 17 : 6;
      flows.tcpFlags[row] = flows.proto[row] === 6 ? 27 : 0;
      flows.trafficClass[row] = attack ? CLASS.dnsResponse : port === 53 ? CLASS.dnsQuery : CLASS.tcpSessionSmall;
      flows.ttl[row] = 40 + random.below(24);
      flows.srcAs[row] = 64_496 + (client % 16);
      flows.packets[row] = attack ? 1 : 1 + random.below(40);
      flows.bytes[row] = flows.packets[row] * (attack ? 1400 : 64 + random.below(1400));
      flows.weight[row] = attack ? 16 : 128;
      flows.kept[row] = attack ? KEPT_ATTACK : KEPT_PEACE;
    }
    return flows;
  }
}
