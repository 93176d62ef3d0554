import { Random } from '../../src/base/random.ts';
import { type BatchSink, createKernelBatch, type FlowBatch } from '../../src/model/flow-batch.ts';
import { Rejections } from '../../src/model/rejection.ts';
import { TelemetryDecoder } from '../../src/wire/telemetry.ts';
import {
  encodeIpfix,
  encodeNetflow5,
  encodeNetflow9,
  encodeRecord,
  type FieldSpec,
  type FieldValue,
} from '../../test/support/encode-netflow.ts';
import { type BenchCase, type BenchResult, measure, runCases } from '../harness.ts';

/** Datagrams that a receiver takes in one call of recvmmsg, into the memory of its batch. */
const DATAGRAMS = 64;
/** Rows of a batch. */
const ROWS = 1024;
const SECONDS = 1_750_000_000;
const UPTIME_MS = 500_000_000;
const SEED = 7;

/** The template of a common router (Cisco IOS, softflowd, pmacct): 15 fields, 47 bytes. */
const ROUTER_FIELDS: readonly FieldSpec[] = [
  { id: 8, length: 4 },
  { id: 12, length: 4 },
  { id: 22, length: 4 },
  { id: 21, length: 4 },
  { id: 1, length: 4 },
  { id: 2, length: 4 },
  { id: 10, length: 4 },
  { id: 14, length: 4 },
  { id: 7, length: 2 },
  { id: 11, length: 2 },
  { id: 4, length: 1 },
  { id: 6, length: 1 },
  { id: 5, length: 1 },
  { id: 16, length: 4 },
  { id: 17, length: 4 },
];

/** The template of an IPFIX exporter: 64-bit counters and times in milliseconds, 15 fields, 63 bytes. */
const IPFIX_FIELDS: readonly FieldSpec[] = ROUTER_FIELDS.map(({ id, length }) =>
  id === 22
    ? { id: 152, length: 8 }
    : id === 21
      ? { id: 153, length: 8 }
      : { id, length: id === 1 || id === 2 ? 8 : length },
);

/** A template with a text of variable length, as of deep packet inspection. */
const VARIABLE_FIELDS: readonly FieldSpec[] = [...IPFIX_FIELDS, { id: 96, length: 0xffff }];

/** Values in the order of ROUTER_FIELDS. */
function routerValues(random: Random, absolute: boolean): FieldValue[] {
  const age = random.below(60_000);
  const packets = 1 + random.below(50);
  const start = absolute ? SECONDS * 1000 - age : UPTIME_MS - age;
  return [
    random.uint32(),
    random.uint32(),
    start,
    start + random.below(age + 1),
    packets * (40 + random.below(1400)),
    packets,
    random.below(64),
    random.below(64),
    random.below(65536),
    random.below(1024),
    [6, 17, 1][Math.min(2, random.below(20) >> 3)],
    random.below(64),
    0,
    random.below(65536),
    random.below(65536),
  ];
}

interface Stream {
  readonly datagrams: readonly Uint8Array[];
  readonly recordsPerDatagram: number;
}

function netflow5Stream(): Stream {
  const random = new Random(SEED);
  const datagrams: Uint8Array[] = [];
  for (let at = 0; at < DATAGRAMS; at++) {
    const records = Array.from({ length: 30 }, () => {
      const values = routerValues(random, false) as number[];
      const [srcAddr, dstAddr, first, last, bytes, packets, inIf, outIf, srcPort, dstPort, proto, tcpFlags] = values;
      return { srcAddr, dstAddr, first, last, bytes, packets, inIf, outIf, srcPort, dstPort, proto, tcpFlags };
    });
    datagrams.push(encodeNetflow5({ uptimeMs: UPTIME_MS, seconds: SECONDS, sequence: 30 * at, records }));
  }
  return { datagrams, recordsPerDatagram: 30 };
}

