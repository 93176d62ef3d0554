import { type Code, countTo, either, f64, i32, i32x4, Kernel, v128, when } from '../../base/wasm-code.ts';
import { FRAGMENT_LATER, HAS, LAYER_QUOTED } from '../../model/flow-columns.ts';
import {
  ACK_BYTES_MAX,
  CLASS,
  NTP_ORDINARY_BYTES_MAX,
  SESSION_SMALL_BYTES_MAX,
  SESSION_SMALL_PACKETS_MAX,
  SINGLE,
  SMALL,
  THIN,
  TOWARDS_SERVER,
} from '../../model/traffic-class.ts';
import { COUNTED, UNCOUNTED } from '../classify.ts';
import type { IntakeLayout } from '../intake.ts';

/** See `classifyKernel`. */
export type Classify = (from: number, to: number) => number;

/**
 * One row in eight is chosen, by the sum of its ports, which is the same for every exporter that tells of the flow: where the product with
 * `mix`, as a signed integer, is below `limit`. Ports follow each other, or are even: the upper bits of the product are spread all the same.
 */
export const PORTS_CHOSEN = { mix: 0x9e3779b1, limit: -0x80000000 + 0x20000000 } as const;

const TCP = 6;
const UDP = 17;

/**
 * What `classifyRows` does, over the rows of an intake: writes their classes, and 0 where a column is absent. Lists the rows that
 * `PORTS_CHOSEN` chooses, and returns how many.
 */
