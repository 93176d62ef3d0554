import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healthyStatus, STATUS_NOW_MS } from '../../../test/support/station-status.ts';
import { parseListen } from '../../base/listen.ts';
import { type Config, parseConfig } from '../../model/config.ts';
import type { StationStatus } from '../../model/station-view.ts';
import type { Check } from './check.ts';
import type { DiskFacts, Facts, ListenerFacts, MachineFacts } from './facts.ts';
import { diagnose } from './judge.ts';

function configOf(text: string): Config {
  const result = parseConfig(text);
  assert.ok(result.kind === 'ok', JSON.stringify(result));
  return result.config;
}

const NETFLOW = parseListen('127.0.0.1:2055');
assert.ok(NETFLOW !== undefined);
const LISTENER: ListenerFacts = { use: 'netflow', listen: NETFLOW, state: 'free' };
const DISK: DiskFacts = {
  directory: '/var/lib/bonghwa',
  exists: true,
  freeBytes: 200e9,
  totalBytes: 400e9,
  usedBytes: 7e9,
  ageMs: 30 * 86_400_000,
  writeBytesPerSecond: 500e6,
  fsyncMs: 0.4,
};
const MACHINE: MachineFacts = {
  cores: 4,
  memoryBytes: 16e9,
  memoryAvailableBytes: 12e9,
  openFilesMax: 65_536,
  limitsOfStation: false,
};
const HEALTHY: Facts = {
  nowMs: STATUS_NOW_MS,
  node: { version: 'v24.21.0', majorMin: 24 },
  configuration: { file: 'bonghwa.yaml', problems: [], notes: [], config: configOf('networks: [192.0.2.0/24]') },
  batchReceive: { loads: true },
  listeners: [LISTENER],
  receiveBuffer: { bytesMax: 67_108_864 },
  udp: { datagrams: 1e9, bufferErrors: 0, lookedMs: 1000, datagramsWhileLooking: 1e5, bufferErrorsWhileLooking: 0 },
  clock: { synchronised: true, errorMsMax: 12, jumpMs: 0.3 },
  disk: DISK,
  machine: MACHINE,
  files: [],
  stores: [],
  station: { kind: 'none' },
};

/** The checks that are not ok, where only `changed` differs from a healthy machine. */
function findings(changed: Partial<Facts>): readonly Check[] {
  const { verdict, checks } = diagnose({ ...HEALTHY, ...changed });
  const bad = checks.filter((check) => check.verdict !== 'ok');
  assert.equal(verdict, bad.some((check) => check.verdict === 'fault') ? 'fault' : bad.length > 0 ? 'warning' : 'ok');
  for (const { id, advice, commands, verdict: of } of bad) {
    const says = advice !== undefined || commands !== undefined || id === 'configuration-note';
    assert.ok(says || /^(station-warning|exporter-diagnosis)$/.test(id), `${id} says what to do`);
    assert.ok(of !== 'fault' || says, `${id} says what to do`);
  }
  return bad;
}

/** The only finding, as `id verdict: found`. */
function finding(changed: Partial<Facts>): string {
  const found = findings(changed);
  assert.equal(found.length, 1, JSON.stringify(found));
  return `${found[0].id} ${found[0].verdict}: ${found[0].found}`;
}

const running = (changed: Partial<StationStatus> = {}): Partial<Facts> => ({
  station: { kind: 'running', pid: 77, status: { ...healthyStatus(), ...changed } },
});

test('a healthy machine has no finding, with and without a station', () => {
  assert.deepEqual(findings({}), []);
  assert.deepEqual(findings(running()), []);
  assert.equal(
    diagnose({ ...HEALTHY, ...running() }).checks.find(({ id }) => id === 'station')?.found,
    'runs (pid 77) for 3 h 0 min, 30.0 M records, no attack now',
  );
});

test('the configuration: unreadable, faulty, or perhaps not meant', () => {
  const { config } = HEALTHY.configuration;
  assert.equal(
    finding({ configuration: { file: 'x.yaml', unreadable: 'cannot read x.yaml', problems: [], notes: [], config } }),
    'configuration fault: cannot read x.yaml',
  );
  const problems = [1, 2, 3, 4].map((line) => ({ line, path: `k${line}`, message: 'unknown key' }));
  assert.match(
    finding({ configuration: { file: 'x.yaml', problems, notes: [], config } }),
    /^configuration fault: x\.yaml has 4 faults: line 1: k1: unknown key; line 2: .*; line 3: k3: unknown key\. /,
  );
  assert.equal(
    finding({ configuration: { problems: [], notes: ['http.listen: 0.0.0.0:8480 has no sign-in'], config } }),
    'configuration-note warning: http.listen: 0.0.0.0:8480 has no sign-in',
  );
});