function templateStream(version: 9 | 10, fields: readonly FieldSpec[], perDatagram: number): Stream {
  const random = new Random(SEED);
  const datagrams: Uint8Array[] = [];
  const text = new TextEncoder().encode('www.example.org');
  for (let at = 0; at < DATAGRAMS; at++) {
    const records = Array.from({ length: perDatagram }, () =>
      encodeRecord(fields, [...routerValues(random, version === 10), text]),
    );
    const data = { kind: 'data', id: 256, records } as const;
    // Exporters send their templates again every so many datagrams.
    const sets = at % 64 === 0 ? [{ kind: 'templates', templates: [{ id: 256, fields }] } as const, data] : [data];
    datagrams.push(
      version === 9
        ? encodeNetflow9({ uptimeMs: UPTIME_MS, seconds: SECONDS, sequence: at, sets })
        : encodeIpfix({ seconds: SECONDS, sequence: at * perDatagram, sets }),
    );
  }
  return { datagrams, recordsPerDatagram: perDatagram };
}

/** Decodes `size` records from one buffer, as a receiver with a pinned buffer does. */
function run(stream: Stream, size: number): BenchResult {
  const total = stream.datagrams.reduce((sum, datagram) => sum + datagram.length, 0);
  const batch = createKernelBatch(ROWS, total);
  const bytes = batch.receive!;
  const offsets = new Int32Array(stream.datagrams.length);
  const lengths = new Int32Array(stream.datagrams.length);
  let end = 0;
  stream.datagrams.forEach((datagram, index) => {
    bytes.set(datagram, end);
    offsets[index] = end;
    lengths[index] = datagram.length;
    end += datagram.length;
  });
  const source = Uint32Array.of(0, 0, 0xffff, 0x0a000001);
  const count = Math.ceil(size / stream.recordsPerDatagram);
  const rounds = count * stream.recordsPerDatagram;
  return measure(rounds, () => {
    const sink = new HashSink();
    batch.length = 0;
    const decoder = new TelemetryDecoder(new Rejections());
    for (let at = 0, next = 0; at < count; at++) {
      decoder.decode(bytes, offsets[next], lengths[next], source, 0, SECONDS * 1000, batch, sink);
      if (++next === offsets.length) next = 0;
    }
    sink.take(batch);
    if (sink.rows !== rounds) throw new Error(`${sink.rows} rows of ${rounds} records`);
    return sink.hash;
  });
}

/** Hashes one row of each batch over all columns: enough that no column can be left out, and next to no time. */
class HashSink implements BatchSink {
  hash = 0;
  rows = 0;

  take(batch: FlowBatch): void {
    this.rows += batch.length;
    if (batch.length > 0) {
      const row = batch.length >> 1;
      let hash = this.hash ^ batch.srcAddr[4 * row + 3] ^ batch.dstAddr[4 * row + 3] ^ batch.present[row];
      hash = Math.imul(hash, 31) + batch.packets[row] + batch.bytes[row] + batch.startMs[row] + batch.endMs[row];
      hash = Math.imul(hash, 31) + batch.srcPort[row] + batch.dstPort[row] + batch.proto[row] + batch.tcpFlags[row];
      hash = Math.imul(hash, 31) + batch.inIf[row] + batch.outIf[row] + batch.srcAs[row] + batch.dstAs[row];
      this.hash = hash >>> 0;
    }
    batch.length = 0;
  }
}

const SIZES = { small: 500_000, full: 60_000_000 } as const;

export const cases: readonly BenchCase[] = [
  {
    name: 'wire/netflow-v5',
    unit: 'records',
    goal: 50e6,
    sizes: SIZES,
    run: (size) => run(netflow5Stream(), size),
  },
  {
    name: 'wire/netflow-v9',
    unit: 'records',
    goal: 50e6,
    sizes: SIZES,
    run: (size) => run(templateStream(9, ROUTER_FIELDS, 28), size),
  },
  {
    name: 'wire/ipfix',
    unit: 'records',
    goal: 50e6,
    sizes: SIZES,
    run: (size) => run(templateStream(10, IPFIX_FIELDS, 22), size),
  },
  {
    name: 'wire/ipfix-variable',
    unit: 'records',
    sizes: SIZES,
    run: (size) => run(templateStream(10, VARIABLE_FIELDS, 18), size),
  },
];

if (import.meta.main) await runCases(cases);
