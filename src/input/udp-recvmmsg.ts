import { assert } from '../base/errors.ts';
import { IPV4_MAPPED_WORD, parseAddress } from '../base/ip.ts';
import type { ListenAddress } from '../base/listen.ts';
import { createUdpRoom, type UdpRoom } from './udp-batch.ts';
import { listenFault } from './udp-holders.ts';
import * as sys from './udp-libc.ts';
import {
  RECEIVE_BUFFER_BYTES,
  type UdpOptions,
  type UdpReceiver,
  type UdpSink,
  type UdpSocketStatus,
} from './udp-port.ts';

/** A turn ends after this long, also when more datagrams wait: messages and timers of the thread come first then, ms. */
const TURN_MS_MAX = 10;
/** Without datagrams the thread waits in the kernel for as long as this at most, and nothing else runs in it meanwhile, ms. */
const WAIT_MS = 20;
/** After a fault of a socket, ms. */
const FAULT_PAUSE_MS = 20;
/**
 * After everything was taken, the next look is not worth its cost before some datagrams have come together, and what the processor
 * remembers of the last look is gone by then in any case: the thread sleeps, but looks so long before a second of the clock ends, and again
 * when it has ended: what came in it counts in it, ms …
 */
const EDGE_MS = 3;
/** … and sleeps no longer than some share of the buffer lasts at 200,000 datagrams a second, of which each takes 2304 bytes of it … */
const FILL_BYTES_PER_MS = 200 * 2304;
/** … a quarter of it, and no longer than this, ms … */
const PAUSE_SHARE = 1 / 4;
const PAUSE_MS_MAX = 100;
/** … or three quarters where fewer than so many came each millisecond, in so many turns one after the other. */
const REST_SHARE = 3 / 4;
const REST_MS_MAX = 250;
const REST_PER_MS_MAX = 25;
const REST_AFTER_TURNS = 50;

const EINTR = 4;
const EAGAIN = 11;

/** A socket and the headers that the kernel fills for it; the slots that they point to are shared by all sockets. */
interface OpenSocket {
  readonly fd: number;
  readonly at: ListenAddress;
  readonly receiveBufferBytes: number;
  /** struct mmsghdr of every slot, as words, and where it lies. */
  readonly headers: Uint32Array;
  readonly headersAt: number;
  /** struct sockaddr of every slot: one at every `SOCKADDR_BYTES`. */
  readonly names: DataView;
  /** Everything whose address the kernel was told. */
  readonly pinned: readonly ArrayBufferLike[];
  datagrams: number;
  bytes: number;
  truncated: number;
  /** Drops as the kernel counts them, modulo 2^32, when they were last asked for; and their sum. */
  dropsSeen: number;
  dropped: number;
  error: string | undefined;
}

/**
 * Receives through libc's recvmmsg: up to 64 datagrams a call go straight into the room, and no object is made for any of them.
 * bench/live/udp.ts measures it. Throws LISTEN_FAILED.
 */
export class RecvmmsgReceiver implements UdpReceiver {
  readonly via = 'recvmmsg';
  waitedMs = 0;
  filled = 0;
  readonly #libc: sys.Libc;
  readonly #room: UdpRoom;
  readonly #sink: UdpSink;
  readonly #sockets: OpenSocket[] = [];
  readonly #pollfds: Int32Array;
  readonly #pollfdsAt: number;
  readonly #pauseMs: number;
  readonly #restMs: number;
  /** When the last turn began, and how many one after the other found few. */
  #turnedAt = 0;
  #calmTurns = 0;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #pausedAt = 0;
  #stopped = false;
  readonly #turn = (): void => this.#work();

