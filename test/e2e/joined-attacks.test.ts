import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Attack } from '../../src/model/attack.ts';
import type { StationEvent } from '../../src/model/station-event.ts';
import type { FlowsAnswer } from '../../src/store/telemetry/flows-query.ts';
import type { RequestsAnswer } from '../../src/store/telemetry/requests-query.ts';
import { StationProcess, TestRouter, until } from '../support/station.ts';

const SITE = 0xc633640a;
const SITE_TEXT = '198.51.100.10';

/** Visitors of a site, and clients that search it without an end where that is asked for, in a log in combined format. */
class LogWriter {
  flooding = false;
  #at = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(path: string) {
    writeFileSync(path, '');
    this.#timer = setInterval(() => {
      const lines = this.flooding ? 40 : 1;
      const text = Array.from({ length: lines }, () => this.#line()).join('');
      appendFileSync(path, text);
    }, 100);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #line(): string {
    const at = this.#at++;
    // Thu, 09 Jun 2026 10:00:00 GMT
    const [, day, month, year, clock] = new Date().toUTCString().split(' ');
    const time = `${day}/${month}/${year}:${clock} +0000`;
    const path = this.flooding ? `/search?q=${at}` : '/';
    return `203.0.113.${this.flooding ? at % 40 : 200} - - [${time}] "GET ${path} HTTP/1.1" 200 99 "-" "curl/8"\n`;
  }
}

describe('an attack that flows and a log see at a station', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bonghwa-joined-'));
  const eventsFile = join(folder, 'events.jsonl');
  const log = join(folder, 'access.log');
  const config = join(folder, 'bonghwa.yaml');
  let station: StationProcess;
  let router: TestRouter;
  let writer: LogWriter;

  const events = (): Extract<StationEvent, { kind: 'attack' }>[] =>
    (existsSync(eventsFile) ? readFileSync(eventsFile, 'utf8') : '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line): StationEvent => JSON.parse(line))
      .filter((event) => event.kind === 'attack');
  /** What was told last of it that both say something new of. */
  const toldByBoth = (before?: Attack): Attack | undefined =>
    events()
      .map(({ attack }) => attack)
      .findLast(({ evidence: { packets, web } }) => {
        if (packets === 0 || web === undefined) return false;
        return packets !== before?.evidence.packets && web.requests !== before?.evidence.web?.requests;
      });

  before(async () => {
    writeFileSync(
      config,
      `networks: [198.51.100.0/24]\nsites: [{ name: portal, addresses: [${SITE_TEXT}], logs: [${log}] }]\nprobe: { own: false }\nstorage: { directory: ${join(folder, 'data')} }\nreports: { eventsFile: ${eventsFile} }\n`,
    );
    writer = new LogWriter(log);
    station = await StationProcess.start(['--config', config]);
    router = new TestRouter(() => station.netflowPort, SITE);
  });
  after(async () => {
    router.stop();
    writer.stop();
    await station.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  it('is one, with one alarm, whichever sees it first; and one incident', { timeout: 60_000 }, async () => {
    await until(10_000, async () => ((await station.status()).records > 200 ? true : undefined));
    router.flooding = true;
    const opened = await until(10_000, () => station.lines.find(({ msg }) => msg === 'attack opened'));
    assert.ok(opened !== undefined, 'flows tell of it');
    writer.flooding = true;
    assert.ok((await until(20_000, () => toldByBoth())) !== undefined, 'the log joins');
    const [attack, ...others] = await station.attacks();
    assert.deepEqual(others, []);
    assert.equal(attack.id, opened.id);
    assert.deepEqual(attack.target, { kind: 'site', value: 'portal' });
    assert.match(attack.why, /^In the log: .* In the flows: /);
    assert.deepEqual(
      (await station.status()).attacksOngoing.map(({ id }) => id),
      [attack.id],
    );
    const { incidents } = await station.ask<{ incidents: { attacks: string[] }[] }>('/api/incidents');
    assert.deepEqual(
      incidents.flatMap(({ attacks }) => attacks),
      [attack.id],
    );
  });

  it('goes on as one over kill -9', { timeout: 60_000 }, async () => {
    const [known] = await station.attacks();
    await station.end('SIGKILL');
    station = await StationProcess.start(['--config', config]);
    assert.ok((await until(30_000, () => toldByBoth(known))) !== undefined, 'both go on with it');
    assert.deepEqual(
      (await station.attacks()).map(({ id }) => id),
      [known.id],
    );
    assert.deepEqual(
      events()
        .filter(({ state }) => state !== 'updated')
        .map(({ state, attack }) => `${state} ${attack.id}`),
      [`opened ${known.id}`],
    );
  });

  it('its flows and requests are found under its id', { timeout: 60_000 }, async () => {
    const [{ id }] = await station.attacks();
    // The store may still be starting.
    const found = await until(30_000, async () => {
      const flows = await station.ask<FlowsAnswer>(`/api/flows?since=1h&attackId=${id}`).catch(() => undefined);
      const path = `/api/requests?since=1h&attackId=${id}&site=portal&top=path&top=client&limit=1000`;
      const requests = await station.ask<RequestsAnswer>(path).catch(() => undefined);
      if (flows === undefined || requests === undefined) return undefined;
      return flows.total.packets > 0 && requests.total.rows > 0 ? requests : undefined;
    });
    assert.ok(found !== undefined);
    const clients = found.groups.filter(({ key }) => key[0] === '/search').map(({ key }) => String(key[1]));
    assert.ok(clients.length >= 30 && clients.every((client) => client.startsWith('203.0.113.')), clients.join(' '));
    const { requests } = await station.ask<RequestsAnswer>(`/api/requests?since=1h&attackId=${id}&path=/s*&limit=1`);
    assert.match(requests[0].query ?? '', /^q=\d+$/);
  });
});
