import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeLog } from '../../../test/support/decode-log.ts';
import { formatAddress } from '../../base/ip.ts';
import { dayMs, LogTimes, readNumber } from './log-time.ts';

const RUNS = { numRuns: 300, seed: 20_261_126 };
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const two = (value: number): string => String(value).padStart(2, '0');

/** A time of whole seconds between 1990 and 2199, in the zone of so many minutes. */
function clf(timeMs: number, zoneMinutes: number): string {
  const local = new Date(timeMs + zoneMinutes * 60_000);
  const zone = `${zoneMinutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(zoneMinutes) / 60))}${two(Math.abs(zoneMinutes) % 60)}`;
  const time = [local.getUTCHours(), local.getUTCMinutes(), local.getUTCSeconds()].map(two).join(':');
  return `${two(local.getUTCDate())}/${MONTHS[local.getUTCMonth()]}/${String(local.getUTCFullYear()).padStart(4, '0')}:${time} ${zone}`;
}

/** As nginx escapes a variable in a log. */
function escaped(text: string): string {
  return [...bytesOf(text)]
    .map((byte) =>
      byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c
        ? `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`
        : String.fromCharCode(byte),
    )
    .join('');
}

const seconds = fc.integer({ min: 631_152_000, max: 7_258_118_399 });
const words = fc.tuple(fc.nat(0xffffffff), fc.nat(0xffffffff), fc.nat(0xffffffff), fc.nat(0xffffffff));
const address = fc.oneof(
  words.map(([, , , low]) => formatAddress(Uint32Array.of(0, 0, 0xffff, low))),
  words.map((all) => formatAddress(Uint32Array.from(all))),
);
const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }).filter((value) => value !== '-');
const path = fc.string({ unit: 'grapheme-ascii', maxLength: 30 }).map((value) => `/${value.replace(/[? ]/g, '')}`);

test('what a server writes is what is read: combined log format', () => {
  const request = fc.record({
    client: address,
    seconds,
    zone: fc.integer({ min: -720, max: 840 }),
    method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND'),
    path,
    query: fc.option(
      fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 20 }).map((value) => value.replace(/ /g, '+')),
      { nil: undefined },
    ),
    version: fc.constantFrom('1.0', '1.1', '2.0', '3.0'),
    status: fc.integer({ min: 100, max: 599 }),
    bytes: fc.nat(),
    referrer: fc.option(text, { nil: undefined }),
    userAgent: fc.option(text, { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(request, { minLength: 1, maxLength: 5 }), (requests) => {
      const log = requests.map((one) => {
        const target = `${one.path}${one.query === undefined ? '' : `?${one.query}`}`;
        const quoted = [one.referrer, one.userAgent].map((value) => `"${value === undefined ? '-' : escaped(value)}"`);
        return `${one.client} - - [${clf(one.seconds * 1000, one.zone)}] "${escaped(`${one.method} ${target} HTTP/${one.version}`)}" ${one.status} ${one.bytes} ${quoted.join(' ')}`;
      });
      const decoded = decodeLog(bytesOf(log.join('\n')));
      assert.deepEqual(decoded.rejected, {});
      assert.deepEqual(
        decoded.requests.map(({ line: _line, ...rest }) => rest),
        requests.map(({ seconds: at, zone: _zone, version, query, referrer, userAgent, ...rest }) => ({
          ...rest,
          timeMs: at * 1000,
          httpVersion: version,
          ...(query === undefined ? {} : { query }),
          ...(referrer === undefined ? {} : { referrer: told(referrer) }),
          ...(userAgent === undefined ? {} : { userAgent: told(userAgent) }),
        })),
      );
    }),
    RUNS,
  );
});

/** Half of a surrogate pair has no UTF-8: it is told as U+FFFD. */
function told(value: string): string {
  return new TextDecoder().decode(bytesOf(value));
}

test('what a server writes is what is read: JSON', () => {
  const request = fc.record({
    time: seconds,
    client: address,
    path,
    userAgent: text,
    status: fc.integer({ min: 100, max: 599 }),
    more: fc.jsonValue(),
  });
  fc.assert(
    fc.property(request, ({ time, client, path: target, userAgent, status, more }) => {
      const line = JSON.stringify({
        more,
        time,
        remote_addr: client,
        request_method: 'GET',
        uri: target,
        status,
        agent: userAgent,
      });
      const { requests, rejected } = decodeLog(bytesOf(line));
      assert.deepEqual(rejected, {});
      const { line: _line, ...rest } = requests[0];
      assert.deepEqual(rest, {
        timeMs: time * 1000,
        client,
        method: 'GET',
        path: target,
        status,
        userAgent: told(userAgent),
      });
    }),
    RUNS,
  );
});

test('times: every layout of one moment is that moment', () => {
  const times = new LogTimes();
  fc.assert(
    fc.property(seconds, fc.integer({ min: 0, max: 999 }), fc.integer({ min: -720, max: 840 }), (at, millis, zone) => {
      const timeMs = at * 1000 + millis;
      const common = bytesOf(clf(at * 1000, zone));
      assert.equal(times.readClf(common, 0, common.length), at * 1000);
      const iso = bytesOf(new Date(timeMs).toISOString());
      assert.equal(times.readIso(iso, 0, iso.length), timeMs);
      const day = new Date(timeMs);
      assert.equal(
        dayMs(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate()),
        Math.floor(timeMs / 86_400_000) * 86_400_000,
      );
    }),
    RUNS,
  );
});

test('numbers: what JavaScript writes is read to fourteen digits behind the point', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: 1e-300, max: 1e15 }), (value) => {
      const bytes = bytesOf(String(value));
      const read = readNumber(bytes, 0, bytes.length);
      assert.ok(Math.abs(read - value) <= Math.max(1e-14, value * 1e-12), `${value} read as ${read}`);
    }),
    RUNS,
  );
});
