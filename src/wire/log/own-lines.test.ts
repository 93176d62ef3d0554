import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Rejections } from '../../model/rejection.ts';
import { createRequestBatch, type RequestBatch } from '../../model/request-batch.ts';
import { requestMembers } from '../../model/request-json.ts';
import { LogDecoder } from './log-decoder.ts';

/** The lines that `decode --json` writes of a log. */
function ownLines(log: string): { lines: string[]; format: string | undefined; rejected: Record<string, number> } {
  const rejections = new Rejections();
  const decoder = new LogDecoder(rejections);
  const batch = createRequestBatch(16);
  const lines: string[] = [];
  const sink = {
    take(full: RequestBatch): void {
      for (let row = 0; row < full.length; row++) lines.push(`{"kind":"request",${requestMembers(full, row)}}`);
      full.length = 0;
      full.textLength = 0;
    },
  };
  const bytes = new TextEncoder().encode(log);
  decoder.decode(bytes, 0, bytes.length, batch, sink);
  decoder.end(batch, sink);
  sink.take(batch);
  return { lines, format: decoder.formatName, rejected: rejections.toRecord() };
}

describe('what decode --json wrote of a log', () => {
  for (const [name, line] of [
    [
      'combined',
      '192.0.2.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a?c=d HTTP/1.1" 200 2326 "http://r.example/" "A"',
    ],
    ['no request', '192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] "\\x16\\x03" 400 0'],
    [
      'a host name, escapes and bytes beyond ASCII',
      'www.example - - [10/Oct/2000:13:55:36 +0000] "GET /\\xc3\\xa9\\x1b[31m HTTP/1.1" 200 1 "-" "\\"q\\""',
    ],
    ['IPv6 behind a proxy', '10.0.0.1 - - [10/Oct/2000:13:55:36 +0000] "POST / HTTP/2.0" 200 1 "-" "A" "2001:db8::1"'],
    [
      'Caddy',
      '{"level":"info","ts":1646861401.52,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"127.0.0.1","remote_port":"41342","client_ip":"198.51.100.7","proto":"HTTP/2.0","method":"GET","host":"localhost","uri":"/x?y","headers":{"User-Agent":["curl/7.82.0"]},"tls":{"version":772}},"user_id":"","duration":0.000929675,"size":10900,"status":200}',
    ],
  ]) {
    it(`is read again as it was: ${name}`, () => {
      const first = ownLines(`${line}\n`);
      assert.deepEqual([first.lines.length, first.rejected], [1, {}]);
      const again = ownLines(`${first.lines[0]}\n`);
      assert.deepEqual(again, { ...first, format: 'bonghwa' });
    });
  }
});

describe('a W3C log whose lines tell the time only', () => {
  const log = (...times: string[]): string[] =>
    ownLines(
      `#Version: 1.0\n#Date: 2024-02-28 00:00:00\n#Fields: time c-ip cs-method cs-uri-stem sc-status\n${times.map((time) => `${time} 192.0.2.1 GET / 200\n`).join('')}`,
    ).lines.map((line) => (JSON.parse(line) as { time: string }).time.slice(0, 19));

  it('goes over to the next day at midnight, over leap days too', () => {
    assert.deepEqual(log('23:59:58', '00:00:01', '12:00:00', '23:59:59', '00:00:00'), [
      '2024-02-28T23:59:58',
      '2024-02-29T00:00:01',
      '2024-02-29T12:00:00',
      '2024-02-29T23:59:59',
      '2024-03-01T00:00:00',
    ]);
  });

  it('leaves a line that comes late on its own day', () => {
    assert.deepEqual(log('23:59:58', '00:00:02', '23:59:59', '00:00:03', '00:00:01'), [
      '2024-02-28T23:59:58',
      '2024-02-29T00:00:02',
      '2024-02-28T23:59:59',
      '2024-02-29T00:00:03',
      '2024-02-29T00:00:01',
    ]);
  });
});
