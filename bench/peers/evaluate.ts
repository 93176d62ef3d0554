/**
 * FastNetMon beside detection, on a few scenarios of `bonghwa evaluate`: what routers export is sent over loopback in real time, to FastNetMon as
 * its package sets it up, and to one that was told a threshold between
 * what its target usually gets and the flood:
 *
 *   node bench/peers/evaluate.ts [--seed 11] [--only syn-flood,flash-crowd] [--markdown docs/evaluation.md]
 *
 * Bonghwa reads the same capture; its times are those of the capture, FastNetMon's those of the clock. It takes about two minutes a scenario.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { PEER_HEADING, withSection } from '../../src/evaluate/comparison-markdown.ts';
import { generate } from '../../src/evaluate/generate.ts';
import type { CaptureLabel, TrueAttack } from '../../src/evaluate/labels.ts';
import { observe } from '../../src/evaluate/observe.ts';
import { inputDirectory } from '../make/input.ts';
import { isInstalled } from './child.ts';
import { type Collector, startFastNetMon } from './collectors.ts';

/** Floods of twice what is noticed and of more, and what must stay silent; in the view of one router with timeouts of a second. */
const CHOSEN = ['syn-flood', 'udp-flood', 'dns-amplification', 'udp-on-busy', 'crowd-large'];
const VIEW = 'v9-quick';
/** Peace that is sent before an attack, and what is sent after it began, s; of a scenario without one, where it stands out. */
const BEFORE_SECONDS = 25;
const AFTER_SECONDS = 25;
const CALM = { fromSeconds: 55, seconds: 65 } as const;
/** Bytes of Ethernet, IPv4 and UDP before a payload. */
const HEADERS_BYTES = 42;
/** What its target gets otherwise and a half, and half of what a flood brings: the threshold of a program that has to be told one. */
const USUAL_TIMES = 1.5;
const THRESHOLD_SHARE = 0.5;
/** Where there is no flood, that for an ordinary site. */
const THRESHOLD_CALM_PPS = 1000;

interface Datagram {
  readonly atMs: number;
  readonly payload: Uint8Array;
}

/** What one program told of one scenario. */
export interface Told {
  readonly program: string;
  /** From the first packet of the attack to its report, s; undefined where it was not told. */
  readonly afterSeconds: number | undefined;
  /** Reports on targets that were not attacked, or before they were. */
  readonly others: number;
}

export interface ScenarioTold {
  readonly scenario: string;
  readonly attack: boolean;
  readonly told: readonly Told[];
}

/** The datagrams of a capture that `generate` wrote: a pcap of microseconds, Ethernet. */
function datagramsOf(path: string): Datagram[] {
  const bytes = readFileSync(path);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: Datagram[] = [];
  for (let at = 24; at + 16 <= bytes.length; ) {
    const length = view.getUint32(at + 8, true);
    const atMs = view.getUint32(at, true) * 1000 + view.getUint32(at + 4, true) / 1000;
    found.push({ atMs, payload: bytes.subarray(at + 16 + HEADERS_BYTES, at + 16 + length) });
    at += 16 + length;
  }
  return found;
}

/** Sends datagrams at the times of their capture; gives the clock at which `originMs` of the capture was. */
async function play(datagrams: readonly Datagram[], originMs: number, ports: readonly number[]): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const startedMs = Date.now() - (datagrams[0].atMs - originMs);
  for (const { atMs, payload } of datagrams) {
    const waitMs = startedMs + (atMs - originMs) - Date.now();
    if (waitMs > 1) await sleep(waitMs);
    for (const port of ports) socket.send(payload, port, '127.0.0.1');
  }
  await sleep(2000);
  socket.close();
  return startedMs;
}

