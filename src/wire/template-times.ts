import { FUTURE_MAX_MS, PAST_MAX_MS } from './datagram.ts';
import { copyToF64 } from './template-columns.ts';

/*
 * The loops for times. Those of a pair check it: what lies in the future, in the far past, or ends before it starts gets the
 * arrival in its place. They return how many records that were. Arguments as in template-columns.ts.
 */

/**
 * Times by sysUpTime: `exportMs` less what passed since, modulo 2^32, so that a counter that wrapped between record and
 * export comes out right (49.7 days). Where `uptimeMs` is NaN the uptime itself is left in the column.
 */
export function copyUptime(
  column: Float64Array,
  row: number,
  count: number,
  bytes: Uint8Array,
  view: DataView,
  bases: Int32Array,
  a: number,
  offset: number,
  length: number,
  exportMs: number,
  uptimeMs: number,
): void {
  copyToF64(column, row, count, bytes, view, bases, a, offset, length);
  if (Number.isNaN(uptimeMs)) return;
  for (let to = row; to < row + count; to++) column[to] = exportMs - ((uptimeMs - column[to]) | 0);
}

export function copyUptimePair(
  startMs: Float64Array,
  endMs: Float64Array,
  row: number,
  count: number,
  view: DataView,
  bases: Int32Array,
  a: number,
  offsetA: number,
  b: number,
  offsetB: number,
  observedMs: number,
  exportMs: number,
  uptimeMs: number,
): number {
  const uptime = uptimeMs | 0;
  const earliest = observedMs - PAST_MAX_MS;
  const latest = observedMs + FUTURE_MAX_MS;
  let absurd = 0;
  for (let i = 0; i < count; i++) {
    let start = exportMs - ((uptime - view.getInt32(bases[a + i] + offsetA)) | 0);
    let end = exportMs - ((uptime - view.getInt32(bases[b + i] + offsetB)) | 0);
    if (start < earliest || end < start || end > latest) {
      start = observedMs;
      end = observedMs;
      absurd++;
    }
    startMs[row + i] = start;
    endMs[row + i] = end;
  }
  return absurd;
}

/**
 * Uptimes of a system whose start is not known: the duration is known all the same, and the record is taken to end on
 * arrival.
 */
export function placeUptimePair(
  startMs: Float64Array,
  endMs: Float64Array,
  row: number,
  count: number,
  view: DataView,
  bases: Int32Array,
  a: number,
  offsetA: number,
  b: number,
  offsetB: number,
  observedMs: number,
): number {
  let absurd = 0;
  for (let i = 0; i < count; i++) {
    const durationMs = (view.getInt32(bases[b + i] + offsetB) - view.getInt32(bases[a + i] + offsetA)) >>> 0;
    const possible = durationMs <= PAST_MAX_MS;
    if (!possible) absurd++;
    startMs[row + i] = possible ? observedMs - durationMs : observedMs;
    endMs[row + i] = observedMs;
  }
  return absurd;
}

/** Times in milliseconds since 1970, of 8 bytes. */
export function copyMsPair(
  startMs: Float64Array,
  endMs: Float64Array,
  row: number,
  count: number,
  view: DataView,
  bases: Int32Array,
  a: number,
  offsetA: number,
  b: number,
  offsetB: number,
  observedMs: number,
): number {
  const earliest = observedMs - PAST_MAX_MS;
  const latest = observedMs + FUTURE_MAX_MS;
  let absurd = 0;
  for (let i = 0; i < count; i++) {
    const atA = bases[a + i] + offsetA;
    const atB = bases[b + i] + offsetB;
    let start = view.getUint32(atA) * 4294967296 + view.getUint32(atA + 4);
    let end = view.getUint32(atB) * 4294967296 + view.getUint32(atB + 4);
    if (start < earliest || end < start || end > latest) {
      start = observedMs;
      end = observedMs;
      absurd++;
    }
    startMs[row + i] = start;
    endMs[row + i] = end;
  }
  return absurd;
}
