import type { MessagePort } from 'node:worker_threads';
import { BonghwaError } from '../../base/errors.ts';
import { formatListen } from '../../base/listen.ts';
import { openUdp } from '../../input/udp.ts';
import { UDP_ROOM_BYTES, type UdpBatch, type UdpReceiver } from '../../input/udp-port.ts';
import type { InputStatus } from '../../model/station-view.ts';
import { restoreTelemetry, snapshotTelemetry } from '../../wire/telemetry-snapshot.ts';
import { reportExporter } from '../exporter-report.ts';
import type { FromReceiver, ReceiverReport, ThreadFault, ToReceiver, ToReceiverFromDetector } from './messages.ts';
import { PacketSource } from './packet-source.ts';
import { ReceiverRole } from './receiver-role.ts';
import type { ReceiverSetup } from './receiver-thread.ts';

/** How often counters are told, ms. */
const REPORT_MS = 1000;
/** How often what is known of the exporters is told, where they are many, ms; few are told with every report. */
const EXPORTERS_MS = 10_000;
const EXPORTERS_FEW = 64;
/** How often the clock is looked at where a stream of packets is read, ms. */
const TICK_MS = 100;

/** What a receiver thread runs: it receives, decodes and counts, and hands every second to the detector. */
export class ReceiverWork {
  readonly #setup: ReceiverSetup;
  readonly #main: MessagePort;
  readonly #role: ReceiverRole;
  readonly #ended = new AbortController();
  readonly #records: number[];
  readonly #shed: number[];
  #detector: MessagePort | undefined;
  #udp: UdpReceiver | undefined;
  #packets: PacketSource | undefined;
  #packetFault: string | undefined;
  #waitedMs = 0;
  #ranMs = 0;
  #reportedMs = Number.NEGATIVE_INFINITY;
  #exportersMs = Number.NEGATIVE_INFINITY;
  #exporters: ReceiverReport['exporters'] = [];

