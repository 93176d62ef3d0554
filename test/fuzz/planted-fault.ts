import type { FlowBatch } from '../../src/model/flow-batch.ts';
import type { Rejections } from '../../src/model/rejection.ts';
import { PacketDecoder } from '../../src/wire/packet.ts';
import type { PacketDecoding } from './targets.ts';

/**
 * A packet decoder with one deliberate fault, of the kind that is made most often: it believes the length in the UDP header
 * instead of holding it against the bytes that are there. The fuzzer must find it, or it finds nothing.
 */
export class FaultyPacketDecoder implements PacketDecoding {
  udpPayloadOffset = -1;
  udpPayloadLength = 0;
  readonly #decoder: PacketDecoder;

  constructor(rejections: Rejections) {
    this.#decoder = new PacketDecoder(rejections);
  }

  decode(
    bytes: Uint8Array,
    offset: number,
    capturedLength: number,
    wireLength: number,
    linkType: number,
    timeMs: number,
    batch: FlowBatch,
  ): number {
    const rows = this.#decoder.decode(bytes, offset, capturedLength, wireLength, linkType, timeMs, batch);
    this.udpPayloadOffset = this.#decoder.udpPayloadOffset;
    this.udpPayloadLength = this.#decoder.udpPayloadLength;
    if (this.udpPayloadOffset >= 0) {
      const lengthAt = this.udpPayloadOffset - 4;
      this.udpPayloadLength = ((bytes[lengthAt] << 8) | bytes[lengthAt + 1]) - 8;
    }
    return rows;
  }
}
