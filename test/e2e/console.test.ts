import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import type { FlowsQuery } from '../../src/store/telemetry/flows-query.ts';
import type { RequestsQuery } from '../../src/store/telemetry/requests-query.ts';
import { accessFaults, builtConsole, missingBrowser, startBrowser, watchPage } from '../support/browser.ts';
import { ConsoleStation } from '../support/console-station.ts';
import { until } from '../support/station.ts';

const SITES = 60;
/** What a page asks for has come by then, ms. */
const SETTLE_MS = 200;
/** After this a page that hears nothing says so, ms. */
const LOST_MS = 8000;
const WIDE = { width: 1440, height: 900 };
const NARROW = { width: 360, height: 780 };
const LOOK = { viewport: WIDE, locale: 'en', timezoneId: 'Asia/Seoul' } as const;

describe('the console in a browser', { skip: missingBrowser }, () => {
  let browser: Browser;
  let shown: ConsoleStation;
  /** Most tests change nothing that a browser keeps, and share what it has loaded. */
  let shared: BrowserContext;

  before(async () => {
    const source = await builtConsole();
    shown = new ConsoleStation(source.files, SITES);
    await shown.start();
    browser = await startBrowser();
    shared = await browser.newContext(LOOK);
  });
  after(async () => {
    await browser?.close();
    await shown?.stop();
  });

  async function open(path: string, options?: BrowserContextOptions): Promise<{ page: Page; noted: string[] }> {
    const context = options === undefined ? shared : await browser.newContext({ ...LOOK, ...options });
    const page = await context.newPage();
    const noted = watchPage(page, shown.host);
    await page.goto(`http://${shown.host}${path}`);
    await page.waitForSelector('main h1');
    return { page, noted };
  }
  const site = (): string => encodeURIComponent([...shown.ports.register.keys()][1]);
  const paths = (): readonly string[] => [
    '/',
    '/attacks',
    '/attacks/a1',
    '/attacks/w1',
    '/incidents',
    '/incidents/i1',
    '/sites?add=1',
    '/vantages',
    `/sites/${site()}`,
    '/exporters',
    '/settings',
    '/setup',
    '/setup?source=log',
    '/sign-in',
    '/docs/docs/exporters.md',
    '/docs/docs/api.md?q=SYN',
    '/attacks/none',
    '/sites/%E0%A4%A',
  ];

  /** An address that somebody was sent. */
  const opened = async (page: Page, path: string): Promise<void> => {
    await page.goto(`http://${shown.host}${path}`);
  };
  /** A link of the console, which loads nothing anew. */
  const followed = async (page: Page, path: string): Promise<void> => {
    await page.evaluate((href) => {
      const link = document.createElement('a');
      link.href = href;
      document.body.append(link);
      link.click();
      link.remove();
    }, path);
    await page.waitForURL((url) => url.pathname + url.search === path);
  };

  /** Pages that hold every part between them: of the second look they say whether its colours can be read. */
  const TELLING = /^\/($|attacks\/w1|incidents\/i1|sites\?add|settings|setup$|docs\/docs\/api)/;
  async function walk(options: BrowserContextOptions, judged: RegExp, go: typeof followed): Promise<void> {
    const { page, noted } = await open('/', options);
    for (const path of paths()) {
      const where = `${path} in ${options.locale ?? 'en'}`;
      await go(page, path);
      await page.waitForSelector('main h1');
      await page.waitForTimeout(SETTLE_MS);
      if (judged.test(path))
        assert.deepEqual(await accessFaults(page, options.colorScheme === 'dark'), [], `${where}: axe`);
      const told = await page.evaluate(() => ({
        pwned: 'pwned' in globalThis,
        tooWide: document.documentElement.scrollWidth - innerWidth,
        foreign: document.querySelectorAll('main iframe, main img, main script, main a[href^="javascript:"]').length,
      }));
      assert.deepEqual(told, { pwned: false, tooWide: 0, foreign: 0 }, where);
      assert.deepEqual(noted, [], where);
    }
    await page.context().close();
  }

  it('shows every page, wide and light, narrow, dark and in Korean, and narrow in Ukrainian: nothing that axe finds, no error, no request elsewhere, nothing too wide, hostile text as text', async () => {
    await Promise.all([
      walk({ viewport: WIDE, colorScheme: 'light' }, /^/, opened),
      walk({ viewport: NARROW, colorScheme: 'dark', locale: 'ko' }, TELLING, followed),
      // The longest words.
      walk({ viewport: NARROW, colorScheme: 'light', locale: 'uk' }, /^$/, followed),
    ]);
  });

  it('says in one sentence what is wrong, in three languages, and keeps the one that was chosen', async () => {
    const { page } = await open('/', {});
    const sentence = (): Promise<string> => page.locator('h1').innerText();
    assert.match(await sentence(), /^3 of 60 sites out, 3 attacks in progress, since \d\d:\d\d$/);
    const choose = async (language: string): Promise<void> => {
      await page.selectOption('header select', language);
      await page.waitForFunction((chosen) => document.documentElement.lang === chosen, language);
    };
    await choose('uk');
    assert.match(await sentence(), /^Недоступно 3 з 60 сайтів, тривають 3 атаки, від \d\d:\d\d$/);
    await choose('ko');
    assert.match(await sentence(), /^사이트 60곳 중 3곳 중단, 공격 3건 진행 중, \d\d:\d\d부터$/);
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).wordBreak), 'keep-all');
    await page.reload();
    await page.waitForFunction(() => document.documentElement.lang === 'ko');
    await page.context().close();
  });

  it('changes its colours with the system and by hand', async () => {
    const { page } = await open('/', { colorScheme: 'dark' });
    const ground = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await ground();
    const theme = page.locator('header .icon').first();
    await theme.click();
    const light = await ground();
    assert.notEqual(light, dark);
    await theme.click();
    assert.equal(await ground(), dark);
    await page.context().close();
  });

  it('is gone through with keys, and every view has its address', async () => {
    const { page } = await open('/attacks');
    await page.waitForSelector('tr.row');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/attacks/a2');
    await page.keyboard.press('?');
    await page.waitForSelector('dialog[open]');
    await page.keyboard.press('Escape');
    await page.keyboard.press('/');
    await page.keyboard.type('www-20');
    await page.waitForSelector('dialog li a');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/sites/www-20');
    await page.goBack();
    await page.waitForURL('**/attacks/a2');
    await page.close();
  });

  it('goes from an attack to its flows: a value pressed becomes a filter in the address, and rows a file', async () => {
    const { page } = await open('/attacks/w1?top=srcAsn');
    await page.locator('#flows button.value', { hasText: 'AS64500' }).click();
    await page.waitForURL('**filter=srcAsn*64500*');
    const asked = await until(3000, () =>
      shown.station.asked.find((query): query is FlowsQuery => 'srcAsn' in query && query.srcAsn === 64_500),
    );
    assert.equal(asked?.attackId, 'w1');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.locator('#flows button', { hasText: 'CSV' }).click(),
    ]);
    assert.match(
      readFileSync(await download.path(), 'utf8'),
      /^srcAsn,packets,bytes,flows,share,error\r\n64500,1000000,/,
    );
    await page.close();
  });

  it('goes from an attack in a log to its lines: a value pressed becomes a filter in the address, and rows a file', async () => {
    const { page } = await open('/attacks/w1');
    const requests = page.locator('#requests');
    await requests.locator('button.value', { hasText: '503' }).first().click();
    await page.waitForURL('**requests=*503*');
    await requests.locator('.chosen', { hasText: 'client' }).first().click();
    await page.waitForURL('**group=client*');
    const asked = await until(3000, () =>
      shown.station.asked.find(
        (query): query is RequestsQuery => 'userAgent' in query || ('status' in query && query.top.length > 0),
      ),
    );
    assert.deepEqual([asked?.attackId, asked?.status, asked?.top], ['w1', ['503'], ['client']]);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      requests.locator('button', { hasText: 'CSV' }).click(),
    ]);
    assert.match(
      readFileSync(await download.path(), 'utf8'),
      /^client,requests,bytes,share,error\r\n203\.0\.113\.9,60,/,
    );
    await requests.locator('.conditions button').click();
    await page.waitForURL((url) => !url.search.includes('requests='));
    await page.close();
  });

  it('tells two people who change the same incident', async () => {
    const [one, two] = [await open('/incidents/i1'), await open('/incidents/i1')];
    // The second one does not look again in between.
    await two.page.route('**/api/incidents/i1', (route) =>
      route.request().method() === 'GET' ? route.abort() : route.continue(),
    );
    const severity = (page: Page): ReturnType<Page['locator']> => page.locator('main .bar select').nth(1);
    await severity(one.page).selectOption('low');
    await until(3000, () => (shown.ports.kept.get('i1')?.severity === 'low' ? true : undefined));
    await severity(two.page).selectOption('critical');
    await two.page.locator('[role=alert]', { hasText: 'Somebody else changed this incident' }).waitFor();
    assert.equal(shown.ports.kept.get('i1')?.severity, 'low');
    await one.page.close();
    await two.page.close();
  });

  it('splits an incident in two, and makes one of two', async () => {
    const { page } = await open('/incidents/i1');
    await page.locator('summary', { hasText: 'Merge or split' }).click();
    await page.locator('fieldset', { hasText: 'Outages' }).locator('input').check();
    await page.fill('#split-title', 'the court alone');
    await page.locator('button', { hasText: 'Split off' }).click();
    await page.waitForURL('**/incidents/i99');
    const apart = shown.ports.kept.get('i99');
    assert.deepEqual([apart?.outages, apart?.attacks, apart?.splitFrom], [['o1'], [], 'i1']);
    await page.locator('summary', { hasText: 'Merge or split' }).click();
    await page.selectOption('#merge-into', 'i1');
    await page.locator('button', { hasText: /^Merge$/ }).click();
    await page.waitForURL('**/incidents/i1');
    assert.equal(shown.ports.kept.get('i99')?.mergedInto, 'i1');
    shown.ports.kept.delete('i99');
    await page.close();
  });

  it('prints an incident on A4 with all columns of its table, and nothing to press', async () => {
    const { page } = await open('/incidents/i1', { viewport: { width: 672, height: 950 }, locale: 'uk' });
    await page.emulateMedia({ media: 'print' });
    const told = await page.evaluate(() => ({
      tooWide: document.documentElement.scrollWidth - innerWidth,
      buttons: [...document.querySelectorAll('button')].filter((button) => button.checkVisibility()).length,
      signature: document.querySelector('.paper')?.checkVisibility(),
    }));
    assert.deepEqual(told, { tooWide: 0, buttons: 0, signature: true });
    await page.context().close();
  });

  it('takes on a vantage, shows its key once, and lets it go at the second word', async () => {
    const { page } = await open('/vantages');
    await page.fill('#vantage-name', 'berlin');
    await page.fill('#vantage-country', 'de');
    await page.locator('form button.main').click();
    await page.locator('pre', { hasText: 'told once' }).waitFor();
    assert.deepEqual(shown.ports.probes.get('berlin'), { name: 'berlin', country: 'DE' });
    const row = page.locator('tr.row', { hasText: 'berlin' });
    await row.locator('button', { hasText: 'Let it go' }).click();
    assert.ok(shown.ports.probes.has('berlin'));
    await row.locator('button', { hasText: 'Press again' }).click();
    await row.waitFor({ state: 'detached' });
    assert.equal(shown.ports.probes.size, 0);
    await page.close();
  });

  it('says how a log comes to the station', async () => {
    const { page } = await open('/setup');
    await page.locator('button', { hasText: 'A log of a web server' }).click();
    await page.waitForURL('**source=log');
    await page.locator('pre', { hasText: 'inputs:' }).waitFor();
    await page
      .locator('label', { hasText: 'where the log is' })
      .locator('select')
      .selectOption({ label: 'nginx on another machine' });
    await page.locator('pre', { hasText: `server=127.0.0.1:5514` }).waitFor();
    await page.close();
  });

  it('adds a site, and says beside the field what is missing', async () => {
    const { page } = await open('/setup');
    await page.locator('form button.main').click();
    await page.locator('#site-urls-hint', { hasText: 'A URL or an address is needed.' }).waitFor();
    await page.fill('#site-name', 'www.new.example');
    await page.fill('#site-urls', 'https://www.new.example/');
    await page.locator('form button.main').click();
    await page.locator('[role=status]', { hasText: 'www.new.example is registered.' }).waitFor();
    assert.deepEqual(shown.ports.register.get('www.new.example')?.site.urls, ['https://www.new.example/']);
    shown.ports.register.delete('www.new.example');
    await page.close();
  });

  it('says that the connection is lost and how old what it shows is, and heals by itself', async () => {
    const { page } = await open('/');
    const before = await page.locator('h1').innerText();
    await shown.stop();
    // The page waits for a word for seven seconds: by its clock, which need not be ours.
    await page.clock.install();
    await page.clock.fastForward(LOST_MS);
    await page.locator('.line.lost').waitFor({ timeout: 12_000 });
    assert.match(
      await page.locator('.line.lost').innerText(),
      /The connection was lost \d+ sec ago\. What you see is from/,
    );
    assert.equal(await page.locator('h1').innerText(), before);
    await shown.start();
    await page.locator('.line.lost').waitFor({ state: 'detached', timeout: 12_000 });
    await page.close();
  });
});
