import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Shedder } from './shedder.ts';

/**
 * A receiver under `load` times what it can decode, for `seconds` in steps of 10 ms. Passing a datagram over costs a fifth of decoding it;
 * the buffer holds what comes in a quarter of a second at the limit. Returns how many datagrams were dropped, in seconds of the limit.
 */
function run(
  shedder: Shedder,
  at: { ms: number; dropped: number; backlog: number },
  seconds: number,
  load: number,
): number {
  const before = at.dropped;
  for (let step = 0; step < 100 * seconds; step++) {
    at.ms += 10;
    const cost = 1 / shedder.oneIn + 0.2 * (1 - 1 / shedder.oneIn);
    const waiting = at.backlog + 0.01 * load;
    const taken = Math.min(waiting, 0.01 / cost);
    const kept = Math.min(0.25, waiting - taken);
    at.dropped += waiting - taken - kept;
    at.backlog = kept;
    shedder.note(at.ms, 10 - 1000 * taken * cost, 1000 * taken * cost, at.dropped, at.backlog / 0.25);
  }
  return at.dropped - before;
}

const fresh = () => ({ ms: 0, dropped: 0, backlog: 0 });

test('a receiver that keeps up decodes everything', () => {
  const shedder = new Shedder(1);
  assert.equal(run(shedder, fresh(), 10, 0.9), 0);
  assert.equal(shedder.oneIn, 1);
  for (let datagram = 0; datagram < 100; datagram++) assert.ok(shedder.keeps());
});

test('under overload no more is passed over than must be, little is dropped, and room gives it back', () => {
  const shedder = new Shedder(1);
  const at = fresh();
  assert.ok(run(shedder, at, 3, 2) < 0.1, `${at.dropped}`);
  assert.ok(shedder.oneIn >= 2 && shedder.oneIn <= 8, `one in ${shedder.oneIn}`);
  assert.equal(run(shedder, at, 10, 2), 0);
  assert.ok(shedder.oneIn >= 2, 'it does not swing');
  run(shedder, at, 20, 0.3);
  assert.equal(shedder.oneIn, 1);
});

test('what a stall made it pass over is given back within seconds where little is to do', () => {
  const shedder = new Shedder(1);
  const at = fresh();
  run(shedder, at, 3, 60);
  assert.ok(shedder.oneIn >= 32, `one in ${shedder.oneIn}`);
  run(shedder, at, 7, 0.3);
  assert.equal(shedder.oneIn, 1);
});

test('the work at the end of every second does not keep it from giving back what was shed', () => {
  const shedder = new Shedder(1);
  const at = fresh();
  run(shedder, at, 3, 4);
  assert.ok(shedder.oneIn > 1);
  // A tenth of every second without a moment's wait, and time to spare in the rest.
  for (let step = 0; step < 2000; step++) {
    at.ms += 10;
    const idleMs = step % 100 < 10 ? 0 : 8;
    shedder.note(at.ms, idleMs, 10 - idleMs, at.dropped, 0.01);
  }
  assert.equal(shedder.oneIn, 1);
});

test('what was shed is given back where other programs have the processors, and there is no pressure', () => {
  const shedder = new Shedder(1);
  const at = fresh();
  run(shedder, at, 3, 60);
  assert.ok(shedder.oneIn >= 32, `one in ${shedder.oneIn}`);
  // It never waits, since it waits for a processor; of which it uses a tenth.
  for (let step = 0; step < 1000; step++) {
    at.ms += 10;
    shedder.note(at.ms, 0, 1, at.dropped, 0.1);
  }
  assert.equal(shedder.oneIn, 1);
});

test('a burst that was lost while there was time to spare sheds nothing', () => {
  const shedder = new Shedder(1);
  for (let step = 1; step < 500; step++) shedder.note(10 * step, 5, 5, step, 1);
  assert.equal(shedder.oneIn, 1);
});

test('what came while others had the processor is caught up with, and nothing is passed over', () => {
  const shedder = new Shedder(1);
  // A look that finds much waiting, one more before it gets less.
  [0.1, 0.62, 0.7, 0.69, 0.5, 0.3, 0.1].forEach((filled, look) => {
    shedder.note(60 * (look + 1), 0, 20, 0, filled);
  });
  assert.equal(shedder.oneIn, 2, 'more at each of two looks');
  const other = new Shedder(1);
  [0.1, 0.62, 0.6, 0.75, 0.55, 0.3, 0.1, 0.84, 0.8, 0.2].forEach((filled, look) => {
    other.note(60 * (look + 1), 0, 20, 0, filled);
  });
  assert.equal(other.oneIn, 1);
  for (const filled of [0.3, 0.9]) other.note(2000 + 1000 * filled, 0, 20, 0, filled);
  assert.equal(other.oneIn, 2, 'nearly full');
});

test('those that are kept stand for all, whatever their order', () => {
  const shedder = new Shedder(7);
  run(shedder, fresh(), 2, 3);
  assert.ok(shedder.oneIn > 1);
  let sum = 0;
  const datagrams = 400_000;
  for (let datagram = 0; datagram < datagrams; datagram++) if (shedder.keeps()) sum += shedder.oneIn;
  const error = Math.sqrt((shedder.oneIn - 1) / datagrams);
  assert.ok(Math.abs(sum / datagrams - 1) < 5 * error, `${sum / datagrams} with ${error}`);
});

test('never fewer than one in 4,096', () => {
  const shedder = new Shedder(1);
  run(shedder, fresh(), 60, 100);
  assert.equal(shedder.oneIn, 4096);
});
