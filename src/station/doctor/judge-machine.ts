import { formatBytes, formatCount, formatDuration, formatShare } from '../../base/units.ts';
import { RECEIVE_BUFFER_BYTES } from '../../input/udp-port.ts';
import { type Check, quoted } from './check.ts';
import type { Facts } from './facts.ts';

/** Where a station stops being able to write, and where somebody should look. */
const DISK_FREE_FAULT_BYTES = 500e6;
const DISK_FREE_WARNING_BYTES = 10e9;
/** Acknowledged is durable: an attack is told after this wait. */
const FSYNC_WARNING_MS = 100;
const WRITE_WARNING_BYTES_PER_SECOND = 20e6;
const MEMORY_FAULT_BYTES = 700e6;
const MEMORY_WARNING_BYTES = 2e9;
/** A column store opens a file for every column of every part. */
const OPEN_FILES_MIN = 4096;
/** Of datagrams since the machine came up, dropped for want of buffer. */
const DROPPED_SHARE_WARNING = 1e-6;
/** Exporters stamp flows by their own clocks; attacks are told to the second. */
const CLOCK_ERROR_WARNING_MS = 1000;
const CLOCK_JUMP_WARNING_MS = 50;
/** Below this age the pace at which a directory grows says nothing. */
const PACE_AGE_MS_MIN = 86_400_000;

export function judgeNode({ node, batchReceive }: Facts): Check[] {
  const version = node.version.replace(/^v/, '');
  const old = Number(version.split('.')[0]) < node.majorMin;
  return [
    {
      id: 'node',
      title: 'Node.js',
      verdict: old ? 'fault' : 'ok',
      found: old ? `${version}; ${node.majorMin} or later is needed` : version,
      ...(old ? { advice: `Start it with Node.js ${node.majorMin} or later.` } : {}),
    },
    {
      id: 'batch-receive',
      title: 'batched receive',
      verdict: batchReceive.loads ? 'ok' : 'warning',
      found: batchReceive.loads
        ? 'recvmmsg of the system loads'
        : `recvmmsg does not load (${batchReceive.reason ?? 'no reason given'}); datagrams are received one by one`,
      ...(batchReceive.loads
        ? {}
        : {
            advice:
              'It works, at about three times the processor time a datagram. Run it on Linux with glibc for more.',
          }),
    },
  ];
}

export function judgeReceiveBuffer({ receiveBuffer: { bytesMax }, station }: Facts): Check[] {
  const about = { id: 'receive-buffer', title: 'receive buffer' };
  const given = smallestBuffer(station);
  if (given !== undefined && given >= RECEIVE_BUFFER_BYTES)
    return [{ ...about, verdict: 'ok', found: `the station has ${formatBytes(given)} for a socket` }];
  if (bytesMax === undefined) {
    const found = 'net.core.rmem_max cannot be read here';
    return [{ ...about, verdict: 'warning', found, advice: 'Look on the host.' }];
  }
  const found = `net.core.rmem_max is ${bytesMax}`;
  if (bytesMax >= RECEIVE_BUFFER_BYTES) {
    if (given === undefined) return [{ ...about, verdict: 'ok', found }];
    const has = `the station has ${formatBytes(given)} for a socket, though ${found} by now`;
    const commands = ['sudo systemctl restart bonghwa'];
    return [{ ...about, verdict: 'warning', found: has, advice: 'Restart it to have what is allowed.', commands }];
  }
  return [
    {
      ...about,
      verdict: 'warning',
      found: `${found}, ${RECEIVE_BUFFER_BYTES} is wanted: bursts of telemetry are lost in the kernel`,
      advice: 'Allow larger buffers, for now and after the next start of the machine, then restart the station.',
      commands: [
        `sudo sysctl -w net.core.rmem_max=${RECEIVE_BUFFER_BYTES}`,
        `echo net.core.rmem_max=${RECEIVE_BUFFER_BYTES} | sudo tee /etc/sysctl.d/90-bonghwa.conf`,
      ],
    },
  ];
}

/** The smallest receive buffer of the station's sockets, without the kernel's own bookkeeping, which is half of what it tells. */
function smallestBuffer(station: Facts['station']): number | undefined {
  if (station.kind === 'none') return undefined;
  const buffers = (station.status?.inputs ?? []).flatMap(({ receiveBufferBytes }) => receiveBufferBytes ?? []);
  return buffers.length === 0 ? undefined : Math.min(...buffers) / 2;
}

