import { arch, cpus, release } from 'node:os';
import { type BenchSize, formatRate } from '../harness.ts';
import { inputFile } from '../make/input.ts';
import { isInstalled, runChild } from './child.ts';
import { type PeerResult, runBonghwa, runNfcapd, runNfpcapd, runSoftflowd } from './programs.ts';

/** One capture, and what each program made of it. */
export interface Comparison {
  readonly input: string;
  readonly unit: string;
  readonly results: readonly PeerResult[];
}

const TRAFFIC_PACKETS: Readonly<Record<BenchSize, number>> = { small: 100_000, full: 4_000_000 };
const TELEMETRY_RECORDS: Readonly<Record<BenchSize, number>> = { small: 50_000, full: 6_000_000 };

/** Runs Bonghwa and its peers one after the other on the same captures. Absent peers are listed without figures. */
export async function comparePeers(size: BenchSize): Promise<readonly Comparison[]> {
  const packets = TRAFFIC_PACKETS[size];
  const records = TELEMETRY_RECORDS[size];
  const traffic = inputFile('traffic', packets);
  const telemetry = inputFile('telemetry', records);
  return [
    {
      input: `a capture of ${packets.toLocaleString('en-US')} packets`,
      unit: 'packets',
      results: [
        await runBonghwa(traffic, 'packets'),
        await runNfpcapd(traffic, packets),
        await runSoftflowd(traffic, packets),
      ],
    },
    {
      input: `a capture of NetFlow v9 with ${records.toLocaleString('en-US')} flow records`,
      unit: 'records',
      results: [await runBonghwa(telemetry, 'flows'), await runNfcapd(telemetry, records)],
    },
  ];
}

/** The comparison as lines for a person. */
export function formatComparison({ input, unit, results }: Comparison): string {
  const lines = [`Whole programs on ${input}`];
  for (const { program, did, run } of results) {
    if (run === undefined) {
      lines.push(`  ${program.padEnd(16)} not installed`);
      continue;
    }
    const rate = `${formatRate(run.items / Math.max(run.cpuSeconds, 0.01))} ${unit} a CPU-second`;
    const use = `${run.cpuSeconds.toFixed(2)} s CPU, ${run.wallSeconds.toFixed(2)} s wall, ${(run.rssMaxBytes / 1e6).toFixed(0)} MB`;
    lines.push(`  ${program.padEnd(16)} ${rate}, ${use}, ${run.note}`, `  ${''.padEnd(16)} ${did}`);
  }
  return lines.join('\n');
}

/** The machine and the versions that the figures belong to. */
export async function describeMachine(): Promise<string> {
  const models = cpus();
  const lines = [
    `${models.length} cores (${models[0]?.model.trim() ?? 'unknown'}), Linux ${release()} ${arch()}, Node ${process.version}`,
  ];
  for (const [program, flag] of [
    ['nfdump', '-V'],
    ['softflowd', '-h'],
    ['fastnetmon', '--version'],
  ] as const) {
    if (!isInstalled(program)) continue;
    const { stdout, stderr } = await runChild(program, [flag]);
    const version = /[Vv]ersion:? *([^\s]*\d+\.\d+(?:\.\d+)?)/.exec(stdout + stderr);
    if (version !== null) lines.push(`${program} ${version[1]}`);
  }
  return lines.join(', ');
}
