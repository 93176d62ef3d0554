import { formatAddress } from '../base/ip.ts';
import type { FlowBatch } from './flow-batch.ts';
import { type ColumnName, FRAGMENT_FIRST, FRAGMENT_LATER, HAS, LAYER_OUTER, NO_EXPORTER } from './flow-columns.ts';

/**
 * The JSON of one row of a batch, as `decode --json` prints it. Fields stand in the order in which people ask for them;
 * absent ones are left out; times are ISO 8601 in UTC with milliseconds.
 */

/** Optional columns that are plain numbers, in the order in which they are written behind the addresses. */
const HEADER_NUMBERS = ['srcPort', 'dstPort', 'proto', 'tcpFlags'] as const satisfies readonly ColumnName[];
const TRAILER_NUMBERS = [
  'inIf',
  'outIf',
  'srcAs',
  'dstAs',
  'icmpType',
  'icmpCode',
] as const satisfies readonly ColumnName[];
const LAST_NUMBERS = [
  'vlan',
  'ttl',
  'tos',
  'etherType',
  'extHeaders',
  'flowDirection',
  'reversePackets',
  'reverseBytes',
] as const satisfies readonly ColumnName[];

const FRAGMENT_TEXT: Readonly<Record<number, string>> = { [FRAGMENT_FIRST]: 'first', [FRAGMENT_LATER]: 'later' };

/** ISO 8601 times, with the text of the last second kept: rows of one second are many. */
export class TimeText {
  #second = Number.NaN;
  #text = '';

  /** Text of `timeMs`; empty outside the range that a Date can hold. Fractions of a millisecond are cut. */
  of(timeMs: number): string {
    if (!(Math.abs(timeMs) <= 8.64e15)) return '';
    const whole = Math.floor(timeMs);
    const second = Math.floor(whole / 1000);
    if (second !== this.#second) {
      this.#text = new Date(second * 1000).toISOString().slice(0, -4);
      this.#second = second;
    }
    const millis = whole - second * 1000;
    return `${this.#text}${millis < 10 ? '00' : millis < 100 ? '0' : ''}${millis}Z`;
  }
}

/** Writes rows as JSON. One object serves one stream of rows; it keeps the text of the last second only. */
export class FlowJson {
  readonly #times = new TimeText();
  readonly #exporterText: (index: number) => string | undefined;

  /** `exporterText` gives the address of the exporter with this index (column `exporter`), where it is known. */
  constructor(exporterText: (index: number) => string | undefined) {
    this.#exporterText = exporterText;
  }

  /**
   * The members of the row as JSON text without the braces around them: `"srcAddr":"192.0.2.1",…`. Rows below the outer
   * layer have no time, exporter or count of packets of their own.
   */
  members(batch: FlowBatch, row: number): string {
    const present = batch.present[row];
    const outer = batch.layer[row] === LAYER_OUTER;
    const telemetry = batch.exporter[row] !== NO_EXPORTER;
    let text = '';
    if (outer && telemetry) {
      const exporter = this.#exporterText(batch.exporter[row]);
      if (exporter !== undefined) text += `,"exporter":${JSON.stringify(exporter)}`;
      text += `,"observationDomain":${batch.observationDomain[row]}`;
    }
    if ((present & HAS.srcAddr) !== 0) text += `,"srcAddr":"${formatAddress(batch.srcAddr, 4 * row)}"`;
    if ((present & HAS.dstAddr) !== 0) text += `,"dstAddr":"${formatAddress(batch.dstAddr, 4 * row)}"`;
    for (const name of HEADER_NUMBERS) if ((present & HAS[name]) !== 0) text += `,"${name}":${batch[name][row]}`;
    if (outer || batch.bytes[row] > 0) text += `,"bytes":${batch.bytes[row]}`;
    if (outer) {
      text += `,"packets":${batch.packets[row]}`;
      if (telemetry && batch.samplingRate[row] > 0) text += `,"samplingRate":${batch.samplingRate[row]}`;
      text += this.#time('start', batch.startMs[row]) + this.#time('end', batch.endMs[row]);
      if (telemetry) text += this.#time('observed', batch.observedMs[row]);
    }
    for (const name of TRAILER_NUMBERS) if ((present & HAS[name]) !== 0) text += `,"${name}":${batch[name][row]}`;
    if ((present & HAS.fragment) !== 0) {
      const fragment = FRAGMENT_TEXT[batch.fragment[row]];
      if (fragment !== undefined) text += `,"fragment":"${fragment}"`;
    }
    for (const name of LAST_NUMBERS) if ((present & HAS[name]) !== 0) text += `,"${name}":${batch[name][row]}`;
    return text.slice(1);
  }

  #time(name: string, timeMs: number): string {
    const text = this.#times.of(timeMs);
    return text === '' ? '' : `,"${name}":"${text}"`;
  }
}
