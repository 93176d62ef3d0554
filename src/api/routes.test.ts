import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { FixedPorts, incidentOf } from '../../test/support/fixed-ports.ts';
import { FixedStation, STATION_NOW_MS } from '../../test/support/fixed-station.ts';
import { type Api, createApi } from './api.ts';
import type { IncidentsAnswer, NowAnswer } from './contract/incidents.ts';
import { ROUTES, type RouteContract } from './contract.ts';
import type { Act } from './deps.ts';

const BROWSER = { 'sec-fetch-site': 'same-origin', 'x-bonghwa-request': '1' };

describe('what can be changed over HTTP', () => {
  const station = new FixedStation();
  let ports = new FixedPorts();
  let api: Api;
  let at = '';
  const acts: Act[] = [];

  before(async () => {
    const deps = Object.assign(station, { ports: () => ports });
    api = createApi(deps, {
      now: () => STATION_NOW_MS,
      onAct: async (act) => {
        acts.push(act);
      },
    });
    const { port } = await api.listen({ address: '127.0.0.1', port: 0, family: 4 });
    at = `http://127.0.0.1:${port}`;
  });
  after(() => api.close());
  beforeEach(() => {
    ports = new FixedPorts();
    acts.length = 0;
  });

  async function send(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await fetch(`${at}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: text }),
    });
    const answer = await response.text();
    return { status: response.status, headers: response.headers, body: answer === '' ? {} : JSON.parse(answer) };
  }

  it('tells two people who change the same incident, and the second how it stands now', async () => {
    ports.kept.set('i1', incidentOf(1));
    const read = await send('GET', '/api/incidents/i1');
    assert.equal(read.headers.get('etag'), '"1"');
    const first = await send('PATCH', '/api/incidents/i1', { version: 1, owner: 'Han' });
    assert.deepEqual([first.status, first.body.owner, first.headers.get('etag')], [200, 'Han', '"2"']);
    const second = await send('PATCH', '/api/incidents/i1', { state: 'contained' }, { 'if-match': '"1"' });
    assert.equal(second.status, 409);
    assert.equal(second.headers.get('content-type'), 'application/problem+json');
    assert.deepEqual([second.body.code, (second.body.current as { owner: string }).owner], ['CONFLICT', 'Han']);
    const blind = await send('PATCH', '/api/incidents/i1', { state: 'contained' });
    assert.deepEqual([blind.status, ports.kept.get('i1')?.state], [400, 'open']);
    const none = await send('PATCH', '/api/incidents/i1', { version: 2 });
    assert.match(String(none.body.detail), /state, severity, title or owner is needed/);
  });

  it('adds notes, merges and splits, and writes down who did it', async () => {
    ports.kept.set('i1', incidentOf(1));
    ports.kept.set('i2', incidentOf(2));
    const hostile = '<img src=x onerror=alert(1)>"; DROP TABLE\u202e';
    const noted = await send('POST', '/api/incidents/i1/notes', { text: hostile });
    assert.equal(noted.status, 201);
    assert.equal((noted.body.notes as { text: string }[])[0].text, hostile);
    assert.equal((await send('POST', '/api/incidents/i1/notes', { text: '  ' })).status, 400);
    assert.equal((await send('POST', '/api/incidents/i2/merge', { into: 'i1' })).body.id, 'i1');
    assert.equal((await send('POST', '/api/incidents/i1/split', { attacks: ['a1'] })).status, 201);
    assert.equal((await send('POST', '/api/incidents/i9/split', { attacks: ['a1'] })).status, 404);
    assert.deepEqual(
      acts.map(({ act, to, status, by }) => [act, to.id, status, by?.role]),
      [
        ['addNote', 'i1', 201, 'admin'],
        ['addNote', 'i1', 400, 'admin'],
        ['mergeIncident', 'i2', 200, 'admin'],
        ['splitIncident', 'i1', 201, 'admin'],
        ['splitIncident', 'i9', 404, 'admin'],
      ],
    );
  });

  it('pages incidents, and searches no more of them than it may', async () => {
    for (let n = 0; n < 120; n++) ports.kept.set(`i${n}`, incidentOf(n, n === 3 ? { title: 'Суд' } : {}));
    const ids: string[] = [];
    let next: string | undefined = '';
    while (next !== undefined) {
      const { body } = await send('GET', `/api/incidents?limit=50${next === '' ? '' : `&before=${next}`}`);
      const page = body as unknown as IncidentsAnswer;
      ids.push(...page.incidents.map(({ id }) => id));
      next = page.next;
    }
    assert.equal(new Set(ids).size, 120);
    assert.equal(ids[0], 'i119');
    const found = (await send('GET', '/api/incidents?q=%D1%81%D1%83%D0%B4')).body as unknown as IncidentsAnswer;
    assert.deepEqual(
      found.incidents.map(({ id, damage, notes }) => [id, damage, notes]),
      [['i3', 'D2', 0]],
    );
    assert.equal((await send('GET', '/api/incidents?limit=1001')).status, 400);
  });

  it('tells the situation on one page', async () => {
    ports.kept.set('i1', incidentOf(0));
    ports.states = [
      {
        site: 'www.ministry.example',
        state: 'down',
        since: '2024-03-05T11:59:00.000Z',
        at: '2024-03-05T12:00:30.000Z',
        why: 'no answer',
        evidence: ['probed'],
        vantages: [],
      },
    ];
    const { status, body } = await send('GET', '/api/now');
    assert.equal(status, 200);
    const told = ROUTES.now.answer.schema.parse(body) as NowAnswer;
    assert.deepEqual([told.attacksOngoing.length, told.incidentsOpen.length, told.sites[0].state], [2, 1, 'down']);
    assert.equal(told.since, '2024-03-05T11:59:00.000Z');
    assert.ok(told.waiting.some(({ kind, ref }) => kind === 'incident-without-owner' && ref === 'i0'));
    assert.ok(told.changes.length > 0);
  });

  it('registers sites, and takes a CSV file as text', async () => {
    const made = await send('POST', '/api/sites', { name: 'www.court.example' });
    assert.deepEqual([made.status, made.headers.get('etag')], [201, '"1"']);
    assert.equal((await send('POST', '/api/sites', { name: 'www.court.example' })).status, 409);
    const wrong = await send('POST', '/api/sites', { name: '', sector: 'circus', color: 'red' });
    assert.equal(wrong.status, 400);
    assert.ok((wrong.body.errors as unknown[]).length >= 3);
    const path = `/api/sites/${encodeURIComponent('www.court.example')}`;
    const body = { name: 'www.court.example', sector: 'judiciary' };
    assert.equal((await send('PUT', path, body, { 'if-match': '"1"' })).status, 200);
    assert.equal((await send('PUT', path, body, { 'if-match': '"1"' })).status, 409);
    assert.equal((await send('PUT', path, body, { 'if-match': 'one' })).status, 400);
    const csv = await send('POST', '/api/sites/import?dryRun=true', 'name\nwww.a.example\n', {
      'content-type': 'text/csv',
    });
    assert.deepEqual([csv.body.dryRun, csv.body.added], [true, ['www.a.example']]);
    assert.equal((await send('POST', '/api/sites/import', {})).status, 415);
    const removed = await send('DELETE', path);
    assert.deepEqual([removed.status, removed.body], [204, {}]);
    assert.equal((await send('GET', path)).status, 404);
  });

  it('refuses bodies that are none, too large, or from a page of another origin', async () => {
    const json = { 'content-type': 'application/json' };
    assert.equal((await send('POST', '/api/sites', '{"name":', json)).status, 400);
    assert.equal((await send('POST', '/api/sites', { name: 'x'.repeat(300_000) })).status, 413);
    assert.equal((await send('POST', '/api/sites', 'name=a', { 'content-type': 'text/plain' })).status, 415);
    const site = { name: 'www.a.example' };
    for (const foreign of [
      { ...BROWSER, 'sec-fetch-site': 'cross-site' },
      { ...BROWSER, 'sec-fetch-site': 'same-site' },
      { ...BROWSER, origin: 'https://evil.example' },
      { ...BROWSER, origin: 'null' },
      { origin: at },
      { cookie: 'bonghwa.session_token=x' },
    ])
      assert.equal((await send('POST', '/api/sites', site, foreign)).status, 403, JSON.stringify(foreign));
    assert.equal((await send('POST', '/api/sites', site, { ...BROWSER, origin: at })).status, 201);
    assert.equal(acts.filter(({ status }) => status === 403).length, 0, 'these never reach a route');
  });

  it('says so where a part is not there', async () => {
    ports = {} as FixedPorts;
    for (const path of ['/api/sites', '/api/incidents', '/api/vantages', '/api/outages']) {
      const { status, body } = await send('GET', path);
      assert.deepEqual([status, /^not available on this station/.test(String(body.detail))], [503, true], path);
    }
    assert.equal((await send('GET', '/api/now')).body.partial, true);
  });

  it('shows every route on a page without scripts', async () => {
    const response = await fetch(`${at}/api/reference`);
    const page = await response.text();
    const policy = response.headers.get('content-security-policy') ?? '';
    assert.match(policy, /^default-src 'none'; style-src 'sha256-[^']+'; /);
    assert.doesNotMatch(page, /<script|<[^>]+ (on\w+|src)=|href="[^/#]/i);
    for (const { method = 'GET', path } of Object.values(ROUTES) as readonly RouteContract[])
      assert.ok(page.includes(`<b>${method}</b><code>${path}</code>`), path);
  });
});