export function judgeUdp({ udp, station }: Facts): Check[] {
  const about = { id: 'udp-loss', title: 'UDP in the kernel' };
  const { datagrams, bufferErrors, bufferErrorsWhileLooking } = udp;
  if (datagrams === undefined || bufferErrors === undefined)
    return [{ ...about, verdict: 'warning', found: '/proc/net/snmp cannot be read here', advice: 'Look on the host.' }];
  if (bufferErrorsWhileLooking !== undefined && bufferErrorsWhileLooking > 0) {
    return [
      {
        ...about,
        // Without a station it is some other program that loses them.
        verdict: station.kind === 'running' ? 'fault' : 'warning',
        found: `${formatCount(bufferErrorsWhileLooking)} datagrams were lost in the last ${formatDuration(udp.lookedMs)} because a receive buffer was full`,
        advice:
          'See the receive buffer above; give the station more workers (inputs.workers), or sample more thinly on the routers.',
        commands: ['nstat -az UdpRcvbufErrors'],
      },
    ];
  }
  const share = bufferErrors / Math.max(1, datagrams + bufferErrors);
  const found = `${formatCount(bufferErrors)} of ${formatCount(datagrams + bufferErrors)} datagrams lost since the machine came up`;
  if (share <= DROPPED_SHARE_WARNING) return [{ ...about, verdict: 'ok', found }];
  return [
    {
      ...about,
      verdict: 'warning',
      found: `${found} (${formatShare(share)}), none now`,
      advice: 'It was any program of this machine, at any time. Look again under load.',
      commands: ['nstat -az UdpRcvbufErrors'],
    },
  ];
}

export function judgeClock({ clock }: Facts): Check[] {
  const about = { id: 'clock', title: 'clock' };
  const commands = ['timedatectl status', 'sudo apt-get install chrony'];
  if (Math.abs(clock.jumpMs) > CLOCK_JUMP_WARNING_MS) {
    return [
      {
        ...about,
        verdict: 'warning',
        found: `it moved by ${formatDuration(Math.abs(clock.jumpMs))} ${clock.jumpMs < 0 ? 'back' : 'ahead'} while the doctor looked`,
        advice: 'Something sets the clock in steps. One program should discipline it, and no more than one.',
        commands,
      },
    ];
  }
  if (clock.synchronised === undefined) {
    const advice = 'Make sure that the host keeps its clock by NTP.';
    return [{ ...about, verdict: 'warning', found: 'it cannot be told whether it is synchronised', advice }];
  }
  const error = clock.errorMsMax === undefined ? '' : `, at most ${formatDuration(clock.errorMsMax)} off`;
  if (clock.synchronised && (clock.errorMsMax ?? 0) <= CLOCK_ERROR_WARNING_MS)
    return [{ ...about, verdict: 'ok', found: `synchronised${error}` }];
  return [
    {
      ...about,
      verdict: 'warning',
      found: clock.synchronised
        ? `synchronised, but up to ${formatDuration(clock.errorMsMax ?? 0)} off`
        : 'nothing synchronises it',
      advice: 'Times of attacks are compared with those of others. Let NTP keep the clock.',
      commands,
    },
  ];
}

export function judgeDisk({ disk, configuration, station }: Facts): Check[] {
  const about = { id: 'data-directory', title: 'data directory' };
  if (disk.unwritable !== undefined && station.kind === 'running') {
    return [
      {
        ...about,
        verdict: 'warning',
        found: `${disk.directory} is closed to this user (${disk.unwritable}), and the station runs as another`,
        advice: 'Examine it as the user of the station.',
        commands: ['sudo -u bonghwa bonghwa doctor'],
      },
    ];
  }
  if (disk.unwritable !== undefined) {
    return [
      {
        ...about,
        verdict: 'fault',
        found: `${disk.directory} cannot be written to: ${disk.unwritable}`,
        advice: 'Make it, and give it to the user of the station; or name another (storage.directory, --data).',
        commands: [`sudo install -d -m 0750 -o "$USER" ${quoted(disk.directory)}`],
      },
    ];
  }
  const checks: Check[] = [
    {
      ...about,
      verdict: 'ok',
      found: `${disk.directory} ${disk.exists ? `holds ${disk.usedBytes === undefined ? 'too many files to count' : formatBytes(disk.usedBytes)}` : 'will be made'}`,
    },
  ];
  checks.push(...diskSpace({ disk, configuration }), ...diskSpeed(disk));
  return checks;
}

function diskSpace({ disk, configuration }: Pick<Facts, 'disk' | 'configuration'>): Check[] {
  const about = { id: 'disk-space', title: 'disk space' };
  if (disk.freeBytes === undefined || disk.totalBytes === undefined) return [];
  const free = `${formatBytes(disk.freeBytes)} of ${formatBytes(disk.totalBytes)} free`;
  const commands = [`du -sh ${quoted(disk.directory)}`, `df -h ${quoted(disk.directory)}`];
  const shorter = 'Make room, or keep for fewer days (retention in the configuration).';
  if (disk.freeBytes < DISK_FREE_FAULT_BYTES)
    return [{ ...about, verdict: 'fault', found: `${free}: soon nothing can be kept`, advice: shorter, commands }];
  const growth = growthToCome(disk, configuration.config.retention);
  if (growth !== undefined && growth.bytes > disk.freeBytes) {
    const found = `${free}; at the pace so far the directory grows by ${formatBytes(growth.bytes)} until the oldest seconds go after ${growth.days} days`;
    return [{ ...about, verdict: 'warning', found, advice: shorter, commands }];
  }
  if (disk.freeBytes < DISK_FREE_WARNING_BYTES)
    return [{ ...about, verdict: 'warning', found: free, advice: shorter, commands }];
  const pace = growth === undefined ? '' : `; ${formatBytes(growth.bytes)} more at the pace so far`;
  return [{ ...about, verdict: 'ok', found: `${free}${pace}` }];
}

