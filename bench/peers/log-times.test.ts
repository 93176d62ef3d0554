import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logTimes } from './log-times.ts';

test('a station that follows a log reports a flood in it, and nothing else', async () => {
  const { floods, afterMs, falseReports } = await logTimes('small');
  assert.equal(floods, 1);
  assert.equal(afterMs.length, 1);
  assert.ok(afterMs[0] > 0, `after ${afterMs[0]} ms`);
  assert.equal(falseReports, 0);
});
