import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

const VERSIONS = '/usr/lib/postgresql';
const START_MS_MAX = 30_000;

/** Programs of Debian's newest PostgreSQL, or `undefined` where it is not installed. */
function programs(): string | undefined {
  if (!existsSync(VERSIONS)) return undefined;
  const found = readdirSync(VERSIONS)
    .map((version) => join(VERSIONS, version, 'bin'))
    .filter((path) => existsSync(join(path, 'initdb')) && existsSync(join(path, 'postgres')));
  return found.sort((left, right) => left.localeCompare(right, 'en', { numeric: true })).at(-1);
}

/** The user that a server runs as where the tests run as root, whom PostgreSQL refuses. */
function serverUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((text) => text.startsWith('postgres:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

/** The reason to give to node:test's `skip` where no server can be started; `false` where one can. */
export const SKIP_WITHOUT_POSTGRES: string | false =
  programs() === undefined
    ? 'PostgreSQL is not installed (Debian: postgresql)'
    : process.getuid?.() === 0 && serverUser() === undefined
      ? 'there is no user postgres to run a server as'
      : false;

/** A PostgreSQL of our own, in a directory of its own, that answers on a Unix socket there. */
export class PostgresServer {
  readonly #directory: string;
  readonly #server: ChildProcess;
  #databases = 0;

  private constructor(directory: string, server: ChildProcess) {
    this.#directory = directory;
    this.#server = server;
  }

  static async start(): Promise<PostgresServer> {
    const bin = programs();
    if (bin === undefined) throw new Error('PostgreSQL is not installed');
    const directory = mkdtempSync(join(tmpdir(), 'bonghwa-postgres-'));
    const user = serverUser();
    if (user !== undefined) chownSync(directory, user.uid, user.gid);
    chmodSync(directory, 0o755);
    const data = join(directory, 'data');
    const options = { cwd: directory, stdio: 'ignore', ...user } as const;
    execFileSync(
      join(bin, 'initdb'),
      ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'],
      options,
    );
    const child = spawn(join(bin, 'postgres'), ['-D', data, '-k', directory, '-c', 'listen_addresses='], options);
    process.once('exit', () => child.kill('SIGKILL'));
    const server = new PostgresServer(directory, child);
    const startedAtMs = performance.now();
    while (!(await server.#answers())) {
      if (performance.now() - startedAtMs > START_MS_MAX || child.exitCode !== null) {
        await server.stop();
        throw new Error('PostgreSQL does not start');
      }
      await sleep(50);
    }
    return server;
  }

  async #answers(): Promise<boolean> {
    return await this.query('postgres', 'select 1').then(
      () => true,
      () => false,
    );
  }

  url(database: string): string {
    return `postgresql://postgres@localhost/${database}?host=${encodeURIComponent(this.#directory)}`;
  }

  /** Runs a statement on a connection of its own. */
  async query(database: string, statement: string): Promise<readonly Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: this.url(database) });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(statement)).rows;
    } finally {
      await client.end();
    }
  }

  /** An empty database; its name. */
  async newDatabase(): Promise<string> {
    const name = `state_${++this.#databases}`;
    await this.query('postgres', `create database ${name}`);
    return name;
  }

  /** Stops every process of the server where it stands, as a machine that has no memory left would. */
  pause(): void {
    for (const pid of this.#processes()) process.kill(pid, 'SIGSTOP');
  }

  resume(): void {
    for (const pid of this.#processes().reverse()) process.kill(pid, 'SIGCONT');
  }

  #processes(): number[] {
    const { pid } = this.#server;
    if (pid === undefined) return [];
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/);
    return [pid, ...children.filter((text) => text !== '').map(Number)];
  }

  async stop(): Promise<void> {
    if (this.#server.exitCode === null && this.#server.signalCode === null) {
      this.resume();
      const ended = new Promise((resolve) => this.#server.once('exit', resolve));
      // Immediate shutdown: nothing of it is wanted any more.
      this.#server.kill('SIGQUIT');
      await ended;
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
