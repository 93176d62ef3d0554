import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLASS, CLASS_COUNT, icmpClass, REFLECTORS, tcpClass, udpClass } from './traffic-class.ts';

type ClassName = keyof typeof CLASS;
const NAMES = Object.keys(CLASS) as ClassName[];
const nameOf = (value: number): string => NAMES.find((name) => CLASS[name] === value) ?? `unknown ${value}`;

const F = 1;
const S = 2;
const R = 4;
const P = 8;
const A = 16;

test('classes are numbered without gaps and fit a bit mask', () => {
  assert.deepEqual(
    NAMES.map((name) => CLASS[name]).sort((left, right) => left - right),
    Array.from({ length: CLASS_COUNT }, (_, index) => index),
  );
  assert.ok(CLASS_COUNT <= 32);
});

test('a TCP packet is told by its flags and length', () => {
  const cases: readonly [number, number, ClassName][] = [
    [S, 60, 'tcpSyn'],
    [S | 64 | 128, 60, 'tcpSyn'],
    [S | P, 1000, 'tcpSyn'],
    [S | A, 60, 'tcpSynAck'],
    [S | F, 60, 'tcpOdd'],
    [S | R, 60, 'tcpOdd'],
    [S | F | A, 60, 'tcpOdd'],
    [R, 54, 'tcpRst'],
    [R | A, 54, 'tcpRst'],
    [0, 54, 'tcpOdd'],
    [F, 54, 'tcpOdd'],
    [F | P | 32, 54, 'tcpOdd'],
    [P, 54, 'tcpOdd'],
    [F | A, 66, 'tcpFin'],
    [F | A | P, 900, 'tcpFin'],
    [A, 66, 'tcpAck'],
    [A, 100, 'tcpAck'],
    [A, 101, 'tcpData'],
    [A | P, 66, 'tcpData'],
    [A | P, 1514, 'tcpData'],
  ];
  for (const [flags, bytes, want] of cases) {
    assert.equal(nameOf(tcpClass(flags, 40000, 443, 1, bytes)), want, `flags ${flags}, ${bytes} bytes, to a server`);
    assert.equal(nameOf(tcpClass(flags, 443, 40000, 1, bytes)), want, `flags ${flags}, ${bytes} bytes, to a client`);
  }
});

test('a TCP record is told by the OR of its flags, its size and which side the server is on', () => {
  const cases: readonly [string, number, 'server' | 'client', number, number, ClassName][] = [
    ['SYNs without answer', S, 'server', 3, 180, 'tcpSyn'],
    ['SYN with data and no acknowledgement', S | P, 'server', 3, 3000, 'tcpSyn'],
    ['answers to SYNs that were never sent', S | A, 'client', 5, 300, 'tcpSynAck'],
    ['opened and left open', S | A, 'server', 2, 120, 'tcpSessionSmall'],
    ['a whole small connection', S | A | P | F, 'server', 8, 1200, 'tcpSessionSmall'],
    ['at the limit', S | A | P | F, 'server', 16, 4000, 'tcpSessionSmall'],
    ['one packet more', S | A | P | F, 'server', 17, 4000, 'tcpSession'],
    ['one byte more', S | A | P | F, 'server', 16, 4001, 'tcpSession'],
    ['refused after the handshake', S | A | R, 'server', 3, 180, 'tcpSessionSmall'],
    ['the server side of a connection', S | A | P | F, 'client', 12, 14000, 'tcpData'],
    ['resets', R, 'server', 10, 540, 'tcpRst'],
    ['resets with acknowledgements', R | A, 'server', 10, 540, 'tcpRst'],
    ['the end of a connection that was cut', R | A | P, 'server', 10, 9000, 'tcpData'],
    ['no flags at all', 0, 'server', 100, 5400, 'tcpOdd'],
    ['FIN without ACK', F, 'server', 100, 5400, 'tcpOdd'],
    ['acknowledgements without payload', A, 'server', 100, 6600, 'tcpAck'],
    ['at the limit of an acknowledgement', A, 'server', 100, 10000, 'tcpAck'],
    ['beyond it', A, 'server', 100, 10001, 'tcpData'],
    ['pushed scraps', A | P, 'server', 100, 6600, 'tcpData'],
    ['the middle of a download', A | P, 'client', 1000, 1_400_000, 'tcpData'],
  ];
  for (const [about, flags, towards, packets, bytes, want] of cases) {
    const [srcPort, dstPort] = towards === 'server' ? [40000, 443] : [443, 40000];
    assert.equal(nameOf(tcpClass(flags, srcPort, dstPort, packets, bytes)), want, about);
  }
});

