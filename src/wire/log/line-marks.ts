import { assert } from '../../base/errors.ts';
import { bindWasm, compileWasm, createWasmMemory } from '../../base/wasm.ts';
import { type Code, during, i8x16, i32, Kernel, v128, when } from '../../base/wasm-code.ts';

/**
 * Where quotes, backslashes and line ends lie in a text: all that layouts of logs need to jump from field to field. A kernel of WebAssembly looks
 * at 32 bytes at a time, so that no field is gone through byte by byte, and no search is begun for each.
 *
 *   memory   │ bytes of the text │ places: i32 … │ room for who reads on from the places │
 */
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LF = 0x0a;

/** Bytes that are looked at in one go at most. */
export const MARKED_BYTES_MAX = 128 * 1024;
const STEP_BYTES = 32;
/** Places that are written for a step without asking whether there are as many; JSON has some four. */
const EAGER = 6;
const PLACES_AT = MARKED_BYTES_MAX + STEP_BYTES;
const BEYOND = 0x7fffffff;

/** `run(end, base)`: marks the bytes [0, end) of the memory, a multiple of STEP_BYTES, and returns behind the last place. */
function markKernel(): Uint8Array {
  const kernel = new Kernel();
  const end = kernel.param();
  const base = kernel.param();
  const at = kernel.i32();
  const mask = kernel.i32();
  const out = kernel.i32();
  const past = kernel.i32();
  const half = kernel.v128();
  const is = (byte: number): Code => i8x16.eq(half.get, i8x16.splat(i32.const(byte)));
  const maskOf = (offset: number): Code => [
    half.set(v128.load(at.get, offset)),
    i8x16.bitmask(v128.or(is(QUOTE), v128.or(is(BACKSLASH), is(LF)))),
  ];
  const place = (offset: number): Code => [
    i32.store(out.get, offset, i32.add(i32.add(at.get, base.get), i32.ctz(mask.get))),
    mask.set(i32.and(mask.get, i32.sub(mask.get, i32.const(1)))),
  ];
  return kernel.module([
    out.set(i32.const(PLACES_AT)),
    during(i32.ltU(at.get, end.get), [
      mask.set(i32.or(maskOf(0), i32.shl(maskOf(STEP_BYTES / 2), i32.const(STEP_BYTES / 2)))),
      past.set(i32.add(out.get, i32.shl(i32.popcnt(mask.get), i32.const(2)))),
      Array.from({ length: EAGER }, (_, each) => place(4 * each)),
      when(mask.get, [
        out.set(i32.add(out.get, i32.const(4 * EAGER))),
        during(mask.get, [place(0), out.set(i32.add(out.get, i32.const(4)))]),
      ]),
      out.set(past.get),
      at.set(i32.add(at.get, i32.const(STEP_BYTES))),
    ]),
    out.get,
  ]);
}

const ROOM_AT = (PLACES_AT + 4 * (MARKED_BYTES_MAX + EAGER + 1) + 63) & ~63;
const ROOM_BYTES = 1 << 17;

const memory = createWasmMemory(ROOM_AT + ROOM_BYTES);
const bytes = new Uint8Array(memory.buffer, 0, PLACES_AT);
let run: ((end: number, base: number) => number) | undefined;

function bindKernel(): (end: number, base: number) => number {
  const module = compileWasm(markKernel());
  assert(module !== undefined, 'the kernel uses nothing that the engine does not know');
  return bindWasm(module, memory);
}

/** The places of the text that was marked last, ascending; behind them one that is beyond any text. */
export const MARKS = new Int32Array(memory.buffer, PLACES_AT);

/** Where kernels that read on find what was marked last, and room of their own, in bytes of the memory. */
export const MARKED = { memory, placesAt: PLACES_AT, roomAt: ROOM_AT, roomBytes: ROOM_BYTES } as const;

/** Marks the bytes [from, to) of a text, MARKED_BYTES_MAX at most; returns how many there are. What was marked before is forgotten. */
export function markLines(text: Uint8Array, from: number, to: number): number {
  const length = to - from;
  assert(length <= MARKED_BYTES_MAX, 'bytes that are marked in one go');
  run ??= bindKernel();
  bytes.set(text.subarray(from, to));
  bytes.fill(0, length, length + STEP_BYTES);
  const count = (run((length + STEP_BYTES - 1) & -STEP_BYTES, from) - PLACES_AT) >> 2;
  MARKS[count] = BEYOND;
  return count;
}
