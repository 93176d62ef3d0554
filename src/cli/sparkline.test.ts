import assert from 'node:assert/strict';
import { test } from 'node:test';
import { levelOf, renderChart } from './sparkline.ts';

const plain = { paintBars: (text: string): string => text };

test('bars, the usual level and the mark of detection', () => {
  const values = [1, 1, 1, 1, 1, 1, 12, 24, 24, 20, 1, 0];
  assert.deepEqual(
    renderChart({
      ...plain,
      values,
      width: 12,
      topLabel: '24',
      usual: { value: 1, label: 'usual 1' },
      mark: { index: 7, label: 'd' },
    }),
    ['     24 ┤       ██▄', '        ┤      ▄███', 'usual 1 ┤▁▁▁▁▁▁████▁┄', '                ▲ d'],
  );
});

test('more values than columns share bars, and the largest of them is shown', () => {
  const values = new Array<number>(100).fill(0);
  values[57] = 10;
  const [top] = renderChart({ ...plain, values, width: 10, topLabel: '10' });
  assert.equal(top, '10 ┤     █');
});

test('few values are drawn wider, and the mark stands under the middle of its bar', () => {
  const lines = renderChart({ ...plain, values: [0, 8], width: 30, topLabel: '8', mark: { index: 1, label: 'here' } });
  assert.deepEqual(lines, ['8 ┤   ███', '  ┤   ███', '  ┤   ███', '       ▲ here']);
});

test('a label that does not fit to the right stands to the left of its mark', () => {
  const values = new Array<number>(20).fill(3);
  const lines = renderChart({ ...plain, values, width: 20, topLabel: '3', mark: { index: 19, label: 'detected' } });
  assert.equal(lines[3], '             detected ▲');
});

test('silence, one value and nothing at all are drawn without a fault', () => {
  assert.deepEqual(renderChart({ ...plain, values: [0, 0], width: 2, topLabel: '0' }), ['0 ┤', '  ┤', '  ┤']);
  assert.equal(renderChart({ ...plain, values: [], width: 5, topLabel: '0' }).length, 3);
  assert.equal(renderChart({ ...plain, values: [Number.NaN, 4], width: 2, topLabel: '4' })[0], '4 ┤ █');
});

test('a trickle is not silence', () => {
  assert.equal(levelOf(0.001, 100), '▁');
  assert.equal(levelOf(0, 100), ' ');
  assert.equal(levelOf(100, 100), '█');
});
