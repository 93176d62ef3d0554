/**
 * Sends a blast of telemetry over loopback, at a given pace and in exact numbers, in a process of its own so that its CPU time is
 * nobody else's. Its argument is a `SendPlan` in JSON. It says `ready` when all datagrams are drawn up, then for every line of JSON that it
 * reads, a list of `SendPhase`, sends these and tells a `SendReport` in a line of JSON. It ends with its standard input.
 */
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import type koffiModule from 'koffi';
import { aim, type Blast, type DatagramSet, type ExporterClock, makeBlast, makeTemplate, stamp } from './blast.ts';
import type { SendPhase, SendPlan, SendReport } from './send-plan.ts';

const koffi: typeof koffiModule = createRequire(import.meta.url)('koffi');
const own = koffi.load(null);
const libc = {
  socket: own.func('int socket(int, int, int)'),
  bind: own.func('int bind(int, const void *, uint32_t)'),
  connect: own.func('int connect(int, const void *, uint32_t)'),
  setsockopt: own.func('int setsockopt(int, int, int, const void *, uint32_t)'),
  send: own.func('long send(int, const void *, size_t, int)'),
  sendmmsg: own.func('int sendmmsg(int, uintptr_t, unsigned int, int)'),
  poll: own.func('int poll(void *, unsigned long, int)'),
} satisfies Record<string, (...args: never[]) => number>;

const MMSGHDR_BYTES = 64;
const IOVEC_BYTES = 16;
/** Datagrams of one exporter in a row. */
const SENT_AT_ONCE = 32;
const TEMPLATE_EVERY_MS = 1000;
const ECONNREFUSED = 111;

/** 127.0.0.1 and up, one for each exporter. */
function openExporter(index: number, port: number): number {
  const fd: number = libc.socket(2, 2, 0);
  libc.setsockopt(fd, 1, 7, new Uint8Array(Int32Array.of(4 << 20).buffer), 4);
  const name = (address: number, at: number): Uint8Array => {
    const bytes = new Uint8Array(16);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, 2, true);
    view.setUint16(2, at);
    view.setUint32(4, address);
    return bytes;
  };
  if (libc.bind(fd, name(0x7f000001 + index, 0), 16) !== 0) throw new Error(`bind: ${koffi.errno()}`);
  if (libc.connect(fd, name(0x7f000001, port), 16) !== 0) throw new Error(`connect: ${koffi.errno()}`);
  return fd;
}

/** Headers of all datagrams of a set, and where they lie: any run of them is one call. */
function drawUp(set: DatagramSet): { readonly at: number; readonly pinned: readonly Uint8Array[] } {
  const headers = new Uint8Array(new ArrayBuffer(MMSGHDR_BYTES * set.count));
  const vectors = new Uint8Array(new ArrayBuffer(IOVEC_BYTES * set.count));
  const headerView = new DataView(headers.buffer);
  const vectorView = new DataView(vectors.buffer);
  const bytesAt = Number(koffi.address(set.bytes));
  const vectorsAt = Number(koffi.address(vectors));
  for (let index = 0; index < set.count; index++) {
    vectorView.setBigUint64(IOVEC_BYTES * index, BigInt(bytesAt + set.length * index), true);
    vectorView.setBigUint64(IOVEC_BYTES * index + 8, BigInt(set.length), true);
    headerView.setBigUint64(MMSGHDR_BYTES * index + 16, BigInt(vectorsAt + IOVEC_BYTES * index), true);
    headerView.setBigUint64(MMSGHDR_BYTES * index + 24, 1n, true);
  }
  return { at: Number(koffi.address(headers)), pinned: [headers, vectors, set.bytes] };
}

/** An exporter sends the datagrams of its own part of each set in turn: no two tell of the same flows. */
interface Exporter {
  readonly fd: number;
  readonly clock: ExporterClock;
  /** Of all exporters. */
  readonly index: number;
  /** Place in the set of the datagram that goes next. */
  readonly next: Map<DatagramSet, number>;
}

class Sender {
  readonly #blast: Blast;
  readonly #exporters: readonly Exporter[];
  readonly #usualAt: ReturnType<typeof drawUp>;
  readonly #floodAt: ReturnType<typeof drawUp>;
  #turn = 0;
  #templates = 0;

