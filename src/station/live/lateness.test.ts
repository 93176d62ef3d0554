import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRequestBatch } from '../../model/request-batch.ts';
import { GRACE_MS_MAX, Lateness } from './lateness.ts';

const SECOND_MS = 1_790_000_000_000;

/** Lines that are each read so long after the end of their second. */
function read(lateness: Lateness, afterMs: readonly number[]): void {
  const batch = createRequestBatch(1024, 1024);
  for (const after of afterMs) {
    batch.timeMs[0] = SECOND_MS;
    batch.length = 1;
    lateness.take(batch, SECOND_MS + 1000 + after);
  }
}

test('a second waits for as long as its lines are late, and the longest while nothing is known', () => {
  const lateness = new Lateness();
  read(lateness, new Array(99).fill(-500));
  lateness.endSecond();
  assert.equal(lateness.graceMs, GRACE_MS_MAX, 'too few lines');
  read(lateness, new Array(400).fill(-500));
  lateness.endSecond();
  assert.equal(lateness.graceMs, 75, 'none is late');
  read(lateness, new Array(50).fill(180));
  lateness.endSecond();
  assert.equal(lateness.graceMs, 250, 'a tenth of them is up to 200 ms late');
  read(lateness, new Array(500).fill(900));
  lateness.endSecond();
  assert.equal(lateness.graceMs, GRACE_MS_MAX, 'a server that writes its buffer once a second');
});

test('what changes is learned anew, and lines of another time tell nothing', () => {
  const lateness = new Lateness();
  read(lateness, new Array(200).fill(450));
  read(lateness, new Array(5000).fill(86_400_000));
  lateness.endSecond();
  assert.equal(lateness.graceMs, GRACE_MS_MAX);
  for (let second = 0; second < 300; second++) {
    read(lateness, new Array(20).fill(-100));
    lateness.endSecond();
  }
  assert.equal(lateness.graceMs, 75);
});
