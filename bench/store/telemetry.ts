import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { SecondRecord } from '../../src/model/second-record.ts';
import { answerFlows, answerSeconds } from '../../src/store/telemetry/answers.ts';
import type { Block, BlockTable } from '../../src/store/telemetry/block.ts';
import { ChdbSql } from '../../src/store/telemetry/chdb-sql.ts';
import { FLOW_COLUMNS, REQUEST_COLUMNS, SECOND_COLUMNS } from '../../src/store/telemetry/columns.ts';
import { type FlowsQuery, flowsQuerySchema } from '../../src/store/telemetry/flows-query.ts';
import { keepBlock } from '../../src/store/telemetry/keep-block.ts';
import { RecordEncoder } from '../../src/store/telemetry/record-encoder.ts';
import { DATABASE, migrate } from '../../src/store/telemetry/schema.ts';
import { secondsQuerySchema } from '../../src/store/telemetry/seconds-query.ts';
import { makeMinutes } from '../../src/store/telemetry/upkeep.ts';
import { RecordMaker, type RecordShape, VICTIM } from '../../test/support/telemetry-records.ts';
import { type BenchCase, type BenchResult, measure, runCases } from '../harness.ts';

/** What a station keeps of a second: 256 rows of peacetime, and 4,096 more while there is an attack. */
const PEACE: RecordShape = { targets: 100, peaceRows: 256, attackRows: 0 };
const ATTACK: RecordShape = { targets: 100, peaceRows: 256, attackRows: 4096 };
const SEED = 42;
const FROM = Date.UTC(2026, 10, 22) / 1000;
const ENGINE_BYTES = 2 ** 31;

/** Different records; they are given with other seconds again and again. */
const RECORDS = 64;

function makeRecords(shape: RecordShape): readonly SecondRecord[] {
  const maker = new RecordMaker(SEED, shape);
  return Array.from({ length: RECORDS }, (_, at) => maker.make(at));
}

function rowsOf(shape: RecordShape): number {
  return shape.targets + 1 + shape.peaceRows + shape.attackRows;
}

/** Encodes `size` rows into blocks. */
function encode(size: number, shape: RecordShape): BenchResult {
  const records = makeRecords(shape);
  const seconds = Math.ceil(size / rowsOf(shape));
  return measure(seconds * rowsOf(shape), () => {
    const encoder = new RecordEncoder(() => 1);
    let bytes = 0;
    for (let at = 0; at < seconds; at++) {
      for (const block of encoder.add({ ...records[at % RECORDS], second: FROM + at })) bytes += block.bytes.length;
    }
    for (const block of encoder.seal()) bytes += block.bytes.length;
    return bytes;
  });
}

