import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Assessor } from '../../src/assess/assessor.ts';
import { IncidentBook } from '../../src/assess/incident-book.ts';
import { parsePrefix } from '../../src/base/prefix.ts';
import { Prober } from '../../src/input/probe/prober.ts';
import { TURNSTILE_LIMITS } from '../../src/input/probe/turnstile.ts';
import type { Incident, Outage, SiteState, SiteStatus } from '../../src/model/incident.ts';
import type { Site } from '../../src/model/site.ts';
import type { CheckResult } from '../../src/model/vantage.ts';
import { VECTOR_TITLES } from '../../src/model/vector.ts';
import { anAttack } from '../support/attacks.ts';
import { type TestCertificate, testCertificate } from '../support/certificate.ts';
import { ended } from '../support/ended.ts';
import { aSite, VANTAGES } from '../support/sites.ts';

/** Time is scaled down: what takes 30 s in the field takes so long here, ms. */
const EVERY_MS = 1000;
/** What is usual is learned from so many checks of each site at each vantage, within so long, ms. */
const LEARN_CHECKS = 12;
const LEARN_MS_MAX = 60_000;
const FAULT_MS = 6000;
/** How long the site that comes and goes stays so. */
const FLAP_MS = 2100;
/** Everything is up again after this at the latest, on a busy machine too. */
const HEAL_MS_MAX = 40_000;
/** A check of a busy machine comes so late, ms. How long making a fault took is measured. */
const SLACK_MS = 1000;
const PORT = 21_310;
const BACKEND = 21_311;
/**
 * Slowness is made behind the web server, which answers so late, ms: far beyond three times what is usual on a machine that is busy. The
 * delay of the network itself (`tc qdisc add dev … root netem`) is not in every kernel, such as that of small virtual machines.
 */
const SLOW_MS = 1300;
const SOURCES: Readonly<Record<string, string>> = { seoul: '127.0.0.11', busan: '127.0.0.12', frankfurt: '127.0.0.13' };

const nginx = spawnSync('nginx', ['-v']).status === 0;
const allowed = [parsePrefix('127.0.0.0/8')].filter((prefix) => prefix !== undefined);

/** Sites by name, each with an address of its own. */
const SITES = [
  'control',
  'stopped',
  'slow',
  'bad-gateway',
  'blocked',
  'closed',
  'expired',
  'fenced',
  'partial',
  'unsteady',
  'lonely',
] as const;
type SiteName = (typeof SITES)[number];
const addressOf = (name: SiteName): string => `127.0.1.${SITES.indexOf(name) + 1}`;

const directory = mkdtempSync(join(tmpdir(), 'bonghwa-assess-'));
const file = (...parts: string[]): string => join(directory, ...parts);

/** The pages and rules of every site lie in files that a fault changes. */
function page(name: SiteName, text: string): void {
  writeFileSync(file('www', name, 'index.html'), `<!doctype html><title>${name}</title>${text}`);
}
const WELL = `<h1>Welcome</h1>${'<p>News of the day, at length.</p>'.repeat(60)}`;
const BLOCKED = '<h1>Access denied</h1><p>Your request has been blocked by the firewall.</p>';
const CLOSED = '<h1>점검 안내</h1><p>시스템 점검 중입니다. 잠시 후 다시 접속해 주십시오.</p>';

