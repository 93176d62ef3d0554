import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { encodePcap, encodeTcp, encodeUdp, TCP_HEADERS, UDP_HEADERS } from '../../test/support/encode-capture.ts';
import { encodeNetflow5 } from '../../test/support/encode-netflow.ts';
import { BonghwaError } from '../base/errors.ts';
import type { FlowBatch } from '../model/flow-batch.ts';
import { NO_EXPORTER } from '../model/flow-columns.ts';
import { type IngestOptions, type IngestTotals, ingest } from './ingest.ts';

const directory = mkdtempSync(join(tmpdir(), 'bonghwa-ingest-'));
after(() => rmSync(directory, { recursive: true, force: true }));

let files = 0;
function fileOf(bytes: Uint8Array | string): string {
  const path = join(directory, `input-${files++}`);
  writeFileSync(path, bytes);
  return path;
}

const START_MS = Date.UTC(2024, 2, 5, 12);
const HOST = { srcAddr: 0xc0000201, dstAddr: 0xc6336401, srcPort: 40_000, dstPort: 443 };
const ROUTER = { srcAddr: 0xcb007101, dstAddr: 0xcb007102, srcPort: 50_000, dstPort: 2055 };
const SYN = encodeTcp(HOST, 2);

const RECORD = {
  srcAddr: 1,
  dstAddr: 2,
  packets: 3,
  bytes: 400,
  first: 900_000,
  last: 990_000,
  srcPort: 1,
  dstPort: 2,
  proto: 17,
};
function export5(records: number): Uint8Array {
  return encodeNetflow5({
    uptimeMs: 1_000_000,
    seconds: START_MS / 1000,
    records: new Array(records).fill(RECORD),
  });
}

interface Seen {
  readonly totals: IngestTotals;
  /** Rows of packets and of flow records that the sink was given. */
  packets: number;
  flows: number;
  /** Packets and flow records of each batch. */
  batches: number[];
}

async function read(options: Partial<IngestOptions> & { files: readonly string[] }): Promise<Seen> {
  const seen = { packets: 0, flows: 0, batches: [] as number[] };
  const take = (batch: FlowBatch): void => {
    for (let row = 0; row < batch.length; row++) {
      if (batch.exporter[row] === NO_EXPORTER) seen.packets++;
      else seen.flows++;
    }
    seen.batches.push(batch.length);
    batch.length = 0;
  };
  const totals = await ingest({ as: 'auto', ...options }, { take });
  return { totals, ...seen };
}

/** Two packets of traffic with two exports of three and four records between them. */
function mixedCapture(port = 2055): string {
  return fileOf(
    encodePcap([
      { timeMs: START_MS, bytes: SYN },
      { timeMs: START_MS + 100, bytes: encodeUdp({ ...ROUTER, dstPort: port }, export5(3)) },
      { timeMs: START_MS + 200, bytes: encodeUdp({ ...ROUTER, dstPort: port }, export5(4)) },
      { timeMs: START_MS + 1500, bytes: SYN },
    ]),
  );
}

test('a capture of traffic and telemetry: records instead of the packets that carried them, all packets counted', async () => {
  const { totals, packets, flows } = await read({ files: [mixedCapture()] });
  assert.deepEqual([packets, flows], [2, 7]);
  assert.equal(totals.packets, 4);
  assert.equal(totals.bytes, 2 * TCP_HEADERS + 2 * UDP_HEADERS + 2 * 24 + 7 * 48);
  assert.equal(totals.flows, 7);
  assert.equal(totals.telemetryDatagrams, 2);
  assert.deepEqual([totals.fromMs, totals.toMs], [START_MS, START_MS + 1500]);
  assert.deepEqual(
    totals.exporters.list().map(({ address, records, firstSeenMs }) => [address, records, firstSeenMs]),
    [['203.0.113.1', 7, START_MS + 100]],
  );
});

test('traffic only, telemetry only, and telemetry on a port of its own', async () => {
  const traffic = await read({ files: [mixedCapture()], as: 'traffic' });
  assert.deepEqual([traffic.packets, traffic.flows, traffic.totals.telemetryDatagrams], [4, 0, 0]);
  const telemetry = await read({ files: [mixedCapture()], as: 'telemetry' });
  assert.deepEqual([telemetry.packets, telemetry.flows, telemetry.totals.packets], [0, 7, 4]);
  const elsewhere = await read({ files: [mixedCapture(9000)] });
  assert.deepEqual([elsewhere.packets, elsewhere.flows], [4, 0]);
  const named = await read({ files: [mixedCapture(9000)], telemetryPorts: [9000] });
  assert.deepEqual([named.packets, named.flows], [2, 7]);
});

