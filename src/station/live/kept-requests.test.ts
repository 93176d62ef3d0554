import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { KeptRequest, RequestsRecord } from '../../model/kept-request.ts';
import { Rejections } from '../../model/rejection.ts';
import { createRequestBatch } from '../../model/request-batch.ts';
import { TrustedProxies } from '../../wire/log/forwarded.ts';
import { LogDecoder } from '../../wire/log/log-decoder.ts';
import { ATTACK_REQUESTS_MAX, KeptRequests, PEACE_REQUESTS_MAX } from './kept-requests.ts';

const NOW_MS = Date.UTC(2026, 5, 9, 10);

const line = (host: string, path: string, agent = 'curl/8'): string =>
  `${host} 203.0.113.9 - - [09/Jun/2026:10:00:00 +0000] "GET ${path} HTTP/1.1" 503 99 "-" "${agent}"\n`;

/** What is kept of a second with these lines. */
function keptOf(kept: KeptRequests, lines: readonly string[], nowMs = NOW_MS): RequestsRecord | undefined {
  kept.endSecond(nowMs);
  const decoder = new LogDecoder(new Rejections(), { trusted: new TrustedProxies([]) });
  const batch = createRequestBatch();
  const bytes = new TextEncoder().encode(lines.join(''));
  const sink = {
    take(full: typeof batch): void {
      kept.take(full);
      full.length = 0;
      full.textLength = 0;
    },
  };
  decoder.decode(bytes, 0, bytes.length, batch, sink);
  decoder.end(batch, sink);
  sink.take(batch);
  return kept.endSecond(nowMs + 1000);
}

const keptRequests = (): KeptRequests =>
  new KeptRequests({ seed: 5, siteOf: () => 'log', nameOf: (host) => (host === 'www.example.gov' ? 'portal' : host) });
const at = (record: RequestsRecord | undefined, site: string): KeptRequest[] =>
  (record?.requests ?? []).filter((request) => request.site === site);
const standFor = (requests: readonly KeptRequest[]): number =>
  Math.round(requests.reduce((sum, { weight }) => sum + weight, 0));

describe('requests that are kept', () => {
  test('all of a quiet second, as the log has them', () => {
    const record = keptOf(keptRequests(), [line('www.example.gov', '/a?q=1'), line('other.example', '/')]);
    assert.equal(record?.second, NOW_MS / 1000);
    const [first, second] = record.requests;
    assert.deepEqual(
      [first.site, first.path, first.query, first.status, first.bytes, first.userAgent, first.weight, first.attackId],
      ['portal', '/a', 'q=1', 503, 99, 'curl/8', 1, ''],
    );
    assert.deepEqual([first.timeMs, first.client[3], first.requestMs], [NOW_MS, 0xcb007109, -1]);
    assert.equal(second.site, 'other.example');
  });

  test('a uniform sample of a busy one, which stands for all of it', () => {
    const lines = Array.from({ length: 20_000 }, (_, n) => line('www.example.gov', `/${n}`));
    const kept = keptRequests();
    let early = 0;
    for (let round = 0; round < 10; round++) {
      const requests = at(keptOf(kept, lines, NOW_MS + 2000 * round), 'portal');
      assert.equal(requests.length, PEACE_REQUESTS_MAX);
      assert.equal(standFor(requests), 20_000);
      early += requests.filter(({ path }) => Number(path.slice(1)) < 10_000).length;
    }
    // 640 rows, half of them of the first half: within six standard deviations.
    assert.ok(Math.abs(early - 320) < 76, `${early} of 640`);
  });

  test('a small attacked site is not lost beside a large one', () => {
    const kept = keptRequests();
    kept.attacked('portal', 'A');
    kept.attacked('large.example', 'B');
    const lines = Array.from({ length: 10_000 }, (_, n) =>
      n % 100 === 0
        ? line('www.example.gov', `/search?q=${n}`)
        : line(n % 2 === 0 ? 'large.example' : 'peace.example', '/'),
    );
    const record = keptOf(kept, lines);
    const small = at(record, 'portal');
    assert.deepEqual([small.length, standFor(small), small[0].attackId], [100, 100, 'A']);
    const large = at(record, 'large.example');
    assert.deepEqual([large.length, standFor(large), large[0].attackId], [ATTACK_REQUESTS_MAX / 2, 4900, 'B']);
    assert.deepEqual([at(record, 'peace.example').length, at(record, 'peace.example')[0].attackId], [64, '']);
    kept.attacked('portal', undefined);
    assert.equal(at(keptOf(kept, [line('www.example.gov', '/')], NOW_MS + 5000), 'portal')[0].attackId, '');
  });

  test('long texts are cut, and what is no text stays harmless', () => {
    const long = `/${'a'.repeat(5000)}?${'b'.repeat(5000)}`;
    const record = keptOf(keptRequests(), [line('www.example.gov', long, '가'.repeat(500))]);
    const [{ path, query, userAgent }] = record?.requests ?? [];
    assert.deepEqual([path.length, query.length, userAgent.length], [320, 256, 256]);
    for (const text of [path, query, userAgent]) assert.ok(text.endsWith('…') && !text.includes('\ufffd'));
  });

  test('nothing where nothing came; what waits at the end is kept', () => {
    const kept = keptRequests();
    assert.equal(keptOf(kept, []), undefined);
    assert.equal(kept.finish(NOW_MS), undefined);
  });
});
