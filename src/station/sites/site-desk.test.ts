import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { until } from '../../../test/support/state.ts';
import { type Config, parseConfig } from '../../model/config.ts';
import type { Site } from '../../model/site.ts';
import { readSite } from '../../model/site-fields.ts';
import type { StationEvent } from '../../model/station-event.ts';
import type { CheckResult } from '../../model/vantage.ts';
import type { StateStore } from '../../store/state/state-store.ts';
import { SiteDesk } from './site-desk.ts';

/** A DNS server (RFC 1035) that answers A with the address that `addresses` has for the name, and AAAA with nothing. */
function answerOf(query: Buffer, addresses: ReadonlyMap<string, string>): Buffer {
  const labels: string[] = [];
  let at = 12;
  for (; query[at] !== 0; at += query[at] + 1) labels.push(query.toString('latin1', at + 1, at + 1 + query[at]));
  const type = query.readUInt16BE(at + 1);
  const question = query.subarray(12, at + 5);
  const address = type === 1 ? addresses.get(labels.join('.')) : undefined;
  const head = Buffer.from([query[0], query[1], 0x81, 0x80, 0, 1, 0, address === undefined ? 0 : 1, 0, 0, 0, 0]);
  if (address === undefined) return Buffer.concat([head, question]);
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, ...address.split('.').map(Number)]);
  return Buffer.concat([head, question, record]);
}

/** A state store in memory, as far as the desk uses one. */
function store(): StateStore {
  const documents = new Map<string, { id: string; at: string; tags: readonly string[]; body: unknown }>();
  const values = new Map<string, unknown>();
  const part: Partial<StateStore> = {
    settled: async () => undefined,
    setting: async (key) => values.get(key),
    setSetting: async (key, value) => void values.set(key, value),
    saveDocument: async (kind, id, body, options) =>
      void documents.set(`${kind} ${id}`, {
        id,
        at: new Date(options?.at ?? 0).toISOString(),
        tags: options?.tags ?? [],
        body,
      }),
    removeDocument: async (kind, id) => void documents.delete(`${kind} ${id}`),
    documents: async (kind, query) => ({
      documents: [...documents]
        .filter(
          ([key, { tags }]) => key.startsWith(`${kind} `) && (query?.tag === undefined || tags.includes(query.tag)),
        )
        .map(([, document]) => document),
    }),
    pruneDocuments: async () => 0,
    saveBlob: async (name, bytes) => void values.set(`blob ${name}`, bytes),
    loadBlob: async (name) => values.get(`blob ${name}`) as Uint8Array | undefined,
  };
  return part as StateStore;
}

