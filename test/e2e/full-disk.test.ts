import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { IncidentsAnswer } from '../../src/api/contract/incidents.ts';
import type { Attack } from '../../src/model/attack.ts';
import type { StationStatus } from '../../src/model/station-view.ts';
import type { Diagnosis } from '../../src/station/doctor/check.ts';
import { StationProcess, TestRouter, until } from '../support/station.ts';

const BIN = fileURLToPath(new URL('../../bin/bonghwa.js', import.meta.url));
/** A disk of its own, in memory, for which the test needs to be root; stores and journal take a third of it. */
const DISK = '200m';
const SITES = [0xc633640a, 0xc6336414];
const [FIRST, SECOND] = ['portal', '198.51.100.20'];
const WAIT_MS_MAX = 60_000;

const canMount = spawnSync('unshare', ['--mount', 'true']).status === 0;

describe('a station whose disk is full', {
  skip: canMount ? false : 'a disk of its own cannot be mounted here',
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'bonghwa-full-'));
  const disk = join(folder, 'disk');
  const data = join(disk, 'data');
  const log = join(folder, 'access.log');
  const config = join(folder, 'bonghwa.yaml');
  const ballast = join(disk, 'ballast');
  let station: StationProcess;
  const routers: TestRouter[] = [];
  let requests = 0;
  let filling: NodeJS.Timeout | undefined;

  const fill = (): void => {
    const append = ['oflag=append', 'conv=notrunc', 'bs=4096'];
    spawnSync('dd', ['if=/dev/zero', `of=${ballast}`, ...append], { stdio: 'ignore' });
  };
  const request = (count: number): void => {
    const time = new Date().toUTCString().replace(/^\w+, (\d+) (\w+) (\d+) (.*) GMT$/, '$1/$2/$3:$4 +0000');
    for (let at = 0; at < count; at++)
      appendFileSync(log, `203.0.113.${at % 9} - - [${time}] "GET /${requests++} HTTP/1.1" 200 99 "-" "curl/8"\n`);
  };
  const start = async (): Promise<void> => {
    station = await StationProcess.start(['--config', config, '--workers', '1']);
  };
  /** What the station answers, once it holds. */
  const answered = async (what: string, holds: (status: StationStatus) => boolean): Promise<StationStatus> => {
    let last: StationStatus | undefined;
    const found = await until(WAIT_MS_MAX, async () => {
      last = await station.status();
      return holds(last) ? last : undefined;
    });
    assert.ok(found !== undefined, `waited in vain until ${what}: ${JSON.stringify([last?.state, last?.telemetry])}`);
    return found;
  };
  const attackOn = async (target: string): Promise<Attack> => {
    const found = await until(WAIT_MS_MAX, async () =>
      (await station.attacks()).find((attack) => attack.target.value === target),
    );
    assert.ok(found !== undefined, `no attack on ${target} was told`);
    return found;
  };
  const metric = async (name: string): Promise<number> => {
    const text = await (await fetch(`http://${station.http}/metrics`)).text();
    return Number(
      text
        .split('\n')
        .find((line) => line.startsWith(name))
        ?.split(' ')
        .at(-1),
    );
  };
  const incidents = async (): Promise<readonly string[]> =>
    (await station.ask<IncidentsAnswer>('/api/incidents')).incidents.flatMap(({ attacks }) => attacks).sort();
  const faults = (): readonly string[] => {
    const { stdout } = spawnSync(process.execPath, [BIN, 'doctor', '--json', '--config', config], { encoding: 'utf8' });
    const { checks } = JSON.parse(stdout) as Diagnosis;
    return checks.filter(({ verdict }) => verdict === 'fault').map(({ id }) => id);
  };

  before(async () => {
    spawnSync('mkdir', [disk]);
    assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', disk]).status, 0);
    writeFileSync(log, '');
    writeFileSync(
      config,
      `networks: [198.51.100.0/24]\nsites: [{ name: portal, addresses: [198.51.100.10], logs: [${log}] }]\nprobe: { own: false }\nstorage: { directory: ${data} }\ninputs: { netflow: [127.0.0.1:0], sflow: [] }\nhttp: { listen: 127.0.0.1:0 }\n`,
    );
    await start();
    for (const site of SITES) routers.push(new TestRouter(() => station.netflowPort, site));
  });
  after(async () => {
    clearInterval(filling);
    for (const router of routers) router.stop();
    await station?.end('SIGKILL');
    spawnSync('umount', ['--lazy', disk]);
    rmSync(folder, { recursive: true, force: true });
  });

  it('detects, says what is not kept, and has all of it when there is room again', { timeout: 240_000 }, async () => {
    await answered('both stores are ready', ({ state, telemetry, records }) => {
      return state.state === 'ready' && telemetry.state === 'ready' && telemetry.written > 0 && records > 500;
    });
    request(20);
    assert.ok(
      await until(WAIT_MS_MAX, async () => ((await metric('bonghwa_requests_total')) === 20 ? true : undefined)),
    );
    routers[0].flooding = true;
    const first = await attackOn(FIRST);

    const linesBefore = station.lines.length;
    fill();
    // The engine of the telemetry store lets go of files now and then: what it frees is taken at once.
    filling = setInterval(fill, 100);
    routers[1].flooding = true;
    const second = await attackOn(SECOND);
    request(30);
    assert.ok(
      await until(WAIT_MS_MAX, async () => ((await metric('bonghwa_requests_total')) === 50 ? true : undefined)),
    );
    const full = await answered('all that cannot be kept is told', ({ state, telemetry, warnings }) => {
      request(1);
      const told = ['state', 'telemetry', 'log the positions of logs'];
      return (
        state.state === 'down' &&
        telemetry.state === 'down' &&
        told.every((part) => warnings.some((warning) => warning.startsWith(`${part}: `)))
      );
    });
    assert.match(`${full.state.error}`, /no space|ENOSPC/i);
    assert.match(`${full.telemetry.error}`, /no space|space left|not enough/i);
    assert.equal((await fetch(`http://${station.http}/readyz`)).status, 200, 'detection does not wait for a disk');
    const down = async (): Promise<true | undefined> =>
      (await metric('bonghwa_store_up{store="state"')) === 0 ? true : undefined;
    assert.ok(await until(WAIT_MS_MAX, down), 'the metrics tell it');
    const { decidedAt } = await station.status();
    await answered(
      'seconds are still decided',
      (status) => Date.parse(`${status.decidedAt}`) > Date.parse(`${decidedAt}`) + 3000,
    );
    const told = station.lines.slice(linesBefore).filter(({ level }) => Number(level) >= 40);
    // Each fault is tried every second, and told once.
    const lines = told.filter(({ msg }) => msg === 'fault').map(({ part, fault }) => `${part}: ${fault}`);
    assert.deepEqual(lines, [...new Set(lines)]);
    const examined = ['disk-space', 'station-state', 'station-telemetry'];
    const says = await until(WAIT_MS_MAX, () => {
      const found = faults();
      return examined.every((id) => found.includes(id)) ? true : undefined;
    });
    assert.ok(says, faults().join());

    clearInterval(filling);
    rmSync(ballast);
    await answered('the stores have caught up', ({ state, telemetry }) => {
      return state.state === 'ready' && telemetry.state === 'ready' && state.waiting === 0;
    });
    assert.deepEqual(
      faults().filter((id) => id.startsWith('station')),
      [],
    );
    const known = await incidents();
    assert.deepEqual(known, [first.id, second.id].sort());
    await station.end('SIGKILL');
    request(10);

    await start();
    const ids = (await station.attacks()).map(({ id }) => id);
    assert.deepEqual(ids.sort(), [first.id, second.id].sort(), 'each attack, once');
    assert.deepEqual(await incidents(), known);
    await answered('it goes on with both', ({ attacksOngoing }) => attacksOngoing.length === 2);
    assert.equal(await station.end('SIGTERM'), 0);
  });
});
