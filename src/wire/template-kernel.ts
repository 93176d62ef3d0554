import { bindWasm, compileWasm, F64, I32, V128, WasmFunction, type WasmMemory } from '../base/wasm.ts';
import * as op from '../base/wasm-ops.ts';
import type { FlowBatch } from '../model/flow-batch.ts';
import { HAS, LAYER_OUTER } from '../model/flow-columns.ts';
import { FUTURE_MAX_MS, PAST_MAX_MS } from './datagram.ts';
import * as plan from './template-plan.ts';
import { OP_INTS, type Plan } from './template-plan.ts';

/**
 * A plan for records of fixed length compiled further, to WebAssembly: one loop over the records, which are read in place and
 * stored to all columns at once. Big-endian words are turned by one instruction; an address is one store of 16 bytes.
 *
 *   src ─▶ | record | record | …          row ─▶ column[row], column[row + 1], …
 *
 * What the kernel does not know (rare operations, odd lengths) is left in `rest`, for the loops in JavaScript.
 */
export interface Kernel {
  /** Operations and checks that remain to be done after the kernel has run. */
  readonly rest: Plan;
  /** True where nothing remains. */
  readonly complete: boolean;
  /** False for a plan with uptimes where the uptime of the datagram is not known. */
  readonly needsUptime: boolean;
  readonly module: object;
  /** Rows of the batches whose layout it was compiled for. */
  readonly capacity: number;
  readonly runs: WeakMap<WasmMemory, KernelRun>;
}

/** Returns the number of records with absurd times, and that of records without content times 2^16. */
export type KernelRun = (
  src: number,
  count: number,
  row: number,
  exporter: number,
  domain: number,
  uptimeMs: number,
  observedMs: number,
  samplingRate: number,
  exportMs: number,
) => number;

/** Records of one call: both counts of the result have 16 bits. */
export const KERNEL_RECORDS_MAX = 0x7fff;

const PARAMS = [I32, I32, I32, I32, I32, I32, F64, F64, F64] as const;
const [SRC, COUNT, ROW, EXPORTER, DOMAIN, UPTIME, OBSERVED, SAMPLING, EXPORT] = [0, 1, 2, 3, 4, 5, 6, 7, 8];

/** Index that gives a zero byte. */
const Z = 0x80;
/** Turns the bytes of each word. */
const TURN_WORDS = [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12];
const TURN_DOUBLE_WORDS = [7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8];
/** The address words of an IPv4 address are 0, 0, 0xffff and its word turned: the last comes from here. */
const TURN_LAST = [Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, 3, 2, 1, 0];
const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0];
const TCP_FLAGS_MASK = 0xfff;

/** Compiles a plan without segments for the layout of `batch`, records of `recordLength` bytes; `undefined` if it cannot. */
export function compileKernel(compiled: Plan, recordLength: number, batch: FlowBatch): Kernel | undefined {
  const emitter = new KernelEmitter(compiled, recordLength, batch);
  const module = compileWasm(emitter.emit());
  if (module === undefined) return undefined;
  const rest: Plan = {
    ...compiled,
    ops: Int32Array.from(emitter.left),
    icmpFromPort: compiled.icmpFromPort && !emitter.icmpDone,
  };
  const complete =
    rest.ops.length === 0 &&
    !rest.icmpFromPort &&
    !rest.mixedFamilies &&
    rest.emptyCounted &&
    (rest.timesChecked || rest.timesUnknown);
  return { rest, complete, needsUptime: emitter.needsUptime, module, capacity: batch.capacity, runs: new WeakMap() };
}

/** The function of the kernel on the memory of a batch of the layout that it was compiled for. */
export function kernelRun(kernel: Kernel, memory: WasmMemory): KernelRun {
  const known = kernel.runs.get(memory);
  if (known !== undefined) return known;
  const run = bindWasm<KernelRun>(kernel.module, memory);
  kernel.runs.set(memory, run);
  return run;
}

