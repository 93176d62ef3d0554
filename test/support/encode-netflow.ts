/** Encoders of NetFlow v5, NetFlow v9 and IPFIX datagrams, for tests and benches. They write what they are told, also lies. */

/** One field of a template; `length` 65535 is variable (IPFIX). */
export interface FieldSpec {
  readonly id: number;
  readonly length: number;
  readonly pen?: number;
}

export interface TemplateSpec {
  readonly id: number;
  readonly fields: readonly FieldSpec[];
  /** Options templates: how many of the fields, from the first, are scope. */
  readonly scopeCount?: number;
}

export type SetSpec =
  | { readonly kind: 'templates'; readonly templates: readonly TemplateSpec[] }
  | { readonly kind: 'options-templates'; readonly templates: readonly TemplateSpec[] }
  | { readonly kind: 'data'; readonly id: number; readonly records: readonly Uint8Array[]; readonly padding?: number }
  | { readonly kind: 'raw'; readonly id: number; readonly length?: number; readonly content: Uint8Array };

/** A field value: an unsigned number or bigint in the field's length, or the bytes as they are. */
export type FieldValue = number | bigint | Uint8Array;

const VARIABLE = 0xffff;

/** Grows as it is written to. */
export class ByteWriter {
  #bytes = new Uint8Array(256);
  length = 0;

  /** Unsigned big-endian integer of `length` bytes. */
  uint(value: number | bigint, length: number): this {
    let rest = BigInt(value);
    this.#reserve(length);
    for (let at = this.length + length - 1; at >= this.length; at--) {
      this.#bytes[at] = Number(rest & 0xffn);
      rest >>= 8n;
    }
    this.length += length;
    return this;
  }

  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
    return this;
  }

  setUint16(at: number, value: number): void {
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
  }

  done(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }

  #reserve(count: number): void {
    if (this.length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.length + count));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

/** One data record. `longForm` writes every variable length in three bytes, also where one would do. */
export function encodeRecord(
  fields: readonly FieldSpec[],
  values: readonly FieldValue[],
  longForm = false,
): Uint8Array {
  const writer = new ByteWriter();
  fields.forEach((field, index) => {
    const value = values[index];
    if (field.length !== VARIABLE) {
      if (value instanceof Uint8Array) writer.raw(value);
      else writer.uint(value, field.length);
      return;
    }
    const bytes = value instanceof Uint8Array ? value : new ByteWriter().uint(value, 8).done();
    if (bytes.length >= 255 || longForm) writer.uint(255, 1).uint(bytes.length, 2);
    else writer.uint(bytes.length, 1);
    writer.raw(bytes);
  });
  return writer.done();
}

export interface Netflow5Spec {
  readonly uptimeMs: number;
  readonly seconds: number;
  readonly nanoseconds?: number;
  readonly sequence?: number;
  readonly engine?: number;
  /** Mode (2 bits) and interval (14 bits). */
  readonly sampling?: number;
  /** What the header says; the number of records if absent. */
  readonly count?: number;
  readonly records: readonly Netflow5Record[];
}

export interface Netflow5Record {
  readonly srcAddr: number;
  readonly dstAddr: number;
  readonly inIf?: number;
  readonly outIf?: number;
  readonly packets: number;
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
  readonly srcPort: number;
  readonly dstPort: number;
  readonly tcpFlags?: number;
  readonly proto: number;
  readonly tos?: number;
  readonly srcAs?: number;
  readonly dstAs?: number;
}

