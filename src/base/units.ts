/** Numbers as people read them. Decimal prefixes, as network engineers use them (1 Mbit/s is 1,000,000 bit/s). */
const PREFIXES = ['', 'k', 'M', 'G', 'T', 'P'] as const;

function scaled(value: number): { digits: string; prefix: string } {
  if (!Number.isFinite(value)) return { digits: '–', prefix: '' };
  let rest = Math.abs(value);
  let step = 0;
  while (rest >= 999.5 && step < PREFIXES.length - 1) {
    rest /= 1000;
    step++;
  }
  const digits =
    rest >= 99.95 || (step === 0 && Number.isInteger(rest))
      ? rest.toFixed(0)
      : rest >= 9.995
        ? rest.toFixed(1)
        : rest.toFixed(2);
  return { digits: value < 0 ? `-${digits}` : digits, prefix: PREFIXES[step] };
}

/** `12.3 Mbit/s`; the argument is in bits a second. */
export function formatBps(bps: number): string {
  const { digits, prefix } = scaled(bps);
  return `${digits} ${prefix}bit/s`;
}

/** `12.3 k packets/s`; the argument is in packets a second. */
export function formatPps(pps: number): string {
  const { digits, prefix } = scaled(pps);
  return prefix === '' ? `${digits} packets/s` : `${digits} ${prefix} packets/s`;
}

/** `12.3 k`; a plain count. */
export function formatCount(count: number): string {
  const { digits, prefix } = scaled(count);
  return prefix === '' ? digits : `${digits} ${prefix}`;
}

/** `12.3 MB`; the argument is in bytes. */
export function formatBytes(bytes: number): string {
  const { digits, prefix } = scaled(bytes);
  return `${digits} ${prefix}B`;
}

/** `37 %`, `0.4 %`; the argument is a share from 0 to 1. */
export function formatShare(share: number): string {
  const percent = share * 100;
  return percent >= 9.95 || percent === 0 ? `${percent.toFixed(0)} %` : `${percent.toFixed(1)} %`;
}

/** `0.15 s`, `4 min 12 s`, `2 h 5 min`; the argument is in milliseconds. */
export function formatDuration(durationMs: number): string {
  const seconds = durationMs / 1000;
  if (seconds < 9.95) return `${Number(seconds.toFixed(seconds < 1 ? 2 : 1))} s`;
  const whole = Math.round(seconds);
  if (whole < 120) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** ISO 8601 in UTC with milliseconds; `undefined` outside the range a Date can hold. The argument is in ms since 1970. */
export function formatTime(timeMs: number): string | undefined {
  if (!Number.isFinite(timeMs) || Math.abs(timeMs) > 8.64e15) return undefined;
  return new Date(Math.floor(timeMs)).toISOString();
}
