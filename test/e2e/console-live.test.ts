import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import type { StationStatus } from '../../src/model/station-view.ts';
import { builtConsole, missingBrowser, startBrowser, watchPage } from '../support/browser.ts';
import { StationProcess, TestRouter, until } from '../support/station.ts';

const SITE = 0xc633640a;
const SITE_TEXT = '198.51.100.10';
const BONGHWA = fileURLToPath(new URL('../../bin/bonghwa.js', import.meta.url));
/** What the issue asks for, ms; on a machine that does much else at once a test allows more. */
const ON_SCREEN_MS_MAX = 3000;

describe('a station in the console', { skip: missingBrowser }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'bonghwa-console-live-'));
  let browser: Browser;
  let station: StationProcess;
  let router: TestRouter | undefined;

  before(async () => {
    await builtConsole();
    station = await StationProcess.start(['--network', '198.51.100.0/24', '--data', join(folder, 'data')]);
    browser = await startBrowser();
  });
  after(async () => {
    router?.stop();
    await browser?.close();
    await station?.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  it('goes from the first datagram of a router to an attack on the screen and down to its flows', async (test) => {
    const page = await (
      await browser.newContext({ locale: 'en', extraHTTPHeaders: { authorization: `Bearer ${station.token()}` } })
    ).newPage();
    const noted = watchPage(page, station.http);
    await page.goto(`http://${station.http}/setup`);
    await page.locator('.arriving', { hasText: 'Nothing has arrived yet.' }).waitFor();
    const typed = await page.locator('pre', { hasText: 'flow exporter BONGHWA' }).innerText();
    assert.match(typed, new RegExp(`transport udp ${station.netflowPort}\\b`));
    router = new TestRouter(() => station.netflowPort, SITE);
    await page.locator('.arriving', { hasText: 'have arrived since you opened this page' }).waitFor();

    await page.click('header nav a[href="/"]');
    await page.locator('h1', { hasText: 'All is well' }).waitFor();
    // The browser itself notes when the sentence is there.
    const shown = page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          new MutationObserver(() => {
            if (document.querySelector('h1')?.textContent?.includes('1 attack in progress') === true)
              resolve(Date.now());
          }).observe(document.body, { subtree: true, childList: true, characterData: true });
        }),
    );
    router.flooding = true;
    const opened = await until(10_000, () => station.lines.find(({ msg }) => msg === 'attack opened'));
    const lateMs = (await shown) - Date.parse(String(opened?.time));
    test.diagnostic(`on the screen ${lateMs} ms after the station had logged it`);
    assert.ok(lateMs < ON_SCREEN_MS_MAX, `${lateMs} ms`);

    await page.locator('main table a', { hasText: SITE_TEXT }).first().click();
    await page.locator('h1', { hasText: `SYN flood on ${SITE_TEXT}` }).waitFor();
    await page.locator('.plot canvas').waitFor();
    await page.locator('#flows tbody tr').first().waitFor();
    await page.locator('#flows button', { hasText: 'destination port' }).click();
    await page.locator('#flows button.value', { hasText: '443' }).first().click();
    await page.waitForURL(/filter=dstPort/);
    await page.locator('#flows tbody tr').first().waitFor();
    assert.deepEqual(noted, []);
    await page.context().close();
  });
});

describe('the demo', () => {
  it('sends the sample to a station of its own, says so, and leaves nothing behind', async () => {
    const temporary = mkdtempSync(join(tmpdir(), 'bonghwa-demo-test-'));
    const child = spawn(process.execPath, [BONGHWA, 'demo', '--http', '127.0.0.1:0'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: temporary },
    });
    try {
      let url: string | undefined;
      createInterface({ input: child.stdout }).on('line', (line) => {
        url = /http:\/\/\S+(?=\/)/.exec(line)?.[0] ?? url;
      });
      const at = await until(30_000, () => url);
      const status = await until(10_000, async () => {
        const told = (await (await fetch(`${at}/api/status`)).json()) as StationStatus;
        return told.records > 100 && told.exporters.length > 0 ? told : undefined;
      });
      assert.equal(status?.sample, true);
      assert.equal(status?.exporters[0]?.protocol, 'netflow-v9');
      assert.equal(existsSync(temporary), true);
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      assert.deepEqual(await ended, [0, null]);
    } finally {
      child.kill('SIGKILL');
      rmSync(temporary, { recursive: true, force: true });
    }
  });
});
