import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { temporaryDirectory } from '../../../test/support/state.ts';
import type { CheckResult, Vantage } from '../../model/vantage.ts';
import type { StateStore } from '../../store/state/state-store.ts';
import { fingerprintOf, type StationCertificate, stationCertificate } from './station-certificate.ts';
import { VantageLink, WAITING_MAX } from './vantage-link.ts';
import { VantageListener } from './vantage-listener.ts';
import { BATCH_BYTES_MAX, BATCH_MAX, formatVantageKey, parseVantageKey, RESULTS_PATH } from './vantage-protocol.ts';
import { WaitingFile } from './waiting-file.ts';

const KEY = 'k'.repeat(43);
const BERLIN: Vantage = { name: 'berlin' };

function check(n: number): CheckResult {
  return {
    site: 'a',
    vantage: 'x',
    subject: 'u',
    kind: 'http',
    at: '2026-11-26T00:00:00.000Z',
    totalMs: n,
    outcome: 'ok',
    attempts: 1,
  };
}

function blobs(): StateStore & { readonly kept: Map<string, Uint8Array> } {
  const kept = new Map<string, Uint8Array>();
  const part: Partial<StateStore> = {
    loadBlob: async (name) => kept.get(name),
    saveBlob: async (name, bytes) => void kept.set(name, bytes),
  };
  return Object.assign(part as StateStore, { kept });
}

describe('the certificate of a station', () => {
  it('is made once and kept, and made anew before it ends', async () => {
    const state = blobs();
    const nowMs = Date.now();
    const first = await stationCertificate(state, nowMs);
    assert.deepEqual(await stationCertificate(state, nowMs + 1e9), first);
    const later = await stationCertificate(state, nowMs + 19.5 * 365.25 * 86_400_000);
    assert.notEqual(fingerprintOf(later.cert), fingerprintOf(first.cert));
  });

  it('stands in the key of a vantage', () => {
    const text = formatVantageKey(KEY, 'ab'.repeat(32));
    assert.deepEqual(parseVantageKey(`${text}\n`), { key: KEY, fingerprint: 'ab'.repeat(32) });
    for (const wrong of ['', text.slice(1), `${text}0`, text.replace('ab', 'zz')])
      assert.equal(parseVantageKey(wrong), undefined);
  });
});

