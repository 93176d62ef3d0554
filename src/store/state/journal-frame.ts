import { crc32 } from 'node:zlib';
import type { Attack, ExporterReport } from '../../model/attack.ts';

/**
 * The file of the journal is a row of frames:
 *
 * ```
 *  0        4        8        12                 20     21
 * ┌────────┬────────┬────────┬──────────────────┬──────┬─────────────────┐
 * │ marker │ length │ CRC-32 │ sequence         │ kind │ payload (JSON)  │   little endian
 * └────────┴────────┴────────┴──────────────────┴──────┴─────────────────┘
 *            of the payload    float64                   length bytes
 * ```
 *
 * The CRC covers everything behind it and the length. 0xff cannot stand in UTF-8, so no payload looks like a marker: behind damage,
 * reading goes on at the next frame that is whole.
 */
const MARKER = Buffer.from([0xff, 0x42, 0x57, 0x4a]);
const LENGTH_AT = 4;
const CRC_AT = 8;
const SEQUENCE_AT = 12;
const KIND_AT = 20;
const HEADER_BYTES = 21;
/** A write that is larger is refused; an attack takes some thousand bytes. */
export const PAYLOAD_BYTES_MAX = 1024 * 1024;

const KINDS = ['header', 'attack', 'exporter', 'setting', 'document'] as const;
type Kind = (typeof KINDS)[number];

/** One write. `key` says what it replaces; `sequence` numbers all writes of a station, growing. */
export type StateEntry = { readonly key: string; readonly sequence: number } & (
  | { readonly kind: 'attack'; readonly value: Attack }
  | { readonly kind: 'exporter'; readonly value: ExporterReport }
  /** A `value` of `undefined` removes the setting. */
  | { readonly kind: 'setting'; readonly name: string; readonly value: unknown }
  | {
      readonly kind: 'document';
      /** Kind of the document, as the store is asked for it. */
      readonly of: string;
      readonly id: string;
      readonly at: string;
      readonly tags: readonly string[];
      readonly body: unknown;
      /** True for a write that removes it. */
      readonly removed: boolean;
    }
);

export const attackKey = (id: string): string => `attack ${id}`;
export const settingKey = (name: string): string => `setting ${name}`;
export const documentKey = (of: string, id: string): string => `document ${of} ${id}`;
export const exporterKey = (report: Pick<ExporterReport, 'exporter' | 'observationDomain' | 'protocol'>): string =>
  `exporter ${report.protocol} ${report.observationDomain} ${report.exporter}`;

function encodeFrame(kind: Kind, sequence: number, value: unknown): Buffer {
  const payload = Buffer.from(JSON.stringify(value));
  const frame = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  MARKER.copy(frame);
  frame.writeUInt32LE(payload.length, LENGTH_AT);
  frame.writeDoubleLE(sequence, SEQUENCE_AT);
  frame[KIND_AT] = KINDS.indexOf(kind);
  payload.copy(frame, HEADER_BYTES);
  frame.writeUInt32LE(frameCrc(frame, 0, frame.length), CRC_AT);
  return frame;
}

function frameCrc(bytes: Buffer, at: number, end: number): number {
  return crc32(bytes.subarray(at + SEQUENCE_AT, end), crc32(bytes.subarray(at + LENGTH_AT, at + CRC_AT)));
}

/** The bytes of one write. A value that JSON cannot hold (a bigint, a circle) throws a `TypeError`. */
export function encodeEntry(entry: StateEntry): Buffer {
  return encodeFrame(entry.kind, entry.sequence, payloadOf(entry));
}

function payloadOf(entry: StateEntry): unknown {
  switch (entry.kind) {
    case 'setting':
      return { name: entry.name, value: entry.value };
    case 'document': {
      const { of, id, at, tags, body, removed } = entry;
      return removed ? { of, id, at, removed } : { of, id, at, tags, body };
    }
    default:
      return entry.value;
  }
}

/** The first frame of a file: which journal it is, and the number of the last write before it was made. */
export function encodeHeader(journal: string, sequence: number): Buffer {
  return encodeFrame('header', sequence, { journal, format: 1 });
}

