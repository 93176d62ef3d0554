import { formatAddress } from '../base/ip.ts';
import type { FlowBatch } from './flow-batch.ts';
import { FRAGMENT_FIRST, FRAGMENT_LATER, HAS, LAYER_OUTER, NO_EXPORTER } from './flow-columns.ts';

/**
 * The JSON of one row of a batch, as `decode --json` prints it. Fields stand in the order in which people ask for them;
 * absent ones are left out; times are ISO 8601 in UTC with milliseconds.
 */

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
    // Column by column: a loop over names would look every array up by its name for every row.
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
    if ((present & HAS.srcPort) !== 0) text += `,"srcPort":${batch.srcPort[row]}`;
    if ((present & HAS.dstPort) !== 0) text += `,"dstPort":${batch.dstPort[row]}`;
    if ((present & HAS.proto) !== 0) text += `,"proto":${batch.proto[row]}`;
    if ((present & HAS.tcpFlags) !== 0) text += `,"tcpFlags":${batch.tcpFlags[row]}`;
    if (outer || batch.bytes[row] > 0) text += `,"bytes":${batch.bytes[row]}`;
    if (outer) {
      text += `,"packets":${batch.packets[row]}`;
      if (telemetry && batch.samplingRate[row] > 0) text += `,"samplingRate":${batch.samplingRate[row]}`;
      const start = this.#times.of(batch.startMs[row]);
      const end = batch.endMs[row] === batch.startMs[row] ? start : this.#times.of(batch.endMs[row]);
      if (start !== '') text += `,"start":"${start}"`;
      if (end !== '') text += `,"end":"${end}"`;
      const observed = telemetry ? this.#times.of(batch.observedMs[row]) : '';
      if (observed !== '') text += `,"observed":"${observed}"`;
    }
    if ((present & HAS.inIf) !== 0) text += `,"inIf":${batch.inIf[row]}`;
    if ((present & HAS.outIf) !== 0) text += `,"outIf":${batch.outIf[row]}`;
    if ((present & HAS.srcAs) !== 0) text += `,"srcAs":${batch.srcAs[row]}`;
    if ((present & HAS.dstAs) !== 0) text += `,"dstAs":${batch.dstAs[row]}`;
    if ((present & HAS.icmpType) !== 0) text += `,"icmpType":${batch.icmpType[row]}`;
    if ((present & HAS.icmpCode) !== 0) text += `,"icmpCode":${batch.icmpCode[row]}`;
    if ((present & HAS.fragment) !== 0) {
      const fragment = FRAGMENT_TEXT[batch.fragment[row]];
      if (fragment !== undefined) text += `,"fragment":"${fragment}"`;
    }
    if ((present & HAS.vlan) !== 0) text += `,"vlan":${batch.vlan[row]}`;
    if ((present & HAS.ttl) !== 0) text += `,"ttl":${batch.ttl[row]}`;
    if ((present & HAS.tos) !== 0) text += `,"tos":${batch.tos[row]}`;
    if ((present & HAS.etherType) !== 0) text += `,"etherType":${batch.etherType[row]}`;
    if ((present & HAS.extHeaders) !== 0) text += `,"extHeaders":${batch.extHeaders[row]}`;
    if ((present & HAS.flowDirection) !== 0) text += `,"flowDirection":${batch.flowDirection[row]}`;
    if ((present & HAS.reversePackets) !== 0) text += `,"reversePackets":${batch.reversePackets[row]}`;
    if ((present & HAS.reverseBytes) !== 0) text += `,"reverseBytes":${batch.reverseBytes[row]}`;
    return text.slice(1);
  }
}
