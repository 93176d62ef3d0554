import { type DatagramWriter, PAYLOAD_BYTES_MAX } from './datagram-writer.ts';
import { type Address, addressWords, isIpv6, WORLD_START_MS } from './world.ts';

/** What a flow cache tells of one flow; times in ms after the start. */
export interface FlowRecord {
  readonly src: Address;
  readonly dst: Address;
  readonly proto: number;
  readonly srcPort: number;
  readonly dstPort: number;
  /** ICMP type, or -1 for later fragments. */
  readonly icmp: number;
  /** True where it comes in from outside. */
  readonly inbound: boolean;
  /** Number of the attack that it belongs to; 0 for none. */
  readonly attack: number;
  readonly startMs: number;
  endMs: number;
  packets: number;
  bytes: number;
  flags: number;
}

export interface ExporterSpec {
  readonly protocol: 'netflow-v5' | 'netflow-v9' | 'ipfix';
  readonly sampling: number;
  /** By how much the router's clock is ahead, ms. */
  readonly clockSkewMs: number;
  /** When templates are sent first, ms after the start, and how often again. */
  readonly templatesFromMs: number;
  readonly templatesEveryMs: number;
}

const UPTIME_MS = 86_400_000;
const V5_RECORDS_MAX = 29;
const TEMPLATE = { four: 256, six: 257, options: 258 } as const;

/** Element and length, in the order in which they are written (RFC 3954 section 8; IANA); `time` is that of the protocol. */
function fieldsOf(six: boolean, ipfix: boolean): readonly (readonly [number, number])[] {
  const address: readonly (readonly [number, number])[] = six
    ? [
        [27, 16],
        [28, 16],
      ]
    : [
        [8, 4],
        [12, 4],
      ];
  const time: readonly (readonly [number, number])[] = ipfix
    ? [
        [152, 8],
        [153, 8],
      ]
    : [
        [22, 4],
        [21, 4],
      ];
  return [
    ...address,
    ...time,
    [1, 8],
    [2, 4],
    [10, 4],
    [14, 4],
    [7, 2],
    [11, 2],
    [six ? 139 : 32, 2],
    [88, 2],
    [4, 1],
    [6, 1],
  ];
}

const words = new Uint32Array(4);

/** Packs flow records into datagrams of NetFlow v5, NetFlow v9 or IPFIX, as routers do. */
export class Exporter {
  readonly #spec: ExporterSpec;
  readonly #out: DatagramWriter;
  #rate: number;
  #sequence = 0;
  #startedMs = 0;
  #templatesDueMs: number;
  /** Of the datagram in work: bytes, records, and where its data set begins. */
  #at = 0;
  #records = 0;
  #set = 0;
  #setId = 0;
  #sets = 0;

  constructor(spec: ExporterSpec, out: DatagramWriter) {
    this.#spec = spec;
    this.#out = out;
    this.#rate = spec.sampling;
    this.#templatesDueMs = spec.templatesFromMs;
  }

