import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  authentication,
  bytesOf,
  destinationOptions,
  type Extension,
  ethernet,
  fragmentHeader,
  geneve,
  gre,
  gtpUser,
  hopByHop,
  icmp,
  ipv4,
  ipv6,
  mpls,
  pppoe,
  tcp,
  udp,
  uint,
  vxlan,
} from '../../test/support/encode-packet.ts';
import { formatAddress } from '../base/ip.ts';
import { createFlowBatch, type FlowBatch } from '../model/flow-batch.ts';
import {
  COLUMN_NAMES,
  FLOW_COLUMNS,
  FRAGMENT_FIRST,
  FRAGMENT_LATER,
  FRAGMENT_NONE,
  HAS,
  LAYER_INNER,
  LAYER_QUOTED,
  NO_EXPORTER,
} from '../model/flow-columns.ts';
import { Rejections } from '../model/rejection.ts';
import { PACKET_ROWS_MAX, PacketDecoder } from './packet.ts';
import { EXTENSION_HEADERS_MAX } from './packet-extension.ts';

type Row = Record<string, number | string>;

const TIME_MS = 1_700_000_000_000.25;

/** All columns of a row that are set. */
function rowOf(batch: FlowBatch, row: number): Row {
  const fields: Row = {};
  for (const name of COLUMN_NAMES) {
    const spec = FLOW_COLUMNS[name];
    if (spec.optional && (batch.present[row] & HAS[name as keyof typeof HAS]) === 0) continue;
    fields[name] = spec.kind === 'addr' ? formatAddress(batch[name] as Uint32Array, 4 * row) : batch[name][row];
  }
  return fields;
}

interface Decoded {
  readonly rows: Row[];
  readonly rejected: Record<string, number>;
  readonly decoder: PacketDecoder;
}

function decode(packet: Uint8Array, linkType = 1, wireLength = packet.length): Decoded {
  const rejections = new Rejections();
  const decoder = new PacketDecoder(rejections);
  const batch = createFlowBatch(16);
  // What an earlier row left behind must not shine through.
  for (const name of COLUMN_NAMES) batch[name].fill(0xee);
  batch.present.fill(0xffffffff);
  const framed = bytesOf(new Uint8Array(3).fill(0x45), packet, new Uint8Array(64).fill(0x66));
  batch.length = 2;
  const count = decoder.decode(framed, 3, packet.length, wireLength, linkType, TIME_MS, batch);
  assert.equal(batch.length, 2 + count);
  const rows = Array.from({ length: count }, (_, at) => rowOf(batch, 2 + at));
  return { rows, rejected: rejections.toRecord(), decoder };
}

/** The rows without the columns that every packet has alike. */
function short(decoded: Decoded): Row[] {
  return decoded.rows.map((row) => {
    const { observedMs, startMs, endMs, exporter, observationDomain, samplingRate, packets, ...rest } = row;
    assert.deepEqual(
      [observedMs, startMs, endMs, exporter, observationDomain, samplingRate, packets],
      [TIME_MS, TIME_MS, TIME_MS, NO_EXPORTER, 0, 1, 1],
    );
    return rest;
  });
}

const V4 = { src: '192.0.2.1', dst: '198.51.100.7' };
const V6 = { src: '2001:db8::1', dst: '2001:db8::2' };
const IPV4 = 0x0800;
const IPV6 = 0x86dd;

const SYN = 2;
const tcpPacket = ipv4({ ...V4, proto: 6, ttl: 57, tos: 8 }, tcp(40000, 443, SYN));
const tcpRow = {
  ipVersion: 4,
  srcAddr: V4.src,
  dstAddr: V4.dst,
  proto: 6,
  srcPort: 40000,
  dstPort: 443,
  tcpFlags: SYN,
  fragment: FRAGMENT_NONE,
  ttl: 57,
  tos: 8,
};
const outer = { layer: 0, bytes: 100, etherType: IPV4 };

