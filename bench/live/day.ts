import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { parsePrefix } from '../../src/base/prefix.ts';
import { snapshotDetector } from '../../src/detect/network/snapshot.ts';
import { UDP_ROOM_BYTES } from '../../src/input/udp-port.ts';
import { DetectorRole } from '../../src/station/live/detector-role.ts';
import { ReceiverRole } from '../../src/station/live/receiver-role.ts';
import { type BenchCase, type BenchResult, measure, runCases } from '../harness.ts';
import {
  aim,
  type Blast,
  type DatagramSet,
  type ExporterClock,
  makeBlast,
  makeTemplate,
  NETWORK,
  SITES,
  stamp,
} from '../make/blast.ts';

/**
 * A day (`--day`, or as many hours of it as `--minutes` of the clock allow), or an hour, of a station in event time: 50,000 NetFlow v9 records a second, and for a minute of every hour a flood at another site. Receiver
 * and detector as `serve` has them, in one thread. What it shows is memory: what the process holds in the last third of the time must
 * not be more than in the second. Sizes of the stores are another bench (bench/store/telemetry.ts).
 */
const RECORDS_PER_SECOND = 50_000;
const FLOOD_RECORDS_PER_SECOND = 20_000;
const HOUR_SECONDS = 3600;
const FLOOD_FROM_SECOND = 1800;
const FLOOD_SECONDS = 60;
const START_MS = 1_800_000_000_000;
const SEED = 5;
/** Memory is looked at so often, s of event time. */
const LOOK_SECONDS = 600;
/** V8 doubles its young generation at moments of its own, by how much of it is in use just then: here it has one size from the start, MB. */
const YOUNG_GENERATION = ['--min-semi-space-size=16', '--max-semi-space-size=16'];
/** How much more the last third may hold than the second: garbage that is not collected yet. */
const GROWTH_MAX = 1.1;

class Day {
  readonly #blast: Blast = makeBlast('netflow9');
  readonly #clock: ExporterClock = { sequence: 0, startedMs: START_MS };
  readonly #source = Uint32Array.of(0, 0, 0xffff, 0xc0000201);
  readonly #receiver: ReceiverRole;
  readonly detector: DetectorRole;
  readonly opened = new Set<string>();
  readonly memory: number[] = [];
  #nowMs = START_MS;
  #usual = 0;
  #flood = 0;

