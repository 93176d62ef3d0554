import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { until } from '../../../test/support/station.ts';
import type { Config } from '../../model/config.ts';
import { configSchema } from '../../model/config-schema.ts';
import type { Site } from '../../model/site.ts';
import { siteOf } from '../../model/site-fields.ts';
import type { SiteSecond } from '../../model/site-second.ts';
import { WebDesk } from './web-desk.ts';

const directory = mkdtempSync(join(tmpdir(), 'bonghwa-web-desk-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const [first, second] = ['first.log', 'second.log'].map((name) => join(directory, name));

/** Lines that were written. */
let written = 0;

/** Writes a request for a host into a log, of now. */
function write(log: string, host: string): void {
  written++;
  const [, day, month, year, clock] = new Date().toUTCString().split(' ');
  appendFileSync(
    log,
    `${host} 203.0.113.9 - - [${day}/${month}/${year}:${clock} +0000] "GET / HTTP/1.1" 200 9 "-" "x"\n`,
  );
}

/** The first log is of whatever its lines name, the second, where it is read, of the site `configured`. */
function configOf(logFormat?: string): Config {
  return configSchema.parse({
    sites: logFormat === undefined ? [] : [{ name: 'configured', logs: [second], logFormat }],
    inputs: { logs: [{ path: first }] },
    storage: { directory },
  });
}

function registered(host: string): Site {
  const [site] = configSchema.parse({ sites: [{ name: 'portal', urls: [`https://${host}/`] }] }).sites;
  return siteOf(site, 'api');
}

test('sites that are registered and logs that are configured while it runs are taken over', {
  timeout: 60_000,
}, async () => {
  for (const log of [first, second]) writeFileSync(log, '');
  // It is no first start: logs are read from their begin.
  writeFileSync(join(directory, 'log-positions.json'), '{"version":1,"positions":[]}');
  const seconds: SiteSecond[] = [];
  const problems: string[] = [];
  const desk = new WebDesk({
    config: configOf(),
    state: { loadBlob: async () => undefined, saveBlob: async () => undefined },
    ongoing: () => [],
    onAttack: () => assert.fail('nothing attacks'),
    onSecond: (told) => seconds.push(told),
    onProblem: (part, error) => problems.push(`${part}: ${error.message}`),
  });
  after(() => desk.stop());
  await desk.start();
  /** Writes into a log until a site of that name is told of. */
  const told = (site: string, log: string, host: string): Promise<true | undefined> => {
    const from = seconds.length;
    return until(20_000, () => {
      write(log, host);
      return seconds.slice(from).some((each) => each.site === site) ? true : undefined;
    });
  };
  assert.ok(await told('www.example.gov', first, 'www.example.gov'), 'a host that is no site has its own name');
  const sites = [registered('www.example.gov')];
  desk.configure(configOf(), sites);
  assert.ok(await told('portal', first, 'www.example.gov'), 'it has that of the site that was registered');

  // The thread begins anew: what is written meanwhile is read, and nothing twice.
  desk.configure(configOf('auto'), sites);
  for (let at = 0; at < 20; at++) write(first, 'third.example');
  assert.ok(await told('configured', second, ''), 'the log that was added is read');
  desk.configure(configOf('$nonsense'), sites);
  assert.ok(await until(20_000, () => problems.find((problem) => /read on/.test(problem))), 'what is wrong is told');
  assert.ok(await told('fourth.example', first, 'fourth.example'), 'and what was read before is read on');
  // How many were counted says most: on a busy machine lines may come too late to count for their second.
  await until(20_000, () => (desk.report.requests >= written ? true : undefined));
  await desk.stop();
  assert.equal(desk.report.requests, written, 'every line was read once, over all threads');
  assert.deepEqual([desk.deaths, problems.length], [0, 1]);
});
