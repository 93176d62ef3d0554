import { F64, I32, I64, V128, type ValueType, wasmModule } from './wasm.ts';

/**
 * Kernels of WebAssembly written as expressions: `i32.add(a.get, i32.const(1))` is the code that leaves the sum on the stack.
 * Bytes are nested as the program is, and flattened once. Names are those of the text format of the specification
 * (https://webassembly.github.io/spec/core/text); a comparison leaves an i32 that is 0 or 1.
 */
export type Code = readonly (number | Code)[];

/** A parameter or local variable. */
export class Variable {
  readonly index: number;
  /** Leaves its value. */
  readonly get: Code;

  constructor(index: number) {
    this.index = index;
    this.get = [0x20, unsigned(index)];
  }

  set(value: Code): Code {
    return [value, 0x21, unsigned(this.index)];
  }

  /** Sets it and leaves the value. */
  tee(value: Code): Code {
    return [value, 0x22, unsigned(this.index)];
  }
}

/** One kernel while it is written: a function of i32 parameters over one imported memory, which returns an i32. */
export class Kernel {
  readonly #params: ValueType[] = [];
  readonly #locals: ValueType[] = [];

  /** The next parameter; all of them before the first local variable. */
  param(): Variable {
    this.#params.push(I32);
    return new Variable(this.#params.length - 1);
  }

  i32(): Variable {
    return this.#local(I32);
  }

  i64(): Variable {
    return this.#local(I64);
  }

  f64(): Variable {
    return this.#local(F64);
  }

  v128(): Variable {
    return this.#local(V128);
  }

  #local(type: ValueType): Variable {
    this.#locals.push(type);
    return new Variable(this.#params.length + this.#locals.length - 1);
  }

  /** The bytes of a module of this one function, `run`; the code leaves its result. */
  module(code: Code): Uint8Array {
    return wasmModule(this.#params, this.#locals, flat(code, []));
  }
}

function flat(code: Code, out: number[]): number[] {
  for (const part of code) {
    if (typeof part === 'number') out.push(part);
    else flat(part, out);
  }
  return out;
}

function unsigned(value: number): number[] {
  const out: number[] = [];
  let rest = value >>> 0;
  while (rest >= 0x80) {
    out.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  out.push(rest);
  return out;
}

function signed(value: number): number[] {
  const out: number[] = [];
  let rest = value | 0;
  while (rest < -64 || rest > 63) {
    out.push((rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  out.push(rest & 0x7f);
  return out;
}

const one =
  (opcode: number) =>
  (value: Code): Code => [value, opcode];
const two =
  (opcode: number) =>
  (left: Code, right: Code): Code => [left, right, opcode];
/** `offset` is a constant that is added to the address. */
const load =
  (opcode: number) =>
  (address: Code, offset = 0): Code => [address, opcode, 0, unsigned(offset)];
const store =
  (opcode: number) =>
  (address: Code, offset: number, value: Code): Code => [address, value, opcode, 0, unsigned(offset)];

export const i32 = {
  const: (value: number): Code => [0x41, signed(value)],
  load: load(0x28),
  load8: load(0x2d),
  load16: load(0x2f),
  store: store(0x36),
  store8: store(0x3a),
  store16: store(0x3b),
  eqz: one(0x45),
  eq: two(0x46),
  ne: two(0x47),
  ltS: two(0x48),
  ltU: two(0x49),
  gtU: two(0x4b),
  leU: two(0x4d),
  clz: one(0x67),
  ctz: one(0x68),
  popcnt: one(0x69),
  add: two(0x6a),
  sub: two(0x6b),
  mul: two(0x6c),
  and: two(0x71),
  or: two(0x72),
  xor: two(0x73),
  shl: two(0x74),
  shrS: two(0x75),
  shrU: two(0x76),
  /** The low 32 bits. */
  wrap: one(0xa7),
};

export const i64 = {
  load: load(0x29),
  eqz: one(0x50),
  or: two(0x84),
  xor: two(0x85),
  /** Towards zero; 0 for what is no number, the nearest for what is too large. */
  truncate: (value: Code): Code => [value, 0xfc, 0x06],
};

export const f64 = {
  const: (value: number): Code => [0x44, ...new Uint8Array(Float64Array.of(value).buffer)],
  load: load(0x2b),
  store: store(0x39),
  eq: two(0x61),
  ne: two(0x62),
  lt: two(0x63),
  gt: two(0x64),
  le: two(0x65),
  ge: two(0x66),
  floor: one(0x9c),
  add: two(0xa0),
  sub: two(0xa1),
  mul: two(0xa2),
  div: two(0xa3),
  /** NaN where either is. */
  min: two(0xa4),
  max: two(0xa5),
  fromU32: one(0xb8),
};

/** Vectors of 16 bytes. */
export const v128 = {
  load: (address: Code, offset = 0): Code => [address, 0xfd, 0, 0, unsigned(offset)],
  store: (address: Code, offset: number, value: Code): Code => [address, value, 0xfd, 0x0b, 0, unsigned(offset)],
  and: (left: Code, right: Code): Code => [left, right, 0xfd, 0x4e],
  /** The left one without the bits of the right one. */
  andNot: (left: Code, right: Code): Code => [left, right, 0xfd, 0x4f],
  or: (left: Code, right: Code): Code => [left, right, 0xfd, 0x50],
  xor: (left: Code, right: Code): Code => [left, right, 0xfd, 0x51],
  /** 1 where any bit is set. */
  anyTrue: (value: Code): Code => [value, 0xfd, 0x53],
};

/** Vectors of sixteen i8. */
export const i8x16 = {
  splat: (value: Code): Code => [value, 0xfd, 0x0f],
  eq: (left: Code, right: Code): Code => [left, right, 0xfd, 0x23],
  leU: (left: Code, right: Code): Code => [left, right, 0xfd, 0x2a],
  sub: (left: Code, right: Code): Code => [left, right, 0xfd, 0x71],
  /** The sign bits of the sixteen. */
  bitmask: (value: Code): Code => [value, 0xfd, unsigned(0x64)],
};

/** Vectors of four i32. */
export const i32x4 = {
  splat: (value: Code): Code => [value, 0xfd, 0x11],
  eq: (left: Code, right: Code): Code => [left, right, 0xfd, 0x37],
  shrU: (value: Code, count: Code): Code => [value, count, 0xfd, unsigned(0xad)],
  /** The sign bits of the four. */
  bitmask: (value: Code): Code => [value, 0xfd, unsigned(0xa4)],
};

/** `then` where the condition is not 0, else `otherwise`; both are evaluated, and no branch is taken. */
export function select(condition: Code, then: Code, otherwise: Code): Code {
  return [then, otherwise, condition, 0x1b];
}

/** Runs one of two lists of statements. */
export function when(condition: Code, then: Code, otherwise: Code = []): Code {
  return [condition, 0x04, 0x40, then, otherwise.length > 0 ? [0x05, otherwise] : [], 0x0b];
}

/** The value of one of two expressions, of which only that one is evaluated. */
export function either(type: 'i32' | 'f64', condition: Code, then: Code, otherwise: Code): Code {
  return [condition, 0x04, type === 'i32' ? I32 : F64, then, 0x05, otherwise, 0x0b];
}

/** Runs the statements again for as long as the condition holds, asked before each round. */
export function during(condition: Code, body: Code): Code {
  return [0x02, 0x40, 0x03, 0x40, i32.eqz(condition), 0x0d, 1, body, 0x0c, 0, 0x0b, 0x0b];
}

/** Runs the statements for every value of `variable` from what it holds to below `to`. */
export function countTo(variable: Variable, to: Code, body: Code): Code {
  const next = i32.ltU(variable.tee(i32.add(variable.get, i32.const(1))), to);
  return when(i32.ltU(variable.get, to), [0x03, 0x40, body, next, 0x0d, 0, 0x0b]);
}
