import { REJECT } from '../model/rejection.ts';
import type { Datagram } from './datagram.ts';
import type { ExporterTable } from './exporter.ts';
import type { TemplateStore } from './template.ts';
import { FIELD_INTS } from './template-field.ts';
import type { DataSetReader } from './template-sets.ts';

const HEADER_LENGTH = 20;
const SET_HEADER_LENGTH = 4;
const SET_TEMPLATE = 0;
const SET_OPTIONS_TEMPLATE = 1;
/** Ids below are those of templates and reserved ones; from here on they name the template of data. */
const SET_DATA_MIN = 256;
/** Datagrams: a gap beyond is a restart of the exporter and not a loss. */
const SEQUENCE_JUMP_MAX = 1 << 16;

/**
 * Decodes one NetFlow v9 datagram (RFC 3954 section 5):
 *
 *   0               2               4
 *   | version 9     | count         |
 *   | sysUpTime, ms                 |  4
 *   | UNIX seconds                  |  8
 *   | sequence, of datagrams        | 12
 *   | source id                     | 16
 *   | flow set id   | length        | 20  … and its content, padded to 4
 *
 * The count in the header is of no use: exporters disagree on what it counts.
 */
export function decodeNetflow9(
  datagram: Datagram,
  exporters: ExporterTable,
  templates: TemplateStore,
  reader: DataSetReader,
  offset: number,
  length: number,
  sourceWords: Uint32Array,
  sourceAt: number,
  arrivalMs: number,
): void {
  const { view, rejections } = datagram;
  if (length < HEADER_LENGTH) {
    rejections.count(REJECT['datagram-truncated']);
    return;
  }
  const uptimeMs = view.getUint32(offset + 4);
  const exportMs = view.getUint32(offset + 8) * 1000;
  const observedMs = Number.isNaN(arrivalMs) ? exportMs : arrivalMs;
  const exporter = exporters.touch(
    sourceWords,
    sourceAt,
    view.getUint32(offset + 16),
    'netflow-v9',
    observedMs,
    !Number.isNaN(arrivalMs),
  );
  exporter.noteClock(observedMs, exportMs, exportMs - uptimeMs);
  datagram.exporter = exporter;
  datagram.arrivalMs = arrivalMs;
  datagram.observedMs = observedMs;
  datagram.exportMs = exportMs;
  datagram.sequence = view.getUint32(offset + 12);
  datagram.uptimeMs = uptimeMs;
  const before = exporter.records + exporter.recordsShed;
  const known = readSets(datagram, templates, reader, offset + HEADER_LENGTH, offset + length);
  const records = exporter.records + exporter.recordsShed - before;
  exporter.sequence.follow(view.getUint32(offset + 12), records, known, SEQUENCE_JUMP_MAX);
}

/** Reads all flow sets. False where one held records that could not be counted. */
function readSets(
  datagram: Datagram,
  templates: TemplateStore,
  reader: DataSetReader,
  from: number,
  end: number,
): boolean {
  const { view, rejections } = datagram;
  let at = from;
  let known = true;
  while (end - at >= SET_HEADER_LENGTH) {
    const id = view.getUint16(at);
    const setLength = view.getUint16(at + 2);
    // Zeros up to the end of a larger buffer are padding.
    if (id === 0 && setLength === 0) break;
    if (setLength < SET_HEADER_LENGTH) {
      rejections.count(REJECT['set-length-invalid']);
      return false;
    }
    let setEnd = at + setLength;
    if (setEnd > end) {
      // What is there of a set that overruns is read: snapped captures cut datagrams.
      rejections.count(REJECT['set-length-invalid']);
      setEnd = end;
      known = false;
    }
    const content = at + SET_HEADER_LENGTH;
    if (id === SET_TEMPLATE) readTemplates(datagram, templates, content, setEnd);
    else if (id === SET_OPTIONS_TEMPLATE) readOptionsTemplates(datagram, templates, content, setEnd);
    else if (id >= SET_DATA_MIN && reader.read(datagram, id, content, setEnd) < 0) known = false;
    at = setEnd;
  }
  return known;
}

/** Template flow set (RFC 3954 section 5.2): `| id | field count | (type, length) … |`, repeated. */
function readTemplates(datagram: Datagram, templates: TemplateStore, from: number, end: number): void {
  const { view } = datagram;
  let at = from;
  while (end - at >= 4) {
    const id = view.getUint16(at);
    const fieldCount = view.getUint16(at + 2);
    if (id === 0 && fieldCount === 0) return;
    at += 4;
    if (fieldCount * 4 > end - at) {
      datagram.rejections.count(REJECT['template-invalid']);
      return;
    }
    learn(datagram, templates, id, at, fieldCount, -1);
    at += 4 * fieldCount;
  }
}

/** Options template flow set (RFC 3954 section 6.1): `| id | scope bytes | option bytes | (type, length) … |`, repeated. */
function readOptionsTemplates(datagram: Datagram, templates: TemplateStore, from: number, end: number): void {
  const { view } = datagram;
  let at = from;
  while (end - at >= 6) {
    const id = view.getUint16(at);
    const scopeBytes = view.getUint16(at + 2);
    const optionBytes = view.getUint16(at + 4);
    if (id === 0 && scopeBytes === 0 && optionBytes === 0) return;
    at += 6;
    if (scopeBytes % 4 !== 0 || optionBytes % 4 !== 0 || scopeBytes + optionBytes > end - at) {
      datagram.rejections.count(REJECT['template-invalid']);
      return;
    }
    learn(datagram, templates, id, at, (scopeBytes + optionBytes) / 4, scopeBytes / 4);
    at += scopeBytes + optionBytes;
  }
}

function learn(
  datagram: Datagram,
  templates: TemplateStore,
  id: number,
  at: number,
  fieldCount: number,
  scopeCount: number,
): void {
  const { view, rejections, exporter } = datagram;
  const possible = id >= SET_DATA_MIN && fieldCount > 0 && fieldCount <= templates.limits.fieldsPerTemplateMax;
  if (!possible) {
    rejections.count(REJECT['template-invalid']);
    return;
  }
  const fields = templates.scratch;
  for (let field = 0; field < fieldCount; field++) {
    fields[FIELD_INTS * field] = view.getUint16(at + 4 * field);
    // RFC 3954 has no variable length, but routers of H3C write one, as IPFIX does.
    fields[FIELD_INTS * field + 1] = view.getUint16(at + 4 * field + 2);
    fields[FIELD_INTS * field + 2] = 0;
  }
  templates.learn(exporter, id, fieldCount, scopeCount, datagram.arrivalMs);
}