describe('IPv4', () => {
  test('TCP over Ethernet, padded and with a length on the wire of its own', () => {
    const frame = bytesOf(ethernet(IPV4, tcpPacket), new Uint8Array(6));
    const decoded = decode(frame, 1, 100);
    assert.deepEqual(short(decoded), [{ ...outer, ...tcpRow }]);
    assert.deepEqual(decoded.rejected, {});
    assert.equal(decoded.decoder.networkOffset, 3 + 14);
    assert.equal(decoded.decoder.udpPayloadOffset, -1);
  });

  test('UDP tells where its payload lies, without the padding behind it', () => {
    const payload = Uint8Array.of(1, 2, 3, 4, 5);
    const frame = bytesOf(ethernet(IPV4, ipv4({ ...V4, proto: 17 }, udp(5000, 2055, payload))), new Uint8Array(13));
    const { decoder, rows } = decode(frame);
    assert.deepEqual([decoder.udpPayloadOffset, decoder.udpPayloadLength, decoder.udpRow], [3 + 42, 5, 2]);
    assert.deepEqual([rows[0].srcPort, rows[0].dstPort, rows[0].tcpFlags], [5000, 2055, undefined]);
  });

  test('the short way for usual packets and the long way give the same row', () => {
    const packets = fc.oneof(
      fc.tuple(fc.nat(65535), fc.nat(65535), fc.nat(511)).map(([src, dst, flags]) => ({
        proto: 6,
        payload: tcp(src, dst, flags),
      })),
      fc
        .tuple(fc.nat(65535), fc.nat(65535), fc.uint8Array({ maxLength: 40 }))
        .map(([src, dst, payload]) => ({ proto: 17, payload: udp(src, dst, payload) })),
    );
    const address = fc.ipV4();
    fc.assert(
      fc.property(
        packets,
        address,
        address,
        fc.nat(255),
        fc.nat(255),
        fc.nat(60),
        (upper, src, dst, ttl, tos, snap) => {
          const header = { src, dst, ttl, tos, proto: upper.proto };
          const length = 34 + upper.payload.length;
          // The snap length may cut the transport header and what is behind it.
          const usual = decode(ethernet(IPV4, ipv4(header, upper.payload)).slice(0, 34 + snap), 1, length);
          const options = decode(
            ethernet(IPV4, ipv4({ ...header, options: Uint8Array.of(1, 1, 1, 0) }, upper.payload)).slice(0, 38 + snap),
            1,
            length,
          );
          const tunnel = [2152, 4789, 4790, 6081, 8472].includes(Number(usual.rows[0].dstPort));
          if (!tunnel) assert.deepEqual(usual.rows, options.rows);
          assert.equal(usual.rows[0].srcAddr, src);
          assert.equal(usual.rows[0].dstAddr, dst);
          assert.equal(usual.decoder.udpPayloadLength, options.decoder.udpPayloadLength);
          assert.deepEqual(usual.rejected, options.rejected);
        },
      ),
    );
  });

  test('fragments: only the first has ports', () => {
    const first = decode(ethernet(IPV4, ipv4({ ...V4, proto: 17, moreFragments: true }, udp(53, 4444))));
    assert.equal(first.rows[0].fragment, FRAGMENT_FIRST);
    assert.equal(first.rows[0].srcPort, 53);
    const later = decode(ethernet(IPV4, ipv4({ ...V4, proto: 17, fragmentOffset: 1480 }, udp(53, 4444))));
    assert.equal(later.rows[0].fragment, FRAGMENT_LATER);
    assert.equal(later.rows[0].srcPort, undefined);
    assert.equal(later.decoder.udpPayloadOffset, -1);
  });

  test('a total length of 0, as segmentation offload leaves it, counts as what was captured', () => {
    const packet = Uint8Array.from(tcpPacket);
    packet.set([0, 0], 2);
    assert.deepEqual(short(decode(ethernet(IPV4, packet), 1, 100)), [{ ...outer, ...tcpRow }]);
  });

  test('headers that contradict themselves are counted', () => {
    const changed = (at: number, value: number): Uint8Array => {
      const packet = Uint8Array.from(tcpPacket);
      packet[at] = value;
      return ethernet(IPV4, packet);
    };
    for (const bad of [changed(0, 0x44), changed(0, 0x65)]) {
      const decoded = decode(bad);
      assert.deepEqual(decoded.rejected, { 'packet-header-invalid': 1 });
      assert.equal(decoded.rows[0].ipVersion, 0);
    }
    // The addresses of one with an impossible total length can still be counted.
    const decoded = decode(changed(3, 19));
    assert.deepEqual(decoded.rejected, { 'packet-header-invalid': 1 });
    assert.deepEqual([decoded.rows[0].dstAddr, decoded.rows[0].dstPort], [V4.dst, undefined]);
  });

  test('what was captured is used as far as it goes', () => {
    const frame = ethernet(IPV4, tcpPacket);
    const at = (length: number): Decoded => decode(frame.subarray(0, length));
    assert.deepEqual([at(0).rows[0].ipVersion, at(0).rejected], [0, { 'packet-truncated': 1 }]);
    assert.equal(at(33).rows[0].ipVersion, 0);
    assert.equal(at(37).rows[0].srcPort, undefined);
    assert.deepEqual([at(38).rows[0].dstPort, at(38).rows[0].tcpFlags], [443, undefined]);
    assert.equal(at(48).rows[0].tcpFlags, SYN);
    for (let length = 0; length < 48; length++) assert.deepEqual(at(length).rejected, { 'packet-truncated': 1 });
    assert.deepEqual(at(48).rejected, {});
  });
});

