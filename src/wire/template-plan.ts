import { HAS } from '../model/flow-columns.ts';
import { REVERSE_PEN } from './elements.ts';
import { FIELD_INTS, VARIABLE_LENGTH } from './template-field.ts';

/**
 * A template compiled to a flat list of operations, so that the record loop looks nothing up. One operation moves one field
 * of many records into its column, or the fields of two or three columns that go together:
 *
 *   ops   | op | length | place a | place b | place c | op | length | …
 *
 * A place is two integers: the segment of the record, and the offset of the field in it. A record of fixed length is one
 * segment; after each field of variable length another begins:
 *
 *   record   | fixed fields … | n | n bytes | fixed fields … | n | n bytes | …
 *   segment   0                              1                              2
 *
 * The order of the operations is that in which they are applied. `length` is the bytes of the field.
 */
export const OP_INTS = 8;

/* Addresses. `…_OVER` replaces an IPv4 address where the record has an IPv6 one: templates that hold both. */
export const OP_SRC_V4 = 1;
export const OP_DST_V4 = 2;
export const OP_SRC_V6 = 3;
export const OP_DST_V6 = 4;
export const OP_SRC_V6_OVER = 5;
export const OP_DST_V6_OVER = 6;
export const OP_IP_VERSION = 7;
/* Columns that hold the element as it is. */
export const OP_PROTO = 10;
export const OP_SRC_PORT = 11;
export const OP_DST_PORT = 12;
export const OP_TCP_FLAGS = 13;
export const OP_TTL = 14;
export const OP_TOS = 15;
export const OP_VLAN = 16;
export const OP_ETHER_TYPE = 17;
export const OP_IN_IF = 18;
export const OP_OUT_IF = 19;
export const OP_SRC_AS = 20;
export const OP_DST_AS = 21;
export const OP_DIRECTION = 22;
export const OP_PACKETS = 23;
export const OP_BYTES = 24;
export const OP_REVERSE_PACKETS = 25;
export const OP_REVERSE_BYTES = 26;
/* Counters of what left (OUT_PKTS, OUT_BYTES), for records whose own counters are zero. */
export const OP_PACKETS_OUT = 27;
export const OP_BYTES_OUT = 28;
export const OP_BYTES_OUT_DIRECTION = 29;
export const OP_FRAGMENT_OFFSET = 30;
export const OP_FRAGMENT_FLAGS = 31;
/* ICMP, for rows whose protocol is ICMP, or all rows where the template has no protocol. */
export const OP_ICMP_TYPE_CODE = 32;
export const OP_ICMP6_TYPE_CODE = 33;
export const OP_ICMP_TYPE = 34;
export const OP_ICMP_CODE = 35;
export const OP_ICMP6_TYPE = 36;
export const OP_ICMP6_CODE = 37;
/* Times. */
export const OP_START_UPTIME = 40;
export const OP_END_UPTIME = 41;
export const OP_START_SECONDS = 42;
export const OP_END_SECONDS = 43;
export const OP_START_MS = 44;
export const OP_END_MS = 45;
export const OP_START_NTP = 46;
export const OP_END_NTP = 47;
export const OP_START_DELTA_US = 48;
export const OP_END_DELTA_US = 49;
/* Uptimes that count from systemInitTimeMilliseconds of the same record: first the uptime as it is, then the sum. */
export const OP_START_RAW = 58;
export const OP_END_RAW = 59;
export const OP_START_INIT = 50;
export const OP_END_INIT = 51;
export const OP_END_AFTER_MS = 52;
export const OP_END_AFTER_US = 53;
export const OP_START_BEFORE_MS = 54;
export const OP_START_BEFORE_US = 55;
export const OP_END_FROM_START = 56;
export const OP_START_FROM_END = 57;
/* Sampling told by each record. */
export const OP_SAMPLER = 60;
export const OP_RATE = 61;
/** Packets taken of an interval, as they are; the operations below make a rate of it. */
export const OP_RATE_TAKEN = 65;
export const OP_RATE_SPACE = 62;
export const OP_RATE_POPULATION = 63;
export const OP_RATE_PROBABILITY = 64;