describe('the line between vantage and station', () => {
  const taken: number[] = [];
  let certificate: StationCertificate;
  let listener: VantageListener;
  let at = '';
  let open = true;
  let onTaken = (): void => undefined;

  before(async () => {
    certificate = await stationCertificate(blobs(), Date.now());
    listener = new VantageListener({
      listen: { address: '127.0.0.1', port: 0, family: 4 },
      certificate,
      isOpen: () => open,
      ofKey: (key) => (key === KEY ? BERLIN : undefined),
      sitesFor: ({ name }) => ({
        vantage: name,
        everySeconds: 30,
        sites: [{ name: 'a', urls: ['https://a.example/'], expect: {} }],
      }),
      onResults: (_, results) => {
        onTaken();
        taken.push(...results.map(({ totalMs }) => totalMs));
        return 0;
      },
    });
    const { port } = await listener.start();
    at = `https://127.0.0.1:${port}`;
  });
  after(() => listener.stop());

  const link = (): VantageLink => new VantageLink(at, { key: KEY, fingerprint: fingerprintOf(certificate.cert) });

  function send(body: string, key = KEY): Promise<number> {
    return new Promise((resolve, reject) => {
      const asking = request(`${at}${RESULTS_PATH}`, {
        method: 'POST',
        rejectUnauthorized: false,
        headers: { authorization: `Bearer ${key}` },
      });
      asking.on('response', (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      });
      asking.on('error', reject);
      asking.end(body);
    });
  }

  it('tells the sites once, and again only when they changed', async () => {
    const line = link();
    assert.equal((await line.sites())?.sites[0].name, 'a');
    assert.equal(await line.sites(), undefined);
  });

  it('delivers everything once and in order, in batches', async () => {
    const line = link();
    taken.length = 0;
    for (let n = 0; n < 2 * BATCH_MAX + 7; n++) line.add(check(n));
    await line.deliver();
    assert.deepEqual(
      taken,
      Array.from({ length: 2 * BATCH_MAX + 7 }, (_, n) => n),
    );
    assert.deepEqual([line.waiting, line.delivered, line.refused, line.dropped], [0, 2 * BATCH_MAX + 7, 0, 0]);
  });

  it('waits while the station starts or is away, and takes a batch that comes twice once', async () => {
    const line = link();
    taken.length = 0;
    line.add(check(1));
    open = false;
    await assert.rejects(line.deliver(), { code: 'STATION_UNREACHABLE' });
    open = true;
    assert.equal(line.waiting, 1);
    await line.deliver();
    const batch = JSON.stringify({ run: 'r', number: 1, results: [check(2)] });
    assert.deepEqual([await send(batch), await send(batch)], [200, 200]);
    assert.deepEqual(taken, [1, 2]);
    const away = new VantageLink('https://127.0.0.1:1', { key: KEY, fingerprint: 'ab'.repeat(32) });
    away.add(check(1));
    await assert.rejects(away.deliver(), { code: 'STATION_UNREACHABLE' });
  });

  it('goes on after it was killed with what waited, and tells nothing twice', async () => {
    const directory = temporaryDirectory('link');
    const path = join(directory.path, 'waiting.ndjson');
    try {
      const file = (): WaitingFile => new WaitingFile(path, 'k');
      const kept = (): VantageLink =>
        new VantageLink(at, { key: KEY, fingerprint: fingerprintOf(certificate.cert) }, { file: file() });
      taken.length = 0;
      let line = kept();
      for (let n = 0; n < BATCH_MAX + 3; n++) line.add(check(n));
      open = false;
      await assert.rejects(line.deliver(), { code: 'STATION_UNREACHABLE' });
      line.add(check(BATCH_MAX + 3));
      // Killed: what is on disk is all that is left of it.
      line = kept();
      assert.equal(line.waiting, BATCH_MAX + 4);
      open = true;
      let atLast = readFileSync(path);
      onTaken = () => {
        atLast = readFileSync(path);
      };
      await line.deliver();
      assert.equal(file().read(), undefined, 'nothing waits any more');
      // Killed after the station took the last batch, and before its answer came.
      writeFileSync(path, atLast);
      line = kept();
      line.add(check(BATCH_MAX + 4));
      await line.deliver();
      assert.deepEqual(
        taken,
        Array.from({ length: BATCH_MAX + 5 }, (_, n) => n),
      );
    } finally {
      open = true;
      onTaken = () => undefined;
      directory.remove();
    }
  });

  it('drops the oldest where too many wait, and counts them', () => {
    const line = link();
    for (let n = 0; n < WAITING_MAX + 3; n++) line.add(check(n));
    assert.deepEqual([line.waiting, line.dropped], [WAITING_MAX, 3]);
  });

  it('says nothing to a station with another certificate', async () => {
    const before = listener.refused;
    const stranger = new VantageLink(at, { key: KEY, fingerprint: 'ab'.repeat(32) });
    await assert.rejects(stranger.sites(), /its certificate is not the one of the key/);
    assert.equal(listener.refused, before);
  });

  it('refuses a strange key, and what is no batch', async () => {
    assert.equal(await send('{}', 'x'.repeat(43)), 401);
    for (const body of [
      '',
      '{',
      '[]',
      '{"run":"r","number":0,"results":[]}',
      JSON.stringify({ run: 'r', number: 9, results: [{ site: 'a' }] }),
    ])
      assert.equal(await send(body), 400, body);
    assert.equal(await send(`"${'x'.repeat(BATCH_BYTES_MAX)}"`), 413);
    assert.equal(
      await send(JSON.stringify({ run: 'r2', number: 1, results: Array(BATCH_MAX + 1).fill(check(1)) })),
      400,
    );
  });
});
