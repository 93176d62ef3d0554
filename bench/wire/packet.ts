import { Random } from '../../src/base/random.ts';
import { createFlowBatch, type FlowBatch } from '../../src/model/flow-batch.ts';
import { Rejections } from '../../src/model/rejection.ts';
import { PACKET_ROWS_MAX, PacketDecoder } from '../../src/wire/packet.ts';
import { bytesOf, ethernet, gre, icmp, ipv4, ipv6, tcp, udp, vxlan } from '../../test/support/encode-packet.ts';
import { type BenchCase, type BenchResult, measure, runCases } from '../harness.ts';

/** Packets in the ring that is decoded over and over: more than any cache close to the core holds. */
const PACKETS = 65_536;
const SEED = 11;

const IPV4 = 0x0800;
const IPV6 = 0x86dd;

/** Packets end to end, and where each begins. */
export interface Ring {
  readonly bytes: Uint8Array;
  readonly offsets: Uint32Array;
}

/** A ring of PACKETS packets; `make` gives the `at`-th. */
export function ringOf(make: (random: Random, at: number) => Uint8Array): Ring {
  const random = new Random(SEED);
  const packets = Array.from({ length: PACKETS }, (_, at) => make(random, at));
  const offsets = new Uint32Array(PACKETS + 1);
  for (let at = 0; at < PACKETS; at++) offsets[at + 1] = offsets[at] + packets[at].length;
  const bytes = new Uint8Array(offsets[PACKETS]);
  for (let at = 0; at < PACKETS; at++) bytes.set(packets[at], offsets[at]);
  return { bytes, offsets };
}

function address(random: Random): string {
  return `${1 + random.below(223)}.${random.below(256)}.${random.below(256)}.${random.below(256)}`;
}

/** A bare SYN from anywhere to one address, padded as Ethernet pads it: the packets of a flood. */
export function synPacket(random: Random): Uint8Array {
  const syn = ipv4({ src: address(random), dst: '198.51.100.7', proto: 6 }, tcp(random.below(65_536), 443, 2));
  return bytesOf(ethernet(IPV4, syn), new Uint8Array(6));
}

/** What a mirror port sees on a day without attack, roughly, and some of everything that is rare. */
function mixedPacket(random: Random, at: number): Uint8Array {
  const src = address(random);
  const dst = address(random);
  const payload = new Uint8Array(random.below(200));
  const ports = [random.below(65_536), random.below(65_536)] as const;
  switch (at % 16) {
    case 0:
      return ethernet(IPV6, ipv6({ src: '2001:db8::1', dst: '2001:db8::2', proto: 6 }, tcp(...ports, 16, payload)));
    case 1:
      return ethernet(IPV4, ipv4({ src, dst, proto: 6 }, tcp(...ports, 24, payload)), [100]);
    case 2:
      return ethernet(IPV4, ipv4({ src, dst, proto: 1 }, icmp(8, 0, payload)));
    case 3:
      return ethernet(IPV4, ipv4({ src, dst, proto: 17, moreFragments: true }, udp(...ports, payload)));
    case 4: {
      const inner = ipv4({ src, dst, proto: 6 }, tcp(...ports, 16, payload));
      return ethernet(IPV4, ipv4({ src, dst, proto: 47 }, gre(IPV4, inner)));
    }
    case 5: {
      const inner = ethernet(IPV4, ipv4({ src, dst, proto: 6 }, tcp(...ports, 16, payload)));
      return ethernet(IPV4, ipv4({ src, dst, proto: 17 }, udp(ports[0], 4789, vxlan(inner))));
    }
    case 6:
    case 7:
    case 8:
      return ethernet(IPV4, ipv4({ src, dst, proto: 17 }, udp(...ports, payload)));
    default:
      return ethernet(IPV4, ipv4({ src, dst, proto: 6 }, tcp(...ports, 16, payload)));
  }
}

/** A number of the columns that the packets differ in. */
export function hashRows(batch: FlowBatch, hash: number): number {
  let mixed = hash;
  for (let row = 0; row < batch.length; row++) {
    mixed = Math.imul(mixed ^ batch.srcAddr[4 * row + 3] ^ batch.dstPort[row] ^ batch.present[row], 0x21f0aaad);
  }
  return mixed;
}

function decodeRing(ring: Ring, count: number): BenchResult {
  const { bytes, offsets } = ring;
  const decoder = new PacketDecoder(new Rejections());
  const batch = createFlowBatch();
  const full = batch.capacity - PACKET_ROWS_MAX;
  return measure(count, () => {
    let hash = 0;
    batch.length = 0;
    for (let done = 0; done < count; done++) {
      const at = done & (PACKETS - 1);
      const length = offsets[at + 1] - offsets[at];
      decoder.decode(bytes, offsets[at], length, length, 1, 1.7e12 + done / 1000, batch);
      if (batch.length > full) {
        // The hash is taken of one batch in sixteen, so that it costs less than what is measured.
        if ((done & 0xffff) < 4096) hash = hashRows(batch, hash);
        batch.length = 0;
      }
    }
    return hash;
  });
}

const sizes = { small: 100_000, full: 20_000_000 };

export const cases: readonly BenchCase[] = [
  {
    name: 'wire/packet-syn',
    unit: 'packets',
    goal: 12e6,
    sizes,
    run: (size) => decodeRing(ringOf(synPacket), size),
  },
  {
    name: 'wire/packet-mixed',
    unit: 'packets',
    sizes,
    run: (size) => decodeRing(ringOf(mixedPacket), size),
  },
];

if (import.meta.main) await runCases(cases);