test('the program: an old Node.js, no batched receive', () => {
  assert.equal(finding({ node: { version: 'v22.4.0', majorMin: 24 } }), 'node fault: 22.4.0; 24 or later is needed');
  assert.match(
    finding({ batchReceive: { loads: false, reason: 'darwin arm64' } }),
    /^batch-receive warning: .*darwin arm64/,
  );
});

test('ports: held by others, refused, or held by the station itself', () => {
  const held = (facts: Partial<ListenerFacts>): Partial<Facts> => ({
    listeners: [{ ...LISTENER, state: 'held', ...facts }],
  });
  const [check] = findings(held({ holder: { pid: 9, command: 'nfcapd' } }));
  assert.equal(`${check.id} ${check.verdict}: ${check.found}`, 'port-netflow-2055 fault: held by nfcapd (pid 9)');
  assert.deepEqual(check.commands, ["sudo ss -lunp 'sport = :2055'"]);
  assert.match(finding(held({})), /fault: held by another program/);
  const station = running();
  assert.deepEqual(findings({ ...held({ holder: { pid: 77, command: 'node' }, dropped: 0 }), ...station }), []);
  assert.deepEqual(findings({ ...held({}), ...station }), []);
  const closed: Partial<Facts> = { station: { kind: 'running', status: healthyStatus() } };
  assert.deepEqual(findings({ ...held({ holder: { pid: 77, command: 'node' } }), ...closed }), []);
  assert.match(finding({ ...held({ holder: { pid: 9, command: 'nfcapd' } }), ...station }), /fault: held by nfcapd/);
  assert.match(
    finding({ ...held({ holder: { pid: 77, command: 'node' }, dropped: 12 }), ...station }),
    /warning: the station listens; 12 datagrams were dropped/,
  );
  assert.match(
    finding({ listeners: [{ ...LISTENER, state: 'refused', reason: 'EADDRNOTAVAIL' }] }),
    /fault: the system refuses it: EADDRNOTAVAIL/,
  );
  const low = parseListen(':162');
  assert.ok(low !== undefined);
  assert.match(
    finding({ listeners: [{ use: 'sflow', listen: low, state: 'refused', reason: 'EACCES' }] }),
    /^port-sflow-162 fault: port 162 needs a privilege/,
  );
});

test('the kernel: small buffers, losses before and now', () => {
  const [check] = findings({ receiveBuffer: { bytesMax: 212_992 } });
  assert.match(check.found, /^net\.core\.rmem_max is 212992, 67108864 is wanted/);
  assert.equal(check.commands?.[0], 'sudo sysctl -w net.core.rmem_max=67108864');
  // A station with the right to more has it whatever the limit is; one that was started before the limit was raised has not.
  assert.deepEqual(findings({ receiveBuffer: { bytesMax: 212_992 }, ...running() }), []);
  const inputs = [{ ...healthyStatus().inputs[0], receiveBufferBytes: 425_984 }];
  assert.match(finding(running({ inputs })), /^receive-buffer warning: the station has 213 kB for a socket, though/);
  assert.match(finding({ receiveBuffer: {} }), /^receive-buffer warning: .*cannot be read/);
  assert.match(
    finding({ udp: { ...HEALTHY.udp, bufferErrors: 1e6 } }),
    /^udp-loss warning: 1\.00 M of 1\.00 G datagrams lost since the machine came up \(0\.1 %\), none now/,
  );
  assert.match(finding({ udp: { ...HEALTHY.udp, bufferErrorsWhileLooking: 300 } }), /^udp-loss warning: 300 datagrams/);
  assert.match(
    finding({ udp: { ...HEALTHY.udp, bufferErrors: 1e6, bufferErrorsWhileLooking: 300 }, ...running() }),
    /^udp-loss fault: 300 datagrams were lost in the last 1 s/,
  );
  assert.match(finding({ udp: { lookedMs: 1000 } }), /^udp-loss warning/);
});