/* Fields that go together, in one loop: a loop costs as much to enter as some ten rows of it. */
export const OP_ADDRESSES_V4 = 70;
export const OP_PORTS = 71;
export const OP_INTERFACES = 72;
export const OP_SYSTEMS = 73;
export const OP_COUNTERS = 74;
export const OP_TIMES_UPTIME = 75;
export const OP_TIMES_MS = 76;
export const OP_PROTO_FLAGS_TOS = 77;

export interface Plan {
  readonly ops: Int32Array;
  /** Bytes of each segment but the last, which nothing follows. */
  readonly segments: Int32Array;
  /** Bits of the optional columns that every record sets. */
  readonly present: number;
  /** 4, 6, or 0 where the records tell it (or nothing does). */
  readonly ipVersion: number;
  /** Whether an operation writes the column; otherwise it is filled with what is known of the set. */
  readonly writesStart: boolean;
  readonly writesEnd: boolean;
  readonly writesPackets: boolean;
  readonly writesBytes: boolean;
  readonly writesIpVersion: boolean;
  /** True where IPv4 rows are those that no IPv6 operation took. */
  readonly mixedFamilies: boolean;
  /** True where a sysUpTime is the start or the end, and the record does not tell when the system started. */
  readonly uptimeStart: boolean;
  readonly uptimeEnd: boolean;
  /** Neither start nor end is told, so both are the arrival and need no check. */
  readonly timesUnknown: boolean;
  /** An operation checks the times, or counts records without content, itself. */
  readonly timesChecked: boolean;
  readonly emptyCounted: boolean;
  /** The template has no ICMP element, but a protocol and a destination port, which then tells type and code. */
  readonly icmpFromPort: boolean;
  readonly fragmentKnown: boolean;
}

/** Offset of the reverse elements in the keys below. */
const REVERSE = 0x10000;

/** Elements that a column takes, the preferred first; the operation, the bit of the column, lengths that are possible. */
interface Rule {
  readonly op: number;
  readonly bit: number;
  readonly keys: readonly number[];
  readonly lengthMin: number;
  readonly lengthMax: number;
}

const rule = (op: number, bit: number, keys: readonly number[], lengthMin = 1, lengthMax = 8): Rule => ({
  op,
  bit,
  keys,
  lengthMin,
  lengthMax,
});

/** IANA elements by column; numbers as in https://www.iana.org/assignments/ipfix. */
const RULES: readonly Rule[] = [
  rule(OP_PROTO, HAS.proto, [4]),
  rule(OP_SRC_PORT, HAS.srcPort, [7, 180, 182]),
  rule(OP_DST_PORT, HAS.dstPort, [11, 181, 183]),
  rule(OP_TCP_FLAGS, HAS.tcpFlags, [6]),
  rule(OP_TTL, HAS.ttl, [192, 52]),
  rule(OP_TOS, HAS.tos, [5]),
  rule(OP_VLAN, HAS.vlan, [58, 243]),
  rule(OP_ETHER_TYPE, HAS.etherType, [256]),
  rule(OP_IN_IF, HAS.inIf, [10, 252]),
  rule(OP_OUT_IF, HAS.outIf, [14, 253]),
  rule(OP_SRC_AS, HAS.srcAs, [16]),
  rule(OP_DST_AS, HAS.dstAs, [17]),
  rule(OP_DIRECTION, HAS.flowDirection, [61]),
  rule(OP_PACKETS, 0, [2, 86, 298]),
  rule(OP_BYTES, 0, [1, 85, 231, 352, 353]),
  rule(OP_REVERSE_PACKETS, HAS.reversePackets, [REVERSE + 2, REVERSE + 86, 299]),
  rule(OP_REVERSE_BYTES, HAS.reverseBytes, [REVERSE + 1, REVERSE + 85, 232]),
];
const SRC_V4 = rule(OP_SRC_V4, HAS.srcAddr, [8, 44], 4, 4);
const DST_V4 = rule(OP_DST_V4, HAS.dstAddr, [12, 45], 4, 4);
const SRC_V6 = rule(OP_SRC_V6, HAS.srcAddr, [27, 170], 16, 16);
const DST_V6 = rule(OP_DST_V6, HAS.dstAddr, [28, 169], 16, 16);
const PACKETS_OUT = rule(OP_PACKETS_OUT, 0, [24, 172]);
const BYTES_OUT = rule(OP_BYTES_OUT, 0, [23, 171]);

