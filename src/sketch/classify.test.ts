import assert from 'node:assert/strict';
import { test } from 'node:test';
import { putRow, type RowSpec } from '../../test/support/flow-rows.ts';
import { createFlowBatch } from '../model/flow-batch.ts';
import { FRAGMENT_FIRST, FRAGMENT_LATER, LAYER_INNER, LAYER_QUOTED } from '../model/flow-columns.ts';
import { CLASS } from '../model/traffic-class.ts';
import { classifyRows, UNCOUNTED } from './classify.ts';

const UDP: RowSpec = { src: '198.51.100.1', dst: '192.0.2.1', proto: 17, srcPort: 40000, dstPort: 40001 };
const TCP: RowSpec = { ...UDP, proto: 6, dstPort: 443, tcpFlags: 2 };

const CASES: readonly (readonly [string, RowSpec, number])[] = [
  ['UDP', UDP, CLASS.udp],
  ['UDP of IPv6', { ...UDP, src: '2001:db8::1', dst: '2001:db8::2' }, CLASS.udp],
  ['UDP without ports', { src: '198.51.100.1', dst: '192.0.2.1', proto: 17 }, CLASS.udp],
  ['DNS answer', { ...UDP, srcPort: 53 }, CLASS.dnsResponse],
  ['SYN', TCP, CLASS.tcpSyn],
  ['a whole connection by ORed flags', { ...TCP, tcpFlags: 27, packets: 9, bytes: 1200 }, CLASS.tcpSessionSmall],
  ['a long one', { ...TCP, tcpFlags: 27, packets: 90, bytes: 90_000 }, CLASS.tcpSession],
  [
    'TCP without flags',
    { src: '198.51.100.1', dst: '192.0.2.1', proto: 6, srcPort: 40000, dstPort: 443 },
    CLASS.tcpSession,
  ],
  ['echo request', { src: '198.51.100.1', dst: '192.0.2.1', proto: 1, icmpType: 8 }, CLASS.icmp],
  ['ICMP of an unknown type', { src: '198.51.100.1', dst: '192.0.2.1', proto: 1 }, CLASS.icmp],
  ['unreachable', { src: '198.51.100.1', dst: '192.0.2.1', proto: 1, icmpType: 3 }, CLASS.icmpError],
  ['packet too big', { src: '2001:db8::1', dst: '2001:db8::2', proto: 58, icmpType: 2 }, CLASS.icmpError],
  ['GRE', { src: '198.51.100.1', dst: '192.0.2.1', proto: 47 }, CLASS.gre],
  ['ESP', { src: '198.51.100.1', dst: '192.0.2.1', proto: 50 }, CLASS.esp],
  ['AH', { src: '198.51.100.1', dst: '192.0.2.1', proto: 51 }, CLASS.esp],
  ['SCTP', { src: '198.51.100.1', dst: '192.0.2.1', proto: 132 }, CLASS.other],
  ['no protocol told', { src: '198.51.100.1', dst: '192.0.2.1' }, CLASS.other],
  ['no source told', { dst: '192.0.2.1', proto: 17, srcPort: 53, dstPort: 4000 }, CLASS.dnsResponse],
  ['a first fragment has its ports', { ...UDP, srcPort: 53, fragment: FRAGMENT_FIRST }, CLASS.dnsResponse],
  ['a later fragment', { ...UDP, srcPort: 53, fragment: FRAGMENT_LATER }, CLASS.fragment],
  ['a later fragment of TCP', { src: '2001:db8::1', dst: '2001:db8::2', proto: 6, fragment: 2 }, CLASS.fragment],
  ['inside a tunnel', { ...UDP, layer: LAYER_INNER }, CLASS.udp],
  ['quoted in an ICMP error', { ...UDP, layer: LAYER_QUOTED }, UNCOUNTED],
  ['multicast', { ...UDP, dst: '224.0.0.251' }, UNCOUNTED],
  ['multicast, the last', { ...UDP, dst: '239.255.255.255' }, UNCOUNTED],
  ['reserved, no multicast', { ...UDP, dst: '240.0.0.1' }, CLASS.udp],
  ['below multicast', { ...UDP, dst: '223.255.255.255' }, CLASS.udp],
  ['broadcast', { ...UDP, dst: '255.255.255.255' }, UNCOUNTED],
  ['multicast of IPv6', { ...UDP, src: 'fe80::1', dst: 'ff02::fb' }, UNCOUNTED],
  ['unique local of IPv6', { ...UDP, src: 'fe80::1', dst: 'fd00::1' }, CLASS.udp],
  ['no IP', {}, UNCOUNTED],
  ['no packets', { ...UDP, packets: 0 }, UNCOUNTED],
  ['packets that are no number', { ...UDP, packets: Number.NaN }, UNCOUNTED],
  ['no destination told', { src: '198.51.100.1', proto: 17, srcPort: 53, dstPort: 4000 }, UNCOUNTED],
];

test('every row gets the class its record tells, whatever an earlier row left in absent columns', () => {
  for (let round = 0; round < 20; round++) {
    const batch = createFlowBatch(64);
    for (const [, spec] of CASES) putRow(batch, spec);
    const classes = new Uint8Array(64).fill(99);
    classifyRows(batch, 0, batch.length, classes);
    CASES.forEach(([about, , want], row) => {
      assert.equal(classes[row], want, about);
    });
  }
});

test('only the rows asked for are classified', () => {
  const batch = createFlowBatch(8);
  for (let row = 0; row < 8; row++) putRow(batch, UDP);
  const classes = new Uint8Array(8).fill(99);
  classifyRows(batch, 2, 5, classes);
  assert.deepEqual([...classes], [99, 99, CLASS.udp, CLASS.udp, CLASS.udp, 99, 99, 99]);
});

test('absent addresses and ports become 0, present ones stay', () => {
  const batch = createFlowBatch(2);
  putRow(batch, { dst: '192.0.2.1', proto: 1, icmpType: 8 });
  putRow(batch, UDP);
  classifyRows(batch, 0, 2, new Uint8Array(2));
  assert.deepEqual([...batch.srcAddr.subarray(0, 4)], [0, 0, 0, 0]);
  assert.deepEqual([...batch.dstAddr.subarray(0, 4)], [0, 0, 0xffff, 0xc0000201]);
  assert.deepEqual([...batch.srcPort], [0, 40000]);
  assert.deepEqual([...batch.dstPort], [0, 40001]);
  assert.deepEqual([...batch.srcAddr.subarray(4, 8)], [0, 0, 0xffff, 0xc6336401]);
});
