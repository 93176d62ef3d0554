import {
  type Code,
  countTo,
  during,
  f64,
  i32,
  Kernel,
  select,
  type Variable,
  v128,
  when,
} from '../../base/wasm-code.ts';
import { CLASS_COUNT } from '../../model/traffic-class.ts';
import type { IntakeLayout } from '../intake.ts';
import {
  ADDRESSES_PRECISION,
  DETAIL_ADDRESSES,
  DETAIL_BYTES,
  DETAIL_SOURCES,
  SOURCES_PRECISION,
} from '../target-detail.ts';
import { hashCode } from './place.ts';
import { contentCode } from './sample.ts';

/**
 * See `watchKernel`. All but the first three, `uses` and `trust` are places in memory. `trust` is 1 where a cell of the table is of one
 * address and class alone: then what it belongs to is remembered in `memo`.
 */
export type WatchRows = (
  from: number,
  to: number,
  seed: number,
  uses: number,
  place: number,
  index: number,
  indexMask: number,
  keys: number,
  detailOf: number,
  outPackets: number,
  outBytes: number,
  details: number,
  tops: number,
  memo: number,
  trust: number,
) => number;

/** A watched prefix length in memory: its mask, the seed its prefixes are hashed with. The first is that of whole addresses. */
export const USE_BYTES = 32;
export const USE_SEED = 16;
/** A watched target in memory: its words, its length. */
export const KEY_BYTES = 32;
export const KEY_USE = 16;

/** An entry of the tops list: the row below, the number of the detail above. */
export const TOP_ROW_BITS = 12;

/** In the memo of a cell: what it belongs to is known; below are the numbers of up to two details, 16 bits each. */
export const MEMO_KNOWN = 0x80000000;

/** What a chosen row is looked up for: its destination; its destination or source as an address or in a prefix. */
const DST = 3;
const DST_HOST = 1;
const DST_PREFIX = 2;
const SRC_HOST = 4;
const SRC_PREFIX = 8;
const CHOSEN_SHIFT = 4;

/**
 * Adds placed rows to what is kept of watched targets. Filters of a bit for each address and each /20 or /48 tell apart the many
 * rows that are nobody's, without a branch; the others look up their targets once for each cell of the table, and add to the distinct sources and addresses of their
 * details, and to what targets sent. Rows that the tops look at are listed with their details; returns how many.
 */
