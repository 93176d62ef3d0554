import assert from 'node:assert/strict';
import { it } from 'node:test';
import { quietUntil } from './quiet.ts';

const at = (text: string): number => Date.parse(text);
const night = { from: '22:00', to: '07:00', zone: 'Asia/Seoul', below: 'critical' } as const;

it('tells until when it is quiet, over midnight and in the zone of the receiver', () => {
  assert.equal(quietUntil(night, at('2026-03-05T12:59:59Z')), undefined, '21:59 in Seoul');
  assert.equal(quietUntil(night, at('2026-03-05T13:00:00Z')), at('2026-03-05T22:00:00Z'));
  assert.equal(quietUntil(night, at('2026-03-05T21:59:30Z')), at('2026-03-05T22:00:00Z'));
  assert.equal(quietUntil(night, at('2026-03-05T22:00:00Z')), undefined);
});

it('knows quiet hours within a day, and none', () => {
  const noon = { ...night, from: '12:00', to: '13:00', zone: 'UTC' };
  assert.equal(quietUntil(noon, at('2026-03-05T12:30:00Z')), at('2026-03-05T13:00:00Z'));
  assert.equal(quietUntil(noon, at('2026-03-05T13:00:00Z')), undefined);
  assert.equal(quietUntil({ ...noon, to: '12:00' }, at('2026-03-05T12:00:00Z')), undefined);
});
