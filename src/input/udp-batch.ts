import { assert } from '../base/errors.ts';
import { DATAGRAM_BYTES_MAX, UDP_BATCH_MAX, UDP_SLOT_BYTES, type UdpBatch, type UdpOptions } from './udp-port.ts';

const DATAGRAM_BYTES_MIN = 512;

/** The batch of a receiver, and the slots of its room: slot `i` begins at `slotBytes * i`. */
export interface UdpRoom {
  readonly batch: UdpBatch;
  readonly slots: number;
  readonly slotBytes: number;
  /** Bytes of a slot that a datagram may fill. One more than the longest that is taken: a longer one shows. */
  readonly fillBytes: number;
}

export function createUdpRoom(options: UdpOptions): UdpRoom {
  const longest = options.datagramBytesMax ?? DATAGRAM_BYTES_MAX;
  assert(longest >= DATAGRAM_BYTES_MIN && longest <= DATAGRAM_BYTES_MAX, 'datagrams have 512 to 65,535 bytes');
  // The same distance from a multiple of 4096 for every size; see UDP_SLOT_BYTES.
  const slotBytes = ((longest + 1 + 63) & ~63) + (UDP_SLOT_BYTES - DATAGRAM_BYTES_MAX - 1);
  const bytes = options.room ?? new Uint8Array(new ArrayBuffer(UDP_BATCH_MAX * slotBytes));
  const slots = Math.min(UDP_BATCH_MAX, Math.floor(bytes.length / slotBytes));
  assert(slots >= 1, 'there is room for one datagram');
  const batch: UdpBatch = {
    count: 0,
    socket: 0,
    bytes,
    offsets: new Uint32Array(slots),
    lengths: new Uint32Array(slots),
    sources: new Uint32Array(4 * slots),
    ports: new Uint16Array(slots),
  };
  return { batch, slots, slotBytes, fillBytes: longest + 1 };
}
