import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DecodedRequest, decodeLog } from '../../../test/support/decode-log.ts';
import { Random } from '../../base/random.ts';
import { createRequestBatch } from '../../model/request-batch.ts';
import { CombinedLines, LINE_MARKS } from './combined-lines.ts';
import { MARKS, markLines } from './line-marks.ts';
import { RequestTime } from './request-time.ts';

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** One after the other each in a log of its own, whose first line no run is begun at: as the dialect alone reads them. */
function oneByOne(lines: readonly string[]): DecodedRequest[] {
  return lines.flatMap((line) => decodeLog(bytesOf(`${line}\n`)).requests);
}

test('a run of usual lines is what the dialect reads of them, and so is whatever is almost one', () => {
  const random = new Random(11);
  const pick = <T>(from: readonly T[]): T => from[random.below(from.length)];
  const letters = '0123456789.-: []"\\/?&=GETPOSHAD+\t\r\xe9%';
  const lines: string[] = [];
  /** Mostly what a usual line has: what is almost one has one thing in it that is not. */
  const mostly = (usual: readonly string[], others: readonly string[]): string =>
    pick(random.below(12) > 0 ? usual : others);
  for (let at = 0; at < 1200; at++) {
    const client = Array.from({ length: 4 }, () => mostly(['1', '23', '145', '255'], ['256', '999', '0001', '']));
    const user = mostly(['-'], ['frank']);
    const time = `02/Oct/2017:20:0${mostly(['0'], ['1'])}:${mostly(['00', '07', '59', '60'], ['61', '7'])}`;
    const method = mostly(['GET', 'POST', 'HEAD'], ['PUT', 'PROPFIND', '']);
    const paths = ['/', '/news/2026/budget.html', `/search?q=${random.uint32().toString(36)}`, '/a?', '/a?b?c'];
    const target = mostly(paths, ['*', 'http://h.example/x?y', '', 'a b']);
    const version = mostly([' HTTP/1.1', ' HTTP/1.0', ' HTTP/2.0'], [' HTTP/2', ' HTTP/0.0', '']);
    const status = mostly(['200', '404', '099'], ['-', '99', '']);
    const bytes = mostly(['0', '-', '1234', '999999999'], ['1234567890', '', '--']);
    const referrer = mostly(['-', '', 'https://a.example/'], ['a\\\\b', 'a"b', '\\x22']);
    const agent = mostly(['-', 'Mozilla/5.0 (X11)', 'curl/8', ''], ['x\\\\', '\\"', '"']);
    const tail = mostly([''], [' rt=0.5', ' "10.0.0.1"', '"', '\r']);
    let line =
      `${client.join('.')} - ${user} [${time} +0000] "${method} ${target}${version}" ` +
      `${status} ${bytes} "${referrer}" "${agent}"${tail}`;
    if (random.below(2) === 0) {
      // Most often where something ends: that is what lines are told by.
      const ends = [...line].flatMap((letter, place) => (/[\w.]/.test(letter) ? [] : [place]));
      const place = random.below(4) === 0 ? random.below(line.length) : pick(ends);
      line = `${line.slice(0, place)}${pick([...letters])}${line.slice(place + random.below(2))}`;
    }
    lines.push(line);
  }
  const first = '192.0.2.1 - - [02/Oct/2017:20:00:07 +0000] "GET / HTTP/1.1" 200 1 "-" "-"';
  // A run of usual lines before each, since after a short one lines are left to the dialect.
  const run = `${first}\n`.repeat(10);
  const { requests } = decodeLog(bytesOf(`${lines.map((line) => `${run}${line}\n`).join('')}`));
  const expected = oneByOne(lines);
  assert.ok(expected.length > 600, `${expected.length} rows`);
  assert.deepEqual(
    requests.filter(({ line }) => line !== first),
    expected,
  );
  assert.equal(requests.length, expected.length + 10 * lines.length);
});

test('a run ends where a line is none of the usual, where the room of the batch does, and where the text does', () => {
  const usual = (second: string, user = '-'): string =>
    `192.0.2.9 - ${user} [02/Oct/2017:20:00:${second} +0000] "GET /a?b HTTP/1.1" 200 12 "-" "curl/8"\n`;
  const text = `${usual('00')}${usual('59')}${usual('60')}${usual('01', 'frank')}${usual('02')}${usual('03').slice(0, -1)}`;
  const time = new RequestTime();
  const lines = new CombinedLines();
  const runOf = (capacity: number, from: number, mark: number): number => {
    const batch = createRequestBatch(capacity, 4096);
    batch.text.set(bytesOf(text), 0);
    const marks = markLines(batch.text, 0, text.length);
    const taken = lines.take(batch, time, from, 0, mark, marks);
    if (taken > 1)
      assert.deepEqual([...batch.timeMs.subarray(0, 2)], [time.times.clfMinuteMs, time.times.clfMinuteMs + 59_000]);
    assert.equal(batch.length, taken);
    return taken;
  };
  assert.equal(runOf(64, 0, 0), 0, 'no minute was read');
  time.times.readClf(bytesOf(text), text.indexOf('[') + 1, text.length);
  assert.equal(runOf(2, 0, 0), 2);
  assert.equal(runOf(64, 0, 0), 3);
  assert.equal(runOf(64, 0, 0), 0, 'after a short run a line is left to the dialect');
  assert.equal(runOf(64, text.lastIndexOf('192.0.2.9', text.length - 90), 4 * LINE_MARKS), 1);
  assert.ok(MARKS[4 * LINE_MARKS] > 0);
});
