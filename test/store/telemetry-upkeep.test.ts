import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createKeptFlows, type SecondRecord } from '../../src/model/second-record.ts';
import { answerFlows, answerSeconds } from '../../src/store/telemetry/answers.ts';
import { CHDB_LIMITS, ChdbSql } from '../../src/store/telemetry/chdb-sql.ts';
import { isRefusal } from '../../src/store/telemetry/client-sql.ts';
import { keepBlock } from '../../src/store/telemetry/keep-block.ts';
import { RecordEncoder } from '../../src/store/telemetry/record-encoder.ts';
import { MIGRATIONS, migrate } from '../../src/store/telemetry/schema.ts';
import { secondsQuerySchema } from '../../src/store/telemetry/seconds-query.ts';
import { SqlLost, SqlRefused } from '../../src/store/telemetry/sql.ts';
import { bytesOnDisk, dropExpired, makeMinutes } from '../../src/store/telemetry/upkeep.ts';
import { ATTACK_ID, RecordMaker, VICTIM } from '../support/telemetry-records.ts';
import { groupsOf, question, rowsOf, until } from './telemetry-suite.ts';

/** Each test has a database of its own in one engine: what is tested is what the statements do, at times of our choosing. */
const DAY = 86_400;
/** A Monday. */
const MONDAY = Date.UTC(2025, 0, 6) / 1000;
let directory: string;
let sql: ChdbSql;
let runs = 0;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bonghwa-upkeep-'));
  sql = new ChdbSql(join(directory, 'engine'), 1 << 30);
  await sql.open();
});

after(async () => {
  await sql.close(1000);
  await rm(directory, { recursive: true, force: true });
});

async function keep(database: string, records: readonly SecondRecord[]): Promise<void> {
  const encoder = new RecordEncoder(() => ++runs);
  for (const record of records) for (const block of encoder.add(record)) await keepBlock(sql, database, block);
  for (const block of encoder.seal()) await keepBlock(sql, database, block);
}

/** One target with a rate of its own in every second. */
function rated(second: number, pps: number, fields: { target?: string; attackId?: string } = {}): SecondRecord {
  const value = fields.target ?? VICTIM;
  return {
    second,
    total: { bps: 10 * pps, pps, fps: 1 },
    targets: [
      {
        target: { kind: 'address', value },
        direction: 'in',
        prefix: `${value}/32`,
        rate: { bps: 8 * pps, pps, fps: pps / 2 },
        baseline: { bps: 80, pps: 10, fps: 5 },
        excess: pps / 100,
        ...(fields.attackId === undefined ? {} : { attackId: fields.attackId }),
      },
    ],
    flows: createKeptFlows(0),
  };
}

async function count(database: string, table: string): Promise<number> {
  const { data } = await sql.ask(`SELECT count() FROM ${database}.${table}`, 'upkeep');
  return Number(data[0][0]);
}

test('minutes are the mean, the 95th percentile and the most of their seconds', async () => {
  await migrate(sql, 'minutes');
  const records = Array.from({ length: 120 }, (_, at) =>
    rated(MONDAY + at, at, at > 70 ? { attackId: ATTACK_ID } : {}),
  );
  await keep('minutes', records);
  // At 119 s the second minute has not settled.
  await makeMinutes(sql, 'minutes', MONDAY * 1000, (MONDAY + 119) * 1000);
  assert.equal(await count('minutes', 'minutes'), 2, 'the target and the total of the first minute');
  await makeMinutes(sql, 'minutes', MONDAY * 1000, (MONDAY + 200) * 1000);
  const { data } = await sql.ask(
    "SELECT toUnixTimestamp(time), samples, pps, ppsP95, ppsMax, bps, baselinePps, round(excess, 2), attackId FROM minutes.minutes FINAL WHERE kind = 'address' ORDER BY time",
    'upkeep',
  );
  assert.deepEqual(data, [
    [MONDAY, 60, 29.5, 57, 59, 236, 10, 0.59, ''],
    [MONDAY + 60, 60, 89.5, 117, 119, 716, 10, 1.19, ATTACK_ID],
  ]);
});

