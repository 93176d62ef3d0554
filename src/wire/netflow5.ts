import { REJECT } from '../model/rejection.ts';
import type { Datagram } from './datagram.ts';
import type { ExporterTable } from './exporter.ts';
import { traceNetflow5 } from './netflow5-trace.ts';
import { Template } from './template.ts';
import type { RecordDecoder } from './template-run.ts';

export const NETFLOW5_HEADER_LENGTH = 24;
export const NETFLOW5_RECORD_LENGTH = 48;
/** Flows: a gap beyond is a restart of the exporter and not a loss. */
const SEQUENCE_JUMP_MAX = 1 << 24;

/** Fields of a record: IANA elements by id and length, 0 for what is not read. */
const FIELDS: readonly (readonly [element: number, length: number])[] = [
  [8, 4],
  [12, 4],
  [15, 4],
  [10, 2],
  [14, 2],
  [2, 4],
  [1, 4],
  [22, 4],
  [21, 4],
  [7, 2],
  [11, 2],
  [0, 1],
  [6, 1],
  [4, 1],
  [5, 1],
  [16, 2],
  [17, 2],
  [9, 1],
  [13, 1],
  [0, 2],
];
/** The record as a template, which holds what is compiled for a decoder. */
export function netflow5Template(): Template {
  const fields = Int32Array.from(FIELDS.flatMap(([element, length]) => [element, length, 0]));
  return new Template(0, fields, -1, NETFLOW5_RECORD_LENGTH, false, Number.NaN);
}

/**
 * Decodes one NetFlow v5 datagram (Cisco, NetFlow Export Datagram Format):
 *
 *   0               2               4
 *   | version 5     | count         |
 *   | sysUpTime, ms                 |  4
 *   | UNIX seconds                  |  8
 *   | and nanoseconds               | 12
 *   | sequence, of flows            | 16
 *   | type  | id    | mode, interval| 20  engine; sampling: 2 bits and 14 bits
 *
 * and `count` records:
 *
 *   | source address                |  0
 *   | destination address           |  4
 *   | next hop                      |  8
 *   | input         | output        | 12
 *   | packets                       | 16
 *   | octets                        | 20
 *   | first, sysUpTime              | 24
 *   | last, sysUpTime               | 28
 *   | source port   | dest. port    | 32
 *   | pad   | flags | proto | tos   | 36
 *   | source AS     | dest. AS      | 40
 *   | masks         | pad           | 44
 */
export function decodeNetflow5(
  datagram: Datagram,
  exporters: ExporterTable,
  records: RecordDecoder,
  template: Template,
  offset: number,
  length: number,
  sourceWords: Uint32Array,
  sourceAt: number,
  arrivalMs: number,
): void {
  const { view, rejections } = datagram;
  if (length < NETFLOW5_HEADER_LENGTH) {
    rejections.count(REJECT['datagram-truncated']);
    return;
  }
  const told = view.getUint16(offset + 2);
  const room = Math.floor((length - NETFLOW5_HEADER_LENGTH) / NETFLOW5_RECORD_LENGTH);
  const count = told < room ? told : room;
  if (told > room) rejections.count(REJECT['datagram-truncated']);
  else if (length - NETFLOW5_HEADER_LENGTH - count * NETFLOW5_RECORD_LENGTH >= NETFLOW5_RECORD_LENGTH) {
    rejections.count(REJECT['datagram-length-lies']);
  }
  const uptimeMs = view.getUint32(offset + 4);
  const exportMs = view.getUint32(offset + 8) * 1000 + Math.floor(view.getUint32(offset + 12) / 1e6);
  const observedMs = Number.isNaN(arrivalMs) ? exportMs : arrivalMs;
  const exporter = exporters.touch(
    sourceWords,
    sourceAt,
    view.getUint16(offset + 20),
    'netflow-v5',
    observedMs,
    !Number.isNaN(arrivalMs),
  );
  exporter.noteClock(observedMs, exportMs, exportMs - uptimeMs);
  exporter.sequence.follow(view.getUint32(offset + 16), told, true, SEQUENCE_JUMP_MAX);
  const sampling = view.getUint16(offset + 22);
  const interval = sampling & 0x3fff;
  // An interval of 0 is the usual way to say that nothing is sampled or known; with a mode it contradicts itself.
  if (interval > 0 && interval !== exporter.samplingRate) exporter.setSamplingRate(interval, rejections);
  else if (interval === 0 && sampling !== 0) rejections.count(REJECT['sampling-absurd']);
  datagram.exporter = exporter;
  datagram.arrivalMs = arrivalMs;
  datagram.observedMs = observedMs;
  datagram.exportMs = exportMs;
  datagram.sequence = view.getUint32(offset + 16);
  datagram.uptimeMs = uptimeMs;
  const first = offset + NETFLOW5_HEADER_LENGTH;
  const end = first + count * NETFLOW5_RECORD_LENGTH;
  if (datagram.trace === undefined) {
    records.append(datagram, template, first, end);
    return;
  }
  for (let at = first; at < end; at += NETFLOW5_RECORD_LENGTH) {
    traceNetflow5(datagram, offset, at);
    records.append(datagram, template, at, at + NETFLOW5_RECORD_LENGTH);
  }
}
