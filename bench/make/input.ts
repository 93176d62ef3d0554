import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { combinedLine } from './access-log.ts';
import { makeTelemetry } from './telemetry.ts';
import { makeTraffic } from './traffic.ts';
import { DISTINCT, FLOOD, writeWebLog } from './web-log.ts';

/** The captures that the benches read: made from a fixed seed when first asked for, and removed at the end of the run. */
export const INPUT_KINDS = [
  'traffic',
  'traffic-million',
  'telemetry',
  'telemetry-memory',
  'log-flood',
  'log-distinct',
] as const;
export type InputKind = (typeof INPUT_KINDS)[number];

const SEED = 20_250_615;
const MILLION = 1_000_000;

/** Where the files lie, handed from bench/main.ts to the processes of its cases, so that each file is made once. */
export const INPUT_DIRECTORY = 'BONGHWA_BENCH_INPUTS';

export function makeInput(kind: InputKind, items: number, path: string): void {
  const base = { items, sites: 200, seed: SEED };
  switch (kind) {
    case 'traffic':
      makeTraffic(path, { ...base, clients: 20_000, floodShare: 0.3 });
      return;
    case 'traffic-million':
      makeTraffic(path, { ...base, clients: MILLION, floodShare: 0.3 });
      return;
    case 'telemetry':
      makeTelemetry(path, { ...base, clients: 200_000, floodShare: 0.3 });
      return;
    case 'telemetry-memory':
      // Ten of twelve records are spoofed, each from a source of its own; half of the others go round all clients.
      makeTelemetry(path, { ...base, clients: Math.floor(items / 12), floodShare: 10 / 12 });
      return;
    case 'log-flood':
      writeWebLog(path, items, FLOOD, combinedLine, SEED);
      return;
    case 'log-distinct':
      writeWebLog(path, items, DISTINCT, combinedLine, SEED);
  }
}

/**
 * Path of a capture of `items` packets or records. It is made in a process of its own, so that the memory of making it is
 * not counted as that of reading it.
 */
export function inputFile(kind: InputKind, items: number): string {
  const path = join(inputDirectory(), `${kind}-${items}.pcap`);
  if (existsSync(path)) return path;
  const maker = fileURLToPath(new URL('main.ts', import.meta.url));
  execFileSync(process.execPath, [maker, kind, String(items), `${path}.part`], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  renameSync(`${path}.part`, path);
  return path;
}

/** The directory for inputs; a process that was handed none makes its own and removes it when it exits. */
export function inputDirectory(): string {
  const handed = process.env[INPUT_DIRECTORY];
  if (handed !== undefined) return handed;
  const made = mkdtempSync(join(tmpdir(), 'bonghwa-bench-'));
  process.env[INPUT_DIRECTORY] = made;
  process.on('exit', () => rmSync(made, { recursive: true, force: true }));
  return made;
}
