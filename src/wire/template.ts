import { REJECT, type Rejections } from '../model/rejection.ts';
import type { ExporterState, ExporterTable } from './exporter.ts';
import { FIELD_INTS, VARIABLE_LENGTH } from './template-field.ts';
import type { Kernel } from './template-kernel.ts';
import { compilePlan, type Plan } from './template-plan.ts';

export interface TemplateLimits {
  /** Templates kept for one exporter and observation domain; when full the one unused longest is dropped. */
  readonly templatesPerExporterMax: number;
  /** Fields that one template may have. */
  readonly fieldsPerTemplateMax: number;
  /** Fields of all templates of all exporters; beyond it those of the most silent exporters are dropped. */
  readonly templateFieldsMax: number;
  /** A template neither sent again nor used for longer, in event time, is forgotten. */
  readonly templateExpiryMs: number;
}

export const TEMPLATE_LIMITS: TemplateLimits = {
  templatesPerExporterMax: 1024,
  fieldsPerTemplateMax: 1024,
  templateFieldsMax: 1 << 20,
  templateExpiryMs: 24 * 3_600_000,
};

/** One template or options template of one exporter and observation domain. */
export class Template {
  readonly id: number;
  /** `FIELD_INTS` integers a field; scope fields come first. */
  readonly fields: Int32Array;
  readonly fieldCount: number;
  /** -1 for a template of flow records; else how many of the fields are scope. */
  readonly scopeCount: number;
  /** Bytes of a record; the least where fields are variable. At least 1. */
  readonly recordLength: number;
  /** Bytes of the fields of fixed length. */
  readonly fixedLength: number;
  readonly variable: boolean;
  /** Compiled on first use: exporters announce templates that they never use. Only for flow records. */
  plan: Plan | undefined = undefined;
  /** Compiled once enough records came, if it can be; `null` where it cannot. */
  kernel: Kernel | null | undefined = undefined;
  /** Records decoded by it, until there is a kernel. */
  decoded = 0;
  /** Event time; NaN where datagrams come without an arrival, and then nothing expires. */
  lastUsedMs: number;
  newer: Template | undefined = undefined;
  older: Template | undefined = undefined;

  constructor(
    id: number,
    fields: Int32Array,
    scopeCount: number,
    recordLength: number,
    variable: boolean,
    nowMs: number,
  ) {
    this.id = id;
    this.fields = fields;
    this.fieldCount = fields.length / FIELD_INTS;
    this.scopeCount = scopeCount;
    this.recordLength = recordLength;
    this.variable = variable;
    this.lastUsedMs = nowMs;
    let fixedLength = 0;
    for (let at = 1; at < fields.length; at += FIELD_INTS) {
      if (fields[at] !== VARIABLE_LENGTH) fixedLength += fields[at];
    }
    this.fixedLength = fixedLength;
  }

  get isOptions(): boolean {
    return this.scopeCount >= 0;
  }

  planned(): Plan {
    this.plan ??= compilePlan(this.fields, this.fieldCount);
    return this.plan;
  }
}

/**
 * Templates of all exporters, in bounded memory. Each exporter holds its own by id, in a list by last use:
 *
 *   exporter.templateNewest ⇄ … ⇄ exporter.templateOldest     dropped when the exporter has templatesPerExporterMax
 */
export class TemplateStore {
  readonly limits: TemplateLimits;
  readonly #rejections: Rejections;
  readonly #exporters: ExporterTable;
  /** Fields of the template being read; copied when it is kept. */
  readonly scratch: Int32Array;
  #fields = 0;

  constructor(exporters: ExporterTable, rejections: Rejections, limits: Partial<TemplateLimits> = {}) {
    this.limits = { ...TEMPLATE_LIMITS, ...limits };
    this.#rejections = rejections;
    this.#exporters = exporters;
    this.scratch = new Int32Array(this.limits.fieldsPerTemplateMax * FIELD_INTS);
    exporters.onDrop = (exporter): void => this.withdrawAll(exporter, undefined);
  }

  /** Fields held in all templates. */
  get fields(): number {
    return this.#fields;
  }