describe('IPv6', () => {
  const syn = tcp(1, 2, SYN);
  const chain = (extensions: readonly Extension[], proto = 6, payload = syn): Row =>
    decode(ethernet(IPV6, ipv6({ ...V6, proto, tos: 0xb8, ttl: 3 }, payload, extensions))).rows[0];

  test('plain', () => {
    const decoded = decode(ethernet(IPV6, ipv6({ ...V6, proto: 6, tos: 0xb8, ttl: 3 }, syn)));
    assert.deepEqual(short(decoded), [
      {
        layer: 0,
        bytes: 74,
        etherType: IPV6,
        ipVersion: 6,
        srcAddr: V6.src,
        dstAddr: V6.dst,
        proto: 6,
        srcPort: 1,
        dstPort: 2,
        tcpFlags: SYN,
        fragment: FRAGMENT_NONE,
        ttl: 3,
        tos: 0xb8,
      },
    ]);
  });

  test('extension headers are passed and counted', () => {
    const row = chain([hopByHop, destinationOptions, authentication]);
    assert.deepEqual([row.proto, row.dstPort, row.extHeaders], [6, 2, 3]);
    const ping = chain([authentication], 58, icmp(128, 0));
    assert.deepEqual([ping.proto, ping.icmpType, ping.extHeaders], [58, 128, 1]);
  });

  test('a chain that reaches no upper layer keeps the extension header it ended at', () => {
    const bound = Array.from({ length: EXTENSION_HEADERS_MAX }, () => destinationOptions);
    assert.deepEqual([chain(bound).proto, chain(bound).extHeaders], [6, EXTENSION_HEADERS_MAX]);
    const long = decode(ethernet(IPV6, ipv6({ ...V6, proto: 6 }, syn, [...bound, destinationOptions])));
    assert.deepEqual([long.rows[0].proto, long.rows[0].extHeaders], [60, EXTENSION_HEADERS_MAX]);
    assert.deepEqual(long.rejected, { 'packet-too-deep': 1 });
    const lying = decode(
      ethernet(IPV6, ipv6({ ...V6, proto: 6 }, syn, [{ proto: 60, body: bytesOf(255, 0, 0, 0, 0, 0, 0) }])),
    );
    assert.equal(lying.rows[0].proto, 60);
    assert.deepEqual(lying.rejected, { 'packet-truncated': 1 });
  });

  test('fragments, and the atomic fragment that is none', () => {
    assert.equal(chain([fragmentHeader(0, true)]).fragment, FRAGMENT_FIRST);
    assert.equal(chain([fragmentHeader(0, true)]).dstPort, 2);
    assert.equal(chain([fragmentHeader(1232, false)]).fragment, FRAGMENT_LATER);
    assert.equal(chain([fragmentHeader(1232, false)]).dstPort, undefined);
    assert.equal(chain([fragmentHeader(1232, false)]).proto, 6);
    assert.equal(chain([fragmentHeader(0, false)]).fragment, FRAGMENT_NONE);
  });

  test('no next header is an upper layer of its own', () => {
    assert.equal(chain([hopByHop], 59, new Uint8Array(0)).proto, 59);
  });
});