  constructor(options: UdpOptions, libc: sys.Libc) {
    this.#libc = libc;
    this.#sink = options.sink;
    this.#room = createUdpRoom(options);
    try {
      for (const at of options.listen) this.#sockets.push(openSocket(at, options, libc, this.#room));
    } catch (error) {
      this.#close();
      throw error;
    }
    this.#pollfds = new Int32Array(new ArrayBuffer(sys.POLLFD_BYTES * this.#sockets.length));
    for (const [index, { fd }] of this.#sockets.entries()) {
      this.#pollfds[2 * index] = fd;
      this.#pollfds[2 * index + 1] = sys.POLLIN;
    }
    this.#pollfdsAt = libc.addressOf(new Uint8Array(this.#pollfds.buffer));
    const bufferBytes = Math.min(...this.#sockets.map(({ receiveBufferBytes }) => receiveBufferBytes));
    const fillMs = bufferBytes / FILL_BYTES_PER_MS;
    this.#pauseMs = Math.min(PAUSE_MS_MAX, Math.floor(PAUSE_SHARE * fillMs));
    this.#restMs = Math.min(REST_MS_MAX, Math.floor(REST_SHARE * fillMs));
    this.#immediate = setImmediate(this.#turn);
  }

  status(): readonly UdpSocketStatus[] {
    return this.#sockets.map((socket) => ({
      at: socket.at,
      receiveBufferBytes: socket.receiveBufferBytes,
      datagrams: socket.datagrams,
      bytes: socket.bytes,
      dropped: this.#droppedOn(socket),
      droppedKnown: true,
      truncated: socket.truncated,
      error: socket.error,
    }));
  }

  dropped(): number {
    let sum = 0;
    this.filled = 0;
    for (const socket of this.#sockets) sum += this.#droppedOn(socket);
    return sum;
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.dropped();
    this.#close();
  }

  #close(): void {
    this.#stopped = true;
    for (const { fd } of this.#sockets) this.#libc.close(fd);
  }

  /** Takes what is there, and arranges for the next turn. */
  #work(): void {
    const from = performance.now();
    if (this.#timer !== undefined) this.waitedMs += from - this.#pausedAt;
    this.#timer = undefined;
    const { slots } = this.#room;
    const sockets = this.#sockets;
    let received = 0;
    let full = true;
    let faulty = false;
    while (full && performance.now() - from < TURN_MS_MAX) {
      full = false;
      for (let index = 0; index < sockets.length; index++) {
        const count = this.#receive(index);
        if (this.#stopped) return;
        if (count > 0) received += count;
        if (count === slots) full = true;
        if (count < 0) faulty = true;
      }
    }
    this.#sink.turn?.();
    if (this.#stopped) return;
    if (received > REST_PER_MS_MAX * (from - this.#turnedAt)) this.#calmTurns = 0;
    // Silence is no sign of calm: what comes behind it finds code that never ran.
    else if (received > 0) this.#calmTurns++;
    this.#turnedAt = from;
    if (faulty) this.#pause(FAULT_PAUSE_MS);
    else if (full) this.#immediate = setImmediate(this.#turn);
    else if (received > 0 && this.#pauseMs > 0) {
      const pauseMs = this.#calmTurns > REST_AFTER_TURNS ? this.#restMs : this.#pauseMs;
      this.#pause(Math.min(pauseMs, untilEdge(Date.now())));
    } else {
      const waitFrom = performance.now();
      this.#libc.poll(this.#pollfdsAt, sockets.length, WAIT_MS);
      this.waitedMs += performance.now() - waitFrom;
      this.#immediate = setImmediate(this.#turn);
    }
  }

  #pause(forMs: number): void {
    this.#pausedAt = performance.now();
    this.#timer = setTimeout(this.#turn, forMs);
  }

  /** One call of the kernel, and one batch of what it gave. How many datagrams it gave; -1 where it could not. */
  #receive(index: number): number {
    const socket = this.#sockets[index];
    const { batch, slots, slotBytes, fillBytes } = this.#room;
    const found = this.#libc.recvmmsg(socket.fd, socket.headersAt, slots, sys.MSG_DONTWAIT, 0);
    if (found < 0) return this.#fault(socket);
    const { headers, names } = socket;
    const { offsets, lengths, sources, ports } = batch;
    let count = 0;
    let bytes = 0;
    for (let slot = 0; slot < found; slot++) {
      const header = (sys.MMSGHDR_BYTES / 4) * slot;
      const length = headers[header + 14];
      if (length >= fillBytes || (headers[header + 12] & sys.MSG_TRUNC) !== 0) {
        socket.truncated++;
        continue;
      }
      offsets[count] = slotBytes * slot;
      lengths[count] = length;
      bytes += length;
      const name = sys.SOCKADDR_BYTES * slot;
      ports[count] = names.getUint16(name + 2);
      const source = 4 * count;
      if (names.getUint16(name, true) === sys.AF_INET) {
        sources[source] = 0;
        sources[source + 1] = 0;
        sources[source + 2] = IPV4_MAPPED_WORD;
        sources[source + 3] = names.getUint32(name + 4);
      } else {
        sources[source] = names.getUint32(name + 8);
        sources[source + 1] = names.getUint32(name + 12);
        sources[source + 2] = names.getUint32(name + 16);
        sources[source + 3] = names.getUint32(name + 20);
      }
      count++;
    }
    socket.datagrams += count;
    socket.bytes += bytes;
    socket.error = undefined;
    if (count > 0) {
      batch.count = count;
      batch.socket = index;
      this.#sink.take(batch);
    }
    return found;
  }

  #fault(socket: OpenSocket): number {
    const errno = this.#libc.errno();
    if (errno === EAGAIN || errno === EINTR) return 0;
    socket.error = `recvmmsg: ${this.#libc.errorName(errno)}`;
    return -1;
  }

  /**
   * The kernel's counter of the socket's drops. SO_RXQ_OVFL tells the same number with every datagram, but only as it was when
   * that datagram came: it never tells what was dropped after the last.
   */
  #droppedOn(socket: OpenSocket): number {
    // The number of a closed descriptor may be somebody else's by now.
    if (this.#stopped) return socket.dropped;
    const words = new Uint32Array(new ArrayBuffer(4 * sys.SK_MEMINFO_WORDS));
    const got = getOption(this.#libc, socket.fd, sys.SO_MEMINFO, new Uint8Array(words.buffer));
    if (got) {
      const drops = words[sys.SK_MEMINFO_DROPS];
      this.filled = Math.max(this.filled, words[sys.SK_MEMINFO_RMEM_ALLOC] / words[sys.SK_MEMINFO_RCVBUF]);
      socket.dropped += (drops - socket.dropsSeen) >>> 0;
      socket.dropsSeen = drops;
    }
    return socket.dropped;
  }
}

/** How long until shortly before the second ends, or until its end, ms. */
function untilEdge(nowMs: number): number {
  const untilEnd = 1000 - (nowMs % 1000);
  return untilEnd > EDGE_MS ? untilEnd - EDGE_MS : untilEnd;
}

function openSocket(at: ListenAddress, options: UdpOptions, libc: sys.Libc, room: UdpRoom): OpenSocket {
  const fd = libc.socket(at.family === 6 ? sys.AF_INET6 : sys.AF_INET, sys.UDP_SOCKET_TYPE, 0);
  if (fd < 0) throw listenFault(at, libc.errorName(libc.errno()));
  try {
    // `::` hears IPv4 too, whatever net.ipv6.bindv6only says.
    if (at.family === 6) setOption(libc, fd, sys.IPPROTO_IPV6, sys.IPV6_V6ONLY, at.address === '::' ? 0 : 1);
    if (options.reusePort === true) setOption(libc, fd, sys.SOL_SOCKET, sys.SO_REUSEPORT, 1);
    const wanted = options.receiveBufferBytes ?? RECEIVE_BUFFER_BYTES;
    if (!setOption(libc, fd, sys.SOL_SOCKET, sys.SO_RCVBUFFORCE, wanted)) {
      setOption(libc, fd, sys.SOL_SOCKET, sys.SO_RCVBUF, wanted);
    }
    const name = encodeName(at);
    if (libc.bind(fd, name, name.length) !== 0) throw listenFault(at, libc.errorName(libc.errno()));
    const given = new Int32Array(new ArrayBuffer(4));
    getOption(libc, fd, sys.SO_RCVBUF, new Uint8Array(given.buffer));
    return { ...createHeaders(room, libc), fd, at: boundTo(at, fd, libc), receiveBufferBytes: given[0] };
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

/** Draws up one header per slot, which the kernel then fills again and again. */
function createHeaders(room: UdpRoom, libc: sys.Libc): Omit<OpenSocket, 'fd' | 'at' | 'receiveBufferBytes'> {
  const { slots, slotBytes, fillBytes, batch } = room;
  const headerBytes = new Uint8Array(new ArrayBuffer(sys.MMSGHDR_BYTES * slots));
  const vectorBytes = new Uint8Array(new ArrayBuffer(sys.IOVEC_BYTES * slots));
  const nameBytes = new Uint8Array(new ArrayBuffer(sys.SOCKADDR_BYTES * slots));
  const headers = new DataView(headerBytes.buffer);
  const vectors = new DataView(vectorBytes.buffer);
  const headersAt = libc.addressOf(headerBytes);
  const vectorsAt = libc.addressOf(vectorBytes);
  const namesAt = libc.addressOf(nameBytes);
  const roomAt = libc.addressOf(batch.bytes);
  for (let slot = 0; slot < slots; slot++) {
    vectors.setBigUint64(sys.IOVEC_BYTES * slot, BigInt(roomAt + slotBytes * slot), true);
    vectors.setBigUint64(sys.IOVEC_BYTES * slot + 8, BigInt(fillBytes), true);
    const header = sys.MMSGHDR_BYTES * slot;
    headers.setBigUint64(header, BigInt(namesAt + sys.SOCKADDR_BYTES * slot), true);
    headers.setUint32(header + 8, sys.SOCKADDR_BYTES, true);
    headers.setBigUint64(header + 16, BigInt(vectorsAt + sys.IOVEC_BYTES * slot), true);
    headers.setBigUint64(header + 24, 1n, true);
  }
  return {
    headers: new Uint32Array(headerBytes.buffer),
    headersAt,
    names: new DataView(nameBytes.buffer),
    pinned: [vectorBytes.buffer, batch.bytes.buffer],
    datagrams: 0,
    bytes: 0,
    truncated: 0,
    dropsSeen: 0,
    dropped: 0,
    error: undefined,
  };
}

function encodeName(at: ListenAddress): Uint8Array {
  const words = parseAddress(at.address);
  assert(words !== undefined, 'a listening address is an address');
  const name = new Uint8Array(new ArrayBuffer(at.family === 6 ? sys.SOCKADDR_BYTES : sys.SOCKADDR_IN_BYTES));
  const view = new DataView(name.buffer);
  view.setUint16(0, at.family === 6 ? sys.AF_INET6 : sys.AF_INET, true);
  view.setUint16(2, at.port);
  if (at.family === 4) view.setUint32(4, words[3]);
  else for (let word = 0; word < 4; word++) view.setUint32(8 + 4 * word, words[word]);
  return name;
}

/** The address with the port that was chosen. */
function boundTo(at: ListenAddress, fd: number, libc: sys.Libc): ListenAddress {
  if (at.port !== 0) return at;
  const name = new Uint8Array(new ArrayBuffer(sys.SOCKADDR_BYTES));
  const length = new Uint8Array(Uint32Array.of(name.length).buffer);
  const got = libc.getsockname(fd, name, length);
  assert(got === 0, 'a bound socket has a name');
  return { ...at, port: new DataView(name.buffer).getUint16(2) };
}

function setOption(libc: sys.Libc, fd: number, level: number, option: number, value: number): boolean {
  return libc.setsockopt(fd, level, option, new Uint8Array(Int32Array.of(value).buffer), 4) === 0;
}

function getOption(libc: sys.Libc, fd: number, option: number, value: Uint8Array): boolean {
  const length = new Uint8Array(Uint32Array.of(value.length).buffer);
  return libc.getsockopt(fd, sys.SOL_SOCKET, option, value, length) === 0;
}
