import { setTimeout as sleep } from 'node:timers/promises';
import { BonghwaError } from '../base/errors.ts';
import { type Prefix, parsePrefix } from '../base/prefix.ts';
import { formatBps, formatBytes, formatDuration, formatPps } from '../base/units.ts';
import type { Attack } from '../model/attack.ts';
import { TELEMETRY_PORTS } from '../model/telemetry-ports.ts';
import { ingest } from '../station/ingest.ts';
import { replay } from '../station/replay.ts';
import { cacheDirectory } from './cache-directory.ts';
import { EXIT_OK } from './exit.ts';
import { wrapText } from './layout.ts';
import { clockOf, detectedText, exact } from './render-attack.ts';
import { renderReport } from './render-report.ts';
import { readSample, type Sample, sampleFile } from './sample.ts';
import { levelOf } from './sparkline.ts';
import { tellSite } from './start-site.ts';
import { type Look, lookOf, paintOf, StatusLine } from './terminal.ts';

/** Wall-clock time that the whole recording takes on a terminal. */
const SHOW_MS = 12_000;
const SECOND_MS_MIN = 10;
const SECOND_MS_MAX = 500;
/** Rest after an attack was announced, so that it can be read; for the first ones only. */
const READ_MS = 2000;
const RESTS_MAX = 2;
/** Seconds in the running picture of the rate. */
const PICTURE_SECONDS = 40;

/** `bonghwa start`: the recorded sample, told as a story. */
export async function startCommand(options: { readonly fast: boolean }, interrupt: AbortSignal): Promise<number> {
  const sample = await readSample();
  const file = sampleFile(sample);
  const networks = sample.networks.map(networkOf);
  const look = lookOf(process.stdout, process.env);
  const live = process.stdout.isTTY === true && !options.fast;
  const story = new Story(look, process.stdout, live);

  // A first reading, without judging, tells how long the recording is.
  const length = await ingest(
    { files: [file], as: 'auto', signal: interrupt },
    { take: (batch) => (batch.length = 0) },
  );
  const durationMs = Math.max(0, length.toMs - length.fromMs);
  const secondMs = Math.min(SECOND_MS_MAX, Math.max(SECOND_MS_MIN, (SHOW_MS * 1000) / Math.max(1000, durationMs)));
  story.opening(sample, {
    durationMs,
    packets: length.packets,
    bytes: length.bytes,
    flows: length.flows,
    faster: live ? 1000 / secondMs : 0,
  });

  const report = await replay({
    files: [file],
    cacheDirectory: cacheDirectory(),
    networks,
    as: 'auto',
    telemetryPorts: TELEMETRY_PORTS,
    allVerdicts: false,
    signal: interrupt,
    onAttack: (attack, state) => story.attack(attack, state),
    ...(live
      ? {
          onSecond: async (at: SecondRate) => {
            const restMs = secondMs + (story.second(at) ? READ_MS : 0);
            if (!interrupt.aborted) await sleep(restMs, undefined, { signal: interrupt }).catch(() => undefined);
          },
        }
      : {}),
  });
  story.ending();
  process.stdout.write(
    renderReport(report, {
      look,
      files: [`samples/${sample.file}`],
      networks: sample.networks,
      telemetryPorts: TELEMETRY_PORTS,
    }),
  );
  await tellSite(sample.outage, { look, live, stream: process.stdout, interrupt });
  story.whatNext();
  return EXIT_OK;
}

interface SecondRate {
  readonly timeMs: number;
  readonly bps: number;
  readonly pps: number;
  readonly fps: number;
}

interface Recording {
  readonly durationMs: number;
  readonly packets: number;
  readonly bytes: number;
  readonly flows: number;
  /** How many times faster than it was recorded; 0 where nothing is waited for. */
  readonly faster: number;
}

function networkOf(text: string): Prefix {
  const prefix = parsePrefix(text);
  if (prefix !== undefined) return prefix;
  throw new BonghwaError('SAMPLE_MISSING', `samples/sample.json names '${text}', which is no prefix`, {
    hint: 'Check out samples/ again.',
  });
}

/** Tells what happens while the sample is replayed. */
class Story {
  readonly #look: Look;
  readonly #stream: NodeJS.WriteStream;
  readonly #status: StatusLine;
  readonly #live: boolean;
  readonly #recent: number[] = [];
  /** What was detected in seconds that are not shown yet. */
  #coming: { readonly timeMs: number; readonly lines: readonly string[]; readonly opened: boolean }[] = [];
  #rests = 0;