  constructor(plan: SendPlan) {
    this.#blast = makeBlast(plan.format, plan.distinctDatagrams);
    const startedMs = Date.now();
    this.#exporters = Array.from({ length: plan.exporters }, (_, index) => ({
      fd: openExporter(index, plan.port),
      clock: { sequence: 0, startedMs },
      index,
      next: new Map(),
    }));
    this.#usualAt = drawUp(this.#blast.usual);
    this.#floodAt = drawUp(this.#blast.flood);
  }

  run(phases: readonly SendPhase[]): SendReport {
    const cpu = process.cpuUsage();
    const startedMs = Date.now();
    this.#templates = 0;
    let templatesMs = Number.NEGATIVE_INFINITY;
    let datagrams = 0;
    let floodDatagrams = 0;
    let behindMsMax = 0;
    const floodsMs: (number | null)[] = [];
    for (const phase of phases) {
      if (phase.floodRecordsPerSecond > 0) aim(this.#blast, phase.site ?? 0);
      let firstFloodMs: number | null = null;
      const fromMs = performance.now();
      const per = this.#blast.recordsPerDatagram;
      const total = Math.round((phase.recordsPerSecond * phase.seconds) / per);
      const flood = Math.round((phase.floodRecordsPerSecond * phase.seconds) / per);
      let sent = 0;
      let flooded = 0;
      for (;;) {
        const sinceMs = performance.now() - fromMs;
        const share = Math.min(1, sinceMs / (1000 * phase.seconds));
        const nowMs = Date.now();
        if (nowMs - templatesMs >= TEMPLATE_EVERY_MS) {
          templatesMs = nowMs;
          this.#sendTemplates(nowMs);
        }
        const due = Math.floor(share * total);
        const floodDue = Math.floor(share * flood);
        if (sent === total && flooded === flood && share === 1) break;
        if (sent >= due && flooded >= floodDue) {
          libc.poll(null, 0, 1);
          continue;
        }
        if (sent < due) {
          sent += this.#send(this.#blast.usual, this.#usualAt.at, Math.min(SENT_AT_ONCE, due - sent), nowMs);
        }
        if (flooded < floodDue) {
          firstFloodMs ??= Date.now();
          flooded += this.#send(this.#blast.flood, this.#floodAt.at, Math.min(SENT_AT_ONCE, floodDue - flooded), nowMs);
        }
        if (total > 0) behindMsMax = Math.max(behindMsMax, ((due - sent) / total) * 1000 * phase.seconds);
      }
      floodsMs.push(firstFloodMs);
      datagrams += sent;
      floodDatagrams += flooded;
    }
    const used = process.cpuUsage(cpu);
    return {
      records: (datagrams + floodDatagrams) * this.#blast.recordsPerDatagram,
      floodRecords: floodDatagrams * this.#blast.recordsPerDatagram,
      datagrams: datagrams + floodDatagrams + this.#templates,
      startedMs,
      endedMs: Date.now(),
      floodsMs,
      behindMsMax,
      cpuSeconds: (used.user + used.system) / 1e6,
    };
  }

  /** Sends up to `wanted` datagrams of a set from one exporter; how many went. */
  #send(set: DatagramSet, headersAt: number, wanted: number, nowMs: number): number {
    const { fd, clock, index: exporter, next } = this.#exporters[this.#turn++ % this.#exporters.length];
    const begin = Math.floor((exporter * set.count) / this.#exporters.length);
    const end = Math.floor(((exporter + 1) * set.count) / this.#exporters.length);
    const from = next.get(set) ?? begin;
    const count = Math.min(wanted, end - from);
    next.set(set, from + count < end ? from + count : begin);
    for (let index = from; index < from + count; index++) stamp(this.#blast, set, index, clock, nowMs);
    let done = 0;
    while (done < count) {
      const went: number = libc.sendmmsg(fd, headersAt + MMSGHDR_BYTES * (from + done), count - done, 0);
      if (went > 0) done += went;
      // Told of an earlier datagram that nobody listened for; the next try sends.
      else if (koffi.errno() !== ECONNREFUSED) throw new Error(`sendmmsg: errno ${koffi.errno()}`);
    }
    return count;
  }

  #sendTemplates(nowMs: number): void {
    for (const { fd, clock } of this.#exporters) {
      const template = makeTemplate(this.#blast.format, clock, nowMs);
      if (template === undefined) return;
      if (Number(libc.send(fd, template, template.length, 0)) !== template.length) throw new Error('send');
      this.#templates++;
    }
  }
}

const sender = new Sender(JSON.parse(process.argv[2]));
// Nobody listens any more: the bench was ended.
process.stdout.on('error', () => process.exit(1));
process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'end') break;
  process.stdout.write(`${JSON.stringify(sender.run(JSON.parse(line)))}\n`);
}
