import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Attack } from '../../src/model/attack.ts';
import { StationProcess, TestRouter, until } from '../support/station.ts';

const NETWORK = '198.51.100.0/24';
const SITE = 0xc633640a;
const HOUR_MS = 3_600_000;
/** An attack that goes on is told of every ten seconds. */
const GROWS_MS_MAX = 15_000;
/** How long a station may take to decide again, by its new clock. */
const FOLLOWS_MS_MAX = 10_000;

/** libfaketime, which tells a program another time than it is: Debian has it in a folder of each architecture. */
function fakeTime(): string | undefined {
  for (const folder of existsSync('/usr/lib') ? readdirSync('/usr/lib') : []) {
    const path = join('/usr/lib', folder, 'faketime', 'libfaketimeMT.so.1');
    if (existsSync(path)) return path;
  }
  return undefined;
}

const library = fakeTime();

describe('a station whose clock is set', { skip: library === undefined ? 'faketime is not installed' : false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'bonghwa-clock-'));
  const clock = join(folder, 'clock');
  /** By how much the clock of the station is ahead of ours, ms. */
  let aheadMs = 0;
  let station: StationProcess;
  let router: TestRouter;

  const set = (ms: number): void => {
    aheadMs = ms;
    writeFileSync(clock, `${ms < 0 ? '-' : '+'}${Math.abs(ms) / 1000}s\n`);
  };

  before(async () => {
    set(0);
    station = await StationProcess.start(['--network', NETWORK, '--data', join(folder, 'data')], 'ignore', {
      LD_PRELOAD: library ?? '',
      FAKETIME_TIMESTAMP_FILE: clock,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    });
    router = new TestRouter(() => station.netflowPort, SITE);
  });
  after(async () => {
    router?.stop();
    await station?.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  /** Resolves when the last second that the station decided is that of its own clock, within three seconds. */
  const follows = async (): Promise<void> => {
    const decided = await until(FOLLOWS_MS_MAX, async () => {
      const { decidedAt } = await station.status();
      const behindMs = decidedAt === undefined ? Number.NaN : Date.now() + aheadMs - Date.parse(decidedAt);
      return Math.abs(behindMs) < 3000 ? true : undefined;
    });
    assert.equal(decided, true, `it decides the seconds of its clock: ${JSON.stringify(await station.status())}`);
  };
  const jump = async (ms: number): Promise<void> => {
    const { records } = await station.status();
    set(ms);
    await follows();
    const more = await until(5000, async () => ((await station.status()).records > records + 300 ? true : undefined));
    assert.equal(more, true, 'it goes on counting');
    assert.equal((await station.status()).recordsLost, 0);
  };
  const attacks = (): Promise<readonly Attack[]> => station.attacks();
  /** The attack, as soon as it is told with more packets than that. */
  const grown = (packets: number): Promise<Attack | undefined> =>
    until(GROWS_MS_MAX, async () =>
      (await attacks()).find((attack) => attack.ongoing && attack.evidence.packets > packets),
    );

  it('an hour ahead tells nothing of it, and the flood that follows', async () => {
    await follows();
    await sleep(3000);
    await jump(HOUR_MS);
    await sleep(2000);
    assert.deepEqual(await attacks(), [], 'a jump is no attack');
    router.flooding = true;
    const opened = await grown(20_000);
    router.flooding = false;
    assert.equal(opened?.vectors[0].name, 'syn-flood');
    for (const at of [opened.start, opened.detectedAt]) {
      const offMs = Date.parse(at) - Date.now() - aheadMs;
      assert.ok(Math.abs(offMs) < 20_000, `it is told by the clock of the station: ${offMs} ms off`);
    }
    assert.equal((await attacks()).length, 1);
  });

  it('two hours back sees what comes then, as the attack that was not over', async () => {
    const [before] = await attacks();
    await sleep(2000);
    await jump(-HOUR_MS);
    router.flooding = true;
    const grew = await grown(before.evidence.packets + 20_000);
    assert.equal(grew?.id, before.id, JSON.stringify(await attacks()));
    assert.equal((await attacks()).length, 1, 'and told once');
  });

  it('to the right time in the middle of a flood goes on with it, and keeps it over kill -9', async () => {
    const [before] = await attacks();
    await jump(0);
    const grew = await grown(before.evidence.packets + 20_000);
    assert.equal(grew?.id, before.id, JSON.stringify(await attacks()));
    router.flooding = false;
    const told = await attacks();
    assert.equal(told.length, 1);
    await station.end('SIGKILL');
    station = await StationProcess.start(['--network', NETWORK, '--data', join(folder, 'data')]);
    assert.deepEqual(
      (await attacks()).map(({ id }) => id),
      [before.id],
    );
  });
});
