import { spawn } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** What a program used, from its start to its end. */
export interface ChildUse {
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  /** Largest resident memory seen; the kernel's high-water mark is read every 20 ms. */
  readonly rssMaxBytes: number;
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const MEMORY_EVERY_MS = 20;
/** Of what a program prints, so much is kept. */
const OUTPUT_CHARS_MAX = 1_000_000;
const TICKS_PER_SECOND = 100;
/** A program that takes longer than this hangs, and is killed. */
const CHILD_TIMEOUT_MS = 300_000;

/** True where `program` is in the path. */
export function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export interface Child {
  readonly pid: number;
  /** Asks it to end; it may still have to write what it holds. */
  stop(): void;
  /** Rejects where it could not be started. */
  readonly ended: Promise<ChildUse>;
}

/**
 * Starts a program and measures it. Its CPU time is the difference that it makes to the times of our ended children, so only one
 * measured program may end at a time, and it is exact to a tick of 10 ms.
 */
export function startChild(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Child {
  const before = childTicks();
  const from = process.hrtime.bigint();
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  const killer = setTimeout(() => child.kill('SIGKILL'), CHILD_TIMEOUT_MS);
  const pid = child.pid ?? 0;
  let stdout = '';
  let stderr = '';
  let rssMaxBytes = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (stdout.length < OUTPUT_CHARS_MAX) stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (stderr.length < OUTPUT_CHARS_MAX) stderr += text;
  });
  const timer = setInterval(() => {
    rssMaxBytes = Math.max(rssMaxBytes, highWaterBytes(pid));
  }, MEMORY_EVERY_MS);
  const ended = new Promise<ChildUse>((resolve, reject) => {
    child.on('error', (error) => {
      clearInterval(timer);
      clearTimeout(killer);
      reject(error);
    });
    child.on('close', (exitCode) => {
      clearInterval(timer);
      clearTimeout(killer);
      const wallSeconds = Number(process.hrtime.bigint() - from) / 1e9;
      const cpuSeconds = (childTicks() - before) / TICKS_PER_SECOND;
      resolve({ cpuSeconds, wallSeconds, rssMaxBytes, exitCode, stdout, stderr });
    });
  });
  return { pid, stop: () => void child.kill('SIGTERM'), ended };
}

/** Runs a program to its end; throws where its exit code is not 0. */
export async function runChild(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<ChildUse> {
  const use = await startChild(program, args, env).ended;
  if (use.exitCode !== 0) throw new Error(`${program} ended with ${use.exitCode}: ${use.stderr.slice(-500)}`);
  return use;
}

/** Clock ticks of user and system time of our children that have ended (proc(5), fields 16 and 17 of stat). */
function childTicks(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  // The name of the program stands in brackets and may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[13]) + Number(fields[14]);
}

/** VmHWM of proc(5); 0 where the process has gone. */
function highWaterBytes(pid: number): number {
  try {
    const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return match === null ? 0 : 1024 * Number(match[1]);
  } catch {
    return 0;
  }
}
