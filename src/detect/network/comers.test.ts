import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mix32 } from '../../base/hash.ts';
import { TargetDetail } from '../../sketch/target-detail.ts';
import { Comers } from './comers.ts';
import { PARAMETERS } from './parameters.ts';

/** A second in which the sources of these numbers connected. */
function second(sources: Iterable<number>): TargetDetail {
  const detail = new TargetDetail(1);
  for (const source of sources) {
    const words = Uint32Array.of(0, 0, 0xffff, source);
    detail.add(words, 0, mix32(source), 7, 0, 1024 + (source % 60_000), 443, 60, 0, 1, 60);
  }
  return detail;
}

function range(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => from + index);
}

describe('who comes back', () => {
  it('are hundreds that connect every other second, and not readers who are new', () => {
    const program = new Comers();
    const crowd = new Comers();
    for (let tick = 1; tick <= 5; tick++) {
      const again = second(range((tick % 2) * 400, 400));
      const fresh = second(range(tick * 400, 400));
      if (tick === 5) {
        assert.ok((program.share(tick, again) ?? 0) > 0.9);
        assert.ok((crowd.share(tick, fresh) ?? 1) < 0.15);
      }
      program.note(tick, again);
      crowd.note(tick, fresh);
    }
  });

  it('is told of the fewer: a first second that was cut short counts too', () => {
    const comers = new Comers();
    comers.note(1, second(range(0, 30)));
    assert.ok((comers.share(2, second(range(0, 300))) ?? 0) > 0.7);
  });

  it('is not told of a handful, nor settled before all seconds were seen', () => {
    const comers = new Comers();
    const few = second(range(0, 5));
    comers.note(1, few);
    assert.equal(comers.share(2, few), undefined);
    for (let tick = 2; tick <= PARAMETERS.comeBackSeconds; tick++) comers.note(tick, few);
    assert.equal(comers.settled(PARAMETERS.comeBackSeconds), false);
    assert.equal(comers.settled(PARAMETERS.comeBackSeconds + 1), true);
    assert.equal(comers.settled(2 * PARAMETERS.comeBackSeconds + 1), false);
    assert.equal(comers.share(2 * PARAMETERS.comeBackSeconds + 1, second(range(0, 300))), undefined);
  });
});
