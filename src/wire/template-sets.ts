import { REJECT } from '../model/rejection.ts';
import type { Datagram } from './datagram.ts';
import type { Template, TemplateStore } from './template.ts';
import { FIELD_INTS, VARIABLE_LENGTH } from './template-field.ts';
import { type FieldPlaces, takeOptions } from './template-options.ts';
import type { RecordDecoder } from './template-run.ts';
import { namedFields } from './template-trace.ts';

/**
 * Reads data sets of NetFlow v9 and IPFIX with their templates.
 *
 *   | record | record | … | padding, shorter than a record |
 */
export class DataSetReader {
  readonly #templates: TemplateStore;
  readonly #records: RecordDecoder;
  /** Places of the fields of the record in work, where records are read one by one. */
  readonly #places: FieldPlaces;

  constructor(templates: TemplateStore, records: RecordDecoder) {
    this.#templates = templates;
    this.#records = records;
    const fieldsMax = templates.limits.fieldsPerTemplateMax;
    this.#places = { offset: new Int32Array(fieldsMax), length: new Int32Array(fieldsMax) };
  }

  /**
   * Reads the records in `bytes[at, end)` by the template `id`. Returns how many records there were, flows and options
   * together, or -1 where the template is not known (counted).
   */
  read(datagram: Datagram, id: number, at: number, end: number): number {
    const template = this.#templates.find(datagram.exporter, id, datagram.arrivalMs);
    if (template === undefined) {
      datagram.rejections.count(REJECT['template-unknown']);
      datagram.exporter.unknownTemplateSets++;
      datagram.exporter.sequence.noteUnknown(id, end - at);
      return -1;
    }
    // A set too short for one record is cut, unless there is nothing in it.
    if (end > at && end - at < template.recordLength) datagram.rejections.count(REJECT['record-truncated']);
    if (template.isOptions || datagram.trace !== undefined) return this.#readOneByOne(datagram, template, at, end);
    return this.#records.append(datagram, template, at, end);
  }

  /** The way of options data and of traced records. */
  #readOneByOne(datagram: Datagram, template: Template, at: number, end: number): number {
    const { trace, exporter } = datagram;
    let count = 0;
    let from = at;
    // Padding is shorter than the shortest record (RFC 7011 section 3.3.1).
    while (end - from >= template.recordLength) {
      const next = this.#place(datagram.bytes, template, from, end);
      if (next < 0) {
        datagram.rejections.count(REJECT['record-truncated']);
        return count;
      }
      count++;
      if (trace !== undefined) {
        trace.record(template.isOptions ? 'options' : 'flow', exporter, namedFields(datagram, template, this.#places));
      }
      if (template.isOptions) takeOptions(datagram, template, this.#places);
      else this.#records.append(datagram, template, from, next);
      from = next;
    }
    return count;
  }

  /** Finds the fields of the record at `at`. Returns where the next record begins, or -1 if this one overruns the set. */
  #place(bytes: Uint8Array, template: Template, at: number, end: number): number {
    const { offset, length } = this.#places;
    const fields = template.fields;
    let from = at;
    for (let field = 0; field < template.fieldCount; field++) {
      let size = fields[FIELD_INTS * field + 1];
      if (size === VARIABLE_LENGTH) {
        // One byte of length, or 255 and two bytes (RFC 7011 section 7).
        if (from >= end) return -1;
        size = bytes[from++];
        if (size === 255) {
          if (from + 2 > end) return -1;
          size = (bytes[from] << 8) | bytes[from + 1];
          from += 2;
        }
      }
      if (size > end - from) return -1;
      offset[field] = from;
      length[field] = size;
      from += size;
    }
    return from;
  }
}