  /**
   * Keeps the template whose `fieldCount` fields are in `scratch`; the same one again is only refreshed. A template whose
   * records would have no bytes, or more than a message can hold, is counted as invalid and an earlier one of the id kept.
   */
  learn(exporter: ExporterState, id: number, fieldCount: number, scopeCount: number, nowMs: number): void {
    const known = exporter.templateById?.get(id);
    if (known !== undefined && this.#isSame(known, fieldCount, scopeCount)) {
      this.#use(exporter, known, nowMs);
      return;
    }
    let recordLength = 0;
    let variable = false;
    for (let field = 0; field < fieldCount; field++) {
      const length = this.scratch[FIELD_INTS * field + 1];
      if (length === VARIABLE_LENGTH) variable = true;
      recordLength += length === VARIABLE_LENGTH ? 1 : length;
    }
    if (recordLength < 1 || recordLength > 0xffff) {
      this.#rejections.count(REJECT['template-invalid']);
      return;
    }
    if (known !== undefined) this.#drop(exporter, known);
    const fields = this.scratch.slice(0, fieldCount * FIELD_INTS);
    const template = new Template(id, fields, scopeCount, recordLength, variable, nowMs);
    this.#makeRoom(exporter, fieldCount);
    exporter.templateById ??= new Map();
    exporter.templateById.set(id, template);
    exporter.templates = exporter.templateById.size;
    this.#fields += fieldCount;
    exporter.sequence.noteTemplate(id, variable || scopeCount >= 0 ? 0 : recordLength);
    linkNewest(exporter, template);
  }

  /** The template of a data set, or `undefined` if it is not known (any more). */
  find(exporter: ExporterState, id: number, nowMs: number): Template | undefined {
    const newest = exporter.templateNewest;
    const template = newest !== undefined && newest.id === id ? newest : exporter.templateById?.get(id);
    if (template === undefined) return undefined;
    if (nowMs - template.lastUsedMs > this.limits.templateExpiryMs) {
      this.#drop(exporter, template);
      return undefined;
    }
    this.#use(exporter, template, nowMs);
    return template;
  }

  /** Forgets one template (RFC 7011 section 8.1); nothing if there is none. */
  withdraw(exporter: ExporterState, id: number): void {
    const template = exporter.templateById?.get(id);
    if (template !== undefined) this.#drop(exporter, template);
  }

  /** Forgets all templates, or all of one kind: options templates (`true`) or those of flow records (`false`). */
  withdrawAll(exporter: ExporterState, options: boolean | undefined): void {
    let template = exporter.templateOldest;
    while (template !== undefined) {
      const newer = template.newer;
      if (options === undefined || template.isOptions === options) this.#drop(exporter, template);
      template = newer;
    }
  }

  #use(exporter: ExporterState, template: Template, nowMs: number): void {
    template.lastUsedMs = nowMs;
    if (exporter.templateNewest === template) return;
    unlink(exporter, template);
    linkNewest(exporter, template);
  }

  #isSame(known: Template, fieldCount: number, scopeCount: number): boolean {
    if (known.fieldCount !== fieldCount || known.scopeCount !== scopeCount) return false;
    for (let at = 0; at < known.fields.length; at++) if (known.fields[at] !== this.scratch[at]) return false;
    return true;
  }

  #makeRoom(exporter: ExporterState, fieldCount: number): void {
    if (exporter.templates >= this.limits.templatesPerExporterMax && exporter.templateOldest !== undefined) {
      this.#rejections.count(REJECT['templates-full']);
      this.#drop(exporter, exporter.templateOldest);
    }
    const max = this.limits.templateFieldsMax;
    if (this.#fields + fieldCount <= max) return;
    // An eighth at once, so that the walk over silent exporters is not taken for every template of a flood.
    let silent = this.#exporters.oldest;
    while (silent !== undefined && this.#fields + fieldCount > max - (max >>> 3)) {
      const oldest: Template | undefined = silent.templateOldest;
      if (oldest === undefined) silent = silent.newer;
      else {
        this.#rejections.count(REJECT['templates-full']);
        this.#drop(silent, oldest);
      }
    }
  }

  #drop(exporter: ExporterState, template: Template): void {
    unlink(exporter, template);
    exporter.templateById?.delete(template.id);
    exporter.templates = exporter.templateById?.size ?? 0;
    this.#fields -= template.fieldCount;
  }
}

function linkNewest(exporter: ExporterState, template: Template): void {
  template.older = exporter.templateNewest;
  template.newer = undefined;
  if (exporter.templateNewest !== undefined) exporter.templateNewest.newer = template;
  exporter.templateNewest = template;
  exporter.templateOldest ??= template;
}

function unlink(exporter: ExporterState, template: Template): void {
  if (template.newer === undefined) exporter.templateNewest = template.older;
  else template.newer.older = template.older;
  if (template.older === undefined) exporter.templateOldest = template.newer;
  else template.older.newer = template.newer;
}