async function runScenario(scenario: string, seed: number, folder: string): Promise<ScenarioTold> {
  const path = join(folder, `${scenario}.pcap`);
  const { label } = generate({ scenario, seed, view: VIEW }, path);
  const [truth] = label.attacks;
  const all = datagramsOf(path);
  const originMs = truth?.start === undefined ? all[0].atMs + 1000 * CALM.fromSeconds : Date.parse(truth.start);
  const fromMs = originMs - (truth === undefined ? 0 : 1000 * BEFORE_SECONDS);
  const toMs = originMs + 1000 * (truth === undefined ? CALM.seconds : AFTER_SECONDS);
  const sent = all.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
  const thresholdPps = truth === undefined ? THRESHOLD_CALM_PPS : thresholdFor(truth);
  const { networks } = label;
  const told = [await toldByBonghwa(path, label)];
  if (isInstalled('fastnetmon')) {
    const collectors = [await startFastNetMon({ networks }), await startFastNetMon({ networks, thresholdPps })];
    const ports = collectors.map(({ port }) => port);
    const templates = all.slice(0, 2).map(({ payload }, index) => ({ atMs: fromMs - 200 + index, payload }));
    try {
      const atMs = await play([...templates, ...sent], originMs, ports);
      told.push(toldBy('FastNetMon as installed', collectors[0], atMs, truth?.target));
      told.push(toldBy(`FastNetMon told ${thresholdPps} packets/s`, collectors[1], atMs, truth?.target));
    } finally {
      for (const collector of collectors) await collector.stop();
    }
  }
  rmSync(path);
  return { scenario, attack: truth !== undefined, told };
}

function thresholdFor({ start, end, otherPackets = 0, peakPps = 0 }: TrueAttack): number {
  const seconds = Math.max(1, (Date.parse(end ?? '') - Date.parse(start ?? '')) / 1000);
  return Math.round(USUAL_TIMES * (otherPackets / seconds) + THRESHOLD_SHARE * peakPps);
}

async function toldByBonghwa(path: string, label: Omit<CaptureLabel, 'file'>): Promise<Told> {
  const { attacks } = await observe(path, label.networks);
  const [truth] = label.attacks;
  const right = attacks.find((attack) => attack.target.value === truth?.target);
  const startMs = Date.parse(truth?.start ?? '');
  return {
    program: 'Bonghwa',
    afterSeconds: right === undefined ? undefined : (Date.parse(right.detectedAt) - startMs) / 1000,
    others: attacks.length - (right === undefined ? 0 : 1),
  };
}

function toldBy(program: string, collector: Collector, originMs: number, target: string | undefined): Told {
  const reports = collector.reports();
  const right = reports.find((report) => report.target === target && report.atMs >= originMs);
  return {
    program,
    afterSeconds: right === undefined ? undefined : (right.atMs - originMs) / 1000,
    others: reports.length - (right === undefined ? 0 : 1),
  };
}

export function formatScenarios(all: readonly ScenarioTold[]): string {
  const rows = all.flatMap(({ scenario, attack, told }) =>
    told.map(({ program, afterSeconds, others }) => {
      const after = afterSeconds === undefined ? (attack ? 'not told' : '') : `${afterSeconds.toFixed(1)} s`;
      return `| ${scenario} | ${program} | ${after} | ${others} |`;
    }),
  );
  return ['| scenario | program | attack told after | other reports |', '|---|---|---|---|', ...rows].join('\n');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { seed: { type: 'string', default: '11' }, only: { type: 'string' }, markdown: { type: 'string' } },
  });
  const seed = Number(values.seed);
  const folder = mkdtempSync(join(inputDirectory(), 'peer-scenarios-'));
  const all: ScenarioTold[] = [];
  try {
    for (const scenario of values.only?.split(',') ?? CHOSEN) {
      const told = await runScenario(scenario, seed, folder);
      process.stderr.write(`${JSON.stringify(told)}\n`);
      all.push(told);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const table = formatScenarios(all);
  process.stdout.write(`${table}\n`);
  if (values.markdown === undefined) return;
  const text = existsSync(values.markdown) ? readFileSync(values.markdown, 'utf8') : '';
  const said = `By \`node bench/peers/evaluate.ts --seed ${seed}\`: the datagrams of one router with timeouts of a second, over loopback in real time for FastNetMon 1.2.4, and as a capture for Bonghwa.`;
  writeFileSync(values.markdown, withSection(text, PEER_HEADING, `${said}\n\n${table}`));
}

if (import.meta.main) await main();
