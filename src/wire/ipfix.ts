import { REJECT } from '../model/rejection.ts';
import type { Datagram } from './datagram.ts';
import type { ExporterTable } from './exporter.ts';
import type { TemplateStore } from './template.ts';
import { FIELD_INTS } from './template-field.ts';
import type { DataSetReader } from './template-sets.ts';

const HEADER_LENGTH = 16;
const SET_HEADER_LENGTH = 4;
const SET_TEMPLATE = 2;
const SET_OPTIONS_TEMPLATE = 3;
const SET_DATA_MIN = 256;
const ENTERPRISE_BIT = 0x8000;
/** Data records: a gap beyond is a restart of the exporter and not a loss. */
const SEQUENCE_JUMP_MAX = 1 << 24;

/**
 * Decodes one IPFIX message, which a UDP payload holds one of (RFC 7011 sections 3.1 and 10.3); bytes behind it are counted:
 *
 *   0               2               4
 *   | version 10    | length        |
 *   | export time, seconds          |  4
 *   | sequence, of data records     |  8
 *   | observation domain            | 12
 *   | set id        | length        | 16  … and its content
 */
export function decodeIpfix(
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
  const messageLength = view.getUint16(offset + 2);
  if (messageLength !== length) rejections.count(REJECT['datagram-length-lies']);
  if (messageLength < HEADER_LENGTH) return;
  const end = offset + Math.min(messageLength, length);
  const exportMs = view.getUint32(offset + 4) * 1000;
  const observedMs = Number.isNaN(arrivalMs) ? exportMs : arrivalMs;
  const exporter = exporters.touch(
    sourceWords,
    sourceAt,
    view.getUint32(offset + 12),
    'ipfix',
    observedMs,
    !Number.isNaN(arrivalMs),
  );
  exporter.noteClock(observedMs, exportMs, Number.NaN);
  datagram.exporter = exporter;
  datagram.arrivalMs = arrivalMs;
  datagram.observedMs = observedMs;
  datagram.exportMs = exportMs;
  datagram.sequence = view.getUint32(offset + 8);
  const records = readSets(datagram, templates, reader, offset + HEADER_LENGTH, end);
  const counted = records < 0 ? -1 - records : records;
  exporter.sequence.follow(view.getUint32(offset + 8), counted, records >= 0, SEQUENCE_JUMP_MAX);
}

/** Reads all sets of a message. Returns its data records `n`, or `-1 - n` where it held more that cannot be counted. */
function readSets(
  datagram: Datagram,
  templates: TemplateStore,
  reader: DataSetReader,
  from: number,
  end: number,
): number {
  const { view, rejections } = datagram;
  let at = from;
  let records = 0;
  let known = true;
  while (end - at >= SET_HEADER_LENGTH) {
    const id = view.getUint16(at);
    const setLength = view.getUint16(at + 2);
    if (id === 0 && setLength === 0) break;
    if (setLength < SET_HEADER_LENGTH) {
      rejections.count(REJECT['set-length-invalid']);
      return -1 - records;
    }
    let setEnd = at + setLength;
    if (setEnd > end) {
      rejections.count(REJECT['set-length-invalid']);
      setEnd = end;
      known = false;
    }
    const content = at + SET_HEADER_LENGTH;
    if (id === SET_TEMPLATE || id === SET_OPTIONS_TEMPLATE) {
      readTemplates(datagram, templates, id, content, setEnd);
    } else if (id >= SET_DATA_MIN) {
      datagram.uptimeMs = uptimeOf(datagram);
      const count = reader.read(datagram, id, content, setEnd);
      if (count < 0) known = false;
      else records += count;
    }
    at = setEnd;
  }
  return known ? records : -1 - records;
}

/** sysUpTime at the export, for the elements that count from the system's start; NaN where that was not told. */
function uptimeOf(datagram: Datagram): number {
  const uptimeMs = datagram.exportMs - datagram.exporter.bootMs;
  return uptimeMs >= 0 ? uptimeMs % 4294967296 : Number.NaN;
}

/**
 * Template and options template sets (RFC 7011 section 3.4):
 *
 *   | id | field count |                 (id | length [| enterprise number if the first bit of the id is set]) …
 *   | id | field count | scope count |   (the same, scope fields first) …
 *
 * A field count of 0 withdraws the template; with the set's own id as template id, all templates of the kind.
 */
function readTemplates(datagram: Datagram, templates: TemplateStore, setId: number, from: number, end: number): void {
  const { view, rejections, exporter } = datagram;
  const isOptions = setId === SET_OPTIONS_TEMPLATE;
  let at = from;
  while (end - at >= 4) {
    const id = view.getUint16(at);
    const fieldCount = view.getUint16(at + 2);
    at += 4;
    if (fieldCount === 0) {
      if (id === 0) return;
      if (id === setId) templates.withdrawAll(exporter, isOptions);
      else templates.withdraw(exporter, id);
      continue;
    }
    let scopeCount = -1;
    if (isOptions) {
      if (end - at < 2) break;
      scopeCount = view.getUint16(at);
      at += 2;
    }
    const next = readFields(datagram, templates, at, end, fieldCount);
    if (next < 0) {
      rejections.count(REJECT['template-invalid']);
      return;
    }
    at = next;
    // Options without scope, or of scope only (RFC 7011 section 3.4.2.2), are tolerated where there is a field at all.
    const scopeFits = !isOptions || scopeCount <= fieldCount;
    if (id < SET_DATA_MIN || fieldCount > templates.limits.fieldsPerTemplateMax || !scopeFits) {
      rejections.count(REJECT['template-invalid']);
    } else {
      templates.learn(exporter, id, fieldCount, scopeCount, datagram.arrivalMs);
    }
  }
}

/** Reads field specifiers into the scratch of the store. Returns where they end, or -1 if they overrun the set. */
function readFields(
  datagram: Datagram,
  templates: TemplateStore,
  from: number,
  end: number,
  fieldCount: number,
): number {
  const { view } = datagram;
  const fields = templates.scratch;
  const fieldsMax = templates.limits.fieldsPerTemplateMax;
  let at = from;
  for (let field = 0; field < fieldCount; field++) {
    if (end - at < 4) return -1;
    const id = view.getUint16(at);
    const length = view.getUint16(at + 2);
    at += 4;
    let enterprise = 0;
    if ((id & ENTERPRISE_BIT) !== 0) {
      if (end - at < 4) return -1;
      enterprise = view.getUint32(at);
      at += 4;
    }
    if (field >= fieldsMax) continue;
    fields[FIELD_INTS * field] = id & ~ENTERPRISE_BIT;
    fields[FIELD_INTS * field + 1] = length;
    fields[FIELD_INTS * field + 2] = enterprise;
  }
  return at;
}
