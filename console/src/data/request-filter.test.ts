import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRequestFilter, withCondition, withoutField, writeRequestFilter } from './request-filter.ts';

test('a filter of requests stands in the address, whatever its values hold', () => {
  let filter = withCondition({}, 'userAgent', 'x "y" & <z> 봉화 = 1');
  filter = withCondition(filter, 'status', 503);
  assert.deepEqual(readRequestFilter(writeRequestFilter(filter)), filter);
  assert.deepEqual(withCondition(filter, 'status', 404).status, '404', 'one value a field');
  assert.equal(writeRequestFilter(withoutField(withoutField(filter, 'status'), 'userAgent')), '');
  assert.equal(withCondition({}, 'clientNet', '192.0.2.0/24').client, '192.0.2.0/24');
});

test('a value that was cut, or is longer than may be asked for, is looked for by its beginning', () => {
  assert.equal(withCondition({}, 'userAgent', 'Mozilla…').userAgent, 'Mozilla*');
  const long = withCondition({}, 'query', 'q'.repeat(500)).query;
  assert.deepEqual([long.length, long.at(-1)], [200, '*']);
});

test('what is no filter of ours is none', () => {
  for (const text of ['', '{', '[]', 'null', '1', '{"attackId":"x"}', '{"status":5}', '{"__proto__":"x"}'])
    assert.deepEqual(readRequestFilter(text), {}, text);
});
