import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Attack } from '../../model/attack.ts';
import { createRequestBatch, type RequestBatch } from '../../model/request-batch.ts';
import { REQUEST_HAS } from '../../model/request-columns.ts';
import { restoreWeb, snapshotWeb, webSnapshotSeed } from './snapshot.ts';
import { WebDetector, type WebDetectorOptions } from './web-detector.ts';

const LIMITS = { clientsMax: 1 << 12, valuesBits: 18, visitorsBits: 16 };
const START = 1_790_000_000;

function detector(options: Partial<WebDetectorOptions> = {}): WebDetector {
  return new WebDetector({ seed: 3, siteOf: () => 'site', limits: LIMITS, ...options });
}

/** Gives one request. */
function ask(to: WebDetector, batch: RequestBatch, second: number, client: number, path: string, status = 200): void {
  const row = batch.length++;
  batch.timeMs[row] = second * 1000;
  batch.source[row] = 0;
  batch.method[row] = 1;
  batch.client.set([0, 0, 0xffff, client], 4 * row);
  const put = (text: string): [number, number] => {
    const at = batch.textLength;
    batch.textLength += new TextEncoder().encodeInto(text, batch.text.subarray(at)).written;
    return [at, text.length];
  };
  const [file, query] = path.split('?');
  [batch.path.at[row], batch.path.length[row]] = put(file);
  [batch.query.at[row], batch.query.length[row]] = put(query ?? '');
  [batch.line.at[row], batch.line.length[row]] = put(`line ${path}`);
  batch.status[row] = status;
  batch.bytes[row] = 500;
  batch.present[row] =
    REQUEST_HAS.client |
    REQUEST_HAS.path |
    REQUEST_HAS.status |
    REQUEST_HAS.bytes |
    (query === undefined ? 0 : REQUEST_HAS.query);
  if (batch.length === batch.capacity || batch.textLength > batch.text.length - 4096) to.take(batch);
}

/** A few readers with what pages need, and from a second on a flood of searches from `sources`. */
function play(to: WebDetector, seconds: number, from: number, sources = 30, until = seconds): void {
  const batch = createRequestBatch(512, 1 << 17);
  for (let second = 0; second < seconds; second++) {
    const reader = 1000 + Math.floor(second / 5);
    ask(to, batch, START + second, reader, second % 5 === 0 ? '/' : `/news/${second % 40}.html`);
    for (let asset = 0; asset < 3; asset++) ask(to, batch, START + second, reader, `/static/${asset}.css`);
    if (second < from || second >= until) continue;
    for (let source = 0; source < sources; source++)
      ask(to, batch, START + second, 77_000 + source, `/search?q=${second}x${source}`);
  }
  to.take(batch);
}