test('minutes take in seconds that come late, once, however often they are made', async () => {
  await migrate(sql, 'late');
  const records = Array.from({ length: 60 }, (_, at) => rated(MONDAY + at, at));
  await keep('late', records.slice(0, 20));
  const make = (): Promise<void> => makeMinutes(sql, 'late', MONDAY * 1000, (MONDAY + 3600) * 1000);
  await make();
  await keep('late', records.slice(20));
  await make();
  await make();
  const { data } = await sql.ask("SELECT samples, ppsMax FROM late.minutes FINAL WHERE kind = 'address'", 'upkeep');
  assert.deepEqual(data, [[60, 59]]);
});

test('what is older than its retention goes, and nothing else', async () => {
  await migrate(sql, 'old');
  const maker = new RecordMaker(5, { targets: 1, peaceRows: 3, attackRows: 0 });
  const days = Array.from({ length: 10 }, (_, at) => MONDAY + at * DAY);
  await keep(
    'old',
    days.map((second) => maker.make(second)),
  );
  await makeMinutes(sql, 'old', MONDAY * 1000, (MONDAY + 11 * DAY) * 1000);
  const retention = { flowsDays: 2, secondsDays: 4, minutesDays: 5, requestsDays: 2 };
  // Noon of the tenth day: flows of seven whole days are older than two days, seconds of five than four.
  const noon = (MONDAY + 9 * DAY + DAY / 2) * 1000;
  assert.equal(await dropExpired(sql, 'old', retention, noon), 7 + 5);
  const times = async (table: string): Promise<unknown[]> =>
    (await sql.ask(`SELECT DISTINCT toUnixTimestamp(time) AS t FROM old.${table} ORDER BY t`, 'upkeep')).data.map(
      ([time]) => time,
    );
  assert.deepEqual(await times('flows'), days.slice(7));
  assert.deepEqual(await times('seconds'), days.slice(5));
  // Minutes lie in weeks: the first has a Sunday that is not old enough yet.
  assert.deepEqual(await times('minutes'), days);
  assert.equal(await dropExpired(sql, 'old', retention, (MONDAY + 12 * DAY) * 1000), 3 + 3 + 1);
  assert.deepEqual(await times('minutes'), days.slice(7));
  assert.equal(await dropExpired(sql, 'old', retention, (MONDAY + 12 * DAY) * 1000), 0);
  assert.ok((await bytesOnDisk(sql, 'old')) > 0);
});

test('rates of long ago come from minutes, those since from seconds', async () => {
  await migrate(sql, 'ages');
  // Two minutes eight days ago, of which the seconds are gone; and two of today, of which the last is no minute yet.
  await keep(
    'ages',
    Array.from({ length: 120 }, (_, at) => rated(MONDAY + at, 100)),
  );
  const today = MONDAY + 8 * DAY;
  await makeMinutes(sql, 'ages', MONDAY * 1000, (MONDAY + 3600) * 1000);
  await dropExpired(
    sql,
    'ages',
    { flowsDays: 7, secondsDays: 7, minutesDays: 400, requestsDays: 7 },
    (today + 130) * 1000,
  );
  await keep(
    'ages',
    Array.from({ length: 120 }, (_, at) => rated(today + at, 200 + at)),
  );
  await makeMinutes(sql, 'ages', today * 1000, (today + 100) * 1000);
  const ask = (since: number, until: number, stepMs?: number) =>
    answerSeconds(
      sql,
      'ages',
      secondsQuerySchema.parse({ since: since * 1000, until: until * 1000, target: VICTIM, stepMs }),
    );
  const old = await ask(MONDAY, today + 120, 60_000 * 60);
  assert.deepEqual([old.from, old.points.length, old.points.map(({ seconds }) => seconds)], ['minutes', 2, [120, 120]]);
  assert.deepEqual(
    old.points.map(({ mean }) => Math.round(10 * mean.pps) / 10),
    [100, 259.5],
  );
  assert.deepEqual(
    old.points.map(({ max }) => max.pps),
    [100, 319],
  );
  const recent = await ask(today, today + 120, 1000);
  assert.deepEqual([recent.from, recent.points.length, recent.points[7].mean.pps], ['seconds', 120, 207]);
});

