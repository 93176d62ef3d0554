import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Random } from '../../src/base/random.ts';
import { CHDB_LIMITS, ChdbSql } from '../../src/store/telemetry/chdb-sql.ts';
import { Keeper } from '../../src/store/telemetry/keeper.ts';
import { OUTBOX_LIMITS } from '../../src/store/telemetry/outbox.ts';
import { DATABASE } from '../../src/store/telemetry/schema.ts';
import { RecordMaker } from '../support/telemetry-records.ts';
import { STATION_SHAPE } from './telemetry-station.ts';
import { RETENTION, until } from './telemetry-suite.ts';

const MEMORY = 1 << 30;
/** Kills of the engine, and of the whole station in each of its two tests. */
const ENGINE_KILLS = 25;
const STATION_KILLS = 12;
const FROM = Math.floor(Date.now() / 86_400_000) * 86_400 - 86_400;
const FLOWS = STATION_SHAPE.peaceRows + STATION_SHAPE.attackRows;
const SECONDS = STATION_SHAPE.targets + 1;

/** Rows of every second in a table, by the time: each run of the station has its own seconds. */
async function rowsBySecond(sql: ChdbSql, table: string): Promise<ReadonlyMap<number, number>> {
  const { data } = await sql.ask(
    `SELECT toUnixTimestamp(time), count() FROM ${DATABASE}.${table} GROUP BY 1`,
    'upkeep',
  );
  return new Map(data.map(([second, count]) => [Number(second), Number(count)]));
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Processes whose command line has `text` in it. */
function processesOf(text: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return pid !== process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
      } catch {
        return false;
      }
    });
}

/** Whether a process is gone, or has let go of all its files: its command line goes before those do. */
function hasEnded(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return /^ [ZX]/.test(stat.slice(stat.lastIndexOf(')') + 1));
  } catch {
    return true;
  }
}

describe('killed at any moment', { skip: existsSync('/proc/self/cmdline') ? false : 'there is no /proc' }, () => {
  let directory: string;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bonghwa-kill-'));
  });

  after(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  test(`the engine, ${ENGINE_KILLS} times: every row is kept, and once`, async (t) => {
    const random = new Random(11);
    const sql = new ChdbSql(join(directory, 'engine'), MEMORY);
    const problems: Error[] = [];
    const keeper = new Keeper({
      sql,
      database: DATABASE,
      spoolDirectory: join(directory, 'engine-spool'),
      limits: OUTBOX_LIMITS,
      retention: RETENTION,
      enrich: undefined,
      newRun: () => 1 + random.below(0xfffffffe),
      onProblem: (error) => problems.push(error),
    });
    t.after(() => keeper.close());
    keeper.start();
    const maker = new RecordMaker(3, STATION_SHAPE);
    let second = FROM;
    for (let kill = 0; kill < ENGINE_KILLS; kill++) {
      await until('the engine is up', () => keeper.up);
      const end = performance.now() + 5 + random.below(120);
      while (performance.now() < end) {
        for (let at = 0; at < 5; at++) keeper.offer(maker.make(second++));
        await sleep(random.below(20));
      }
      assert.ok(sql.pid !== undefined);
      process.kill(sql.pid, 'SIGKILL');
      await until('the station has noticed', () => !keeper.up);
    }
    await until('all is kept', () => keeper.status().waiting === 0);
    assert.equal(keeper.status().lost, 0);
    const flows = await rowsBySecond(sql, 'flows');
    const seconds = await rowsBySecond(sql, 'seconds');
    for (let at = FROM; at < second; at++) {
      assert.equal(flows.get(at), FLOWS, `flows of second ${at - FROM}`);
      assert.equal(seconds.get(at), SECONDS, `rows of targets in second ${at - FROM}`);
    }
    assert.equal(flows.size, second - FROM);
    // The engine may be gone before the first block of a round reached it, so that not every kill is told of apart.
    assert.ok(problems.length >= 1);
  });

  for (const [name, memoryBytesMax] of [
    ['memory', 1 << 26],
    ['the spool', 1 << 16],
  ] as const) {
    test(`the station, ${STATION_KILLS} times while blocks wait in ${name}: what was kept stays, and once`, async (t) => {
      const data = join(directory, `station-${memoryBytesMax}`);
      const random = new Random(memoryBytesMax);
      const acknowledged: number[] = [];
      const spooled = new Set<string>();
      for (let kill = 0; kill < STATION_KILLS; kill++) {
        const station = startStation(data, FROM + 10_000 * kill, memoryBytesMax);
        t.after(() => station.kill('SIGKILL'));
        let written = 0;
        station.on('message', (message: { written: number }) => {
          written = message.written;
        });
        await until('the station keeps rows', () => written > 0);
        await sleep(random.below(200));
        const engines = processesOf(data);
        const gone = once(station, 'exit');
        station.kill('SIGKILL');
        await gone;
        acknowledged.push(written);
        // The engine of a station that is gone ends by itself, so that the next one can have the directory.
        await until('its engine has ended', () => [...engines, ...processesOf(data)].every(hasEnded), 10_000);
        for (const file of readdirSync(join(data, 'spool'))) if (file.endsWith('.block')) spooled.add(file);
      }
      if (memoryBytesMax < 1 << 20) assert.ok(spooled.size > 0, 'nothing was spooled');
      const sql = new ChdbSql(join(data, 'telemetry'), MEMORY, CHDB_LIMITS);
      const keeper = new Keeper({
        sql,
        database: DATABASE,
        spoolDirectory: join(data, 'spool'),
        limits: OUTBOX_LIMITS,
        retention: RETENTION,
        enrich: undefined,
        newRun: () => 1,
        onProblem: (error) => assert.fail(error),
      });
      t.after(() => keeper.close());
      keeper.start();
      await until('up', () => keeper.up);
      await until('all is caught up', () => keeper.status().waiting === 0);
      const flows = await rowsBySecond(sql, 'flows');
      const seconds = await rowsBySecond(sql, 'seconds');
      for (const [second, count] of flows) assert.equal(count, FLOWS, `flows of ${second - FROM}`);
      for (const [second, count] of seconds) assert.equal(count, SECONDS, `targets of ${second - FROM}`);
      for (const file of spooled) {
        const [table, , from, to] = file.split('-');
        const kept = table === 'flows' ? flows : seconds;
        for (let second = Number(from); second <= Number(to); second++) assert.ok(kept.has(second), file);
      }
      if (memoryBytesMax > 1 << 20) {
        for (const [kill, written] of acknowledged.entries()) {
          const within = (second: number): boolean => Math.floor((second - FROM) / 10_000) === kill;
          const count =
            FLOWS * [...flows.keys()].filter(within).length + SECONDS * [...seconds.keys()].filter(within).length;
          assert.ok(count >= written, `station ${kill} was told of ${written} rows, ${count} are there`);
        }
      }
    });
  }
});

function startStation(directory: string, from: number, memoryBytesMax: number): ChildProcess {
  const program = fileURLToPath(new URL('./telemetry-station.ts', import.meta.url));
  return fork(program, [directory, String(from), String(memoryBytesMax)], { execArgv: [] });
}
