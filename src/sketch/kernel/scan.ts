import { type Code, countTo, either, f64, i32, Kernel, select, when } from '../../base/wasm-code.ts';
import { NO_EXPORTER } from '../../model/flow-columns.ts';
import { CLASS } from '../../model/traffic-class.ts';
import { UNCOUNTED } from '../classify.ts';
import type { IntakeLayout } from '../intake.ts';
import { PACED_DURATION_MIN_MS } from '../pacer.ts';
import { SCRAP_BYTES_MAX, SCRAPS_PER_SECOND_MAX, SLOW_AGE_MIN_MS } from '../slow-connections.ts';

/**
 * See `scanKernel`. `results[0]` to `[2]` are the bounds: times from the first on and below the last belong to the second, those
 * below the middle one are late. `answers` is 1 where data from web servers is looked for.
 */
export type Scan = (from: number, to: number, answers: number) => number;

/** Places in `results` of what the kernel found. */
export const SCAN_LAST_MS = 3;
export const SCAN_PACKETS = 4;
export const SCAN_BYTES = 5;
export const SCAN_LATE = 6;
export const SCAN_TELEMETRY = 7;
export const SCAN_LISTED = 8;
export const SCAN_SLOW = 9;

/** Bits of an entry of the list below its row: it begins a run of one exporter and time; it was carried for long. */
export const SCAN_RUN = 1;
export const SCAN_LONG = 2;
export const SCAN_ROW_SHIFT = 2;

/**
 * Goes over rows up to the first whose time is neither in the open second nor so little before it that it counts there, and
 * returns which that is. Lists the rows of telemetry that may have to wait for their pace, and in `listHashes` the rows that
 * `SlowConnections` looks at. Rows without a time belong to the second that is open.
 */
