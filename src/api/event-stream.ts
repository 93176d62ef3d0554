import type { StationEvent } from '../model/station-event.ts';

/** Events that a client can still have after it was away, and their bytes. */
const KEPT_MAX = 1000;
const KEPT_BYTES_MAX = 4 << 20;
/** Clients at a time. */
export const CLIENTS_MAX = 600;
/** Bytes that wait for a client that reads slowly; more, and it is let go. It comes back and asks for what it missed. */
const WAITING_BYTES_MAX = 1 << 20;
/** What a client waits for before it connects again, ms. */
const RETRY_MS = 3000;

/** Says whether a client may still listen; where nobody can tell just now, it does. */
export type MayListen = () => Promise<boolean>;

type Client = ReadableStreamDefaultController<Uint8Array>;

interface Kept {
  readonly number: number;
  readonly frame: Uint8Array;
}

/**
 * Events as server-sent events (HTML Living Standard, 9.2). An id is `<run>-<number>`: within one run of the station a client
 * that gives its last id gets what came since; where that is not kept any more, `resync` tells it to ask for everything anew.
 */
export class EventStream {
  readonly #run: string;
  readonly #encoder = new TextEncoder();
  readonly #clients = new Map<Client, MayListen>();
  #kept: Kept[] = [];
  #keptBytes = 0;
  #number = 0;
  #closed = false;

  /** `run` is text that no other run of the station has. */
  constructor(run: string) {
    this.#run = run;
  }

  get clients(): number {
    return this.#clients.size;
  }

  publish(event: StationEvent): void {
    this.#number++;
    const frame = this.#frame(event.kind, event, this.#number);
    this.#kept.push({ number: this.#number, frame });
    this.#keptBytes += frame.length;
    let drop = 0;
    while (this.#kept.length - drop > KEPT_MAX || (this.#keptBytes > KEPT_BYTES_MAX && drop < this.#kept.length - 1)) {
      this.#keptBytes -= this.#kept[drop].frame.length;
      drop++;
    }
    if (drop > 0) this.#kept = this.#kept.slice(drop);
    for (const client of this.#clients.keys()) this.#send(client, frame);
  }

  /** A comment, so that nothing on the way takes a quiet connection for a dead one. */
  heartbeat(): void {
    const frame = this.#encoder.encode(': still here\n\n');
    for (const client of this.#clients.keys()) this.#send(client, frame);
  }

  /** Ends the streams of those who may not listen any more: whose session or token is over, or was taken away. */
  async recheck(): Promise<void> {
    for (const [client, mayListen] of [...this.#clients]) {
      const may = await mayListen().catch(() => true);
      if (!may && this.#clients.delete(client)) client.close();
    }
  }

  /** The events for one client; undefined where there are as many clients as are served. */
  open(
    lastId: string | undefined,
    mayListen: MayListen = () => Promise.resolve(true),
  ): ReadableStream<Uint8Array> | undefined {
    if (this.#closed || this.#clients.size >= CLIENTS_MAX) return undefined;
    let mine: Client | undefined;
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          mine = controller;
          this.#clients.set(controller, mayListen);
          controller.enqueue(this.#encoder.encode(`retry: ${RETRY_MS}\n\n`));
          for (const frame of this.#missed(lastId)) controller.enqueue(frame);
        },
        cancel: () => {
          if (mine !== undefined) this.#clients.delete(mine);
        },
      },
      // What it missed is handed to it at once; the frames are those that are kept, and cost nothing more.
      new ByteLengthQueuingStrategy({ highWaterMark: KEPT_BYTES_MAX + WAITING_BYTES_MAX }),
    );
  }

  close(): void {
    this.#closed = true;
    for (const client of this.#clients.keys()) client.close();
    this.#clients.clear();
  }

  #missed(lastId: string | undefined): Uint8Array[] {
    if (lastId === undefined) return [];
    const [run, digits] = lastId.split('-');
    const last = Number(digits);
    const first = this.#number - this.#kept.length + 1;
    const known = run === this.#run && Number.isSafeInteger(last) && last >= first - 1 && last <= this.#number;
    if (!known) return [this.#frame('resync', { reason: 'what came since is not kept any more' }, this.#number)];
    return this.#kept.filter(({ number }) => number > last).map(({ frame }) => frame);
  }

  #frame(name: string, data: unknown, number: number): Uint8Array {
    return this.#encoder.encode(`id: ${this.#run}-${number}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  #send(client: Client, frame: Uint8Array): void {
    if ((client.desiredSize ?? 0) > 0) client.enqueue(frame);
    else {
      this.#clients.delete(client);
      client.close();
    }
  }
}
