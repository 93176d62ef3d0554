import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  addressBytes,
  bytesOf,
  counterSample,
  ethernet,
  flowSample,
  icmp,
  ipv4,
  rawHeader,
  sampleRecord,
  sflow,
  tcp,
  udp,
  uint,
} from '../../test/support/encode-packet.ts';
import { formatAddress } from '../base/ip.ts';
import { createFlowBatch, type FlowBatch } from '../model/flow-batch.ts';
import { HAS, LAYER_QUOTED } from '../model/flow-columns.ts';
import { Rejections } from '../model/rejection.ts';
import { ExporterTable } from './exporter.ts';
import { PACKET_ROWS_MAX } from './packet.ts';
import type { RecordTrace } from './record-trace.ts';
import { Sflow5Decoder } from './sflow5.ts';

const TIME_MS = 1_700_000_000_000;
const V4 = { src: '192.0.2.1', dst: '198.51.100.7' };
const frame = ethernet(0x0800, ipv4({ ...V4, proto: 6 }, tcp(40000, 443, 2)));
const AGENT = '203.0.113.9';

interface Session {
  readonly batch: FlowBatch;
  readonly exporters: ExporterTable;
  readonly rejections: Rejections;
  readonly traced: { kind: string; fields: Record<string, unknown> }[];
  decode(datagram: Uint8Array, arrivalMs?: number): void;
}

function session(capacity = 64): Session {
  const rejections = new Rejections();
  const exporters = new ExporterTable(rejections);
  const decoder = new Sflow5Decoder(rejections);
  const batch = createFlowBatch(capacity);
  const traced: Session['traced'] = [];
  const trace: RecordTrace = { record: (kind, _exporter, fields) => traced.push({ kind, fields }) };
  const source = Uint32Array.of(0, 0, 0xffff, 0x0a000001);
  const sink = {
    take: (full: FlowBatch): void => {
      full.length = 0;
    },
  };
  return {
    batch,
    exporters,
    rejections,
    traced,
    decode(datagram, arrivalMs = TIME_MS) {
      const framed = bytesOf(1, 2, 3, datagram, new Uint8Array(40).fill(0xff));
      decoder.decode(framed, 3, datagram.length, arrivalMs, exporters, source, 0, batch, sink, trace);
    },
  };
}

const has = (batch: FlowBatch, row: number, bit: number): boolean => (batch.present[row] & bit) !== 0;

