import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

/**
 * A small network of real namespaces, for tests with real programs; nothing of it can leave the machine.
 *
 *   outside 203.0.113.1 ─────── router ─────── site 198.51.100.10
 *   and whatever is spoofed     interfaces `outside` and `inside`
 */
export const SITE_ADDRESS = '198.51.100.10';
export const OUTSIDE_ADDRESS = '203.0.113.1';

export type Place = 'outside' | 'router' | 'site';
const PLACES: readonly Place[] = ['outside', 'router', 'site'];

/** How long a program may take to say that it is ready. */
const READY_TIMEOUT_MS = 10_000;

/** Why such a test cannot run here, in words; undefined where it can. */
export function missingForNamespaces(programs: readonly string[]): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are a matter of Linux';
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  const absent = ['ip', 'sysctl', ...programs].filter((program) => !isInstalled(program));
  if (absent.length > 0) return `not installed: ${absent.join(', ')}`;
  const probe = `bonghwa-probe-${process.pid}`;
  try {
    execFileSync('ip', ['netns', 'add', probe], { stdio: 'ignore' });
    execFileSync('ip', ['netns', 'del', probe], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'this machine does not permit network namespaces';
  }
}

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export class Namespaces {
  readonly #prefix: string;
  readonly #children: ChildProcess[] = [];

  /** Makes the network. `name` is part of the names of its namespaces, beside the process id. */
  constructor(name: string) {
    this.#prefix = `bonghwa-${name}-${process.pid}`;
    try {
      this.#build();
    } catch (error) {
      this.#remove();
      throw error;
    }
  }

  /** Starts a program; resolves when it has printed `ready` (on either stream), at once without. */
  async start(place: Place, program: string, args: readonly string[], ready?: string): Promise<ChildProcess> {
    const child = spawn('ip', ['netns', 'exec', this.#nameOf(place), program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#children.push(child);
    let printed = '';
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${program} did not print '${ready}' but: ${printed}`)),
        READY_TIMEOUT_MS,
      );
      const settle = (error?: Error): void => {
        clearTimeout(timer);
        if (error === undefined) resolve();
        else reject(error);
      };
      const listen = (text: string): void => {
        // What comes later is read too, so that the program never waits for us, but it is not kept.
        if (printed.length < 10_000) printed += text;
        if (ready !== undefined && printed.includes(ready)) settle();
      };
      child.stdout.setEncoding('utf8').on('data', listen);
      child.stderr.setEncoding('utf8').on('data', listen);
      child.on('error', settle);
      child.on('exit', (code) => settle(new Error(`${program} ended with ${code}: ${printed}`)));
      if (ready === undefined) child.on('spawn', () => settle());
    });
    return child;
  }

  /** Runs a program to its end, and gives what it printed on standard output. Rejects where it ends with another code than 0. */
  async run(place: Place, program: string, args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)('ip', ['netns', 'exec', this.#nameOf(place), program, ...args], {
      maxBuffer: 1 << 26,
      timeout: 60_000,
    });
    return stdout;
  }

  /** Asks a program to end, and waits until it has. */
  async stop(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  }

  /** Stops whatever still runs, and takes the network down. */
  async close(): Promise<void> {
    await Promise.all(this.#children.map((child) => this.stop(child)));
    this.#remove();
  }

  #nameOf(place: Place): string {
    return `${this.#prefix}-${place}`;
  }

  #build(): void {
    const run = (place: Place, ...args: string[]): void => {
      execFileSync('ip', ['-n', this.#nameOf(place), ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    };
    const set = (place: Place, ...settings: string[]): void => {
      execFileSync('ip', ['netns', 'exec', this.#nameOf(place), 'sysctl', '-qw', ...settings], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
    };
    for (const place of PLACES) {
      execFileSync('ip', ['netns', 'add', this.#nameOf(place)], { stdio: ['ignore', 'ignore', 'pipe'] });
      run(place, 'link', 'set', 'lo', 'up');
    }
    for (const [place, near, far] of [
      ['outside', `${OUTSIDE_ADDRESS}/24`, '203.0.113.254/24'],
      ['site', `${SITE_ADDRESS}/24`, '198.51.100.254/24'],
    ] as const) {
      const inner = place === 'site' ? 'inside' : 'outside';
      run(place, 'link', 'add', 'up0', 'type', 'veth', 'peer', 'name', inner, 'netns', this.#nameOf('router'));
      run(place, 'addr', 'add', near, 'dev', 'up0');
      run(place, 'link', 'set', 'up0', 'up');
      run('router', 'addr', 'add', far, 'dev', inner);
      run('router', 'link', 'set', inner, 'up');
      run(place, 'route', 'add', 'default', 'via', far.replace('/24', ''));
    }
    // Answers to spoofed sources go outside, where nothing is forwarded: there they end.
    run('router', 'route', 'add', 'default', 'via', OUTSIDE_ADDRESS);
    set('router', 'net.ipv4.ip_forward=1', 'net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.outside.rp_filter=0');
    set('outside', 'net.ipv4.ip_forward=0');
  }

  #remove(): void {
    for (const place of PLACES) {
      try {
        execFileSync('ip', ['netns', 'del', this.#nameOf(place)], { stdio: 'ignore' });
      } catch {
        // It was never made.
      }
    }
  }
}
