import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { metricFamilies } from '../../src/api/metrics.ts';
import { FixedStation } from '../support/fixed-station.ts';

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly expr: string }[];
}

const DASHBOARD = new URL('../../docs/grafana/bonghwa.json', import.meta.url);
const dashboard = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as {
  readonly panels: readonly Panel[];
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
};
const expressions = [
  ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  ...dashboard.annotations.list.map(({ expr }) => expr),
];

test('every expression of the dashboard asks for metrics that a station has', () => {
  const station = new FixedStation();
  const lag = { bounds: [1], counts: [0, 0], sum: 0 };
  const known = new Set<string>();
  const families = metricFamilies(station.status(), station.counters(), {
    eventClients: 0,
    eventLoopLagSeconds: lag,
    nodeVersion: '24.0.0',
  });
  for (const { name, type } of families) {
    if (type !== 'histogram') known.add(name);
    else for (const part of ['bucket', 'sum', 'count']) known.add(`${name}_${part}`);
  }
  assert.ok(expressions.length > 20);
  for (const expr of expressions) {
    const asked = expr.match(/\b(?:bonghwa|process)_\w+/g) ?? [];
    assert.ok(asked.length > 0, expr);
    for (const name of asked) assert.ok(known.has(name), `${name} in ${expr}`);
  }
});

test('panels of the dashboard have ids of their own and do not overlap', () => {
  const { panels } = dashboard;
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const taken = new Set<string>();
  for (const { title, gridPos } of panels) {
    assert.ok(gridPos.x + gridPos.w <= 24, title);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.ok(!taken.has(`${x} ${y}`), `${title} lies on another panel`);
        taken.add(`${x} ${y}`);
      }
    }
  }
});

const promtool = spawnSync('promtool', ['--version']).status === 0;

test('Prometheus can read every expression of the dashboard', {
  skip: promtool ? false : 'promtool (package prometheus) is not installed',
}, () => {
  const directory = mkdtempSync(join(tmpdir(), 'bonghwa-grafana-'));
  try {
    const rules = expressions.map((expr, at) => ({ record: `panel:expression:${at}`, expr }));
    const file = join(directory, 'rules.yml');
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
    const { status, stderr } = spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
