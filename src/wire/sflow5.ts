import { type BatchSink, createFlowBatch, type FlowBatch } from '../model/flow-batch.ts';
import { HAS, LAYER_OUTER } from '../model/flow-columns.ts';
import { REJECT, type Rejections } from '../model/rejection.ts';
import { type ExporterState, type ExporterTable, isSamplingRate } from './exporter.ts';
import { PACKET_ROWS_MAX, PacketDecoder } from './packet.ts';
import { LINK_ETHERNET, LINK_IPV4, LINK_IPV6, LINK_MPLS, LINK_PPP, LINK_UNKNOWN } from './packet-link.ts';
import { beginRow } from './packet-usual.ts';
import type { RecordTrace } from './record-trace.ts';
import { isCounterFormat, readCounters } from './sflow5-counters.ts';
import { behindAddress, createFlowSample, readFlowSample, sampledIpv4, sampledIpv6, word } from './sflow5-sample.ts';
import { traceFlowSample } from './sflow5-trace.ts';

/**
 * sFlow version 5 (https://sflow.org/sflow_version_5.txt). Everything is XDR: big-endian words, opaque bytes padded to four.
 *
 *   datagram   0 version 5   4 agent address type (1 IPv4, 2 IPv6)   8 agent address, then
 *              sub-agent   sequence   uptime in ms   number of samples   samples …
 *   sample     0 enterprise (20 bits), format (12 bits)   4 length   8 …
 *   flow       0 sequence   4 source   8 sampling rate   12 pool   16 drops   20 input   24 output   28 records …
 *   expanded   0 sequence   4 source type   8 source   12 rate   16 pool   20 drops   24 input format   28 input
 *              32 output format   36 output   40 records …
 *   counters   0 sequence   4 source   8 records …             expanded: 0 sequence   4 source type   8 source   12 records …
 *   record     0 enterprise, format   4 length   8 …
 *
 * An interface in a flow sample has its format in the upper two bits: 0 an index, 1 the reason of a discard, 2 a number of
 * several outputs.
 */
const SAMPLE_FLOW = 1;
const SAMPLE_COUNTERS = 2;
const SAMPLE_FLOW_EXPANDED = 3;
const SAMPLE_COUNTERS_EXPANDED = 4;

export const RECORD_RAW_HEADER = 1;
export const RECORD_ETHERNET = 2;
export const RECORD_IPV4 = 3;
export const RECORD_IPV6 = 4;
export const RECORD_SWITCH = 1001;
export const RECORD_ROUTER = 1002;
export const RECORD_GATEWAY = 1003;

/** Value of an interface that is the agent itself, or not known to it. */
const INTERFACE_INTERNAL = 0x3fffffff;
/** AS path segments and members looked at. */
const PATH_SEGMENTS_MAX = 64;

/** A jump of the sequence beyond this is a restart of the agent, not a loss. */
const SEQUENCE_JUMP_MAX = 1 << 16;

export class Sflow5Decoder {
  readonly #rejections: Rejections;
  readonly #packets: PacketDecoder;
  readonly #agent = new Uint32Array(4);
  readonly #sample = createFlowSample();
  /** AS numbers of the gateway record read last; 0 where it tells none. */
  #sourceAs = 0;
  #destinationAs = 0;
  /** Of the datagram in work. */
  #sequence = 0;
  #samplesAt = 0;
  #samplesLeft = 0;
  #batch: FlowBatch = createFlowBatch(1);
  #sink: BatchSink = { take: (): void => undefined };

  constructor(rejections: Rejections) {
    this.#rejections = rejections;
    this.#packets = new PacketDecoder(rejections);
  }

