import { createSocket, type Socket } from 'node:dgram';
import type { ListenAddress } from '../base/listen.ts';
import { openCapture } from '../input/capture-file.ts';
import { createFlowBatch } from '../model/flow-batch.ts';
import { Rejections } from '../model/rejection.ts';
import { CaptureReader } from '../wire/capture.ts';
import { PacketDecoder } from '../wire/packet.ts';
import { looksLikeTelemetry } from '../wire/telemetry.ts';

/** Datagrams of a recording that are held in memory; what comes behind is left out. */
const DATAGRAMS_MAX = 20_000;
/** Between two rounds of the recording, ms. */
const REST_MS = 5000;
/** Datagrams are sent when they are due within this, ms. */
const TICK_MS = 20;

/** NetFlow v5 (version 5) and v9 (RFC 3954, 5.1) have the export time, seconds since 1970, at 8; IPFIX (RFC 7011, 3.1) at 4. */
const EXPORT_TIME_AT: Readonly<Record<number, number>> = { 5: 8, 9: 8, 10: 4 };

export interface RecordedDatagram {
  /** After the first one, ms. */
  readonly afterMs: number;
  readonly bytes: Uint8Array;
}

/** The datagrams of telemetry in a capture, in order. Throws FILE_UNREADABLE. */
export async function readDatagrams(file: string): Promise<readonly RecordedDatagram[]> {
  const source = await openCapture(file);
  const rejections = new Rejections();
  const reader = new CaptureReader(rejections);
  const decoder = new PacketDecoder(rejections);
  const batch = createFlowBatch();
  const found: RecordedDatagram[] = [];
  let firstMs = Number.NaN;
  try {
    for await (const chunk of source.chunks) {
      reader.push(chunk);
      while (found.length < DATAGRAMS_MAX && reader.next()) {
        const { bytes, offset, capturedLength, wireLength, linkType, timeMs } = reader;
        batch.length = 0;
        decoder.decode(bytes, offset, capturedLength, wireLength, linkType, timeMs, batch);
        const { udpPayloadOffset: at, udpPayloadLength: length } = decoder;
        if (at < 0 || !looksLikeTelemetry(bytes, at, length)) continue;
        if (Number.isNaN(firstMs)) firstMs = timeMs;
        found.push({ afterMs: timeMs - firstMs, bytes: bytes.slice(at, at + length) });
      }
    }
  } finally {
    await source.close();
  }
  return found;
}

/** The datagram as if it were exported at another time: only its header says when. */
export function exportedAt(bytes: Uint8Array, timeMs: number): Uint8Array {
  const moved = Uint8Array.from(bytes);
  const view = new DataView(moved.buffer);
  const at = moved.length < 12 ? undefined : EXPORT_TIME_AT[view.getUint16(0)];
  if (at !== undefined) view.setUint32(at, Math.floor(timeMs / 1000));
  return moved;
}

/** The first datagram, with the templates, numbered as if the other followed it: what is skipped is not lost. */
function numberedBefore(first: Uint8Array, next: Uint8Array): Uint8Array {
  const numbered = Uint8Array.from(first);
  const view = new DataView(numbered.buffer);
  // RFC 3954, 5.1: the sequence of NetFlow v9 counts datagrams.
  if (view.getUint16(0) === 9 && next.length >= 16)
    view.setUint32(12, new DataView(next.buffer, next.byteOffset).getUint32(12) - 1);
  return numbered;
}

/** Sends a recording to a station at the pace at which it was recorded, as if routers sent it now, again and again. */
export class SampleFeed {
  readonly #datagrams: readonly RecordedDatagram[];
  readonly #to: ListenAddress;
  readonly #socket: Socket;
  #timer: NodeJS.Timeout | undefined;
  #next = 0;
  /** When the first datagram of this round was due, ms since 1970. */
  #roundMs = 0;

  constructor(datagrams: readonly RecordedDatagram[], to: ListenAddress) {
    this.#datagrams = datagrams;
    this.#to = to;
    this.#socket = createSocket(to.family === 4 ? 'udp4' : 'udp6').unref();
  }

  /** Begins `skipMs` after the start of the recording; what tells of templates is sent all the same. */
  start(nowMs: number, skipMs: number): void {
    this.#roundMs = nowMs - skipMs;
    this.#next = this.#datagrams.findIndex(({ afterMs }) => afterMs >= skipMs);
    const [first] = this.#datagrams;
    if (first === undefined || this.#next < 0) return;
    this.#send(numberedBefore(first.bytes, this.#datagrams[this.#next].bytes), nowMs);
    this.#timer = setInterval(() => this.#turn(Date.now()), TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#socket.close();
  }

  #turn(nowMs: number): void {
    for (;;) {
      const due = this.#datagrams[this.#next];
      if (due === undefined) {
        const lastMs = this.#datagrams[this.#datagrams.length - 1].afterMs;
        this.#roundMs += lastMs + REST_MS;
        this.#next = 0;
        return;
      }
      if (this.#roundMs + due.afterMs > nowMs) return;
      this.#send(due.bytes, nowMs);
      this.#next++;
    }
  }

  #send(bytes: Uint8Array, nowMs: number): void {
    this.#socket.send(exportedAt(bytes, nowMs), this.#to.port, this.#to.address);
  }
}
