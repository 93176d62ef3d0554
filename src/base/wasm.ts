/**
 * A small assembler of WebAssembly (https://webassembly.github.io/spec/core/binary), for loops that JavaScript cannot make
 * fast: without bounds checks between each load and store, and with 16 bytes at a time. One module has one function, `run`,
 * over one imported memory.
 */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}

// The types of Node do not name it; only what is used here.
declare const WebAssembly: {
  readonly Memory: new (limits: { initial: number; maximum: number }) => WasmMemory;
  readonly validate: (bytes: Uint8Array) => boolean;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: Readonly<Record<string, unknown>>) => WasmInstance;
};

const PAGE_BYTES = 65_536;

/** A memory of at least `bytes` bytes that never grows, so that views on it stay good. */
export function createWasmMemory(bytes: number): WasmMemory {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  return new WebAssembly.Memory({ initial: pages, maximum: pages });
}

/**
 * Compiles a module made by `WasmFunction.module`, in some tenths of a millisecond. `undefined` where the engine does not know
 * an instruction (relaxed SIMD came in 2023): the caller has another way.
 */
export function compileWasm(bytes: Uint8Array): object | undefined {
  return WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : undefined;
}

/** The function `run` of a compiled module, bound to a memory. */
export function bindWasm<F>(module: object, memory: WasmMemory): F {
  return new WebAssembly.Instance(module, { m: { m: memory } }).exports.run as F;
}

export const I32 = 0x7f;
export const I64 = 0x7e;
export const F64 = 0x7c;
export const V128 = 0x7b;
export type ValueType = typeof I32 | typeof I64 | typeof F64 | typeof V128;

const SIMD = 0xfd;
const SECTION_TYPE = 1;
const SECTION_IMPORT = 2;
const SECTION_FUNCTION = 3;
const SECTION_EXPORT = 7;
const SECTION_CODE = 10;
const LETTER_M = 0x6d;

/** The body of one function while it is written: stack machine instructions, in the order of the text format. */
export class WasmFunction {
  readonly #code: number[] = [];
  readonly #params: readonly ValueType[];
  readonly #locals: ValueType[] = [];

  /** A function of these parameters that returns an i32. */
  constructor(params: readonly ValueType[]) {
    this.#params = params;
  }

  /** A new local variable; its index. */
  local(type: ValueType): number {
    this.#locals.push(type);
    return this.#params.length + this.#locals.length - 1;
  }

  get(local: number): this {
    return this.#op(0x20, local);
  }

  set(local: number): this {
    return this.#op(0x21, local);
  }

  tee(local: number): this {
    return this.#op(0x22, local);
  }

  i32(value: number): this {
    this.#code.push(0x41);
    signed(this.#code, value | 0);
    return this;
  }

  f64(value: number): this {
    this.#code.push(0x44, ...new Uint8Array(Float64Array.of(value).buffer));
    return this;
  }

  /** 16 constant bytes. */
  v128(bytes: readonly number[]): this {
    return this.#simd(0x0c, ...bytes);
  }

  /** A load or store of the core instructions: opcode and the constant that is added to the address. */
  memory(opcode: number, offset: number): this {
    return this.#op(opcode, 0, offset);
  }

  /** A load or store of SIMD; `lane` for those that name one. */
  simdMemory(opcode: number, offset: number, lane?: number): this {
    this.#code.push(SIMD);
    unsigned(this.#code, opcode);
    unsigned(this.#code, 0);
    unsigned(this.#code, offset);
    if (lane !== undefined) this.#code.push(lane);
    return this;
  }

  /** A SIMD instruction without memory, with its lane if it names one. */
  simd(opcode: number, ...lane: number[]): this {
    return this.#simd(opcode, ...lane);
  }

  /** Any instruction that is one byte. */
  op(opcode: number): this {
    this.#code.push(opcode);
    return this;
  }

  /** Runs what `body` writes again while the i32 that it leaves is not zero. */
  loop(body: () => void): this {
    this.#code.push(0x03, 0x40);
    body();
    this.#code.push(0x0d, 0, 0x0b);
    return this;
  }

  /** Runs what `body` writes where the i32 on the stack is not zero. */
  if(body: () => void): this {
    this.#code.push(0x04, 0x40);
    body();
    this.#code.push(0x0b);
    return this;
  }

  /** The bytes of the module. The code must have left an i32 on the stack. */
  module(): Uint8Array {
    return wasmModule(this.#params, this.#locals, this.#code);
  }

  #op(opcode: number, ...operands: number[]): this {
    this.#code.push(opcode);
    for (const operand of operands) unsigned(this.#code, operand);
    return this;
  }

  #simd(opcode: number, ...bytes: number[]): this {
    this.#code.push(SIMD);
    unsigned(this.#code, opcode);
    this.#code.push(...bytes);
    return this;
  }
}

/** The bytes of a module of one function `run` over one imported memory; its code leaves an i32 on the stack. */
export function wasmModule(
  params: readonly ValueType[],
  locals: readonly ValueType[],
  code: readonly number[],
): Uint8Array {
  const out: number[] = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  section(out, SECTION_TYPE, [1, 0x60, ...vector([...params]), 1, I32]);
  section(out, SECTION_IMPORT, [1, 1, LETTER_M, 1, LETTER_M, 2, 0, 1]);
  section(out, SECTION_FUNCTION, [1, 0]);
  section(out, SECTION_EXPORT, [1, ...vector([...new TextEncoder().encode('run')]), 0, 0]);
  const body: number[] = [];
  unsigned(body, locals.length);
  for (const type of locals) body.push(1, type);
  for (const byte of code) body.push(byte);
  body.push(0x0b);
  section(out, SECTION_CODE, [1, ...vector(body)]);
  return Uint8Array.from(out);
}

/** LEB128. */
function unsigned(out: number[], value: number): void {
  let rest = value >>> 0;
  while (rest >= 0x80) {
    out.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  out.push(rest);
}

function signed(out: number[], value: number): void {
  let rest = value;
  while (rest < -64 || rest > 63) {
    out.push((rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  out.push(rest & 0x7f);
}

function vector(items: readonly number[]): number[] {
  const out: number[] = [];
  unsigned(out, items.length);
  for (const item of items) out.push(item);
  return out;
}

function section(out: number[], id: number, content: readonly number[]): void {
  out.push(id);
  for (const byte of vector(content)) out.push(byte);
}
