import { assert } from '../base/errors.ts';
import type { WasmMemory } from '../base/wasm.ts';
import { BATCH_STAGE_BYTES, type FlowBatch } from '../model/flow-batch.ts';
import { REJECT } from '../model/rejection.ts';
import type { Datagram } from './datagram.ts';
import type { Template } from './template.ts';
import { compileKernel, KERNEL_RECORDS_MAX, type Kernel, type KernelRun, kernelRun } from './template-kernel.ts';
import { appendRows, applyOp, CHUNK_RECORDS } from './template-ops.ts';
import { OP_INTS, type Plan } from './template-plan.ts';
import { finishRows } from './template-rows.ts';

/** Kernels compiled for one decoder. Templates of more shapes than any network has are decoded without. */
const KERNELS_MAX = 256;

/** Decodes data records of flows by their templates. Holds the places of the records in work. */
export class RecordDecoder {
  readonly #kernelAfterRecords: number;
  /** Where each segment of each record begins: segment `s` of record `i` at `s * CHUNK_RECORDS + i`. */
  #bases = new Int32Array(CHUNK_RECORDS);
  /** Kernels by the shape of their templates, which many exporters share. */
  readonly #kernels = new Map<string, Kernel>();
  /** The memory of the batch last used, its bytes for the records in work, and the kernel bound to it last. */
  #memory: WasmMemory | undefined = undefined;
  #buffer: ArrayBufferLike | undefined = undefined;
  #stage = new Uint8Array(0);
  #kernel: Kernel | undefined = undefined;
  #run: KernelRun | undefined = undefined;

  /** A template gets a kernel after `kernelAfterRecords`: compiling costs as much as decoding some thousands. */
  constructor(kernelAfterRecords: number) {
    this.#kernelAfterRecords = kernelAfterRecords;
  }

  /**
   * Appends the records in `bytes[at, end)`, handing the batch to the sink whenever it is full. Returns how many there were.
   * A record that overruns ends the set, and is counted.
   */
  append(datagram: Datagram, template: Template, at: number, end: number): number {
    const { batch, exporter } = datagram;
    if (datagram.skipping) return this.#skip(datagram, template, at, end);
    const compiled = template.planned();
    const segments = compiled.segments.length;
    if (batch.memory !== undefined && segments === 0) {
      const kernel = this.#kernelOf(template, compiled, batch, Math.floor((end - at) / template.recordLength));
      if (kernel !== undefined && !(kernel.needsUptime && Number.isNaN(datagram.uptimeMs))) {
        return this.#appendByKernel(datagram, template, kernel, batch.memory, at, end);
      }
    }
    if (this.#bases.length < (segments + 1) * CHUNK_RECORDS) {
      this.#bases = new Int32Array((segments + 1) * CHUNK_RECORDS);
    }
    let from = at;
    let total = 0;
    while (end - from >= template.recordLength) {
      const room = Math.min(batch.capacity - batch.length, CHUNK_RECORDS);
      assert(room > 0, 'the sink makes room in the batch');
      let count = 0;
      if (segments === 0) {
        count = Math.min(room, Math.floor((end - from) / template.recordLength));
        const bases = this.#bases;
        for (let i = 0; i < count; i++, from += template.recordLength) bases[i] = from;
      } else {
        while (count < room && end - from >= template.recordLength) {
          const next = this.#placeVariable(datagram.bytes, compiled, template, count, from, end);
          if (next < 0) {
            datagram.rejections.count(REJECT['record-truncated']);
            from = end;
            break;
          }
          count++;
          from = next;
        }
      }
      if (count > 0) appendRows(datagram, compiled, this.#bases, count);
      total += count;
    }
    exporter.records += total;
    return total;
  }

  /** Counts the records that `append` would make rows of. */
  #skip(datagram: Datagram, template: Template, at: number, end: number): number {
    let total = 0;
    if (template.variable) {
      const compiled = template.planned();
      if (this.#bases.length < (compiled.segments.length + 1) * CHUNK_RECORDS) {
        this.#bases = new Int32Array((compiled.segments.length + 1) * CHUNK_RECORDS);
      }
      for (let from = at; end - from >= template.recordLength; total++) {
        from = this.#placeVariable(datagram.bytes, compiled, template, 0, from, end);
        if (from < 0) {
          datagram.rejections.count(REJECT['record-truncated']);
          break;
        }
      }
    } else {
      total = Math.floor((end - at) / template.recordLength);
    }
    datagram.exporter.recordsShed += total;
    datagram.skipped += total;
    return total;
  }

