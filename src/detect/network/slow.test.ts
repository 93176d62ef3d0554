import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAddress } from '../../base/ip.ts';
import { createFlowBatch, type FlowBatch } from '../../model/flow-batch.ts';
import { HAS, LAYER_OUTER, NO_EXPORTER, TCP_ACK, TCP_PSH } from '../../model/flow-columns.ts';
import { SecondStream } from '../../sketch/second-stream.ts';
import { Detector } from './detector.ts';

const SERVER = parseAddress('198.18.0.80') ?? new Uint32Array(4);
const START_MS = 1_700_000_000_000;

interface Packet {
  readonly client: number;
  readonly clientPort: number;
  readonly bytes: number;
  readonly toServer: boolean;
  readonly timeMs: number;
}

function push(batch: FlowBatch, packet: Packet): void {
  const row = batch.length++;
  const client = Uint32Array.of(0, 0, 0xffff, (0xcb007100 + packet.client) >>> 0);
  batch.srcAddr.set(packet.toServer ? client : SERVER, 4 * row);
  batch.dstAddr.set(packet.toServer ? SERVER : client, 4 * row);
  batch.srcPort[row] = packet.toServer ? packet.clientPort : 443;
  batch.dstPort[row] = packet.toServer ? 443 : packet.clientPort;
  batch.proto[row] = 6;
  batch.tcpFlags[row] = TCP_ACK | TCP_PSH;
  batch.ipVersion[row] = 4;
  batch.layer[row] = LAYER_OUTER;
  batch.exporter[row] = NO_EXPORTER;
  batch.samplingRate[row] = 1;
  batch.packets[row] = 1;
  batch.bytes[row] = packet.bytes;
  batch.observedMs[row] = packet.timeMs;
  batch.startMs[row] = packet.timeMs;
  batch.endMs[row] = packet.timeMs;
  batch.present[row] = HAS.srcAddr | HAS.dstAddr | HAS.proto | HAS.srcPort | HAS.dstPort | HAS.tcpFlags;
}

/** Connections that send a scrap every five seconds for 90 s, a minute of silence behind them. */
function attacksOf(options: { connections: number; clients: number; answered: boolean }) {
  const detector = new Detector({ seed: 1, networks: [] });
  const stream = new SecondStream({ seed: 1, networks: [] }, detector);
  const batch = createFlowBatch(8192);
  for (let second = 0; second < 160; second++) {
    for (let connection = 0; connection < options.connections; connection++) {
      if (second >= 90 || (second + connection) % 5 !== 0) continue;
      const packet = {
        client: connection % options.clients,
        clientPort: 20_000 + connection,
        timeMs: START_MS + second * 1000 + connection / 2,
      };
      push(batch, { ...packet, bytes: 78, toServer: true });
      if (options.answered) push(batch, { ...packet, bytes: 400, toServer: false });
    }
    // One ordinary reader keeps the clock going.
    push(batch, {
      client: 250,
      clientPort: 15_000,
      bytes: 900,
      toServer: true,
      timeMs: START_MS + second * 1000 + 999,
    });
    stream.take(batch);
  }
  stream.finish();
  return detector.attacks();
}

describe('slow requests', () => {
  it('are an attack where a few sources hold many unanswered connections open', () => {
    const [attack, ...others] = attacksOf({ connections: 300, clients: 3, answered: false });
    assert.equal(others.length, 0);
    assert.equal(attack.target.value, '198.18.0.80');
    assert.deepEqual(attack.vectors, [{ name: 'slowloris', share: 1 }]);
    assert.equal(attack.sources.distinct, 3);
    assert.equal(Date.parse(attack.start), START_MS);
    assert.ok(Date.parse(attack.detectedAt) - START_MS <= 35_000, attack.detectedAt);
    assert.ok(Math.abs(Date.parse(attack.end ?? '') - START_MS - 90_000) <= 6000, attack.end);
    assert.match(attack.why, /300 connections held open/);
  });

  it('are none where the server answers, as on long-lived web sockets of one office', () => {
    assert.deepEqual(attacksOf({ connections: 300, clients: 3, answered: true }), []);
  });

  it('are none where every reader holds one connection', () => {
    assert.deepEqual(attacksOf({ connections: 200, clients: 200, answered: false }), []);
  });

  it('are none below the floor', () => {
    assert.deepEqual(attacksOf({ connections: 60, clients: 3, answered: false }), []);
  });
});
