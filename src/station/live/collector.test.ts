import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SecondCollector } from './collector.ts';

function collect(): { taken: [number, string[]][]; collector: SecondCollector<string> } {
  const taken: [number, string[]][] = [];
  return { taken, collector: new SecondCollector<string>((second, parts) => taken.push([second, [...parts]])) };
}

const part = (receiver: number, second: number) => ({ receiver, second, value: `${receiver}:${second}` });

test('a second is taken when every receiver has told it', () => {
  const { taken, collector } = collect();
  collector.join(1);
  collector.join(2);
  collector.offer(part(1, 10), 0);
  collector.offer(part(1, 11), 900);
  assert.deepEqual(taken, []);
  collector.offer(part(2, 10), 950);
  assert.deepEqual(taken, [[10, ['1:10', '2:10']]]);
  collector.offer(part(2, 12), 960);
  assert.deepEqual(taken[1], [11, ['1:11']], 'the second receiver is past it');
});

test('a receiver that is silent is not waited for, and its late part is counted', () => {
  const { taken, collector } = collect();
  collector.join(1);
  collector.join(2);
  collector.offer(part(1, 10), 0);
  collector.tick(1499);
  assert.equal(taken.length, 0);
  collector.tick(1500);
  assert.deepEqual(taken, [[10, ['1:10']]]);
  assert.equal(collector.incomplete, 1);
  collector.offer(part(2, 10), 1600);
  assert.equal(collector.late, 1);
});

test('a receiver that leaves leaves nothing behind', () => {
  const { taken, collector } = collect();
  collector.join(1);
  collector.join(2);
  collector.offer(part(2, 10), 0);
  collector.offer(part(2, 11), 0);
  collector.leave(2, 10);
  collector.offer(part(1, 10), 20);
  collector.offer(part(1, 11), 1020);
  collector.offer(part(1, 12), 2020);
  assert.deepEqual(taken, [
    [10, ['1:10', '2:10']],
    [11, ['1:11', '2:11']],
    [12, ['1:12']],
  ]);
});

test('a clock that is set back by an hour is followed, not taken for lateness', () => {
  const { taken, collector } = collect();
  collector.join(1);
  collector.join(2);
  for (const receiver of [1, 2]) collector.offer(part(receiver, 5000), 0);
  collector.offer(part(1, 1400), 1000);
  collector.offer(part(2, 5001), 1000);
  collector.offer(part(2, 1400), 1001);
  collector.offer(part(1, 1401), 2000);
  collector.offer(part(2, 1401), 2000);
  assert.deepEqual(
    taken.map(([second]) => second),
    [5000, 5001, 1400, 1401],
  );
  assert.equal(collector.late, 0);
});

test('whatever the order between receivers, every part is taken once and seconds rise', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(3), { minLength: 8, maxLength: 200 }), (turns) => {
      const { taken, collector } = collect();
      const next = [0, 0, 0, 0];
      for (const receiver of next.keys()) collector.join(receiver);
      for (const receiver of turns) collector.offer(part(receiver, next[receiver]++), 0);
      for (const receiver of next.keys()) collector.leave(receiver, 0);
      const seconds = taken.map(([second]) => second);
      assert.deepEqual(
        seconds,
        [...seconds].sort((left, right) => left - right),
      );
      assert.equal(taken.flatMap(([, parts]) => parts).length + collector.late, turns.length);
    }),
  );
});