export function encodeNetflow5(spec: Netflow5Spec): Uint8Array {
  const writer = new ByteWriter();
  writer
    .uint(5, 2)
    .uint(spec.count ?? spec.records.length, 2)
    .uint(spec.uptimeMs, 4)
    .uint(spec.seconds, 4)
    .uint(spec.nanoseconds ?? 0, 4)
    .uint(spec.sequence ?? 0, 4)
    .uint(spec.engine ?? 0, 2)
    .uint(spec.sampling ?? 0, 2);
  for (const record of spec.records) {
    writer
      .uint(record.srcAddr, 4)
      .uint(record.dstAddr, 4)
      .uint(0, 4)
      .uint(record.inIf ?? 0, 2)
      .uint(record.outIf ?? 0, 2)
      .uint(record.packets, 4)
      .uint(record.bytes, 4)
      .uint(record.first, 4)
      .uint(record.last, 4)
      .uint(record.srcPort, 2)
      .uint(record.dstPort, 2)
      .uint(0, 1)
      .uint(record.tcpFlags ?? 0, 1)
      .uint(record.proto, 1)
      .uint(record.tos ?? 0, 1)
      .uint(record.srcAs ?? 0, 2)
      .uint(record.dstAs ?? 0, 2)
      .uint(0, 4);
  }
  return writer.done();
}

export interface Netflow9Spec {
  readonly uptimeMs: number;
  readonly seconds: number;
  readonly sequence?: number;
  readonly sourceId?: number;
  readonly sets: readonly SetSpec[];
}

export function encodeNetflow9(spec: Netflow9Spec): Uint8Array {
  const writer = new ByteWriter();
  writer
    .uint(9, 2)
    .uint(Math.max(1, spec.sets.length), 2)
    .uint(spec.uptimeMs, 4)
    .uint(spec.seconds, 4)
    .uint(spec.sequence ?? 0, 4)
    .uint(spec.sourceId ?? 0, 4);
  for (const set of spec.sets) writeSet(writer, set, 9);
  return writer.done();
}

export interface IpfixSpec {
  readonly seconds: number;
  readonly sequence?: number;
  readonly domain?: number;
  readonly sets: readonly SetSpec[];
}

export function encodeIpfix(spec: IpfixSpec): Uint8Array {
  const writer = new ByteWriter();
  writer
    .uint(10, 2)
    .uint(0, 2)
    .uint(spec.seconds, 4)
    .uint(spec.sequence ?? 0, 4)
    .uint(spec.domain ?? 0, 4);
  for (const set of spec.sets) writeSet(writer, set, 10);
  writer.setUint16(2, writer.length);
  return writer.done();
}

function writeSet(writer: ByteWriter, set: SetSpec, version: 9 | 10): void {
  const start = writer.length;
  switch (set.kind) {
    case 'templates':
      writer.uint(version === 9 ? 0 : 2, 2).uint(0, 2);
      for (const template of set.templates) {
        writer.uint(template.id, 2).uint(template.fields.length, 2);
        for (const field of template.fields) writeField(writer, field, version);
      }
      break;
    case 'options-templates':
      writer.uint(version === 9 ? 1 : 3, 2).uint(0, 2);
      for (const template of set.templates) writeOptionsTemplate(writer, template, version);
      break;
    case 'data':
      writer.uint(set.id, 2).uint(0, 2);
      for (const record of set.records) writer.raw(record);
      writer.raw(new Uint8Array(set.padding ?? 0));
      break;
    case 'raw':
      writer.uint(set.id, 2).uint(0, 2).raw(set.content);
  }
  const length = set.kind === 'raw' && set.length !== undefined ? set.length : writer.length - start;
  writer.setUint16(start + 2, length);
}

function writeOptionsTemplate(writer: ByteWriter, template: TemplateSpec, version: 9 | 10): void {
  const scopeCount = template.scopeCount ?? 0;
  writer.uint(template.id, 2);
  if (version === 9) writer.uint(4 * scopeCount, 2).uint(4 * (template.fields.length - scopeCount), 2);
  else {
    writer.uint(template.fields.length, 2);
    // A withdrawal has no scope count (RFC 7011 section 8.1).
    if (template.fields.length > 0) writer.uint(scopeCount, 2);
  }
  for (const field of template.fields) writeField(writer, field, version);
}

function writeField(writer: ByteWriter, field: FieldSpec, version: 9 | 10): void {
  const enterprise = version === 10 && field.pen !== undefined && field.pen !== 0;
  writer.uint(enterprise ? field.id | 0x8000 : field.id, 2).uint(field.length, 2);
  if (enterprise) writer.uint(field.pen ?? 0, 4);
}