class KernelEmitter {
  readonly left: number[] = [];
  icmpDone = false;
  needsUptime = false;
  readonly #plan: Plan;
  readonly #recordLength: number;
  readonly #batch: FlowBatch;
  readonly #f = new WasmFunction(PARAMS);
  /** The row times the bytes of an element, which column addresses are made of. */
  readonly #row2 = this.#f.local(I32);
  readonly #row4 = this.#f.local(I32);
  readonly #row8 = this.#f.local(I32);
  readonly #row16 = this.#f.local(I32);
  readonly #proto = this.#f.local(I32);
  readonly #dstPort = this.#f.local(I32);
  readonly #absurd = this.#f.local(I32);
  readonly #empty = this.#f.local(I32);
  readonly #earliest = this.#f.local(F64);
  readonly #latest = this.#f.local(F64);
  readonly #a = this.#f.local(F64);
  readonly #b = this.#f.local(F64);
  readonly #turnWords = this.#f.local(V128);
  readonly #turnDoubleWords = this.#f.local(V128);
  readonly #turnLast = this.#f.local(V128);
  readonly #mappedPrefix = this.#f.local(V128);
  readonly #value = this.#f.local(V128);
  readonly #place = this.#f.local(I32);
  readonly #end = this.#f.local(I32);
  readonly #scratch = this.#f.local(I32);

  constructor(compiled: Plan, recordLength: number, batch: FlowBatch) {
    this.#plan = compiled;
    this.#recordLength = recordLength;
    this.#batch = batch;
  }