export function watchKernel(layout: IntakeLayout): Uint8Array {
  const kernel = new Kernel();
  const [
    from,
    to,
    seed,
    uses,
    place,
    index,
    indexMask,
    keys,
    detailOf,
    outPackets,
    outBytes,
    details,
    tops,
    memo,
    trust,
  ] = Array.from({ length: 15 }, () => kernel.param());
  const row = kernel.i32();
  const hash = kernel.i32();
  const found = kernel.i32();
  const count = kernel.i32();
  const at = kernel.i32();
  const use = kernel.i32();
  const lastUse = kernel.i32();
  const slot = kernel.i32();
  const probe = kernel.i32();
  const target = kernel.i32();
  const detail = kernel.i32();
  const number = kernel.i32();
  const known = kernel.i32();
  const seen = kernel.i32();
  const srcHash = kernel.i32();
  const thinHash = kernel.i32();
  const register = kernel.i32();
  const rank = kernel.i32();
  const held = kernel.i32();
  const topCount = kernel.i32();
  const trafficClass = kernel.i32();
  const packets = kernel.f64();
  const bytes = kernel.f64();
  const rate = kernel.f64();
  const masked = kernel.v128();
  const four = i32.shl(row.get, i32.const(2));
  const eight = i32.shl(row.get, i32.const(3));
  const sixteen = i32.shl(row.get, i32.const(4));

  const filterBit = (filter: number, bit: Code): Code =>
    i32.and(
      i32.shrU(i32.load(i32.shl(i32.shrU(bit, i32.const(5)), i32.const(2)), filter), i32.and(bit, i32.const(31))),
      i32.const(1),
    );
  /** As `hostBit` and `filterBit` of the watch list have it. */
  const host = (column: number): Code => [
    hash.set(
      i32.shrU(
        i32.mul(
          i32.xor(i32.load(sixteen, column + 12), i32.mul(i32.load(sixteen, column + 4), i32.const(0x85ebca6b))),
          i32.const(0x9e3779b1),
        ),
        i32.const(16),
      ),
    ),
    filterBit(layout.hostFilter, hash.get),
  ];
  const isIpv4 = (column: number): Code =>
    i32.eqz(
      i32.or(
        i32.or(i32.load(sixteen, column), i32.load(sixteen, column + 4)),
        i32.xor(i32.load(sixteen, column + 8), i32.const(0xffff)),
      ),
    );
  const prefix = (column: number): Code => [
    hash.set(
      select(
        isIpv4(column),
        i32.shrU(i32.load(sixteen, column + 12), i32.const(12)),
        i32.xor(
          i32.load(sixteen, column),
          i32.mul(i32.shrU(i32.load(sixteen, column + 4), i32.const(16)), i32.const(0x9e3779b1)),
        ),
      ),
    ),
    hash.set(i32.shrU(i32.mul(hash.get, i32.const(0x9e3779b1)), i32.const(16))),
    filterBit(layout.prefixFilter, hash.get),
  ];
  const note = (bit: number, value: Code): Code => found.set(i32.or(found.get, i32.mul(value, i32.const(bit))));
  const hasPrefixes = i32.gtU(uses.get, i32.const(1));
  // Places of cells are multiples of eight; the memo has four bytes for each.
  const memoOf = i32.add(memo.get, i32.shrS(i32.load(four, layout.cells), i32.const(1)));
  const memoOfRow = i32.mul(i32.load(memoOf), trust.get);
  const choose = [
    found.set(i32.mul(i32.ne(memoOfRow, i32.const(MEMO_KNOWN)), i32.const(DST))),
    note(SRC_HOST, host(layout.srcAddr)),
    when(hasPrefixes, note(SRC_PREFIX, prefix(layout.srcAddr))),
    found.set(i32.and(found.get, i32.xor(i32.shrS(i32.load(four, layout.cells), i32.const(31)), i32.const(-1)))),
    i32.store(
      i32.shl(count.get, i32.const(2)),
      layout.list,
      i32.or(i32.shl(row.get, i32.const(CHOSEN_SHIFT)), found.get),
    ),
    count.set(i32.add(count.get, i32.ne(found.get, i32.const(0)))),
  ];

  /** Every target that an address of the row belongs to: of the whole addresses, of the prefixes, or of both. */
  const match = (column: number, hostBit: number, prefixBit: number, onSlot: Code): Code => [
    use.set(select(i32.and(found.get, i32.const(hostBit)), i32.const(0), i32.const(1))),
    lastUse.set(select(i32.and(found.get, i32.const(prefixBit)), uses.get, i32.const(1))),
    countTo(use, lastUse.get, [
      probe.set(i32.add(place.get, i32.mul(use.get, i32.const(USE_BYTES)))),
      masked.set(v128.and(v128.load(sixteen, column), v128.load(probe.get))),
      v128.store(i32.const(0), layout.results, masked.get),
      hashCode(hash, i32.const(0), layout.results, i32.load(probe.get, USE_SEED)),
      slot.set(i32.load(entryAt(hash.get))),
      during(i32.and(i32.ne(slot.get, i32.const(0)), isOther()), [
        hash.set(i32.add(hash.get, i32.const(1))),
        slot.set(i32.load(entryAt(hash.get))),
      ]),
      when(slot.get, [slot.set(i32.sub(slot.get, i32.const(1))), onSlot]),
    ]),
  ];
  function entryAt(hashed: Code): Code {
    return i32.add(index.get, i32.shl(i32.and(hashed, indexMask.get), i32.const(2)));
  }
  function isOther(): Code {
    return [
      target.set(i32.add(keys.get, i32.mul(i32.sub(slot.get, i32.const(1)), i32.const(KEY_BYTES)))),
      i32.or(i32.ne(i32.load(target.get, KEY_USE), use.get), v128.anyTrue(v128.xor(v128.load(target.get), masked.get))),
    ];
  }

  const hll = (offset: number, precision: number, hashed: Variable): Code => [
    register.set(i32.add(detail.get, i32.shrU(hashed.get, i32.const(32 - precision)))),
    rank.set(
      i32.add(
        i32.clz(i32.or(i32.shl(hashed.get, i32.const(precision)), i32.const(1 << (precision - 1)))),
        i32.const(1),
      ),
    ),
    held.set(i32.load8(register.get, offset)),
    // Stored in any case: whether it is more nobody could predict.
    i32.store8(register.get, offset, select(i32.gtU(rank.get, held.get), rank.get, held.get)),
  ];
  const counterOf = (counters: Variable): Code =>
    i32.add(counters.get, i32.shl(i32.add(i32.mul(slot.get, i32.const(CLASS_COUNT)), trafficClass.get), i32.const(3)));
  const detailPlace = i32.add(
    detailOf.get,
    i32.shl(i32.add(i32.mul(slot.get, i32.const(CLASS_COUNT)), trafficClass.get), i32.const(2)),
  );
  const dstHash = probe;
  const receive = [
    detail.set(i32.add(details.get, i32.mul(i32.sub(number.get, i32.const(1)), i32.const(DETAIL_BYTES)))),
    i32.store(detail.get, 0, i32.add(i32.load(detail.get), i32.const(1))),
    hll(DETAIL_SOURCES, SOURCES_PRECISION, srcHash),
    dstHash.set(i32.load(four, layout.hashes)),
    hll(DETAIL_ADDRESSES, ADDRESSES_PRECISION, dstHash),
    i32.store(
      i32.add(tops.get, i32.shl(topCount.get, i32.const(2))),
      0,
      i32.or(row.get, i32.shl(i32.sub(number.get, i32.const(1)), i32.const(TOP_ROW_BITS))),
    ),
    topCount.set(i32.add(topCount.get, i32.eqz(i32.and(thinHash.get, i32.load(detail.get, 4))))),
  ];
  const numberOfSlot = number.tee(i32.load(detailPlace));
  const collect = when(numberOfSlot, [
    known.set(i32.or(known.get, i32.shl(number.get, i32.shl(seen.get, i32.const(4))))),
    seen.set(i32.add(seen.get, i32.const(1))),
  ]);
  /** Finds the details that the row's destination and class belong to, in `known`. More than two are added to at once. */
  const learn = [
    found.set(i32.and(found.get, i32.const(~DST))),
    note(DST_HOST, host(layout.dstAddr)),
    when(hasPrefixes, note(DST_PREFIX, prefix(layout.dstAddr))),
    seen.set(i32.const(0)),
    match(layout.dstAddr, DST_HOST, DST_PREFIX, collect),
    known.set(i32.or(known.get, i32.const(MEMO_KNOWN))),
    when(
      i32.gtU(seen.get, i32.const(2)),
      [match(layout.dstAddr, DST_HOST, DST_PREFIX, when(numberOfSlot, receive)), known.set(i32.const(MEMO_KNOWN))],
      when(trust.get, i32.store(memoOf, 0, known.get)),
    ),
  ];
  const add = (address: Variable, value: Variable): Code =>
    f64.store(address.get, 0, f64.add(f64.load(address.get), value.get));
  const send = [
    target.set(counterOf(outPackets)),
    add(target, packets),
    target.set(i32.add(outBytes.get, i32.shl(slot.get, i32.const(3)))),
    add(target, bytes),
  ];
  const lookUp = [
    found.set(i32.load(i32.shl(at.get, i32.const(2)), layout.list)),
    row.set(i32.shrU(found.get, i32.const(CHOSEN_SHIFT))),
    trafficClass.set(i32.load8(row.get, layout.classes)),
    hashCode(srcHash, sixteen, layout.srcAddr, seed.get),
    i32.store(four, layout.listHashes, srcHash.get),
    when(i32.and(found.get, i32.const(DST)), [
      contentCode(thinHash, row, layout, srcHash.get),
      when(i32.eqz(known.tee(memoOfRow)), learn),
      known.set(i32.and(known.get, i32.const(~MEMO_KNOWN))),
      during(known.get, [
        number.set(i32.and(known.get, i32.const(0xffff))),
        receive,
        known.set(i32.shrU(known.get, i32.const(16))),
      ]),
    ]),
    when(i32.and(found.get, i32.const(SRC_HOST | SRC_PREFIX)), [
      rate.set(f64.load(eight, layout.samplingRate)),
      rate.set(select(f64.gt(rate.get, f64.const(1)), rate.get, f64.const(1))),
      packets.set(f64.mul(f64.load(eight, layout.packets), rate.get)),
      bytes.set(f64.mul(f64.load(eight, layout.bytes), rate.get)),
      match(layout.srcAddr, SRC_HOST, SRC_PREFIX, send),
    ]),
  ];
  return kernel.module([row.set(from.get), countTo(row, to.get, choose), countTo(at, count.get, lookUp), topCount.get]);
}
