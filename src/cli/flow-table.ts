import { formatAddress, isIpv4 } from '../base/ip.ts';
import type { BatchSink, FlowBatch } from '../model/flow-batch.ts';
import {
  FRAGMENT_FIRST,
  FRAGMENT_LATER,
  HAS,
  LAYER_INNER,
  LAYER_OUTER,
  LAYER_QUOTED,
  NO_EXPORTER,
} from '../model/flow-columns.ts';
import { TimeText } from '../model/flow-json.ts';
import type { ExporterState } from '../wire/exporter.ts';
import type { RecordTrace, TraceKind } from '../wire/record-trace.ts';
import { labelled } from './layout.ts';

/**
 * Rows as a table that people read, one line a row; a header inside a tunnel or an ICMP error stands indented below its packet.
 *
 *   time          source                destination           proto    packets    bytes  details
 *   15:46:12.011  192.168.1.2:50100   → 10.0.0.1:443          TCP            1       60  SYN
 */

const PROTOCOL_NAMES: Readonly<Record<number, string>> = {
  0: 'HOPOPT',
  1: 'ICMP',
  2: 'IGMP',
  4: 'IPIP',
  6: 'TCP',
  17: 'UDP',
  41: 'IPv6',
  47: 'GRE',
  50: 'ESP',
  51: 'AH',
  58: 'ICMPv6',
  59: 'no next',
  88: 'EIGRP',
  89: 'OSPF',
  103: 'PIM',
  112: 'VRRP',
  115: 'L2TP',
  132: 'SCTP',
  136: 'UDPLite',
};

const PROTO_TCP = 6;

const FLAG_NAMES: readonly (readonly [bit: number, name: string])[] = [
  [2, 'SYN'],
  [16, 'ACK'],
  [1, 'FIN'],
  [4, 'RST'],
  [8, 'PSH'],
  [32, 'URG'],
  [64, 'ECE'],
  [128, 'CWR'],
];

const LAYER_MARK: Readonly<Record<number, string>> = { [LAYER_OUTER]: '', [LAYER_INNER]: '└ ', [LAYER_QUOTED]: '» ' };

/** Columns of an IPv4 address with port; an IPv6 address is given more where the width allows it. */
const ENDPOINT_COLUMNS_MIN = 21;
const ENDPOINT_COLUMNS_MAX = 47;
/** Columns beside the two endpoints: time 12, protocol 7, packets 9, bytes 10, and what stands between them. */
const OTHER_COLUMNS = 12 + 7 + 9 + 10 + 11;
const DETAIL_COLUMNS = 12;

export class FlowTable implements BatchSink, RecordTrace {
  readonly #write: (line: string) => void;
  readonly #dim: (text: string) => string;
  readonly #times = new TimeText();
  readonly #endpointMax: number;
  readonly #width: number;
  #endpoint = ENDPOINT_COLUMNS_MIN;
  readonly #limit: number;
  #recordsLeft: number;
  #day = '';
  #titled = false;