  emit(): Uint8Array {
    const f = this.#f;
    f.get(ROW).i32(1).op(op.I32_SHL).set(this.#row2);
    f.get(ROW).i32(2).op(op.I32_SHL).set(this.#row4);
    f.get(ROW).i32(3).op(op.I32_SHL).set(this.#row8);
    f.get(ROW).i32(4).op(op.I32_SHL).set(this.#row16);
    f.get(OBSERVED).f64(PAST_MAX_MS).op(op.F64_SUB).set(this.#earliest);
    f.get(OBSERVED).f64(FUTURE_MAX_MS).op(op.F64_ADD).set(this.#latest);
    f.v128(TURN_WORDS).set(this.#turnWords);
    f.v128(TURN_DOUBLE_WORDS).set(this.#turnDoubleWords);
    f.v128(TURN_LAST).set(this.#turnLast);
    f.v128(MAPPED_PREFIX).set(this.#mappedPrefix);
    this.#known();
    f.loop(() => {
      const ops = this.#plan.ops;
      for (let at = 0; at < ops.length; at += OP_INTS) {
        const entry = ops.subarray(at, at + OP_INTS);
        if (!this.#apply(entry[0], entry[1], entry[3], entry[5], entry[7])) this.left.push(...entry);
      }
      this.#icmp();
      for (const [local, step] of [
        [SRC, this.#recordLength],
        [ROW, 1],
        [this.#row2, 2],
        [this.#row4, 4],
        [this.#row8, 8],
        [this.#row16, 16],
      ]) {
        f.get(local).i32(step).op(op.I32_ADD).set(local);
      }
      f.get(COUNT).i32(1).op(op.I32_SUB).tee(COUNT);
    });
    f.get(this.#absurd).get(this.#empty).i32(16).op(op.I32_SHL).op(op.I32_OR);
    return f.module();
  }

  /** Columns that are the same for all records, and those that no field tells: filled 16 bytes at a time. */
  #known(): void {
    const { writesStart, writesEnd, writesPackets, writesBytes, fragmentKnown, ipVersion, present } = this.#plan;
    const batch = this.#batch;
    const f = this.#f;
    this.#fill(this.#row8, 3, () => f.get(OBSERVED).simd(op.F64X2_SPLAT), [
      batch.observedMs,
      ...(writesStart ? [] : [batch.startMs]),
      ...(writesEnd ? [] : [batch.endMs]),
    ]);
    this.#fill(this.#row8, 3, () => f.get(SAMPLING).simd(op.F64X2_SPLAT), [batch.samplingRate]);
    this.#fill(this.#row4, 2, () => f.get(EXPORTER).simd(op.I32X4_SPLAT), [batch.exporter]);
    this.#fill(this.#row4, 2, () => f.get(DOMAIN).simd(op.I32X4_SPLAT), [batch.observationDomain]);
    this.#fill(this.#row4, 2, () => f.i32(present).simd(op.I32X4_SPLAT), [batch.present]);
    this.#fill(ROW, 0, () => f.i32(LAYER_OUTER).simd(op.I8X16_SPLAT), [
      batch.layer,
      ...(fragmentKnown ? [batch.fragment] : []),
    ]);
    this.#fill(ROW, 0, () => f.i32(ipVersion).simd(op.I8X16_SPLAT), [batch.ipVersion]);
    const zeros = [...(writesPackets ? [] : [batch.packets]), ...(writesBytes ? [] : [batch.bytes])];
    if (zeros.length > 0) this.#fill(this.#row8, 3, () => f.f64(0).simd(op.F64X2_SPLAT), zeros);
  }

  /** Fills the rows of columns with elements of `2 ** shift` bytes; may go 15 bytes beyond the last, into unused rows. */
  #fill(
    scaledRow: number,
    shift: number,
    value: () => void,
    columns: readonly { readonly byteOffset: number }[],
  ): void {
    const f = this.#f;
    f.get(scaledRow).tee(this.#place).get(COUNT).i32(shift).op(op.I32_SHL).op(op.I32_ADD).set(this.#end);
    value();
    f.set(this.#value);
    f.loop(() => {
      for (const column of columns) f.get(this.#place).get(this.#value).simdMemory(op.V128_STORE, column.byteOffset);
      f.get(this.#place).i32(16).op(op.I32_ADD).tee(this.#place).get(this.#end).op(op.I32_LT_U);
    });
  }

  /** Emits one operation; false if the kernel does not know it. */
  #apply(code: number, length: number, a: number, b: number, c: number): boolean {
    const batch = this.#batch;
    switch (code) {
      case plan.OP_ADDRESSES_V4:
        return this.#ipv4(batch.srcAddr, a) && this.#ipv4(batch.dstAddr, b);
      case plan.OP_SRC_V4:
        return this.#ipv4(batch.srcAddr, a);
      case plan.OP_DST_V4:
        return this.#ipv4(batch.dstAddr, a);
      case plan.OP_SRC_V6:
        return this.#ipv6(batch.srcAddr, a);
      case plan.OP_DST_V6:
        return this.#ipv6(batch.dstAddr, a);
      case plan.OP_PORTS:
        return this.#u16(batch.srcPort, length, a) && this.#u16(batch.dstPort, length, b, this.#dstPort);
      case plan.OP_SRC_PORT:
        return this.#u16(batch.srcPort, length, a);
      case plan.OP_DST_PORT:
        return this.#u16(batch.dstPort, length, a, this.#dstPort);
      case plan.OP_VLAN:
        return this.#u16(batch.vlan, length, a);
      case plan.OP_ETHER_TYPE:
        return this.#u16(batch.etherType, length, a);
      case plan.OP_TCP_FLAGS:
        return this.#u16(batch.tcpFlags, length, a, undefined, TCP_FLAGS_MASK);
      case plan.OP_INTERFACES:
        return this.#u32(batch.inIf, length, a) && this.#u32(batch.outIf, length, b);
      case plan.OP_IN_IF:
        return this.#u32(batch.inIf, length, a);
      case plan.OP_OUT_IF:
        return this.#u32(batch.outIf, length, a);
      case plan.OP_SYSTEMS:
        return this.#u32(batch.srcAs, length, a) && this.#u32(batch.dstAs, length, b);
      case plan.OP_SRC_AS:
        return this.#u32(batch.srcAs, length, a);
      case plan.OP_DST_AS:
        return this.#u32(batch.dstAs, length, a);
      case plan.OP_PROTO_FLAGS_TOS:
        this.#u8(batch.proto, 1, a, this.#proto);
        return this.#u16(batch.tcpFlags, 1, b) && this.#u8(batch.tos, 1, c);
      case plan.OP_PROTO:
        return this.#u8(batch.proto, length, a, this.#proto);
      case plan.OP_TOS:
        return this.#u8(batch.tos, length, a);
      case plan.OP_TTL:
        return this.#u8(batch.ttl, length, a);
      case plan.OP_DIRECTION:
        return this.#u8(batch.flowDirection, length, a);
      case plan.OP_COUNTERS:
        return this.#counters(length, a, b);
      case plan.OP_PACKETS:
        return this.#f64(batch.packets, length, a);
      case plan.OP_BYTES:
        return this.#f64(batch.bytes, length, a);
      case plan.OP_REVERSE_PACKETS:
        return this.#f64(batch.reversePackets, length, a);
      case plan.OP_REVERSE_BYTES:
        return this.#f64(batch.reverseBytes, length, a);
      case plan.OP_TIMES_UPTIME:
        this.needsUptime = true;
        return this.#times(
          () => this.#uptime(a),
          () => this.#uptime(b),
        );
      case plan.OP_TIMES_MS:
        return this.#times(
          () => this.#number(8, a),
          () => this.#number(8, b),
        );
      default:
        return false;
    }
  }

  #storeF64(column: Float64Array, value: () => void): void {
    this.#f.get(this.#row8);
    value();
    this.#f.memory(op.F64_STORE, column.byteOffset);
  }

  #storeI32(column: Uint32Array, value: () => void): void {
    this.#f.get(this.#row4);
    value();
    this.#f.memory(op.I32_STORE, column.byteOffset);
  }

  #storeI8(column: Uint8Array, value: () => void): void {
    this.#f.get(ROW);
    value();
    this.#f.memory(op.I32_STORE8, column.byteOffset);
  }

  /** A word of the record, turned, in the first lane. */
  #word(offset: number): void {
    this.#f.get(SRC).simdMemory(op.V128_LOAD32_ZERO, offset).get(this.#turnWords).simd(op.I8X16_RELAXED_SWIZZLE);
  }

  /** 16 bits of the record: the bytes come in the wrong order, and the store takes the lower 16 bits only. */
  #halfWord(offset: number, value: number): void {
    const f = this.#f;
    f.get(SRC).memory(op.I32_LOAD16_U, offset).tee(value);
    f.i32(8).op(op.I32_SHL).get(value).i32(8).op(op.I32_SHR_U).op(op.I32_OR);
  }

  #ipv4(column: Uint32Array, offset: number): true {
    const f = this.#f;
    f.get(this.#row16)
      .get(SRC)
      .simdMemory(op.V128_LOAD32_ZERO, offset)
      .get(this.#turnLast)
      .simd(op.I8X16_RELAXED_SWIZZLE);
    f.get(this.#mappedPrefix).simd(op.V128_OR).simdMemory(op.V128_STORE, column.byteOffset);
    return true;
  }

  #ipv6(column: Uint32Array, offset: number): true {
    const f = this.#f;
    f.get(this.#row16).get(SRC).simdMemory(op.V128_LOAD, offset).get(this.#turnWords).simd(op.I8X16_RELAXED_SWIZZLE);
    f.simdMemory(op.V128_STORE, column.byteOffset);
    return true;
  }

  #u8(column: Uint8Array, length: number, offset: number, keep?: number): boolean {
    const f = this.#f;
    f.get(ROW)
      .get(SRC)
      .memory(op.I32_LOAD8_U, offset + length - 1);
    if (keep !== undefined) f.tee(keep);
    f.memory(op.I32_STORE8, column.byteOffset);
    return true;
  }

  #u16(column: Uint16Array, length: number, offset: number, keep?: number, mask?: number): boolean {
    const f = this.#f;
    const value = keep ?? this.#scratch;
    f.get(this.#row2);
    if (length === 1) f.get(SRC).memory(op.I32_LOAD8_U, offset).tee(value);
    else {
      this.#halfWord(offset + length - 2, value);
      if (mask !== undefined) f.i32(mask).op(op.I32_AND);
      f.tee(value);
    }
    f.memory(op.I32_STORE16, column.byteOffset);
    return true;
  }

  #u32(column: Uint32Array, length: number, offset: number): boolean {
    const f = this.#f;
    if (length === 3) return false;
    f.get(this.#row4);
    if (length >= 4) {
      this.#word(offset + length - 4);
      f.simdMemory(op.V128_STORE32_LANE, column.byteOffset, 0);
      return true;
    }
    if (length === 1) f.get(SRC).memory(op.I32_LOAD8_U, offset);
    else {
      this.#halfWord(offset, this.#scratch);
      f.i32(0xffff).op(op.I32_AND);
    }
    f.memory(op.I32_STORE, column.byteOffset);
    return true;
  }

  /** An unsigned number of 4 or 8 bytes as f64. */
  #number(length: number, offset: number): void {
    const f = this.#f;
    if (length === 4) {
      this.#word(offset);
      f.simd(op.I32X4_EXTRACT, 0).op(op.F64_CONVERT_I32_U);
      return;
    }
    f.get(SRC).simdMemory(op.V128_LOAD64_ZERO, offset).get(this.#turnDoubleWords).simd(op.I8X16_RELAXED_SWIZZLE);
    f.simd(op.I64X2_EXTRACT, 0).op(op.F64_CONVERT_I64_U);
  }

  #f64(column: Float64Array, length: number, offset: number): boolean {
    if (length !== 4 && length !== 8) return false;
    this.#storeF64(column, () => this.#number(length, offset));
    return true;
  }

  #counters(length: number, a: number, b: number): boolean {
    const f = this.#f;
    this.#number(length, a);
    f.set(this.#a);
    this.#number(length, b);
    f.set(this.#b);
    this.#storeF64(this.#batch.packets, () => f.get(this.#a));
    this.#storeF64(this.#batch.bytes, () => f.get(this.#b));
    f.get(this.#empty).get(this.#a).get(this.#b).op(op.F64_ADD).f64(0).op(op.F64_EQ).op(op.I32_ADD).set(this.#empty);
    return true;
  }

  /** The export time less what passed since the uptime in the record, modulo 2^32. */
  #uptime(offset: number): void {
    const f = this.#f;
    f.get(EXPORT).get(UPTIME);
    this.#word(offset);
    f.simd(op.I32X4_EXTRACT, 0).op(op.I32_SUB).op(op.F64_CONVERT_I32_S).op(op.F64_SUB);
  }

  /** Start and end, or the arrival for both where they cannot be. */
  #times(start: () => void, end: () => void): true {
    const f = this.#f;
    start();
    f.set(this.#a);
    end();
    f.set(this.#b);
    f.get(this.#a).get(this.#earliest).op(op.F64_LT);
    f.get(this.#b).get(this.#a).op(op.F64_LT).op(op.I32_OR);
    f.get(this.#b).get(this.#latest).op(op.F64_GT).op(op.I32_OR);
    f.if(() => {
      f.get(OBSERVED).tee(this.#a).set(this.#b);
      f.get(this.#absurd).i32(1).op(op.I32_ADD).set(this.#absurd);
    });
    this.#storeF64(this.#batch.startMs, () => f.get(this.#a));
    this.#storeF64(this.#batch.endMs, () => f.get(this.#b));
    return true;
  }

  /** ICMP type and code from the destination port, where the template has no element for them. */
  #icmp(): void {
    const keptBoth = !this.left.some(
      (value, at) => at % OP_INTS === 0 && (value === plan.OP_PROTO || value === plan.OP_DST_PORT),
    );
    if (!this.#plan.icmpFromPort || !keptBoth) return;
    this.icmpDone = true;
    const f = this.#f;
    const { icmpType, icmpCode, present } = this.#batch;
    f.get(this.#proto).i32(1).op(op.I32_EQ).get(this.#proto).i32(58).op(op.I32_EQ).op(op.I32_OR);
    f.if(() => {
      this.#storeI8(icmpType, () => f.get(this.#dstPort).i32(8).op(op.I32_SHR_U));
      this.#storeI8(icmpCode, () => f.get(this.#dstPort));
      this.#storeI32(present, () => f.i32(this.#plan.present | HAS.icmpType | HAS.icmpCode));
    });
  }
}
