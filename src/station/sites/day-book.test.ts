import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MemoryDocuments } from '../../../test/support/memory-documents.ts';
import type { SiteState } from '../../model/incident.ts';
import type { StateStore } from '../../store/state/state-store.ts';
import { DayBook } from './day-book.ts';

const NOON = Date.UTC(2026, 10, 26, 12);
const MINUTE = 60_000;
const LOOK = 15_000;

interface Span {
  readonly state: SiteState;
  readonly lastsMs: number;
  /** How long after its beginning it is told. */
  readonly toldMs: number;
}

/** Looks at a site that goes through these states; what the day says then. */
async function day(spans: readonly Span[], book = new DayBook()) {
  const starts: number[] = [];
  let endMs = NOON;
  for (const { lastsMs } of spans) {
    starts.push(endMs);
    endMs += lastsMs;
  }
  for (let ms = NOON; ms <= endMs; ms += LOOK) {
    const at = spans.findLastIndex(({ toldMs }, index) => starts[index] + (index === 0 ? 0 : toldMs) <= ms);
    book.look([{ site: 'court', state: spans[at].state, since: new Date(starts[at]).toISOString() }], ms);
  }
  return (await book.days('court', 1, endMs))[0];
}

const about = (value: number, wanted: number): void =>
  assert.ok(Math.abs(value - wanted) <= (LOOK + 1000) / MINUTE, `${value} for ${wanted}`);

describe('DayBook', () => {
  it('counts what a state lasted, however late it was told', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            state: fc.constantFrom('up', 'down', 'degraded', 'partial', 'maintenance'),
            lastsMs: fc.integer({ min: 2 * MINUTE, max: 40 * MINUTE }),
            toldMs: fc.integer({ min: 0, max: 90_000 }),
          }),
          { minLength: 1, maxLength: 8 },
        ),
        async (spans: readonly Span[]) => {
          const { outMinutes, degradedMinutes, knownMinutes } = await day(spans);
          const sum = (states: readonly SiteState[]): number =>
            spans.reduce((ms, { state, lastsMs }) => ms + (states.includes(state) ? lastsMs : 0), 0) / MINUTE;
          // The last one may not be told yet, and the end of the last look is cut off.
          const slack = (spans.at(-1)?.toldMs ?? 0) / MINUTE;
          const near = (value: number, wanted: number): void =>
            assert.ok(Math.abs(value - wanted) <= slack + (LOOK + 1000) / MINUTE, `${value} for ${wanted}`);
          near(outMinutes, sum(['down', 'maintenance']));
          near(degradedMinutes, sum(['degraded', 'partial']));
          about(knownMinutes, sum(['up', 'down', 'degraded', 'partial', 'maintenance']));
        },
      ),
      { numRuns: 200 },
    ));

  it('counts no time in which nobody could tell, and no announced maintenance as out', async () => {
    const hour = (state: SiteState): Span => ({ state, lastsMs: 60 * MINUTE, toldMs: 0 });
    const { knownMinutes, outMinutes, worst } = await day([hour('up'), hour('unknown'), hour('down')]);
    about(knownMinutes, 120);
    about(outMinutes, 60);
    assert.equal(worst, 'down');
    const planned = await day([hour('up'), hour('maintenance')], new DayBook(() => true));
    assert.equal(planned.outMinutes, 0);
    about(planned.knownMinutes, 120);
  });

  it('begins anew at midnight, and goes on after a restart with the day that it began in', async () => {
    const kept = new MemoryDocuments();
    const state = Object.assign(kept, { pruneDocuments: async () => 0 }) as Partial<StateStore> as StateStore;
    const evening = Date.UTC(2026, 10, 26, 23, 50);
    const first = new DayBook();
    await first.open(state, evening);
    const at = (book: DayBook, name: SiteState, ms: number): void =>
      book.look([{ site: 'court', state: name, since: new Date(evening).toISOString() }], ms);
    for (let ms = evening; ms <= evening + 20 * MINUTE; ms += LOOK) at(first, 'down', ms);
    await first.keep(evening + 20 * MINUTE);
    const second = new DayBook();
    await second.open(state, evening + 30 * MINUTE);
    for (let ms = evening + 30 * MINUTE; ms <= evening + 40 * MINUTE; ms += LOOK) at(second, 'up', ms);
    const days = await second.days('court', 3, evening + 40 * MINUTE);
    assert.deepEqual(
      days.map(({ day: date, worst, outMinutes, knownMinutes }) => [
        date.slice(8),
        worst,
        Math.round(outMinutes),
        Math.round(knownMinutes),
      ]),
      [
        ['25', 'unknown', 0, 0],
        ['26', 'down', 10, 10],
        ['27', 'down', 10, 20],
      ],
    );
  });
});
