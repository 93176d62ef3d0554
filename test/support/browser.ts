import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';
import { ConsoleSource } from '../../src/station/live/console-source.ts';

const CHROMIUM = '/usr/bin/chromium';

/** Why there is no browser to test with; undefined where there is one. */
export const missingBrowser: string | undefined = existsSync(CHROMIUM) ? undefined : `${CHROMIUM} is not installed`;

/** Debian's chromium, which asks nobody outside for anything. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** The console as it is served, built anew where its sources are newer. */
export async function builtConsole(): Promise<ConsoleSource> {
  const faults: string[] = [];
  const source = new ConsoleSource((level, message, fields) => {
    if (level === 'warn') faults.push(`${message}: ${JSON.stringify(fields)}`);
  });
  await source.settled();
  if (source.look().kind !== 'built' || faults.length > 0)
    throw new Error(faults.join('\n') || 'the console is not built');
  return source;
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface AxeRun {
  readonly axe: {
    run(
      context: Document,
      options: object,
    ): Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }>;
  };
}

const ALL = { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] };
/** What the theme alone decides. */
const COLOURS = { type: 'rule', values: ['color-contrast'] };

/** What of WCAG 2.2 AA a page does not meet, as far as axe can tell; of a second look at the same page its colours alone. */
export async function accessFaults(page: Page, colours = false): Promise<readonly string[]> {
  await page.evaluate(AXE);
  return page.evaluate(
    async (runOnly) => {
      const { axe } = globalThis as unknown as AxeRun;
      const { violations } = await axe.run(document, { runOnly, resultTypes: ['violations'] });
      return violations.flatMap(({ id, nodes }) => nodes.slice(0, 3).map(({ html }) => `${id}: ${html.slice(0, 200)}`));
    },
    colours ? COLOURS : ALL,
  );
}

/** Notes what a page should not do: errors, and requests to anybody but the station. */
export function watchPage(page: Page, station: string): string[] {
  const noted: string[] = [];
  page.on('pageerror', (error) => noted.push(`error: ${error.message}`));
  page.on('console', (message) => {
    // That the station refused something is told by the page itself.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) noted.push(message.text());
  });
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    if (protocol !== 'blob:' && protocol !== 'data:' && host !== station) noted.push(`request to ${request.url()}`);
  });
  return noted;
}
