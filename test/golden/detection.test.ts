import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { cacheDirectory } from '../../src/cli/cache-directory.ts';
import { replayReportSchema } from '../../src/model/attack.ts';
import { TELEMETRY_PORTS } from '../../src/model/telemetry-ports.ts';
import { replay } from '../../src/station/replay.ts';
import { SKIP_WITHOUT_SHARED_DATA, sharedData } from '../support/shared-data.ts';

interface Label {
  readonly file: string;
  readonly attack: boolean;
  readonly class: string;
  readonly victims: readonly string[];
  readonly attackers?: readonly string[];
  readonly spoofed?: boolean | string;
  readonly victim_port?: string;
}

/** The classes of labels.json, which are written for people, by our names of vectors. */
const VECTOR_OF_CLASS: readonly (readonly [RegExp, string])[] = [
  [/^tcp-reflection \(SYN-ACK\)/, 'synack-reflection'],
  [/^icmpv6-flood/, 'icmp-flood'],
  [/^([a-z]+-(?:flood|amplification|reflection))/, '$1'],
];

function vectorOf(name: string): string {
  for (const [pattern, vector] of VECTOR_OF_CLASS) {
    if (pattern.test(name)) return vector === '$1' ? (pattern.exec(name)?.[1] ?? '') : vector;
  }
  throw new Error(`no vector for the class '${name}'`);
}

async function reportOf(file: string) {
  const report = await replay({
    files: [file],
    networks: [],
    as: 'auto',
    telemetryPorts: TELEMETRY_PORTS,
    allVerdicts: true,
    cacheDirectory: cacheDirectory(),
  });
  return replayReportSchema.parse(report);
}

const CAPTURE = /\.(pcap|pcapng|cap)(\.gz)?$/;

function capturesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => CAPTURE.test(name))
    .map((name) => join(folder, name));
}

describe('attacks in real captures', { skip: SKIP_WITHOUT_SHARED_DATA }, () => {
  const folder = join(sharedData() ?? '', 'pcap-attack');
  const labels: Label[] =
    sharedData() === undefined ? [] : JSON.parse(readFileSync(join(folder, 'labels.json'), 'utf8')).captures;
  for (const label of labels) {
    it(`names victim and class of ${label.file}`, async () => {
      const { attacks, from, to } = await reportOf(join(folder, label.file));
      assert.deepEqual(
        attacks.map((attack) => attack.target.value),
        label.victims,
      );
      const [attack] = attacks;
      assert.equal(attack.vectors[0].name, vectorOf(label.class));
      assert.equal(attack.direction, 'in');
      assert.equal(attack.spread, 'single');
      if (label.spoofed === true) assert.equal(attack.sources.spoofed, 'likely');
      if (label.spoofed === false) assert.equal(attack.sources.spoofed, 'unlikely');
      if (label.attackers !== undefined) {
        assert.deepEqual(
          attack.sources.top.map((source) => source.addr),
          label.attackers,
        );
      }
      if (label.victim_port !== undefined) {
        assert.equal(attack.evidence.dstPorts[0].port, Number(label.victim_port.split('/')[1]));
      }
      assert.ok(from !== undefined && to !== undefined);
      assert.ok(attack.start >= from && attack.end !== undefined && attack.end >= attack.start && attack.end <= to);
      assert.ok(attack.detectedAt >= attack.start);
      assert.ok(attack.why.includes(attack.evidence.shape[0]));
    });
  }
});

for (const folder of ['pcap-benign', 'pcap-scan']) {
  describe(`no attack in ${folder}`, { skip: SKIP_WITHOUT_SHARED_DATA }, () => {
    const root = sharedData();
    for (const file of root === undefined ? [] : capturesIn(join(root, folder))) {
      it(file.slice(join(root ?? '', folder).length + 1), async () => {
        const { attacks } = await reportOf(file);
        assert.deepEqual(
          attacks.map((attack) => attack.why),
          [],
        );
      });
    }
  });
}
