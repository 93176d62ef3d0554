/**
 * `node scripts/screenshots.ts [PAGE …]`: the pictures of docs/console.md, taken of the recorded sample in the console. Needs /usr/bin/chromium, and
 * ImageMagick to make them small. Takes three minutes: the samples are replayed at their own pace.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const TOP = fileURLToPath(new URL('..', import.meta.url));
const PICTURES = join(TOP, 'docs/console');
const WAIT_MS_MAX = 150_000;
/** What a page asks for is there by then, ms. */
const SETTLE_MS = 4000;
/** What a site that is out has cost is shown when it has been out for a while, ms. */
const GROWN_MS = 40_000;

interface Picture {
  readonly name: string;
  /** `{attack}` and `{incident}` are those of the sample. */
  readonly path: string;
  readonly width: number;
  readonly height: number;
  readonly colorScheme: 'light' | 'dark';
  readonly locale: string;
}

const WIDE = { width: 1280, height: 800, colorScheme: 'light', locale: 'en' } as const;
const PICTURE_LIST: readonly Picture[] = [
  { name: 'now', path: '/', ...WIDE },
  { name: 'attack', path: '/attacks/{attack}', ...WIDE, height: 1000 },
  { name: 'attack-uk-dark', path: '/attacks/{attack}', ...WIDE, height: 1000, colorScheme: 'dark', locale: 'uk' },
  { name: 'now-ko-narrow', path: '/', width: 390, height: 780, colorScheme: 'dark', locale: 'ko' },
  { name: 'incident', path: '/incidents/{incident}', ...WIDE, height: 1150 },
  { name: 'setup', path: '/setup', ...WIDE },
];

async function ask<T>(url: string): Promise<T> {
  return (await (await fetch(url)).json()) as T;
}

/** The incident with the outage, once it has lasted, and the attack behind it. */
async function outage(station: string): Promise<{ attack: string; incident: string }> {
  for (const endMs = Date.now() + WAIT_MS_MAX; Date.now() < endMs; await sleep(500)) {
    const { incidents } = await ask<{ incidents?: { id: string; damage: string; sites: string[] }[] }>(
      `${station}/api/incidents`,
    );
    const found = incidents?.find(({ damage }) => damage >= 'D2');
    if (found === undefined) continue;
    await sleep(GROWN_MS);
    const { attacks } = await ask<{ attacks: { id: string }[] }>(`${station}/api/attacks?target=${found.sites[0]}`);
    return { attack: attacks[0].id, incident: found.id };
  }
  throw new Error('no outage was seen in the sample');
}

const wanted = process.argv.slice(2);
const demo = spawn(process.execPath, [join(TOP, 'bin/bonghwa.js'), 'demo', '--http', '127.0.0.1:0'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
try {
  const station = await new Promise<string>((resolve, reject) => {
    demo.on('exit', () => reject(new Error('the demo ended')));
    createInterface({ input: demo.stdout }).on('line', (line) => {
      const found = /http:\/\/\S+(?=\/)/.exec(line);
      if (found !== null) resolve(found[0]);
    });
  });
  mkdirSync(PICTURES, { recursive: true });
  const ids = await outage(station);
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
  });
  for (const { name, path, width, height, colorScheme, locale } of PICTURE_LIST) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const viewport = { width, height };
    const context = await browser.newContext({ viewport, colorScheme, locale, timezoneId: 'Asia/Seoul' });
    const page = await context.newPage();
    await page.goto(station + path.replace('{attack}', ids.attack).replace('{incident}', ids.incident));
    await page.waitForSelector('main h1', { timeout: WAIT_MS_MAX });
    await sleep(SETTLE_MS);
    const file = join(PICTURES, `${name}.png`);
    await page.screenshot({ path: file });
    execFileSync('convert', [
      file,
      '+dither',
      '-colors',
      '96',
      '-define',
      'png:compression-level=9',
      '-strip',
      `PNG8:${file}`,
    ]);
    await context.close();
  }
  await browser.close();
} finally {
  demo.kill('SIGTERM');
}