/** Ways to tell a time, the most exact first. */
const STARTS: readonly Rule[] = [
  rule(OP_START_MS, 0, [152]),
  rule(OP_START_NTP, 0, [154, 156], 8, 8),
  rule(OP_START_UPTIME, 0, [22], 1, 4),
  rule(OP_START_SECONDS, 0, [150]),
  rule(OP_START_DELTA_US, 0, [158]),
];
const ENDS: readonly Rule[] = [
  rule(OP_END_MS, 0, [153]),
  rule(OP_END_NTP, 0, [155, 157], 8, 8),
  rule(OP_END_UPTIME, 0, [21], 1, 4),
  rule(OP_END_SECONDS, 0, [151]),
  rule(OP_END_DELTA_US, 0, [159]),
  // Firewall events tell when they were observed (NSEL), which is the end of what they report.
  rule(OP_END_MS, 0, [323]),
  rule(OP_END_NTP, 0, [324, 325], 8, 8),
  rule(OP_END_SECONDS, 0, [322]),
];

/** Collects operations while one template is compiled. */
class PlanBuilder {
  readonly #fields: Int32Array;
  readonly #fieldCount: number;
  /** Each an operation, its length, and its places. */
  ops: number[][] = [];
  present = 0;

  constructor(fields: Int32Array, fieldCount: number) {
    this.#fields = fields;
    this.#fieldCount = fieldCount;
  }

  /** Adds the operation for the first element of the rule that the template has in a possible length. */
  add(wanted: Rule, op = wanted.op): boolean {
    for (const key of wanted.keys) {
      let segment = 0;
      let offset = 0;
      for (let field = 0; field < this.#fieldCount; field++) {
        const length = this.#fields[FIELD_INTS * field + 1];
        if (this.#keyOf(field) === key && length >= wanted.lengthMin && length <= wanted.lengthMax) {
          this.ops.push([op, length, segment, offset]);
          this.present |= wanted.bit;
          return true;
        }
        if (length === VARIABLE_LENGTH) {
          segment++;
          offset = 0;
        } else offset += length;
      }
    }
    return false;
  }

  /** Bytes of each segment that a field of variable length ends. */
  segments(): number[] {
    const segments: number[] = [];
    let bytes = 0;
    for (let field = 0; field < this.#fieldCount; field++) {
      const length = this.#fields[FIELD_INTS * field + 1];
      if (length === VARIABLE_LENGTH) {
        segments.push(bytes);
        bytes = 0;
      } else bytes += length;
    }
    return segments;
  }

  /** Joins operations into one where the template has all of them, in lengths that are possible. */
  fuse(op: number, parts: readonly number[], lengths: readonly number[]): boolean {
    const found = parts.map((part) => this.ops.findIndex((entry) => entry[0] === part));
    if (found.some((at) => at < 0)) return false;
    const length = this.ops[found[0]][1];
    if (!lengths.includes(length) || found.some((at) => this.ops[at][1] !== length)) return false;
    const joined = [op, length, ...found.flatMap((at) => this.ops[at].slice(2, 4))];
    const first = Math.min(...found);
    this.ops[first] = joined;
    this.ops = this.ops.filter((_, at) => at === first || !found.includes(at));
    return true;
  }

  hasOp(op: number): boolean {
    return this.ops.some((entry) => entry[0] === op);
  }

