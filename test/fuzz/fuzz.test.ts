import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fuzz } from './fuzz.ts';
import { FaultyPacketDecoder } from './planted-fault.ts';
import { TARGET_NAMES } from './targets.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

describe('fuzzer', () => {
  test('finds no fault in the decoders', () => {
    const { cases, findings, seed } = fuzz({ seed: 20_261_122, budgetMs: 1500 });
    assert.deepEqual(
      findings.map((finding) => `${finding.target} case ${finding.case} of seed ${seed}: ${finding.reason}`),
      [],
    );
    for (const name of TARGET_NAMES) assert.ok((cases[name] ?? 0) >= 100, `${name}: ${cases[name]} cases`);
  });

  test('finds a bounds fault that was planted, and the same input again from its seed', () => {
    const seed = 7;
    const planted = { seed, targets: ['packet'] as const, createPacketDecoder: createFaulty };
    const { findings } = fuzz({ ...planted, budgetMs: 10_000 });
    assert.equal(findings.length, 1, `the planted fault was not found with seed ${seed}`);
    assert.match(findings[0].reason, /the payload lies within the packet/);
    const again = fuzz({ ...planted, budgetMs: 0, onlyCase: findings[0].case });
    assert.deepEqual(again.findings[0].input, findings[0].input);
    assert.deepEqual(fuzz({ seed, budgetMs: 0, targets: ['packet'], onlyCase: findings[0].case }).findings, []);
  });

  test('the command prints its seed', () => {
    const output = execFileSync(process.execPath, [MAIN, '--seconds', '0.2', '--seed', '42', '--target', 'packet'], {
      encoding: 'utf8',
    });
    assert.match(output, /^fuzz: seed 42, 0.2 s over packet\npacket: \d+ cases\n$/);
  });
});

const createFaulty = (rejections: ConstructorParameters<typeof FaultyPacketDecoder>[0]): FaultyPacketDecoder =>
  new FaultyPacketDecoder(rejections);
