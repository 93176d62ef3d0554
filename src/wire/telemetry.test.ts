import assert from 'node:assert/strict';
import { it } from 'node:test';
import { TelemetryBench } from '../../test/support/decode-telemetry.ts';
import { encodeIpfix, encodeNetflow5, encodeNetflow9 } from '../../test/support/encode-netflow.ts';
import { looksLikeTelemetry } from './telemetry.ts';

const RECORD = { srcAddr: 1, dstAddr: 2, packets: 1, bytes: 9, first: 1, last: 2, srcPort: 3, dstPort: 4, proto: 17 };
const NETFLOW5 = encodeNetflow5({ uptimeMs: 9, seconds: 1, records: [RECORD] });
const NETFLOW9 = encodeNetflow9({
  uptimeMs: 9,
  seconds: 1,
  sets: [{ kind: 'raw', id: 300, content: new Uint8Array(8) }],
});
const IPFIX = encodeIpfix({ seconds: 1, sets: [{ kind: 'raw', id: 300, content: new Uint8Array(8) }] });
const SFLOW = Uint8Array.of(0, 0, 0, 5, 0, 0, 0, 1, 10, 0, 0, 1, ...new Uint8Array(16));

it('knows telemetry by its version and a header that fits', () => {
  const f = (bytes: Uint8Array, want: boolean): void => {
    const padded = new Uint8Array(bytes.length + 10);
    padded.set(bytes, 5);
    assert.equal(looksLikeTelemetry(padded, 5, bytes.length), want);
  };
  for (const datagram of [NETFLOW5, NETFLOW9, IPFIX, SFLOW]) {
    f(datagram, true);
    f(datagram.slice(0, 15), false);
  }
  // Counts and lengths beyond what is there, and versions of the same first byte.
  f(NETFLOW5.slice(0, 71), false);
  f(IPFIX.slice(0, IPFIX.length - 1), false);
  f(Uint8Array.of(0, 9, 0xff, 0xff, ...new Uint8Array(30)), false);
  f(Uint8Array.of(0, 5, 0, 0, ...new Uint8Array(30)), false);
  f(Uint8Array.of(0, 0, 0, 4, ...SFLOW.slice(4)), false);
  f(Uint8Array.of(0, 0, 0, 5, 0, 0, 0, 9, ...SFLOW.slice(8)), false);
  f(new TextEncoder().encode('GET / HTTP/1.1\r\nHost: a\r\n'), false);
});

it('tells whether a datagram was telemetry, also a broken one', () => {
  const bench = new TelemetryBench();
  for (const datagram of [NETFLOW5, NETFLOW9, IPFIX]) {
    assert.equal(bench.feed(datagram, 1000), true);
    assert.equal(bench.feed(datagram.slice(0, 6), 1000), true);
  }
  assert.equal(bench.feed(Uint8Array.of(0, 7, 0, 1, 0, 0), 1000), false);
  assert.equal(bench.feed(Uint8Array.of(0, 5), 1000), false);
  assert.equal(bench.rejections.of('datagram-version-unknown'), 2);
  assert.equal(bench.rejections.of('datagram-truncated'), 3);
  assert.deepEqual(
    bench.decoder.exporters.list().map((exporter) => exporter.protocol),
    ['netflow-v5', 'netflow-v9', 'ipfix'],
  );
});