export interface JournalContent {
  /** Absent where the header is damaged or the file empty. */
  readonly journal: string | undefined;
  /** The latest write of every key, in the order of their numbers. */
  readonly entries: readonly StateEntry[];
  /** Bytes of the frame of each key. */
  readonly sizes: ReadonlyMap<string, number>;
  /** Largest number that was seen. */
  readonly sequence: number;
  /** Bytes up to the end of the last whole frame: the rest is a write that was cut short. */
  readonly wholeBytes: number;
  /** Bytes before that which are in no whole frame: damage. */
  readonly damagedBytes: number;
}

/** Reads a journal as far as its frames are whole. Never throws, whatever the bytes are. */
export function decodeJournal(bytes: Buffer): JournalContent {
  const latest = new Map<string, StateEntry>();
  const sizes = new Map<string, number>();
  let journal: string | undefined;
  let sequence = 0;
  let wholeBytes = 0;
  let damagedBytes = 0;
  let at = 0;
  while (at < bytes.length) {
    const end = frameEnd(bytes, at);
    if (end === undefined) {
      const next = bytes.indexOf(MARKER, at + 1);
      if (next < 0) break;
      at = next;
      continue;
    }
    damagedBytes += at - wholeBytes;
    const found = decodeFrame(bytes, at, end);
    if (found !== undefined) {
      sequence = Math.max(sequence, found.sequence);
      if ('journal' in found) journal = found.journal;
      else if ((latest.get(found.key)?.sequence ?? -1) <= found.sequence) {
        latest.set(found.key, found);
        sizes.set(found.key, end - at);
      }
    }
    at = end;
    wholeBytes = end;
  }
  const entries = [...latest.values()].sort((left, right) => left.sequence - right.sequence);
  return { journal, entries, sizes, sequence, wholeBytes, damagedBytes };
}

/** Where the frame at `at` ends, or `undefined` where no whole frame stands there. */
function frameEnd(bytes: Buffer, at: number): number | undefined {
  if (at + HEADER_BYTES > bytes.length || bytes.compare(MARKER, 0, MARKER.length, at, at + MARKER.length) !== 0) {
    return undefined;
  }
  const end = at + HEADER_BYTES + bytes.readUInt32LE(at + LENGTH_AT);
  if (end > bytes.length || end - at > HEADER_BYTES + PAYLOAD_BYTES_MAX) return undefined;
  return bytes.readUInt32LE(at + CRC_AT) === frameCrc(bytes, at, end) ? end : undefined;
}

/** What a whole frame says; `undefined` for what this version does not know. */
function decodeFrame(
  bytes: Buffer,
  at: number,
  end: number,
): StateEntry | { readonly journal: string; readonly sequence: number } | undefined {
  const sequence = bytes.readDoubleLE(at + SEQUENCE_AT);
  const kind: Kind | undefined = KINDS[bytes[at + KIND_AT]];
  if (kind === undefined || !Number.isSafeInteger(sequence) || sequence < 0) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8', at + HEADER_BYTES, end));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  // The checksum says that these are our own bytes: their fields are looked at no further than the store itself needs them.
  switch (kind) {
    case 'header': {
      const { journal } = value as { journal?: unknown };
      return typeof journal === 'string' ? { journal, sequence } : undefined;
    }
    case 'attack': {
      const attack = value as Attack;
      return typeof attack.id === 'string' ? { kind, key: attackKey(attack.id), sequence, value: attack } : undefined;
    }
    case 'exporter': {
      const report = value as ExporterReport;
      return typeof report.exporter === 'string'
        ? { kind, key: exporterKey(report), sequence, value: report }
        : undefined;
    }
    case 'setting': {
      const { name, value: held } = value as { name?: unknown; value?: unknown };
      return typeof name === 'string' ? { kind, key: settingKey(name), sequence, name, value: held } : undefined;
    }
    case 'document': {
      const { of, id, at, tags, body, removed } = value as Partial<Extract<StateEntry, { kind: 'document' }>>;
      if (typeof of !== 'string' || typeof id !== 'string' || typeof at !== 'string') return undefined;
      return {
        kind,
        key: documentKey(of, id),
        sequence,
        of,
        id,
        at,
        tags: tags ?? [],
        body,
        removed: removed === true,
      };
    }
  }
}
