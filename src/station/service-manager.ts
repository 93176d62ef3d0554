import { createRequire } from 'node:module';
import type koffiModule from 'koffi';

/**
 * What a service manager such as systemd wants to be told (sd_notify(3)): one datagram to the Unix socket that NOTIFY_SOCKET
 * names. Node opens no such sockets, so libc is asked.
 */
export interface ServiceManager {
  /** Half of the time after which the manager takes a silent station for dead, ms; absent where it does not look. */
  readonly aliveEveryMs?: number;
  /** False where nobody listens or the word did not go out. Never throws. */
  ready(): boolean;
  alive(): boolean;
  stopping(): boolean;
  /** One line for `systemctl status`. */
  status(text: string): boolean;
}

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
/** Bytes of `sun_path` in struct sockaddr_un. */
const PATH_BYTES_MAX = 108;
const STATUS_CHARS_MAX = 500;

/** `environment` is that of the process; `pid` its own, for which WATCHDOG_PID says whether the watchdog is meant. */
export function serviceManager(environment: Readonly<Record<string, string | undefined>>, pid: number): ServiceManager {
  const send = senderTo(environment.NOTIFY_SOCKET);
  const everyMs = watchdogMs(environment, pid);
  return {
    ...(everyMs === undefined ? {} : { aliveEveryMs: everyMs / 2 }),
    ready: () => send('READY=1'),
    alive: () => send('WATCHDOG=1'),
    stopping: () => send('STOPPING=1'),
    status: (text) => send(`STATUS=${text.replace(/\s+/g, ' ').slice(0, STATUS_CHARS_MAX)}`),
  };
}

function watchdogMs(environment: Readonly<Record<string, string | undefined>>, pid: number): number | undefined {
  const { WATCHDOG_USEC: time, WATCHDOG_PID: meant } = environment;
  if (time === undefined || !/^\d{1,15}$/.test(time) || Number(time) === 0) return undefined;
  return meant === undefined || Number(meant) === pid ? Number(time) / 1000 : undefined;
}

function senderTo(path: string | undefined): (text: string) => boolean {
  const address = path === undefined || process.platform !== 'linux' ? undefined : unixAddress(path);
  if (address === undefined) return () => false;
  try {
    const koffi: typeof koffiModule = createRequire(import.meta.url)('koffi');
    const libc = koffi.load(null);
    const socket = libc.func('int socket(int, int, int)');
    const sendto = libc.func('intptr_t sendto(int, const void *, size_t, int, const void *, uint32_t)');
    const fd: number = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return () => false;
    return (text) => {
      const bytes = Buffer.from(text);
      return Number(sendto(fd, bytes, bytes.length, MSG_NOSIGNAL, address, address.length)) === bytes.length;
    };
  } catch {
    // No binary of koffi for this machine: the unit needs Type=exec then.
    return () => false;
  }
}

/** struct sockaddr_un: the family in two bytes of the machine's order, then the path; `@` begins an abstract one. */
export function unixAddress(path: string): Buffer | undefined {
  const name = Buffer.from(path);
  if (!/^[/@]./.test(path) || name.length >= PATH_BYTES_MAX) return undefined;
  const family = Buffer.from(Uint16Array.of(AF_UNIX).buffer);
  if (name[0] !== 0x40) return Buffer.concat([family, name, Buffer.alloc(1)]);
  name[0] = 0;
  return Buffer.concat([family, name]);
}
