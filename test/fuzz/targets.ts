import type { Random } from '../../src/base/random.ts';
import { type BatchSink, createFlowBatch, type FlowBatch } from '../../src/model/flow-batch.ts';
import { COLUMN_NAMES, FLOW_COLUMNS, LAYER_OUTER } from '../../src/model/flow-columns.ts';
import { Rejections } from '../../src/model/rejection.ts';
import { CaptureReader, PACKET_BYTES_MAX } from '../../src/wire/capture.ts';
import { PACKET_ROWS_MAX, PacketDecoder } from '../../src/wire/packet.ts';
import { TelemetryDecoder } from '../../src/wire/telemetry.ts';
import { hashBytes, restoreTelemetry, snapshotTelemetry } from '../../src/wire/telemetry-snapshot.ts';
import { LogTarget } from './log-target.ts';
import { promise } from './promise.ts';

/** What must hold of a decoder, whatever bytes it is given. `run` throws where it does not. */
export interface Target {
  readonly name: TargetName;
  /** Begins anew: what earlier inputs left behind is forgotten. */
  reset(): void;
  /** Gives one input; `random` decides about chunks, link types and the like. */
  run(input: Uint8Array, random: Random): void;
}

export const TARGET_NAMES = ['pcap', 'packet', 'sflow', 'netflow', 'snapshot', 'log'] as const;
export type TargetName = (typeof TARGET_NAMES)[number];

/** The part of PacketDecoder that the target needs, so that a faulty one can be put in its place. */
export interface PacketDecoding {
  readonly udpPayloadOffset: number;
  readonly udpPayloadLength: number;
  decode(
    bytes: Uint8Array,
    offset: number,
    capturedLength: number,
    wireLength: number,
    linkType: number,
    timeMs: number,
    batch: FlowBatch,
  ): number;
}

export function createTarget(name: TargetName, createPacketDecoder = newPacketDecoder): Target {
  switch (name) {
    case 'pcap':
      return new PcapTarget();
    case 'packet':
      return new PacketTarget(createPacketDecoder);
    case 'sflow':
    case 'netflow':
      return new TelemetryTarget(name);
    case 'snapshot':
      return new SnapshotTarget();
    case 'log':
      return new LogTarget();
  }
}

const newPacketDecoder = (rejections: Rejections): PacketDecoding => new PacketDecoder(rejections);

/** A number of all packets of a capture that is read in chunks of these lengths. */
function readCapture(input: Uint8Array, chunkBytes: number): { hash: number; packets: number; rejected: string } {
  const rejections = new Rejections();
  const reader = new CaptureReader(rejections);
  let hash = 0;
  let packets = 0;
  let captured = 0;
  for (let at = 0; at < input.length; at += chunkBytes) {
    reader.push(input.subarray(at, at + chunkBytes));
    while (reader.next()) {
      packets++;
      captured += reader.capturedLength;
      promise(reader.capturedLength <= PACKET_BYTES_MAX, 'no packet is longer than the bound');
      promise(reader.wireLength >= reader.capturedLength, 'a packet has the captured bytes at least');
      promise(reader.offset + reader.capturedLength <= reader.bytes.length, 'a packet lies within its bytes');
      promise(Number.isFinite(reader.timeMs), 'the time is a number');
      // A simple packet of no bytes in a pcapng block takes sixteen bytes, which is the least.
      promise(packets * 16 <= input.length + 16, 'no more packets than the bytes can hold');
      promise(captured <= input.length, 'no byte is given twice');
      const { bytes, offset, capturedLength } = reader;
      for (let byte = offset; byte < offset + capturedLength; byte++) hash = Math.imul(hash ^ bytes[byte], 0x01000193);
      hash = Math.imul(hash ^ reader.wireLength ^ (reader.timeMs | 0) ^ reader.linkType, 0x01000193);
    }
  }
  reader.end();
  promise(!reader.next(), 'the end is the end');
  return { hash, packets, rejected: JSON.stringify(rejections.toRecord()) };
}

class PcapTarget implements Target {
  readonly name = 'pcap';

  reset(): void {}

  run(input: Uint8Array, random: Random): void {
    const whole = readCapture(input, Math.max(1, input.length));
    const chunkBytes = 1 + random.below(random.below(2) === 0 ? 64 : 4096);
    const chunked = readCapture(input, chunkBytes);
    promise(
      whole.hash === chunked.hash && whole.packets === chunked.packets && whole.rejected === chunked.rejected,
      `chunks of ${chunkBytes} bytes give the same packets`,
    );
  }
}

