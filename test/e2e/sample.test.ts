import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { formsOf } from '../../console/src/text/told.ts';
import { type ReplayReport, replayReportSchema } from '../../src/model/attack.ts';

const TOP = fileURLToPath(new URL('../../', import.meta.url));
const SAMPLES = `${TOP}samples/`;

/** samples/labels.json: what was done, by the clock of the script that did it. */
interface Labels {
  readonly networks: readonly string[];
  readonly attacks: readonly {
    readonly target: string;
    readonly vector: string;
    readonly start: string;
    readonly end: string;
    readonly captures: readonly string[];
  }[];
}

const labels: Labels = JSON.parse(readFileSync(`${SAMPLES}labels.json`, 'utf8'));
const sample: { file: string; networks: string[] } = JSON.parse(readFileSync(`${SAMPLES}sample.json`, 'utf8'));
const captures = readdirSync(SAMPLES).filter((file) => file.endsWith('.pcap.gz'));

const FLOOD = 'search-flood-on-a-ministry';
const flood: {
  readonly site: string;
  readonly attack: {
    readonly template: string;
    readonly sources: number;
    readonly start: string;
    readonly end: string;
  };
  readonly readers: { readonly lost: number };
} = JSON.parse(readFileSync(`${SAMPLES}${FLOOD}.labels.json`, 'utf8'));

/**
 * How far times may lie from the labels. A flow record says when its first and last packet were carried, but an answer that is
 * sent again makes the flow longer; and the labels are those of the attacking program, which takes a moment to start.
 */
const TOLERANCE_MS = { packets: { start: 1500, end: 2500 }, telemetry: { start: 2500, end: 5000 } } as const;
/** The first run is to be over by itself; on a busy machine too. */
const START_TIMEOUT_MS = 60_000;

/** The console says in every language what has one of the forms that it knows: that is all that is said of these attacks. */
function assertKnown({ attacks }: ReplayReport): void {
  for (const sentence of attacks.flatMap(({ closing, evidence }) => [closing, ...evidence.shape]))
    assert.ok(formsOf(sentence) !== undefined, sentence);
}

