import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConsoleFiles, type ConsoleLook } from '../../api/console-files.ts';

/** A build that takes longer than this is given up, ms. */
const BUILD_MS_MAX = 120_000;
/** What of its output is told where it fails, characters. */
const TOLD_MAX = 400;
/** What the console is made of, from the top of the checkout. */
const SOURCES = ['console/src', 'console/plugins', 'console/public', 'console/index.html', 'console/build.ts', 'docs'];

type Log = (level: 'info' | 'warn', message: string, fields: Readonly<Record<string, unknown>>) => void;

/** Top of the checkout or of the package. */
const TOP = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * Where the console lies. A package brings it built. In a checkout it is built when it is asked for first and is missing or older
 * than its sources: by a process of its own with a low priority, so that detection does not notice.
 */
export class ConsoleSource {
  readonly files = new ConsoleFiles(() => this.look());
  readonly #top: string;
  readonly #log: Log;
  #checked = false;
  #building: Promise<void> | undefined;
  #fault: string | undefined;
  #child: ReturnType<typeof spawn> | undefined;

  constructor(log: Log, top = TOP) {
    this.#top = top;
    this.#log = log;
  }

  look(): ConsoleLook {
    if (!this.#checked) this.#check();
    const index = join(this.#built, 'index.html');
    // One that is older than its sources is shown until the new one is there.
    if (existsSync(index)) return { kind: 'built', directory: this.#built, version: String(statSync(index).mtimeMs) };
    if (this.#building !== undefined) return { kind: 'building' };
    if (this.#fault !== undefined)
      return { kind: 'missing', reason: 'The console could not be built', hint: this.#fault };
    return {
      kind: 'missing',
      reason: 'The console is not there',
      hint: 'In a checkout, npm ci installs what builds it; then start the station again.',
    };
  }

  /** Resolves when no build is under way any more. */
  async settled(): Promise<void> {
    this.look();
    await this.#building;
  }

  /** Ends a build that is under way. */
  close(): void {
    this.#child?.kill('SIGKILL');
  }

  get #built(): string {
    return join(this.#top, 'console', 'dist');
  }

  #check(): void {
    this.#checked = true;
    const script = join(this.#top, 'console', 'build.ts');
    if (!existsSync(script) || !this.#canBuild() || !this.#isStale()) return;
    this.#build(script);
  }

  #canBuild(): boolean {
    try {
      createRequire(join(this.#top, 'console', 'build.ts')).resolve('vite/package.json');
      return true;
    } catch {
      return false;
    }
  }

  #isStale(): boolean {
    const index = join(this.#built, 'index.html');
    if (!existsSync(index)) return true;
    const builtMs = statSync(index).mtimeMs;
    return SOURCES.some((path) => newest(join(this.#top, path)) > builtMs);
  }

  #build(script: string): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#building = promise;
    this.#log('info', 'building the console', { console: 'console/dist' });
    const startedMs = performance.now();
    let told = '';
    const child = spawn(process.execPath, [script], {
      cwd: this.#top,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: BUILD_MS_MAX,
    });
    this.#child = child;
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
    const hear = (chunk: Buffer): void => {
      told = (told + chunk.toString('utf8')).slice(-TOLD_MAX);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.unref();
    const end = (fault: string | undefined): void => {
      this.#building = undefined;
      resolve();
      this.#fault = fault;
      const seconds = Math.round((performance.now() - startedMs) / 100) / 10;
      if (fault === undefined) this.#log('info', 'console built', { seconds });
      else this.#log('warn', 'the console could not be built', { seconds, fault });
    };
    child.on('error', (error) => end(error.message));
    // Without its limit on size a console is shown all the same: it stands there.
    child.on('close', () => end(existsSync(join(this.#built, 'index.html')) ? undefined : told.trim()));
  }
}

/** When the newest file at or below a path was written, ms since 1970; 0 where nothing is. */
function newest(path: string): number {
  if (!existsSync(path)) return 0;
  const own = statSync(path);
  if (!own.isDirectory()) return own.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}