export function classifyKernel(layout: IntakeLayout): Uint8Array {
  const kernel = new Kernel();
  const row = kernel.param();
  const to = kernel.param();
  const has = kernel.i32();
  const proto = kernel.i32();
  const srcPort = kernel.i32();
  const dstPort = kernel.i32();
  const response = kernel.i32();
  const trafficClass = kernel.i32();
  const packets = kernel.f64();
  const bytes = kernel.f64();
  const chosen = kernel.i32();
  const two = i32.shl(row.get, i32.const(1));
  const eight = i32.shl(row.get, i32.const(3));
  const sixteen = i32.shl(row.get, i32.const(4));
  const is = (value: Code, constant: number): Code => i32.eq(value, i32.const(constant));
  const lacks = (bit: number): Code => i32.eqz(i32.and(has.get, i32.const(bit)));
  const set = (value: number): Code => trafficClass.set(i32.const(value));

  const nothing = i32x4.splat(i32.const(0));
  const clearAbsent = when(i32.ne(i32.and(has.get, i32.const(COUNTED)), i32.const(COUNTED)), [
    when(lacks(HAS.srcAddr), v128.store(sixteen, layout.srcAddr, nothing)),
    when(lacks(HAS.dstAddr), v128.store(sixteen, layout.dstAddr, nothing)),
    when(lacks(HAS.proto), i32.store8(row.get, layout.proto, i32.const(0))),
    when(lacks(HAS.srcPort), i32.store16(two, layout.srcPort, i32.const(0))),
    when(lacks(HAS.dstPort), i32.store16(two, layout.dstPort, i32.const(0))),
  ]);

  const version = i32.load8(row.get, layout.ipVersion);
  const dstFirst = i32.load(sixteen, layout.dstAddr);
  const dstLast = i32.load(sixteen, layout.dstAddr + 12);
  const single = f64.le(packets.get, f64.const(1));
  const thinBytes = either('f64', single, f64.const(ACK_BYTES_MAX), f64.mul(f64.const(ACK_BYTES_MAX), packets.get));
  const small = i32.and(
    f64.le(packets.get, f64.const(SESSION_SMALL_PACKETS_MAX)),
    f64.le(bytes.get, f64.const(SESSION_SMALL_BYTES_MAX)),
  );
  const bit = (condition: Code, place: number): Code => i32.shl(condition, i32.const(place));
  const tcpIndex = [
    i32.and(i32.load16(two, layout.tcpFlags), i32.const(0x3f)),
    bit(i32.shrU(i32.sub(dstPort.get, srcPort.get), i32.const(31)), TOWARDS_SERVER),
    bit(f64.le(bytes.get, thinBytes), THIN),
    bit(small, SMALL),
    bit(single, SINGLE),
  ].reduce((sum, part) => i32.or(sum, part));
  const tcp = when(lacks(HAS.tcpFlags), set(CLASS.tcpSession), trafficClass.set(i32.load8(tcpIndex, layout.tcpClass)));

  const responseOf = (port: Code): Code => i32.load8(port, layout.responseClass);
  const towardsService = when(
    is(dstPort.get, 53),
    set(CLASS.dnsQuery),
    when(responseOf(dstPort.get), set(CLASS.udpService), set(CLASS.udp)),
  );
  const fromUserPort = i32.gtU(srcPort.get, i32.const(1023));
  const samePort = i32.eq(srcPort.get, dstPort.get);
  const isOrdinaryNtp = i32.and(
    is(srcPort.get, 123),
    f64.le(bytes.get, f64.mul(f64.const(NTP_ORDINARY_BYTES_MAX), packets.get)),
  );
  const isPeerOfService = i32.and(is(response.get, CLASS.reflectorResponse), samePort);
  const isClientOfService = i32.and(
    i32.and(i32.eqz(samePort), fromUserPort),
    i32.ne(responseOf(dstPort.get), i32.const(0)),
  );
  const udp = when(
    lacks(HAS.srcPort),
    set(CLASS.udp),
    when(
      response.tee(responseOf(srcPort.get)),
      when(
        i32.or(isOrdinaryNtp, isPeerOfService),
        set(CLASS.udpService),
        when(
          isClientOfService,
          towardsService,
          when(i32.and(is(dstPort.get, 443), fromUserPort), set(CLASS.quic), trafficClass.set(response.get)),
        ),
      ),
      when(is(dstPort.get, 443), set(CLASS.quic), when(is(srcPort.get, 443), set(CLASS.quicReply), towardsService)),
    ),
  );

  const icmpType = kernel.i32();
  const isErrorV4 = i32.or(
    i32.or(is(icmpType.get, 3), is(icmpType.get, 4)),
    i32.or(is(icmpType.get, 5), i32.or(is(icmpType.get, 11), is(icmpType.get, 12))),
  );
  const isErrorV6 = i32.ltU(i32.sub(icmpType.get, i32.const(1)), i32.const(4));
  const icmp = [
    icmpType.set(i32.mul(i32.load8(row.get, layout.icmpType), i32.eqz(lacks(HAS.icmpType)))),
    when(either('i32', is(proto.get, 58), isErrorV6, isErrorV4), set(CLASS.icmpError), set(CLASS.icmp)),
  ];
  const rest = when(
    i32.or(is(proto.get, 1), is(proto.get, 58)),
    icmp,
    when(
      is(proto.get, 47),
      set(CLASS.gre),
      when(i32.or(is(proto.get, 50), is(proto.get, 51)), set(CLASS.esp), set(CLASS.other)),
    ),
  );

  const isLaterFragment = i32.and(
    i32.eqz(lacks(HAS.fragment)),
    is(i32.load8(row.get, layout.fragment), FRAGMENT_LATER),
  );
  const isUncounted = [
    either(
      'i32',
      is(version, 4),
      i32.or(is(i32.shrU(dstLast, i32.const(28)), 14), is(dstLast, -1)),
      i32.or(i32.eqz(version), is(i32.shrU(dstFirst, i32.const(24)), 0xff)),
    ),
    is(i32.load8(row.get, layout.layer), LAYER_QUOTED),
    lacks(HAS.dstAddr),
    i32.eqz(f64.gt(packets.get, f64.const(0))),
  ].reduce((any, each) => i32.or(any, each));

  const mixed = i32.mul(i32.add(srcPort.get, dstPort.get), i32.const(PORTS_CHOSEN.mix));
  const isChosen = i32.ltS(mixed, i32.const(PORTS_CHOSEN.limit));
  return kernel.module([
    countTo(row, to.get, [
      has.set(i32.load(i32.shl(row.get, i32.const(2)), layout.present)),
      clearAbsent,
      packets.set(f64.load(eight, layout.packets)),
      bytes.set(f64.load(eight, layout.bytes)),
      proto.set(i32.load8(row.get, layout.proto)),
      srcPort.set(i32.load16(two, layout.srcPort)),
      dstPort.set(i32.load16(two, layout.dstPort)),
      when(
        isUncounted,
        set(UNCOUNTED),
        when(isLaterFragment, set(CLASS.fragment), when(is(proto.get, TCP), tcp, when(is(proto.get, UDP), udp, rest))),
      ),
      i32.store8(row.get, layout.classes, trafficClass.get),
      i32.store(i32.shl(chosen.get, i32.const(2)), layout.list, row.get),
      chosen.set(i32.add(chosen.get, isChosen)),
    ]),
    chosen.get,
  ]);
}
