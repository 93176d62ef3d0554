import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  DAY,
  evening,
  HOUR,
  live,
  MONDAY,
  Noise,
  nightly,
  office,
  type Rhythm,
  VolumeAlarm,
  WEEK,
} from '../../../test/support/weeks.ts';
import { ByteReader, ByteWriter } from '../../base/byte-stream.ts';
import { Baseline } from './baseline.ts';
import { GroupBaseline, WeekBudget } from './group-baseline.ts';
import type { UsualHour } from './week.ts';

const FLOOR = 300;
const hour = (second: number): number => Math.floor(second / HOUR);
const day = (excess: { readonly second: number }, from: number): number => Math.floor((excess.second - from) / DAY);

/** The quick estimate alone, to be compared with. */
class WithoutWeek extends GroupBaseline {
  override usual(): UsualHour | undefined {
    return undefined;
  }
}

function weeks(rhythm: Rhythm, count: number, from = MONDAY, baseline?: GroupBaseline): VolumeAlarm {
  const alarm = new VolumeAlarm(FLOOR, baseline);
  live(alarm, rhythm, new Noise(7), from, from + count * WEEK);
  return alarm;
}

describe('a baseline by hour of the week', () => {
  const rhythms: readonly (readonly [string, Rhythm])[] = [
    ['an office that fills within an hour', office(2000)],
    ['an office that fills within two minutes', office(2000, 1 / 30)],
    ['evenings and weekends', evening(2000)],
    ['a copy every night', nightly(200)],
  ];
  for (const [name, rhythm] of rhythms) {
    for (const from of [MONDAY, MONDAY + 3 * DAY + 13 * HOUR]) {
      const begun = from === MONDAY ? 'a Monday night' : 'a Thursday afternoon';
      it(`asks the shape at most once in two weeks of ${name}, begun on ${begun}`, () => {
        const { excesses } = weeks(rhythm, 2, from);
        // What is large is met for the first time once: with nothing learned, or in the first of its kind.
        assert.ok(excesses.length <= 1, JSON.stringify(excesses));
        assert.ok(excesses.every((excess) => day(excess, from) === 0));
      });
    }
  }

  it('knows the Monday that the quick estimate has forgotten over the weekend', () => {
    const rise = office(2000, 1 / 30);
    const quick = weeks(rise, 2, MONDAY, new WithoutWeek(new Baseline()));
    const known = weeks(rise, 2);
    assert.deepEqual(
      [quick, known].map(({ excesses }) => excesses.map((excess) => day(excess, MONDAY))),
      [[0, 7], [0]],
    );
  });

  it('allows at night what nights are like, once the week is settled', () => {
    const quick = weeks(office(2000), 3, MONDAY, new WithoutWeek(new Baseline()));
    const known = weeks(office(2000), 3);
    const noise = new Noise(8);
    const night = MONDAY + 3 * WEEK + DAY + 3 * HOUR;
    for (const alarm of [quick, known]) live(alarm, office(2000), noise, MONDAY + 3 * WEEK, night);
    assert.ok(known.limit(night) < 0.4 * quick.limit(night), `${known.limit(night)} of ${quick.limit(night)}`);
    assert.ok(known.limit(night) > 200 * 1.6);
  });

  it('is not changed by one public holiday', () => {
    const alarm = weeks(office(2000), 2);
    const holiday: Rhythm = (second) => (second < MONDAY + 2 * WEEK + DAY ? 200 : office(2000)(second));
    const before = alarm.limit(MONDAY + 2 * WEEK + 12 * HOUR);
    live(alarm, holiday, new Noise(9), MONDAY + 2 * WEEK, MONDAY + 3 * WEEK);
    live(alarm, office(2000), new Noise(10), MONDAY + 3 * WEEK, MONDAY + 3 * WEEK + DAY);
    assert.ok(alarm.excesses.every((excess) => day(excess, MONDAY) === 0));
    const after = alarm.limit(MONDAY + 3 * WEEK + 12 * HOUR);
    assert.ok(after > 0.8 * before && after < 1.3 * before, `${before} and then ${after}`);
  });

  it('lets summer time, and people, come an hour early or late', () => {
    for (const shift of [-HOUR, HOUR]) {
      const alarm = weeks(office(2000, 1 / 30), 2);
      const shifted: Rhythm = (second) => office(2000, 1 / 30)(second + shift);
      live(alarm, shifted, new Noise(11), MONDAY + 2 * WEEK, MONDAY + 2 * WEEK + 2 * DAY);
      assert.ok(alarm.excesses.every((excess) => day(excess, MONDAY) === 0));
    }
  });

  it('knows what time it is after a weekend that the station was stopped for', () => {
    const until = MONDAY + WEEK + 4 * DAY + 19 * HOUR;
    const since = MONDAY + 2 * WEEK + 10 * HOUR;
    const alarm = new VolumeAlarm(FLOOR);
    live(alarm, office(2000), new Noise(12), MONDAY, until);
    const saturday = alarm.baseline.usual(hour(MONDAY + 2 * WEEK - 2 * DAY + 12 * HOUR));
    alarm.resume(since);
    assert.ok(alarm.baseline.mean > 1800 && alarm.baseline.mean < 2200, String(alarm.baseline.mean));
    live(alarm, office(2000), new Noise(13), since, since + DAY);
    assert.ok(alarm.excesses.every((excess) => day(excess, MONDAY) === 0));
    // What was not seen was no silence.
    assert.deepEqual(alarm.baseline.usual(hour(MONDAY + 3 * WEEK - 2 * DAY + 12 * HOUR)), saturday);
  });

  it('takes silence for silence where the station was running', () => {
    const alarm = weeks((second) => (second < MONDAY + DAY ? 1000 : 0), 1);
    alarm.take(MONDAY + WEEK + 1, 1000);
    const tuesday = alarm.baseline.usual(hour(MONDAY + DAY + 12 * HOUR));
    assert.deepEqual(tuesday, { median: 0, deviation: 0, maximum: 0, settled: false });
  });

  it('believes a single burst a hundred times as large only when it comes again', () => {
    const noon = MONDAY + 2 * WEEK + 12 * HOUR;
    const alarm = weeks(office(200), 2);
    const usual = alarm.baseline.usual(hour(noon))?.maximum ?? 0;
    const burst: Rhythm = (second) => (second >= noon && second < noon + 20 ? 20_000 : office(200)(second));
    live(alarm, burst, new Noise(14), MONDAY + 2 * WEEK, MONDAY + 3 * WEEK);
    const after = alarm.baseline.usual(hour(noon))?.maximum ?? 0;
    assert.ok(after > 2 * usual && after <= 4.1 * usual, `${usual} and then ${after}`);
  });

  it('learns an hour in its median, its median distance and its maximum', () => {
    const alarm = new VolumeAlarm(FLOOR);
    for (let second = 0; second < HOUR + 1; second++) alarm.take(MONDAY + second, [900, 1000, 1100, 1500][second % 4]);
    const usual = alarm.baseline.usual(hour(MONDAY));
    assert.ok(usual !== undefined);
    assert.ok(usual.median > 990 && usual.median < 1110, String(usual.median));
    assert.ok(usual.deviation > 40 && usual.deviation < 240, String(usual.deviation));
    assert.ok(Math.abs(usual.maximum / 1500 - 1) < 0.002, String(usual.maximum));
  });

  it('has no week where there is no room, and none for what comes and goes', () => {
    const budget = new WeekBudget(1);
    const learn = (seconds: number, every: number): GroupBaseline => {
      const baseline = new GroupBaseline(new Baseline());
      for (let second = 0; second < seconds; second += every) baseline.learn(second, MONDAY + second, 500, budget);
      return baseline;
    };
    assert.equal(learn(2 * HOUR, 120).hasWeek, false);
    assert.equal(learn(2 * HOUR, 1).hasWeek, true);
    assert.equal(learn(2 * HOUR, 1).hasWeek, false);
    budget.giveBack(1);
    assert.equal(learn(2 * HOUR, 1).hasWeek, true);
  });

  it('goes on as it was after it was written and read', () => {
    const alarm = weeks(office(2000), 1);
    const writer = new ByteWriter();
    alarm.baseline.write(writer);
    assert.ok(writer.length < 1500, String(writer.length));
    const reader = new ByteReader(writer.seal());
    reader.unseal();
    const other = GroupBaseline.read(reader, new WeekBudget());
    assert.deepEqual([reader.fault, reader.left], [undefined, 0]);
    const budget = new WeekBudget();
    const noise = new Noise(15);
    for (let second = MONDAY + WEEK; second < MONDAY + WEEK + DAY; second++) {
      const value = noise.apply(office(2000)(second));
      const tick = second - MONDAY;
      for (const baseline of [alarm.baseline, other]) baseline.learn(tick, second, value, budget);
      const [left, right] = [alarm.baseline, other].map((baseline) => [
        baseline.limit(hour(second)),
        baseline.mean,
        baseline.rises(value, FLOOR, hour(second)),
      ]);
      assert.deepEqual(left, right);
    }
  });
});