  constructor(setup: ReceiverSetup, main: MessagePort) {
    this.#setup = setup;
    this.#main = main;
    this.#records = setup.listen.map(() => 0);
    this.#shed = setup.listen.map(() => 0);
    this.#role = new ReceiverRole({
      seed: setup.seed,
      lots: setup.lots,
      networks: setup.networks,
      settings: setup.settings,
      volumes: setup.volumes,
      receiveBytes: setup.listen.length > 0 ? UDP_ROOM_BYTES : 0,
      onSecond: (message, transfers) => this.#detector?.postMessage(message, transfers),
    });
    for (const snapshot of setup.snapshots) restoreTelemetry(this.#role.decoder, snapshot, Date.now());
    main.on('message', (message: ToReceiver) => this.#take(message));
  }

  async start(): Promise<void> {
    const { listen, packets, shared } = this.#setup;
    try {
      if (packets !== undefined) this.#readPackets(packets);
      else {
        this.#udp = await openUdp({
          listen: listen.map(({ at }) => at),
          reusePort: shared,
          ...(this.#role.batch.receive === undefined ? {} : { room: this.#role.batch.receive }),
          sink: { take: (batch) => this.#datagrams(batch), turn: () => this.#turn() },
        });
      }
      this.#post({ kind: 'listening', inputs: this.#inputs() });
    } catch (error) {
      this.#post({ kind: 'failed', fault: faultOf(error) });
    }
  }

  #readPackets(packets: NonNullable<ReceiverSetup['packets']>): void {
    const source = new PacketSource(
      {
        ...packets,
        signal: this.#ended.signal,
        now: () => Date.now(),
        onFault: (fault) => {
          this.#packetFault = fault.message;
          this.#post({ kind: 'fault', fault: faultOf(fault) });
        },
      },
      this.#role,
    );
    this.#packets = source;
    const timer = setInterval(() => {
      source.tick();
      this.#reportAt(Date.now());
    }, TICK_MS);
    this.#ended.signal.addEventListener('abort', () => clearInterval(timer));
    source.run().catch((error: unknown) => {
      // A fault of our own: the thread ends with it, and is started again.
      setImmediate(() => {
        throw error;
      });
    });
  }

  #datagrams({ count, socket, bytes, offsets, lengths, sources }: UdpBatch): void {
    const role = this.#role;
    const nowMs = Date.now();
    const before = role.records + role.batch.length;
    const shedBefore = role.recordsShed;
    for (let index = 0; index < count; index++) {
      role.datagram(bytes, offsets[index], lengths[index], sources, 4 * index, nowMs);
    }
    this.#records[socket] += role.records + role.batch.length - before;
    this.#shed[socket] += role.recordsShed - shedBefore;
  }

  /** All that had come was taken: the clock and the pressure are looked at. */
  #turn(): void {
    const udp = this.#udp;
    if (udp === undefined) return;
    const nowMs = Date.now();
    this.#role.flush(nowMs);
    const { user, system } = process.threadCpuUsage();
    const ranMs = (user + system) / 1000;
    const dropped = udp.dropped();
    this.#role.shedder.note(nowMs, udp.waitedMs - this.#waitedMs, ranMs - this.#ranMs, dropped, udp.filled);
    this.#waitedMs = udp.waitedMs;
    this.#ranMs = ranMs;
    this.#reportAt(nowMs);
  }

  #reportAt(nowMs: number): void {
    if (nowMs - this.#reportedMs < REPORT_MS && nowMs >= this.#reportedMs) return;
    this.#reportedMs = nowMs;
    const { exporters } = this.#role.decoder;
    if (exporters.size <= EXPORTERS_FEW || Math.abs(nowMs - this.#exportersMs) >= EXPORTERS_MS) {
      this.#exportersMs = nowMs;
      this.#exporters = exporters.list().map(reportExporter);
    }
    this.#post({ kind: 'report', ...this.#report() });
  }

  #report(): ReceiverReport {
    const { records, recordsShed, decoder, rejections, shedder, stream } = this.#role;
    return {
      inputs: this.#inputs(),
      records,
      recordsShed,
      recordsMissing: Math.round(decoder.exporters.recordsLost()),
      exporters: this.#exporters,
      rejected: {
        ...rejections.toRecord(),
        ...positive({
          'time-far-behind': stream.outOfTime + rejections.of('time-far-behind'),
          'record-not-released': stream.lostByJump,
          'record-thinned': stream.thinned,
          'record-unpaced': stream.unpaced,
        }),
      },
      shedding: shedder.oneIn,
    };
  }

  #inputs(): InputStatus[] {
    const { listen, packets } = this.#setup;
    if (packets !== undefined) {
      const status: InputStatus = {
        kind: 'pcap',
        address: packets.path,
        receiver: 'stream',
        workers: 1,
        datagrams: this.#packets?.packets ?? 0,
        datagramsDropped: 0,
        records: this.#role.records,
        recordsShed: 0,
      };
      return [this.#packetFault === undefined ? status : { ...status, error: this.#packetFault }];
    }
    const udp = this.#udp;
    if (udp === undefined) return [];
    return udp.status().map((socket, index) => ({
      kind: listen[index].kind,
      address: formatListen(socket.at),
      receiver: udp.via,
      workers: 1,
      receiveBufferBytes: socket.receiveBufferBytes,
      datagrams: socket.datagrams,
      datagramsDropped: socket.dropped,
      records: this.#records[index],
      recordsShed: this.#shed[index],
      ...(socket.error === undefined ? {} : { error: socket.error }),
    }));
  }

  #take(message: ToReceiver): void {
    switch (message.kind) {
      case 'detector':
        this.#detector?.close();
        this.#detector = message.port;
        message.port.on('message', (told: ToReceiverFromDetector) => {
          if ('watch' in told) this.#role.watch(told.watch);
          else this.#role.spare.give(told.spare);
        });
        return;
      case 'networks':
        this.#role.protect(message.networks);
        return;
      case 'settings':
        this.#role.configure(message.settings);
        return;
      case 'track':
        this.#role.track(message.tracked);
        return;
      case 'facts':
        this.#post({ kind: 'facts', facts: this.#role.facts(Date.now()) });
        return;
      case 'snapshot':
        this.#post({ kind: 'snapshot', bytes: snapshotTelemetry(this.#role.decoder) });
        return;
      case 'stop':
        void this.#stop();
        return;
    }
  }

  async #stop(): Promise<void> {
    this.#ended.abort();
    await this.#udp?.stop();
    this.#role.flush(Date.now());
    this.#role.stream.finish();
    this.#post({ kind: 'report', ...this.#report() });
    this.#post({ kind: 'snapshot', bytes: snapshotTelemetry(this.#role.decoder) });
    this.#post({ kind: 'stopped' });
    this.#detector?.close();
    this.#main.close();
  }

  #post(message: FromReceiver): void {
    this.#main.postMessage(message);
  }
}

function positive(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

function faultOf(error: unknown): ThreadFault {
  if (error instanceof BonghwaError) {
    return { code: error.code, message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) };
  }
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) };
}
