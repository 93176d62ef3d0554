import type { Prefix } from '../base/prefix.ts';
import { formatTime } from '../base/units.ts';
import { Detector } from '../detect/network/detector.ts';
import { PARAMETERS } from '../detect/network/parameters.ts';
import { type Geo, openGeo } from '../input/geo.ts';
import type { Attack, ReplayReport, Verdict } from '../model/attack.ts';
import { REJECT, type Rejections } from '../model/rejection.ts';
import type { SiteSecond } from '../model/site-second.ts';
import type { Vector } from '../model/vector.ts';
import type { Second } from '../sketch/second.ts';
import { SecondStream, type SecondTaker } from '../sketch/second-stream.ts';
import { ExporterWatch } from './exporter-watch.ts';
import { type InputKind, ingest, type Progress } from './ingest.ts';
import { InputFiles } from './input-files.ts';
import { type AddressesOf, joinAttacks } from './join-attacks.ts';
import { type SourceShares, withOrigins } from './origins.ts';
import { type LogReading, type LogReplay, replayLogs } from './replay-logs.ts';

/** Rates of one second of the input, scaled by sampling. */
export interface SecondRate {
  readonly timeMs: number;
  readonly bps: number;
  readonly pps: number;
  readonly fps: number;
}

export interface ReplayOptions {
  readonly files: readonly string[];
  /** What is protected; with none every destination is a candidate target. */
  readonly networks: readonly Prefix[];
  readonly as: InputKind | 'log';
  readonly telemetryPorts: readonly number[];
  readonly allVerdicts: boolean;
  /** Limits that a person set, by vector, packets a second. */
  readonly configuredPps?: Readonly<Partial<Record<Vector, number>>>;
  readonly organisation?: string;
  readonly onProgress?: (progress: Progress) => void;
  readonly onAttack?: (attack: Attack, state: 'opened' | 'closed') => void;
  /** Called for every second in order; a promise holds the replay until it is settled. */
  readonly onSecond?: (at: SecondRate) => void | Promise<void>;
  /** Called for every second of a site in a log that is replayed. */
  readonly onSiteSecond?: (second: SiteSecond) => void;
  /** How logs of web servers are laid out. */
  readonly logs?: LogReading;
  /** Addresses of a site: an attack that flows and a log see is one. */
  readonly addressesOf?: AddressesOf;
  readonly signal?: AbortSignal;
  /** Where tables of countries and autonomous systems are kept between runs. */
  readonly cacheDirectory?: string | undefined;
}

/** Replays are told alike every time, so tables are seeded alike; a listener draws its seed. */
const REPLAY_SEED = 0x626f6e67;

/** Reads captures, telemetry and logs and says which attacks are in them. Throws BonghwaError where a file cannot be read. */
export async function replay(options: ReplayOptions): Promise<ReplayReport> {
  const files = new InputFiles();
  try {
    return await replayFiles(options, files);
  } finally {
    await files.close();
  }
}