test('a site is the sum of its addresses, in seconds and in minutes', async () => {
  await migrate(sql, 'sites');
  const site = (second: number): SecondRecord => {
    const [one] = rated(second, 100).targets;
    const target = { kind: 'site', value: 'portal' } as const;
    return {
      ...rated(second, 100),
      targets: [
        { ...one, target },
        { ...one, target, prefix: '2001:db8::1/128' },
      ],
    };
  };
  await keep(
    'sites',
    Array.from({ length: 60 }, (_, at) => site(MONDAY + at)),
  );
  const query = secondsQuerySchema.parse({
    since: MONDAY * 1000,
    until: (MONDAY + 60) * 1000,
    target: 'portal',
    stepMs: 60_000,
  });
  const [fromSeconds] = (await answerSeconds(sql, 'sites', query)).points;
  assert.deepEqual([fromSeconds.mean.pps, fromSeconds.max.pps, fromSeconds.seconds], [200, 200, 60]);
  await makeMinutes(sql, 'sites', MONDAY * 1000, (MONDAY + 3600) * 1000);
  await sql.command('TRUNCATE TABLE sites.seconds');
  const minutes = await answerSeconds(sql, 'sites', query);
  assert.equal(minutes.from, 'minutes');
  assert.deepEqual([minutes.points[0].mean.pps, minutes.points[0].max.pps, minutes.points[0].seconds], [200, 200, 60]);
});

test('the largest of very many groups are found without holding them all', async () => {
  await migrate(sql, 'many');
  const maker = new RecordMaker(9, { targets: 0, peaceRows: 1000, attackRows: 3000 });
  const records = Array.from({ length: 5 }, (_, at) => maker.make(MONDAY + at));
  await keep('many', records);
  const query = question({
    since: MONDAY * 1000,
    until: (MONDAY + 5) * 1000,
    top: ['dstAddr', 'class'],
    limit: 5,
    stepMs: 1000,
  });
  const exact = await answerFlows(sql, 'many', query);
  const found = await answerFlows(sql, 'many', query, undefined, 10);
  assert.deepEqual({ ...found, elapsedMs: 0 }, { ...exact, elapsedMs: 0 });
  const groups = groupsOf(rowsOf(records), 'packets', (row) => [row.dstAddr, row.class]);
  assert.ok(Math.abs(exact.distinct - groups.length) < 0.05 * groups.length, `${exact.distinct} for ${groups.length}`);
  const one = await answerFlows(sql, 'many', { ...query, top: ['srcNet'], stepMs: undefined }, undefined, 10);
  assert.deepEqual(
    one.groups,
    (await answerFlows(sql, 'many', { ...query, top: ['srcNet'], stepMs: undefined })).groups,
  );
});

test('of more than a million groups, every one with a thousandth of the total is found, with its exact figures', async () => {
  await migrate(sql, 'forged');
  // 1.1 million forged sources of one row each; among them 20 that send in many rows, and one that sends in a single one.
  const heavy = 20;
  const rowsOfHeavy = 1500;
  await sql.command(`INSERT INTO forged.flows (time, srcAddr, dstAddr, packets, bytes, weight, run)
SELECT ${MONDAY} + intDiv(number, 4096), toIPv6(bitOr(toUInt128('281470681743360'), toUInt32(16777216 + number))), toIPv6('198.51.100.10'), 2, 200, 1, 1 FROM numbers(1100000)
UNION ALL SELECT ${MONDAY} + number % 250, toIPv6(concat('::ffff:192.0.2.', toString(number % ${heavy}))), toIPv6('198.51.100.10'), 3, 300, 1, 1 FROM numbers(${heavy * rowsOfHeavy})
UNION ALL SELECT ${MONDAY}, toIPv6('192.0.2.200'), toIPv6('198.51.100.10'), 90000, 9000000, 1, 1`);
  const query = question({
    since: MONDAY * 1000,
    until: (MONDAY + 3600) * 1000,
    targets: ['198.51.100.10'],
    top: ['srcAddr'],
    limit: heavy + 1,
  });
  const answer = await answerFlows(sql, 'forged', query);
  assert.ok(Math.abs(answer.distinct / (1_100_000 + heavy + 1) - 1) < 0.05, String(answer.distinct));
  assert.equal(answer.total.packets, 2 * 1_100_000 + 3 * heavy * rowsOfHeavy + 90_000);
  const [single, ...many] = answer.groups;
  assert.deepEqual([single.key, single.packets, single.rows], [['192.0.2.200'], 90_000, 1]);
  assert.deepEqual(
    new Set(many.map(({ key }) => key[0])),
    new Set(Array.from({ length: heavy }, (_, at) => `192.0.2.${at}`)),
  );
  for (const { packets, rows } of many) assert.deepEqual([packets, rows], [3 * rowsOfHeavy, rowsOfHeavy]);
  const again = await answerFlows(sql, 'forged', query);
  assert.deepEqual(again.groups, answer.groups);
});

