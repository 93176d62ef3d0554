import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAddress } from '../../base/ip.ts';
import { parsePrefix } from '../../base/prefix.ts';
import { CLASS } from '../../model/traffic-class.ts';
import { RowSample } from '../../sketch/row-sample.ts';
import { PARAMETERS } from './parameters.ts';
import { Peers } from './peers.ts';

const QUIC = 1 << CLASS.quic;

function words(text: string): Uint32Array {
  const address = parseAddress(text);
  assert.ok(address !== undefined, text);
  return address;
}

/** A sample of rows `[from, to, class, packets]`. */
function sampleOf(rows: readonly (readonly [string, string, number, number])[], capacity = 64): RowSample {
  const sample = new RowSample(capacity);
  rows.forEach(([from, to, trafficClass, packets], index) => {
    const row = [1000 + index, 443, trafficClass, 17, 0, 64, 0, 0, packets, 100 * packets] as const;
    sample.add(index * 0x01000193, words(from), words(to), 0, ...row);
  });
  return sample;
}

describe('who is answered', () => {
  const site = words('203.0.113.10');
  const rows = [
    ['198.51.100.1', '203.0.113.10', CLASS.quic, 30],
    ['203.0.113.10', '198.51.100.1', CLASS.quicReply, 90],
    ['198.51.100.2', '203.0.113.10', CLASS.quic, 60],
    ['198.51.100.2', '203.0.113.10', CLASS.tcpAck, 500],
    ['203.0.113.11', '198.51.100.2', CLASS.quicReply, 90],
    ['2001:db8::1', '203.0.113.10', CLASS.quic, 10],
  ] as const;

  it('counts what comes from those whom the target sends to, and of the classes asked for only', () => {
    const peers = new Peers();
    peers.begin(sampleOf(rows));
    assert.equal(peers.answeredShare(site, 128, QUIC), 0.3);
    assert.equal(peers.answeredShare(site, 128, 1 << CLASS.tcpAck), 0);
    assert.equal(peers.answeredShare(site, 128, 1 << CLASS.gre), undefined);
  });

  it('takes a prefix for one', () => {
    const peers = new Peers();
    peers.begin(sampleOf(rows));
    const prefix = parsePrefix('203.0.113.0/24');
    assert.ok(prefix !== undefined);
    assert.equal(peers.answeredShare(prefix.words, prefix.length, QUIC), 0.9);
  });

  it('says nothing of a part of the rows, and looks at no more than it may', () => {
    const peers = new Peers();
    peers.begin(sampleOf(rows, 4));
    assert.equal(peers.answeredShare(site, 128, QUIC), undefined);
    peers.begin(sampleOf(rows));
    for (let look = 0; look < PARAMETERS.peersMax; look++) assert.equal(peers.answeredShare(site, 128, QUIC), 0.3);
    assert.equal(peers.answeredShare(site, 128, QUIC), undefined);
  });
});
