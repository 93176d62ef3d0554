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
  for (let at = 0; at < 1200; at++) {
    const client = Array.from({ length: 4 }, () => random.below(pick([10, 100, 256, 300]))).join('.');
    const second = String(random.below(62)).padStart(2, '0');
    const minute = random.below(20) === 0 ? '01' : '00';
    const target = pick([
      '/',
      '/news/2026/budget.html',
      `/search?q=${random.uint32().toString(36)}`,
      '/a?',
      '/a?b?c',
      '*',
    ]);
    const version = pick(['HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/2', 'HTTP/0.0', '']);
    const request = `${pick(['GET', 'GET', 'POST', 'HEAD', 'PUT', 'PROPFIND'])} ${target} ${version}`;
    const bytes = pick(['0', '-', '1234', '999999999', '1234567890', '']);
    let line =
      `${client} - ${pick(['-', '-', '-', 'frank'])} [02/Oct/2017:20:${minute}:${second} +0000] "${request}" ` +
      `${pick(['200', '404', '-', '99'])} ${bytes} "${pick(['-', '', 'https://a.example/'])}" "${pick(['-', 'Mozilla/5.0 (X11)', 'curl/8', ''])}"`;
    if (random.below(3) === 0) {
      const place = random.below(line.length);
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
