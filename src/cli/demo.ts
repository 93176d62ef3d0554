import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BonghwaError } from '../base/errors.ts';
import { formatListen, type ListenAddress, parseListen } from '../base/listen.ts';
import { type Config, parseConfig } from '../model/config.ts';
import { Station } from '../station/live/station.ts';
import { readDatagrams, SampleFeed } from '../station/sample-feed.ts';
import { writableCacheDirectory } from './cache-directory.ts';
import { EXIT_OK } from './exit.ts';
import { packageVersion } from './options.ts';
import { readSample, type Sample, sampleFile } from './sample.ts';
import { warmConsole } from './warm-console.ts';

/** The first attack of the recording begins 69 s after its start: a little of the time before is enough to see it begin, ms. */
const SKIP_MS = 55_000;
const NETFLOW = '127.0.0.1:2055';
const SFLOW = '127.0.0.1:6343';
const ANY_PORT = '127.0.0.1:0';
/** A port that another program has. */
const TAKEN: ReadonlySet<string> = new Set(['LISTEN_FAILED', 'HTTP_UNAVAILABLE']);

export interface DemoOptions {
  readonly http: string;
}

/**
 * The recorded sample in the console: a station like any other, in a directory of its own that goes with it, to which the recording is sent
 * as if routers sent it now. What is shown is what detection finds.
 */
export async function demoCommand(options: DemoOptions, interrupt: AbortSignal): Promise<number> {
  const sample = await readSample();
  const datagrams = await readDatagrams(sampleFile(sample));
  const directory = await mkdtemp(join(tmpdir(), 'bonghwa-demo-'));
  const stopped = stopSignal(interrupt);
  try {
    const station = await startStation(sample, directory, options.http);
    if (station.http !== undefined) void warmConsole(station.http);
    const address = station.status().inputs.find(({ kind }) => kind === 'netflow')?.address ?? NETFLOW;
    const feed = new SampleFeed(datagrams, listenOf(address));
    feed.start(Date.now(), SKIP_MS);
    process.stdout.write(
      `\nThe recording in the console, as if it happened now:  http://${formatListen(station.http ?? listenOf(options.http))}/\nCtrl-C ends it.\n`,
    );
    await stopped;
    feed.stop();
    await station.stop();
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  return EXIT_OK;
}

/** On the usual ports, or on any where these are taken: somebody may run a station beside it. */
async function startStation(sample: Sample, directory: string, http: string): Promise<Station> {
  const attempt = async (inputs: { netflow: string; sflow: string }, listen: string): Promise<Station> => {
    const station = new Station({
      config: configOf(sample, directory, inputs, listen),
      version: packageVersion(),
      cacheDirectory: writableCacheDirectory(),
      environment: process.env,
      sample: true,
      log: () => undefined,
    });
    await station.start();
    return station;
  };
  try {
    return await attempt({ netflow: NETFLOW, sflow: SFLOW }, http);
  } catch (error) {
    if (!(error instanceof BonghwaError) || !TAKEN.has(error.code)) throw error;
    return await attempt({ netflow: ANY_PORT, sflow: ANY_PORT }, error.code === 'HTTP_UNAVAILABLE' ? ANY_PORT : http);
  }
}

function configOf(
  sample: Sample,
  directory: string,
  inputs: { readonly netflow: string; readonly sflow: string },
  listen: string,
): Config {
  const parsed = parseConfig(
    JSON.stringify({
      organisation: { name: sample.title },
      networks: sample.networks,
      sites: sample.sites,
      inputs: { netflow: [inputs.netflow], sflow: [inputs.sflow], workers: 1 },
      // It holds nothing but the sample, answers this machine alone, and goes with the command.
      http: { listen, signIn: 'off' },
      storage: { directory },
    }),
  );
  if (parsed.kind === 'ok') return parsed.config;
  throw new BonghwaError('OPTION_INVALID', parsed.problems.map(({ message }) => message).join('; '), {
    hint: `Give an address such as 127.0.0.1:8480 with --http.`,
  });
}

function listenOf(text: string): ListenAddress {
  const address = parseListen(text);
  if (address !== undefined) return address;
  throw new BonghwaError('OPTION_INVALID', `'${text}' is no address to listen on`, {
    hint: 'Give an address such as 127.0.0.1:8480 with --http.',
  });
}

function stopSignal(interrupt: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve());
    if (interrupt.aborted) resolve();
    interrupt.addEventListener('abort', () => resolve(), { once: true });
  });
}
