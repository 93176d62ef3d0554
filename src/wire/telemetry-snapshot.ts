import { mix32 } from '../base/hash.ts';
import type { ExporterState, TelemetryProtocol } from './exporter.ts';
import { isSamplingRate } from './exporter.ts';
import type { TelemetryDecoder } from './telemetry.ts';
import { FIELD_INTS } from './template-field.ts';

/**
 * What a decoder has learned of its exporters, to be kept over a restart: templates, sampling, timeouts, sequence numbers.
 * Without it nothing of NetFlow v9 and IPFIX can be read until every exporter has sent its templates again. Little-endian:
 *
 *   snapshot   0 'BWTS'   4 version   8 bytes in all   12 hash of what follows   16 exporters   20 exporter …
 *   exporter   16 address words   4 domain   2 protocol   2 samplers   4 templates   EXPORTER_NUMBERS doubles
 *              (double id, double rate) …   template …
 *   template   2 id   2 fields   4 fields of scope, or -1   8 last used, ms since 1970   (2 element  2 length  4 enterprise) …
 */
const MAGIC = 0x53545742;
const VERSION = 1;
const HEADER_BYTES = 20;
const EXPORTER_BYTES = 28;
const EXPORTER_NUMBERS = 9;
const TEMPLATE_BYTES = 16;
const FIELD_BYTES = 8;
/** A longer snapshot is not read: all templates that a decoder keeps have 8 MB. */
export const SNAPSHOT_BYTES_MAX = 1 << 26;
/** A template used last longer ago is not taken back: the router may have another one by now. */
export const SNAPSHOT_AGE_MAX_MS = 24 * 3_600_000;

const PROTOCOLS: readonly TelemetryProtocol[] = ['netflow-v5', 'netflow-v9', 'ipfix', 'sflow-v5'];

/** What was taken back of a snapshot. */
export interface Restored {
  readonly exporters: number;
  readonly templates: number;
}

/** The snapshot of a decoder: of all its exporters, the one heard last at the end. */
export function snapshotTelemetry(decoder: TelemetryDecoder): Uint8Array {
  const writer = new SnapshotWriter();
  writer.u32(MAGIC).u32(VERSION).u32(0).u32(0).u32(decoder.exporters.size);
  for (let at = decoder.exporters.oldest; at !== undefined; at = at.newer) writeExporter(writer, at);
  const bytes = writer.done();
  const view = new DataView(bytes.buffer);
  view.setUint32(8, bytes.length, true);
  view.setUint32(12, hashBytes(bytes, HEADER_BYTES - 4), true);
  return bytes;
}

/**
 * Takes back what a snapshot tells, as of `nowMs` (ms since 1970): exporters that the decoder has not heard yet, and their
 * templates if they were used in the last day. Several snapshots may be taken back one after the other. Bytes that are no
 * snapshot, of another version, or damaged give nothing; nothing throws. A gap in the sequence numbers of an exporter that
 * was taken back is counted as missed while down, not as lost.
 */
export function restoreTelemetry(decoder: TelemetryDecoder, bytes: Uint8Array, nowMs: number): Restored {
  const restored = { exporters: 0, templates: 0 };
  if (bytes.length < HEADER_BYTES || bytes.length > SNAPSHOT_BYTES_MAX) return restored;
  const reader = new SnapshotReader(bytes);
  const isOurs = reader.u32() === MAGIC && reader.u32() === VERSION && reader.u32() === bytes.length;
  if (!isOurs || reader.u32() !== hashBytes(bytes, HEADER_BYTES - 4)) return restored;
  for (let left = reader.u32(); left > 0; left--) {
    if (!readExporter(reader, decoder, nowMs, restored)) break;
  }
  return restored;
}

function writeExporter(writer: SnapshotWriter, exporter: ExporterState): void {
  const samplers = exporter.samplers();
  const { next, meanDatagrams, meanRecords } = exporter.sequence.memory();
  for (let word = 0; word < 4; word++) writer.u32(exporter.addressWords[word]);
  writer.u32(exporter.observationDomain);
  writer.u16(PROTOCOLS.indexOf(exporter.protocol)).u16(samplers.length).u32(exporter.templates);
  writer.f64(exporter.firstSeenMs).f64(exporter.lastSeenMs).f64(exporter.bootMs).f64(exporter.samplingRate);
  writer.f64(exporter.activeTimeoutSeconds ?? Number.NaN).f64(exporter.inactiveTimeoutSeconds ?? Number.NaN);
  writer.f64(next).f64(meanDatagrams).f64(meanRecords);
  for (const [id, rate] of samplers) writer.f64(id).f64(rate);
  for (let template = exporter.templateOldest; template !== undefined; template = template.newer) {
    writer.u16(template.id).u16(template.fieldCount).u32(template.scopeCount).f64(template.lastUsedMs);
    for (let at = 0; at < template.fields.length; at += FIELD_INTS) {
      writer
        .u16(template.fields[at])
        .u16(template.fields[at + 1])
        .u32(template.fields[at + 2]);
    }
  }
}

