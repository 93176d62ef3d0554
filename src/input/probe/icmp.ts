import { randomBytes } from 'node:crypto';
import { assert } from '../../base/errors.ts';
import { parseAddress } from '../../base/ip.ts';
import {
  AF_INET,
  AF_INET6,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  type Libc,
  loadLibc,
  MSG_DONTWAIT,
  RAW_SOCKET_TYPE,
  SOCKADDR_BYTES,
  SOCKADDR_IN_BYTES,
  UDP_SOCKET_TYPE,
} from '../udp-libc.ts';
import { CheckFault } from './fault.ts';
import type { Family } from './names.ts';

/**
 * ICMP echo (RFC 792; RFC 4443 section 4.1). Linux lets a datagram socket send them where the group of the process is in
 * net.ipv4.ping_group_range; else a raw socket does, with CAP_NET_RAW. Neither is there in node:dgram.
 *
 *   0 type 8 or 128    2 checksum (the kernel's for IPv6 and datagram sockets)    4 identifier    6 sequence    8 token
 */
const ECHO_BYTES = 24;
const TOKEN_AT = 8;
const TOKEN_BYTES = 8;
const TYPES: Readonly<Record<Family, readonly [request: number, reply: number]>> = { 4: [8, 0], 6: [128, 129] };
/** Bytes of an answer that are looked at: an IPv4 header with options, and the echo. */
const ANSWER_BYTES = 128;
/** Echoes that are waited for at a time. */
const WAITING_MAX = 4096;
/** How often the socket is looked at while something is waited for, ms; what an echo took is told to this. */
const LOOK_MS = 1;

/** Sends one echo request. Resolves with its answer; rejects with a `CheckFault` of phase `connect`. */
export function ping(address: string, family: Family, signal: AbortSignal): Promise<void> {
  const socket = socketOf(family);
  if (socket === undefined)
    throw new CheckFault(
      'connect',
      'not-supported',
      'this process may not send ICMP echoes: it needs CAP_NET_RAW, or its group in net.ipv4.ping_group_range',
    );
  return socket.ping(address, signal);
}

const sockets = new Map<Family, EchoSocket | undefined>();

function socketOf(family: Family): EchoSocket | undefined {
  if (!sockets.has(family)) {
    const libc = loadLibc();
    sockets.set(family, libc === undefined ? undefined : EchoSocket.open(libc, family));
  }
  return sockets.get(family);
}

/** The socket that all echoes of one family share. */
class EchoSocket {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #family: Family;
  /** By token in hexadecimal. */
  readonly #waiting = new Map<string, () => void>();
  readonly #answer = Buffer.alloc(ANSWER_BYTES);
  #sequence = 0;
  #timer: NodeJS.Timeout | undefined;

  private constructor(libc: Libc, fd: number, family: Family) {
    this.#libc = libc;
    this.#fd = fd;
    this.#family = family;
  }

  static open(libc: Libc, family: Family): EchoSocket | undefined {
    const domain = family === 4 ? AF_INET : AF_INET6;
    const protocol = family === 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
    for (const type of [UDP_SOCKET_TYPE, RAW_SOCKET_TYPE]) {
      const fd = libc.socket(domain, type, protocol);
      if (fd >= 0) return new EchoSocket(libc, fd, family);
    }
    return undefined;
  }

  ping(address: string, signal: AbortSignal): Promise<void> {
    const token = randomBytes(TOKEN_BYTES);
    const key = token.toString('hex');
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#waiting.delete(key);
        signal.removeEventListener('abort', late);
      };
      const late = (): void => {
        end();
        reject(new CheckFault('connect', 'timeout', 'no echo in time'));
      };
      if (signal.aborted) return late();
      if (this.#waiting.size >= WAITING_MAX)
        return reject(new CheckFault('connect', 'not-supported', `${WAITING_MAX} echoes are waited for already`));
      const errno = this.#send(address, token);
      if (errno !== undefined)
        return reject(new CheckFault('connect', 'unreachable', `the echo could not be sent (${errno})`));
      signal.addEventListener('abort', late, { once: true });
      this.#waiting.set(key, () => {
        end();
        resolve();
      });
      this.#look();
    });
  }

  #send(address: string, token: Uint8Array): string | undefined {
    const echo = Buffer.alloc(ECHO_BYTES);
    echo[0] = TYPES[this.#family][0];
    echo.writeUInt16BE(process.pid & 0xffff, 4);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    echo.writeUInt16BE(this.#sequence, 6);
    echo.set(token, TOKEN_AT);
    if (this.#family === 4) echo.writeUInt16BE(checksum(echo), 2);
    const to = socketAddress(address, this.#family);
    const length = this.#family === 4 ? SOCKADDR_IN_BYTES : SOCKADDR_BYTES;
    const sent = this.#libc.sendto(this.#fd, echo, echo.length, MSG_DONTWAIT, to, length);
    return Number(sent) < 0 ? this.#libc.errorName(this.#libc.errno()) : undefined;
  }

  /** Takes every answer that is there, and comes back while some are missing. */
  #look(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (let taken = 0; taken < WAITING_MAX; taken++) {
      const length = Number(this.#libc.recv(this.#fd, this.#answer, this.#answer.length, MSG_DONTWAIT));
      if (length < 0) break;
      this.#take(this.#answer.subarray(0, length));
    }
    if (this.#waiting.size > 0) this.#timer = setTimeout(() => this.#look(), LOOK_MS);
  }

  #take(answer: Buffer): void {
    // A raw socket of IPv4 gives the header of the packet too; an echo reply begins with 0.
    const at = this.#family === 4 && answer[0] >> 4 === 4 ? (answer[0] & 15) * 4 : 0;
    if (answer.length < at + TOKEN_AT + TOKEN_BYTES || answer[at] !== TYPES[this.#family][1]) return;
    this.#waiting.get(answer.toString('hex', at + TOKEN_AT, at + TOKEN_AT + TOKEN_BYTES))?.();
  }
}

/** The checksum of the internet (RFC 1071) over an even number of bytes. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** `sockaddr_in` or `sockaddr_in6`, as udp-libc.ts draws them. */
function socketAddress(address: string, family: Family): Uint8Array {
  const words = parseAddress(address);
  assert(words !== undefined, `${address} is an address`);
  const bytes = Buffer.alloc(SOCKADDR_BYTES);
  bytes.writeUInt16LE(family === 4 ? AF_INET : AF_INET6, 0);
  if (family === 4) bytes.writeUInt32BE(words[3], 4);
  else for (let word = 0; word < 4; word++) bytes.writeUInt32BE(words[word], 8 + 4 * word);
  return bytes;
}
