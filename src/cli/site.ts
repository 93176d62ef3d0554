import { open } from 'node:fs/promises';
import type { SiteImport, SiteView } from '../api/contract/sites.ts';
import { BonghwaError } from '../base/errors.ts';
import { SITE_STATES, type SiteState } from '../model/incident.ts';
import type { Sector } from '../model/site.ts';
import { siteInputSchema } from '../model/site-fields.ts';
import type { StationChoice } from './client.ts';
import { EXIT_FAULT, EXIT_OK } from './exit.ts';
import { renderSiteImport, renderSites } from './render-sites.ts';
import { withSites } from './site-source.ts';
import { lookOf } from './terminal.ts';
import { withoutControls } from './text-width.ts';

export interface SiteListOptions extends StationChoice {
  readonly sector?: Sector;
  readonly state?: string;
  readonly limit?: number;
  readonly json?: boolean;
}

const LIMIT_DEFAULT = 1000;
/** Bytes of a CSV file: as many as the API takes. */
const CSV_BYTES_MAX = 4 << 20;

/** `bonghwa site list`. */
export async function siteListCommand(
  text: string | undefined,
  options: SiteListOptions,
  signal: AbortSignal,
): Promise<number> {
  const { sector, state, limit = LIMIT_DEFAULT } = options;
  const sites = await withSites(options, signal, (source) =>
    source.list({ q: text, sector, state: stateOption(state), limit }),
  );
  if (options.json === true) return write(`${JSON.stringify({ sites })}\n`);
  return write(renderSites(withoutControls(sites) as SiteView[], lookOf(process.stdout, process.env)));
}

export interface SiteAddOptions extends StationChoice {
  readonly url?: readonly string[];
  readonly address?: readonly string[];
  readonly prefix?: readonly string[];
  readonly organisation?: string;
  readonly sector?: string;
  readonly criticality?: string;
  readonly contact?: readonly string[];
  readonly tlp?: string;
  readonly country?: string;
  readonly contains?: string;
  readonly usersDaily?: number;
  readonly json?: boolean;
}

/** `bonghwa site add`. */
export async function siteAddCommand(name: string, options: SiteAddOptions, signal: AbortSignal): Promise<number> {
  const { url, address, prefix, organisation, sector, criticality, contact, tlp, country, contains, usersDaily } =
    options;
  const given = {
    name,
    urls: url,
    addresses: address,
    prefixes: prefix,
    organisation,
    sector,
    criticality,
    contacts: contact,
    tlp,
    country,
    usersDaily,
    expect: contains === undefined ? undefined : { contains },
  };
  const parsed = siteInputSchema.safeParse(given);
  if (!parsed.success)
    throw new BonghwaError(
      'OPTION_INVALID',
      parsed.error.issues.map(({ path, message }) => `${String(path[0] ?? '')}: ${message}`).join('; '),
      { hint: '--help shows what can be given.' },
    );
  const view = await withSites(options, signal, (source) => source.add(parsed.data));
  if (options.json === true) return write(`${JSON.stringify(view)}\n`);
  return write(`${name} is registered.\n`);
}

/** `bonghwa site import`. */
export async function siteImportCommand(
  file: string,
  options: StationChoice & { readonly dryRun?: boolean; readonly json?: boolean },
  signal: AbortSignal,
): Promise<number> {
  const csv = await readCsv(file);
  const done = await withSites(options, signal, (source) => source.import(csv, options.dryRun === true));
  const code = done.faults.length > 0 ? EXIT_FAULT : EXIT_OK;
  if (options.json === true) write(`${JSON.stringify(done)}\n`);
  else told(file, done);
  return code;
}

function told(file: string, done: SiteImport): void {
  const { faults, summary } = renderSiteImport(file, withoutControls(done), lookOf(process.stdout, process.env));
  if (faults !== '') process.stderr.write(faults);
  write(summary);
}

/** `bonghwa site remove`. */
export async function siteRemoveCommand(name: string, options: StationChoice, signal: AbortSignal): Promise<number> {
  await withSites(options, signal, (source) => source.remove(name));
  return write(`${name} is taken off the register.\n`);
}

/** The text of a CSV file. Rejects with FILE_UNREADABLE. */
export async function readCsv(file: string): Promise<string> {
  try {
    const bytes = file === '-' ? await readAll(process.stdin) : await readFileUpTo(file);
    return bytes.toString('utf8');
  } catch (error) {
    if (error instanceof BonghwaError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'there is no such file' : message;
    throw new BonghwaError('FILE_UNREADABLE', `cannot read ${file}: ${reason}`, {
      hint: 'Name a CSV file of sites.',
      cause: error,
    });
  }
}

async function readFileUpTo(file: string): Promise<Buffer> {
  const handle = await open(file, 'r');
  try {
    return await readAll(handle.createReadStream());
  } finally {
    await handle.close();
  }
}

async function readAll(stream: AsyncIterable<Buffer | string>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    const part = Buffer.from(chunk);
    bytes += part.length;
    if (bytes > CSV_BYTES_MAX)
      throw new BonghwaError('FILE_UNREADABLE', 'the file is larger than 4 MiB', { hint: 'Import it in parts.' });
    chunks.push(part);
  }
  return Buffer.concat(chunks);
}

function stateOption(text: string | undefined): SiteState | undefined {
  if (text === undefined) return undefined;
  const state = SITE_STATES.find((known) => known === text);
  if (state !== undefined) return state;
  throw new BonghwaError('OPTION_INVALID', `--state ${text} is none`, {
    hint: `States are ${SITE_STATES.join(', ')}.`,
  });
}

function write(text: string): number {
  process.stdout.write(text);
  return EXIT_OK;
}
