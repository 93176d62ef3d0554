import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordMaker } from '../../../test/support/telemetry-records.ts';
import { createKeptFlows, KEPT_ATTACK, type SecondRecord } from '../../model/second-record.ts';
import { type Block, tokenOf } from './block.ts';
import { BLOCK_SECONDS } from './block-span.ts';
import { encodeText, TEXT_BYTES_MAX } from './native-block.ts';
import { BLOCK_ROWS, RecordEncoder, SECOND_ROWS_MAX } from './record-encoder.ts';

const DAY = 86_400;
const maker = new RecordMaker(1, { targets: 2, peaceRows: 5, attackRows: 0 });

function encoder(): RecordEncoder {
  let run = 0;
  return new RecordEncoder(() => ++run);
}

/** Columns of a block, read as ClickHouse does: names, types, and the values of texts and numbers. */
function read({ bytes }: Block): ReadonlyMap<string, readonly (string | number)[]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const text = (): string => {
    const length = varint();
    at += length;
    return Buffer.from(bytes.subarray(at - length, at)).toString('utf8');
  };
  const next = (width: number): number => {
    at += width;
    return at - width;
  };
  const values: Readonly<Record<string, () => string | number>> = {
    String: text,
    UInt8: () => view.getUint8(next(1)),
    UInt16: () => view.getUint16(next(2), true),
    UInt32: () => view.getUint32(next(4), true),
    "DateTime('UTC')": () => view.getUint32(next(4), true),
    Float32: () => view.getFloat32(next(4), true),
    IPv6: () => Buffer.from(bytes.subarray(next(16), at)).toString('hex'),
  };
  const [columns, rows] = [varint(), varint()];
  const read = new Map<string, readonly (string | number)[]>();
  for (let column = 0; column < columns; column++) {
    const name = text();
    const value = values[text()];
    read.set(name, Array.from({ length: rows }, value));
  }
  assert.equal(at, bytes.length, 'nothing stands behind the last column');
  return read;
}

test('a block has five seconds of both tables', () => {
  const one = encoder();
  const blocks = Array.from({ length: 2 * BLOCK_SECONDS }, (_, at) => one.add(maker.make(1000 + at)));
  assert.deepEqual(
    blocks.map(({ length }) => length),
    [0, 0, 0, 0, 2, 0, 0, 0, 0, 2],
  );
  assert.deepEqual(
    blocks[4].map(({ table, from, to, rows }) => [table, from, to, rows]),
    [
      ['seconds', 1000, 1004, 15],
      ['flows', 1000, 1004, 25],
    ],
  );
  assert.equal(one.rows, 0);
  assert.deepEqual(one.seal(), []);
});

test('a block ends before a gap and at midnight, so that it is one part on disk', () => {
  const one = encoder();
  one.add(maker.make(DAY - 2));
  one.add(maker.make(DAY - 1));
  const [before] = one.add(maker.make(DAY));
  assert.deepEqual([before.from, before.to], [DAY - 2, DAY - 1]);
  const [gap] = one.add(maker.make(DAY + 60));
  assert.deepEqual([gap.from, gap.to], [DAY, DAY]);
});

test('a clock that is set back begins another run, so that no two blocks are taken for one', () => {
  const one = encoder();
  const blocks: Block[] = [];
  for (const second of [100, 101, 102, 101, 102, 103, 103]) blocks.push(...one.add(maker.make(second)));
  blocks.push(...one.seal());
  assert.deepEqual(
    blocks.filter(({ table }) => table === 'flows').map(({ run, from, to }) => [run, from, to]),
    [
      [1, 100, 102],
      [2, 101, 103],
      [3, 103, 103],
    ],
  );
  assert.equal(new Set(blocks.map(tokenOf)).size, blocks.length);
});

test('a full block ends with its second, and what one second has too much is counted', () => {
  const one = encoder();
  const half: SecondRecord = { ...maker.make(1), flows: createKeptFlows(BLOCK_ROWS / 2) };
  assert.deepEqual(one.add({ ...half, second: 1 }), []);
  const full = one.add({ ...half, second: 2 });
  assert.deepEqual(
    full.map(({ table, rows }) => [table, rows]),
    [
      ['seconds', 6],
      ['flows', BLOCK_ROWS],
    ],
  );
  const [, flows] = one.add({ ...half, second: 3, flows: createKeptFlows(SECOND_ROWS_MAX + 10) });
  assert.equal(flows.rows, SECOND_ROWS_MAX);
  assert.equal(one.refused, 10);
});

test('values stand in their columns, numbers that are none as numbers', () => {
  const one = new RecordEncoder(() => 9, {
    country: (words, at) => (words[at + 3] === 1 ? 'KR' : undefined),
    asn: (words, at) => 65_000 + words[at + 3],
  });
  const flows = createKeptFlows(3);
  flows.srcAddr.set([0, 0, 0xffff, 1, 0x20010db8, 0, 0, 2, 0, 0, 0xffff, 3]);
  flows.dstAddr.set([0, 0, 0xffff, 0xc6336401, 0, 0, 0xffff, 0xc6336480, 0, 0, 0xffff, 0xc6336401]);
  flows.srcAs.set([64_500, 0, 0]);
  flows.packets.set([1.5, 2, 3]);
  flows.kept.set([KEPT_ATTACK, KEPT_ATTACK, 0]);
  const rate = { bps: Number.NaN, pps: 1, fps: 2 };
  const target = { kind: 'site', value: '참빛' } as const;
  const attacked = { target, direction: 'out', rate, baseline: rate, excess: Number.POSITIVE_INFINITY } as const;
  one.add({
    second: 50,
    total: rate,
    targets: [
      { ...attacked, prefix: '198.51.100.0/24', attackId: 'wide' },
      { ...attacked, prefix: '198.51.100.1/32', attackId: 'narrow' },
    ],
    flows,
  });
  const [seconds, kept] = one.seal().map(read);
  assert.deepEqual(seconds.get('kind'), [0, 3, 3]);
  assert.deepEqual(seconds.get('target'), ['', '참빛', '참빛']);
  assert.deepEqual(seconds.get('direction'), [0, 1, 1]);
  assert.deepEqual(seconds.get('bps'), [0, 0, 0]);
  assert.deepEqual(seconds.get('excess'), [0, Math.fround(3.4028234663852886e38), Math.fround(3.4028234663852886e38)]);
  assert.deepEqual(kept.get('time'), [50, 50, 50]);
  assert.deepEqual(kept.get('srcAddr')?.[1], '20010db8000000000000000000000002');
  assert.deepEqual(kept.get('srcAsn'), [64_500, 65_002, 65_003], 'the AS of the telemetry goes first');
  assert.deepEqual(kept.get('srcCountry'), ['KR', '', '']);
  assert.deepEqual(kept.get('packets'), [1.5, 2, 3]);
  assert.deepEqual(kept.get('attackId'), ['narrow', 'wide', ''], 'the narrowest attack, and none in peacetime');
  assert.deepEqual(kept.get('run'), [9, 9, 9]);
});

test('a text of any length is cut to its bound, between its letters', () => {
  const encoded = encodeText('봉'.repeat(1000));
  assert.ok(encoded.length <= TEXT_BYTES_MAX + 2);
  assert.equal(Buffer.from(encoded.subarray(2)).toString('utf8'), '봉'.repeat(Math.floor(TEXT_BYTES_MAX / 3)));
});