  /** The kernel of a template of which `records` more have come; `undefined` as long as there is none. */
  #kernelOf(template: Template, compiled: Plan, batch: FlowBatch, records: number): Kernel | undefined {
    const known = template.kernel;
    if (known !== undefined) return known !== null && known.capacity === batch.capacity ? known : undefined;
    template.decoded += records;
    if (template.decoded < this.#kernelAfterRecords) return undefined;
    const shape = `${batch.capacity} ${template.recordLength} ${JSON.stringify(compiled)}`;
    let kernel: Kernel | undefined = this.#kernels.get(shape);
    if (kernel === undefined && this.#kernels.size < KERNELS_MAX) {
      kernel = compileKernel(compiled, template.recordLength, batch);
      if (kernel !== undefined) this.#kernels.set(shape, kernel);
    }
    template.kernel = kernel ?? null;
    return kernel;
  }

  #appendByKernel(
    datagram: Datagram,
    template: Template,
    kernel: Kernel,
    memory: WasmMemory,
    at: number,
    end: number,
  ): number {
    const { batch, bytes, exporter, rejections } = datagram;
    if (this.#memory !== memory || this.#kernel !== kernel) {
      this.#memory = memory;
      this.#buffer = memory.buffer;
      this.#stage = new Uint8Array(memory.buffer, 0, BATCH_STAGE_BYTES);
      this.#kernel = kernel;
      this.#run = kernelRun(kernel, memory);
    }
    const run = this.#run!;
    const { recordLength } = template;
    const total = Math.floor((end - at) / recordLength);
    // A receiver that reads into the memory of its batch saves the copy.
    const inPlace = datagram.buffer === this.#buffer;
    if (!inPlace) this.#stage.set(bytes.subarray(at, at + total * recordLength));
    let source = inPlace ? datagram.byteOffset + at : 0;
    let from = at;
    let left = total;
    while (left > 0) {
      const row = batch.length;
      const room = Math.min(batch.capacity - row, kernel.complete ? KERNEL_RECORDS_MAX : CHUNK_RECORDS);
      assert(room > 0, 'the sink makes room in the batch');
      const count = left < room ? left : room;
      const found = run(
        source,
        count,
        row,
        exporter.index,
        exporter.observationDomain,
        datagram.uptimeMs,
        datagram.observedMs,
        exporter.defaultSamplingRate(),
        datagram.exportMs,
      );
      if ((found & 0xffff) !== 0) rejections.count(REJECT['record-time-absurd'], found & 0xffff);
      if (found >>> 16 !== 0) rejections.count(REJECT['record-empty'], found >>> 16);
      if (!kernel.complete) this.#applyRest(datagram, kernel.rest, recordLength, from, row, count);
      batch.length = row + count;
      if (batch.length === batch.capacity) datagram.sink.take(batch);
      source += count * recordLength;
      from += count * recordLength;
      left -= count;
    }
    exporter.records += total;
    return total;
  }

  /** What the kernel left undone, for records that it has put into rows. */
  #applyRest(datagram: Datagram, rest: Plan, recordLength: number, at: number, row: number, count: number): void {
    const { batch } = datagram;
    const bases = this.#bases;
    for (let i = 0, from = at; i < count; i++, from += recordLength) bases[i] = from;
    const ops = rest.ops;
    for (let op = 0; op < ops.length; op += OP_INTS) applyOp(datagram, batch, ops, op, bases, row, count);
    finishRows(datagram, batch, rest, row, count);
  }

  /** Finds the segments of one record. Returns where the next record begins, or -1 if this one overruns the set. */
  #placeVariable(
    bytes: Uint8Array,
    compiled: Plan,
    template: Template,
    record: number,
    at: number,
    end: number,
  ): number {
    const { segments } = compiled;
    const bases = this.#bases;
    bases[record] = at;
    let from = at;
    let rest = template.fixedLength;
    for (let segment = 0; segment < segments.length; segment++) {
      // One byte of length, or 255 and two bytes (RFC 7011 section 7).
      from += segments[segment];
      rest -= segments[segment];
      if (from >= end) return -1;
      let length = bytes[from++];
      if (length === 255) {
        if (end - from < 2) return -1;
        length = (bytes[from] << 8) | bytes[from + 1];
        from += 2;
      }
      from += length;
      bases[(segment + 1) * CHUNK_RECORDS + record] = from;
    }
    return end - from >= rest ? from + rest : -1;
  }
}
