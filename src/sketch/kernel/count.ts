import { type Code, countTo, f64, i32, Kernel, when } from '../../base/wasm-code.ts';
import { NO_EXPORTER } from '../../model/flow-columns.ts';
import { CLASS } from '../../model/traffic-class.ts';
import type { IntakeLayout } from '../intake.ts';
import { CELL_BYTES, CELL_FIRST_MS, CELL_LAG, CELL_PACKETS, CELL_VARIANCE, WORD_FLOWS } from '../table-cells.ts';

/** See `countKernel`; `recordFlows` is 1 where telemetry rows begin flows, else 0. */
export type Count = (from: number, to: number, cells: number, recordFlows: number) => number;

/** Adds every placed row to its cell. Results: packets and bytes scaled by sampling, and flows, of all. Returns 0. */
export function countKernel(layout: IntakeLayout): Uint8Array {
  const kernel = new Kernel();
  const row = kernel.param();
  const to = kernel.param();
  const cells = kernel.param();
  const recordFlows = kernel.param();
  const at = kernel.i32();
  const cell = kernel.i32();
  const flows = kernel.i32();
  const flowsOfAll = kernel.i32();
  const rate = kernel.f64();
  const packets = kernel.f64();
  const bytes = kernel.f64();
  const carriedMs = kernel.f64();
  const lagMs = kernel.f64();
  const packetsOfAll = kernel.f64();
  const bytesOfAll = kernel.f64();
  const add = (place: number, value: Code): Code =>
    f64.store(cell.get, 8 * place, f64.add(f64.load(cell.get, 8 * place), value));
  const four = i32.shl(row.get, i32.const(2));
  const place = kernel.i32();
  const counted = [
    at.set(i32.shl(row.get, i32.const(3))),
    cell.set(i32.add(cells.get, i32.shl(place.get, i32.const(3)))),
    packets.set(f64.load(at.get, layout.packets)),
    bytes.set(f64.load(at.get, layout.bytes)),
    when(f64.gt(rate.tee(f64.load(at.get, layout.samplingRate)), f64.const(1)), [
      packets.set(f64.mul(packets.get, rate.get)),
      bytes.set(f64.mul(bytes.get, rate.get)),
      add(CELL_VARIANCE, f64.mul(packets.get, f64.sub(rate.get, f64.const(1)))),
    ]),
    add(CELL_PACKETS, packets.get),
    add(CELL_BYTES, bytes.get),
    carriedMs.set(f64.load(at.get, layout.startMs)),
    when(
      i32.eq(i32.load(four, layout.exporter), i32.const(NO_EXPORTER)),
      flows.set(i32.eq(i32.load8(row.get, layout.classes), i32.const(CLASS.tcpSyn))),
      [
        flows.set(recordFlows.get),
        // As Math.round; rows without a time have no lag to tell.
        lagMs.set(f64.floor(f64.add(f64.sub(f64.load(at.get, layout.observedMs), carriedMs.get), f64.const(0.5)))),
        when(f64.eq(lagMs.get, lagMs.get), add(CELL_LAG, f64.mul(packets.get, lagMs.get))),
      ],
    ),
    i32.store(cell.get, 4 * WORD_FLOWS, i32.add(i32.load(cell.get, 4 * WORD_FLOWS), flows.get)),
    when(
      f64.lt(carriedMs.get, f64.load(cell.get, 8 * CELL_FIRST_MS)),
      f64.store(cell.get, 8 * CELL_FIRST_MS, carriedMs.get),
    ),
    packetsOfAll.set(f64.add(packetsOfAll.get, packets.get)),
    bytesOfAll.set(f64.add(bytesOfAll.get, bytes.get)),
    flowsOfAll.set(i32.add(flowsOfAll.get, flows.get)),
  ];
  return kernel.module([
    countTo(row, to.get, [
      place.set(i32.load(four, layout.cells)),
      when(i32.eqz(i32.shrU(place.get, i32.const(31))), counted),
    ]),
    f64.store(i32.const(0), layout.results, packetsOfAll.get),
    f64.store(i32.const(0), layout.results + 8, bytesOfAll.get),
    f64.store(i32.const(0), layout.results + 16, f64.fromU32(flowsOfAll.get)),
    i32.const(0),
  ]);
}
