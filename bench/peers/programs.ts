import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openCapture } from '../../src/input/capture-file.ts';
import { Rejections } from '../../src/model/rejection.ts';
import { CaptureReader } from '../../src/wire/capture.ts';
import { inputDirectory } from '../make/input.ts';
import { type ChildUse, isInstalled, runChild, startChild } from './child.ts';

/** What one program did with one capture; whole processes, from start to end. */
export interface PeerResult {
  readonly program: string;
  /** What it did, so that unlike things are not compared unawares. */
  readonly did: string;
  /** Absent programs have no figures. */
  readonly run?: PeerRun;
}

export interface PeerRun {
  /** Packets or records that it took in. */
  readonly items: number;
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly rssMaxBytes: number;
  /** What it lost or found, in words. */
  readonly note: string;
}

const BONGHWA = fileURLToPath(new URL('../../bin/bonghwa.js', import.meta.url));

/** Datagrams that are sent to nfcapd between two pauses: with more at once, its socket buffer overflows. */
const SENT_AT_ONCE = 20;
const DATAGRAM_BYTES_MAX = 65_507;

/** `bonghwa replay` as a person starts it. */
export async function runBonghwa(file: string, unit: 'packets' | 'flows'): Promise<PeerResult> {
  const use = await runChild(process.execPath, [BONGHWA, 'replay', '--json', '--quiet', file]);
  const report: { packets: number; flows: number; attacks: unknown[] } = JSON.parse(use.stdout);
  return {
    program: 'bonghwa replay',
    did: 'decodes, counts every second, judges, names attacks',
    run: { ...pick(use), items: report[unit], note: `${report.attacks.length} attack found` },
  };
}

/** nfpcapd makes flow records of a capture and writes them to files, nfdump then sums them up by target. */
export async function runNfpcapd(file: string, packets: number): Promise<PeerResult> {
  const program = 'nfpcapd, nfdump';
  const did = 'makes flow records, writes them, sums them up by target';
  if (!isInstalled('nfpcapd') || !isInstalled('nfdump')) return { program, did };
  return withDirectory(async (directory) => {
    const made = await runChild('nfpcapd', ['-r', file, '-w', directory]);
    const summed = await sumUp(directory);
    return { program, did, run: { ...added(made, summed.use), items: packets, note: `${summed.flows} flow records` } };
  });
}

/** softflowd makes flow records of a capture and exports them; who receives them is not counted. */
export async function runSoftflowd(file: string, packets: number): Promise<PeerResult> {
  const program = 'softflowd';
  const did = 'makes flow records, exports them as NetFlow v9';
  if (!isInstalled('softflowd')) return { program, did };
  return withDirectory(async (directory) => {
    const sink = createSocket('udp4');
    let datagrams = 0;
    sink.on('message', () => datagrams++);
    sink.bind(0, '127.0.0.1');
    await once(sink, 'listening');
    try {
      const use = await runChild('softflowd', [
        ...['-r', file, '-n', `127.0.0.1:${sink.address().port}`, '-v', '9', '-m', '2000000'],
        // Without a control socket: now and then it waits on it forever when the file is over.
        ...['-d', '-c', 'none', '-p', join(directory, 'pid')],
      ]);
      const flows = /^Flows expired: (\d+)/m.exec(use.stdout + use.stderr);
      const note = flows === null ? `${datagrams} datagrams exported` : `${flows[1]} flow records`;
      return { program, did, run: { ...pick(use), items: packets, note } };
    } finally {
      sink.close();
    }
  });
}

/**
 * nfcapd receives the telemetry of a capture over loopback, in pieces that it can take, and writes it to files; nfdump sums it
 * up by target. Debian's nfcapd cannot read captures. Only what arrived is counted.
 */
export async function runNfcapd(file: string, records: number): Promise<PeerResult> {
  const program = 'nfcapd, nfdump';
  const did = 'receives over UDP, decodes, writes, sums up by target';
  if (!isInstalled('nfcapd') || !isInstalled('nfdump')) return { program, did };
  return withDirectory(async (directory) => {
    const port = await freePort();
    const child = startChild('nfcapd', [
      '-b',
      '127.0.0.1',
      '-p',
      String(port),
      '-w',
      directory,
      '-t',
      '3600',
      '-B',
      '212992',
    ]);
    const sender = createSocket('udp4');
    try {
      // It says nothing when it is ready.
      await sleep(500);
      sender.connect(port, '127.0.0.1');
      await once(sender, 'connect');
      await sendTelemetry(file, sender);
      await sleep(500);
    } finally {
      sender.close();
      child.stop();
    }
    const received = await child.ended;
    const summed = await sumUp(directory);
    const lost = records - summed.flows;
    const note = lost > 0 ? `${((100 * lost) / records).toFixed(1)} % lost` : 'none lost';
    return { program, did, run: { ...added(received, summed.use), items: summed.flows, note } };
  });
}

async function sendTelemetry(file: string, sender: Socket): Promise<void> {
  const source = await openCapture(file);
  const reader = new CaptureReader(new Rejections());
  const payload = new Uint8Array(DATAGRAM_BYTES_MAX);
  let sent = 0;
  try {
    for await (const chunk of source.chunks) {
      reader.push(chunk);
      while (reader.next()) {
        // Ethernet 14, IPv4 20, UDP 8: bench/make/telemetry.ts writes nothing else.
        const length = reader.capturedLength - 42;
        payload.set(reader.bytes.subarray(reader.offset + 42, reader.offset + 42 + length));
        sender.send(payload.slice(0, length), reportNothing);
        if (++sent % SENT_AT_ONCE === 0) await sleep(1);
      }
    }
  } finally {
    await source.close();
  }
}

/** A datagram that could not be sent is missing in what nfdump counts; that is where it is said. */
function reportNothing(): void {}

async function sumUp(directory: string): Promise<{ use: ChildUse; flows: number }> {
  const files = readdirSync(directory).filter((name) => name.startsWith('nfcapd.') && !name.includes('current'));
  if (files.length === 0) throw new Error('nothing was written');
  const use = await runChild('nfdump', ['-R', directory, '-s', 'dstip/packets', '-n', '10']);
  const total = /^Summary: total flows: (\d+)/m.exec(use.stdout);
  if (total === null) throw new Error(`nfdump printed no summary: ${use.stdout.slice(-300)}`);
  return { use, flows: Number(total[1]) };
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

async function withDirectory<Result>(work: (directory: string) => Promise<Result>): Promise<Result> {
  const directory = mkdtempSync(join(inputDirectory(), 'peer-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function pick(use: ChildUse): Omit<PeerRun, 'items' | 'note'> {
  return { cpuSeconds: use.cpuSeconds, wallSeconds: use.wallSeconds, rssMaxBytes: use.rssMaxBytes };
}

function added(first: ChildUse, second: ChildUse): Omit<PeerRun, 'items' | 'note'> {
  return {
    cpuSeconds: first.cpuSeconds + second.cpuSeconds,
    wallSeconds: first.wallSeconds + second.wallSeconds,
    rssMaxBytes: Math.max(first.rssMaxBytes, second.rssMaxBytes),
  };
}
