import type { Random } from '../base/random.ts';
import type { PcapWriter } from './pcap-writer.ts';
import { type Address, ipv4, WORLD_START_MS } from './world.ts';

/** Where all routers send to. */
const COLLECTOR: Address = ipv4(192, 0, 2, 250);
const HEADERS = 14 + 20 + 8;
/** Bytes of a payload at most: what an Ethernet carries whole. */
export const PAYLOAD_BYTES_MAX = 1400;

/**
 * Puts the datagrams of one router into the capture, as seen before the collector:
 *
 *   Ethernet 14 · IPv4 20 · UDP 8 · payload
 */
export class DatagramWriter {
  /** The payload is written here from 0 on, then sent. */
  readonly view = new DataView(new ArrayBuffer(PAYLOAD_BYTES_MAX + 256));
  /** Datagrams sent, those that were lost among them. */
  sent = 0;
  lost = 0;
  readonly #pcap: PcapWriter;
  readonly #router: Address;
  readonly #port: number;
  readonly #lossShare: number;
  readonly #random: Random;

  constructor(pcap: PcapWriter, router: Address, port: number, lossShare: number, random: Random) {
    this.#pcap = pcap;
    this.#router = router;
    this.#port = port;
    this.#lossShare = lossShare;
    this.#random = random;
  }

  send(atMs: number, payload: number): void {
    this.sent++;
    if (this.#lossShare > 0 && this.#random.unit() < this.#lossShare) {
      this.lost++;
      return;
    }
    const pcap = this.#pcap;
    const at = pcap.begin(WORLD_START_MS + atMs, HEADERS + payload, HEADERS + payload);
    const { view } = pcap;
    view.setUint32(at, 0x02000000);
    view.setUint32(at + 4, 0x00030200);
    view.setUint32(at + 8, 0x00000004);
    view.setUint16(at + 12, 0x0800);
    const ip = at + 14;
    view.setUint32(ip, 0x45000000 | (28 + payload));
    view.setUint32(ip + 4, 0x00004000);
    view.setUint32(ip + 8, 0x40110000);
    view.setUint32(ip + 12, this.#router);
    view.setUint32(ip + 16, COLLECTOR);
    view.setUint16(ip + 20, 40_000);
    view.setUint16(ip + 22, this.#port);
    view.setUint16(ip + 24, 8 + payload);
    view.setUint16(ip + 26, 0);
    pcap.buffer.set(new Uint8Array(this.view.buffer, 0, payload), ip + 28);
  }
}