test('the clock: free, unknown, far off, set in steps', () => {
  assert.equal(finding({ clock: { synchronised: false, jumpMs: 0 } }), 'clock warning: nothing synchronises it');
  assert.match(finding({ clock: { jumpMs: 0 } }), /cannot be told/);
  assert.match(finding({ clock: { synchronised: true, errorMsMax: 4000, jumpMs: 0 } }), /up to 4 s off/);
  assert.match(finding({ clock: { synchronised: true, jumpMs: -3_600_000 } }), /moved by 1 h 0 min back/);
});

test('the disk: unwritable, full, filling, slow', () => {
  const disk = (changed: Partial<DiskFacts>): Partial<Facts> => ({ disk: { ...DISK, ...changed } });
  assert.match(
    finding(disk({ unwritable: 'permission is denied' })),
    /^data-directory fault: \/var\/lib\/bonghwa cannot be/,
  );
  assert.match(
    finding({ ...disk({ unwritable: 'permission is denied' }), ...running() }),
    /^data-directory warning: .* closed to this user/,
  );
  assert.match(finding(disk({ freeBytes: 1e8 })), /^disk-space fault: 100 MB of 400 GB free: soon nothing/);
  assert.match(finding(disk({ freeBytes: 5e9 })), /^disk-space warning: 5\.00 GB of 400 GB free$/);
  // 70 GB in two days are 175 GB more until the seventh, when the oldest go.
  const filling = { usedBytes: 70e9, ageMs: 2 * 86_400_000 };
  assert.match(
    finding(disk({ ...filling, freeBytes: 100e9 })),
    /^disk-space warning: .*grows by 175 GB until .* 7 days/,
  );
  assert.deepEqual(findings(disk({ ...filling, freeBytes: 200e9 })), []);
  assert.deepEqual(findings(disk({ usedBytes: 1e12, ageMs: 3_600_000 })), []);
  assert.match(finding(disk({ fsyncMs: 240 })), /^disk-speed warning: .*durable after 240\.0 ms/);
  assert.match(finding(disk({ writeBytesPerSecond: 3e6 })), /^disk-speed warning: 3\.00 MB\/s/);
});

test('the machine: memory, cores, files', () => {
  const machine = (changed: Partial<MachineFacts>): Partial<Facts> => ({ machine: { ...MACHINE, ...changed } });
  assert.match(finding(machine({ memoryLimitBytes: 512e6 })), /^memory fault: 512 MB allowed by the control group/);
  assert.match(finding(machine({ memoryAvailableBytes: 1.5e9 })), /^memory warning: 1\.50 GB of 16\.0 GB available/);
  assert.deepEqual(findings(machine({ memoryLimitBytes: 4e9, memoryAvailableBytes: 1e9 })), []);
  assert.deepEqual(findings(machine({ openFilesMax: Number.POSITIVE_INFINITY })), []);
  assert.match(finding(machine({ cores: 1 })), /^cores warning: one core/);
  assert.match(
    finding(machine({ openFilesMax: 1024, limitsOfStation: true })),
    /^open-files warning: 1024 allowed to the station, 4096/,
  );
  const configuration = { ...HEALTHY.configuration, config: configOf('inputs: { workers: 8 }') };
  assert.match(finding({ configuration }), /^cores warning: 4 cores for 8 workers/);
});

test('files and pipes that the configuration names', () => {
  const path = '/run/my packets';
  const [check] = findings({ files: [{ key: 'inputs.pcap', path, state: 'missing' }] });
  assert.equal(
    `${check.id} ${check.verdict}: ${check.found}`,
    'file-inputs.pcap fault: /run/my packets cannot be used: it is not there',
  );
  assert.deepEqual(check.commands, ["mkfifo '/run/my packets'"]);
  assert.match(finding({ files: [{ key: 'reports.eventsFile', path, state: 'closed' }] }), /permission is denied$/);
  assert.deepEqual(findings({ files: [{ key: 'inputs.pcap', path, state: 'usable' }] }), []);
});

test('stores by URL', () => {
  const fault = 'db:5432 does not take connections: ECONNREFUSED';
  assert.equal(finding({ stores: [{ name: 'state', address: 'db:5432', fault }] }), `store-state fault: ${fault}`);
  assert.deepEqual(findings({ stores: [{ name: 'telemetry', address: 'ch:8123' }] }), []);
});

