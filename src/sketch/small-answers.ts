import { isIpv4 } from '../base/ip.ts';
import { IPV4_MAPPED_BITS, type Prefix } from '../base/prefix.ts';
import { CLASS } from '../model/traffic-class.ts';

/**
 * Half of what passes a border are answers of protected servers to clients outside, and there are far more clients than servers. A client
 * that gets no more of them in a second than any attack on it would consist of needs no counters of its own: its rows are counted in all,
 * sampled, and added to what their servers sent, but have no row in the table. It is a multistage filter of one stage (Estan and Varghese,
 * "New Directions in Traffic Measurement and Accounting", SIGCOMM 2002): rows are added to a counter that their client's hash and class
 * choose, and pass into the table from when it is full. So a client lacks no more than the limit in each of these classes, in each receiver
 * that has rows of it; and less where others share its counter. Rows towards the ports of services are no answers, and have cells in any case.
 */

/** Counters of 16 bits, a power of two. */
export const ANSWER_COUNTERS = 1 << 17;

/** A packet of more bytes than 2 to this power counts as several. */
export const ANSWER_BYTES_SHIFT = 11;

/**
 * By class, the most packets in a second that are small; 0 for classes whose rows all have cells. Half of what a target's group is looked
 * at from (`lowWaterShare` of its floor, divided by its classes): 250 packets of data, 500 or 625 KB of QUIC. Whole sessions make no attack
 * by themselves.
 */
export const ANSWER_LIMITS: Readonly<Record<number, number>> = {
  [CLASS.tcpData]: 125,
  [CLASS.tcpFin]: 125,
  [CLASS.quicReply]: 125,
  [CLASS.tcpSession]: 1000,
};

/** Bits of the filter of networks, for IPv4 and as many for IPv6. */
export const INSIDE_BITS = 1 << 16;

/** Which of the places an address may have in the filter: by its first 16 bits, or the hash of its first 32 if it is IPv6. */
const PLACE_BITS_IPV4 = 16;
const PLACE_BITS_IPV6 = 32;

/** Marks every place that an address of the networks may have; with none, or `all`, every place. */
export function markInside(filter: Uint32Array, networks: readonly Prefix[], all: boolean): void {
  filter.fill(all || networks.length === 0 ? 0xffffffff : 0);
  for (const { words, length } of networks) {
    if (isIpv4(words) && length >= IPV4_MAPPED_BITS) {
      mark(filter, 0, words[3] >>> 16, PLACE_BITS_IPV4 - (length - IPV4_MAPPED_BITS), (place) => place);
    } else if (length < PLACE_BITS_IPV6 - 16 || (words[0] === 0 && words[1] === 0)) filter.fill(0xffffffff);
    else mark(filter, INSIDE_BITS, words[0], PLACE_BITS_IPV6 - length, (place) => Math.imul(place, 0x9e3779b1) >>> 16);
  }
}

/** Marks `2 ** free` places from `first` on. */
function mark(filter: Uint32Array, base: number, first: number, free: number, bitOf: (place: number) => number): void {
  const count = 2 ** Math.max(0, free);
  for (let place = first; place < first + count; place++) {
    const bit = base + bitOf(place);
    filter[bit >>> 5] |= 1 << (bit & 31);
  }
}
