import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parsePrefix } from '../../base/prefix.ts';
import type { CheckResult } from '../../model/vantage.ts';
import { CHECK_TIMES, type ProbeSettings } from './limits.ts';
import { Prober, type ProbeSite } from './prober.ts';

describe('the prober', () => {
  const begun = new Map<string, number[]>();
  let slowMs = 0;
  const server = createServer((request, answer) => {
    const host = String(request.headers.host).split(':')[0];
    begun.set(host, [...(begun.get(host) ?? []), performance.now()]);
    setTimeout(() => answer.end('the site'), slowMs);
  });
  let port = 0;

  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ({ port } = server.address() as AddressInfo);
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });

  function prober(everyMs: number, onResult: (result: CheckResult) => void, names: readonly string[]): Prober {
    const settings: ProbeSettings = {
      vantage: 'test',
      userAgent: 'test',
      times: CHECK_TIMES,
      allowed: [parsePrefix('127.0.0.0/8')!],
      hosts: new Map(names.map((name) => [name, ['127.0.0.1']])),
    };
    const made = new Prober({ settings, everyMs, seed: 3, onResult });
    made.setSites(names.map(siteOf));
    return made;
  }

  const siteOf = (name: string): ProbeSite => ({ name, urls: [`http://${name}:${port}/`], expect: {} });

  it('checks every site once an interval, spread over it, and not in step', async () => {
    begun.clear();
    const names = Array.from({ length: 40 }, (_, at) => `s${at}.test`);
    const made = prober(1000, () => undefined, names);
    made.start();
    await sleep(4300);
    made.stop();
    const gaps = [...begun.values()].flatMap((times) => times.slice(1).map((time, at) => time - times[at]));
    assert.equal(begun.size, 40);
    assert.ok(gaps.length >= 40 * 2, `${gaps.length} intervals`);
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    assert.ok(mean > 900 && mean < 1150, `${mean} ms`);
    const first = [...begun.values()].map(([time]) => time).sort((left, right) => left - right);
    assert.ok(first[39] - first[0] > 500, 'they are spread');
  });

  it('leaves a check out while the one before it goes on, and counts it', async () => {
    begun.clear();
    slowMs = 2600;
    const made = prober(1000, () => undefined, ['slow.test']);
    made.start();
    await sleep(2500);
    made.stop();
    slowMs = 0;
    assert.equal(begun.get('slow.test')?.length, 1);
    assert.ok(made.counts().late >= 1);
  });

  it('takes other sites while it runs, and tells nothing of those that went', async () => {
    begun.clear();
    slowMs = 300;
    const told: string[] = [];
    const made = prober(5000, ({ site }) => told.push(site), ['old.test', 'new.test']);
    made.setSites([siteOf('old.test')]);
    made.start();
    await sleep(250);
    assert.equal(begun.has('old.test'), true);
    made.setSites([siteOf('new.test'), { name: 'wrong', urls: ['ftp://x/'], expect: {} }]);
    await sleep(900);
    made.stop();
    slowMs = 0;
    assert.deepEqual(told, ['new.test']);
    assert.deepEqual({ urls: made.counts().urls, invalid: made.counts().invalid }, { urls: 1, invalid: 1 });
  });
});
