import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { fileURLToPath } from 'node:url';
import { createApi } from '../../src/api/api.ts';
import { FixedStation } from '../../test/support/fixed-station.ts';
import { type BenchCase, type BenchResult, measureAsync, runCases } from '../harness.ts';

/**
 * How late an event reaches 500 viewers: a station in this process, viewers in another, an event of an attack every 100 ms. `items` are
 * events that reached a viewer; how late they were is printed, and 95 of 100 within a second is the goal.
 */
const VIEWERS = 500;
const EVERY_MS = 100;
const LATE_MS_GOAL = 1000;

interface Lateness {
  readonly taken: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly maxMs: number;
}

async function events(size: number): Promise<BenchResult> {
  const station = new FixedStation();
  const api = createApi(station);
  const { port } = await api.listen({ address: '127.0.0.1', port: 0, family: 4 });
  const viewers = Math.min(VIEWERS, size);
  const rounds = Math.ceil(size / viewers);
  const child = spawn(
    process.execPath,
    [fileURLToPath(import.meta.url), 'viewers', String(port), String(viewers), String(rounds)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const ended = once(child, 'exit');
  const lines = linesOf(child.stdout);
  await lines.next();
  let told: Lateness = { taken: 0, p50Ms: 0, p95Ms: 0, maxMs: 0 };
  const result = await measureAsync(
    viewers * rounds,
    async () => {
      for (let round = 0; round < rounds; round++) {
        // The time goes along in the field that says when the station told it.
        station.tell({ kind: 'attack', state: 'updated', at: new Date().toISOString(), attack: station.kept[0] });
        await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
      }
      told = JSON.parse(String((await lines.next()).value)) as Lateness;
      return told.taken;
    },
    { warmups: 0, repeats: 1 },
  );
  await api.close();
  await ended;
  console.error(
    `${viewers} viewers, ${rounds} events: ${told.taken} arrived, p50 ${told.p50Ms} ms, p95 ${told.p95Ms} ms, at most ${told.maxMs} ms after the station told them`,
  );
  if (told.taken !== viewers * rounds || told.p95Ms > LATE_MS_GOAL) throw new Error('the goal is missed');
  return result;
}

async function* linesOf(stream: NodeJS.ReadableStream): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

/** The other process: listens as so many viewers, and tells how late each event was. */
async function view(port: number, viewers: number, rounds: number): Promise<void> {
  const late: number[] = [];
  const all = viewers * rounds;
  await new Promise<void>((resolve) => {
    let listening = 0;
    const end = setTimeout(resolve, rounds * EVERY_MS + 20_000);
    const take = (text: string): void => {
      for (const [, at] of text.matchAll(/"state":"updated","at":"([^"]+)"/g)) late.push(Date.now() - Date.parse(at));
      if (late.length < all) return;
      clearTimeout(end);
      resolve();
    };
    for (let viewer = 0; viewer < viewers; viewer++) {
      get({ host: '127.0.0.1', port, path: '/api/events', agent: false }, (response) => {
        if (++listening === viewers) process.stdout.write('listening\n');
        let rest = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          // An event is told when it is whole.
          const parts = (rest + chunk).split('\n\n');
          rest = parts.pop() ?? '';
          for (const part of parts) take(part);
        });
      });
    }
  });
  late.sort((left, right) => left - right);
  const at = (share: number): number => late[Math.min(late.length - 1, Math.floor(share * late.length))] ?? 0;
  process.stdout.write(`${JSON.stringify({ taken: late.length, p50Ms: at(0.5), p95Ms: at(0.95), maxMs: at(1) })}\n`);
  process.exit(0);
}

export const cases: readonly BenchCase[] = [
  { name: 'api/events', unit: 'events at a viewer', sizes: { small: 50, full: 25_000 }, run: events },
];

if (import.meta.main) {
  if (process.argv[2] === 'viewers') {
    const [port, viewers, rounds] = process.argv.slice(3).map(Number);
    await view(port, viewers, rounds);
  } else await runCases(cases);
}