describe('the part of a station that knows the sites', () => {
  const addresses = new Map([
    ['portal.test', '127.0.0.1'],
    ['inside.test', '10.1.2.3'],
  ]);
  const state = store();
  const events: StationEvent[] = [];
  const checks: CheckResult[] = [];
  let sites: readonly Site[] = [];
  let dns: Socket;
  let config: Config;
  const web = createServer((_, answer) => answer.end('the portal'));

  before(async () => {
    dns = createSocket('udp4');
    dns.on('message', (query, from) => dns.send(answerOf(query, addresses), from.port, from.address));
    await new Promise<void>((resolve) => dns.bind(0, '127.0.0.1', resolve));
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    const { port } = web.address() as AddressInfo;
    const parsed = parseConfig(
      JSON.stringify({
        probe: { everySeconds: 5, allow: ['127.0.0.0/8'], nameServers: [`127.0.0.1:${dns.address().port}`] },
        inputs: { vantages: '127.0.0.1:0' },
        sites: [
          { name: 'portal', urls: [`http://portal.test:${port}/`], addresses: ['192.0.2.1'] },
          { name: 'inside', urls: ['http://inside.test/'] },
        ],
      }),
    );
    assert.equal(parsed.kind, 'ok', JSON.stringify(parsed));
    if (parsed.kind === 'ok') config = parsed.config;
  });
  after(() => {
    dns.close();
    web.close();
    web.closeAllConnections();
  });

  async function started(): Promise<SiteDesk> {
    const desk = new SiteDesk({
      config,
      version: '0',
      followMs: 200,
      onCheck: (check) => checks.push(check),
      onSites: (told) => {
        sites = told;
      },
      onVantages: () => undefined,
      secret: async () => undefined,
      statuses: () => [],
      tell: (event) => events.push(event),
      onProblem: (_, error) => assert.fail(error),
    });
    await desk.start(state);
    return desk;
  }

  const addressesOf = (name: string): readonly string[] => sites.find((site) => site.name === name)?.addresses ?? [];

  it('checks, follows names, tells when a site has moved, and leaves the inside alone', async () => {
    const desk = await started();
    try {
      await until('it has checked', () => checks.some(({ site, outcome }) => site === 'portal' && outcome === 'ok'));
      await until('the inside was refused', () =>
        checks.some(({ site, failure }) => site === 'inside' && failure?.code === 'private-address'),
      );
      await until('DNS was asked', () => addressesOf('portal').length === 2);
      assert.deepEqual(addressesOf('portal'), ['192.0.2.1', '127.0.0.1']);
      assert.deepEqual(addressesOf('inside'), []);
      addresses.set('portal.test', '1.2.3.4');
      await until('it was seen to move', () => addressesOf('portal').includes('1.2.3.4'));
      const moved = events.findLast((event) => event.kind === 'site');
      assert.deepEqual(moved?.kind === 'site' && [moved.state, moved.site, moved.addresses, moved.before], [
        'addresses',
        'portal',
        ['1.2.3.4', '127.0.0.1'],
        ['127.0.0.1'],
      ]);
    } finally {
      await desk.stop();
    }
  });

  it('keeps checks over a restart, takes on vantages, and shows a partner only what may be shown', async () => {
    const told = checks.length;
    const desk = await started();
    try {
      const { sites: port, vantages } = desk.ports();
      assert.ok(port !== undefined && vantages !== undefined && desk.listening !== undefined);
      const by = { kind: 'local', id: 'x', name: 'x', role: 'admin' } as const;
      await until(
        'what was kept is there',
        async () => ((await port.checks('portal', { limit: 10 }))?.checks.length ?? 0) > 0,
      );
      assert.ok(told > 0);
      const made = await vantages.add({ name: 'kyiv', partner: 'CERT-UA' }, by);
      assert.match(made.token ?? '', /^bonghwa-vantage\./);
      await assert.rejects(vantages.add({ name: 'kyiv' }, by), { code: 'CONFLICT' });
      await assert.rejects(vantages.remove('station', by), { code: 'CONFLICT' });
      const secret = readSite({ name: 'secret', urls: config.sites[0].urls, tlp: 'red' }, 'api');
      assert.ok(secret.kind === 'ok');
      const { registered: _, ...input } = secret.site;
      await port.add({ ...input, expect: {} }, by);
      const { VantageLink } = await import('./vantage-link.ts');
      const { parseVantageKey } = await import('./vantage-protocol.ts');
      const line = new VantageLink(`https://127.0.0.1:${desk.listening.port}`, parseVantageKey(made.token ?? '')!);
      assert.deepEqual(
        (await line.sites())?.sites.map(({ name }) => name),
        ['inside', 'portal'],
      );
      // A result of another's name, of an unknown site, of another day: whose it is, the key says; the others are not taken.
      const check: CheckResult = { ...checks[0], site: 'portal', vantage: 'station', at: new Date().toISOString() };
      line.add(check);
      line.add({ ...check, site: 'nowhere' });
      line.add({ ...check, at: '2020-01-01T00:00:00.000Z' });
      await line.deliver();
      assert.deepEqual([line.delivered, line.refused], [1, 2]);
      assert.equal(checks.at(-1)?.vantage, 'kyiv');
      assert.deepEqual([desk.counters().sites, desk.counters().refused], [3, 2]);
      assert.equal((await port.checks('portal', { limit: 10, vantage: 'kyiv' }))?.checks.length, 1);
      assert.deepEqual(
        (await port.days('portal', 3))?.days.map(({ worst }) => worst),
        ['unknown', 'unknown', 'unknown'],
      );
      assert.equal((await port.sites({ limit: 2 })).total, 3);
    } finally {
      await desk.stop();
    }
  });
});
