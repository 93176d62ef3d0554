import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { encodePcap, encodeTcp } from '../../test/support/encode-capture.ts';
import { Random } from '../base/random.ts';
import { openCapture } from '../input/capture-file.ts';
import type { RequestBatch } from '../model/request-batch.ts';
import { requestValue } from '../model/request-json.ts';
import { fileKind, InputFiles } from './input-files.ts';
import { ingestLogs, type LogIngestOptions, type LogIngestTotals } from './log-ingest.ts';
import { replayLogs } from './replay-logs.ts';

const directory = mkdtempSync(join(tmpdir(), 'bonghwa-logs-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const file = (name: string, bytes: Uint8Array | string): string => {
  const path = join(directory, name);
  writeFileSync(path, bytes);
  return path;
};

const line = (at: number, path = `/p${at}`): string =>
  `192.0.2.1 - - [10/Oct/2023:13:55:${String(at % 60).padStart(2, '0')} +0000] "GET ${path} HTTP/1.1" 200 1 "-" "agent"`;
const LINES = Array.from({ length: 10_000 }, (_, at) => line(at)).join('\n');

async function read(
  options: LogIngestOptions,
): Promise<{ totals: LogIngestTotals; paths: string[]; sources: Set<number> }> {
  const paths: string[] = [];
  const sources = new Set<number>();
  const totals = await ingestLogs(options, {
    take(batch: RequestBatch): void {
      for (let row = 0; row < batch.length; row++) {
        paths.push(String(requestValue(batch, 'path', row)));
        sources.add(batch.source[row]);
      }
      batch.length = 0;
      batch.textLength = 0;
    },
  });
  return { totals, paths, sources };
}

describe('ingestLogs', () => {
  const want = Array.from({ length: 10_000 }, (_, at) => `/p${at}`);
  for (const [name, bytes] of [
    ['plain.log', LINES],
    ['gzip.log.gz', gzipSync(LINES)],
    ['zstd.log.zst', zstdCompressSync(LINES)],
  ] as const) {
    it(`reads every line of ${name} once, in order`, async () => {
      const { totals, paths } = await read({ files: [file(name, bytes)] });
      assert.deepEqual(paths, want);
      assert.equal(totals.requests, 10_000);
      assert.equal(totals.bytes, LINES.length);
      assert.equal(totals.fromMs, Date.UTC(2023, 9, 10, 13, 55, 0));
      assert.equal(totals.toMs, Date.UTC(2023, 9, 10, 13, 55, 59));
      assert.deepEqual(
        totals.formats.map(({ format }) => format),
        ['combined'],
      );
    });
  }

  it('tells files apart by their source, and lines that were refused', async () => {
    const refused: string[] = [];
    const files = [file('one.log', `${line(1)}\nrubbish\n`), file('two.log', line(2))];
    const { totals, paths, sources } = await read({
      files,
      onRejected: (rejected) => refused.push(`${rejected.reason} ${new TextDecoder().decode(rejected.line)}`),
    });
    assert.deepEqual(
      [paths, [...sources]],
      [
        ['/p1', '/p2'],
        [0, 1],
      ],
    );
    assert.deepEqual(refused, ['log-line-unparsed rubbish']);
    assert.equal(totals.rejectedLines, 1);
  });

  it('counts compressed data that ends early, and gives what came before', async () => {
    const whole = gzipSync(
      Array.from({ length: 10_000 }, (_, at) => line(at, `/${Math.imul(at, 2_654_435_761) >>> 0}`)).join('\n'),
    );
    const path = file('cut.log.gz', whole.subarray(0, whole.length >> 1));
    const { totals, paths } = await read({ files: [path] });
    assert.deepEqual(totals.truncatedFiles, [path]);
    assert.equal(totals.rejections.of('log-truncated'), 1);
    assert.ok(paths.length > 1000 && paths.length < 10_000);
  });
});

describe('several logs on one time line', () => {
  const at = (second: number, path: string): string =>
    `192.0.2.1 - - [10/Oct/2023:13:${String(Math.floor(second / 60)).padStart(2, '0')}:${String(second % 60).padStart(2, '0')} +0000] "GET ${path} HTTP/1.1" 200 1\n`;
  const START = Date.UTC(2023, 9, 10, 13);

  it('gives rows of the same time together, wherever they are', async () => {
    // One log has a line a second, the other several every ten, and a third begins when they are over.
    const one = Array.from({ length: 60 }, (_, second) => at(second, `/one/${second}`)).join('');
    const two = Array.from({ length: 24 }, (_, row) => at(5 + 10 * Math.floor(row / 4), `/two/${row}`)).join('');
    const three = at(100, '/three/0');
    const files = [file('m3.log', three), file('m1.log', one), file('m2.log', gzipSync(two))];
    const { totals, paths, sources } = await read({ files, firstMs: [START + 100_000, START, START + 5000] });
    const seconds = paths.map((path) => {
      const [, log, row] = path.split('/');
      return log === 'one' ? Number(row) : log === 'two' ? 5 + 10 * Math.floor(Number(row) / 4) : 100;
    });
    assert.deepEqual(
      seconds,
      [...seconds].sort((left, right) => left - right),
    );
    assert.deepEqual([totals.requests, paths.length, new Set(paths).size, sources.size], [85, 85, 85, 3]);
  });

  it('gives every row once where logs are longer than a step, and times go back', async () => {
    const random = new Random(3);
    const long = (name: string): string =>
      Array.from({ length: 4000 }, (_, row) => at(Math.max(0, (row >> 2) - random.below(5)), `/${name}/${row}`)).join(
        '',
      );
    const files = [file('l1.log', long('a')), file('l2.log', long('b')), file('l3.log', '')];
    const { paths } = await read({ files, firstMs: [START, START, START] });
    assert.equal(paths.length, 8000);
    for (const name of ['a', 'b']) {
      const own = paths.filter((path) => path.startsWith(`/${name}/`));
      assert.deepEqual(
        own,
        Array.from({ length: 4000 }, (_, row) => `/${name}/${row}`),
        'each in its own order',
      );
    }
  });

  it('leaves nothing behind that would be far behind', async () => {
    const hours = (name: string): string =>
      Array.from({ length: 3000 }, (_, row) => at(row, `/${name}${row % 9}`)).join('');
    const files = [file('h1.log', hours('x')), file('h2.log', hours('y'))];
    const { totals, detector } = await replayLogs({
      seed: 1,
      files,
      reading: { site: 'www' },
      open: openCapture,
      onAttack: () => undefined,
    });
    assert.equal(totals.requests, 6000);
    assert.equal(detector.counter.outOfTime, 0);
    assert.equal(detector.counter.requests, 6000);
  });
});

describe('the kind of a file', () => {
  const SYN = encodeTcp({ srcAddr: 1, dstAddr: 2, srcPort: 3, dstPort: 443 }, 2);
  const pcap = encodePcap([{ timeMs: 0, bytes: SYN }]);
  const cases: [string, Uint8Array | string, string][] = [
    ['a.pcap', pcap, 'capture'],
    ['a.pcap.gz', gzipSync(pcap), 'capture'],
    ['b', line(1), 'log'],
    ['b.gz', gzipSync(LINES), 'log'],
    ['c.json', '{"ts":1700000000,"status":200,"request":{"uri":"/"}}\n', 'log'],
    ['notes', 'Something that a person wrote.\nNo log at all.\n', 'log'],
    ['empty.pcap', '', 'capture'],
    ['access.log.1', '', 'log'],
    ['binary', Uint8Array.from({ length: 1000 }, (_, at) => (at * 7919) & 0xff), 'capture'],
  ];
  for (const [name, bytes, kind] of cases) {
    it(`${name} is a ${kind}`, async () => assert.equal(await fileKind(file(`kind-${name}`, bytes)), kind));
  }

  it('files of one kind that follow each other are one run', async () => {
    const [one, two, three] = [file('r1.pcap', pcap), file('r2.log', line(1)), file('r3.log', line(2))];
    const files = new InputFiles();
    assert.deepEqual(await files.runs([one, two, three, one]), [
      { kind: 'capture', files: [one] },
      { kind: 'log', files: [two, three] },
      { kind: 'capture', files: [one] },
    ]);
    await files.close();
  });
});
