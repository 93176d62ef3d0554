import { randomInt } from 'node:crypto';
import { createWriteStream, type WriteStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { BonghwaError } from '../base/errors.ts';
import { Prober, type ProbeSite } from '../input/probe/prober.ts';
import { parseSubject } from '../model/check-subject.ts';
import type { Expectation } from '../model/site.ts';
import { siteOf } from '../model/site-fields.ts';
import type { CheckResult } from '../model/vantage.ts';
import { planImport } from '../station/sites/import.ts';
import { loadConfig } from './config-file.ts';
import { EXIT_ATTACK, EXIT_OK } from './exit.ts';
import { type ProbeSettingsOptions, probeSettings, spanOption } from './probe-settings.ts';
import { renderCheck, renderCheckTitle } from './render-check.ts';
import { readCsv } from './site.ts';
import { lookOf } from './terminal.ts';

export interface ProbeCommandOptions extends ProbeSettingsOptions {
  readonly sites?: string;
  readonly every?: string;
  readonly for?: string;
  readonly json?: boolean;
  readonly out?: string;
  readonly contains?: string;
  readonly lacks?: string;
  readonly status?: string;
  readonly fail?: boolean;
  readonly quiet: boolean;
}

/** Shorter pauses are no politeness. */
const EVERY_MS_MIN = 1000;
/** Faults of a CSV file that one message tells. */
const FAULTS_MAX = 100;

/** `bonghwa probe`: checks sites from here, once or over and over. */
export async function probeCommand(
  urls: readonly string[],
  options: ProbeCommandOptions,
  interrupt: AbortSignal,
): Promise<number> {
  const everyMs = options.every === undefined ? undefined : everyOption(options.every);
  const forMs = options.for === undefined ? undefined : spanOption('--for', options.for);
  const sites = [...urls.map((url) => typedSite(url, expectOf(options))), ...(await fileSites(options.sites))];
  if (sites.length === 0)
    throw new BonghwaError('OPTION_INVALID', 'nothing was named to check', {
      hint: 'Give a URL or more, or a register with --sites.',
    });
  const settings = await probeSettings(options, everyMs);
  const out = options.out === undefined ? undefined : await openOut(options.out);
  const shown = new Shown(options, out);
  const prober = new Prober({
    settings,
    everyMs: everyMs ?? EVERY_MS_MIN,
    seed: randomInt(2 ** 32),
    onResult: (result) => shown.take(result),
  });
  prober.setSites(sites);
  if (everyMs === undefined && forMs === undefined) await Promise.race([prober.once(), aborted(interrupt)]);
  else {
    prober.start();
    await sleep(forMs ?? 2 ** 31 - 1, undefined, { signal: interrupt }).catch(() => undefined);
  }
  prober.stop();
  await shown.close();
  const { late } = prober.counts();
  if (late > 0 && !options.quiet)
    process.stderr.write(`bonghwa: ${late} checks were left out, since the one before them still went on.\n`);
  return options.fail === true && shown.bad > 0 ? EXIT_ATTACK : EXIT_OK;
}

function everyOption(text: string): number {
  const everyMs = spanOption('--every', text);
  if (everyMs >= EVERY_MS_MIN) return everyMs;
  throw new BonghwaError('OPTION_INVALID', `--every ${text} is less than a second`, {
    hint: 'Sites are to be left in peace: 30s is usual.',
  });
}

function expectOf({ contains, lacks, status }: ProbeCommandOptions): Expectation {
  const statuses = status?.split(',').map(Number);
  if (statuses?.some((one) => !Number.isInteger(one) || one < 100 || one > 599))
    throw new BonghwaError('OPTION_INVALID', `--status ${status} cannot be`, {
      hint: 'Give statuses of HTTP, such as 200,401.',
    });
  return {
    ...(statuses === undefined ? {} : { statuses }),
    ...(contains === undefined ? {} : { contains }),
    ...(lacks === undefined ? {} : { lacks }),
  };
}

function typedSite(text: string, expect: Expectation): ProbeSite {
  // What people type is a name more often than a URL.
  const url = /^[a-z]+:\/\//i.test(text) ? text : `https://${text}`;
  const parsed = parseSubject(url);
  if (parsed.kind === 'invalid')
    throw new BonghwaError('OPTION_INVALID', `'${text}' cannot be checked: ${parsed.message}`, {
      hint: 'Give a URL such as https://www.example.org.',
    });
  return { name: parsed.subject.host, urls: [url], expect };
}

async function fileSites(file: string | undefined): Promise<readonly ProbeSite[]> {
  if (file === undefined) return [];
  if (/\.csv$/i.test(file)) return csvSites(file);
  const { sites } = await loadConfig(file);
  return sites.map((site) => siteOf(site, 'configuration'));
}

async function csvSites(file: string): Promise<readonly ProbeSite[]> {
  const { faults, sites } = planImport(await readCsv(file), () => undefined);
  if (faults.length === 0) return sites;
  const told = faults.slice(0, FAULTS_MAX).map(({ line, message }) => `${file}:${line}: ${message}`);
  throw new BonghwaError('FILE_UNREADABLE', told.join('\n         '), {
    hint: `Correct ${faults.length === 1 ? 'this line' : 'these lines'}.`,
  });
}

/** Where results go: the terminal, lines of JSON, a file. */
class Shown {
  bad = 0;
  readonly #json: boolean;
  readonly #out: WriteStream | undefined;
  readonly #look = lookOf(process.stdout, process.env);
  #titled = false;

  constructor(options: ProbeCommandOptions, out: WriteStream | undefined) {
    this.#json = options.json === true;
    this.#out = out;
  }

  take(result: CheckResult): void {
    if (result.outcome !== 'ok') this.bad++;
    const line = `${JSON.stringify(result)}\n`;
    this.#out?.write(line);
    if (this.#json) process.stdout.write(line);
    else {
      const title = this.#titled ? [] : [renderCheckTitle(this.#look)];
      this.#titled = true;
      process.stdout.write(`${[...title, ...renderCheck(result, this.#look)].join('\n')}\n`);
    }
  }

  async close(): Promise<void> {
    const out = this.#out;
    if (out !== undefined) await new Promise<void>((resolve) => out.end(resolve));
  }
}

function openOut(file: string): Promise<WriteStream> {
  const stream = createWriteStream(file, { flags: 'a' });
  return new Promise((resolve, reject) => {
    stream.once('open', () => resolve(stream));
    stream.once('error', (error) =>
      reject(
        new BonghwaError('FILE_UNWRITABLE', `cannot write ${file}: ${error.message}`, {
          hint: 'Name a file that may be written.',
          cause: error,
        }),
      ),
    );
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
