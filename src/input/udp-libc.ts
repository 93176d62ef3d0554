import { createRequire } from 'node:module';
import { endianness } from 'node:os';
import type koffiModule from 'koffi';

/** The calls of libc that reception needs, and the layouts of Linux on 64-bit little-endian machines. */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  getsockname(fd: number, address: Uint8Array, length: Uint8Array): number;
  setsockopt(fd: number, level: number, option: number, value: Uint8Array, length: number): number;
  /** `value` and `length` are filled. */
  getsockopt(fd: number, level: number, option: number, value: Uint8Array, length: Uint8Array): number;
  /** Addresses of memory as numbers. `timeout` is 0: what Linux does with it is of no use (recvmmsg(2), Bugs). */
  recvmmsg(fd: number, headers: number, count: number, flags: number, timeout: number): number;
  poll(fds: number, count: number, timeoutMs: number): number;
  sendto(
    fd: number,
    bytes: Uint8Array,
    length: number,
    flags: number,
    address: Uint8Array,
    addressLength: number,
  ): number;
  /** `bytes` is filled; the address of the sender is not asked for. */
  recv(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  close(fd: number): number;
  /** Number of the last fault in this thread. */
  errno(): number;
  errorName(errno: number): string;
  /** Where the bytes lie. They must not be moved or freed while it is used: only for views of an `ArrayBuffer` that is kept. */
  addressOf(bytes: Uint8Array): number;
}

export const AF_INET = 2;
export const AF_INET6 = 10;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
export const UDP_SOCKET_TYPE = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
export const RAW_SOCKET_TYPE = SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC;
export const SOL_SOCKET = 1;
export const SO_RCVBUF = 8;
export const SO_REUSEPORT = 15;
/** As SO_RCVBUF, beyond net.core.rmem_max; needs CAP_NET_ADMIN. */
export const SO_RCVBUFFORCE = 33;
/** Counters of a socket's memory, one 32-bit word each (linux/sock_diag.h), since Linux 4.12. */
export const SO_MEMINFO = 55;
export const SK_MEMINFO_WORDS = 9;
export const SK_MEMINFO_RMEM_ALLOC = 0;
export const SK_MEMINFO_RCVBUF = 1;
export const SK_MEMINFO_DROPS = 8;
export const IPPROTO_ICMP = 1;
export const IPPROTO_IPV6 = 41;
export const IPPROTO_ICMPV6 = 58;
export const IPV6_V6ONLY = 26;
export const MSG_DONTWAIT = 0x40;
export const MSG_TRUNC = 0x20;
export const POLLIN = 1;

/**
 *   struct mmsghdr, 64 bytes          struct iovec      sockaddr_in        sockaddr_in6
 *    0 name      8 name length         0 base            0 family           0 family
 *   16 iovecs   24 iovecs' count       8 length          2 port, network    2 port, network
 *   32 control  40 control length                        4 address          8 address
 *   48 flags    56 length of message
 */
export const MMSGHDR_BYTES = 64;
export const IOVEC_BYTES = 16;
export const SOCKADDR_BYTES = 28;
export const SOCKADDR_IN_BYTES = 16;
export const POLLFD_BYTES = 8;

/** Machines whose constants and layouts are those above. */
const ARCHITECTURES: ReadonlySet<string> = new Set(['x64', 'arm64', 'riscv64', 'loong64']);

let loaded: Libc | undefined;
let tried = false;

/** `undefined` where this is no such machine, or koffi has no binary for it. */
export function loadLibc(): Libc | undefined {
  if (!tried) {
    tried = true;
    if (process.platform === 'linux' && ARCHITECTURES.has(process.arch) && endianness() === 'LE') loaded = tryLoad();
  }
  return loaded;
}

function tryLoad(): Libc | undefined {
  try {
    const koffi: typeof koffiModule = createRequire(import.meta.url)('koffi');
    // The process has libc in it already, whichever libc that is.
    const own = koffi.load(null);
    const names = new Map(Object.entries(koffi.os.errno).map(([name, errno]) => [errno, name]));
    return {
      socket: own.func('int socket(int, int, int)'),
      bind: own.func('int bind(int, const void *, uint32_t)'),
      getsockname: own.func('int getsockname(int, void *, void *)'),
      setsockopt: own.func('int setsockopt(int, int, int, const void *, uint32_t)'),
      getsockopt: own.func('int getsockopt(int, int, int, void *, void *)'),
      recvmmsg: own.func('int recvmmsg(int, uintptr_t, unsigned int, int, uintptr_t)'),
      poll: own.func('int poll(uintptr_t, unsigned long, int)'),
      sendto: own.func('intptr_t sendto(int, const void *, size_t, int, const void *, uint32_t)'),
      recv: own.func('intptr_t recv(int, void *, size_t, int)'),
      close: own.func('int close(int)'),
      errno: () => koffi.errno(),
      errorName: (errno) => names.get(errno) ?? `errno ${errno}`,
      addressOf: (bytes) => Number(koffi.address(bytes)),
    };
  } catch {
    // No binary for this machine, or none was installed: there is another way to receive.
    return undefined;
  }
}
