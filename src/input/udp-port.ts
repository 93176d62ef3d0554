import type { ListenAddress } from '../base/listen.ts';

/** The port of UDP reception: what `openUdp` (udp.ts) gives, whichever way datagrams come in. */

/** Receive buffer that is asked of the kernel, bytes. What it gave stands in `UdpSocketStatus.receiveBufferBytes`. */
export const RECEIVE_BUFFER_BYTES = 64 * 1024 * 1024;
/** As many bytes as a datagram can have. */
export const DATAGRAM_BYTES_MAX = 65_535;
/** Datagrams taken by one call of the kernel, and handed over together: at 32 to 256 a datagram costs the same, and fewer stay in the cache. */
export const UDP_BATCH_MAX = 64;
/**
 * Bytes of room for one datagram. A multiple of 64, and not of 4096: else all datagrams would begin in the same lines of the
 * first-level cache.
 */
export const UDP_SLOT_BYTES = 65_536 + 25 * 64;
/** Room for a full batch; only what datagrams really fill is ever touched. */
export const UDP_ROOM_BYTES = UDP_BATCH_MAX * UDP_SLOT_BYTES;
/** `UdpSink.turn` comes at least this often, ms, datagrams or not. */
export const UDP_TURN_MS = 25;

/**
 * Datagrams of one socket, in the order in which they came. One object per receiver, used again: whatever is kept must be copied
 * before `take` returns.
 *
 *   datagram i = bytes[offsets[i] .. offsets[i] + lengths[i])   from   sources[4 * i .. 4 * i + 3], port ports[i]
 */
export interface UdpBatch {
  /** Datagrams in it, 1 to `UDP_BATCH_MAX`. */
  count: number;
  /** Index of the socket in `UdpOptions.listen`. */
  socket: number;
  /** The room (the same array always). */
  readonly bytes: Uint8Array;
  readonly offsets: Uint32Array;
  /** Bytes of each datagram; 0 for an empty one. */
  readonly lengths: Uint32Array;
  /** Sender's address, four words each, IPv4 mapped. */
  readonly sources: Uint32Array;
  /** Sender's port. */
  readonly ports: Uint16Array;
}

/** Takes what a receiver receives. Neither function may throw. */
export interface UdpSink {
  take(batch: UdpBatch): void;
  /**
   * Everything that was there has been taken, or so much that other work must have its turn. Comes after the batches of a turn
   * and at least every `UDP_TURN_MS` while nothing arrives: the place to look at the clock.
   */
  turn?(): void;
}

export interface UdpOptions {
  /** 1 to 64 sockets. Port 0 asks for a free one, which `UdpSocketStatus.at` tells. */
  readonly listen: readonly ListenAddress[];
  readonly sink: UdpSink;
  /**
   * Sockets of several receivers may share an address, and the kernel deals senders out to them. Without it, the address is ours
   * alone. Two stations that share an address would each see half: call `probeUdp` once before the first of several receivers.
   */
  readonly reusePort?: boolean;
  readonly receiveBufferBytes?: number;
  /**
   * Memory to receive into, at least `UDP_SLOT_BYTES`, best `UDP_ROOM_BYTES`: `createKernelBatch(rows, UDP_ROOM_BYTES).receive` saves
   * decoders a copy. It must never be detached or grow. The receiver makes its own where none is given.
   */
  readonly room?: Uint8Array;
  /** Longer datagrams are counted as truncated; 512 to `DATAGRAM_BYTES_MAX`, which is the default. */
  readonly datagramBytesMax?: number;
  /** Takes this way and no other; left out, `recvmmsg` where it can be had. */
  readonly via?: UdpWay;
}

export type UdpWay = 'recvmmsg' | 'dgram';

/** Counters of one socket since it was opened; they only grow. */
export interface UdpSocketStatus {
  /** As bound: with the port that the system chose, if it did. */
  readonly at: ListenAddress;
  /** Receive buffer as the kernel gave it, bytes, with its own bookkeeping (it gives double of what is asked, up to its limit). */
  readonly receiveBufferBytes: number;
  /** Datagrams handed over. */
  readonly datagrams: number;
  readonly bytes: number;
  /**
   * Datagrams that the kernel dropped on this socket since no room was left in its buffer, or their checksum was wrong: exactly,
   * at this moment. 0 where `droppedKnown` is false.
   */
  readonly dropped: number;
  readonly droppedKnown: boolean;
  /** Datagrams longer than `datagramBytesMax`, which were not handed over. */
  readonly truncated: number;
  /** The last fault of the socket, if reading fails. It is tried again. */
  readonly error: string | undefined;
}

export interface UdpReceiver {
  readonly via: UdpWay;
  /** Milliseconds spent waiting for datagrams since the start: a receiver that waits no more is at its limit. */
  readonly waitedMs: number;
  /** In the order of `UdpOptions.listen`. Asks the kernel: for once a turn or so, not for every batch. */
  status(): readonly UdpSocketStatus[];
  /** Datagrams dropped on all sockets, as in `status`. */
  dropped(): number;
  /** How full the fullest receive buffer was when `dropped` was asked last, 0 to 1; 0 where that is not known. */
  readonly filled: number;
  /**
   * Closes the sockets; may be called in `take`. Nothing is handed over afterwards, and the addresses are free when it resolves. What still
   * lies in the kernel's buffer is thrown away.
   */
  stop(): Promise<void>;
}