  /** `width` bounds the lines; an address that does not fit is cut in its middle. At most `limit` records are written. */
  constructor(
    write: (line: string) => void,
    width: number,
    dim: (text: string) => string,
    limit = Number.POSITIVE_INFINITY,
  ) {
    this.#write = write;
    this.#width = Math.max(width, OTHER_COLUMNS + 2 * 15);
    this.#dim = dim;
    const room = Math.floor((this.#width - OTHER_COLUMNS - DETAIL_COLUMNS) / 2);
    this.#endpointMax = Math.max(15, Math.min(ENDPOINT_COLUMNS_MAX, room));
    this.#endpoint = Math.min(this.#endpoint, this.#endpointMax);
    this.#limit = limit;
    this.#recordsLeft = limit;
  }

  /** Records that were written, where their number is limited. */
  get written(): number {
    return Number.isFinite(this.#limit) ? this.#limit - this.#recordsLeft : 0;
  }

  get done(): boolean {
    return this.#recordsLeft <= 0;
  }

  take(batch: FlowBatch): void {
    this.#widen(batch);
    for (let row = 0; row < batch.length; row++) {
      if (batch.layer[row] === LAYER_OUTER) {
        if (this.done) break;
        this.#recordsLeft--;
      }
      this.#writeRow(batch, row);
    }
    batch.length = 0;
  }

  /** Counter samples, with all their fields, when this is the trace of the decoder: `--counters`. */
  record(kind: TraceKind, exporter: ExporterState, fields: Record<string, unknown>): void {
    if (kind !== 'counters' || this.done) return;
    this.#recordsLeft--;
    const words = Object.entries(fields).map(([name, value]) => `${name} ${String(value)}`);
    const lines = labelled('', `counters of ${exporter.address}: ${words.join(', ')}`, this.#width, 14);
    this.#write(`${lines.join('\n')}\n`);
  }

  /** Gives the endpoints of IPv6 as much room as the width has, from the first batch that holds one. */
  #widen(batch: FlowBatch): void {
    for (let row = 0; row < batch.length && this.#endpoint < this.#endpointMax; row++) {
      if ((batch.present[row] & HAS.srcAddr) !== 0 && !isIpv4(batch.srcAddr, 4 * row)) {
        const needed = Math.max(endpoint(batch, row, true).length, endpoint(batch, row, false).length);
        this.#endpoint = Math.min(this.#endpointMax, Math.max(this.#endpoint, needed));
      }
    }
  }

  #writeRow(batch: FlowBatch, row: number): void {
    const outer = batch.layer[row] === LAYER_OUTER;
    const time = this.#times.of(batch.startMs[row]);
    const day = time.slice(0, 10);
    let text = '';
    if (!this.#titled) text += this.#title();
    if (outer && day !== this.#day) {
      text += this.#dim(`── ${day === '' ? 'no time' : `${day} UTC`}`);
      text += '\n';
      this.#day = day;
    }
    const mark = LAYER_MARK[batch.layer[row]] ?? '';
    let line = (outer ? time.slice(11, 23) : mark.padStart(12)).padEnd(12);
    line += `  ${this.#cut(endpoint(batch, row, true))} → ${this.#cut(endpoint(batch, row, false))}`;
    line += `  ${protocolText(batch, row).padEnd(7)}`;
    line += outer ? ` ${String(batch.packets[row]).padStart(8)}` : ' '.repeat(9);
    line += ` ${(outer || batch.bytes[row] > 0 ? String(batch.bytes[row]) : '').padStart(9)}`;
    const details = detailText(batch, row);
    if (details !== '') line += `  ${details}`;
    this.#write(`${text}${line.length > this.#width ? `${line.slice(0, this.#width - 1)}…` : line.trimEnd()}\n`);
  }

  #title(): string {
    this.#titled = true;
    const side = this.#endpoint;
    const text = `${'time'.padEnd(12)}  ${'source'.padEnd(side)}   ${'destination'.padEnd(side)}  ${'proto'.padEnd(7)}  packets     bytes  details`;
    return `${this.#dim(text.slice(0, this.#width))}\n`;
  }

  /** The text in the columns of an endpoint: what is too long loses its middle, so that prefix, host and port stay. */
  #cut(text: string): string {
    const columns = this.#endpoint;
    if (text.length <= columns) return text.padEnd(columns);
    const tail = Math.min(text.length, Math.ceil(columns / 2));
    return `${text.slice(0, columns - tail - 1)}…${text.slice(-tail)}`;
  }
}

/** `192.0.2.1:443`, `[2001:db8::1]:443`, or what there is instead. */
function endpoint(batch: FlowBatch, row: number, source: boolean): string {
  const present = batch.present[row];
  if ((present & (source ? HAS.srcAddr : HAS.dstAddr)) === 0) return '–';
  const words = source ? batch.srcAddr : batch.dstAddr;
  const address = formatAddress(words, 4 * row);
  if ((present & (source ? HAS.srcPort : HAS.dstPort)) === 0) return address;
  const port = source ? batch.srcPort[row] : batch.dstPort[row];
  return isIpv4(words, 4 * row) ? `${address}:${port}` : `[${address}]:${port}`;
}

function protocolText(batch: FlowBatch, row: number): string {
  if ((batch.present[row] & HAS.proto) !== 0) return PROTOCOL_NAMES[batch.proto[row]] ?? `IP ${batch.proto[row]}`;
  return (batch.present[row] & HAS.etherType) === 0 ? '–' : `0x${batch.etherType[row].toString(16).padStart(4, '0')}`;
}

function detailText(batch: FlowBatch, row: number): string {
  const present = batch.present[row];
  const details: string[] = [];
  // Exporters fill the flags of every protocol, and VLAN 0 where there is none.
  if ((present & HAS.tcpFlags) !== 0 && batch.proto[row] === PROTO_TCP) details.push(flagText(batch.tcpFlags[row]));
  if ((present & HAS.icmpType) !== 0) {
    details.push(`type ${batch.icmpType[row]}${(present & HAS.icmpCode) === 0 ? '' : ` code ${batch.icmpCode[row]}`}`);
  }
  if ((present & HAS.fragment) !== 0) {
    if (batch.fragment[row] === FRAGMENT_FIRST) details.push('first fragment');
    if (batch.fragment[row] === FRAGMENT_LATER) details.push('later fragment');
  }
  if ((present & HAS.vlan) !== 0 && batch.vlan[row] !== 0) details.push(`VLAN ${batch.vlan[row]}`);
  if (batch.exporter[row] !== NO_EXPORTER && batch.samplingRate[row] > 1)
    details.push(`1 in ${batch.samplingRate[row]}`);
  return details.join(', ');
}

function flagText(flags: number): string {
  const names = FLAG_NAMES.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
  return names.length === 0 ? 'no flags' : names.join('+');
}