  /** The router looks at one packet in `rate` from now on, and says so at once. */
  setSampling(rate: number, nowMs: number): void {
    this.#rate = rate;
    if (this.#spec.protocol !== 'netflow-v5') this.#sendTemplates(nowMs);
  }

  /** Sequence and uptime begin anew. */
  reboot(nowMs: number): void {
    this.#sequence = 0;
    this.#startedMs = nowMs + UPTIME_MS - 20_000;
    this.#templatesDueMs = nowMs;
  }

  /** Whether the protocol can carry it. */
  carries(record: FlowRecord): boolean {
    return this.#spec.protocol !== 'netflow-v5' || !isIpv6(record.dst);
  }

  add(record: FlowRecord, nowMs: number): void {
    if (this.#spec.protocol === 'netflow-v5') {
      if (this.#records === 0) this.#at = 24;
      this.#writeFive(record);
      if (++this.#records === V5_RECORDS_MAX) this.flush(nowMs);
      return;
    }
    const six = isIpv6(record.dst);
    const id = six ? TEMPLATE.six : TEMPLATE.four;
    if (this.#at === 0) this.#at = this.#spec.protocol === 'ipfix' ? 16 : 20;
    if (this.#setId !== id) {
      this.#endSet();
      this.#set = this.#at;
      this.#setId = id;
      this.#at += 4;
    }
    this.#writeRecord(record, six);
    this.#records++;
    if (this.#at > PAYLOAD_BYTES_MAX - 80) this.flush(nowMs);
  }

  /** Sends what is in work, and templates where they are due. */
  flush(nowMs: number): void {
    if (this.#spec.protocol !== 'netflow-v5' && nowMs >= this.#templatesDueMs) {
      const { at, records, sets } = { at: this.#at, records: this.#records, sets: this.#sets };
      if (records === 0 && at === 0 && sets === 0) {
        this.#sendTemplates(nowMs);
        this.#templatesDueMs = nowMs + this.#spec.templatesEveryMs;
      }
    }
    if (this.#records === 0) return;
    if (this.#spec.protocol === 'netflow-v5') this.#sendFive(nowMs);
    else this.#send(nowMs);
  }

  #sendFive(nowMs: number): void {
    const { view } = this.#out;
    view.setUint16(0, 5);
    view.setUint16(2, this.#records);
    this.#times(nowMs, 4);
    view.setUint32(16, this.#sequence >>> 0);
    view.setUint16(20, 0);
    view.setUint16(22, this.#rate > 1 ? 0x4000 | this.#rate : 0);
    this.#sequence += this.#records;
    this.#out.send(nowMs, this.#at);
    this.#reset();
  }

  /** Uptime and clock at `at`; v5 has nanoseconds behind. */
  #times(nowMs: number, at: number): void {
    const { view } = this.#out;
    const clockMs = WORLD_START_MS + nowMs + this.#spec.clockSkewMs;
    view.setUint32(at, this.#uptime(nowMs));
    view.setUint32(at + 4, Math.floor(clockMs / 1000));
    if (this.#spec.protocol === 'netflow-v5') view.setUint32(at + 8, (clockMs % 1000) * 1e6);
  }

  #uptime(atMs: number): number {
    return Math.floor(UPTIME_MS + atMs - this.#startedMs) >>> 0;
  }

  #writeFive(record: FlowRecord): void {
    const { view } = this.#out;
    const at = this.#at;
    view.setUint32(at, record.src);
    view.setUint32(at + 4, record.dst);
    view.setUint32(at + 8, 0);
    view.setUint16(at + 12, record.inbound ? 1 : 2);
    view.setUint16(at + 14, record.inbound ? 2 : 1);
    view.setUint32(at + 16, record.packets);
    view.setUint32(at + 20, record.bytes);
    view.setUint32(at + 24, this.#uptime(record.startMs));
    view.setUint32(at + 28, this.#uptime(record.endMs));
    const icmp = record.proto === 1;
    view.setUint16(at + 32, icmp ? 0 : record.srcPort);
    view.setUint16(at + 34, icmp ? record.icmp * 256 : record.dstPort);
    view.setUint8(at + 36, 0);
    view.setUint8(at + 37, record.flags);
    view.setUint8(at + 38, record.proto);
    view.setUint8(at + 39, 0);
    view.setUint32(at + 40, 0);
    view.setUint32(at + 44, 0);
    this.#at += 48;
  }

  #writeRecord(record: FlowRecord, six: boolean): void {
    const { view } = this.#out;
    let at = this.#at;
    for (const address of [record.src, record.dst]) {
      addressWords(address, words);
      for (let word = six ? 0 : 3; word < 4; word++, at += 4) view.setUint32(at, words[word]);
    }
    for (const timeMs of [record.startMs, record.endMs]) {
      if (this.#spec.protocol === 'ipfix') {
        view.setBigUint64(at, BigInt(Math.floor(WORLD_START_MS + timeMs + this.#spec.clockSkewMs)));
        at += 8;
      } else {
        view.setUint32(at, this.#uptime(timeMs));
        at += 4;
      }
    }
    view.setUint32(at, Math.floor(record.bytes / 2 ** 32));
    view.setUint32(at + 4, record.bytes >>> 0);
    view.setUint32(at + 8, record.packets);
    view.setUint32(at + 12, record.inbound ? 1 : 2);
    view.setUint32(at + 16, record.inbound ? 2 : 1);
    view.setUint16(at + 20, record.srcPort);
    view.setUint16(at + 22, record.dstPort);
    view.setUint16(at + 24, Math.max(0, record.icmp) * 256);
    view.setUint16(at + 26, record.icmp < 0 ? 185 : 0);
    view.setUint8(at + 28, record.proto);
    view.setUint8(at + 29, record.flags);
    this.#at = at + 30;
  }

  #endSet(): void {
    if (this.#setId === 0) return;
    const { view } = this.#out;
    // A set ends at a multiple of four bytes.
    while ((this.#at - this.#set) % 4 !== 0) view.setUint8(this.#at++, 0);
    view.setUint16(this.#set, this.#setId);
    view.setUint16(this.#set + 2, this.#at - this.#set);
    this.#setId = 0;
    this.#sets++;
  }

  #send(nowMs: number): void {
    this.#endSet();
    const { view } = this.#out;
    if (this.#spec.protocol === 'ipfix') {
      view.setUint16(0, 10);
      view.setUint16(2, this.#at);
      view.setUint32(4, Math.floor((WORLD_START_MS + nowMs + this.#spec.clockSkewMs) / 1000));
      view.setUint32(8, this.#sequence >>> 0);
      view.setUint32(12, 1);
      this.#sequence += this.#records;
    } else {
      view.setUint16(0, 9);
      view.setUint16(2, Math.max(1, this.#records));
      this.#times(nowMs, 4);
      view.setUint32(12, this.#sequence++ >>> 0);
      view.setUint32(16, 1);
    }
    this.#out.send(nowMs, this.#at);
    this.#reset();
  }

  #reset(): void {
    this.#at = 0;
    this.#records = 0;
    this.#sets = 0;
    this.#setId = 0;
  }

  /** Templates for IPv4 and IPv6, the options template, and the sampling rate that it describes. */
  #sendTemplates(nowMs: number): void {
    const { view } = this.#out;
    const ipfix = this.#spec.protocol === 'ipfix';
    this.#at = ipfix ? 16 : 20;
    const put = (value: number): void => {
      view.setUint16(this.#at, value);
      this.#at += 2;
    };
    const set = (id: number, body: () => void): void => {
      const start = this.#at;
      put(id);
      put(0);
      body();
      while ((this.#at - start) % 4 !== 0) view.setUint8(this.#at++, 0);
      view.setUint16(start + 2, this.#at - start);
    };
    set(ipfix ? 2 : 0, () => {
      for (const six of [false, true]) {
        const fields = fieldsOf(six, ipfix);
        put(six ? TEMPLATE.six : TEMPLATE.four);
        put(fields.length);
        for (const [id, length] of fields) {
          put(id);
          put(length);
        }
      }
    });
    set(ipfix ? 3 : 1, () => {
      put(TEMPLATE.options);
      // One scope: the observation domain (IPFIX), the system (v9); lengths in v9, counts in IPFIX.
      put(ipfix ? 2 : 4);
      put(ipfix ? 1 : 4);
      put(ipfix ? 149 : 1);
      put(4);
      put(34);
      put(4);
    });
    set(TEMPLATE.options, () => {
      view.setUint32(this.#at, 1);
      view.setUint32(this.#at + 4, this.#rate);
      this.#at += 8;
    });
    // Records of the header: two templates, an options template, a record of options.
    const sequence = this.#sequence;
    this.#records = 4;
    this.#send(nowMs);
    if (ipfix) this.#sequence = sequence + 1;
  }
}