test('a packet to a telemetry port that holds something else is traffic', async () => {
  const { packets, flows, totals } = await read({
    files: [fileOf(encodePcap([{ timeMs: START_MS, bytes: encodeUdp(ROUTER, new Uint8Array(64).fill(0x47)) }]))],
  });
  assert.deepEqual([packets, flows, totals.rejections.total()], [1, 0, 0]);
});

test('files are read in the order given, compressed or not, into batches of any number', async () => {
  const many = encodePcap(new Array(10_000).fill({ timeMs: START_MS, bytes: SYN, wireLength: 1000 }));
  const later = encodePcap([{ timeMs: START_MS - 500, bytes: SYN }]);
  const progress: string[] = [];
  const first = fileOf(gzipSync(many));
  const second = fileOf(later);
  const { totals, packets, batches } = await read({
    files: [first, second],
    onProgress: ({ file, packets }) => progress.push(`${file} ${packets}`),
  });
  assert.equal(packets, 10_001);
  assert.equal(totals.bytes, 10_000 * 1000 + TCP_HEADERS);
  assert.deepEqual([totals.fromMs, totals.toMs], [START_MS - 500, START_MS]);
  assert.ok(Math.max(...batches) <= 4096);
  assert.equal(progress.at(-1), `${second} 10001`);
  assert.ok(progress.includes(`${first} 10000`));
});

test('steps of event time: what a step holds is handed over before the next one, and waited for', async () => {
  const packets = Array.from({ length: 9 }, (_, at) => ({ timeMs: START_MS + 400 * at, bytes: SYN }));
  let pauses = 0;
  const { batches } = await read({
    files: [fileOf(encodePcap(packets))],
    stepMs: 1000,
    pause: () => {
      pauses++;
      return Promise.resolve();
    },
  });
  // 0 ms opens the first step; 1200, 2000 and 3200 ms are the first beyond each next second.
  assert.deepEqual(batches, [1, 3, 2, 3]);
  assert.ok(pauses >= batches.length);
});

test('raw datagrams, one a file, in the order given', async () => {
  const { totals, flows, packets } = await read({
    files: [fileOf(export5(2)), fileOf(export5(5)), fileOf('certainly no telemetry at all')],
    as: 'datagram',
  });
  assert.deepEqual([packets, flows, totals.flows, totals.telemetryDatagrams], [0, 7, 7, 2]);
  assert.deepEqual([totals.packets, totals.bytes], [0, 0]);
  assert.deepEqual([totals.fromMs, totals.toMs], [START_MS, START_MS]);
  assert.equal(totals.rejections.of('datagram-version-unknown'), 1);
});

test('a capture that ends in mid-packet is read to there, and named', async () => {
  const whole = encodePcap(new Array(3).fill({ timeMs: START_MS, bytes: SYN }));
  const cut = fileOf(whole.subarray(0, whole.length - 5));
  const plain = await read({ files: [cut] });
  assert.deepEqual([plain.packets, plain.totals.truncatedFiles], [2, [cut]]);
  assert.equal(plain.totals.rejections.of('capture-truncated'), 1);
  const zipped = gzipSync(whole);
  const cutZip = fileOf(zipped.subarray(0, zipped.length - 8));
  const packed = await read({ files: [cutZip] });
  assert.deepEqual(packed.totals.truncatedFiles, [cutZip]);
  assert.equal(packed.totals.rejections.of('capture-truncated'), 1);
});

test('files that are no capture say so, and what to do', async () => {
  const refused = async (bytes: Uint8Array | string, as: IngestOptions['as'] = 'auto'): Promise<BonghwaError> => {
    try {
      await read({ files: [fileOf(bytes)], as });
    } catch (error) {
      assert.ok(error instanceof BonghwaError);
      assert.equal(error.code, 'FILE_NOT_A_CAPTURE');
      return error;
    }
    return assert.fail('it was read');
  };
  assert.match((await refused('')).message, /is empty$/);
  assert.match((await refused('', 'datagram')).message, /is empty$/);
  assert.match((await refused(export5(1))).hint ?? '', /--as datagram/);
  assert.match(
    (await refused('192.0.2.1 - - [05/Mar/2024:12:00:00 +0000] "GET / HTTP/1.1"\n')).hint ?? '',
    /add --as log/,
  );
  assert.match((await refused(new Uint8Array(100).fill(7))).hint ?? '', /pcap and pcapng/);
  assert.match((await refused(new Uint8Array(70_000), 'datagram')).message, /longer than any datagram/);
});

test('a signal ends the reading, and the totals so far are returned', async () => {
  const abort = new AbortController();
  const big = fileOf(encodePcap(new Array(20_000).fill({ timeMs: START_MS, bytes: SYN })));
  const { totals } = await read({ files: [big, big], signal: abort.signal, onProgress: () => abort.abort() });
  assert.equal(totals.interrupted, true);
  assert.ok(totals.packets > 0 && totals.packets < 40_000, `${totals.packets} packets`);
});
