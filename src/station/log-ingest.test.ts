import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { encodePcap, encodeTcp } from '../../test/support/encode-capture.ts';
import type { RequestBatch } from '../model/request-batch.ts';
import { requestValue } from '../model/request-json.ts';
import { fileKind, InputFiles } from './input-files.ts';
import { ingestLogs, type LogIngestOptions, type LogIngestTotals } from './log-ingest.ts';

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
