import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Attack } from '../../src/model/attack.ts';
import type { StationStatus } from '../../src/model/station-view.ts';
import { encodeNetflow5, type Netflow5Record } from './encode-netflow.ts';

const BONGHWA = fileURLToPath(new URL('../../bin/bonghwa.js', import.meta.url));
const READY_MS_MAX = 30_000;

/** A station in a process of its own, on ports that the system chooses, with what a test asks of it. */
export class StationProcess {
  readonly child: ChildProcess;
  readonly lines: Record<string, unknown>[] = [];
  /** What it wrote that was no log line. */
  readonly words: string[] = [];
  http = '';
  netflowPort = 0;
  #data = '';

  private constructor(
    args: readonly string[],
    input: 'ignore' | 'pipe',
    environment: Readonly<Record<string, string>>,
  ) {
    const env = { ...process.env, ...environment };
    this.child = spawn(process.execPath, [BONGHWA, 'serve', ...args], { env, stdio: [input, 'ignore', 'pipe'] });
    // A station that is stopped reads no further.
    this.child.stdin?.on('error', () => undefined);
    createInterface({ input: this.child.stderr as NodeJS.ReadableStream }).on('line', (line) => this.#note(line));
  }

  /** Starts one; resolves when it is ready. Rejects with what it wrote where it ends before that. */
  static async start(
    args: readonly string[],
    input: 'ignore' | 'pipe' = 'ignore',
    environment: Readonly<Record<string, string>> = {},
  ): Promise<StationProcess> {
    const netflow = args.includes('--netflow') ? [] : ['--netflow', '127.0.0.1:0'];
    const http = args.includes('--http') ? [] : ['--http', '127.0.0.1:0'];
    const station = new StationProcess([...args, ...netflow, '--sflow', 'off', ...http], input, environment);
    for (const endMs = Date.now() + READY_MS_MAX; station.http === ''; await sleep(10)) {
      if (station.child.exitCode !== null || Date.now() > endMs) {
        station.child.kill('SIGKILL');
        throw new Error(`the station did not get ready: ${station.words.join('\n')} ${JSON.stringify(station.lines)}`);
      }
    }
    return station;
  }

  /** What programs on this machine ask it with. */
  token(): string {
    return readFileSync(join(this.#data, 'local-token'), 'utf8').trim();
  }

  async ask<T>(path: string): Promise<T> {
    const answer = await fetch(`http://${this.http}${path}`, {
      headers: { authorization: `Bearer ${this.token()}` },
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  status(): Promise<StationStatus> {
    return this.ask('/api/status');
  }

  async attacks(): Promise<readonly Attack[]> {
    return (await this.ask<{ attacks: Attack[] }>('/api/attacks?since=24h')).attacks;
  }

  /** Ends it; resolves with its exit code when it has ended, null where the signal ended it. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode;
    const ended = once(this.child, 'exit');
    this.child.kill(signal);
    const [code] = (await ended) as [number | null];
    return code;
  }

  #note(line: string): void {
    if (!line.startsWith('{')) {
      this.words.push(line);
      return;
    }
    const told = JSON.parse(line) as Record<string, unknown>;
    this.lines.push(told);
    if (told.msg === 'listening' && told.input === 'netflow')
      this.netflowPort = Number(String(told.address).split(':').at(-1));
    if (told.msg !== 'ready') return;
    this.#data = String(told.data);
    this.http = String(told.http);
  }
}

/** A router that exports NetFlow v5: ordinary clients of a site, and a SYN flood at it where that is asked for. */
export class TestRouter {
  readonly #socket: Socket = createSocket('udp4');
  readonly #startMs = Date.now() - 3_600_000;
  #timer: NodeJS.Timeout | undefined;
  #sequence = 0;
  #drawn = 1;
  /** Records sent. */
  records = 0;
  flooding = false;

  /** `site`: the address that traffic goes to, as a number. */
  constructor(port: () => number, site: number) {
    this.#timer = setInterval(() => {
      this.#send(port(), site, 20, false);
      if (this.flooding) for (let some = 0; some < 10; some++) this.#send(port(), site, 30, true);
    }, 50);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#socket.close();
  }

  #send(port: number, site: number, count: number, flood: boolean): void {
    const nowMs = Date.now();
    const uptimeMs = nowMs - this.#startMs;
    const records = Array.from({ length: count }, (): Netflow5Record => {
      this.#drawn = (Math.imul(this.#drawn, 1_664_525) + 1_013_904_223) >>> 0;
      return {
        srcAddr: flood ? this.#drawn : 0x0a000000 + (this.#drawn >>> 20),
        dstAddr: site,
        packets: flood ? 4 : 8,
        bytes: flood ? 160 : 6000,
        first: uptimeMs - 40,
        last: uptimeMs,
        srcPort: 1024 + (this.#drawn >>> 17),
        dstPort: 443,
        tcpFlags: flood ? 2 : 27,
        proto: 6,
      };
    });
    const bytes = encodeNetflow5({
      uptimeMs,
      seconds: Math.floor(nowMs / 1000),
      nanoseconds: (nowMs % 1000) * 1e6,
      sequence: this.#sequence,
      records,
    });
    this.#sequence += count;
    this.records += count;
    this.#socket.send(bytes, port, '127.0.0.1');
  }
}

/** What `look` finds, asked again and again until it does; undefined when time is up. */
export async function until<T>(
  limitMs: number,
  look: () => Promise<T | undefined> | T | undefined,
): Promise<T | undefined> {
  const endMs = Date.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() >= endMs) return undefined;
    await sleep(100);
  }
}
