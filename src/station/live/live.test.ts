import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '../../base/ip.ts';
import { parsePrefix } from '../../base/prefix.ts';
import { Random } from '../../base/random.ts';
import type { SecondRecord } from '../../model/second-record.ts';
import { KEPT_ATTACK, KEPT_PEACE } from '../../model/second-record.ts';
import { DetectorRole } from './detector-role.ts';
import type { FromDetector, ToDetectorFromReceiver } from './messages.ts';
import { ReceiverRole } from './receiver-role.ts';

const SEED = 5;
const START_MS = 1_800_000_000_000;
const NETWORK = parsePrefix('198.51.100.0/24');
const TARGET = 0xc633640a;

interface Flow {
  readonly src: number;
  readonly dst: number;
  readonly packets: number;
  readonly flags: number;
  readonly srcPort: number;
}

/** One NetFlow v5 datagram with records of the last 100 ms. */
function netflow5(flows: readonly Flow[], nowMs: number, sequence: number): Uint8Array {
  const bytes = new Uint8Array(24 + 48 * flows.length);
  const view = new DataView(bytes.buffer);
  const uptimeMs = 1_000_000 + (nowMs - START_MS);
  view.setUint16(0, 5);
  view.setUint16(2, flows.length);
  view.setUint32(4, uptimeMs);
  view.setUint32(8, Math.floor(nowMs / 1000));
  view.setUint32(12, (nowMs % 1000) * 1e6);
  view.setUint32(16, sequence);
  flows.forEach((flow, index) => {
    const at = 24 + 48 * index;
    view.setUint32(at, flow.src);
    view.setUint32(at + 4, flow.dst);
    view.setUint32(at + 16, flow.packets);
    view.setUint32(at + 20, flow.packets * (flow.flags === 2 ? 40 : 800));
    view.setUint32(at + 24, uptimeMs - 100);
    view.setUint32(at + 28, uptimeMs);
    view.setUint16(at + 32, flow.srcPort);
    view.setUint16(at + 34, 443);
    bytes[at + 37] = flow.flags;
    bytes[at + 38] = 6;
  });
  return bytes;
}

/** A station without threads: receivers and the detector call each other, over copies as threads would get them. */
class Rehearsal {
  readonly told: FromDetector[] = [];
  readonly receivers: ReceiverRole[] = [];
  readonly detector: DetectorRole;
  nowMs = START_MS;
  readonly #sequences: number[] = [];

  /** By how much the clocks of the exporters are ahead. */
  exportersOffMs = 0;

  constructor(workers: number) {
    assert.ok(NETWORK !== undefined);
    const subject = { networks: [NETWORK], sites: new Map([['198.51.100.10', 'portal']]), configuredPps: {} };
    this.detector = new DetectorRole({
      seed: SEED,
      subject,
      post: (message) => this.told.push(structuredClone(message)),
      broadcast: (told) => {
        for (const receiver of this.receivers) if ('watch' in told) receiver.watch(structuredClone(told.watch));
      },
      giveBack: (receiver, memory) => this.receivers[receiver].spare.give(structuredClone(memory)),
      now: () => this.nowMs,
      cpuMs: () => 0,
    });
    for (let worker = 0; worker < workers; worker++) {
      this.detector.join(worker);
      this.receivers.push(
        new ReceiverRole({
          seed: SEED,
          lots: 11 + worker,
          networks: [NETWORK],
          receiveBytes: 0,
          onSecond: (message: ToDetectorFromReceiver) => this.detector.offer(worker, structuredClone(message)),
        }),
      );
      this.#sequences.push(0);
    }
  }