/** Reads one exporter with its templates. False where the bytes end or cannot be meant. */
function readExporter(
  reader: SnapshotReader,
  decoder: TelemetryDecoder,
  nowMs: number,
  restored: { exporters: number; templates: number },
): boolean {
  if (reader.left < EXPORTER_BYTES + 8 * EXPORTER_NUMBERS) return false;
  const words = Uint32Array.from({ length: 4 }, () => reader.u32());
  const domain = reader.u32();
  const protocol = PROTOCOLS[reader.u16()];
  const samplerCount = reader.u16();
  const templateCount = reader.u32();
  const numbers = Float64Array.from({ length: EXPORTER_NUMBERS }, () => reader.f64());
  if (protocol === undefined || reader.left < 16 * samplerCount) return false;
  const [firstSeenMs, lastSeenMs] = numbers;
  // Comparisons with what is no number are false.
  const isRecent = firstSeenMs > 0 && nowMs - lastSeenMs <= SNAPSHOT_AGE_MAX_MS && lastSeenMs < Infinity;
  const exporter = isRecent
    ? decoder.exporters.remember(words, domain, protocol, Math.min(lastSeenMs, nowMs))
    : undefined;
  if (exporter !== undefined) {
    restored.exporters++;
    takeNumbers(exporter, numbers);
  }
  for (let sampler = 0; sampler < samplerCount; sampler++) {
    const id = reader.f64();
    const rate = reader.f64();
    if (id >= 0 && isSamplingRate(rate)) exporter?.restoreSampler(id, rate);
  }
  for (let template = 0; template < templateCount; template++) {
    if (!readTemplate(reader, decoder, exporter, nowMs)) return false;
  }
  if (exporter !== undefined) restored.templates += exporter.templates;
  return true;
}

function takeNumbers(exporter: ExporterState, numbers: Float64Array): void {
  const [firstSeenMs, , bootMs, samplingRate, activeSeconds, inactiveSeconds, next, datagrams, records] = numbers;
  exporter.firstSeenMs = Math.min(firstSeenMs, exporter.lastSeenMs);
  exporter.bootMs = Math.abs(bootMs) < 8.64e15 ? bootMs : Number.NaN;
  if (isSamplingRate(samplingRate)) {
    exporter.samplingRate = samplingRate;
    exporter.noteSamplingRate(samplingRate);
  }
  if (activeSeconds >= 0 && activeSeconds < 2 ** 32) exporter.activeTimeoutSeconds = activeSeconds;
  if (inactiveSeconds >= 0 && inactiveSeconds < 2 ** 32) exporter.inactiveTimeoutSeconds = inactiveSeconds;
  const isMean = datagrams > 0 && datagrams < 2 ** 32 && records >= 0 && records <= datagrams * 0xffff;
  exporter.sequence.restore({
    next: next >= 0 && next < 2 ** 32 ? Math.floor(next) : -1,
    meanDatagrams: isMean ? datagrams : 0,
    meanRecords: isMean ? records : 0,
  });
}

/** Reads one template, and gives it to the exporter where there is one. False where the bytes end. */
function readTemplate(
  reader: SnapshotReader,
  decoder: TelemetryDecoder,
  exporter: ExporterState | undefined,
  nowMs: number,
): boolean {
  if (reader.left < TEMPLATE_BYTES) return false;
  const id = reader.u16();
  const fieldCount = reader.u16();
  const scopeCount = reader.u32() | 0;
  const lastUsedMs = reader.f64();
  if (reader.left < FIELD_BYTES * fieldCount) return false;
  const { templates } = decoder;
  const fits = id >= 256 && fieldCount >= 1 && fieldCount <= templates.limits.fieldsPerTemplateMax;
  const isRecent = nowMs - lastUsedMs <= SNAPSHOT_AGE_MAX_MS && lastUsedMs < Infinity;
  for (let field = 0; field < fieldCount; field++) {
    const element = reader.u16();
    const length = reader.u16();
    const enterprise = reader.u32();
    if (!fits) continue;
    templates.scratch[FIELD_INTS * field] = element;
    templates.scratch[FIELD_INTS * field + 1] = length;
    templates.scratch[FIELD_INTS * field + 2] = enterprise;
  }
  if (exporter !== undefined && fits && isRecent && scopeCount >= -1 && scopeCount <= fieldCount) {
    templates.learn(exporter, id, fieldCount, scopeCount, Math.min(lastUsedMs, nowMs));
  }
  return true;
}

/** FNV-1a over words, mixed at the end: finds what a torn write or a bad disk left. No defence against forgery. */
export function hashBytes(bytes: Uint8Array, from: number): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < bytes.length; at++) hash = Math.imul(hash ^ bytes[at], 0x01000193);
  return mix32(hash);
}

class SnapshotWriter {
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  u16(value: number): this {
    const at = this.#advance(2);
    this.#view.setUint16(at, value, true);
    return this;
  }

  u32(value: number): this {
    const at = this.#advance(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  f64(value: number): this {
    const at = this.#advance(8);
    this.#view.setFloat64(at, value, true);
    return this;
  }

  done(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  #advance(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(2 * this.#bytes.length);
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }
}

/** The caller asks how many bytes are left before it reads. */
class SnapshotReader {
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#view.byteLength - this.#at;
  }

  u16(): number {
    this.#at += 2;
    return this.#view.getUint16(this.#at - 2, true);
  }

  u32(): number {
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4, true);
  }

  f64(): number {
    this.#at += 8;
    return this.#view.getFloat64(this.#at - 8, true);
  }
}
