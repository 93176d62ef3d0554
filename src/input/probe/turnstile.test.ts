import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { HostTurnstile } from './turnstile.ts';

const { signal } = new AbortController();

describe('the turnstile before hosts', () => {
  it('lets few at a time to one host, with a pause between them', async () => {
    const turnstile = new HostTurnstile({ attemptsMax: 100, perHostMax: 2, hostGapMs: 100 });
    const began: number[] = [];
    let running = 0;
    let most = 0;
    const attempt = async (): Promise<void> => {
      const release = await turnstile.pass('a.example', signal);
      began.push(performance.now());
      most = Math.max(most, ++running);
      await sleep(150);
      running--;
      release();
    };
    await Promise.all(Array.from({ length: 6 }, attempt));
    assert.equal(most, 2);
    for (const [at, time] of began.entries())
      if (at > 0) assert.ok(time - began[at - 1] >= 40, `${time - began[at - 1]} ms`);
  });

  it('does not let one host hold up another, and holds all of them to a bound', async () => {
    const turnstile = new HostTurnstile({ attemptsMax: 3, perHostMax: 1, hostGapMs: 0 });
    const releases = await Promise.all(['a', 'b', 'c'].map((host) => turnstile.pass(host, signal)));
    let fourth = false;
    const waiting = turnstile.pass('d', signal).then((release) => {
      fourth = true;
      return release;
    });
    await sleep(20);
    assert.equal(fourth, false);
    releases[1]();
    (await waiting)();
    assert.equal(fourth, true);
    releases[0]();
    releases[2]();
    (await turnstile.pass('a', signal))();
  });
});
