import { countTo, during, either, f64, i32, i64, Kernel, select, v128, when } from '../../base/wasm-code.ts';
import { type IntakeLayout, WEB_PORTS } from '../intake.ts';
import { ANSWER_BYTES_SHIFT, ANSWER_COUNTERS, INSIDE_BITS } from '../small-answers.ts';
import { CELL_STRIDE } from '../table-cells.ts';
import { hashCode, NETWORK_BYTES, NETWORK_WORDS } from './place.ts';

/** See `siftKernel`; `tally` is the place of the first of the cells that small answers share, one for each class. */
export type Sift = (
  from: number,
  to: number,
  seed: number,
  tally: number,
  networks: number,
  networksEnd: number,
) => number;

const PORT_WELL_KNOWN = 1024;
const COUNTER_MAX = 0xffff;

/**
 * Hashes the destination of every row, and lists the rows that are to have a cell of their destination's own; returns how many. The others
 * are small answers (see `small-answers.ts`) and get the shared cell of their class, or -1 where a row is nobody's here.
 *
 * The first loop parts the rows that may be answers from all others without a branch, the second adds them to their counters; those whose
 * counter is full go to the end of the list.
 */
export function siftKernel(layout: IntakeLayout): Uint8Array {
  const kernel = new Kernel();
  const [from, to, seed, tally, networks, networksEnd] = Array.from({ length: 6 }, () => kernel.param());
  const row = kernel.i32();
  const hash = kernel.i32();
  const listed = kernel.i32();
  const asideCount = kernel.i32();
  const at = kernel.i32();
  const isAnswer = kernel.i32();
  const srcPort = kernel.i32();
  const isIpv4 = kernel.i32();
  const word = kernel.i32();
  const network = kernel.i32();
  const trafficClass = kernel.i32();
  const counter = kernel.i32();
  const held = kernel.i32();
  const rate = kernel.f64();
  const packets = kernel.f64();
  const two = i32.shl(row.get, i32.const(1));
  const four = i32.shl(row.get, i32.const(2));
  const eight = i32.shl(row.get, i32.const(3));
  const sixteen = i32.shl(row.get, i32.const(4));
  const entry = (index: typeof row) => i32.shl(index.get, i32.const(2));
  const limitOf = i32.load(
    i32.shl(i32.and(i32.load8(row.get, layout.classes), i32.const(31)), i32.const(2)),
    layout.answerLimits,
  );
  const isServicePort = WEB_PORTS.filter((port) => port >= PORT_WELL_KNOWN).reduce(
    (known, port) => i32.or(known, i32.eq(srcPort.get, i32.const(port))),
    i32.ltU(srcPort.get, i32.const(PORT_WELL_KNOWN)),
  );
  /** 1 where the destination may be inside; as `insideBit` has it. */
  const mayBeInside = [
    isIpv4.set(
      i32.eqz(
        i32.or(
          i32.or(i32.load(sixteen, layout.dstAddr), i32.load(sixteen, layout.dstAddr + 4)),
          i32.xor(i32.load(sixteen, layout.dstAddr + 8), i32.const(0xffff)),
        ),
      ),
    ),
    word.set(
      i32.shrU(
        select(
          isIpv4.get,
          i32.load(sixteen, layout.dstAddr + 12),
          i32.mul(i32.load(sixteen, layout.dstAddr), i32.const(0x9e3779b1)),
        ),
        i32.const(16),
      ),
    ),
    word.set(i32.add(word.get, select(isIpv4.get, i32.const(0), i32.const(INSIDE_BITS)))),
    i32.and(
      i32.shrU(
        i32.load(i32.shl(i32.shrU(word.get, i32.const(5)), i32.const(2)), layout.insideFilter),
        i32.and(word.get, i32.const(31)),
      ),
      i32.const(1),
    ),
  ];
  const part = [
    hashCode(hash, sixteen, layout.dstAddr, seed.get),
    i32.store(four, layout.hashes, hash.get),
    srcPort.set(i32.load16(two, layout.srcPort)),
    isAnswer.set(i32.xor(mayBeInside, i32.const(1))),
    isAnswer.set(i32.and(isAnswer.get, i32.ne(limitOf, i32.const(0)))),
    isAnswer.set(i32.and(isAnswer.get, isServicePort)),
    isAnswer.set(i32.and(isAnswer.get, i32.eqz(i32.ltU(i32.load16(two, layout.dstPort), i32.const(PORT_WELL_KNOWN))))),
    i32.store(entry(listed), layout.list, row.get),
    listed.set(i32.add(listed.get, i32.xor(isAnswer.get, i32.const(1)))),
    i32.store(entry(asideCount), layout.listHashes, row.get),
    asideCount.set(i32.add(asideCount.get, isAnswer.get)),
  ];
  const differs = v128.anyTrue(
    v128.xor(
      v128.and(v128.load(sixteen, layout.srcAddr), v128.load(network.get)),
      v128.load(network.get, NETWORK_WORDS),
    ),
  );
  const findNetwork = [
    network.set(networks.get),
    during(either('i32', i32.ltU(network.get, networksEnd.get), differs, i32.const(0)), [
      network.set(i32.add(network.get, i32.const(NETWORK_BYTES))),
    ]),
  ];
  const bytesAsPackets = f64.mul(f64.load(eight, layout.bytes), f64.const(2 ** -ANSWER_BYTES_SHIFT));
  const count = [
    trafficClass.set(i32.load8(row.get, layout.classes)),
    rate.set(f64.load(eight, layout.samplingRate)),
    rate.set(select(f64.gt(rate.get, f64.const(1)), rate.get, f64.const(1))),
    packets.set(f64.mul(f64.max(f64.load(eight, layout.packets), bytesAsPackets), rate.get)),
    counter.set(
      i32.shl(
        i32.and(
          i32.xor(i32.load(four, layout.hashes), i32.mul(trafficClass.get, i32.const(0x9e3779b1))),
          i32.const(ANSWER_COUNTERS - 1),
        ),
        i32.const(1),
      ),
    ),
    // A part of a packet counts as one.
    held.set(
      i32.add(
        i32.load16(counter.get, layout.answerCounters),
        i32.add(i32.wrap(i64.truncate(f64.min(packets.get, f64.const(COUNTER_MAX)))), i32.const(1)),
      ),
    ),
    i32.store16(
      counter.get,
      layout.answerCounters,
      select(i32.ltU(held.get, i32.const(COUNTER_MAX)), held.get, i32.const(COUNTER_MAX)),
    ),
    i32.store(four, layout.cells, i32.add(tally.get, i32.mul(trafficClass.get, i32.const(CELL_STRIDE)))),
    i32.store(entry(listed), layout.list, row.get),
    listed.set(i32.add(listed.get, i32.gtU(held.get, limitOf))),
  ];
  return kernel.module([
    row.set(from.get),
    countTo(row, to.get, part),
    countTo(at, asideCount.get, [
      row.set(i32.load(entry(at), layout.listHashes)),
      findNetwork,
      when(i32.eq(network.get, networksEnd.get), i32.store(four, layout.cells, i32.const(-1)), count),
    ]),
    listed.get,
  ]);
}