describe('the recorded sample', () => {
  it('is a few megabytes, and each capture is labelled', () => {
    assert.ok(captures.includes(sample.file));
    const bytes = captures.reduce((sum, file) => sum + statSync(`${SAMPLES}${file}`).size, 0);
    assert.ok(bytes < 4e6, `${bytes} bytes`);
    assert.deepEqual([...new Set(labels.attacks.flatMap((attack) => attack.captures))].sort(), [...captures].sort());
  });

  for (const file of captures) {
    for (const networks of [labels.networks, []]) {
      const how = networks.length > 0 ? 'with its networks named' : 'with no network named';
      it(`${file}: exactly the labelled attacks, ${how}`, async () => {
        const expected = labels.attacks.filter((attack) => attack.captures.includes(file));
        const report = await replaySample(file, networks);
        assert.deepEqual(
          report.attacks.map(({ target, direction, vectors }) => [target.value, direction, vectors[0].name]),
          expected.map(({ target, vector }) => [target, 'in', vector]),
        );
        const tolerance = report.exporters.length > 0 ? TOLERANCE_MS.telemetry : TOLERANCE_MS.packets;
        report.attacks.forEach((attack, index) => {
          const { start, end } = expected[index];
          assertNear(attack.start, start, tolerance.start, `start of ${attack.target.value}`);
          assertNear(attack.end, end, tolerance.end, `end of ${attack.target.value}`);
          assert.ok(
            attack.vectors[0].share >= 0.9,
            `${attack.vectors[0].name} has a share of ${attack.vectors[0].share}`,
          );
        });
        assert.deepEqual(report.rejected, {});
        assertKnown(report);
      });
    }
  }

  it('tells a site that a search flood took out, with what its readers truly lost', async () => {
    const files = ['access.log.gz', 'checks.ndjson.gz'].map((end) => `${SAMPLES}${FLOOD}.${end}`);
    const report = await reportOf(['--config', `${SAMPLES}${FLOOD}.yaml`, ...files]);
    assert.deepEqual(report.rejected, {});
    assertKnown(report);
    const [attack] = report.attacks;
    assert.deepEqual(
      [report.attacks.length, attack.vectors[0].name, attack.target.value, attack.template],
      [1, 'search-flood', flood.site, flood.attack.template],
    );
    assert.ok(Math.abs((attack.attackersTotal ?? 0) - flood.attack.sources) <= 2, `${attack.attackersTotal} sources`);
    assertNear(attack.start, flood.attack.start, 10_000, 'start of the flood');
    const { outages = [], incidents = [], sites = [] } = report;
    assert.deepEqual([outages.length, incidents.length, sites[0].state], [1, 1, 'up']);
    const [{ state, start, end, evidence }] = outages;
    assert.deepEqual([state, [...evidence].sort()], ['down', ['logged', 'probed']]);
    // Checks are 30 s apart.
    assertNear(start, flood.attack.start, 30_000, 'start of the outage');
    assertNear(end, flood.attack.end, 30_000, 'end of the outage');
    const [{ damage, attacks }] = incidents;
    assert.deepEqual([damage.grade, attacks], ['D2', [attack.id]]);
    const minutes = (Date.parse(flood.attack.end) - Date.parse(flood.attack.start)) / 60_000;
    const { low, high } = damage.outMinutes;
    // Those who wait when the flood ends are served some seconds later.
    assert.ok(low - 0.3 <= minutes && minutes <= high + 0.3, `${minutes} minutes in ${low} … ${high}`);
    const lost = damage.lostRequests;
    assert.ok(
      lost !== undefined && lost.low <= flood.readers.lost && flood.readers.lost <= lost.high,
      JSON.stringify(lost),
    );
    assert.ok(
      Math.abs(lost.value - flood.readers.lost) < 0.25 * flood.readers.lost,
      `${lost.value} of ${flood.readers.lost}`,
    );
    assert.match(damage.sentence.ko, /일시적인 접속 장애가 있었으나 심각한 피해는 없었습니다/);
  });

  it('is told by npm start, which ends by itself', async () => {
    const { code, stdout, stderr } = await npmStart();
    assert.equal(code, 0, stderr);
    for (const { target, vector } of labels.attacks) {
      assert.ok(stdout.includes(target), `${target} is missing in:\n${stdout}`);
      assert.ok(stdout.includes(vector), `${vector} is missing in:\n${stdout}`);
    }
    assert.match(stdout, /www\.ministry\.example is down/);
    assert.match(stdout, /www\.ministry\.example is up.*D2 · recovered/s);
    assert.match(stdout, /there was no serious damage/);
    assert.match(stdout, /일시적인 접속/);
    assert.ok(!stdout.includes('\u001b'), 'what is piped has no colours');
  });
});

function assertNear(actual: string | undefined, expected: string, toleranceMs: number, what: string): void {
  const offMs = Date.parse(actual ?? '') - Date.parse(expected);
  assert.ok(Math.abs(offMs) <= toleranceMs, `${what}: ${actual}, labelled ${expected}`);
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(program: string, args: readonly string[]): Promise<Ended> {
  const { FORCE_COLOR: _, ...env } = process.env;
  const child = spawn(program, args, { cwd: TOP, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: START_TIMEOUT_MS });
  const text = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text.stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text.stderr += chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...text }));
  });
}

async function replaySample(file: string, networks: readonly string[]): Promise<ReplayReport> {
  return reportOf([...networks.flatMap((network) => ['--network', network]), `${SAMPLES}${file}`]);
}

async function reportOf(args: readonly string[]): Promise<ReplayReport> {
  const { code, stdout, stderr } = await run(process.execPath, [
    `${TOP}bin/bonghwa.js`,
    'replay',
    '--json',
    '--quiet',
    ...args,
  ]);
  assert.equal(code, 0, stderr);
  return replayReportSchema.parse(JSON.parse(stdout));
}

function npmStart(): Promise<Ended> {
  return run('npm', ['start']);
}