  /**
   * Decodes one datagram, `bytes[offset .. offset + length - 1]`. The exporter is the agent that the datagram names, in the
   * domain of its sub-agent; `sourceWords[sourceAt .. + 3]` stands in where it names none. One row for each flow sample, and
   * more for headers inside tunnels. sFlow tells no time of day: rows have `arrivalMs`, which may be NaN. The batch must have
   * a capacity of PACKET_ROWS_MAX at least; it is handed to `sink` when it has no room for another sample.
   */
  decode(
    bytes: Uint8Array,
    offset: number,
    length: number,
    arrivalMs: number,
    exporters: ExporterTable,
    sourceWords: Uint32Array,
    sourceAt: number,
    batch: FlowBatch,
    sink: BatchSink,
    trace: RecordTrace | undefined,
  ): void {
    const exporter = this.#open(bytes, offset, length, arrivalMs, exporters, sourceWords, sourceAt);
    if (exporter === undefined) return;
    const before = exporter.records;
    this.#batch = batch;
    this.#sink = sink;
    this.#readSamples(bytes, offset + length, arrivalMs, exporter, false, trace);
    exporter.sequence.follow(this.#sequence, exporter.records - before, true, SEQUENCE_JUMP_MAX);
  }

  /** Counts the flow samples of a datagram of which no rows are made, and learns what it tells of its agent. */
  skip(
    bytes: Uint8Array,
    offset: number,
    length: number,
    arrivalMs: number,
    exporters: ExporterTable,
    sourceWords: Uint32Array,
    sourceAt: number,
  ): number {
    const exporter = this.#open(bytes, offset, length, arrivalMs, exporters, sourceWords, sourceAt);
    if (exporter === undefined) return 0;
    const before = exporter.recordsShed;
    this.#readSamples(bytes, offset + length, arrivalMs, exporter, true, undefined);
    const records = exporter.recordsShed - before;
    exporter.sequence.follow(this.#sequence, records, true, SEQUENCE_JUMP_MAX);
    return records;
  }

  /** Reads the header of a datagram: sets where its samples begin and how many there are. `undefined` where it is none. */
  #open(
    bytes: Uint8Array,
    offset: number,
    length: number,
    arrivalMs: number,
    exporters: ExporterTable,
    sourceWords: Uint32Array,
    sourceAt: number,
  ): ExporterState | undefined {
    if (length < 4 || word(bytes, offset) !== 5) {
      this.#rejections.count(REJECT['datagram-version-unknown']);
      return undefined;
    }
    if (length < 28) {
      this.#rejections.count(REJECT['datagram-truncated']);
      return undefined;
    }
    const addressType = word(bytes, offset + 4);
    const head = offset + 8 + (addressType === 1 ? 4 : addressType === 2 ? 16 : 0);
    if (addressType > 2) {
      this.#rejections.count(REJECT['datagram-length-lies']);
      return undefined;
    }
    if (offset + length - head < 16) {
      this.#rejections.count(REJECT['datagram-truncated']);
      return undefined;
    }
    this.#readAgent(bytes, offset + 8, addressType, sourceWords, sourceAt);
    this.#sequence = word(bytes, head + 4);
    this.#samplesLeft = word(bytes, head + 12);
    this.#samplesAt = head + 16;
    return exporters.touch(this.#agent, 0, word(bytes, head), 'sflow-v5', arrivalMs);
  }

  #readSamples(
    bytes: Uint8Array,
    end: number,
    arrivalMs: number,
    exporter: ExporterState,
    skipping: boolean,
    trace: RecordTrace | undefined,
  ): void {
    let left = this.#samplesLeft;
    let at = this.#samplesAt;
    for (; left > 0 && end - at >= 8; left--) {
      const format = word(bytes, at);
      const from = at + 8;
      const to = from + word(bytes, at + 4);
      if (to > end) {
        this.#rejections.count(REJECT['sample-length-invalid']);
        return;
      }
      switch (format) {
        case SAMPLE_FLOW:
        case SAMPLE_FLOW_EXPANDED:
          if (skipping) this.#skipSample(bytes, from, to, format, exporter);
          else this.#flowSample(bytes, from, to, format, arrivalMs, exporter, this.#batch, this.#sink, trace);
          break;
        case SAMPLE_COUNTERS:
        case SAMPLE_COUNTERS_EXPANDED:
          this.#counterSample(bytes, from, to, format, exporter, trace);
          break;
        default:
          this.#rejections.count(REJECT['sample-format-unknown']);
      }
      at = to;
    }
    if (left > 0) this.#rejections.count(REJECT['datagram-truncated']);
    else if (end - at >= 8) this.#rejections.count(REJECT['datagram-length-lies']);
  }

  /** Counts a flow sample, and keeps its rate. */
  #skipSample(bytes: Uint8Array, from: number, to: number, format: number, exporter: ExporterState): void {
    const expanded = format === SAMPLE_FLOW_EXPANDED;
    if (from + (expanded ? 40 : 28) + 4 > to) {
      this.#rejections.count(REJECT['sample-length-invalid']);
      return;
    }
    const rate = word(bytes, from + (expanded ? 12 : 8));
    if (rate !== exporter.samplingRate) exporter.setSamplingRate(rate, this.#rejections);
    exporter.recordsShed++;
  }

  #readAgent(bytes: Uint8Array, at: number, type: number, sourceWords: Uint32Array, sourceAt: number): void {
    const agent = this.#agent;
    for (let index = 0; index < 4; index++) {
      if (type === 2) agent[index] = word(bytes, at + 4 * index);
      else if (type === 1) agent[index] = index === 3 ? word(bytes, at) : index === 2 ? 0xffff : 0;
      else agent[index] = sourceWords[sourceAt + index];
    }
    const unspecified = (agent[0] | agent[1] | agent[3]) === 0;
    if (unspecified) for (let index = 0; index < 4; index++) agent[index] = sourceWords[sourceAt + index];
  }