async function replayFiles(options: ReplayOptions, files: InputFiles): Promise<ReplayReport> {
  const { captures, logs } = await byKind(options, files);
  const verdicts = new VerdictBook();
  let opening: Promise<Geo> | undefined;
  const geo = (): Promise<Geo> => {
    opening ??= openGeo({ cacheDirectory: options.cacheDirectory });
    return opening;
  };
  const detector = new Detector({
    seed: REPLAY_SEED,
    networks: options.networks,
    ...(options.configuredPps === undefined ? {} : { configuredPps: options.configuredPps }),
    ...(options.organisation === undefined ? {} : { organisation: options.organisation }),
    onAttack: (attack, state) => {
      if (state === 'updated') return;
      // Tables that must be made first are made in a thread meanwhile.
      if (state === 'closed' && attack.sources.spoofed !== 'likely') void geo();
      options.onAttack?.(attack, state);
    },
    ...(options.allVerdicts ? { onVerdict: (verdict: Verdict) => verdicts.add(verdict) } : {}),
  });
  const rates: SecondRate[] = [];
  const watch = new ExporterWatch({ seed: REPLAY_SEED, networks: options.networks });
  const stream = new SecondStream(
    {
      seed: REPLAY_SEED,
      networks: options.networks,
      look: (...looked) => watch.look(...looked),
    },
    options.onSecond === undefined ? detector : tellRates(detector, rates),
  );
  const totals = await ingest(
    {
      files: captures,
      as: options.as === 'log' ? 'auto' : options.as,
      open: (path) => files.open(path),
      telemetryPorts: options.telemetryPorts,
      batch: stream.batch,
      onExporters: (exporters) => watch.watch(exporters),
      ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
      ...(options.onSecond === undefined ? {} : { stepMs: 1000, pause: () => drain(rates, options.onSecond) }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    },
    stream,
  );
  stream.finish();
  await drain(rates, options.onSecond);
  const log = logs.length === 0 ? undefined : await readLogs(options, logs, files, geo, verdicts);
  const from = formatTime(least(totals.fromMs, log?.totals.fromMs));
  const to = formatTime(-least(-totals.toMs, log === undefined ? undefined : -log.totals.toMs));
  return {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    flows: totals.flows,
    packets: totals.packets,
    bytes: totals.bytes + (log?.totals.bytes ?? 0),
    ...(log === undefined ? {} : { requests: log.totals.requests }),
    ...(totals.flows > 0
      ? { reported: { packets: Math.round(stream.reportedPackets), bytes: Math.round(stream.reportedBytes) } }
      : {}),
    attacks: joinAttacks(
      await withPlaces(detector, geo),
      log === undefined ? [] : await withPlaces(log.detector, geo),
      options.addressesOf,
    ),
    ...(options.allVerdicts ? { verdicts: verdicts.list() } : {}),
    exporters: watch.reports(totals.toMs),
    rejected: rejectedBy(totals.rejections, stream, detector, log),
  };
}

function readLogs(
  options: ReplayOptions,
  logs: readonly string[],
  files: InputFiles,
  geo: () => Promise<Geo>,
  verdicts: VerdictBook,
): Promise<LogReplay> {
  return replayLogs({
    seed: REPLAY_SEED,
    files: logs,
    reading: options.logs ?? {},
    open: (path) => files.open(path),
    onAttack: (attack, state) => {
      if (state === 'closed') void geo();
      options.onAttack?.(attack, state);
    },
    ...(options.allVerdicts ? { onVerdict: (verdict: Verdict) => verdicts.add(verdict) } : {}),
    ...(options.onSiteSecond === undefined ? {} : { onSiteSecond: options.onSiteSecond }),
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
}

/** What is read as packets and telemetry, and what as requests. */
async function byKind(
  { files, as }: ReplayOptions,
  inputs: InputFiles,
): Promise<{ captures: readonly string[]; logs: readonly string[] }> {
  if (as === 'log') return { captures: [], logs: files };
  if (as !== 'auto') return { captures: files, logs: [] };
  const captures: string[] = [];
  const logs: string[] = [];
  for (const file of files) ((await inputs.kindOf(file)) === 'log' ? logs : captures).push(file);
  return { captures, logs };
}

/** The smaller of two times, of which either may be missing. */
function least(one: number, other: number | undefined): number {
  if (other === undefined || Number.isNaN(other)) return one;
  return Number.isNaN(one) ? other : Math.min(one, other);
}

/** What a detector found, with where its sources are to be looked for. */
interface Finder {
  attacks(): Attack[];
  sourcesOf(id: string): SourceShares | undefined;
}

/** Says where sources are. The tables are opened only where there is something to say. */
async function withPlaces(detector: Finder, open: () => Promise<Geo>): Promise<Attack[]> {
  const attacks = detector.attacks();
  if (attacks.every(({ sources }) => sources.spoofed === 'likely')) return attacks;
  const geo = await open();
  return attacks.map((attack) => withOrigins(attack, geo, detector.sourcesOf(attack.id)));
}

/** What decoding refused, and what counting could not place in time or keep. */
function rejectedBy(
  rejections: Rejections,
  stream: SecondStream,
  detector: Detector,
  log: LogReplay | undefined,
): ReplayReport['rejected'] {
  rejections.count(REJECT['attack-not-kept'], detector.attacksRefused);
  rejections.count(REJECT['time-far-behind'], stream.outOfTime);
  rejections.count(REJECT['record-not-released'], stream.lostByJump);
  rejections.count(REJECT['record-thinned'], stream.thinned);
  rejections.count(REJECT['record-unpaced'], stream.unpaced);
  if (log === undefined) return rejections.toRecord();
  rejections.count(REJECT['attack-not-kept'], log.detector.attacksRefused);
  rejections.count(REJECT['time-far-behind'], log.detector.counter.outOfTime);
  const rejected: Record<string, number> = rejections.toRecord();
  for (const [reason, count] of Object.entries(log.totals.rejections.toRecord())) {
    rejected[reason] = (rejected[reason] ?? 0) + count;
  }
  return rejected;
}

function tellRates(taker: SecondTaker, rates: SecondRate[]): SecondTaker {
  return {
    prepare: (second: Second) => taker.prepare(second),
    take: (second: Second, coveredMs: number, untilMs: number) => {
      rates.push({ timeMs: second.second * 1000, bps: second.bytes * 8, pps: second.packets, fps: second.flows });
      taker.take(second, coveredMs, untilMs);
    },
  };
}

function drain(rates: SecondRate[], onSecond: ReplayOptions['onSecond']): Promise<void> | undefined {
  if (onSecond === undefined || rates.length === 0) return undefined;
  return (async () => {
    for (const rate of rates.splice(0)) await onSecond(rate);
  })();
}

/** The largest verdict of each target and kind, bounded. */
class VerdictBook {
  readonly #verdicts = new Map<string, Verdict>();

  add(verdict: Verdict): void {
    const key = `${verdict.direction} ${verdict.target.value} ${verdict.kind}`;
    const known = this.#verdicts.get(key);
    if (known === undefined && this.#verdicts.size >= PARAMETERS.verdictsMax) return;
    if (known === undefined || weightOf(verdict) > weightOf(known)) this.#verdicts.set(key, verdict);
  }

  list(): Verdict[] {
    return [...this.#verdicts.values()].sort((left, right) => weightOf(right) - weightOf(left));
  }
}

/** Packets a second, or requests where a log tells. */
const weightOf = ({ peak }: Verdict): number => peak.rps ?? peak.pps;
