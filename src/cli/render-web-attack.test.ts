import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatRps, safe } from './render-web-attack.ts';

test('what a log holds never reaches the terminal as a command', () => {
  assert.equal(safe('a\x1b[31mred\x07'), 'a\\u001b[31mred\\u0007');
  assert.equal(safe('\u202egnp.exe\u0085'), '\\u202egnp.exe\\u0085');
  assert.equal(safe('Straße 東京 ok'), 'Straße 東京 ok');
  assert.ok(safe('x'.repeat(100_000)).length < 1000);
});

test('rates of requests', () => {
  assert.equal(formatRps(0.25), '0.25 requests/s');
  assert.equal(formatRps(12.49), '12 requests/s');
});