describe('link layers', () => {
  const reached = (packet: Uint8Array, linkType: number): void => {
    const decoded = decode(packet, linkType);
    assert.deepEqual(decoded.rejected, {});
    assert.deepEqual([decoded.rows.length, decoded.rows[0].dstPort], [1, 443]);
  };
  const six = ipv6({ ...V6, proto: 6 }, tcp(1, 443, SYN));

  test('VLAN tags: the outermost id, and the type behind them', () => {
    const one = decode(ethernet(IPV4, tcpPacket, [100]));
    assert.deepEqual([one.rows[0].vlan, one.rows[0].etherType, one.rows[0].dstPort], [100, IPV4, 443]);
    const two = decode(ethernet(IPV4, tcpPacket, [200, 7]));
    assert.deepEqual([two.rows[0].vlan, two.rows[0].etherType, two.rows[0].dstPort], [200, IPV4, 443]);
    const deep = decode(
      ethernet(
        IPV4,
        tcpPacket,
        Array.from({ length: 20 }, () => 9),
      ),
    );
    assert.deepEqual([deep.rows[0].ipVersion, deep.rejected], [0, { 'packet-too-deep': 1 }]);
  });

  test('MPLS, PPPoE and PPP', () => {
    reached(ethernet(0x8847, mpls([16, 17, 18], tcpPacket)), 1);
    reached(ethernet(0x8847, mpls([16], bytesOf(0, 0, 0, 0, ethernet(IPV4, tcpPacket)))), 1);
    reached(ethernet(0x8864, pppoe(0x21, tcpPacket)), 1);
    reached(ethernet(0x8864, pppoe(0x57, six)), 1);
    reached(bytesOf(0xff, 3, 0, 0x21, tcpPacket), 9);
    reached(bytesOf(0x21, tcpPacket), 9);
    reached(mpls([16], six), 219);
  });

  test('Linux cooked, raw IP, null and loop, NFLOG, Cisco HDLC', () => {
    reached(bytesOf(new Uint8Array(14), uint(IPV4, 2), tcpPacket), 113);
    reached(bytesOf(uint(IPV6, 2), new Uint8Array(18), six), 276);
    for (const raw of [12, 14, 101]) reached(six, raw);
    reached(tcpPacket, 228);
    reached(six, 229);
    for (const little of [true, false]) {
      reached(bytesOf(uint(2, 4, little), tcpPacket), 0);
      for (const family of [10, 24, 28, 30]) reached(bytesOf(uint(family, 4, little), six), 0);
      const attribute = (type: number, value: Uint8Array): Uint8Array =>
        bytesOf(uint(4 + value.length, 2, little), uint(type, 2, little), value, new Uint8Array(-value.length & 3));
      reached(bytesOf(2, 0, 0, 0, attribute(1, bytesOf(1, 2, 3, 4, 5)), attribute(9, tcpPacket)), 239);
    }
    reached(bytesOf(0x0f, 0, uint(IPV4, 2), tcpPacket), 104);
  });

  test('IEEE 802.3: with SNAP it may be IP, else it is a row without IP', () => {
    reached(ethernet(48, bytesOf(0xaa, 0xaa, 3, 0, 0, 0, uint(IPV4, 2), tcpPacket)), 1);
    assert.deepEqual(short(decode(ethernet(38, bytesOf(0x42, 0x42, 3, new Uint8Array(35))), 1, 52)), [
      { layer: 0, ipVersion: 0, bytes: 52 },
    ]);
  });

  test('what is not IP is a row with its EtherType; an unknown link type is counted', () => {
    assert.deepEqual(short(decode(ethernet(0x0806, new Uint8Array(28)))), [
      { layer: 0, ipVersion: 0, bytes: 42, etherType: 0x0806 },
    ]);
    const unknown = decode(tcpPacket, 147);
    assert.deepEqual(short(unknown), [{ layer: 0, ipVersion: 0, bytes: tcpPacket.length }]);
    assert.deepEqual(unknown.rejected, { 'packet-link-unknown': 1 });
  });
});