/** What the directory still grows by until the retention of seconds and flows, which are nearly all of it, is reached. */
function growthToCome(
  disk: Facts['disk'],
  retention: { readonly flowsDays: number; readonly secondsDays: number },
): { bytes: number; days: number } | undefined {
  if (disk.usedBytes === undefined || disk.ageMs === undefined || disk.ageMs < PACE_AGE_MS_MIN) return undefined;
  const days = Math.max(retention.flowsDays, retention.secondsDays);
  const ageDays = disk.ageMs / 86_400_000;
  return ageDays >= days ? { bytes: 0, days } : { bytes: (disk.usedBytes / ageDays) * (days - ageDays), days };
}

function diskSpeed(disk: Facts['disk']): Check[] {
  const { writeBytesPerSecond, fsyncMs } = disk;
  if (writeBytesPerSecond === undefined || fsyncMs === undefined) return [];
  const slow = writeBytesPerSecond < WRITE_WARNING_BYTES_PER_SECOND || fsyncMs > FSYNC_WARNING_MS;
  return [
    {
      id: 'disk-speed',
      title: 'disk speed',
      verdict: slow ? 'warning' : 'ok',
      found: `${formatBytes(writeBytesPerSecond)}/s written, durable after ${fsyncMs.toFixed(1)} ms`,
      ...(slow
        ? {
            advice:
              'Attacks are told when they are durable, and the stores fall behind. Use a local disk, better a solid-state one.',
          }
        : {}),
    },
  ];
}

export function judgeMachine({ machine, configuration }: Facts): Check[] {
  const workers = configuration.config.inputs.workers;
  const tooMany = workers !== undefined && workers > Math.max(1, machine.cores);
  const cores = `${machine.cores === 1 ? 'one core' : `${Number(machine.cores.toFixed(1))} cores`}`;
  const checks: Check[] = [
    {
      id: 'cores',
      title: 'processor',
      verdict: tooMany || machine.cores < 2 ? 'warning' : 'ok',
      found: tooMany ? `${cores} for ${workers} workers` : cores,
      ...(tooMany
        ? { advice: 'Take no more workers than cores (inputs.workers), or leave it to the program.' }
        : machine.cores < 2
          ? { advice: 'Receiving, deciding and storing then wait for each other. Two cores or more are better.' }
          : {}),
    },
    memoryCheck(machine),
  ];
  if (machine.openFilesMax !== undefined) {
    const few = machine.openFilesMax < OPEN_FILES_MIN;
    checks.push({
      id: 'open-files',
      title: 'open files',
      verdict: few ? 'warning' : 'ok',
      found: `${Number.isFinite(machine.openFilesMax) ? machine.openFilesMax : 'any number'} allowed${machine.limitsOfStation ? ' to the station' : ''}${few ? `, ${OPEN_FILES_MIN} are wanted` : ''}`,
      ...(few
        ? {
            advice: 'Raise it where the station is started: LimitNOFILE= in its systemd unit, or',
            commands: ['ulimit -n 65536'],
          }
        : {}),
    });
  }
  return checks;
}

function memoryCheck(machine: Facts['machine']): Check {
  const limit = Math.min(machine.memoryLimitBytes ?? Number.POSITIVE_INFINITY, machine.memoryBytes);
  const limited = machine.memoryLimitBytes !== undefined && machine.memoryLimitBytes < machine.memoryBytes;
  const found = limited
    ? `${formatBytes(limit)} allowed by the control group`
    : `${formatBytes(machine.memoryAvailableBytes)} of ${formatBytes(machine.memoryBytes)} available`;
  const has = limited ? limit : machine.memoryAvailableBytes;
  const about = { id: 'memory', title: 'memory', found };
  if (has >= MEMORY_WARNING_BYTES) return { ...about, verdict: 'ok' };
  const where = limited ? ' (MemoryMax= of the unit, or the memory of the container)' : '';
  return {
    ...about,
    verdict: has < MEMORY_FAULT_BYTES ? 'fault' : 'warning',
    advice: `Give it ${formatBytes(MEMORY_WARNING_BYTES)}${where}, or turn telemetry storage off (storage.telemetry: off).`,
  };
}
