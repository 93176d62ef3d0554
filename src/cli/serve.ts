import { existsSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import pino from 'pino';
import { BonghwaError } from '../base/errors.ts';
import { formatListen, type ListenAddress } from '../base/listen.ts';
import { CONFIG_FILE, type Config } from '../model/config.ts';
import { Station } from '../station/live/station.ts';
import { type LogLevel, SET_UP_DONE, SET_UP_LINK } from '../station/live/station-options.ts';
import { serviceManager } from '../station/service-manager.ts';
import { writableCacheDirectory } from './cache-directory.ts';
import { loadConfig } from './config-file.ts';
import {
  addListen,
  configFromOptions,
  parseListenOption,
  parseStateOption,
  parseTelemetryOption,
  parseWorkers,
  type StationOptions,
} from './config-options.ts';
import { EXIT_OK } from './exit.ts';
import { LiveView, type LiveViewOptions } from './live-view.ts';
import { type NetworkOption, packageVersion } from './options.ts';
import { warmConsole } from './warm-console.ts';

/** What commander gives: texts that are read here, so that other commands need not load what reads them. */
export interface ServeCommandOptions {
  readonly config?: string;
  readonly network: readonly NetworkOption[];
  readonly data?: string;
  readonly netflow?: readonly string[];
  readonly sflow?: readonly string[];
  readonly pcap?: string;
  readonly http?: string;
  readonly workers?: string;
  readonly organisation?: string;
  readonly state?: string;
  readonly telemetry?: string;
  readonly events?: string;
  readonly live: boolean;
}

/** `bonghwa serve`: watches live until it is told to stop. */
export async function serveCommand(options: ServeCommandOptions, interrupt: AbortSignal): Promise<number> {
  const config = await configOf(options);
  const onTerminal = options.live && process.stdout.isTTY === true;
  const logger = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime, level: 'info' }, pino.destination(2));
  /** The link for the first account, for the live view: there is no log to look for it in. */
  let setUpUrl: string | undefined;
  const station = new Station({
    config,
    version: packageVersion(),
    cacheDirectory: writableCacheDirectory(),
    environment: process.env,
    log: (level: LogLevel, message, fields) => {
      if (!onTerminal) logger[level](fields, message);
      else if (message === SET_UP_LINK) setUpUrl = String(fields.url);
      else if (message === SET_UP_DONE) setUpUrl = undefined;
    },
  });
  const quit = new AbortController();
  const stopped = stopSignal(AbortSignal.any([interrupt, quit.signal]));
  const manager = serviceManager(process.env, process.pid);
  await station.start();
  const reload = (): void => {
    configOf(options).then(
      (fresh) => {
        const { kind, live, restart } = station.reload(fresh);
        logger.info({ kind, live, restart }, 'configuration read again');
      },
      (error: Error) => logger.error({ fault: error.message }, 'the configuration was not taken over'),
    );
  };
  process.on('SIGHUP', reload);
  logger.info({ http: formatListen(station.http ?? config.http.listen), data: config.storage.directory }, 'ready');
  manager.ready();
  const { aliveEveryMs } = manager;
  const alive =
    aliveEveryMs === undefined ? undefined : setInterval(() => station.live() && manager.alive(), aliveEveryMs);
  const view = onTerminal
    ? liveView(station, config, { setUpUrl: () => setUpUrl, onQuit: () => quit.abort() })
    : undefined;
  view?.start();
  if (onTerminal && station.http !== undefined) void warmConsole(station.http);
  await stopped;
  view?.stop();
  manager.stopping();
  clearInterval(alive);
  process.off('SIGHUP', reload);
  await station.stop();
  return EXIT_OK;
}

function liveView(station: Station, config: Config, options: Pick<LiveViewOptions, 'setUpUrl' | 'onQuit'>): LiveView {
  const input = config.inputs.pcap === '-' ? {} : { input: process.stdin };
  return new LiveView(() => station.status(), {
    output: process.stdout,
    environment: process.env,
    ...options,
    ...input,
  });
}

/** The configuration in force: the file, where one is named or lies here, and over it the command line. */
async function configOf(options: ServeCommandOptions): Promise<Config> {
  const file = options.config ?? (existsSync(CONFIG_FILE) ? CONFIG_FILE : undefined);
  return configFromOptions(stationOptions(options), file === undefined ? undefined : await loadConfig(file));
}

function stationOptions(options: ServeCommandOptions): StationOptions {
  const { network, data, netflow, sflow, pcap, http, workers, organisation, state, telemetry, events } = options;
  return {
    network,
    ...(data === undefined ? {} : { data }),
    ...(netflow === undefined ? {} : { netflow: readListen('--netflow', netflow) }),
    ...(sflow === undefined ? {} : { sflow: readListen('--sflow', sflow) }),
    ...(pcap === undefined ? {} : { pcap }),
    ...(http === undefined ? {} : { http: read('--http', http, parseListenOption) }),
    ...(workers === undefined ? {} : { workers: read('--workers', workers, parseWorkers) }),
    ...(organisation === undefined ? {} : { organisation }),
    ...(state === undefined ? {} : { state: read('--state', state, parseStateOption) }),
    ...(telemetry === undefined ? {} : { telemetry: read('--telemetry', telemetry, parseTelemetryOption) }),
    ...(events === undefined ? {} : { events }),
  };
}

function readListen(option: string, texts: readonly string[]): readonly ListenAddress[] {
  return texts.reduce<readonly ListenAddress[]>(
    (earlier, text) => read(option, text, (value) => addListen(value, earlier)),
    [],
  );
}

/** The value of an option. Throws BonghwaError OPTION_INVALID with what would be right. */
function read<T>(option: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new BonghwaError('OPTION_INVALID', `${option} ${text} cannot be`, { hint: error.message, cause: error });
  }
}

/** Resolves at the first signal to stop. */
function stopSignal(interrupt: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve());
    if (interrupt.aborted) resolve();
    interrupt.addEventListener('abort', () => resolve(), { once: true });
  });
}
