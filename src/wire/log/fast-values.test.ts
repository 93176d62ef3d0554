import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { JsonMap, NO_KEY } from './json-map.ts';
import { LogTimes, readNumber, readWhole } from './log-time.ts';
import { durationMs, hasUpper, hostEnd, isPlainHost, questionFrom, roundMs } from './request-values.ts';

const encoder = new TextEncoder();
/** Texts of few characters, so that those which matter meet. */
const textOf = (characters: string, maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc.string({ unit: fc.constantFrom(...characters), maxLength }).map((text) => encoder.encode(text));

test('whole numbers are those that readNumber reads', () => {
  fc.assert(
    fc.property(textOf('0123456789.-e', 8), (text) => {
      const whole = readWhole(text, 0, text.length);
      const digits = /^\d{1,6}$/.test(new TextDecoder().decode(text));
      assert.equal(whole, digits ? readNumber(text, 0, text.length) : -1);
    }),
  );
});

test('times to the millisecond are rounded as any others', () => {
  fc.assert(
    fc.property(fc.nat(999_999), fc.nat(999), (seconds, thousandths) => {
      const text = encoder.encode(`${seconds}.${String(thousandths).padStart(3, '0')}`);
      assert.equal(durationMs(text, 0, text.length), roundMs(readNumber(text, 0, text.length)));
    }),
  );
  assert.equal(durationMs(encoder.encode('0.-45'), 0, 5), Number.NaN);
  assert.equal(durationMs(encoder.encode('-.045'), 0, 5), -45);
});

test('a plain host ends where it ends, and has no upper case', () => {
  fc.assert(
    fc.property(
      textOf('aZ.:é1', 6).filter((text) => text.length > 0),
      (text) => {
        if (!isPlainHost(text, 0, text.length)) return;
        assert.equal(hostEnd(text, 0, text.length), text.length);
        assert.equal(hasUpper(text, 0, text.length), false);
      },
    ),
  );
  assert.equal(isPlainHost(encoder.encode('www.example.org'), 0, 15), true);
});

test('the first question mark is found, beside bytes that differ from it in one bit', () => {
  fc.assert(
    fc.property(textOf('a?>\u00bf\u0001', 24), fc.nat(4), (text, from) => {
      const start = Math.min(from, text.length);
      const found = text.indexOf(0x3f, start);
      const view = new DataView(text.buffer, text.byteOffset, text.byteLength);
      assert.equal(questionFrom(text, view, start, text.length), found < 0 ? text.length : found);
    }),
  );
});

test('an ISO time that comes again is the same, unless the zone of times without one has changed', () => {
  const times = new LogTimes();
  const read = (text: string): number => times.readIso(encoder.encode(text), 0, text.length);
  assert.equal(read('2026-06-09T10:00:01.5'), Date.UTC(2026, 5, 9, 10, 0, 1, 500));
  assert.equal(read('2026-06-09T10:00:01.5'), Date.UTC(2026, 5, 9, 10, 0, 1, 500));
  assert.equal(times.end, 21);
  times.zonelessMs = -3_600_000;
  assert.equal(read('2026-06-09T10:00:01.5'), Date.UTC(2026, 5, 9, 9, 0, 1, 500));
  assert.equal(read('2026-06-09T10:00:61.5'), Number.NaN);
  assert.equal(read('2026-06-09T10:00:61.5'), Number.NaN);
  assert.equal(read('2026-06-09T10:00:01.6'), Date.UTC(2026, 5, 9, 9, 0, 1, 600));
});

test('a key is the expected one with its quote and colon behind it, within its line', () => {
  const map = new JsonMap({ a: 'status', ip: 'client', remote_addr: 'client', host: 'host' });
  const find = (key: string): number => map.find(0, encoder.encode(key), 0, key.length);
  const expected = (text: string, to = text.length): number =>
    map.expected(0, new DataView(encoder.encode(text.padEnd(20)).buffer), 0, to);
  const keys = ['a', 'ip', 'remote_addr', 'host'];
  keys.forEach(find);
  const slots = keys.map(find);
  assert.equal(new Set(slots).size, keys.length);
  // The shortest is none that is expected, and tells which is next all the same.
  assert.equal(expected('a":'), NO_KEY);
  find('a');
  for (const [at, key] of keys.entries()) {
    if (at === 0) continue;
    assert.equal(expected(`${key}" :`), NO_KEY);
    assert.equal(expected(`${key.slice(1)}s":`), NO_KEY);
    assert.equal(expected(`${key}":`, key.length + 1), NO_KEY);
    const slot = expected(`${key}":`);
    assert.equal(slot, slots[at]);
    assert.equal(map.behind(slot, 0), key.length + 2);
  }
});