export function scanKernel(layout: IntakeLayout): Uint8Array {
  const kernel = new Kernel();
  const row = kernel.param();
  const to = kernel.param();
  const answers = kernel.param();
  const until = kernel.i32();
  const exporter = kernel.i32();
  const lastExporter = kernel.i32();
  const trafficClass = kernel.i32();
  const kind = kernel.i32();
  const late = kernel.i32();
  const telemetry = kernel.i32();
  const listed = kernel.i32();
  const slow = kernel.i32();
  const fromMs = kernel.f64();
  const lateMs = kernel.f64();
  const untilMs = kernel.f64();
  const timeMs = kernel.f64();
  const runMs = kernel.f64();
  const lastMs = kernel.f64();
  const durationMs = kernel.f64();
  const rate = kernel.f64();
  const packets = kernel.f64();
  const bytes = kernel.f64();
  const packetsOfAll = kernel.f64();
  const bytesOfAll = kernel.f64();
  const result = (place: number): number => layout.results + 8 * place;
  const nowhere = i32.const(0);
  const add = (counter: { get: Code; set(value: Code): Code }, value: Code): Code =>
    counter.set(i32.add(counter.get, value));
  const two = (at: Code): Code => i32.shl(at, i32.const(1));
  const four = (at: Code): Code => i32.shl(at, i32.const(2));
  const eight = (at: Code): Code => i32.shl(at, i32.const(3));

  const isOutside = i32.or(f64.lt(timeMs.get, fromMs.get), f64.ge(timeMs.get, untilMs.get));
  const isReported = i32.and(
    i32.ne(exporter.get, i32.const(NO_EXPORTER)),
    i32.ne(trafficClass.get, i32.const(UNCOUNTED)),
  );
  const entry = i32.or(i32.shl(row.get, i32.const(SCAN_ROW_SHIFT)), kind.get);
  const report = [
    rate.set(f64.load(eight(row.get), layout.samplingRate)),
    rate.set(select(f64.gt(rate.get, f64.const(1)), rate.get, f64.const(1))),
    packetsOfAll.set(f64.add(packetsOfAll.get, f64.mul(packets.get, rate.get))),
    bytesOfAll.set(f64.add(bytesOfAll.get, f64.mul(bytes.get, rate.get))),
    add(telemetry, i32.const(1)),
    kind.set(
      i32.or(
        i32.or(i32.ne(exporter.get, lastExporter.get), f64.ne(timeMs.get, runMs.get)),
        i32.shl(f64.ge(durationMs.get, f64.const(PACED_DURATION_MIN_MS)), i32.const(1)),
      ),
    ),
    lastExporter.set(exporter.get),
    runMs.set(timeMs.get),
    i32.store(four(listed.get), layout.list, entry),
    add(listed, i32.ne(kind.get, i32.const(0))),
  ];

  const isWeb = (port: number): Code => i32.load8(i32.load16(two(row.get), port), layout.webPorts);
  const isConnected = i32.ltU(
    i32.sub(trafficClass.get, i32.const(CLASS.tcpData)),
    i32.const(CLASS.tcpSession - CLASS.tcpData + 1),
  );
  const isScrap = f64.le(bytes.get, f64.mul(f64.const(SCRAP_BYTES_MAX), packets.get));
  // A record tells of a whole stretch at once: only one that is long and thin says anything.
  const isThin = i32.and(
    f64.ge(durationMs.get, f64.const(SLOW_AGE_MIN_MS)),
    f64.le(f64.mul(packets.get, f64.const(1000)), f64.mul(f64.const(SCRAPS_PER_SECOND_MAX), durationMs.get)),
  );
  const isSlow = i32.and(isScrap, i32.or(i32.eq(exporter.get, i32.const(NO_EXPORTER)), isThin));
  const follow = [
    i32.store(four(slow.get), layout.listHashes, row.get),
    add(
      slow,
      i32.and(
        isConnected,
        i32.or(
          i32.and(isWeb(layout.dstPort), isSlow),
          // The table of ports is large, and source ports are all over it.
          either('i32', answers.get, i32.and(isWeb(layout.srcPort), i32.eqz(isWeb(layout.dstPort))), i32.const(0)),
        ),
      ),
    ),
  ];

  const body = [
    exporter.set(i32.load(four(row.get), layout.exporter)),
    trafficClass.set(i32.load8(row.get, layout.classes)),
    packets.set(f64.load(eight(row.get), layout.packets)),
    bytes.set(f64.load(eight(row.get), layout.bytes)),
    durationMs.set(f64.sub(f64.load(eight(row.get), layout.endMs), f64.load(eight(row.get), layout.startMs))),
    add(late, f64.lt(timeMs.get, lateMs.get)),
    lastMs.set(select(f64.gt(timeMs.get, lastMs.get), timeMs.get, lastMs.get)),
    when(isReported, report),
    follow,
  ];
  return kernel.module([
    fromMs.set(f64.load(nowhere, result(0))),
    lateMs.set(f64.load(nowhere, result(1))),
    untilMs.set(f64.load(nowhere, result(2))),
    lastMs.set(f64.const(Number.NEGATIVE_INFINITY)),
    runMs.set(f64.const(Number.NaN)),
    until.set(to.get),
    countTo(row, until.get, [
      timeMs.set(f64.load(eight(row.get), layout.observedMs)),
      when(isOutside, until.set(row.get), body),
    ]),
    f64.store(nowhere, result(SCAN_LAST_MS), lastMs.get),
    f64.store(nowhere, result(SCAN_PACKETS), packetsOfAll.get),
    f64.store(nowhere, result(SCAN_BYTES), bytesOfAll.get),
    f64.store(nowhere, result(SCAN_LATE), f64.fromU32(late.get)),
    f64.store(nowhere, result(SCAN_TELEMETRY), f64.fromU32(telemetry.get)),
    f64.store(nowhere, result(SCAN_LISTED), f64.fromU32(listed.get)),
    f64.store(nowhere, result(SCAN_SLOW), f64.fromU32(slow.get)),
    until.get,
  ]);
}
