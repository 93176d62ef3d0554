import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Shedder } from './shedder.ts';

/** Looks at the pressure every 100 ms for `seconds`, with `idleMs` of each 100 spent waiting and `drops` datagrams lost in each. */
function run(
  shedder: Shedder,
  at: { ms: number; dropped: number },
  seconds: number,
  idleMs: number,
  drops: number,
): void {
  for (let step = 0; step < 10 * seconds; step++) {
    at.ms += 100;
    at.dropped += drops;
    shedder.note(at.ms, idleMs, at.dropped);
  }
}

test('a receiver that keeps up decodes everything', () => {
  const shedder = new Shedder(1);
  run(shedder, { ms: 0, dropped: 0 }, 10, 20, 0);
  assert.equal(shedder.oneIn, 1);
  for (let datagram = 0; datagram < 100; datagram++) assert.ok(shedder.keeps());
});

test('losses at the limit halve what is decoded until they stop, and room gives it back', () => {
  const shedder = new Shedder(1);
  const at = { ms: 0, dropped: 0 };
  run(shedder, at, 1, 0, 50);
  assert.ok(shedder.oneIn >= 8, `${shedder.oneIn}`);
  const pressed = shedder.oneIn;
  run(shedder, at, 4, 30, 0);
  assert.equal(shedder.oneIn, pressed);
  run(shedder, at, 60, 90, 0);
  assert.equal(shedder.oneIn, 1);
});

test('a burst that was lost while there was time to spare sheds nothing', () => {
  const shedder = new Shedder(1);
  run(shedder, { ms: 0, dropped: 0 }, 5, 50, 10);
  assert.equal(shedder.oneIn, 1);
});

test('those that are kept stand for all, whatever their order', () => {
  const shedder = new Shedder(7);
  const at = { ms: 0, dropped: 0 };
  run(shedder, at, 1, 0, 50);
  let sum = 0;
  const datagrams = 400_000;
  for (let datagram = 0; datagram < datagrams; datagram++) if (shedder.keeps()) sum += shedder.oneIn;
  const error = Math.sqrt((shedder.oneIn - 1) / datagrams);
  assert.ok(Math.abs(sum / datagrams - 1) < 5 * error, `${sum / datagrams} with ${error}`);
});

test('never fewer than one in 4,096', () => {
  const shedder = new Shedder(1);
  run(shedder, { ms: 0, dropped: 0 }, 60, 0, 1);
  assert.equal(shedder.oneIn, 4096);
});
