import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { TelemetryBench } from '../../test/support/decode-telemetry.ts';
import { encodeIpfix, encodeNetflow9, encodeRecord } from '../../test/support/encode-netflow.ts';
import { Rejections } from '../model/rejection.ts';
import { type ExporterState, ExporterTable } from './exporter.ts';
import { SequenceFollower } from './sequence.ts';

const JUMP = 1 << 16;
const NOW = 1_750_000_000_000;

describe('records that are missing', () => {
  it('are exact where every datagram has as many, whichever are lost', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        fc.array(fc.boolean(), { minLength: 2, maxLength: 9000 }),
        (ofDatagrams, records, first, arrives) => {
          const follower = new SequenceFollower(ofDatagrams);
          let lost = 0;
          let pending = 0;
          arrives[0] = true;
          arrives.forEach((here, at) => {
            const sequence = (first + at * (ofDatagrams ? 1 : records)) >>> 0;
            if (!here) pending += records;
            else {
              lost += pending;
              pending = 0;
              follower.follow(sequence, records, true, JUMP);
            }
          });
          assert.equal(follower.recordsLost, lost);
          assert.equal(follower.unitsLost, ofDatagrams ? lost / records : lost);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('are estimated by the mean of the datagrams where they differ', () => {
    const follower = new SequenceFollower(true);
    // A template every tenth datagram, without records; every seventh datagram is lost.
    let lost = 0;
    for (let at = 0; at < 7000; at++) {
      const records = at % 10 === 0 ? 0 : 24;
      if (at % 7 === 3) lost += records;
      else follower.follow(at, records, true, JUMP);
    }
    assert.ok(Math.abs(follower.recordsLost - lost) / lost < 0.02, `${follower.recordsLost} of ${lost}`);
  });

  it('are taken back when a datagram comes late', () => {
    const follower = new SequenceFollower(true);
    for (let at = 0; at < 40; at++) follower.follow(at, 30, true, JUMP);
    follower.follow(42, 30, true, JUMP);
    assert.deepEqual([follower.unitsLost, follower.recordsLost], [2, 60]);
    follower.follow(41, 30, true, JUMP);
    assert.deepEqual([follower.unitsLost, follower.recordsLost], [1, 30]);
    follower.follow(43, 30, true, JUMP);
    assert.equal(follower.recordsLost, 30);
  });

  it('are none after a restart of the exporter', () => {
    const follower = new SequenceFollower(true);
    follower.follow(100_000, 30, true, JUMP);
    follower.follow(5, 30, true, JUMP);
    follower.follow(6, 30, true, JUMP);
    assert.equal(follower.recordsLost, 0);
    follower.restart();
    follower.follow(900, 30, true, JUMP);
    assert.equal(follower.recordsLost, 0);
  });

  it('are told apart from those that a station missed while it was down', () => {
    const before = new SequenceFollower(true);
    for (let at = 0; at < 10; at++) before.follow(at, 30, true, JUMP);
    const after = new SequenceFollower(true);
    after.restore(before.memory());
    after.follow(110, 30, true, JUMP);
    assert.deepEqual([after.missedWhileDown, after.recordsLost], [3000, 0]);
    after.follow(112, 30, true, JUMP);
    assert.deepEqual([after.missedWhileDown, after.recordsLost], [3000, 30]);
  });
});

it('are kept of exporters that are forgotten, and do not fall where some come late', () => {
  const exporters = new ExporterTable(new Rejections(), { exportersMax: 1 });
  const touch = (address: number): ExporterState =>
    exporters.touch(Uint32Array.of(0, 0, 0xffff, address), 0, 0, 'ipfix', NOW);
  const first = touch(1);
  for (const sequence of [0, 20, 40]) first.sequence.follow(sequence, 10, true, JUMP);
  assert.equal(exporters.recordsLost(), 20);
  first.sequence.follow(30, 10, true, JUMP);
  assert.deepEqual([first.recordsLost, exporters.recordsLost()], [10, 20]);
  const second = touch(2);
  for (const sequence of [0, 55]) second.sequence.follow(sequence, 10, true, JUMP);
  assert.equal(exporters.recordsLost(), 55);
});

describe('records without a template', () => {
  const fields = [8, 12, 1, 2].map((id) => ({ id, length: 4 }));
  const record = encodeRecord(fields, [1, 2, 3, 4]);
  const template = { kind: 'templates', templates: [{ id: 256, fields }] } as const;
  const data = (count: number) =>
    ({ kind: 'data', id: 256, records: new Array<Uint8Array>(count).fill(record), padding: 3 }) as const;

  it('are counted by the template when it comes (NetFlow v9)', () => {
    const bench = new TelemetryBench();
    const send = (sequence: number, sets: Parameters<typeof encodeNetflow9>[0]['sets']): void =>
      void bench.feed(encodeNetflow9({ uptimeMs: 1, seconds: 1, sequence, sets }), NOW);
    send(0, [data(20)]);
    send(1, [data(20), data(7)]);
    assert.equal(bench.exporter.recordsLost, 0);
    send(2, [template]);
    assert.deepEqual([bench.exporter.recordsLost, bench.exporter.sequenceLost], [47, 0]);
    send(3, [data(20)]);
    assert.deepEqual([bench.exporter.recordsLost, bench.exporter.records], [47, 20]);
  });

  it('are counted by the sequence number of the next message (IPFIX)', () => {
    const bench = new TelemetryBench();
    const send = (sequence: number, sets: Parameters<typeof encodeIpfix>[0]['sets']): void =>
      void bench.feed(encodeIpfix({ seconds: 1, sequence, sets }), NOW);
    send(100, [data(20)]);
    send(120, [template, data(5)]);
    assert.deepEqual([bench.exporter.recordsLost, bench.exporter.sequenceLost], [20, 0]);
    send(130, [data(5)]);
    assert.deepEqual([bench.exporter.recordsLost, bench.exporter.sequenceLost], [25, 5]);
  });

  it('are bounded by exporter', () => {
    const follower = new SequenceFollower(true);
    for (let id = 256; id < 60_000; id++) follower.noteUnknown(id, 100);
    for (let id = 256; id < 60_000; id++) follower.noteTemplate(id, 10);
    assert.equal(follower.recordsLost, 640);
  });
});