describe('flow samples', () => {
  for (const expanded of [false, true]) {
    test(`a raw header becomes a row: ${expanded ? 'expanded' : 'compact'}`, () => {
      const one = session();
      const sample = flowSample(
        { samplingRate: 2048, input: 7, output: 9, source: 7, drops: 5, sequence: 3, expanded },
        [rawHeader(frame, 1518)],
      );
      one.decode(sflow({ agent: AGENT, subAgent: 4, samples: [sample] }));
      const { batch } = one;
      assert.equal(batch.length, 1);
      assert.deepEqual(
        [
          batch.bytes[0],
          batch.packets[0],
          batch.samplingRate[0],
          batch.inIf[0],
          batch.outIf[0],
          batch.flowDirection[0],
        ],
        [1518, 1, 2048, 7, 9, 0],
      );
      assert.deepEqual([formatAddress(batch.srcAddr), batch.dstPort[0], batch.tcpFlags[0]], [V4.src, 443, 2]);
      const [exporter] = one.exporters.list();
      assert.deepEqual(
        [exporter.address, exporter.observationDomain, exporter.records, exporter.samplingRates],
        [AGENT, 4, 1, [2048]],
      );
      assert.deepEqual([batch.exporter[0], batch.observationDomain[0]], [exporter.index, 4]);
      assert.deepEqual([one.traced[0].kind, one.traced[0].fields.drops, one.traced[0].fields.output], ['flow', 5, 9]);
      assert.equal(one.rejections.total(), 0);
    });

    test(`discards and several outputs name no interface: ${expanded ? 'expanded' : 'compact'}`, () => {
      const one = session();
      const samples = [0x40000102, 0x80000003, 0x3fffffff].map((output) =>
        flowSample({ output, input: 0, expanded }, [rawHeader(frame, 60)]),
      );
      one.decode(sflow({ agent: AGENT, samples }));
      for (let row = 0; row < 3; row++) assert.equal(has(one.batch, row, HAS.outIf | HAS.inIf), false);
      assert.deepEqual(
        one.traced.map(({ fields }) => [fields.outputFormat, fields.output]),
        [
          [1, 0x102],
          [2, 3],
          [0, 0x3fffffff],
        ],
      );
    });
  }

  test('egress sampling is told by the source of the sample', () => {
    const one = session();
    one.decode(
      sflow({ agent: AGENT, samples: [flowSample({ source: 9, input: 7, output: 9 }, [rawHeader(frame, 60)])] }),
    );
    assert.equal(one.batch.flowDirection[0], 1);
  });

  test('sampled IPv4, IPv6 and Ethernet stand in where there is no header', () => {
    const one = session();
    const four = sampleRecord(
      3,
      bytesOf(
        uint(1400, 4),
        uint(6, 4),
        addressBytes(V4.src),
        addressBytes(V4.dst),
        uint(1, 4),
        uint(2, 4),
        uint(18, 4),
        uint(8, 4),
      ),
    );
    const six = sampleRecord(
      4,
      bytesOf(
        uint(900, 4),
        uint(17, 4),
        addressBytes('2001:db8::1'),
        addressBytes('2001:db8::2'),
        uint(3, 4),
        uint(4, 4),
        uint(0, 4),
        uint(1, 4),
      ),
    );
    const ether = sampleRecord(2, bytesOf(uint(64, 4), new Uint8Array(16), uint(0x0806, 4)));
    one.decode(
      sflow({ agent: AGENT, samples: [flowSample({}, [ether, four]), flowSample({}, [six]), flowSample({}, [ether])] }),
    );
    const { batch } = one;
    assert.deepEqual([...batch.bytes.subarray(0, 3)], [1400, 900, 64]);
    assert.deepEqual([...batch.ipVersion.subarray(0, 3)], [4, 6, 0]);
    assert.deepEqual([batch.dstPort[0], batch.tcpFlags[0], batch.tos[0], batch.dstPort[1]], [2, 18, 8, 4]);
    assert.equal(formatAddress(batch.dstAddr, 4), '2001:db8::2');
    assert.deepEqual([batch.etherType[2], has(batch, 1, HAS.tcpFlags)], [0x0806, false]);
  });

  test('switch, router and gateway records', () => {
    const one = session();
    const switched = sampleRecord(1001, bytesOf(uint(300, 4), uint(1, 4), uint(301, 4), uint(2, 4)));
    const router = sampleRecord(1002, bytesOf(uint(1, 4), addressBytes('192.0.2.254'), uint(24, 4), uint(22, 4)));
    const path = bytesOf(
      uint(2, 4),
      uint(2, 4),
      uint(2, 4),
      uint(64501, 4),
      uint(64502, 4),
      uint(1, 4),
      uint(1, 4),
      uint(64503, 4),
    );
    const gateway = sampleRecord(
      1003,
      bytesOf(
        uint(2, 4),
        addressBytes('2001:db8::9'),
        uint(64500, 4),
        uint(64496, 4),
        uint(64497, 4),
        path,
        uint(0, 4),
        uint(100, 4),
      ),
    );
    one.decode(sflow({ agent: AGENT, samples: [flowSample({}, [rawHeader(frame, 60), switched, router, gateway])] }));
    const { batch } = one;
    assert.deepEqual([batch.vlan[0], batch.srcAs[0], batch.dstAs[0]], [300, 64496, 64503]);
    assert.ok(has(batch, 0, HAS.vlan) && has(batch, 0, HAS.srcAs) && has(batch, 0, HAS.dstAs));
    const { fields } = one.traced[0];
    assert.deepEqual(
      [fields.nextHop, fields.srcMaskLength, fields.dstMaskLength, fields.bgpNextHop, fields.dstAsPath],
      ['192.0.2.254', 24, 22, '2001:db8::9', [64501, 64502, 64503]],
    );
    assert.equal(one.rejections.total(), 0);
  });

  test('rows for quoted headers belong to the exporter and are traced as rows', () => {
    const one = session();
    const quoted = ipv4({ ...V4, proto: 17 }, udp(1, 53));
    const error = ethernet(0x0800, ipv4({ ...V4, proto: 1 }, icmp(3, 3, quoted)));
    one.decode(sflow({ agent: AGENT, samples: [flowSample({ samplingRate: 10 }, [rawHeader(error, 90)])] }));
    assert.equal(one.batch.length, 2);
    assert.deepEqual([one.batch.layer[1], one.batch.samplingRate[1]], [LAYER_QUOTED, 10]);
    assert.equal(one.batch.exporter[1], one.batch.exporter[0]);
    assert.equal(one.traced.length, 2);
    assert.equal(one.exporters.list()[0].records, 1);
  });

  test('a batch without room is handed over first', () => {
    const one = session(PACKET_ROWS_MAX);
    const sample = flowSample({}, [rawHeader(frame, 60)]);
    one.decode(sflow({ agent: AGENT, samples: Array.from({ length: 50 }, () => sample) }));
    assert.equal(one.exporters.list()[0].records, 50);
    assert.equal(one.batch.length, 1);
  });

  test('a sampling rate that cannot be keeps the one before', () => {
    const one = session();
    const at = (samplingRate: number): Uint8Array => flowSample({ samplingRate }, [rawHeader(frame, 60)]);
    one.decode(sflow({ agent: AGENT, samples: [at(100), at(0), at(0xffffffff)] }));
    assert.deepEqual([...one.batch.samplingRate.subarray(0, 3)], [100, 100, 100]);
    assert.deepEqual(one.rejections.toRecord(), { 'sampling-absurd': 2 });
  });

  test('without an arrival time the rows have none', () => {
    const one = session();
    one.decode(sflow({ agent: AGENT, samples: [flowSample({}, [rawHeader(frame, 60)])] }), Number.NaN);
    assert.ok(Number.isNaN(one.batch.observedMs[0]) && Number.isNaN(one.batch.startMs[0]));
  });

  test('the source of the datagram stands in for an agent without an address', () => {
    const one = session();
    one.decode(sflow({ agent: '0.0.0.0', samples: [] }));
    assert.equal(one.exporters.list()[0].address, '10.0.0.1');
  });
});

