import { type Code, countTo, f64, i32, i64, Kernel, type Variable } from '../../base/wasm-code.ts';
import type { IntakeLayout } from '../intake.ts';
import { mixCode } from './place.ts';

/** See `sampleKernel`; `above` has the bits that no hash of a kept row has. */
export type Sample = (from: number, to: number, above: number) => number;

/** The hash of a row's content, but for what `also` adds to it, in `hash`: the same wherever and whenever the row is seen. */
export function contentCode(hash: Variable, row: Variable, layout: IntakeLayout, also: Code): Code {
  const two = i32.shl(row.get, i32.const(1));
  const ports = i32.xor(i32.shl(i32.load16(two, layout.srcPort), i32.const(16)), i32.load16(two, layout.dstPort));
  const startMs = f64.load(i32.shl(row.get, i32.const(3)), layout.startMs);
  const time = i32.mul(i32.wrap(i64.truncate(f64.mul(startMs, f64.const(64)))), i32.const(0x85ebca6b));
  return [hash.set(i32.xor(also, i32.xor(ports, time))), mixCode(hash)];
}

/**
 * Lists the placed rows whose content hashes below the threshold of the sample, a power of two, and writes their hashes; returns how
 * many. Without a branch on the hash, which nobody could predict.
 */
export function sampleKernel(layout: IntakeLayout): Uint8Array {
  const kernel = new Kernel();
  const row = kernel.param();
  const to = kernel.param();
  const above = kernel.param();
  const hash = kernel.i32();
  const count = kernel.i32();
  const four = i32.shl(row.get, i32.const(2));
  const sixteen = i32.shl(row.get, i32.const(4));
  const slot = i32.shl(count.get, i32.const(2));
  const source = i32.xor(i32.load(sixteen, layout.srcAddr + 12), i32.load(sixteen, layout.srcAddr + 4));
  const bytes = i32.wrap(i64.truncate(f64.load(i32.shl(row.get, i32.const(3)), layout.bytes)));
  const content = i32.xor(i32.load(four, layout.hashes), i32.xor(i32.mul(source, i32.const(0x9e3779b1)), bytes));
  // Rows that have no cell have a place of -1.
  const refused = i32.or(i32.and(hash.get, above.get), i32.and(i32.load(four, layout.cells), i32.const(0x80000000)));
  return kernel.module([
    countTo(row, to.get, [
      contentCode(hash, row, layout, content),
      i32.store(slot, layout.list, row.get),
      i32.store(slot, layout.listHashes, hash.get),
      count.set(i32.add(count.get, i32.eqz(refused))),
    ]),
    count.get,
  ]);
}
