/** Readers of what Linux tells under /proc and /sys. Each takes the text and gives `undefined` where it says something else. */

/** `InDatagrams` and `RcvbufErrors` of /proc/net/snmp: a line of names, then a line of numbers. */
export function parseUdpCounters(text: string): { datagrams: number; bufferErrors: number } | undefined {
  const [names, values] = text.split('\n').filter((line) => line.startsWith('Udp: '));
  if (names === undefined || values === undefined) return undefined;
  const numbers = values.split(/\s+/);
  const numberOf = (name: string): number => Number(numbers[names.split(/\s+/).indexOf(name)]);
  const [datagrams, bufferErrors] = [numberOf('InDatagrams'), numberOf('RcvbufErrors')];
  return Number.isFinite(datagrams) && Number.isFinite(bufferErrors) ? { datagrams, bufferErrors } : undefined;
}

/** Lines of /proc/net/tcp or tcp6 whose socket listens (state 0A), with the line of titles. */
export function listeningLines(text: string): string {
  const [titles, ...lines] = text.split('\n');
  return [titles, ...lines.filter((line) => line.trim().split(/\s+/)[3] === '0A')].join('\n');
}

/** The soft limit of open files in /proc/PID/limits; `Infinity` where there is none. */
export function parseOpenFiles(text: string): number | undefined {
  const found = /^Max open files\s+(\d+|unlimited)\s/m.exec(text);
  if (found === null) return undefined;
  return found[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(found[1]);
}

/** `MemAvailable` of /proc/meminfo, bytes. */
export function parseMemoryAvailable(text: string): number | undefined {
  const found = /^MemAvailable:\s+(\d+) kB$/m.exec(text);
  return found === null ? undefined : Number(found[1]) * 1024;
}

/**
 * Files that may hold the limits of the control group of a process, the innermost group first: every group above it limits it
 * too. `text` is /proc/PID/cgroup: `0::/system.slice/bonghwa.service` (version 2), `4:memory:/docker/…` (version 1).
 */
export function controlGroupFiles(text: string, kind: 'memory' | 'cpu'): string[] {
  const files: string[] = [];
  for (const line of text.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    if (controllers === '')
      files.push(...upwards(path, '/sys/fs/cgroup', kind === 'memory' ? 'memory.max' : 'cpu.max'));
    if (kind === 'memory' && controllers.split(',').includes('memory'))
      files.push(...upwards(path, '/sys/fs/cgroup/memory', 'memory.limit_in_bytes'));
  }
  return files;
}

function upwards(path: string, root: string, file: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '..');
  return Array.from({ length: parts.length + 1 }, (_, up) =>
    [root, ...parts.slice(0, parts.length - up), file].join('/'),
  );
}

/** Bytes of `memory.max` or `memory.limit_in_bytes`; `undefined` for no limit, which version 1 tells as nearly 2^63. */
export function parseMemoryLimit(text: string): number | undefined {
  const bytes = Number(text.trim());
  return /^\d+$/.test(text.trim()) && bytes < 2 ** 60 ? bytes : undefined;
}

/** Cores that `cpu.max` allows (`200000 100000` is two); `undefined` for no limit. */
export function parseCpuLimit(text: string): number | undefined {
  const found = /^(\d+) (\d+)$/.exec(text.trim());
  return found === null || Number(found[2]) === 0 ? undefined : Number(found[1]) / Number(found[2]);
}