const LINK_TYPES = [1, 1, 1, 1, 0, 9, 12, 50, 51, 101, 104, 108, 113, 219, 228, 229, 239, 276, 147] as const;

class PacketTarget implements Target {
  readonly name = 'packet';
  readonly #create: (rejections: Rejections) => PacketDecoding;
  readonly #first = createFlowBatch(PACKET_ROWS_MAX);
  readonly #second = createFlowBatch(PACKET_ROWS_MAX);

  constructor(create: (rejections: Rejections) => PacketDecoding) {
    this.#create = create;
  }

  reset(): void {}

  run(input: Uint8Array, random: Random): void {
    const linkType = LINK_TYPES[random.below(LINK_TYPES.length)];
    const margin = 64;
    const offset = random.below(margin);
    const decodeIn = (batch: FlowBatch, around: number): string => {
      const bytes = new Uint8Array(input.length + 2 * margin).fill(around);
      bytes.set(input, offset);
      const rejections = new Rejections();
      const decoder = this.#create(rejections);
      batch.length = 0;
      const rows = decoder.decode(bytes, offset, input.length, input.length, linkType, 1000.5, batch);
      promise(rows >= 1 && rows <= PACKET_ROWS_MAX, 'a packet makes one row and no more than the bound');
      promise(batch.length === rows, 'the batch has as many rows as were told');
      promise(batch.layer[0] === LAYER_OUTER, 'the first row is the packet itself');
      if (decoder.udpPayloadOffset >= 0) {
        promise(decoder.udpPayloadLength >= 0, 'a payload is not shorter than nothing');
        promise(
          decoder.udpPayloadOffset >= offset &&
            decoder.udpPayloadOffset + decoder.udpPayloadLength <= offset + input.length,
          'the payload lies within the packet',
        );
      }
      return JSON.stringify(rejections.toRecord());
    };
    const first = decodeIn(this.#first, 0x00);
    const second = decodeIn(this.#second, 0xff);
    promise(first === second && sameRows(this.#first, this.#second), 'nothing is read outside of the packet');
  }
}

/** True where the columns that are set in all rows are equal. */
function sameRows(first: FlowBatch, second: FlowBatch): boolean {
  if (first.length !== second.length) return false;
  for (let row = 0; row < first.length; row++) {
    if (first.present[row] !== second.present[row]) return false;
    let bit = 1;
    for (const name of COLUMN_NAMES) {
      const { optional, kind } = FLOW_COLUMNS[name];
      const set = !optional || (first.present[row] & bit) !== 0;
      if (optional) bit *= 2;
      if (!set) continue;
      const width = kind === 'addr' ? 4 : 1;
      for (let at = width * row; at < width * (row + 1); at++) {
        if (!Object.is(first[name][at], second[name][at])) return false;
      }
    }
  }
  return true;
}

/** Limits below those of service, so that the fuzzer reaches them. */
const LIMITS = { exportersMax: 16 } as const;

class TelemetryTarget implements Target {
  readonly name: 'sflow' | 'netflow';
  #rejections = new Rejections();
  #decoder = new TelemetryDecoder(this.#rejections, LIMITS);
  /** Records of exporters that were forgotten. */
  #droppedRecords = 0;
  #timeMs = 1_700_000_000_000;
  readonly #batch = createFlowBatch(PACKET_ROWS_MAX + 2);
  readonly #source = new Uint32Array(4);
  #outerRows = 0;
  readonly #sink: BatchSink;

  constructor(name: 'sflow' | 'netflow') {
    this.name = name;
    this.#sink = {
      take: (batch) => {
        this.#count(batch);
        batch.length = 0;
      },
    };
  }

  reset(): void {
    this.#rejections = new Rejections();
    this.#decoder = new TelemetryDecoder(this.#rejections, LIMITS);
    this.#outerRows = 0;
    this.#droppedRecords = 0;
    this.#batch.length = 0;
    const { exporters } = this.#decoder;
    const { onDrop } = exporters;
    exporters.onDrop = (exporter) => {
      this.#droppedRecords += exporter.records;
      onDrop?.(exporter);
    };
  }

  run(input: Uint8Array, random: Random): void {
    const before = input.slice();
    const margin = random.below(64);
    const bytes = new Uint8Array(input.length + margin + 64).fill(random.below(256));
    bytes.set(input, margin);
    this.#source[2] = 0xffff;
    this.#source[3] = 0x0a000000 + random.below(4);
    this.#timeMs += random.below(20_000);
    // Half of the sessions trace every record, which takes other ways through the decoders.
    this.#decoder.trace = random.below(2) === 0 ? undefined : { record: (_kind, _exporter, fields) => void fields };
    const arrivalMs = random.below(8) === 0 ? Number.NaN : this.#timeMs;
    this.#decoder.decode(bytes, margin, input.length, this.#source, 0, arrivalMs, this.#batch, this.#sink);
    promise(this.#batch.length <= this.#batch.capacity, 'the batch is not overrun');
    this.#sink.take(this.#batch);
    const { exporters } = this.#decoder;
    promise(exporters.size <= LIMITS.exportersMax, 'no more exporters than are kept');
    promise(isSame(bytes, margin, before), 'the input is not written to');
    let records = this.#droppedRecords;
    for (const exporter of exporters.list()) records += exporter.records;
    promise(records === this.#outerRows, `${records} records were counted and ${this.#outerRows} rows given`);
  }

  #count(batch: FlowBatch): void {
    promise(batch.length <= batch.capacity, 'the batch is not overrun');
    for (let row = 0; row < batch.length; row++) {
      if (batch.layer[row] === LAYER_OUTER) this.#outerRows++;
      const exporter = batch.exporter[row];
      promise(exporter < LIMITS.exportersMax, 'a row names an exporter of the table');
      promise(batch.packets[row] >= 0 && batch.bytes[row] >= 0, 'packets and bytes are not below zero');
      promise(batch.samplingRate[row] >= 0 && batch.samplingRate[row] < 2 ** 31, 'the sampling rate can be');
      promise(batch.fragment[row] <= 0xff && batch.ipVersion[row] <= 6, 'the IP version is 0, 4 or 6');
    }
  }
}

const SNAPSHOT_LIMITS = {
  exportersMax: 16,
  templatesPerExporterMax: 16,
  templateFieldsMax: 256,
  fieldsPerTemplateMax: 32,
};

class SnapshotTarget implements Target {
  readonly name = 'snapshot';

  reset(): void {}

  run(input: Uint8Array, random: Random): void {
    // The length and the hash in the header keep nearly everything out that was changed: most inputs get right ones.
    const bytes = input.slice();
    if (bytes.length >= 20 && random.below(8) !== 0) {
      const view = new DataView(bytes.buffer);
      view.setUint32(8, bytes.length, true);
      view.setUint32(12, hashBytes(bytes, 16), true);
    }
    const before = bytes.slice();
    const decoder = new TelemetryDecoder(new Rejections(), SNAPSHOT_LIMITS);
    const nowMs = 1_700_000_000_000 + random.below(100_000_000);
    const restored = restoreTelemetry(decoder, bytes, nowMs);
    promise(isSame(bytes, 0, before), 'the input is not written to');
    promise(decoder.exporters.size <= SNAPSHOT_LIMITS.exportersMax, 'no more exporters than are kept');
    promise(decoder.templates.fields <= SNAPSHOT_LIMITS.templateFieldsMax, 'no more fields than are kept');
    promise(restored.exporters === decoder.exporters.size, 'as many exporters as were told');
    for (const exporter of decoder.exporters.list()) {
      promise(exporter.lastSeenMs <= nowMs && exporter.firstSeenMs <= exporter.lastSeenMs, 'times are in order');
      promise(exporter.defaultSamplingRate() >= 0 && exporter.defaultSamplingRate() < 2 ** 31, 'the rate can be');
      promise(exporter.recordsLost === 0, 'nothing is lost that was not looked for');
    }
    const again = new TelemetryDecoder(new Rejections(), SNAPSHOT_LIMITS);
    const twice = restoreTelemetry(again, snapshotTelemetry(decoder), nowMs);
    promise(twice.exporters === restored.exporters, 'what was taken back can be kept and taken back again');
  }
}

function isSame(bytes: Uint8Array, offset: number, expected: Uint8Array): boolean {
  for (let at = 0; at < expected.length; at++) if (bytes[offset + at] !== expected[at]) return false;
  return true;
}