test('counter samples are counted, and shown by name to a trace', () => {
  const one = session();
  const words = Array.from({ length: 22 }, (_, at) => uint(at + 1, 4));
  const processor = bytesOf(uint(1, 4), uint(2, 4), uint(3, 4), uint(2n ** 60n, 8), uint(7, 8));
  one.decode(
    sflow({
      agent: AGENT,
      samples: [counterSample([sampleRecord(1, bytesOf(...words)), sampleRecord(1001, processor)]), counterSample([])],
    }),
  );
  const [{ kind, fields }] = one.traced;
  assert.equal(kind, 'counters');
  assert.deepEqual(
    [fields.ifIndex, fields.ifSpeed, fields.ifInOctets, fields.ifPromiscuousMode, fields['5m_cpu']],
    [1, 3 * 2 ** 32 + 4, 7 * 2 ** 32 + 8, 22, 3],
  );
  assert.equal(fields.total_memory, 2n ** 60n);
  assert.equal(one.exporters.list()[0].counterSamples, 2);
});

test('sequence gaps are counted for each sub-agent', () => {
  const one = session();
  for (const sequence of [1, 2, 5, 6]) one.decode(sflow({ agent: AGENT, sequence, samples: [] }));
  one.decode(sflow({ agent: AGENT, subAgent: 1, sequence: 900, samples: [] }));
  assert.deepEqual(
    one.exporters.list().map((exporter) => [exporter.datagrams, exporter.sequenceLost]),
    [
      [4, 2],
      [1, 0],
    ],
  );
});

describe('damage', () => {
  const sample = flowSample({}, [rawHeader(frame, 60)]);

  test('lengths that overrun are counted, and what came before is kept', () => {
    const cases: [Uint8Array, number, string][] = [
      [bytesOf(sample, uint(1, 4), uint(0xffffffff, 4)), 2, 'sample-length-invalid'],
      [bytesOf(sample, sample), 3, 'datagram-truncated'],
      [bytesOf(sample, sample), 1, 'datagram-length-lies'],
      [bytesOf(sample, uint(77, 4), uint(4, 4), uint(0, 4)), 2, 'sample-format-unknown'],
      [bytesOf(sample, uint(1, 4), uint(8, 4), uint(0, 8)), 2, 'sample-length-invalid'],
    ];
    for (const [samples, count, reason] of cases) {
      const one = session();
      const datagram = sflow({ agent: AGENT, samples: [samples] });
      datagram.set(uint(count, 4), 24);
      one.decode(datagram);
      assert.ok(one.batch.length >= 1, reason);
      assert.deepEqual(one.rejections.toRecord(), { [reason]: 1 });
    }
  });

  test('any damage: no throw, no row that is not counted, nothing read behind the datagram', () => {
    const whole = sflow({
      agent: '2001:db8::1',
      samples: [sample, counterSample([sampleRecord(1, new Uint8Array(88))]), sample],
    });
    const hits = fc.array(fc.tuple(fc.nat(1000), fc.constantFrom(0, 1, 2, 4, 0x7f, 0xff)), { maxLength: 6 });
    fc.assert(
      fc.property(hits, fc.nat(whole.length), (changes, length) => {
        const damaged = whole.slice(0, length);
        for (const [at, value] of changes) if (length > 0) damaged[at % length] = value;
        const one = session();
        one.decode(damaged);
        let outer = 0;
        for (let row = 0; row < one.batch.length; row++) if (one.batch.layer[row] === 0) outer++;
        const records = one.exporters.list().reduce((sum, exporter) => sum + exporter.records, 0);
        assert.equal(outer, records);
        assert.equal(one.traced.filter(({ kind }) => kind === 'flow').length, one.batch.length);
      }),
      { numRuns: 2000 },
    );
  });
});
