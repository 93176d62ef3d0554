import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import type koffiModule from 'koffi';

/**
 * What adjtimex(2) fills, of which this is read (struct timex on 64-bit Linux, 208 bytes):
 *
 *    0 modes (0: only tell)   8 offset   16 freq   24 maxerror, µs   32 esterror, µs   40 status
 */
const TIMEX_BYTES = 208;
const MAX_ERROR_AT = 24;
const STATUS_AT = 40;
/** STA_UNSYNC of linux/timex.h. */
const STA_UNSYNC = 0x40;
const TIMEDATECTL_MS_MAX = 2000;

export interface ClockState {
  readonly synchronised: boolean;
  readonly errorMsMax?: number;
}

/** Whether the system's clock is kept by NTP or the like, as the kernel tells, else systemd; `undefined` where neither does. */
export function clockState(): ClockState | undefined {
  return fromKernel() ?? fromSystemd();
}

function fromKernel(): ClockState | undefined {
  if (process.platform !== 'linux' || !/64/.test(process.arch)) return undefined;
  try {
    const koffi: typeof koffiModule = createRequire(import.meta.url)('koffi');
    const adjtimex = koffi.load(null).func('int adjtimex(void *)');
    const timex = Buffer.alloc(TIMEX_BYTES);
    if (adjtimex(timex) < 0) return undefined;
    return parseTimex(timex);
  } catch {
    return undefined;
  }
}

/** Reads a filled struct timex of a little-endian machine. */
export function parseTimex(timex: Buffer): ClockState {
  const synchronised = (timex.readInt32LE(STATUS_AT) & STA_UNSYNC) === 0;
  return { synchronised, ...(synchronised ? { errorMsMax: Number(timex.readBigInt64LE(MAX_ERROR_AT)) / 1000 } : {}) };
}

function fromSystemd(): ClockState | undefined {
  const told = spawnSync('timedatectl', ['show', '--property=NTPSynchronized', '--value'], {
    encoding: 'utf8',
    timeout: TIMEDATECTL_MS_MAX,
  });
  const answer = told.status === 0 ? told.stdout.trim() : '';
  return answer === 'yes' || answer === 'no' ? { synchronised: answer === 'yes' } : undefined;
}
