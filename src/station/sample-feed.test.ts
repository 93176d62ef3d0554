import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { exportedAt, readDatagrams } from './sample-feed.ts';

const SAMPLE = fileURLToPath(new URL('../../samples/flood-on-a-ministry.netflow.pcap.gz', import.meta.url));

describe('the recorded sample as a router would send it now', () => {
  it('has every datagram of the recording, in order', async () => {
    const datagrams = await readDatagrams(SAMPLE);
    assert.equal(datagrams.length, 1645);
    assert.equal(datagrams[0].afterMs, 0);
    for (let at = 1; at < datagrams.length; at++) assert.ok(datagrams[at].afterMs >= datagrams[at - 1].afterMs);
    for (const { bytes } of datagrams) assert.equal(new DataView(bytes.buffer).getUint16(0), 9);
  });

  it('is moved in time by the export time of its header alone', () => {
    const bytes = Uint8Array.from([0, 9, 0, 1, 0, 0, 0, 7, 1, 2, 3, 4, 0, 0, 0, 5, 0, 0, 0, 6]);
    const moved = exportedAt(bytes, 0x0a0b0c0d * 1000 + 999);
    assert.deepEqual([...moved], [0, 9, 0, 1, 0, 0, 0, 7, 10, 11, 12, 13, 0, 0, 0, 5, 0, 0, 0, 6]);
    assert.deepEqual([...exportedAt(Uint8Array.of(0, 10), 5000)], [0, 10]);
    assert.deepEqual(
      [
        ...exportedAt(
          Uint8Array.from(bytes, (byte, at) => (at === 1 ? 10 : byte)),
          1000,
        ),
      ].slice(4, 8),
      [0, 0, 0, 1],
    );
  });
});