  constructor() {
    const network = parsePrefix(NETWORK);
    if (network === undefined) throw new Error('the network is a prefix');
    const networks = [network];
    this.detector = new DetectorRole({
      seed: SEED,
      subject: { networks, sites: new Map(), configuredPps: {} },
      post: (message) => {
        if (message.kind === 'attack' && message.state === 'opened') this.opened.add(message.attack.target.value);
      },
      broadcast: (told) => {
        if ('watch' in told) this.#receiver.watch(told.watch);
      },
      giveBack: (_receiver, memory) => this.#receiver.spare.give(memory),
      now: () => this.#nowMs,
      cpuMs: () => 0,
    });
    this.detector.join(0);
    this.#receiver = new ReceiverRole({
      seed: SEED,
      lots: SEED,
      networks,
      receiveBytes: UDP_ROOM_BYTES,
      onSecond: (message) => this.detector.offer(0, message),
    });
  }

  get records(): number {
    return this.#receiver.records;
  }

  second(at: number): void {
    const hour = Math.floor(at / HOUR_SECONDS);
    const within = at % HOUR_SECONDS;
    if (within === FLOOD_FROM_SECOND) aim(this.#blast, (17 * hour + 1) % SITES);
    const template = at % 60 === 0 ? makeTemplate('netflow9', this.#clock, this.#nowMs) : undefined;
    if (template !== undefined) this.#receiver.datagram(template, 0, template.length, this.#source, 0, this.#nowMs);
    const flooded = within >= FLOOD_FROM_SECOND && within < FLOOD_FROM_SECOND + FLOOD_SECONDS;
    const per = this.#blast.recordsPerDatagram;
    for (let tenth = 0; tenth < 10; tenth++) {
      this.#nowMs = START_MS + 1000 * at + 100 * tenth + 50;
      this.#usual = this.#send(this.#blast.usual, this.#usual, Math.round(RECORDS_PER_SECOND / per / 10));
      if (flooded)
        this.#flood = this.#send(this.#blast.flood, this.#flood, Math.round(FLOOD_RECORDS_PER_SECOND / per / 10));
      this.#receiver.flush(this.#nowMs);
    }
    if (at % LOOK_SECONDS === LOOK_SECONDS - 1) this.memory.push(process.memoryUsage.rss());
  }

  #send(set: DatagramSet, from: number, count: number): number {
    let index = from;
    for (let sent = 0; sent < count; sent++) {
      stamp(this.#blast, set, index, this.#clock, this.#nowMs);
      this.#receiver.datagram(set.bytes, set.length * index, set.length, this.#source, 0, this.#nowMs);
      index = (index + 1) % set.count;
    }
    return index;
  }
}

/** Ends before `secondsMax` with the hour in which `minutesMax` of the clock are over. */
function run(secondsMax: number, minutesMax = Number.POSITIVE_INFINITY): BenchResult {
  let told = '';
  let records = 0;
  const result = measure(
    secondsMax * RECORDS_PER_SECOND,
    () => {
      const day = new Day();
      const fromMs = performance.now();
      let seconds = 0;
      for (; seconds < secondsMax; seconds++) {
        if (seconds % HOUR_SECONDS === 0 && performance.now() - fromMs > 60_000 * minutesMax) break;
        day.second(seconds);
      }
      ({ records } = day);
      const third = Math.floor(day.memory.length / 3);
      const [before, last] = [day.memory.slice(third, 2 * third), day.memory.slice(2 * third)].map((part) =>
        Math.max(...part),
      );
      if (third > 1 && last > GROWTH_MAX * before)
        throw new Error(`memory grew from ${before} to ${last} bytes: ${day.memory.join(' ')}`);
      const hours = Math.ceil((seconds - FLOOD_FROM_SECOND) / HOUR_SECONDS);
      const snapshot = snapshotDetector(day.detector.detector).length;
      told = `${seconds / HOUR_SECONDS} hours, ${records} records, ${day.opened.size} targets attacked of ${Math.max(0, hours)}, snapshot of ${snapshot} bytes, memory every ${LOOK_SECONDS} s in MB: ${day.memory.map((bytes) => Math.round(bytes / 1e6)).join(' ')}`;
      return records + day.opened.size;
    },
    { warmups: 0, repeats: 1 },
  );
  if (import.meta.main) process.stderr.write(`${told}\n`);
  return result;
}

export const cases: readonly BenchCase[] = [
  {
    name: 'live/hour',
    unit: 'records',
    sizes: { small: 5 * RECORDS_PER_SECOND, full: HOUR_SECONDS * RECORDS_PER_SECOND },
    run: (size) => run(size / RECORDS_PER_SECOND),
  },
];

// The whole day takes a processor for half an hour or more: `node bench/live/day.ts --day [--minutes 25]`.
async function main(): Promise<number> {
  if (!YOUNG_GENERATION.every((option) => process.execArgv.includes(option))) {
    const args = [...YOUNG_GENERATION, import.meta.filename, ...process.argv.slice(2)];
    return spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
  }
  const { values } = parseArgs({
    options: { day: { type: 'boolean', default: false }, minutes: { type: 'string' } },
    strict: false,
  });
  if (values.day === true) run(24 * HOUR_SECONDS, values.minutes === undefined ? undefined : Number(values.minutes));
  else await runCases(cases);
  return 0;
}

if (import.meta.main) process.exitCode = await main();
