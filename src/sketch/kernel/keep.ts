import {
  type Code,
  during,
  either,
  f64,
  i32,
  Kernel,
  select,
  type Variable,
  v128,
  when,
} from '../../base/wasm-code.ts';
import { HAS } from '../../model/flow-columns.ts';
import type { IntakeLayout } from '../intake.ts';

/** See `keepKernel`; what follows `room` are the places of the sample's columns, in the order of `KEPT_COLUMNS`. */
export type Keep = (
  from: number,
  to: number,
  above: number,
  length: number,
  room: number,
  ...columns: readonly number[]
) => number;

export const KEPT_COLUMNS = [
  'hash',
  'srcAddr',
  'dstAddr',
  'srcPort',
  'dstPort',
  'trafficClass',
  'proto',
  'tcpFlags',
  'ttl',
  'srcAs',
  'exporter',
  'packets',
  'bytes',
] as const;

/**
 * Adds listed rows `from` to `to` (exclusive) to the sample, of which `length` are there, as long as there is room; returns how many
 * are there then. `results[0]` is the first of the list that was not looked at. Packets and bytes are scaled by sampling.
 */
export function keepKernel(layout: IntakeLayout): Uint8Array {
  const kernel = new Kernel();
  const [at, to, above, length, room] = Array.from({ length: 5 }, () => kernel.param());
  const columns = Object.fromEntries(KEPT_COLUMNS.map((name) => [name, kernel.param()])) as Readonly<
    Record<(typeof KEPT_COLUMNS)[number], Variable>
  >;
  const row = kernel.i32();
  const has = kernel.i32();
  const hash = kernel.i32();
  const rate = kernel.f64();
  const scaled = (index: Variable, shift: number): Code =>
    shift === 0 ? index.get : i32.shl(index.get, i32.const(shift));
  const place = (column: Variable, shift: number): Code => i32.add(column.get, scaled(length, shift));
  const where = (bit: number, value: Code): Code => select(i32.and(has.get, i32.const(bit)), value, i32.const(0));
  const u8 = (name: 'proto' | 'ttl'): Code =>
    i32.store8(place(columns[name], 0), 0, where(HAS[name], i32.load8(row.get, layout[name])));
  const u16 = (name: 'srcPort' | 'dstPort' | 'tcpFlags', bit: number): Code =>
    i32.store16(place(columns[name], 1), 0, where(bit, i32.load16(scaled(row, 1), layout[name])));
  const address = (name: 'srcAddr' | 'dstAddr'): Code =>
    v128.store(place(columns[name], 4), 0, v128.load(scaled(row, 4), layout[name]));
  const number = (name: 'packets' | 'bytes'): Code =>
    f64.store(place(columns[name], 3), 0, f64.mul(f64.load(scaled(row, 3), layout[name]), rate.get));
  const keep = [
    row.set(i32.load(scaled(at, 2), layout.list)),
    has.set(i32.load(scaled(row, 2), layout.present)),
    rate.set(f64.load(scaled(row, 3), layout.samplingRate)),
    rate.set(either('f64', f64.gt(rate.get, f64.const(1)), rate.get, f64.const(1))),
    i32.store(place(columns.hash, 2), 0, hash.get),
    address('srcAddr'),
    address('dstAddr'),
    u16('srcPort', HAS.srcPort),
    u16('dstPort', HAS.srcPort),
    i32.store8(place(columns.trafficClass, 0), 0, i32.load8(row.get, layout.classes)),
    u8('proto'),
    u16('tcpFlags', HAS.tcpFlags),
    u8('ttl'),
    i32.store(place(columns.srcAs, 2), 0, where(HAS.srcAs, i32.load(scaled(row, 2), layout.srcAs))),
    i32.store(place(columns.exporter, 2), 0, i32.load(scaled(row, 2), layout.exporter)),
    number('packets'),
    number('bytes'),
    length.set(i32.add(length.get, i32.const(1))),
  ];
  return kernel.module([
    during(i32.and(i32.ltU(at.get, to.get), i32.ltU(length.get, room.get)), [
      hash.set(i32.load(scaled(at, 2), layout.listHashes)),
      // Since the list was made the threshold may have been lowered.
      when(i32.eqz(i32.and(hash.get, above.get)), keep),
      at.set(i32.add(at.get, i32.const(1))),
    ]),
    f64.store(i32.const(0), layout.results, f64.fromU32(at.get)),
    length.get,
  ]);
}