  #flowSample(
    bytes: Uint8Array,
    from: number,
    to: number,
    format: number,
    arrivalMs: number,
    exporter: ExporterState,
    batch: FlowBatch,
    sink: BatchSink,
    trace: RecordTrace | undefined,
  ): void {
    const records = from + (format === SAMPLE_FLOW ? 28 : 40);
    if (records + 4 > to) {
      this.#rejections.count(REJECT['sample-length-invalid']);
      return;
    }
    readFlowSample(bytes, from, format === SAMPLE_FLOW_EXPANDED, this.#sample);
    this.#readRecords(bytes, records, to);
    if (batch.capacity - batch.length < PACKET_ROWS_MAX) sink.take(batch);
    const first = batch.length;
    this.#writeRows(bytes, arrivalMs, exporter, batch);
    exporter.records++;
    if (trace === undefined) return;
    traceFlowSample(bytes, this.#sample, exporter, trace);
    for (let row = first + 1; row < batch.length; row++)
      trace.record('flow', exporter, { inside: this.#sample.sequence });
  }

  /** Notes where the records of the sample lie. */
  #readRecords(bytes: Uint8Array, start: number, end: number): void {
    const sample = this.#sample;
    let left = word(bytes, start);
    let at = start + 4;
    for (; left > 0 && end - at >= 8; left--) {
      const format = word(bytes, at);
      const from = at + 8;
      const length = word(bytes, at + 4);
      if (from + length > end) {
        this.#rejections.count(REJECT['sample-length-invalid']);
        return;
      }
      at = from + length;
      if (format === RECORD_RAW_HEADER && length >= 16) {
        if (sample.rawHeader < 0) sample.rawHeader = from;
        sample.rawHeaderEnd = at;
      } else if (format === RECORD_ETHERNET && length >= 24) sample.ethernet = from;
      else if (format === RECORD_IPV4 && length >= 32) sample.ipv4 = from;
      else if (format === RECORD_IPV6 && length >= 56) sample.ipv6 = from;
      else if (format === RECORD_SWITCH && length >= 16) sample.switched = from;
      else if (format === RECORD_ROUTER) {
        sample.router = from;
        sample.routerEnd = at;
      } else if (format === RECORD_GATEWAY) {
        sample.gateway = from;
        sample.gatewayEnd = at;
      } else this.#rejections.count(REJECT['sample-format-unknown']);
    }
    if (left > 0) this.#rejections.count(REJECT['sample-length-invalid']);
  }

  #writeRows(bytes: Uint8Array, arrivalMs: number, exporter: ExporterState, batch: FlowBatch): void {
    const sample = this.#sample;
    const first = batch.length;
    if (sample.rawHeader >= 0) this.#rawHeader(bytes, arrivalMs, batch);
    else {
      beginRow(batch, first, LAYER_OUTER, 0, arrivalMs);
      batch.present[first] = 0;
      batch.length = first + 1;
    }
    if (batch.ipVersion[first] === 0) {
      if (sample.ipv4 >= 0) sampledIpv4(bytes, sample.ipv4, first, batch, sample.rawHeader < 0);
      else if (sample.ipv6 >= 0) sampledIpv6(bytes, sample.ipv6, first, batch, sample.rawHeader < 0);
      else if (sample.ethernet >= 0 && sample.rawHeader < 0) {
        batch.bytes[first] = word(bytes, sample.ethernet);
        batch.etherType[first] = word(bytes, sample.ethernet + 20);
        batch.present[first] |= HAS.etherType;
      }
    }
    let rate = sample.samplingRate;
    if (rate !== exporter.samplingRate) exporter.setSamplingRate(rate, this.#rejections);
    if (!isSamplingRate(rate)) rate = exporter.samplingRate;
    const context = this.#writeContext(bytes, first, batch);
    for (let row = first; row < batch.length; row++) {
      batch.exporter[row] = exporter.index;
      batch.observationDomain[row] = exporter.observationDomain;
      batch.samplingRate[row] = rate;
      if (row > first) {
        batch.inIf[row] = batch.inIf[first];
        batch.outIf[row] = batch.outIf[first];
        batch.present[row] |= context & (HAS.inIf | HAS.outIf);
      }
    }
  }

  /** sampled_header: 0 protocol   4 frame length   8 bytes stripped   12 header length   16 header. */
  #rawHeader(bytes: Uint8Array, arrivalMs: number, batch: FlowBatch): void {
    const at = this.#sample.rawHeader;
    const told = word(bytes, at + 12);
    const room = this.#sample.rawHeaderEnd - at - 16;
    if (told > room) this.#rejections.count(REJECT['sample-length-invalid']);
    const link = linkOf(word(bytes, at));
    this.#packets.decode(bytes, at + 16, Math.min(told, room), word(bytes, at + 4), link, arrivalMs, batch);
  }

  /** Interfaces, VLAN and AS numbers of the sample; returns the bits of the row. */
  #writeContext(bytes: Uint8Array, row: number, batch: FlowBatch): number {
    const sample = this.#sample;
    let present = batch.present[row];
    const knownInput = isInterface(sample.inputFormat, sample.input);
    const knownOutput = isInterface(sample.outputFormat, sample.output);
    if (knownInput) {
      batch.inIf[row] = sample.input;
      present |= HAS.inIf;
    }
    if (knownOutput) {
      batch.outIf[row] = sample.output;
      present |= HAS.outIf;
    }
    // The source of the sample is the interface at which the packet was picked (section 4.2.2).
    if (sample.sourceType === 0 && knownInput !== knownOutput) {
      const picked = knownInput ? sample.input : sample.output;
      if (picked === sample.source) {
        batch.flowDirection[row] = knownInput ? 0 : 1;
        present |= HAS.flowDirection;
      }
    } else if (sample.sourceType === 0 && knownInput && sample.input !== sample.output) {
      if (sample.source === sample.input || sample.source === sample.output) {
        batch.flowDirection[row] = sample.source === sample.input ? 0 : 1;
        present |= HAS.flowDirection;
      }
    }
    if (sample.switched >= 0 && (present & HAS.vlan) === 0) {
      const vlan = word(bytes, sample.switched);
      if (vlan > 0 && vlan < 4095) {
        batch.vlan[row] = vlan;
        present |= HAS.vlan;
      }
    }
    if (sample.gateway >= 0 && this.#readGateway(bytes, sample.gateway, sample.gatewayEnd)) {
      if (this.#sourceAs > 0) {
        batch.srcAs[row] = this.#sourceAs;
        present |= HAS.srcAs;
      }
      if (this.#destinationAs > 0) {
        batch.dstAs[row] = this.#destinationAs;
        present |= HAS.dstAs;
      }
    }
    batch.present[row] = present;
    return present;
  }

  /** extended_gateway: next hop, then AS of the router, of the source, of the source's peer, and the path to the destination. */
  #readGateway(bytes: Uint8Array, start: number, end: number): boolean {
    this.#sourceAs = 0;
    this.#destinationAs = 0;
    let at = behindAddress(bytes, start, end);
    if (at < 0 || end - at < 16) {
      this.#rejections.count(REJECT['sample-length-invalid']);
      return false;
    }
    this.#sourceAs = word(bytes, at + 4);
    const segments = word(bytes, at + 12);
    at += 16;
    for (let segment = 0; segment < segments && segment < PATH_SEGMENTS_MAX; segment++) {
      const members = end - at >= 8 ? word(bytes, at + 4) : 0;
      if (end - at < 8 || members > (end - at - 8) >>> 2) {
        this.#rejections.count(REJECT['sample-length-invalid']);
        return true;
      }
      at += 8 + 4 * members;
      // The path ends at the AS that originates the destination.
      if (members > 0) this.#destinationAs = word(bytes, at - 4);
    }
    return true;
  }

  #counterSample(
    bytes: Uint8Array,
    from: number,
    to: number,
    format: number,
    exporter: ExporterState,
    trace: RecordTrace | undefined,
  ): void {
    const records = from + (format === SAMPLE_COUNTERS ? 8 : 12);
    if (records + 4 > to) {
      this.#rejections.count(REJECT['sample-length-invalid']);
      return;
    }
    exporter.counterSamples++;
    if (trace === undefined) return;
    const source = word(bytes, from + 4);
    const fields: Record<string, unknown> = {
      sequenceNumber: word(bytes, from),
      sourceIdType: format === SAMPLE_COUNTERS ? source >>> 24 : source,
      sourceIdIndex: format === SAMPLE_COUNTERS ? source & 0xffffff : word(bytes, from + 8),
    };
    let left = word(bytes, records);
    for (let at = records + 4; left > 0 && to - at >= 8; left--) {
      const end = at + 8 + word(bytes, at + 4);
      if (end > to) {
        this.#rejections.count(REJECT['sample-length-invalid']);
        break;
      }
      if (isCounterFormat(word(bytes, at))) readCounters(bytes, at + 8, end, word(bytes, at), fields);
      else this.#rejections.count(REJECT['sample-format-unknown']);
      at = end;
    }
    trace.record('counters', exporter, fields);
  }
}

function isInterface(format: number, value: number): boolean {
  return format === 0 && value > 0 && value !== INTERFACE_INTERNAL;
}

/** header_protocol of section 5.3.3 as a link type. */
function linkOf(protocol: number): number {
  switch (protocol) {
    case 1:
      return LINK_ETHERNET;
    case 7:
    case 14:
      return LINK_PPP;
    case 11:
      return LINK_IPV4;
    case 12:
      return LINK_IPV6;
    case 13:
      return LINK_MPLS;
    default:
      return LINK_UNKNOWN;
  }
}
