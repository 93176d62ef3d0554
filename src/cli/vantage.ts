import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import { BonghwaError } from '../base/errors.ts';
import { Prober } from '../input/probe/prober.ts';
import { VantageLink } from '../station/sites/vantage-link.ts';
import { parseVantageKey, type VantageKey, type VantageSites } from '../station/sites/vantage-protocol.ts';
import { EXIT_OK } from './exit.ts';
import { type ProbeSettingsOptions, probeSettings } from './probe-settings.ts';

export interface VantageCommandOptions extends ProbeSettingsOptions {
  readonly station?: string;
  readonly key?: string;
  readonly name?: string;
}

/** How often the list of sites is asked for, and results are reported, ms. */
const SITES_MS = 30_000;
const REPORT_MS = 1000;
/** A station that is away is tried again after this, and after twice as long each time, ms. */
const AWAY_MS = 1000;
const AWAY_MS_MAX = 30_000;
const STOP_MS = 3000;

/** `bonghwa vantage`: checks the sites of a station from here until it is told to stop. */
export async function vantageCommand(options: VantageCommandOptions, interrupt: AbortSignal): Promise<number> {
  const link = new VantageLink(stationOption(options.station), await keyOption(options.key));
  const logger = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime, level: 'info' }, pino.destination(2));
  const stop = stopSignal(interrupt);
  const first = await firstSites(link, logger, stop);
  if (first === undefined) return EXIT_OK;
  if (options.name !== undefined && options.name !== first.vantage)
    throw new BonghwaError('OPTION_INVALID', `the key is that of '${first.vantage}', not of '${options.name}'`, {
      hint: 'Name the right one, or leave --name out.',
    });
  const everyMs = first.everySeconds * 1000;
  const settings = await probeSettings({ ...options, vantage: first.vantage }, everyMs);
  const prober = new Prober({ settings, everyMs, seed: randomInt(2 ** 32), onResult: (result) => link.add(result) });
  prober.setSites(first.sites);
  prober.start();
  logger.info({ vantage: first.vantage, sites: first.sites.length, everySeconds: first.everySeconds }, 'ready');
  await Promise.all([
    repeat(
      SITES_MS,
      stop,
      async () => {
        const sites = await link.sites();
        if (sites === undefined) return;
        prober.setSites(sites.sites);
        logger.info({ sites: sites.sites.length }, 'list of sites');
      },
      logger,
    ),
    repeat(REPORT_MS, stop, () => link.deliver(), logger),
  ]);
  prober.stop();
  await Promise.race([link.deliver().catch(() => undefined), sleep(STOP_MS)]);
  const { delivered, refused, dropped, waiting } = link;
  logger.info({ delivered, refused, dropped, waiting }, 'stopped');
  return EXIT_OK;
}

/** Asks until the station answers. A key that it does not know, or a certificate that is another, is told at once. */
async function firstSites(
  link: VantageLink,
  logger: pino.Logger,
  stop: AbortSignal,
): Promise<VantageSites | undefined> {
  for (let awayMs = AWAY_MS; !stop.aborted; awayMs = Math.min(AWAY_MS_MAX, 2 * awayMs)) {
    try {
      return await link.sites();
    } catch (error) {
      const { code, message } = error as BonghwaError;
      if (code === 'STATION_REFUSED' || /certificate/.test(message)) throw error;
      logger.warn({ fault: message }, 'the station is away');
    }
    await sleep(awayMs, undefined, { signal: stop }).catch(() => undefined);
  }
  return undefined;
}

/** Works again and again; a station that is away is told once, and asked less often. */
async function repeat(
  everyMs: number,
  stop: AbortSignal,
  work: () => Promise<void>,
  logger: pino.Logger,
): Promise<void> {
  let awayMs = 0;
  while (!stop.aborted) {
    await sleep(Math.max(everyMs, awayMs), undefined, { signal: stop }).catch(() => undefined);
    if (stop.aborted) return;
    try {
      await work();
      if (awayMs > 0) logger.info('the station is back');
      awayMs = 0;
    } catch (error) {
      if (awayMs === 0) logger.warn({ fault: (error as Error).message }, 'the station is away');
      awayMs = Math.min(AWAY_MS_MAX, Math.max(AWAY_MS, 2 * awayMs));
    }
  }
}

function stationOption(text: string | undefined): string {
  if (text !== undefined && URL.canParse(text) && new URL(text).protocol === 'https:') return text;
  throw new BonghwaError(
    'OPTION_INVALID',
    text === undefined ? 'no station was named' : `--station ${text} is no https URL`,
    {
      hint: 'Give --station https://HOST:PORT, where PORT is that of inputs.vantages.',
    },
  );
}

async function keyOption(file: string | undefined): Promise<VantageKey> {
  if (file === undefined)
    throw new BonghwaError('OPTION_INVALID', 'no key was given', {
      hint: "Give --key FILE; 'bonghwa vantage add NAME' on the station makes one.",
    });
  let text: string;
  try {
    text = await readFile(file === '-' ? '/dev/stdin' : file, 'utf8');
  } catch (error) {
    throw new BonghwaError('FILE_UNREADABLE', `cannot read the key ${file}: ${(error as Error).message}`, {
      hint: 'Name the file that holds it.',
      cause: error,
    });
  }
  const key = parseVantageKey(text);
  if (key !== undefined) return key;
  throw new BonghwaError('FILE_UNREADABLE', `${file} holds no key of a vantage`, {
    hint: "'bonghwa vantage add NAME' on the station prints one.",
  });
}

function stopSignal(interrupt: AbortSignal): AbortSignal {
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  return AbortSignal.any([interrupt, stop.signal]);
}
