import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { BonghwaError } from '../base/errors.ts';
import { formatListen, type ListenAddress, parseListen } from '../base/listen.ts';
import { type Config, parseConfig } from '../model/config.ts';
import { Station } from '../station/live/station.ts';
import { readDatagrams, SampleFeed } from '../station/sample-feed.ts';
import { type RecordedSite, readSite, SiteFeed } from '../station/sample-site-feed.ts';
import { VantageLink } from '../station/sites/vantage-link.ts';
import { parseVantageKey } from '../station/sites/vantage-protocol.ts';
import { writableCacheDirectory } from './cache-directory.ts';
import { EXIT_OK } from './exit.ts';
import { packageVersion } from './options.ts';
import { readSample, type Sample, sampleFile } from './sample.ts';
import { warmConsole } from './warm-console.ts';

/** The first attack of the recording begins 69 s after its start: a little of the time before is enough to see it begin, ms. */
const SKIP_MS = 55_000;
/**
 * The flood of searches begins 200 s after the start of its recording: most of the time before, from which is learned what is usual, lies in
 * the past. Both recordings attack the same site, and do so together: one attack with two vectors, as it would be told where it happened.
 */
const SITE_SKIP_MS = 184_000;
/** What vantages found is reported so often, ms. */
const DELIVER_MS = 500;
const NETFLOW = '127.0.0.1:2055';
const SFLOW = '127.0.0.1:6343';
const ANY_PORT = '127.0.0.1:0';
/** A port that another program has. */
const TAKEN: ReadonlySet<string> = new Set(['LISTEN_FAILED', 'HTTP_UNAVAILABLE']);

const DEMO = { kind: 'local', id: 'local', name: 'demo', role: 'admin' } as const;

type Feed = Pick<SiteFeed, 'start' | 'stop'>;

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
    const recorded = await readSite(
      sampleFile({ file: sample.outage.log }),
      sampleFile({ file: sample.outage.checks }),
    );
    // It is there from the beginning on, and empty: all of it is new to the station.
    await writeFile(logIn(directory), '');
    const station = await startStation(await settingsOf(sample, directory), options.http);
    if (station.http !== undefined) void warmConsole(station.http);
    const address = station.status().inputs.find(({ kind }) => kind === 'netflow')?.address ?? NETFLOW;
    const feed = new SampleFeed(datagrams, listenOf(address));
    feed.start(Date.now(), SKIP_MS);
    const site = await siteFeed(station, recorded, directory);
    site.start(Date.now(), SITE_SKIP_MS);
    process.stdout.write(
      `\nThe recording in the console, as if it happened now:  http://${formatListen(station.http ?? listenOf(options.http))}/\nCtrl-C ends it.\n`,
    );
    await stopped;
    feed.stop();
    site.stop();
    await station.stop();
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  return EXIT_OK;
}

/** On the usual ports, or on any where these are taken: somebody may run a station beside it. */
async function startStation(settings: object, http: string): Promise<Station> {
  const attempt = async (inputs: { netflow: string; sflow: string }, listen: string): Promise<Station> => {
    const station = new Station({
      config: configOf(settings, inputs, listen),
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

/** The log of a site that is recorded, and the vantages that checked it, each with a key of its own, as if they reported now. */
async function siteFeed(station: Station, { vantages, ...recorded }: RecordedSite, directory: string): Promise<Feed> {
  const links = new Map<string, VantageLink>();
  const { vantages: desk } = station.ports();
  for (const vantage of vantages) {
    const { token = '', listen } = (await desk?.add(vantage, DEMO)) ?? {};
    const key = parseVantageKey(token);
    if (key !== undefined) links.set(vantage.name, new VantageLink(`https://${listen}`, key));
  }
  const delivering = setInterval(() => {
    // A station that does not answer has it next time.
    for (const link of links.values()) if (link.waiting > 0) link.deliver().catch(() => undefined);
  }, DELIVER_MS);
  const feed = new SiteFeed(
    { ...recorded, vantages },
    { file: logIn(directory), deliver: (result) => links.get(result.vantage)?.add(result) },
  );
  return {
    start: (nowMs, skipMs) => feed.start(nowMs, skipMs),
    stop() {
      clearInterval(delivering);
      feed.stop();
    },
  };
}

const logIn = (directory: string): string => join(directory, 'access.log');

/** What the station of the demo is told of its networks and sites: those of both recordings. */
async function settingsOf(sample: Sample, directory: string): Promise<object> {
  const text = await readFile(sampleFile({ file: sample.outage.register }), 'utf8');
  const { organisation, sites } = parse(text) as { organisation: object; sites: (object & { name: string })[] };
  const registered = new Map(sites.map((site) => [site.name, site]));
  return {
    organisation,
    networks: sample.networks,
    // The names of the recordings lead nowhere: the vantages of the recording check, and this machine does not.
    probe: { own: false },
    sites: sample.sites.map((site) => ({ ...registered.get(site.name), ...site })),
    inputs: { workers: 1, logs: [{ path: logIn(directory) }], vantages: ANY_PORT },
    storage: { directory: join(directory, 'data') },
  };
}

function configOf(
  { inputs: others, ...settings }: { readonly inputs?: object },
  inputs: { readonly netflow: string; readonly sflow: string },
  listen: string,
): Config {
  const parsed = parseConfig(
    JSON.stringify({
      ...settings,
      inputs: { ...others, netflow: [inputs.netflow], sflow: [inputs.sflow] },
      // It holds nothing but the sample, answers this machine alone, and goes with the command.
      http: { listen, signIn: 'off' },
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
