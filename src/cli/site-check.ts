import { randomInt } from 'node:crypto';
import { BonghwaError } from '../base/errors.ts';
import { Prober } from '../input/probe/prober.ts';
import type { Site } from '../model/site.ts';
import type { CheckResult } from '../model/vantage.ts';
import type { StationChoice } from './client.ts';
import { EXIT_OK } from './exit.ts';
import { labelled } from './layout.ts';
import { probeSettings } from './probe-settings.ts';
import { renderCheck, renderCheckTitle } from './render-check.ts';
import { withSites } from './site-source.ts';
import { lookOf, paintOf } from './terminal.ts';
import { withoutControls } from './text-width.ts';

export interface SiteCheckOptions extends StationChoice {
  readonly allowPrivate?: boolean;
  readonly retries?: string;
  readonly ca?: string;
  readonly json?: boolean;
}

const SITES_MAX = 20_000;
const DAY_MS = 86_400_000;
/** A certificate that ends within so many days is said. */
const CERTIFICATE_DAYS = 21;
const NOTES_MAX = 200;

/** `bonghwa site check`: the sites once from here, and what the register lacks. */
export async function siteCheckCommand(
  names: readonly string[],
  options: SiteCheckOptions,
  signal: AbortSignal,
): Promise<number> {
  const all = await withSites(options, signal, (source) => source.list({ limit: SITES_MAX }));
  const unknown = names.find((name) => !all.some(({ site }) => site.name === name));
  if (unknown !== undefined)
    throw new BonghwaError('OPTION_INVALID', `no site has the name '${unknown}'`, {
      hint: "'bonghwa site list' lists them.",
    });
  const sites = all.map(({ site }) => site).filter(({ name }) => names.length === 0 || names.includes(name));
  const results = await checkOnce(sites, options);
  const notes = sites.flatMap((site) =>
    notesOf(
      site,
      results.filter((result) => result.site === site.name),
      Date.now(),
    ),
  );
  if (options.json === true) process.stdout.write(`${JSON.stringify({ checks: results, notes })}\n`);
  else show(sites, results, notes);
  return EXIT_OK;
}

async function checkOnce(sites: readonly Site[], options: SiteCheckOptions): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  const prober = new Prober({
    settings: await probeSettings(options, undefined),
    everyMs: 30_000,
    seed: randomInt(2 ** 32),
    onResult: (result) => results.push(result),
  });
  prober.setSites(sites);
  await prober.once();
  prober.stop();
  return results;
}

export interface RegisterNote {
  readonly site: string;
  readonly note: string;
}

/** What is missing or wrong in the register, as far as the checks show. */
function notesOf(site: Site, results: readonly CheckResult[], nowMs: number): RegisterNote[] {
  const notes: string[] = [];
  if (site.urls.length === 0) notes.push('has no URL: nothing is checked');
  if (site.contacts.length === 0) notes.push('has no contact: nobody is to be told');
  if (site.urls.length > 0 && site.expect.contains === undefined)
    notes.push('has no text that its answer must contain: a foreign page with status 200 may pass for it');
  if (site.country === undefined) notes.push('has no country: at home and abroad are not told apart');
  const given = new Set(site.addresses);
  const elsewhere = results.flatMap(({ address, kind }) =>
    address !== undefined && kind === 'http' && given.size > 0 && !given.has(address) ? [address] : [],
  );
  if (elsewhere.length > 0) notes.push(`answers on ${elsewhere[0]} too, which the register does not name`);
  const ends = Math.min(
    ...results.flatMap(({ certificate }) => (certificate ? [Date.parse(certificate.notAfter)] : [])),
  );
  const days = Math.floor((ends - nowMs) / DAY_MS);
  if (days <= CERTIFICATE_DAYS)
    notes.push(days < 0 ? 'has a certificate that has ended' : `has a certificate that ends in ${days} days`);
  return notes.map((note) => ({ site: site.name, note }));
}

function show(sites: readonly Site[], results: readonly CheckResult[], notes: readonly RegisterNote[]): void {
  const look = lookOf(process.stdout, process.env);
  const lines =
    results.length === 0 ? [] : [renderCheckTitle(look), ...results.flatMap((result) => renderCheck(result, look))];
  const bad = new Set(results.filter(({ outcome }) => outcome !== 'ok').map(({ site }) => site));
  lines.push('', `${sites.length} sites, ${results.length} checks; ${bad.size} sites with one that did not end well.`);
  if (notes.length > 0) lines.push('', paintOf(look.colour).bold('What the register lacks'));
  for (const { site, note } of withoutControls(notes.slice(0, NOTES_MAX)))
    lines.push(...labelled('  ', `${site} ${note}`, look.width, 2));
  if (notes.length > NOTES_MAX) lines.push(`  and ${notes.length - NOTES_MAX} more; --json has all of them`);
  process.stdout.write(`${lines.join('\n').replace(/^\n/, '')}\n`);
}
