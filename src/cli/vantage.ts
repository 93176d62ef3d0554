import { createHash, randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import { BonghwaError } from '../base/errors.ts';
import { Prober } from '../input/probe/prober.ts';
import { SitesFile } from '../station/sites/sites-file.ts';
import { VantageLink } from '../station/sites/vantage-link.ts';
import { parseVantageKey, type VantageKey, type VantageSites } from '../station/sites/vantage-protocol.ts';
import { WaitingFile } from '../station/sites/waiting-file.ts';
import { lockDirectory } from '../store/lock.ts';
import { EXIT_OK } from './exit.ts';
import { type ProbeSettingsOptions, probeSettings } from './probe-settings.ts';

export interface VantageCommandOptions extends ProbeSettingsOptions {
  readonly station?: string;
  readonly key?: string;
  readonly name?: string;
  readonly data?: string;
}

/** Where the list of sites is kept, and what waits for the station. */
const DATA_DEFAULT = './bonghwa-vantage';

/** How often the list of sites is asked for, and results are reported, ms. */
const SITES_MS = 30_000;
const REPORT_MS = 1000;
/** A station that is away is tried again after this, and after twice as long each time, ms. */
const AWAY_MS = 1000;
const AWAY_MS_MAX = 30_000;
const STOP_MS = 3000;

/** `bonghwa vantage`: checks the sites of a station from here until it is told to stop. */
export async function vantageCommand(options: VantageCommandOptions, interrupt: AbortSignal): Promise<number> {
  const key = await keyOption(options.key);
  const station = stationOption(options.station);
  const directory = options.data ?? DATA_DEFAULT;
  const lock = await lockDirectory(directory, { pid: process.pid });
  try {
    return await new VantageRun({ ...options, directory, station, key }, stopSignal(interrupt)).run();
  } finally {
    await lock.release();
  }
}

interface VantageRunOptions extends ProbeSettingsOptions {
  readonly directory: string;
  readonly station: string;
  readonly key: VantageKey;
  readonly name?: string;
}

/** A vantage at work. */
class VantageRun {
  readonly #options: VantageRunOptions;
  readonly #stop: AbortSignal;
  readonly #logger = pino(
    { base: null, timestamp: pino.stdTimeFunctions.isoTime, level: 'info' },
    pino.destination({ dest: 2, sync: true }),
  );
  readonly #link: VantageLink;
  readonly #sitesFile: SitesFile;
  #prober: Prober | undefined;
  #everySeconds = 0;

  constructor(options: VantageRunOptions, stop: AbortSignal) {
    this.#options = options;
    this.#stop = stop;
    const { directory, station, key } = options;
    // The files of another key are not this one's to tell.
    const owner = createHash('sha256').update(key.key).digest('hex').slice(0, 16);
    const file = new WaitingFile(join(directory, 'waiting.ndjson'), owner);
    const onProblem = (error: Error): void =>
      this.#logger.warn({ fault: error.message }, 'results wait in memory alone');
    this.#link = new VantageLink(station, key, { file, onProblem });
    this.#sitesFile = new SitesFile(join(directory, 'sites.json'), owner);
  }

  async run(): Promise<number> {
    const first = await this.#first();
    if (first === undefined) return EXIT_OK;
    const { name } = this.#options;
    if (name !== undefined && name !== first.vantage)
      throw new BonghwaError('OPTION_INVALID', `the key is that of '${first.vantage}', not of '${name}'`, {
        hint: 'Name the right one, or leave --name out.',
      });
    await this.#probe(first);
    const { vantage, sites, everySeconds } = first;
    this.#logger.info({ vantage, sites: sites.length, everySeconds, waiting: this.#link.waiting }, 'ready');
    await Promise.all([
      repeat(SITES_MS, this.#stop, () => this.#look(), this.#logger),
      repeat(REPORT_MS, this.#stop, () => this.#link.deliver(), this.#logger),
    ]);
    this.#prober?.stop();
    await Promise.race([this.#link.deliver().catch(() => undefined), sleep(STOP_MS, undefined, { ref: false })]);
    // Whoever starts again goes on with it.
    this.#link.keep();
    const { delivered, refused, dropped, waiting } = this.#link;
    this.#logger.info({ delivered, refused, dropped, waiting }, 'stopped');
    return EXIT_OK;
  }

  /** The sites: as the station tells them, or, where it is away, as it told them last. A key that it does not know is told at once. */
  async #first(): Promise<VantageSites | undefined> {
    for (let awayMs = AWAY_MS; !this.#stop.aborted; awayMs = Math.min(AWAY_MS_MAX, 2 * awayMs)) {
      try {
        const sites = await this.#link.sites();
        if (sites !== undefined) this.#keepSites(sites);
        return sites;
      } catch (error) {
        const { code, message } = error as BonghwaError;
        if (code === 'STATION_REFUSED' || /certificate/.test(message)) throw error;
        const known = this.#sitesFile.read();
        this.#logger.warn({ fault: message, known: known?.sites.length ?? 0 }, 'the station is away');
        if (known !== undefined) return known;
      }
      await sleep(awayMs, undefined, { signal: this.#stop }).catch(() => undefined);
    }
    return undefined;
  }

  async #look(): Promise<void> {
    const sites = await this.#link.sites();
    if (sites === undefined) return;
    this.#keepSites(sites);
    await this.#probe(sites);
    this.#logger.info({ sites: sites.sites.length, everySeconds: sites.everySeconds }, 'list of sites');
  }

  #keepSites(sites: VantageSites): void {
    try {
      this.#sitesFile.write(sites);
    } catch (error) {
      this.#logger.warn({ fault: (error as Error).message }, 'the list of sites cannot be kept');
    }
  }

  /** Checks these sites from now on, as often as the station says. */
  async #probe({ vantage, everySeconds, sites }: VantageSites): Promise<void> {
    if (this.#prober === undefined || everySeconds !== this.#everySeconds) {
      this.#prober?.stop();
      this.#everySeconds = everySeconds;
      const everyMs = everySeconds * 1000;
      const settings = await probeSettings({ ...this.#options, vantage }, everyMs);
      const seed = randomInt(2 ** 32);
      this.#prober = new Prober({ settings, everyMs, seed, onResult: (result) => this.#link.add(result) });
      if (!this.#stop.aborted) this.#prober.start();
    }
    this.#prober.setSites(sites);
  }
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
