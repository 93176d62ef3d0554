import { type DatagramWriter, PAYLOAD_BYTES_MAX } from './datagram-writer.ts';
import { FRAME_BYTES_MAX, wireBytes, writeFrame } from './frame.ts';
import type { Address } from './world.ts';

const HEADER = 28;
const SAMPLE_BYTES_MAX = 8 + 32 + 8 + 16 + FRAME_BYTES_MAX + 4;

/**
 * An agent of sFlow v5: every packet looked at is a flow sample with its first bytes.
 *
 *   datagram 28: version, agent, sub-agent, sequence, uptime, samples
 *   sample    8 + 32: sequence, source, rate, pool, drops, input, output, records
 *   record    8 + 16 + header: protocol, frame length, stripped, header length, header
 */
export class SflowAgent {
  readonly #out: DatagramWriter;
  readonly #agent: Address;
  readonly #rate: number;
  #sequence = 0;
  #samplesSent = 0;
  #pool = 0;
  #at = HEADER;
  #samples = 0;

  constructor(out: DatagramWriter, agent: Address, rate: number) {
    this.#out = out;
    this.#agent = agent;
    this.#rate = rate;
  }

  add(packets: Float64Array, from: number, inbound: boolean, nowMs: number): void {
    const { view } = this.#out;
    const start = this.#at;
    const header = start + 8 + 32 + 8 + 16;
    const length = writeFrame(view, header, packets, from);
    const padded = (length + 3) & ~3;
    for (let pad = length; pad < padded; pad++) view.setUint8(header + pad, 0);
    this.#pool += this.#rate;
    view.setUint32(start, 1);
    view.setUint32(start + 4, 32 + 8 + 16 + padded);
    const fields = [++this.#samplesSent, 1, this.#rate, this.#pool, 0, inbound ? 1 : 2, inbound ? 2 : 1, 1];
    for (let field = 0; field < fields.length; field++) view.setUint32(start + 8 + 4 * field, fields[field]);
    view.setUint32(start + 40, 1);
    view.setUint32(start + 44, 16 + padded);
    view.setUint32(start + 48, 1);
    view.setUint32(start + 52, wireBytes(packets, from));
    view.setUint32(start + 56, 0);
    view.setUint32(start + 60, length);
    this.#at = header + padded;
    this.#samples++;
    if (this.#at + SAMPLE_BYTES_MAX > PAYLOAD_BYTES_MAX) this.flush(nowMs);
  }

  flush(nowMs: number): void {
    if (this.#samples === 0) return;
    const { view } = this.#out;
    const fields = [5, 1, this.#agent, 0, ++this.#sequence, 86_400_000 + nowMs, this.#samples];
    for (let field = 0; field < fields.length; field++) view.setUint32(4 * field, fields[field]);
    this.#out.send(nowMs, this.#at);
    this.#at = HEADER;
    this.#samples = 0;
  }
}
