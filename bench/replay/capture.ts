import { statSync } from 'node:fs';
import { TELEMETRY_PORTS } from '../../src/model/config.ts';
import { replay } from '../../src/station/replay.ts';
import { type BenchCase, type BenchResult, type MeasureOptions, measureAsync, runCases } from '../harness.ts';
import { type InputKind, inputFile } from '../make/input.ts';
import { FLOODED_SITE_TEXT } from '../make/scene.ts';

/**
 * The whole of `bonghwa replay` without the command line round it: a file is read, decoded, counted and judged. The flood in it
 * must be found, or the run does not count.
 */
async function run(kind: InputKind, size: number, options: MeasureOptions = {}): Promise<BenchResult> {
  const file = inputFile(kind, size);
  const bytes = statSync(file).size;
  return measureAsync(
    size,
    async () => {
      const report = await replay({
        files: [file],
        networks: [],
        as: 'auto',
        telemetryPorts: TELEMETRY_PORTS,
        allVerdicts: false,
      });
      const items = kind.startsWith('telemetry') ? report.flows : report.packets;
      if (items !== size) throw new Error(`${items} of ${size} were read from ${bytes} bytes`);
      const found = report.attacks.map(({ target, vectors, start }) => `${target.value} ${vectors[0].name} ${start}`);
      if (!found.some((attack) => attack.startsWith(`${FLOODED_SITE_TEXT} syn-flood`))) {
        throw new Error(`the flood on ${FLOODED_SITE_TEXT} was not found, but: ${found.join(', ') || 'nothing'}`);
      }
      return hashText(`${report.packets} ${report.bytes} ${found.join(' ')}`);
    },
    options,
  );
}

/** FNV-1a. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/** One reading of a big file is a steady figure, and repeating it would take minutes. */
const ONCE: MeasureOptions = { warmups: 0, repeats: 1 };

export const cases: readonly BenchCase[] = [
  {
    name: 'replay/traffic',
    unit: 'packets',
    goal: 3e6,
    sizes: { small: 50_000, full: 4_000_000 },
    run: (size) => run('traffic', size),
  },
  {
    name: 'replay/traffic-million-addresses',
    unit: 'packets',
    sizes: { small: 50_000, full: 4_000_000 },
    run: (size) => run('traffic-million', size),
  },
  {
    name: 'replay/telemetry',
    unit: 'records',
    goal: 5e6,
    sizes: { small: 50_000, full: 6_000_000 },
    run: (size) => run('telemetry', size),
  },
  {
    // 1 M active addresses and 10 M spoofed sources in a minute, and what it takes to hold them.
    name: 'replay/memory',
    unit: 'records',
    rssGoal: 600e6,
    sizes: { small: 60_000, full: 12_000_000 },
    run: (size) => run('telemetry-memory', size, ONCE),
  },
];

if (import.meta.main) await runCases(cases);
