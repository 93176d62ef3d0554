import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { planOf, testFiles } from './test-plan.ts';

describe('planOf', () => {
  it('runs everything by default, one file more at once than there are processors, since some wait', () => {
    assert.deepEqual(planOf([], 2), {
      filters: [],
      names: [],
      reporter: 'spec',
      concurrency: 3,
      fileMsMax: 300_000,
      totals: undefined,
      help: false,
    });
    assert.equal(planOf([], 64).concurrency, 4);
  });

  it('takes filters and options in any order', () => {
    const plan = planOf(['wire', '-t', 'a', '--name=b', '--reporter', 'dot', 'golden', '--totals', 'out.json'], 2);
    assert.deepEqual(plan.filters, ['wire', 'golden']);
    assert.deepEqual(plan.names, ['a', 'b']);
    assert.equal(plan.reporter, 'dot');
    assert.equal(plan.totals, 'out.json');
  });

  it('refuses what it does not know', () => {
    assert.throws(() => planOf(['--reporter', 'junit'], 2), /spec, dot or tap, not 'junit'/);
    assert.throws(() => planOf(['--concurrency', '0'], 2), /from 1 to 64, not '0'/);
    assert.throws(() => planOf(['--concurrency', 'two'], 2), /not 'two'/);
    assert.throws(() => planOf(['--file-seconds', '0.5'], 2), /from 1 to 3600, not '0.5'/);
    assert.throws(() => planOf(['--watch'], 2), /--watch/);
  });
});

describe('testFiles', () => {
  const paths = [
    'src/wire/b.test.ts',
    'test/store/d.test.ts',
    'src/wire/b.ts',
    'src/wire/a.test.ts',
    'test/golden/c.test.ts',
  ];

  it('takes only tests, in order, those that take long first', () => {
    assert.deepEqual(testFiles(paths, []), [
      'test/store/d.test.ts',
      'test/golden/c.test.ts',
      'src/wire/a.test.ts',
      'src/wire/b.test.ts',
    ]);
  });

  it('takes those with one of the parts in their path', () => {
    assert.deepEqual(testFiles(paths, ['golden', './src/wire/a']), ['test/golden/c.test.ts', 'src/wire/a.test.ts']);
    assert.deepEqual(testFiles(paths, ['nowhere']), []);
  });
});
