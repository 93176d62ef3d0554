import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { BonghwaError } from '../base/errors.ts';
import { formatAddress, IPV4_MAPPED_WORD } from '../base/ip.ts';
import { formatListen, type ListenAddress } from '../base/listen.ts';

/** A bound UDP socket of this machine, as /proc/net/udp and /proc/net/udp6 tell it. */
export interface UdpEntry {
  readonly address: string;
  readonly port: number;
  readonly family: 4 | 6;
  readonly inode: string;
  /** Datagrams dropped on it. */
  readonly drops: number;
}

/** A process that holds a UDP port. */
export interface UdpHolder {
  readonly pid: number;
  readonly program: string;
}

/** Processes and descriptors that are looked through for the holder of a port. */
const PROCESSES_MAX = 20_000;
const DESCRIPTORS_MAX = 65_536;

/** UDP sockets bound to `port`; empty where the system does not tell. */
export function udpEntries(port: number): readonly UdpEntry[] {
  return [...readTable('/proc/net/udp', 4, port), ...readTable('/proc/net/udp6', 6, port)];
}

function readTable(path: string, family: 4 | 6, port: number): readonly UdpEntry[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  return parseUdpTable(text, family).filter((entry) => entry.port === port);
}

/** Parses /proc/net/udp or udp6: `sl local remote st tx:rx tr:when retrnsmt uid timeout inode ref pointer drops`. */
export function parseUdpTable(text: string, family: 4 | 6): readonly UdpEntry[] {
  const found: UdpEntry[] = [];
  for (const line of text.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    const local = /^([0-9A-F]+):([0-9A-F]{4})$/.exec(fields[1] ?? '');
    if (local === null || fields.length < 13) continue;
    found.push({
      address: formatAddress(hexWords(local[1], family)),
      port: Number.parseInt(local[2], 16),
      family,
      inode: fields[9],
      drops: Number(fields[12]),
    });
  }
  return found;
}

/** The kernel prints every word of an address in the order of the machine's bytes. */
function hexWords(hex: string, family: 4 | 6): Uint32Array {
  const swap = (at: number): number =>
    Number.parseInt(hex.slice(at, at + 8).replace(/(..)(..)(..)(..)/, '$4$3$2$1'), 16);
  if (family === 4) return Uint32Array.of(0, 0, IPV4_MAPPED_WORD, swap(0));
  return Uint32Array.of(swap(0), swap(8), swap(16), swap(24));
}

/** Processes that hold a socket which stands in the way of `at`, as far as we may see them. */
export function udpHolders(at: ListenAddress): readonly UdpHolder[] {
  const inodes = new Set<string>();
  for (const entry of udpEntries(at.port)) if (inTheWay(entry, at)) inodes.add(entry.inode);
  return socketHolders(inodes);
}

/** Processes that hold one of the sockets, by inode, as far as we may see them. */
export function socketHolders(sockets: ReadonlySet<string>): readonly UdpHolder[] {
  if (sockets.size === 0) return [];
  const inodes = new Set([...sockets].map((inode) => `socket:[${inode}]`));
  const holders: UdpHolder[] = [];
  for (const pid of list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .slice(0, PROCESSES_MAX)) {
    if (holdsAny(pid, inodes)) holders.push({ pid: Number(pid), program: programOf(pid) });
  }
  return holders;
}

function inTheWay(entry: UdpEntry, at: ListenAddress): boolean {
  const anywhere = (address: string): boolean => address === '::' || address === '0.0.0.0';
  return entry.address === at.address || anywhere(entry.address) || anywhere(at.address);
}

function holdsAny(pid: string, inodes: ReadonlySet<string>): boolean {
  for (const fd of list(`/proc/${pid}/fd`).slice(0, DESCRIPTORS_MAX)) {
    if (inodes.has(linkOf(`/proc/${pid}/fd/${fd}`))) return true;
  }
  return false;
}

/** Inode of the socket behind one of our own descriptors; empty where it is none. */
export function inodeOf(fd: number): string {
  return /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/self/fd/${fd}`))?.[1] ?? '';
}

function programOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return 'unknown';
  }
}

function list(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** What to do about a socket that could not be bound. `code` is the name of the system's fault. */
export function listenFault(at: ListenAddress, code: string, cause?: unknown): BonghwaError {
  const message = `cannot listen on ${formatListen(at)} (UDP): ${REASONS[code] ?? code}`;
  return new BonghwaError('LISTEN_FAILED', message, {
    hint: hintOf(at, code),
    fields: { address: at.address, port: at.port, system: code },
    ...(cause === undefined ? {} : { cause }),
  });
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'something else listens there',
  EACCES: 'this needs more rights',
  EADDRNOTAVAIL: 'this machine has no such address',
  EAFNOSUPPORT: 'this machine has no IPv6',
  EMFILE: 'too many files are open',
};

function hintOf(at: ListenAddress, code: string): string {
  switch (code) {
    case 'EADDRINUSE': {
      const holders = udpHolders(at);
      const held = holders.map(({ program, pid }) => `${program} (process ${pid})`).join(', ');
      const who =
        held === '' ? `\`ss -lunp sport = ${at.port}\` shows, as root, what holds it` : `it is held by ${held}`;
      return `${capitalised(who)}; end that, or listen elsewhere.`;
    }
    case 'EACCES':
      return at.port < 1024
        ? `Ports below 1024 need the capability CAP_NET_BIND_SERVICE; listen on a higher one, such as 2055.`
        : 'A security policy of this machine forbids it.';
    case 'EADDRNOTAVAIL':
      return '`ip address` shows those it has; `:PORT` listens on all of them.';
    case 'EAFNOSUPPORT':
      return `Listen on an IPv4 address, such as 0.0.0.0:${at.port}.`;
    case 'EMFILE':
      return 'Raise the limit (`ulimit -n`, `LimitNOFILE=` of the unit).';
    default:
      return 'Listen elsewhere.';
  }
}

function capitalised(text: string): string {
  return text.startsWith('`') ? text : text[0].toUpperCase() + text.slice(1);
}
