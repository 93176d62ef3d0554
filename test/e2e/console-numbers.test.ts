import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Browser } from 'playwright-core';
import { build } from 'vite';
import type { IncidentQuery } from '../../src/api/ports.ts';
import { attackSchema } from '../../src/model/attack.ts';
import { builtConsole, missingBrowser, startBrowser } from '../support/browser.ts';
import { ConsoleStation } from '../support/console-station.ts';
import { incidentOf } from '../support/fixed-ports.ts';

const SITES = 1000;
const INCIDENTS = 100_000;
const ATTACKS = 50;
/** A test on a machine that does much else at once only says that it is no order of magnitude off; the figures are printed. */
const SLACK = 10;
const VIEW_MS = 1000;
const CHART_MS = 100;
/** Every 15 s, and after a gap; a page that asks because an answer came asks dozens of times in a moment. */
const ASKED_MAX = 5;

describe('the numbers of the console', { skip: missingBrowser }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'bonghwa-chart-'));
  let browser: Browser;
  let shown: ConsoleStation;
  let server: Server;

  before(async () => {
    const source = await builtConsole();
    shown = new ConsoleStation(source.files, SITES);
    const [attack] = shown.station.kept;
    const attacks = Array.from({ length: ATTACKS }, (_, at) =>
      attackSchema.parse({ ...attack, id: `many-${at}`, target: { kind: 'address', value: `192.0.2.${at + 1}` } }),
    );
    shown.station.kept = attacks;
    shown.station.current = { ...shown.station.current, attacksOngoing: attacks };
    // In order, as the index of the store has them: no test double should sort 100,000 of them for every question.
    const incidents = Array.from({ length: INCIDENTS }, (_, n) => ({ ...incidentOf(0), id: `many-${n}` }));
    Object.assign(shown.ports.incidents, {
      incidents: async ({ limit }: IncidentQuery) => ({ incidents: incidents.slice(0, limit), next: String(limit) }),
    });
    await shown.start();
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await shown?.stop();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('shows the first view of 1,000 sites, 50 attacks and 100,000 incidents', async (test) => {
    const times: number[] = [];
    for (let round = 0; round < 3; round++) {
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en' });
      const page = await context.newPage();
      await page.goto(`http://${shown.host}/`);
      await page.waitForFunction(
        ({ sites, attacks }) =>
          document.querySelectorAll('.grid a').length === sites &&
          document.querySelectorAll('main tr.row').length === attacks,
        { sites: SITES, attacks: ATTACKS },
        { polling: 10 },
      );
      times.push(await page.evaluate(() => performance.now()));
      // What came is no reason to ask again.
      await page.waitForTimeout(500);
      const asked = await page.evaluate(
        () => performance.getEntriesByType('resource').filter(({ name }) => name.includes('/api/states')).length,
      );
      assert.ok(asked <= ASKED_MAX, `asked ${asked} times for the sites`);
      await context.close();
    }
    const best = Math.min(...times);
    test.diagnostic(`first view, with an empty cache: ${times.map(Math.round).join(', ')} ms`);
    assert.ok(best < VIEW_MS * SLACK, `${best} ms`);
  });

  it('draws a day at steps of one second', async (test) => {
    await build({
      configFile: false,
      root: fileURLToPath(new URL('../support/chart-page', import.meta.url)),
      logLevel: 'error',
      plugins: [svelte({ configFile: false })],
      build: { outDir: folder, emptyOutDir: true, target: 'es2023' },
    });
    server = createServer((request, response) => {
      const path = (request.url ?? '/').split('?')[0];
      try {
        const body = readFileSync(join(folder, path === '/' ? 'index.html' : path.replaceAll('..', '')));
        const type = path.endsWith('.js') ? 'text/javascript' : path.endsWith('.css') ? 'text/css' : 'text/html';
        response.writeHead(200, { 'content-type': type }).end(body);
      } catch {
        response.writeHead(404).end();
      }
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const times = await page.evaluate(() =>
      (globalThis as unknown as { measureDay: () => Promise<readonly number[]> }).measureDay(),
    );
    const median = times[Math.floor(times.length / 2)];
    test.diagnostic(
      `a day of 86,400 points, from the data to the picture: median ${Math.round(median)} ms of ${times.length}`,
    );
    assert.ok(median < CHART_MS * SLACK, `${median} ms`);
    await page.context().close();
  });
});