function configOf(names: readonly SiteName[], own: string): string {
  const servers = names.map((name) => {
    const tls = name === 'expired';
    const proxied = name === 'slow' || name === 'bad-gateway' || name === 'unsteady';
    const port = name === 'bad-gateway' ? BACKEND + 1 : BACKEND;
    return `server { listen ${addressOf(name)}:${PORT}${tls ? ' ssl' : ''}; root ${file('www', name)};
      ${tls ? `ssl_certificate ${file('cert.pem')}; ssl_certificate_key ${file('key.pem')};` : ''}
      include ${file('rules', name)};
      ${proxied ? `location / { proxy_pass http://127.0.0.1:${port}/${name}; proxy_connect_timeout 1s; }` : ''} }`;
  });
  return `worker_processes 1; daemon off; pid ${file(`${own}.pid`)}; error_log ${file(`${own}.log`)};
    events { worker_connections 256; }
    http { access_log off; client_body_temp_path ${file('body')}; proxy_temp_path ${file('proxy')}; ${servers.join('\n')} }`;
}

class Servers {
  readonly #backends: Server[] = [];
  #main: ChildProcess | undefined;
  #other: ChildProcess | undefined;
  #turn = 0;
  slow = false;
  broken = false;

  async start(shown: TestCertificate): Promise<void> {
    for (const folder of ['www', 'rules']) mkdirSync(file(folder));
    for (const name of SITES) {
      mkdirSync(file('www', name));
      page(name, WELL);
      writeFileSync(file('rules', name), '');
    }
    this.certificate(shown);
    spawnSync('chmod', ['-R', 'a+rX', directory]);
    chmodSync(directory, 0o755);
    this.#backends.push(this.#listen(BACKEND), this.#listen(BACKEND + 1));
    this.#main = await this.#nginx(
      'main',
      SITES.filter((name) => name !== 'stopped'),
    );
    this.#other = await this.#nginx('other', ['stopped']);
  }

  #listen(port: number): Server {
    return createServer((request, response) => {
      if (this.broken && request.url?.startsWith('/unsteady') === true) {
        response.writeHead(502).end('broken');
        return;
      }
      const waitMs = this.slow && request.url?.startsWith('/slow') === true ? SLOW_MS : 0;
      setTimeout(() => response.end(`<!doctype html><title>dynamic</title>${WELL}`), waitMs);
    }).listen(port, '127.0.0.1');
  }

  async #nginx(own: string, names: readonly SiteName[]): Promise<ChildProcess> {
    writeFileSync(file(`${own}.conf`), configOf(names, own));
    const child = spawn('nginx', ['-c', file(`${own}.conf`)], { stdio: 'ignore' });
    const startedMs = Date.now();
    for (;;) {
      const answer = await fetch(`http://${addressOf(names[0])}:${PORT}/`).catch(() => undefined);
      if (answer !== undefined) return child;
      assert.ok(Date.now() - startedMs < 10_000 && child.exitCode === null, 'nginx did not start');
      await sleep(50);
    }
  }

  async stopOther(): Promise<void> {
    const ended = new Promise((resolve) => this.#other?.once('exit', resolve));
    this.#other?.kill('SIGTERM');
    await ended;
  }

  async startOther(): Promise<void> {
    this.#other = await this.#nginx('other', ['stopped']);
  }

  /** Has the server read its files anew; resolves when it answers by them. */
  async reload(): Promise<void> {
    const turn = String(++this.#turn);
    writeFileSync(file('rules', 'control'), `add_header x-turn ${turn};`);
    this.#main?.kill('SIGHUP');
    const answered = async (): Promise<string | null> => {
      const answer = await fetch(`http://${addressOf('control')}:${PORT}/`, { headers: { connection: 'close' } });
      await answer.text();
      return answer.headers.get('x-turn');
    };
    for (const endMs = Date.now() + 10_000; (await answered().catch(() => null)) !== turn; await sleep(20))
      assert.ok(Date.now() < endMs, 'nginx did not read its files anew');
  }

  /** What the server shows, which it reads anew when it is told to. */
  certificate({ cert, key }: TestCertificate): void {
    writeFileSync(file('cert.pem'), cert);
    writeFileSync(file('key.pem'), key);
  }

  async stopGateway(): Promise<void> {
    const gateway = this.#backends.pop();
    gateway?.closeAllConnections();
    await new Promise((resolve) => gateway?.close(resolve));
  }

  startGateway(): void {
    this.#backends.push(this.#listen(BACKEND + 1));
  }

  /** Ends the servers, and waits until they are gone with their workers. */
  async stop(): Promise<void> {
    await Promise.all([this.#main, this.#other].map(ended));
    for (const backend of this.#backends) {
      backend.closeAllConnections();
      backend.close();
    }
  }
}

/** Everything that was told, as it happened. */
class Watch {
  readonly statuses: SiteStatus[] = [];
  readonly outages = new Map<string, Outage>();
  readonly incidents = new Map<string, Incident>();
  readonly #probers: Prober[] = [];
  #lonely: Prober | undefined;
  readonly #assessor: Assessor;
  readonly #book: IncidentBook;
  readonly #checks = new Map<string, number>();
  readonly #attackMs = new Map<SiteName, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(sites: readonly Site[], authorities: readonly string[]) {
    this.#book = new IncidentBook({
      watched: () => true,
      onIncident: (incident) => this.incidents.set(incident.id, incident),
    });
    this.#assessor = new Assessor({
      intervalMs: EVERY_MS,
      onChange: (change) => {
        if (change.kind === 'state') this.statuses.push(change.status);
        else {
          this.outages.set(change.outage.id, change.outage);
          this.#book.takeOutage(change.outage, Date.now());
        }
      },
    });
    this.#assessor.setSites(sites);
    this.#assessor.setVantages(VANTAGES);
    this.#book.setSites(sites);
    for (const { name: vantage } of VANTAGES) {
      const prober = this.#prober(vantage, authorities);
      prober.setSites(sites.filter(({ name }) => name !== 'lonely' && name !== 'slow'));
      // An answer that comes late is waited for, and not tried again.
      const patient = this.#prober(vantage, authorities, { attemptMs: 1500, retriesMs: [], checkMs: 1600 });
      patient.setSites(sites.filter(({ name }) => name === 'slow'));
      this.#probers.push(prober, patient);
      if (vantage !== 'seoul') continue;
      this.#lonely = this.#prober(vantage, authorities);
      this.#lonely.setSites(sites.filter(({ name }) => name === 'lonely'));
    }
    for (const prober of [...this.#probers, this.#lonely]) prober?.start();
    this.#timer = setInterval(() => this.#tick(), 200);
  }

  #prober(
    vantage: string,
    authorities: readonly string[],
    times = { attemptMs: 800, retriesMs: [40, 120], checkMs: EVERY_MS - 50 },
  ): Prober {
    const settings = {
      vantage,
      userAgent: 'Bonghwa test',
      times,
      allowed,
      hosts: new Map([['expired.example', [addressOf('expired')]]]),
      source: { 4: SOURCES[vantage] },
      authorities,
      family: 4 as const,
    };
    return new Prober({
      settings,
      everyMs: EVERY_MS,
      seed: SOURCES[vantage].length,
      limits: { ...TURNSTILE_LIMITS, hostGapMs: 20 },
      onResult: (check) => this.#take(check),
    });
  }

  #take(check: CheckResult): void {
    const key = `${check.site} ${check.vantage}`;
    this.#checks.set(key, (this.#checks.get(key) ?? 0) + 1);
    this.#assessor.check(check);
  }

  #tick(): void {
    const nowMs = Date.now();
    this.#assessor.advance(nowMs);
    for (const outage of this.#assessor.outages(nowMs)) if (outage !== undefined) this.#book.takeOutage(outage, nowMs);
    this.#book.advance(nowMs);
  }

  attack(name: SiteName, ongoing: boolean): void {
    const startMs = this.#attackMs.get(name) ?? Date.now();
    this.#attackMs.set(name, startMs);
    const attack = anAttack({
      id: name,
      vector: name === 'fenced' ? 'search-flood' : 'syn-flood',
      startMs,
      target: { kind: 'site', value: name },
      ...(ongoing ? {} : { endMs: Date.now() }),
    });
    this.#assessor.attack(
      name,
      attack.id,
      `a ${VECTOR_TITLES[attack.vectors[0].name]}`,
      startMs,
      ongoing ? undefined : Date.now(),
    );
    this.#book.takeAttack(attack, Date.now());
  }

  stopLonely(): void {
    this.#lonely?.stop();
  }

  statesOf(name: SiteName): SiteState[] {
    return this.statuses.filter(({ site }) => site === name).map(({ state }) => state);
  }

  outagesOf(name: SiteName): Outage[] {
    return [...this.outages.values()].filter(({ site }) => site === name);
  }

  /** True when enough was checked of every site from everywhere to know what is usual. */
  learned(): boolean {
    return (
      this.#checks.size >= VANTAGES.length * (SITES.length - 1) + 1 &&
      Math.min(...this.#checks.values()) >= LEARN_CHECKS
    );
  }

  /** Takes down how every site does now: why may have become another since its state was told. */
  look(): void {
    this.statuses.push(...this.#assessor.statuses(Date.now()));
  }

  /** True when no site is out any more; one that breaks and comes back takes longest to be believed. */
  recovered(): boolean {
    return SITES.filter((name) => name !== 'unsteady').every((name) =>
      this.outagesOf(name).every(({ ongoing }) => !ongoing),
    );
  }

  incidentOf(name: SiteName): Incident | undefined {
    return [...this.incidents.values()].find(({ sites }) => sites.includes(name));
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const prober of [...this.#probers, this.#lonely]) prober?.stop();
  }
}

describe('sites on real web servers, seen by three vantages', {
  skip: nginx ? false : 'nginx is not installed',
}, () => {
  const servers = new Servers();
  let watch: Watch;
  /** When the faults were begun, and all there; when they began to be mended, and all were, ms. */
  const fault = { fromMs: 0, thereMs: 0, toMs: 0, mendedMs: 0 };

  before(
    async () => {
      const dated = (fromDays: number, toDays: number): Promise<TestCertificate> =>
        testCertificate(
          'expired.example',
          new Date(Date.now() + fromDays * 86_400_000),
          new Date(Date.now() + toDays * 86_400_000),
        );
      const [good, past] = [await dated(-30, 300), await dated(-300, -3)];
      await servers.start(good);
      const sites = SITES.map((name) =>
        aSite(name, {
          urls: [name === 'expired' ? `https://expired.example:${PORT}/` : `http://${addressOf(name)}:${PORT}/`],
          addresses: [addressOf(name)],
        }),
      );
      watch = new Watch(sites, [good.cert, past.cert]);
      const learnedMs = Date.now() + LEARN_MS_MAX;
      while (!watch.learned() && Date.now() < learnedMs) await sleep(100);

      fault.fromMs = Date.now();
      servers.slow = true;
      page('blocked', BLOCKED);
      page('closed', CLOSED);
      writeFileSync(file('rules', 'fenced'), `deny ${SOURCES.frankfurt};`);
      writeFileSync(file('rules', 'partial'), `deny ${SOURCES.busan};`);
      servers.certificate(past);
      watch.attack('fenced', true);
      watch.attack('stopped', true);
      watch.stopLonely();
      const unsteady = flap(servers);
      await Promise.all([servers.reload(), servers.stopOther(), servers.stopGateway()]);
      fault.thereMs = Date.now();
      await sleep(FAULT_MS);

      fault.toMs = Date.now();
      watch.look();
      servers.slow = false;
      page('blocked', WELL);
      page('closed', WELL);
      for (const name of ['fenced', 'partial'] as const) writeFileSync(file('rules', name), '');
      servers.certificate(good);
      servers.startGateway();
      await Promise.all([servers.reload(), servers.startOther()]);
      fault.mendedMs = Date.now();
      watch.attack('fenced', false);
      watch.attack('stopped', false);
      await unsteady;
      const untilMs = Date.now() + HEAL_MS_MAX;
      while (!watch.recovered() && Date.now() < untilMs) await sleep(200);
      watch.stop();
    },
    { timeout: 120_000 },
  );
  after(async () => {
    watch?.stop();
    await servers.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const reached = (name: SiteName, state: SiteState, why: RegExp): void => {
    const told = watch.statuses.filter((status) => status.site === name && status.state === state);
    assert.ok(told.length > 0, `${name}: ${watch.statesOf(name).join(', ')}`);
    const said = told.map((status) => status.why);
    assert.ok(
      said.some((text) => why.test(text)),
      said.join('\n'),
    );
  };
  /** Minutes out hold what truly was. */
  const truly = (name: SiteName): void => {
    const [outage] = watch.outagesOf(name);
    const [least, most] = [fault.toMs - fault.thereMs, fault.mendedMs - fault.fromMs].map((ms) => ms / 60_000);
    const { low, high } = outage.outMinutes ?? { low: 0, high: 0 };
    assert.ok(low <= most && high >= least, `${name}: ${least} to ${most} in ${low} … ${high}`);
    // A machine that is busy may make it slow before and after.
    const downs = outage.states.filter(({ state }) => state === 'down');
    const within = (what: string, time: string | undefined, fromMs: number, toMs: number): void => {
      const ms = Date.parse(time ?? '');
      assert.ok(ms >= fromMs - EVERY_MS && ms <= toMs + EVERY_MS + SLACK_MS, `${name} ${what}: ${ms - fromMs} ms off`);
    };
    within('began', downs[0].from, fault.fromMs, fault.thereMs);
    within('ended', downs.at(-1)?.to, fault.toMs, fault.mendedMs);
  };

  it('leaves the site that is well alone', () => {
    assert.ok(
      !watch.statesOf('control').some((state) => state !== 'up' && state !== 'degraded'),
      watch.statesOf('control').join(),
    );
  });
  it('tells a stopped server: down, and the truth about its minutes', () => {
    reached('stopped', 'down', /vantages in [23] networks cannot reach it: no connection \(refused\)/);
    truly('stopped');
  });
  it('tells a slow one', () => {
    reached('slow', 'degraded', /took up to \d+ ms, usually 95 of 100 stay below \d+ ms/);
    assert.equal(watch.outagesOf('slow')[0].outMinutes?.high, 0);
  });
  it('tells 502, with its status', () => {
    reached('bad-gateway', 'down', /unexpected answer \(status 502\)/);
    truly('bad-gateway');
  });
  it('does not take a block page with 200 for the site', () => {
    reached('blocked', 'down', /a block page/);
  });
  it('tells a maintenance page', () => {
    reached('closed', 'maintenance', /a maintenance page is served that nobody announced/);
  });
  it('tells a certificate that has expired', () => {
    reached('expired', 'down', /certificate/);
    truly('expired');
  });
  it('tells a site that is closed towards abroad, with the attack during which it is', () => {
    reached('fenced', 'geo-fenced', /at home reach it, the only one abroad does not.*during a search flood/);
    assert.ok(!watch.statesOf('fenced').includes('down'));
  });
  it('tells a minority', () => {
    reached('partial', 'partial', /1 of 3 vantages \(busan\)/);
  });
  it('tells one that breaks and comes back as one outage', () => {
    reached('unsteady', 'flapping', /breaks and comes back/);
    assert.equal(watch.outagesOf('unsteady').length, 1);
  });
  it('says unknown where nobody looks any more', () => {
    reached('lonely', 'unknown', /no vantage has reported/);
    assert.deepEqual(watch.outagesOf('lonely'), []);
  });
  it('makes one incident of attack and outage, with the statement in three languages', () => {
    const incident = watch.incidentOf('stopped');
    assert.ok(incident !== undefined);
    assert.deepEqual(
      [incident.attacks.length, incident.outages.length, incident.damage.grade, incident.state],
      [1, 1, 'D2', 'recovered'],
    );
    const { en, ko, uk } = incident.damage.sentence;
    assert.match(
      en,
      /the website of stopped was temporarily unreachable for less than a minute, during a denial-of-service attack \(SYN flood\)\..*no serious damage/,
    );
    assert.match(
      ko,
      /stopped 누리집에서 서비스 거부 공격\(DDoS, SYN 플러드\)이 있는 동안 1분 미만의 일시적인 접속 장애가 있었으나 심각한 피해는 없었습니다\./,
    );
    assert.match(
      uk,
      /вебсайт «stopped» був тимчасово недоступний менше хвилини під час атаки на відмову в обслуговуванні \(SYN-флуд\)\. .*серйозної шкоди не завдано/,
    );
    assert.match(en, /How many people were affected is not known/);
    const fenced = watch.incidentOf('fenced');
    assert.equal(fenced?.damage.grade, 'D1');
    assert.match(fenced?.damage.sentence.en ?? '', /reachable at home, and closed to visitors from abroad, during/);
  });
});

/** Breaks and mends a site again and again. */
async function flap(servers: Servers): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    servers.broken = true;
    await sleep(FLAP_MS);
    servers.broken = false;
    await sleep(FLAP_MS);
  }
}