test('ECE and CWR change no class', () => {
  for (let flags = 0; flags < 64; flags++) {
    for (const packets of [1, 5]) {
      const plain = tcpClass(flags, 40000, 443, packets, 500);
      assert.equal(tcpClass(flags | 64 | 128, 40000, 443, packets, 500), plain, `flags ${flags}`);
    }
  }
});

test('UDP is told by its ports, and NTP by its length', () => {
  const cases: readonly [string, number, number, number, number, ClassName][] = [
    ['anything', 40000, 40001, 1, 100, 'udp'],
    ['a game', 50000, 3074, 10, 1000, 'udp'],
    ['a question', 40000, 53, 1, 70, 'dnsQuery'],
    ['an answer', 53, 40000, 1, 3000, 'dnsResponse'],
    ['a resolver that asks from port 53, or answers one', 53, 53, 1, 300, 'dnsResponse'],
    ['an ordinary NTP client or server', 123, 40000, 1, 90, 'udpService'],
    ['NTP servers among themselves', 123, 123, 1, 90, 'udpService'],
    ['ten ordinary answers', 123, 40000, 10, 1100, 'udpService'],
    ['monlist', 123, 40000, 1, 482, 'ntpResponse'],
    ['monlist from and to 123', 123, 123, 1, 482, 'ntpResponse'],
    ['many of monlist', 123, 80, 100, 46800, 'ntpResponse'],
    ['a request of NTP', 40000, 123, 1, 90, 'udpService'],
    ['a request of monlist', 80, 123, 1, 90, 'udpService'],
    ['memcached', 11211, 40000, 1, 1428, 'memcachedResponse'],
    ['memcached at a web server', 11211, 80, 1, 1428, 'memcachedResponse'],
    ['a request of memcached', 40000, 11211, 1, 60, 'udpService'],
    ['CLDAP', 389, 40000, 1, 1500, 'cldapResponse'],
    ['CLDAP at port 443', 389, 443, 1, 1500, 'cldapResponse'],
    ['SSDP', 1900, 40000, 1, 350, 'ssdpResponse'],
    ['chargen', 19, 40000, 1, 1000, 'chargenResponse'],
    ['SNMP', 161, 40000, 1, 1500, 'snmpResponse'],
    ['a client that by chance has the port of a service', 3702, 53, 1, 70, 'dnsQuery'],
    ['the same to another service', 27015, 161, 1, 70, 'udpService'],
    ['a QUIC client with the port of a service', 11211, 443, 1, 1300, 'quic'],
    ['QUIC', 40000, 443, 1, 1300, 'quic'],
    ['an answer of QUIC', 443, 40000, 1, 1300, 'quicReply'],
    ['QUIC on both ports', 443, 443, 1, 1300, 'quic'],
    ['DNS at port 443', 53, 443, 1, 3000, 'dnsResponse'],
  ];
  for (const [about, srcPort, dstPort, packets, bytes, want] of cases)
    assert.equal(nameOf(udpClass(srcPort, dstPort, packets, bytes)), want, about);
});

test('every reflector has a response class and a request class', () => {
  const own = new Map<number, ClassName>([
    [19, 'chargenResponse'],
    [53, 'dnsResponse'],
    [123, 'ntpResponse'],
    [161, 'snmpResponse'],
    [389, 'cldapResponse'],
    [1900, 'ssdpResponse'],
    [11211, 'memcachedResponse'],
  ]);
  for (const port of REFLECTORS.keys()) {
    assert.equal(nameOf(udpClass(port, 40000, 1, 1000)), own.get(port) ?? 'reflectorResponse', `from ${port}`);
    assert.equal(nameOf(udpClass(40000, port, 1, 60)), port === 53 ? 'dnsQuery' : 'udpService', `to ${port}`);
  }
});

test('ICMP errors are apart from what is asked or sent', () => {
  for (let type = 0; type < 256; type++) {
    assert.equal(
      nameOf(icmpClass(1, type)),
      [3, 4, 5, 11, 12].includes(type) ? 'icmpError' : 'icmp',
      `ICMP type ${type}`,
    );
    assert.equal(nameOf(icmpClass(58, type)), [1, 2, 3, 4].includes(type) ? 'icmpError' : 'icmp', `ICMPv6 ${type}`);
  }
});

test('peers that talk from the port of a service to the same port are no reflectors', () => {
  for (const port of [500, 1194, 5060]) assert.equal(udpClass(port, port, 1, 200), CLASS.udpService);
  assert.equal(udpClass(5060, 40_000, 1, 200), CLASS.reflectorResponse);
  assert.equal(udpClass(53, 53, 1, 200), CLASS.dnsResponse);
});