describe('inside', () => {
  const inner = { layer: LAYER_INNER, ...tcpRow, bytes: tcpPacket.length };
  const carried = (proto: number, payload: Uint8Array): Row[] =>
    short(decode(ethernet(IPV4, ipv4({ ...V4, proto }, payload))));

  test('IPIP, 6in4, 4in6', () => {
    assert.deepEqual(carried(4, tcpPacket)[1], inner);
    const six = carried(41, ipv6({ ...V6, proto: 17 }, udp(1, 2)))[1];
    assert.deepEqual([six.layer, six.ipVersion, six.dstAddr, six.bytes], [LAYER_INNER, 6, V6.dst, 48]);
    const four = decode(ethernet(IPV6, ipv6({ ...V6, proto: 4 }, tcpPacket)));
    assert.deepEqual(short(four)[1], inner);
  });

  test('GRE with any of its optional fields, bridged Ethernet, ERSPAN I, II and III, PPTP', () => {
    const typed = { ...inner, etherType: IPV4 };
    for (const flags of [0, 0x8000, 0x2000, 0x1000, 0xb000]) {
      assert.deepEqual(carried(47, gre(IPV4, tcpPacket, flags))[1], typed);
    }
    const frame = ethernet(IPV4, tcpPacket, [5]);
    const tagged = { ...typed, vlan: 5 };
    assert.deepEqual(carried(47, gre(0x6558, frame))[1].dstPort, 443);
    assert.deepEqual(carried(47, gre(0x88be, frame))[1], tagged);
    assert.deepEqual(carried(47, gre(0x88be, bytesOf(new Uint8Array(8), frame), 0x1000))[1], tagged);
    assert.deepEqual(carried(47, gre(0x22eb, bytesOf(new Uint8Array(12), frame), 0x1000))[1], tagged);
    const pptp = bytesOf(uint(0x3081, 2), uint(0x880b, 2), new Uint8Array(12), 0xff, 3, 0, 0x21, tcpPacket);
    assert.equal(carried(47, pptp)[1].dstPort, 443);
  });

  test('VXLAN, GENEVE and GTP-U by their ports', () => {
    const frame = ethernet(IPV4, tcpPacket);
    const over = (port: number, payload: Uint8Array): Row[] => carried(17, udp(9999, port, payload));
    for (const port of [4789, 8472]) assert.deepEqual(over(port, vxlan(frame))[1], { ...inner, etherType: IPV4 });
    assert.deepEqual(over(6081, geneve(0x6558, frame, new Uint8Array(8)))[1].dstPort, 443);
    assert.deepEqual(over(2152, gtpUser(tcpPacket))[1], inner);
    assert.equal(over(4788, vxlan(frame)).length, 1);
    assert.equal(over(4789, new Uint8Array(40)).length, 1);
  });

  test('an ICMP error quotes the packet that caused it, cut as it is', () => {
    const quoted = tcpPacket.subarray(0, 28);
    const decoded = decode(ethernet(IPV4, ipv4({ ...V4, proto: 1 }, icmp(3, 1, quoted))));
    const { tcpFlags: _, ...known } = tcpRow;
    assert.deepEqual(short(decoded)[1], { ...known, layer: LAYER_QUOTED, bytes: tcpPacket.length });
    assert.deepEqual(decoded.rejected, {});
    assert.deepEqual([decoded.rows[0].icmpType, decoded.rows[0].icmpCode], [3, 1]);
    const six = decode(ethernet(IPV6, ipv6({ ...V6, proto: 58 }, icmp(1, 0, ipv6({ ...V6, proto: 17 }, udp(7, 8))))));
    assert.deepEqual([six.rows[1].layer, six.rows[1].dstPort], [LAYER_QUOTED, 8]);
    assert.equal(six.decoder.udpPayloadOffset, -1, 'a quoted datagram is no telemetry');
    assert.equal(decode(ethernet(IPV4, ipv4({ ...V4, proto: 1 }, icmp(8, 0, quoted)))).rows.length, 1);
  });

  test('what claims to be IP and is not makes no row', () => {
    const decoded = decode(ethernet(IPV4, ipv4({ ...V4, proto: 47 }, gre(IPV4, new Uint8Array(40)))));
    assert.equal(decoded.rows.length, 1);
    assert.deepEqual(decoded.rejected, { 'packet-header-invalid': 1 });
  });

  test('no more rows than are promised', () => {
    let packet = tcpPacket;
    for (let depth = 1; depth < PACKET_ROWS_MAX; depth++) packet = ipv4({ ...V4, proto: 4 }, packet);
    assert.deepEqual(decode(ethernet(IPV4, packet)).rejected, {});
    assert.equal(decode(ethernet(IPV4, packet)).rows.length, PACKET_ROWS_MAX);
    const deeper = decode(ethernet(IPV4, ipv4({ ...V4, proto: 4 }, packet)));
    assert.equal(deeper.rows.length, PACKET_ROWS_MAX);
    assert.deepEqual(deeper.rejected, { 'packet-too-deep': 1 });
  });
});