  /** Each exporter sends to one worker, as the kernel has it. */
  send(flows: readonly Flow[]): void {
    const share = Math.ceil(flows.length / this.receivers.length);
    for (const [worker, receiver] of this.receivers.entries()) {
      const exporter = parseAddress(`192.0.2.${worker + 1}`);
      assert.ok(exporter !== undefined);
      const own = flows.slice(worker * share, (worker + 1) * share);
      for (let at = 0; at < own.length; at += 30) {
        const some = own.slice(at, at + 30);
        const bytes = netflow5(some, this.nowMs + this.exportersOffMs, this.#sequences[worker]);
        this.#sequences[worker] += some.length;
        receiver.datagram(bytes, 0, bytes.length, exporter, 0, this.nowMs);
      }
    }
  }

  flush(): void {
    for (const receiver of this.receivers) receiver.flush(this.nowMs);
    this.detector.tick();
  }

  seconds(): SecondRecord[] {
    return this.told.flatMap((message) => (message.kind === 'second' ? [message.record] : []));
  }
}

/** Thirty seconds of clients, and from the twentieth on a SYN flood from random sources. */
function rehearse(workers: number, oneIn = 1, exportersOffMs = 0): Rehearsal {
  const random = new Random(3);
  const rehearsal = new Rehearsal(workers);
  rehearsal.exportersOffMs = exportersOffMs;
  for (const receiver of rehearsal.receivers) receiver.shedder.oneIn = oneIn;
  for (let tenth = 0; tenth < 300; tenth++) {
    rehearsal.nowMs = START_MS + 100 * tenth + 50;
    const flows: Flow[] = Array.from({ length: 30 }, () => ({
      src: 0x0a000000 + random.below(5000),
      dst: TARGET + random.below(8),
      packets: 8,
      flags: 27,
      srcPort: 1024 + random.below(60_000),
    }));
    if (tenth >= 200) {
      for (let flood = 0; flood < 900; flood++)
        flows.push({ src: random.uint32(), dst: TARGET, packets: 1, flags: 2, srcPort: 1024 + random.below(60_000) });
    }
    rehearsal.send(flows);
    rehearsal.flush();
  }
  rehearsal.nowMs += 1000;
  rehearsal.flush();
  return rehearsal;
}

for (const workers of [1, 3]) {
  test(`${workers} receivers and the detector find a flood within a second of its beginning, and keep its flows`, () => {
    const rehearsal = rehearse(workers);
    const attacks = rehearsal.told.flatMap((message) => (message.kind === 'attack' ? [message] : []));
    const [{ attack, state }] = attacks;
    assert.equal(state, 'opened');
    assert.deepEqual(attack.target, { kind: 'site', value: 'portal' });
    assert.equal(attack.vectors[0].name, 'syn-flood');
    assert.ok(Date.parse(attack.detectedAt) <= START_MS + 22_000, attack.detectedAt);
    assert.equal(new Set(attacks.map(({ attack: { id } }) => id)).size, 1);
    const seconds = rehearsal.seconds();
    assert.deepEqual(
      seconds.map(({ second }) => second),
      Array.from({ length: seconds.length }, (_, at) => START_MS / 1000 + at),
    );
    const peace = seconds[10];
    assert.equal(peace.total.fps, 300);
    assert.ok(peace.flows.length > 100 && peace.flows.length <= 256, 'a part of three hundred is kept');
    assert.ok(Math.abs(peace.flows.weight.reduce((sum, weight) => sum + weight, 0) / 300 - 1) < 0.3);
    assert.ok(peace.flows.kept.every((kept) => kept === KEPT_PEACE));
    const attacked = seconds[25];
    assert.equal(attacked.total.fps, 9300);
    const packets = attacked.flows.packets.reduce(
      (sum, count, row) => sum + (attacked.flows.kept[row] === KEPT_ATTACK ? count * attacked.flows.weight[row] : 0),
      0,
    );
    // Two thousand to four thousand of nine thousand rows are kept: each stands for some.
    assert.ok(Math.abs(packets / 9300 - 1) < 0.1, `${packets}`);
    assert.equal(attacked.targets[0].attackId, attack.id);
    assert.equal(attacked.flows.exporter[3] >>> 8, 0xc00002, 'the rows name their exporter');
  });
}

test('what is passed over under overload is counted exactly, and estimates stay where they are', () => {
  const whole = rehearse(1);
  const shed = rehearse(1, 4);
  const [receiver] = shed.receivers;
  assert.equal(receiver.records + receiver.recordsShed, whole.receivers[0].records);
  assert.ok(receiver.records < 0.3 * whole.receivers[0].records);
  const fps = (rehearsal: Rehearsal): number => rehearsal.seconds().reduce((sum, { total }) => sum + total.pps, 0);
  assert.ok(Math.abs(fps(shed) / fps(whole) - 1) < 0.1);
  const attack = shed.told.find((message) => message.kind === 'attack');
  assert.ok(attack?.kind === 'attack' && attack.attack.vectors[0].name === 'syn-flood');
});

test('an attack begins when it is seen to begin, by whatever clock the exporters tell of it', () => {
  for (const [offMs, oneIn] of [
    [-3_600_000, 1],
    [-3_600_000, 4],
    [-600_000, 1],
    [3_600_000, 1],
    [-86_400_000, 1],
  ]) {
    const [told] = rehearse(1, oneIn, offMs).told.flatMap((message) => (message.kind === 'attack' ? [message] : []));
    const sinceMs = Date.parse(told.attack.start) - (START_MS + 20_000);
    assert.ok(sinceMs >= -200 && sinceMs <= 1000, `${told.attack.start}, with clocks ${offMs} ms ahead`);
    assert.equal(told.attack.vectors[0].name, 'syn-flood');
  }
});
