import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BenchCase, formatRate, formatReport, measure, measureAsync, runCase, selectCases } from './harness.ts';
import { formatMarkdown } from './markdown.ts';

function caseOf(name: string): BenchCase {
  return { name, unit: 'items', goal: 1, sizes: { small: 10, full: 100 }, run: (size) => measure(size, () => size) };
}

describe('measure', () => {
  it('counts the CPU time of the work, not that of the machine', () => {
    const result = measure(
      1000,
      () => {
        const untilMs = process.cpuUsage().user / 1000 + 40;
        let sum = 0;
        while (process.cpuUsage().user / 1000 < untilMs) sum++;
        return sum > 0 ? 7 : 8;
      },
      { warmups: 0, repeats: 2 },
    );
    assert.ok(result.cpuSeconds >= 0.04 && result.cpuSeconds < 1, `${result.cpuSeconds} s`);
    assert.equal(result.hash, 7);
    assert.ok(result.rssMaxBytes > 10e6);
  });

  it('warms up, repeats, and keeps the best run', async () => {
    let runs = 0;
    const work = (): number => {
      runs++;
      return 1;
    };
    measure(1, work, { warmups: 2, repeats: 3 });
    assert.equal(runs, 5);
    await measureAsync(1, async () => work(), { warmups: 1, repeats: 1 });
    assert.equal(runs, 7);
  });

  it('refuses work that computes something else each time', () => {
    let hash = 0;
    assert.throws(() => measure(1, () => hash++), /two runs of one case differ/);
  });
});

describe('cases', () => {
  it('are selected by their name, or by a part of it', () => {
    const cases = ['wire/netflow-v9', 'wire/netflow-v9-wide', 'wire/ipfix'].map(caseOf);
    const names = (only?: string): string[] => selectCases(cases, only).map(({ name }) => name);
    assert.deepEqual(names('wire/netflow-v9'), ['wire/netflow-v9']);
    assert.deepEqual(names('netflow'), ['wire/netflow-v9', 'wire/netflow-v9-wide']);
    assert.deepEqual(names(), ['wire/netflow-v9', 'wire/netflow-v9-wide', 'wire/ipfix']);
    assert.deepEqual(names('absent'), []);
  });

  it('run with the size that was asked for', async () => {
    assert.equal((await runCase(caseOf('a'), 'small')).hash, 10);
    assert.equal((await runCase(caseOf('a'), 'full')).items, 100);
  });
});

describe('a report', () => {
  const report = {
    ...{ name: 'wire/x', unit: 'records', items: 1e6, cpuSeconds: 0.02, wallSeconds: 0.03, rssMaxBytes: 100e6 },
    ...{ hash: 255, itemsPerCpuSecond: 50e6 },
  };

  it('says whether the goals were met', () => {
    assert.equal(
      formatReport({ ...report, goal: 60e6, rssGoal: 600e6 }),
      'wire/x: 50.0 M records a CPU-second (goal 60.0 M: missed), 0.020 s CPU, 0.030 s wall, 100 MB (goal 600 MB: met), hash 000000ff',
    );
    assert.equal(
      formatReport(report),
      'wire/x: 50.0 M records a CPU-second, 0.020 s CPU, 0.030 s wall, 100 MB, hash 000000ff',
    );
  });

  it('is written as tables for the documents', () => {
    const run = { items: 2e6, cpuSeconds: 4, wallSeconds: 5, rssMaxBytes: 50e6, note: '1 attack found' };
    const results = [
      { program: 'a', did: 'counts', run },
      { program: 'b', did: 'writes' },
    ];
    assert.deepEqual(
      formatMarkdown('a machine', [{ ...report, goal: 60e6 }], [{ input: 'a file', unit: 'packets', results }]).split(
        '\n',
      ),
      [
        'Measured on: a machine.',
        '',
        '| case | items a CPU-second | goal | largest memory |',
        '|---|---|---|---|',
        '| `wire/x` | 50.0 M records | 60.0 M records | 100 MB |',
        '',
        'Whole programs, from start to end, on a file:',
        '',
        '| program | what it does | items a CPU-second | CPU | largest memory | |',
        '|---|---|---|---|---|---|',
        '| a | counts | 0.50 M packets | 4.00 s | 50 MB | 1 attack found |',
        '| b | writes |  |  |  | not installed |',
      ],
    );
  });

  it('gives rates in millions', () => {
    assert.deepEqual([123.4e6, 99.97e6, 12.34e6, 1.234e6, 1e4].map(formatRate), [
      '123 M',
      '100 M',
      '12.3 M',
      '1.23 M',
      '0.01 M',
    ]);
  });
});