test('tables are brought up to a release once, and those of a later release are left alone', async () => {
  const versions = async (): Promise<unknown> =>
    (await sql.ask('SELECT version FROM versions_of.versions ORDER BY version', 'upkeep')).data.flat();
  const known = MIGRATIONS.map((_, at) => at + 1);
  const [last, later] = [known.length, known.length + 1];
  await migrate(sql, 'versions_of', MIGRATIONS.slice(0, 1));
  await migrate(sql, 'versions_of', MIGRATIONS.slice(0, 1));
  assert.deepEqual(await versions(), [1]);
  await migrate(sql, 'versions_of');
  assert.deepEqual(await versions(), known);
  const next = [
    ...MIGRATIONS,
    [(database: string) => `ALTER TABLE ${database}.flows ADD COLUMN IF NOT EXISTS note String`],
  ];
  await migrate(sql, 'versions_of', next);
  assert.deepEqual(await versions(), [...known, later]);
  await assert.rejects(migrate(sql, 'versions_of'), new RegExp(`version ${later}, this release knows ${last}`));
  // Killed between a statement and its note, a migration runs again.
  await sql.command(`ALTER TABLE versions_of.versions DELETE WHERE version = ${later} SETTINGS mutations_sync = 1`);
  await migrate(sql, 'versions_of', next);
  assert.deepEqual(await versions(), [...known, later]);
});

test('a block that the engine cannot read is refused; one of unknown fate is kept once', async () => {
  await migrate(sql, 'fates');
  const encoder = new RecordEncoder(() => ++runs);
  encoder.add(rated(MONDAY, 1));
  const [whole] = encoder.seal();
  await assert.rejects(keepBlock(sql, 'fates', { ...whole, bytes: whole.bytes.subarray(0, 40) }), isRefusal);
  for (let time = 0; time < 3; time++) await keepBlock(sql, 'fates', { ...whole, uncertain: true });
  assert.equal(await count('fates', 'seconds'), 2);
  // The token was noted, and the rows were not: what a kill between the two leaves behind.
  await sql.command('ALTER TABLE fates.seconds DELETE WHERE 1 SETTINGS mutations_sync = 1');
  assert.equal(await count('fates', 'seconds'), 0);
  await keepBlock(sql, 'fates', { ...whole, uncertain: true });
  assert.equal(await count('fates', 'seconds'), 2);
});

test('a fault of the engine has its number, and leaves nothing behind for the next question', async () => {
  await assert.rejects(
    sql.query('SELECT nonsense(1)'),
    (error: SqlRefused) => error instanceof SqlRefused && error.code === 46,
  );
  // This one fails when the answer has begun to be written.
  await assert.rejects(sql.query('SELECT throwIf(number = 3) FROM numbers(10)'), SqlRefused);
  assert.deepEqual((await sql.query('SELECT 1')).data, [[1]]);
});

test('one directory has one engine, and an engine that hangs is killed and started again', async () => {
  const second = new ChdbSql(join(directory, 'engine'), 1 << 30);
  await assert.rejects(second.open(), SqlLost);
  await second.close(1000);
  const hanging = new ChdbSql(join(directory, 'hanging'), 1 << 30, { ...CHDB_LIMITS, insertMs: 300, questionMs: 300 });
  const lost: Error[] = [];
  hanging.onLost((error) => lost.push(error));
  await hanging.open();
  const { pid } = hanging;
  assert.ok(pid !== undefined);
  process.kill(pid, 'SIGSTOP');
  const asked = [hanging.query('SELECT 1'), hanging.ask('SELECT 1', 'write')].map((answer) =>
    assert.rejects(answer, SqlLost),
  );
  await Promise.all(asked);
  assert.equal(lost.length, 1);
  await until('the one that hung is gone', () => {
    try {
      process.kill(pid, 0);
      return false;
    } catch {
      return true;
    }
  });
  await hanging.open();
  assert.deepEqual((await hanging.query('SELECT 2')).data, [[2]]);
  await hanging.close(1000);
});
