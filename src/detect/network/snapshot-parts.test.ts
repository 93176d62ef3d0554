import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteReader, ByteWriter } from '../../base/byte-stream.ts';
import { FrequentItems } from '../../sketch/frequent-items.ts';
import { readItems, writeItems } from './snapshot-parts.ts';

/** What is read of a summary of one key, whose total was written `factor` times as large as it is. */
function readAgain(factor: number): { readonly fault: string | undefined; readonly total: number } {
  const items = new FrequentItems(64, 1);
  items.addNumber(443, 5000);
  items.total *= factor;
  const to = new ByteWriter();
  writeItems(to, items);
  const from = new ByteReader(to.seal());
  from.unseal();
  const into = new FrequentItems(64, 1);
  readItems(from, into, 1);
  return { fault: from.fault, total: into.total };
}

test('a summary whose keys are more than its total, by however little, is refused', () => {
  assert.deepEqual(readAgain(1), { fault: undefined, total: 5000 });
  assert.equal(readAgain(1.5).fault, undefined);
  assert.deepEqual(readAgain(0.9995), { fault: 'a summary of more than its total', total: 0 });
});
