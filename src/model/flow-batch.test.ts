import assert from 'node:assert/strict';
import { it } from 'node:test';
import { BATCH_STAGE_BYTES, createFlowBatch, createKernelBatch } from './flow-batch.ts';
import { COLUMN_NAMES } from './flow-columns.ts';

it('lays the columns of a kernel batch into one memory, apart from each other', () => {
  const batch = createKernelBatch(33, 100);
  const plain = createFlowBatch(33);
  const columns = [batch.present, ...COLUMN_NAMES.map((name) => batch[name]), batch.receive!];
  let end = BATCH_STAGE_BYTES;
  for (const column of columns) {
    assert.equal(column.buffer, batch.memory?.buffer);
    assert.ok(column.byteOffset >= end, 'the kernels may write 16 bytes beyond a column');
    assert.equal(column.byteOffset % 64, 0);
    end = column.byteOffset + column.byteLength + 16;
  }
  assert.ok(end <= batch.memory!.buffer.byteLength);
  for (const name of COLUMN_NAMES) assert.equal(batch[name].length, plain[name].length, name);
  assert.equal(plain.memory, undefined);
});

it('has a capacity that is stated', () => {
  assert.throws(() => createFlowBatch(0), /capacity/);
  assert.throws(() => createFlowBatch((1 << 20) + 1), /capacity/);
});