/** CPU seconds of another process, in the steps of the kernel's clock. */
function cpuSecondsOf(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Bytes of resident memory of another process at its most. */
function peakBytesOf(pid: number | undefined): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

async function withEngine<T>(work: (sql: ChdbSql, directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'bonghwa-bench-'));
  const sql = new ChdbSql(directory, ENGINE_BYTES);
  try {
    await sql.open();
    await migrate(sql, DATABASE);
    return await work(sql, directory);
  } finally {
    await sql.close(1000);
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Keeps `size` rows block by block as a station does: the CPU time of both processes. */
function keep(size: number, shape: RecordShape): Promise<BenchResult> {
  const records = makeRecords(shape);
  return withEngine(async (sql) => {
    const encoder = new RecordEncoder(() => 1);
    const seconds = Math.ceil(size / rowsOf(shape));
    const from = process.hrtime.bigint();
    const own = process.cpuUsage();
    const engine = cpuSecondsOf(sql.pid);
    for (let at = 0; at < seconds; at++) {
      const blocks = encoder.add({ ...records[at % RECORDS], second: FROM + at });
      for (const block of blocks) await keepBlock(sql, DATABASE, block);
    }
    for (const block of encoder.seal()) await keepBlock(sql, DATABASE, block);
    const wallSeconds = Number(process.hrtime.bigint() - from) / 1e9;
    const used = process.cpuUsage(own);
    const { data } = await sql.ask(
      `SELECT (SELECT count() FROM ${DATABASE}.flows) + (SELECT count() FROM ${DATABASE}.seconds)`,
      'upkeep',
    );
    return {
      items: seconds * rowsOf(shape),
      cpuSeconds: (used.user + used.system) / 1e6 + cpuSecondsOf(sql.pid) - engine,
      wallSeconds,
      rssMaxBytes: peakBytesOf(sql.pid),
      hash: Number(data[0][0]),
    };
  });
}

export const cases: readonly BenchCase[] = [
  {
    name: 'store/telemetry-encode',
    unit: 'rows',
    sizes: { small: 100_000, full: 5_000_000 },
    run: (size) => encode(size, ATTACK),
  },
  {
    name: 'store/telemetry-keep-peace',
    unit: 'rows',
    sizes: { small: 10_000, full: 100_000 },
    run: (size) => keep(size, PEACE),
  },
  {
    name: 'store/telemetry-keep-attack',
    unit: 'rows',
    sizes: { small: 100_000, full: 2_000_000 },
    run: (size) => keep(size, ATTACK),
  },
];

const DAY = 86_400;
/** Blocks of a table that the day is filled with at once. A station hands over each by itself, which takes a day. */
const BLOCKS_AT_ONCE = 60;

/**
 * `--day [--attack-seconds N] [--seconds N]`: a day of 256 rows of peacetime a second and 100 targets, with an attack in it; then
 * questions, each several times. Prints what they take on the clock, and what the day takes on disk.
 */
async function day(seconds: number, attackSeconds: number): Promise<void> {
  const peace = new RecordMaker(SEED + 1, PEACE);
  const attack = new RecordMaker(SEED, ATTACK);
  await withEngine(async (sql) => {
    const say = (text: string): void => void process.stdout.write(`${text}\n`);
    const encoder = new RecordEncoder(() => 1);
    const waiting: Record<BlockTable, Block[]> = { flows: [], seconds: [], requests: [] };
    const columns = {
      requests: Object.keys(REQUEST_COLUMNS),
      flows: Object.keys(FLOW_COLUMNS),
      seconds: Object.keys(SECOND_COLUMNS),
    };
    let files = 0;
    const fill = async (table: BlockTable): Promise<void> => {
      const bytes = Buffer.concat(waiting[table].splice(0).map((block) => block.bytes));
      if (bytes.length === 0) return;
      const token = `SETTINGS insert_deduplication_token = '${files++}'`;
      await sql.insert(`INSERT INTO ${DATABASE}.${table} (${columns[table].join(', ')}) ${token}`, bytes);
    };
    const attackFrom = Math.floor((seconds - attackSeconds) / 2);
    for (let at = 0; at < seconds; at++) {
      const attacked = at >= attackFrom && at < attackFrom + attackSeconds;
      const record = (attacked ? attack : peace).make(FROM + at);
      for (const block of encoder.add(record)) {
        waiting[block.table].push(block);
        if (waiting[block.table].length >= BLOCKS_AT_ONCE) await fill(block.table);
      }
    }
    for (const block of encoder.seal()) waiting[block.table].push(block);
    await fill('flows');
    await fill('seconds');
    await makeMinutes(sql, DATABASE, FROM * 1000, (FROM + seconds + 120) * 1000);
    for (const table of ['flows', 'seconds', 'minutes']) await sql.command(`OPTIMIZE TABLE ${DATABASE}.${table} FINAL`);
    const sizes = await sql.ask(
      `SELECT table, sum(rows), sum(bytes_on_disk) FROM system.parts WHERE database = '${DATABASE}' AND active GROUP BY table ORDER BY table`,
      'upkeep',
    );
    for (const [table, rows, bytes] of sizes.data) {
      say(
        `${table}: ${rows} rows, ${(Number(bytes) / 1e6).toFixed(1)} MB, ${(Number(bytes) / Number(rows)).toFixed(2)} bytes a row`,
      );
    }
    const whole = { since: FROM * 1000, until: (FROM + seconds) * 1000 };
    const twoHours = { since: (FROM + attackFrom) * 1000, until: (FROM + attackFrom + 7200) * 1000 };
    const questions: readonly (readonly [string, Partial<FlowsQuery> & typeof whole])[] = [
      ['day, target, srcAsn', { ...whole, targets: [VICTIM], top: ['srcAsn'] }],
      ['day, target, srcAsn and srcCountry', { ...whole, targets: [VICTIM], top: ['srcAsn', 'srcCountry'] }],
      ['day, target, srcAddr', { ...whole, targets: [VICTIM], top: ['srcAddr'] }],
      ['day, target, srcNet', { ...whole, targets: [VICTIM], top: ['srcNet'] }],
      ['day, target of peacetime, srcAddr', { ...whole, targets: ['198.51.97.1'], top: ['srcAddr'] }],
      ['day, everything, dstAddr', { ...whole, top: ['dstAddr'] }],
      ['day, everything, class', { ...whole, top: ['class'] }],
      ['day, sources in a /8, udp, srcPort', { ...whole, src: ['11.0.0.0/8'], proto: 17, top: ['srcPort'] }],
      [
        '2 hours, udp port 53, srcAsn and srcCountry',
        { ...twoHours, proto: 17, port: 53, top: ['srcAsn', 'srcCountry'] },
      ],
      ['2 hours, target, class, by minute', { ...twoHours, targets: [VICTIM], top: ['class'], stepMs: 60_000 }],
    ];
    const clock = async (name: string, ask: () => Promise<unknown>): Promise<void> => {
      const times: number[] = [];
      const cpu = cpuSecondsOf(sql.pid);
      for (let round = 0; round < 5; round++) {
        const startedMs = performance.now();
        await ask();
        times.push(performance.now() - startedMs);
      }
      const used = (cpuSecondsOf(sql.pid) - cpu) / 5;
      times.sort((a, b) => a - b);
      say(
        `${name}: median ${times[2].toFixed(0)} ms, most ${times[4].toFixed(0)} ms, ${(1000 * used).toFixed(0)} ms CPU`,
      );
    };
    for (const [name, query] of questions) {
      await clock(name, () => answerFlows(sql, DATABASE, flowsQuerySchema.parse(query)));
    }
    await clock('day, seconds of a target', () =>
      answerSeconds(sql, DATABASE, secondsQuerySchema.parse({ ...whole, target: VICTIM })),
    );
    say(`engine: ${(peakBytesOf(sql.pid) / 1e6).toFixed(0)} MB resident at most`);
  });
}

if (import.meta.main) {
  if (process.argv.includes('--day')) {
    const { values } = parseArgs({
      options: {
        day: { type: 'boolean' },
        seconds: { type: 'string', default: String(DAY) },
        'attack-seconds': { type: 'string', default: '3600' },
      },
    });
    await day(Number(values.seconds), Number(values['attack-seconds']));
  } else await runCases(cases);
}