  /** `live` shows every second, and what was detected after the second it was detected in. */
  constructor(look: Look, stream: NodeJS.WriteStream, live: boolean) {
    this.#look = look;
    this.#stream = stream;
    this.#live = live;
    this.#status = new StatusLine(stream);
  }

  opening(sample: Sample, recording: Recording): void {
    const paint = paintOf(this.#look.colour);
    this.#say(paint.bold(`Bonghwa · ${sample.title}`), '');
    this.#paragraph(sample.about);
    const flows = recording.flows === 0 ? '' : `, ${exact(recording.flows)} flow records`;
    const pace =
      recording.faster === 0 ? '' : ` It is replayed ${exact(recording.faster)} times as fast as it happened.`;
    this.#paragraph(
      `A recording of ${formatDuration(recording.durationMs)}: ${exact(recording.packets)} packets, ${formatBytes(recording.bytes)}${flows}.${pace}`,
    );
    this.#say('');
  }

  /** Shows one second. True where an attack was announced with it that should be read before going on. */
  second(at: SecondRate): boolean {
    this.#recent.push(at.pps);
    if (this.#recent.length > PICTURE_SECONDS) this.#recent.shift();
    const top = Math.max(...this.#recent);
    const room = Math.max(8, Math.min(PICTURE_SECONDS, this.#look.width - 46));
    const picture = this.#recent
      .slice(-room)
      .map((pps) => levelOf(pps, top))
      .join('');
    const clock = new Date(at.timeMs).toISOString().slice(11, 19);
    this.#status.show(`  ${clock}  ${picture.padStart(room)}  ${formatPps(at.pps)}  ${formatBps(at.bps)}`);
    return this.#announce(at.timeMs + 1000) && this.#rests++ < RESTS_MAX;
  }

  attack(attack: Attack, state: 'opened' | 'closed'): void {
    const paint = paintOf(this.#look.colour);
    const head = `${attack.vectors[0].name} on ${attack.target.value}`;
    const opened = state === 'opened';
    const time = opened ? attack.detectedAt : (attack.end ?? attack.detectedAt);
    const words = opened
      ? paint.alarm(paint.bold(`attack: ${head}, detected ${detectedText(attack)}`))
      : paint.good(`over: ${head}, last seen then`);
    const why = opened ? wrapText(attack.why, this.#look.width - 16).map((line) => ' '.repeat(16) + line) : [];
    this.#coming.push({ timeMs: Date.parse(time), lines: [`  ${clockOf(time)}  ${words}`, ...why], opened });
    if (!this.#live) this.#announce(Number.POSITIVE_INFINITY);
  }

  /** Tells what was detected before `untilMs`; true where an attack was among it. */
  #announce(untilMs: number): boolean {
    const due = this.#coming.filter(({ timeMs }) => timeMs < untilMs);
    this.#coming = this.#coming.filter(({ timeMs }) => timeMs >= untilMs);
    if (due.length > 0) this.#status.clear();
    for (const { lines } of due) this.#say(...lines);
    return due.some(({ opened }) => opened);
  }

  ending(): void {
    this.#announce(Number.POSITIVE_INFINITY);
    this.#status.clear();
    this.#say('', '─'.repeat(this.#look.width), '');
  }

  whatNext(): void {
    const paint = paintOf(this.#look.colour);
    this.#say('', paint.bold('Now with your own data'));
    this.#say('  npx bonghwa replay FILE          a capture of traffic, or of NetFlow, IPFIX, sFlow');
    this.#say('  npx bonghwa decode FILE          what is in it, packet by packet, record by record');
    this.#say('  npx bonghwa init                 write bonghwa.yaml: which networks and sites are yours');
    this.#say('  npx bonghwa demo                 the recording in the console, as if it happened now');
    this.#say('  npx bonghwa serve                watch live what routers export; npm start does so, too,');
    this.#say('                                   where there is a bonghwa.yaml');
  }

  #paragraph(text: string): void {
    this.#say(...wrapText(text, this.#look.width));
  }

  #say(...lines: string[]): void {
    this.#stream.write(`${lines.join('\n')}\n`);
  }
}
