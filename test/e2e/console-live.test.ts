import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import type { Setup } from '../../src/api/contract/notifications.ts';
import type { SiteStates } from '../../src/api/contract/sites.ts';
import type { StationStatus } from '../../src/model/station-view.ts';
import { accessFaults, builtConsole, missingBrowser, startBrowser, watchPage } from '../support/browser.ts';
import { StationProcess, TestRouter, until } from '../support/station.ts';

const SITE = 0xc633640a;
const SITE_TEXT = '198.51.100.10';
/** The address, or the site that was registered with it. */
const TARGET = /198\.51\.100\.10|www\.ministry\.example/;
const EMAIL = 'duty@ministry.example';
const PASSWORD = 'a beacon on every hill';
const BONGHWA = fileURLToPath(new URL('../../bin/bonghwa.js', import.meta.url));
/** What the issue asks for, ms; on a machine that does much else at once a test allows more. */
const ON_SCREEN_MS_MAX = 3000;
/** A station is wholly there by then, also where much else runs at once, ms. */
const STARTED_MS_MAX = 45_000;

describe('a station in the console', { skip: missingBrowser }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'bonghwa-console-live-'));
  let browser: Browser;
  let station: StationProcess;
  let router: TestRouter | undefined;
  const syslog = createSocket('udp4');
  const syslogPort = async (): Promise<number> => {
    syslog.bind(0, '127.0.0.1');
    await once(syslog, 'listening');
    return syslog.address().port;
  };

  before(async () => {
    await builtConsole();
    station = await StationProcess.start(['--network', '198.51.100.0/24', '--data', join(folder, 'data')]);
    browser = await startBrowser();
  });
  after(async () => {
    router?.stop();
    syslog.close();
    await browser?.close();
    await station?.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  it('goes from the first datagram of a router to an attack on the screen and down to its flows', async (test) => {
    const page = await (
      await browser.newContext({ locale: 'en', extraHTTPHeaders: { authorization: `Bearer ${station.token()}` } })
    ).newPage();
    const noted = watchPage(page, station.http);

    // The first account is made by the link of the log.
    const link = await until(STARTED_MS_MAX, () => station.lines.find(({ url }) => typeof url === 'string'));
    await page.goto(String(link?.url));
    await page.fill('[name=name]', 'Duty Officer');
    await page.fill('[name=email]', EMAIL);
    await page.fill('[name=password]', PASSWORD);
    await page.click('#do');
    await page.waitForURL(`http://${station.http}/`);
    await page.locator('h1', { hasText: 'All is well' }).waitFor();

    // A site, somebody who is told, and a router.
    await page.goto(`http://${station.http}/setup`);
    await page.fill('#site-name', 'www.ministry.example');
    await page.fill('#site-addresses', SITE_TEXT);
    await page.locator('form button.main', { hasText: 'Add a site' }).click();
    await page.locator('[role=status]', { hasText: 'www.ministry.example is registered.' }).waitFor();
    await page.locator('summary', { hasText: 'Tell somebody' }).click();
    await page.fill('#receiver-name', 'duty');
    await page.selectOption('#receiver-kind', 'syslog');
    await page.fill('#receiver-url', `udp://127.0.0.1:${await syslogPort()}`);
    await page.locator('form button.main', { hasText: 'Save' }).click();
    await page.locator('[role=status]', { hasText: 'duty is told from now on.' }).waitFor();
    await page.locator('button', { hasText: 'Send a test' }).click();
    await page.locator('[role=status]', { hasText: 'The test reached duty' }).waitFor();
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

    await page.locator('main table a', { hasText: TARGET }).first().click();
    await page.locator('h1', { hasText: TARGET }).waitFor();
    await page.locator('.plot canvas').waitFor();
    await page.locator('#flows tbody tr').first().waitFor();
    await page.locator('#flows button', { hasText: 'destination port' }).click();
    await page.locator('#flows button.value', { hasText: '443' }).first().click();
    await page.waitForURL(/filter=dstPort/);
    await page.locator('#flows tbody tr').first().waitFor();

    // Out, and in again.
    await page.goto(`http://${station.http}/settings`);
    await page.locator('h2', { hasText: 'Who did what' }).waitFor();
    assert.deepEqual(await accessFaults(page), [], 'axe');
    await page.locator('button', { hasText: 'Sign out' }).click();
    await page.locator('h1', { hasText: 'Sign in' }).waitFor();
    await page.fill('#email', EMAIL);
    await page.fill('#password', 'not the password');
    await page.locator('form button.main').click();
    await page.locator('[role=alert]', { hasText: 'do not belong together' }).waitFor();
    await page.fill('#password', PASSWORD);
    await page.locator('form button.main').click();
    await page.locator('h1', { hasText: 'Settings' }).waitFor();
    await page.locator('h2', { hasText: 'Who did what' }).waitFor();
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
      const at = await until(STARTED_MS_MAX, () => url);
      const status = await until(STARTED_MS_MAX, async () => {
        const told = (await (await fetch(`${at}/api/status`)).json()) as StationStatus;
        return told.records > 100 && told.exporters.length > 0 ? told : undefined;
      });
      assert.equal(status?.sample, true);
      assert.equal(status?.exporters[0]?.protocol, 'netflow-v9');
      assert.equal(existsSync(temporary), true);
      // The second recording: what vantages and the log say of the ministry.
      const seen = await until(STARTED_MS_MAX, async () => {
        const { sites } = (await (await fetch(`${at}/api/states`)).json()) as SiteStates;
        return sites.find(({ name, state }) => name === 'www.ministry.example' && state !== 'unknown');
      });
      assert.ok(seen !== undefined);
      const arriving = await until(STARTED_MS_MAX, async () => {
        const setup = (await (await fetch(`${at}/api/setup`)).json()) as Setup;
        return (setup.arriving.requests ?? 0) > 500 ? setup.arriving : undefined;
      });
      assert.deepEqual(arriving?.linesRefused, {});
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      assert.deepEqual(await ended, [0, null]);
    } finally {
      child.kill('SIGKILL');
      rmSync(temporary, { recursive: true, force: true });
    }
  });
});