  addElement(op: number, element: number, bit = 0): boolean {
    return this.add(rule(op, bit, [element]));
  }

  /** True where the template has the element as a number. */
  has(element: number): boolean {
    for (let field = 0; field < this.#fieldCount; field++) {
      const length = this.#fields[FIELD_INTS * field + 1];
      if (this.#keyOf(field) === element && length >= 1 && length <= 8) return true;
    }
    return false;
  }

  /** Adds an operation that reads columns only. */
  addBare(op: number): void {
    this.ops.push([op, 0]);
  }

  #keyOf(field: number): number {
    const pen = this.#fields[FIELD_INTS * field + 2];
    const id = this.#fields[FIELD_INTS * field];
    return pen === 0 ? id : pen === REVERSE_PEN ? REVERSE + id : -1;
  }
}

/** Compiles the fields of a template of flow records. Elements without a column are passed over. */
export function compilePlan(fields: Int32Array, fieldCount: number): Plan {
  const builder = new PlanBuilder(fields, fieldCount);
  const family = addAddresses(builder);
  for (const wanted of RULES) builder.add(wanted);
  builder.add(PACKETS_OUT);
  builder.add(BYTES_OUT, builder.hasOp(OP_DIRECTION) ? OP_BYTES_OUT : OP_BYTES_OUT_DIRECTION);
  const fragmentKnown = addFragment(builder);
  const icmpKnown = addIcmp(builder);
  const times = addTimes(builder);
  addSampling(builder);
  const told = {
    writesPackets: builder.hasOp(OP_PACKETS),
    writesBytes: builder.hasOp(OP_BYTES),
    icmpFromPort: !icmpKnown && builder.hasOp(OP_PROTO) && builder.hasOp(OP_DST_PORT),
  };
  const fused = fuseAll(builder);
  return {
    ops: flat(builder.ops),
    segments: Int32Array.from(builder.segments()),
    present: builder.present,
    ...family,
    ...times,
    ...told,
    ...fused,
    fragmentKnown,
  };
}

function flat(entries: readonly (readonly number[])[]): Int32Array {
  const ops = new Int32Array(entries.length * OP_INTS);
  entries.forEach((entry, index) => {
    ops.set(entry, index * OP_INTS);
  });
  return ops;
}

function fuseAll(builder: PlanBuilder): Pick<Plan, 'timesChecked' | 'emptyCounted'> {
  // What corrects counters or times later needs them unchecked.
  const corrected =
    builder.hasOp(OP_PACKETS_OUT) || builder.hasOp(OP_BYTES_OUT_DIRECTION) || builder.hasOp(OP_BYTES_OUT);
  builder.fuse(OP_ADDRESSES_V4, [OP_SRC_V4, OP_DST_V4], [4]);
  builder.fuse(OP_PORTS, [OP_SRC_PORT, OP_DST_PORT], [2]);
  builder.fuse(OP_INTERFACES, [OP_IN_IF, OP_OUT_IF], [2, 4]);
  builder.fuse(OP_SYSTEMS, [OP_SRC_AS, OP_DST_AS], [2, 4]);
  builder.fuse(OP_PROTO_FLAGS_TOS, [OP_PROTO, OP_TCP_FLAGS, OP_TOS], [1]);
  const timesChecked =
    builder.fuse(OP_TIMES_UPTIME, [OP_START_UPTIME, OP_END_UPTIME], [4]) ||
    builder.fuse(OP_TIMES_MS, [OP_START_MS, OP_END_MS], [8]);
  const emptyCounted = !corrected && builder.fuse(OP_COUNTERS, [OP_PACKETS, OP_BYTES], [4, 8]);
  return { timesChecked, emptyCounted };
}