describe('any bytes', () => {
  const links = [0, 1, 9, 12, 50, 51, 101, 104, 108, 113, 219, 228, 229, 239, 276, 9999];
  test('never throw, stay within the rows, and read nothing behind the packet', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc
            .tuple(fc.constantFrom(0x45, 0x60), fc.uint8Array({ minLength: 60, maxLength: 160 }))
            .map(([first, rest]) => ethernet(first === 0x45 ? IPV4 : IPV6, bytesOf(first, rest))),
        ),
        fc.constantFrom(...links),
        fc.uint8Array({ minLength: 64, maxLength: 64 }),
        (packet, link, behind) => {
          const run = (tail: Uint8Array): unknown => {
            const rejections = new Rejections();
            const decoder = new PacketDecoder(rejections);
            const batch = createFlowBatch(PACKET_ROWS_MAX);
            const count = decoder.decode(bytesOf(packet, tail), 0, packet.length, 77, link, TIME_MS, batch);
            assert.ok(count >= 1 && count <= PACKET_ROWS_MAX && batch.length === count);
            assert.ok(decoder.udpPayloadOffset < 0 || decoder.udpPayloadLength >= 0);
            assert.ok(decoder.udpPayloadOffset + decoder.udpPayloadLength <= packet.length);
            return [rejections.toRecord(), Array.from({ length: count }, (_, row) => rowOf(batch, row))];
          };
          assert.deepEqual(run(behind), run(new Uint8Array(0)));
        },
      ),
      { numRuns: 3000 },
    );
  });
});
