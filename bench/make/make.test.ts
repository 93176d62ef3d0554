import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { replay } from '../../src/station/replay.ts';
import { makeInput } from './input.ts';
import { FLOOD_FROM_SECOND, FLOODED_SITE_TEXT, playScene, SCENE_START_MS } from './scene.ts';

const ITEMS = 40_000;
const directory = mkdtempSync(join(tmpdir(), 'bonghwa-make-'));
after(() => rmSync(directory, { recursive: true, force: true }));

describe('the scene of the benches', () => {
  it('has as many items as asked for, in the order of time, the flood in its place', () => {
    let items = 0;
    let lastMs = 0;
    let flood = 0;
    const clients = new Set<number>();
    playScene({ items: ITEMS, clients: 500, sites: 20, floodShare: 0.25, seed: 1 }, (item) => {
      items++;
      assert.ok(item.timeMs >= lastMs);
      lastMs = item.timeMs;
      if (item.kind === 4) {
        flood++;
        assert.ok(item.timeMs >= SCENE_START_MS + 1000 * FLOOD_FROM_SECOND);
      }
      for (const addr of [item.srcAddr, item.dstAddr]) if (item.kind !== 4 && addr >>> 24 === 10) clients.add(addr);
    });
    assert.equal(items, ITEMS);
    assert.equal(flood, ITEMS / 4);
    assert.equal(clients.size, 500);
  });

  for (const kind of ['traffic', 'telemetry'] as const) {
    it(`is written as ${kind} that is read without a rejection, the same every time`, async () => {
      const files = ['a', 'b'].map((name) => join(directory, `${kind}-${name}.pcap`));
      for (const file of files) makeInput(kind, ITEMS, file);
      assert.deepEqual(readFileSync(files[0]), readFileSync(files[1]));
      const report = await replay({
        files: [files[0]],
        networks: [],
        as: 'auto',
        telemetryPorts: [2055],
        allVerdicts: false,
      });
      assert.equal(kind === 'traffic' ? report.packets : report.flows, ITEMS);
      assert.deepEqual(report.rejected, {});
      assert.deepEqual(
        report.attacks.map(({ target, vectors }) => [target.value, vectors[0].name]),
        [[FLOODED_SITE_TEXT, 'syn-flood']],
      );
    });
  }
});
