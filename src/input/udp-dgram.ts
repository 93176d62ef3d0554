import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { assert } from '../base/errors.ts';
import { parseAddress } from '../base/ip.ts';
import type { ListenAddress } from '../base/listen.ts';
import { createUdpRoom, type UdpRoom } from './udp-batch.ts';
import { inodeOf, listenFault, udpEntries } from './udp-holders.ts';
import {
  RECEIVE_BUFFER_BYTES,
  UDP_TURN_MS,
  type UdpOptions,
  type UdpReceiver,
  type UdpSink,
  type UdpSocketStatus,
} from './udp-port.ts';

/** Senders whose address is kept in words; beyond, all are forgotten and parsed anew. */
const SENDERS_MAX = 4096;

interface OpenSocket {
  readonly socket: Socket;
  readonly at: ListenAddress;
  readonly receiveBufferBytes: number;
  /** The kernel's name of the socket in /proc/net/udp; empty where it cannot be told. */
  readonly inode: string;
  datagrams: number;
  bytes: number;
  truncated: number;
  /** Drops that the kernel told last. */
  dropped: number;
  error: string | undefined;
}

/** Receives through node:dgram, on any machine. Three times the processor time of the other way: bench/live/udp.ts. */
export class DgramReceiver implements UdpReceiver {
  /** Node does not tell. */
  readonly filled = 0;
  readonly via = 'dgram';
  readonly #room: UdpRoom;
  readonly #sink: UdpSink;
  readonly #sockets: OpenSocket[] = [];
  readonly #senders = new Map<string, Uint32Array>();
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #stopped = false;
  readonly #idleBefore = performance.eventLoopUtilization().idle;
  #idleMs = 0;
  readonly #turn = (): void => this.#endTurn();

  private constructor(options: UdpOptions) {
    this.#sink = options.sink;
    this.#room = createUdpRoom(options);
  }

  /** Rejects with LISTEN_FAILED; nothing listens then. */
  static async open(options: UdpOptions): Promise<DgramReceiver> {
    const receiver = new DgramReceiver(options);
    try {
      for (const at of options.listen) receiver.#sockets.push(await openSocket(at, options));
    } catch (error) {
      await receiver.stop();
      throw error;
    }
    for (const [index, open] of receiver.#sockets.entries()) {
      open.socket.on('message', (message, from) => receiver.#receive(index, message, from));
      open.socket.on('error', (error) => {
        open.error = error.message;
      });
    }
    receiver.#timer = setInterval(receiver.#turn, UDP_TURN_MS);
    return receiver;
  }

  /** What Node knows of its waiting: the whole thread's. */
  get waitedMs(): number {
    if (!this.#stopped) this.#idleMs = performance.eventLoopUtilization().idle - this.#idleBefore;
    return this.#idleMs;
  }

  status(): readonly UdpSocketStatus[] {
    this.dropped();
    return this.#sockets.map(({ socket: _, inode, ...told }) => ({ ...told, droppedKnown: inode !== '' }));
  }

  /** Reads /proc/net/udp, there being no other way to ask. */
  dropped(): number {
    let sum = 0;
    for (const open of this.#sockets) {
      if (!this.#stopped && open.inode !== '') {
        open.dropped = udpEntries(open.at.port).find(({ inode }) => inode === open.inode)?.drops ?? open.dropped;
      }
      sum += open.dropped;
    }
    return sum;
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.dropped();
    this.#idleMs = this.waitedMs;
    this.#stopped = true;
    clearInterval(this.#timer);
    clearImmediate(this.#immediate);
    const closed = this.#sockets.map(({ socket }) => once(socket, 'close'));
    for (const { socket } of this.#sockets) socket.close();
    await Promise.all(closed);
  }

  #receive(index: number, message: Buffer, from: RemoteInfo): void {
    if (this.#stopped) return;
    const open = this.#sockets[index];
    const { batch, slots, slotBytes, fillBytes } = this.#room;
    if (message.length >= fillBytes) {
      open.truncated++;
      return;
    }
    if (batch.count > 0 && batch.socket !== index) this.#flush();
    batch.socket = index;
    const at = batch.count++;
    batch.offsets[at] = slotBytes * at;
    batch.lengths[at] = message.length;
    batch.bytes.set(message, slotBytes * at);
    batch.sources.set(this.#wordsOf(from.address), 4 * at);
    batch.ports[at] = from.port;
    open.datagrams++;
    open.bytes += message.length;
    if (batch.count === slots) this.#flush();
    // Node reads several datagrams before it comes to this.
    this.#immediate ??= setImmediate(this.#turn);
  }

  #endTurn(): void {
    clearImmediate(this.#immediate);
    this.#immediate = undefined;
    this.#flush();
    if (!this.#stopped) this.#sink.turn?.();
  }

  #flush(): void {
    const { batch } = this.#room;
    if (batch.count === 0 || this.#stopped) return;
    this.#sink.take(batch);
    batch.count = 0;
  }

  #wordsOf(address: string): Uint32Array {
    const known = this.#senders.get(address);
    if (known !== undefined) return known;
    // A link-local sender comes with its interface: fe80::1%eth0.
    const words = parseAddress(address.replace(/%.*$/, ''));
    assert(words !== undefined, 'a sender has an address');
    if (this.#senders.size >= SENDERS_MAX) this.#senders.clear();
    this.#senders.set(address, words);
    return words;
  }
}

async function openSocket(at: ListenAddress, options: UdpOptions): Promise<OpenSocket> {
  const wanted = options.receiveBufferBytes ?? RECEIVE_BUFFER_BYTES;
  const reusePort = options.reusePort === true;
  const ipv6Only = at.family === 6 && at.address !== '::';
  const socket = createSocket({ type: at.family === 6 ? 'udp6' : 'udp4', reusePort, ipv6Only, recvBufferSize: wanted });
  try {
    socket.bind({ address: at.address, port: at.port, exclusive: true });
    await once(socket, 'listening');
  } catch (error) {
    socket.close();
    throw listenFault(at, systemCode(error), error);
  }
  return {
    socket,
    at: { ...at, port: socket.address().port },
    receiveBufferBytes: socket.getRecvBufferSize(),
    inode: inodeOf(descriptorOf(socket)),
    datagrams: 0,
    bytes: 0,
    truncated: 0,
    dropped: 0,
    error: undefined,
  };
}

/** Node shows the descriptor of a socket nowhere. Where it moves it, drops are not known, and said to be so. */
function descriptorOf(socket: Socket): number {
  for (const key of Object.getOwnPropertySymbols(socket)) {
    const fd = memberOf(memberOf(memberOf(socket, key), 'handle'), 'fd');
    if (typeof fd === 'number') return fd;
  }
  return -1;
}

function memberOf(value: unknown, key: string | symbol): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

/** `EADDRINUSE` of a fault of the system, `UNKNOWN` of any other. */
export function systemCode(error: unknown): string {
  const code = memberOf(error, 'code');
  return typeof code === 'string' ? code : 'UNKNOWN';
}