function addAddresses(builder: PlanBuilder): Pick<Plan, 'ipVersion' | 'mixedFamilies' | 'writesIpVersion'> {
  const src4 = builder.add(SRC_V4);
  const dst4 = builder.add(DST_V4);
  const hasV4 = src4 || dst4;
  const probe6 = builder.ops.length;
  const src6 = builder.add(SRC_V6, src4 ? OP_SRC_V6_OVER : OP_SRC_V6);
  const dst6 = builder.add(DST_V6, dst4 ? OP_DST_V6_OVER : OP_DST_V6);
  if (hasV4 !== (src6 || dst6)) return { ipVersion: hasV4 ? 4 : 6, mixedFamilies: false, writesIpVersion: false };
  // Both families or none: the element ipVersion decides before the IPv6 operations look at it.
  const six = builder.ops.splice(probe6);
  const told = builder.addElement(OP_IP_VERSION, 60);
  builder.ops.push(...six);
  return { ipVersion: 0, mixedFamilies: hasV4, writesIpVersion: told };
}

function addFragment(builder: PlanBuilder): boolean {
  const offset = builder.addElement(OP_FRAGMENT_OFFSET, 88, HAS.fragment);
  const flags = builder.addElement(OP_FRAGMENT_FLAGS, 197, HAS.fragment);
  return offset || flags;
}

function addIcmp(builder: PlanBuilder): boolean {
  const before = builder.ops.length;
  builder.addElement(OP_ICMP_TYPE_CODE, 32);
  builder.addElement(OP_ICMP_TYPE, 176);
  builder.addElement(OP_ICMP_CODE, 177);
  builder.addElement(OP_ICMP6_TYPE_CODE, 139);
  builder.addElement(OP_ICMP6_TYPE, 178);
  builder.addElement(OP_ICMP6_CODE, 179);
  return builder.ops.length > before;
}

/** The rate that a record tells itself; a sampler known by its id is the least exact of them. */
function addSampling(builder: PlanBuilder): void {
  builder.add(rule(OP_SAMPLER, 0, [48, 302]));
  if (builder.add(rule(OP_RATE, 0, [34, 50]))) return;
  if (builder.has(306) && builder.addElement(OP_RATE_TAKEN, 305)) builder.addElement(OP_RATE_SPACE, 306);
  else if (builder.addElement(OP_RATE, 305)) return;
  else if (builder.has(310) && builder.addElement(OP_RATE_TAKEN, 309)) builder.addElement(OP_RATE_POPULATION, 310);
  else builder.add(rule(OP_RATE_PROBABILITY, 0, [311], 8, 8));
}

type Times = Pick<Plan, 'writesStart' | 'writesEnd' | 'uptimeStart' | 'uptimeEnd' | 'timesUnknown'>;

function addTimes(builder: PlanBuilder): Times {
  const init = builder.has(160);
  const start = STARTS.find((wanted) => builder.add(wanted, opFrom(init, wanted.op)))?.op;
  const end = ENDS.find((wanted) => builder.add(wanted, opFrom(init, wanted.op)))?.op;
  const initStart = start === OP_START_UPTIME && builder.addElement(OP_START_INIT, 160);
  const initEnd = end === OP_END_UPTIME && builder.addElement(OP_END_INIT, 160);
  let duration = false;
  if (start !== undefined && end === undefined) {
    duration = builder.addElement(OP_END_AFTER_MS, 161) || builder.addElement(OP_END_AFTER_US, 162);
    if (!duration) builder.addBare(OP_END_FROM_START);
  } else if (start === undefined) {
    duration = builder.addElement(OP_START_BEFORE_MS, 161) || builder.addElement(OP_START_BEFORE_US, 162);
    if (!duration && end !== undefined) builder.addBare(OP_START_FROM_END);
  }
  return {
    writesStart: start !== undefined,
    writesEnd: end !== undefined,
    uptimeStart: start === OP_START_UPTIME && !initStart,
    uptimeEnd: end === OP_END_UPTIME && !initEnd,
    timesUnknown: start === undefined && end === undefined && !duration,
  };
}

function opFrom(init: boolean, op: number): number {
  if (!init) return op;
  return op === OP_START_UPTIME ? OP_START_RAW : op === OP_END_UPTIME ? OP_END_RAW : op;
}