describe('the detector of web attacks', () => {
  test('who tries what one page may be made to do looks for weaknesses; who asks as often for anything attacks', () => {
    const floods = (value: (n: number) => string): readonly string[] => {
      const one = detector();
      const batch = createRequestBatch(512, 1 << 17);
      for (let n = 0; n < 60; n++) ask(one, batch, START + Math.floor(n / 30), 9, `/page?a=${value(n)}`, 404);
      one.take(batch);
      one.finish();
      return one.attacks().map(({ vectors: [{ name }] }) => name);
    };
    assert.deepEqual(
      floods((n) => (n % 3 === 0 ? `%3Cscript%20x${n}` : `<img src=${n}`)),
      [],
    );
    assert.equal(floods((n) => `word${n * 7919}`).length, 1);
  });

  test('a flood is opened once, told with its clients, and closed when it is over', () => {
    const told: [string, Attack][] = [];
    const one = detector({ onAttack: (attack, state) => told.push([state, attack]) });
    play(one, 500, 200, 30, 260);
    one.finish();
    assert.deepEqual(
      told.map(([state]) => state),
      ['opened', 'closed'],
    );
    const [attack] = one.attacks();
    assert.equal(attack.vectors[0].name, 'search-flood');
    assert.equal(attack.attackersTotal, 30);
    assert.equal(attack.evidence.web?.requests, 30 * 60);
    assert.equal(attack.template, 'GET /search?q=*');
    assert.equal(attack.ongoing, false);
    const at = (time: string | undefined): number => Date.parse(time ?? '') / 1000 - START;
    assert.ok(Math.abs(at(attack.start) - 200) <= 2, attack.start);
    assert.ok(at(attack.detectedAt) <= 206, attack.detectedAt);
    assert.ok(Math.abs(at(attack.end) - 260) <= 3, attack.end);
    assert.equal(told[0][1].id, attack.id);
  });

  test('clients that all ask a second time at once are told by that, long before each of them has asked often', () => {
    const detectedAfter = (clientOf: (second: number, request: number) => number): number[] => {
      const one = detector();
      const batch = createRequestBatch(512, 1 << 17);
      play(one, 200, 1000);
      for (let second = 200; second < 210; second++) {
        for (let request = 0; request < 72; request++) ask(one, batch, START + second, clientOf(second, request), '/');
      }
      one.take(batch);
      one.finish();
      return one.attacks().map(({ detectedAt }) => Date.parse(detectedAt) / 1000 - START - 200);
    };
    const [after] = detectedAfter((_second, request) => 77_000 + (request % 60));
    assert.ok(after <= 2, `after ${after} s`);
    assert.deepEqual(
      detectedAfter((second, request) => 77_000 + 100 * second + request),
      [],
      'as many requests, each from a client of its own',
    );
  });

  test('the same input gives the same attacks, in batches of any size', () => {
    const [one, other] = [detector(), detector()];
    play(one, 260, 200);
    play(other, 260, 200);
    one.finish();
    other.finish();
    assert.deepEqual(one.attacks(), other.attacks());
    assert.equal(one.attacks().length, 1);
  });

  test('seconds of a site are told with what failed', () => {
    const seconds: number[] = [];
    const one = detector({ onSecond: ({ requests, clients }) => seconds.push(requests, clients ?? 0) });
    play(one, 3, 10);
    one.finish();
    assert.deepEqual(seconds, [4, 1, 4, 1, 4, 1]);
  });

  test('lines far behind are counted, and not taken for this second', () => {
    const one = detector();
    const batch = createRequestBatch(512, 1 << 17);
    play(one, 100, 1000);
    for (let row = 0; row < 100; row++) ask(one, batch, START - 5000, 5, '/old');
    one.take(batch);
    one.finish();
    assert.equal(one.counter.outOfTime, 100);
    assert.deepEqual(one.attacks(), []);
  });

  test('what was learned survives a restart: the flood is measured against the past', () => {
    const before = detector();
    play(before, 300, 1000);
    before.finish();
    const bytes = snapshotWeb(before.counter, 3);
    assert.equal(webSnapshotSeed(bytes), 3);
    const after = detector();
    assert.deepEqual(restoreWeb(after.counter, bytes), { sites: 1 });
    assert.deepEqual(snapshotWeb(after.counter, 3), bytes);
    play(after, 40, 20);
    after.finish();
    assert.ok(after.attacks()[0].baseline.learnedSeconds >= 300);
  });

  test('what an earlier version learned is taken over, but for user agents, whose hashes were others', () => {
    const before = detector();
    play(before, 300, 1000);
    before.finish();
    const whole = JSON.parse(new TextDecoder().decode(snapshotWeb(before.counter, 3)));
    const [site] = whole.sites;
    const elder = { ...whole, version: 1, sites: [{ ...site, usual: site.usual.slice(0, 12) }] };
    const after = detector();
    restoreWeb(after.counter, new TextEncoder().encode(JSON.stringify(elder)));
    const [restored] = after.counter.sites;
    assert.deepEqual([...restored.usual].slice(0, 12), site.usual.slice(0, 12));
    assert.deepEqual([...restored.usualVersions], site.usualVersions);
    assert.ok(restored.usualAgents.every((rate) => rate === 0));
  });

  test('bytes that are no snapshot are refused or read in part, and never thrown at', () => {
    const whole = new TextDecoder().decode(snapshotWeb(detector().counter, 3));
    for (const text of ['', '{', '[]', '{"version":9}', whole.slice(0, 40)]) {
      assert.equal(restoreWeb(detector().counter, new TextEncoder().encode(text)).sites, 0);
    }
    const odd =
      '{"version":1,"seed":1,"sites":[{"name":"a","learned":5,"usual":["x"]},7],"templates":[[0,1,2],[0,1,"/","x",0,0,0]]}';
    assert.equal(restoreWeb(detector().counter, new TextEncoder().encode(odd)).sites, 1);
  });

  test('an attack that was told as ongoing goes on under its id', () => {
    const before = detector();
    play(before, 230, 200);
    const [attack] = before.attacks();
    const told: [string, string][] = [];
    const after = detector({ live: true, onAttack: ({ id }, state) => told.push([state, id]) });
    restoreWeb(after.counter, snapshotWeb(before.counter, 3));
    after.adopt([attack]);
    play(after, 300, 0, 30, 20);
    after.finish();
    assert.deepEqual(
      told.filter(([state]) => state !== 'updated'),
      [
        ['opened', attack.id],
        ['closed', attack.id],
      ],
    );
  });

  test('connections that are held open are told while no request comes, and a crowd is not', () => {
    const status = (second: number, connections: number, requests: number) => ({
      site: 'site',
      timeMs: (START + second) * 1000,
      connections,
      reading: connections,
      requests,
    });
    const told: string[] = [];
    const one = detector({ onAttack: (attack, state) => told.push(`${state} ${attack.vectors[0].name}`) });
    for (let second = 0; second < 60; second += 2) one.sample(status(second, 5, second));
    for (let second = 60; second < 70; second += 2) one.sample(status(second, 400, 60 + 400 * (second - 60)));
    assert.deepEqual(told, []);
    for (let second = 70; second < 80; second += 2) one.sample(status(second, 400, 4000));
    assert.deepEqual(told, ['opened slowloris']);
    for (let second = 80; second < 200; second += 2) one.sample(status(second, 5, 4000));
    assert.deepEqual(told, ['opened slowloris', 'closed slowloris']);
  });

  test('connections that are read slowly are told at the second look, those that are answered only when they stay', () => {
    const openedAfter = (held: object, seconds: number): number[] => {
      const told: number[] = [];
      const one = detector({ onAttack: ({ detectedAt }) => told.push(Date.parse(detectedAt) / 1000 - START - 60) });
      for (let second = 0; second < 90; second++) {
        const many = second >= 60 && second < 60 + seconds;
        const state = many ? { connections: 400, ...held } : { connections: 5, reading: 1, writing: 4 };
        one.sample({ site: 'site', timeMs: (START + second) * 1000, requests: 5 * second, ...state });
      }
      return told;
    };
    assert.deepEqual(openedAfter({ reading: 390, writing: 10 }, 20), [2]);
    assert.deepEqual(openedAfter({ reading: 10, writing: 390 }, 20), [3]);
    assert.deepEqual(openedAfter({}, 20), [3]);
    assert.deepEqual(openedAfter({ reading: 10, writing: 390 }, 2), [], 'a server that waited for its database');
  });
});
