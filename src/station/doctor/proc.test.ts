import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTimex } from './clock.ts';
import {
  controlGroupFiles,
  listeningLines,
  parseCpuLimit,
  parseMemoryAvailable,
  parseMemoryLimit,
  parseOpenFiles,
  parseUdpCounters,
} from './proc.ts';

test('counters of UDP in /proc/net/snmp', () => {
  const text = `Icmp: InMsgs\nIcmp: 1
Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors
Udp: 105 2 7 106 7 0 0 0 0
UdpLite: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors
UdpLite: 0 0 0 0 0 0 0 0 0
`;
  assert.deepEqual(parseUdpCounters(text), { datagrams: 105, bufferErrors: 7 });
  for (const other of ['', 'Udp: InDatagrams\n', 'Udp: A B\nUdp: 1 2\n'])
    assert.equal(parseUdpCounters(other), undefined);
});

test('limits of a process and its control groups', () => {
  const limits =
    'Limit                     Soft Limit           Hard Limit           Units\nMax open files            1024                 524288               files\n';
  assert.equal(parseOpenFiles(limits), 1024);
  assert.equal(parseOpenFiles(limits.replace('1024  ', 'unlimited')), Number.POSITIVE_INFINITY);
  assert.equal(parseOpenFiles(''), undefined);
  assert.equal(parseMemoryAvailable('MemTotal:  100 kB\nMemAvailable:   24700000 kB\n'), 24_700_000 * 1024);
  assert.equal(parseMemoryLimit('1073741824\n'), 1_073_741_824);
  for (const none of ['max\n', '9223372036854771712\n', '']) assert.equal(parseMemoryLimit(none), undefined);
  assert.equal(parseCpuLimit('150000 100000\n'), 1.5);
  for (const none of ['max 100000\n', '', '1 0']) assert.equal(parseCpuLimit(none), undefined);
});

test('files of control groups, from the innermost up, in both versions', () => {
  assert.deepEqual(controlGroupFiles('0::/system.slice/bonghwa.service\n', 'memory'), [
    '/sys/fs/cgroup/system.slice/bonghwa.service/memory.max',
    '/sys/fs/cgroup/system.slice/memory.max',
    '/sys/fs/cgroup/memory.max',
  ]);
  assert.deepEqual(controlGroupFiles('5:devices:/\n4:memory:/box\n0::/\n', 'memory'), [
    '/sys/fs/cgroup/memory/box/memory.limit_in_bytes',
    '/sys/fs/cgroup/memory/memory.limit_in_bytes',
    '/sys/fs/cgroup/memory.max',
  ]);
  assert.deepEqual(controlGroupFiles('0::/../../etc\n', 'cpu'), [
    '/sys/fs/cgroup/etc/cpu.max',
    '/sys/fs/cgroup/cpu.max',
  ]);
  assert.deepEqual(controlGroupFiles('nonsense\n', 'cpu'), []);
});

test('of the sockets of TCP, those that listen', () => {
  const text = `  sl  local_address rem_address   st
   0: 0100007F:2120 00000000:0000 0A 00000000:00000000
   1: 0100007F:2120 0100007F:D431 01 00000000:00000000
`;
  assert.deepEqual(listeningLines(text).split('\n').length, 2);
});

test('the kernel’s word on the clock', () => {
  const timex = Buffer.alloc(208);
  timex.writeBigInt64LE(12_500n, 24);
  assert.deepEqual(parseTimex(timex), { synchronised: true, errorMsMax: 12.5 });
  timex.writeInt32LE(0x2041, 40);
  assert.deepEqual(parseTimex(timex), { synchronised: false });
});
