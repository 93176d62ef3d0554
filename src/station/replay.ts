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
import { withOrigins } from './origins.ts';

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
  readonly as: InputKind;
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
  readonly signal?: AbortSignal;
  /** Where tables of countries and autonomous systems are kept between runs. */
  readonly cacheDirectory?: string | undefined;
}

/** Replays are told alike every time, so tables are seeded alike; a listener draws its seed. */
const REPLAY_SEED = 0x626f6e67;

/** Reads captures or telemetry and says which attacks are in them. Throws BonghwaError where a file cannot be read. */
export async function replay(options: ReplayOptions): Promise<ReplayReport> {
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
      look: (batch, classes, rows) => watch.look(batch, classes, rows),
    },
    options.onSecond === undefined ? detector : tellRates(detector, rates),
  );
  const totals = await ingest(
    {
      files: options.files,
      as: options.as,
      telemetryPorts: options.telemetryPorts,
      onExporters: (exporters) => watch.watch(exporters),
      ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
      ...(options.onSecond === undefined ? {} : { stepMs: 1000, pause: () => drain(rates, options.onSecond) }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    },
    stream,
  );
  stream.finish();
  await drain(rates, options.onSecond);
  const from = formatTime(totals.fromMs);
  const to = formatTime(totals.toMs);
  return {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    flows: totals.flows,
    packets: totals.packets,
    bytes: totals.bytes,
    ...(totals.flows > 0
      ? { reported: { packets: Math.round(stream.reportedPackets), bytes: Math.round(stream.reportedBytes) } }
      : {}),
    attacks: await withPlaces(detector, geo),
    ...(options.allVerdicts ? { verdicts: verdicts.list() } : {}),
    exporters: watch.reports(totals.toMs),
    rejected: rejectedBy(totals.rejections, stream, detector),
  };
}

/** Says where sources are. The tables are opened only where there is something to say. */
async function withPlaces(detector: Detector, open: () => Promise<Geo>): Promise<Attack[]> {
  const attacks = detector.attacks();
  if (attacks.every(({ sources }) => sources.spoofed === 'likely')) return attacks;
  const geo = await open();
  return attacks.map((attack) => withOrigins(attack, geo, detector.sourcesOf(attack.id)));
}

/** What decoding refused, and what counting could not place in time or keep. */
function rejectedBy(rejections: Rejections, stream: SecondStream, detector: Detector): ReplayReport['rejected'] {
  rejections.count(REJECT['attack-not-kept'], detector.attacksRefused);
  rejections.count(REJECT['time-far-behind'], stream.outOfTime);
  rejections.count(REJECT['record-not-released'], stream.lostByJump);
  rejections.count(REJECT['record-thinned'], stream.thinned);
  rejections.count(REJECT['record-unpaced'], stream.unpaced);
  return rejections.toRecord();
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
    if (known === undefined || verdict.peak.pps > known.peak.pps) this.#verdicts.set(key, verdict);
  }

  list(): Verdict[] {
    return [...this.#verdicts.values()].sort((left, right) => right.peak.pps - left.peak.pps);
  }
}