test('a station: hanging, blind, not ready, and what it warns of', () => {
  assert.match(
    finding({ station: { kind: 'running', pid: 77, silent: 'no answer in 3 s' } }),
    /^station fault: it runs \(pid 77\) and does not answer: no answer in 3 s/,
  );
  assert.match(
    finding(running({ decidedAt: '2026-11-23T11:00:00.000Z' })),
    /^station fault: .*decided last 1 h 0 min ago/,
  );
  assert.match(finding(running({ ready: false })), /is not ready/);
  assert.equal(
    finding(running({ warnings: ['the events file is gone'] })),
    'station-warning warning: the events file is gone',
  );
});

test('inputs of a station: broken, silent, losing', () => {
  const [input] = healthyStatus().inputs;
  assert.match(
    finding(running({ inputs: [{ ...input, error: 'bind EADDRINUSE' }] })),
    /^input-netflow fault: bind EADDRINUSE/,
  );
  const [silent] = findings(running({ inputs: [{ ...input, datagrams: 0, records: 0 }] }));
  assert.deepEqual(silent.commands, ['sudo tcpdump -ni any -c 5 udp port 2055']);
  const young = { startedAt: '2026-11-23T11:59:50.000Z', inputs: [{ ...input, datagrams: 0, records: 0 }] };
  assert.deepEqual(findings(running(young)), []);
  const shed = findings(running({ recordsLost: 1e6, inputs: [{ ...input, recordsShed: 1e6 }] }));
  assert.deepEqual([shed[0].id, shed[0].verdict], ['records-lost', 'fault']);
  assert.match(shed[0].advice ?? '', /shed to keep up/);
  const dropped = findings(running({ recordsLost: 1e5, inputs: [{ ...input, datagramsDropped: 3000 }] }));
  assert.equal(dropped[0].verdict, 'warning');
  assert.match(dropped[0].advice ?? '', /dropped in the kernel/);
  assert.match(findings(running({ recordsLost: 1e5 }))[0].advice ?? '', /never reached this machine/);
});

test('exporters: those named and not heard, those gone silent, and what was found about them', () => {
  const configuration = {
    ...HEALTHY.configuration,
    config: configOf('exporters: [{ name: border, address: 203.0.113.1 }, { name: core, address: 2001:db8::1 }]'),
  };
  assert.equal(finding({ ...running(), configuration }), 'exporter-silent fault: 2001:db8::1 was never heard');
  assert.deepEqual(findings({ ...running({ startedAt: '2026-11-23T11:59:50.000Z' }), configuration }), []);
  const [exporter] = healthyStatus().exporters;
  const exporters = [
    { ...exporter, lastSeen: '2026-11-23T11:50:00.000Z', diagnosis: ['its active timeout is 1800 s'] },
    { ...exporter, exporter: '2001:DB8:0::1' },
  ];
  assert.deepEqual(
    findings({ ...running({ exporters }), configuration }).map(({ id, found }) => `${id}: ${found}`),
    ['exporter-silent: 203.0.113.1 is silent for 10 min 0 s', 'exporter-diagnosis: its active timeout is 1800 s'],
  );
});

test('stores of a station: down, behind, with losses, off', () => {
  const { telemetry } = healthyStatus();
  const down = { ...telemetry, state: 'down', error: 'the disk is full', lost: 12 } as const;
  assert.match(
    finding(running({ telemetry: down })),
    /^station-telemetry fault: chdb down: the disk is full; 1\.20 k written, 0 waiting, 12 not kept/,
  );
  assert.match(
    finding(running({ telemetry: { ...telemetry, state: 'behind', waiting: 40_000 } })),
    /warning: chdb behind/,
  );
  assert.match(finding(running({ telemetry: { ...telemetry, lost: 3 } })), /warning: chdb ready; .* 3 not kept/);
  const starting = { telemetry: { ...telemetry, state: 'starting' } } as const;
  assert.match(finding(running(starting)), /warning: chdb starting/);
  assert.deepEqual(findings(running({ ...starting, startedAt: '2026-11-23T11:59:50.000Z' })), []);
  assert.deepEqual(findings(running({ telemetry: { ...telemetry, kind: 'off', state: 'down' } })), []);
});
