import { readdirSync, readFileSync } from 'node:fs';

/** What a running program and all processes that it started have used so far. */
export interface ProcessUse {
  /** User and system time of all threads, exact to a tick of 10 ms for each process. */
  readonly cpuSeconds: number;
  /** Resident memory now, bytes; what processes share is counted for each. */
  readonly rssBytes: number;
}

const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

interface Stat {
  readonly parent: number;
  readonly ticks: number;
  readonly pages: number;
}

/** Reads proc(5) of the process and its descendants; children that have ended count with their parents. */
export function processUse(pid: number): ProcessUse {
  const all = new Map<number, Stat>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? readStat(name) : undefined;
    if (stat !== undefined) all.set(Number(name), stat);
  }
  let ticks = 0;
  let pages = 0;
  const waiting = [pid];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const stat = all.get(at);
    if (stat === undefined) continue;
    ticks += stat.ticks;
    pages += stat.pages;
    for (const [child, { parent }] of all) if (parent === at) waiting.push(child);
  }
  return { cpuSeconds: ticks / TICKS_PER_SECOND, rssBytes: pages * PAGE_BYTES };
}

/** `undefined` where the process has gone. */
function readStat(pid: string): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program stands in brackets and may hold spaces. Fields 4, 14 to 17 and 24.
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    return { parent: fields[1], ticks: fields[11] + fields[12] + fields[13] + fields[14], pages: fields[21] };
  } catch {
    return undefined;
  }
}
