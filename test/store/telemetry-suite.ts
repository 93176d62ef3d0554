import assert from 'node:assert/strict';
import type { SecondRecord } from '../../src/model/second-record.ts';
import {
  CLASS_NAMES,
  type FlowsAnswer,
  type FlowsQuery,
  flowsQuerySchema,
} from '../../src/store/telemetry/flows-query.ts';
import type { TelemetryStore } from '../../src/store/telemetry/telemetry-store.ts';

/** Waits until `met` is, in short steps. Fails with `what` where that takes too long. */
export async function until(what: string, met: () => boolean | Promise<boolean>, msMax = 60_000): Promise<void> {
  const end = Date.now() + msMax;
  while (!(await met())) {
    assert.ok(Date.now() < end, `${what}: not within ${msMax / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Waits until all that was offered is kept. */
export function kept(store: TelemetryStore): Promise<void> {
  return until('all is kept', () => {
    const { waiting, lost } = store.status();
    assert.equal(lost, 0, JSON.stringify(store.status()));
    return waiting === 0;
  });
}

export const RETENTION = { flowsDays: 7, secondsDays: 7, minutesDays: 400, requestsDays: 7 };

type Row = Readonly<
  Record<'time' | 'srcPort' | 'dstPort' | 'proto' | 'packets' | 'bytes' | 'weight' | 'srcAsn' | 'ttl', number>
> &
  Readonly<Record<'srcAddr' | 'dstAddr' | 'class' | 'kept', string>>;

/** The rows of records one by one, as plainly as can be. */
export function rowsOf(records: readonly SecondRecord[]): readonly Row[] {
  return records.flatMap(({ second, flows }) =>
    Array.from({ length: flows.length }, (_, row) => ({
      time: second,
      srcAddr: dotted(flows.srcAddr[4 * row + 3]),
      dstAddr: dotted(flows.dstAddr[4 * row + 3]),
      srcPort: flows.srcPort[row],
      dstPort: flows.dstPort[row],
      proto: flows.proto[row],
      packets: flows.packets[row],
      bytes: flows.bytes[row],
      weight: flows.weight[row],
      srcAsn: flows.srcAs[row],
      ttl: flows.ttl[row],
      class: CLASS_NAMES[flows.trafficClass[row]],
      kept: flows.kept[row] === 1 ? 'attack' : 'peace',
    })),
  );
}

function dotted(word: number): string {
  return [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255].join('.');
}

export interface Expected {
  readonly key: string;
  readonly packets: number;
  readonly bytes: number;
  readonly flows: number;
  readonly rows: number;
}

/** Groups by brute force, largest first. */
export function groupsOf(
  rows: readonly Row[],
  by: 'packets' | 'bytes' | 'flows',
  keyOf: (row: Row) => unknown[],
): readonly Expected[] {
  const groups = new Map<string, { key: string; packets: number; bytes: number; flows: number; rows: number }>();
  for (const row of rows) {
    const key = JSON.stringify(keyOf(row));
    const group = groups.get(key) ?? { key, packets: 0, bytes: 0, flows: 0, rows: 0 };
    group.packets += row.weight * row.packets;
    group.bytes += row.weight * row.bytes;
    group.flows += row.weight;
    group.rows++;
    groups.set(key, group);
  }
  return [...groups.values()].sort((a, b) => b[by] - a[by]);
}

/** Holds an answer against what brute force says. */
export function assertGroups(
  answer: FlowsAnswer,
  expected: readonly Expected[],
  by: 'packets' | 'bytes' | 'flows',
): void {
  const given = answer.groups.map(({ key, packets, bytes, flows, rows }) => ({
    key: JSON.stringify(key),
    packets,
    bytes,
    flows,
    rows,
  }));
  const known = new Map(expected.map((group) => [group.key, group]));
  for (const [at, group] of given.entries()) {
    // Groups of one size may stand in any order; each must be right, and as large as the one of its rank.
    assert.deepEqual(group, known.get(group.key), `group ${at}`);
    assert.equal(group[by], expected[at][by], `size of rank ${at}`);
  }
  const total = expected.reduce((sum, group) => sum + group[by], 0);
  assert.equal(answer.total[by], total);
  for (const group of answer.groups) assert.ok(Math.abs(group.share - group[by] / total) < 1e-9);
}

export function question(fields: Partial<FlowsQuery> & { since: number; until: number }): FlowsQuery {
  return flowsQuerySchema.parse(fields);
}
