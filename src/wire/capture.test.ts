import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  block,
  bytesOf,
  type CapturePacket,
  enhancedPacket,
  interfaceDescription,
  oldPacket,
  type PcapngBlock,
  pcap,
  pcapng,
  sectionHeader,
  simplePacket,
  uint,
} from '../../test/support/encode-packet.ts';
import { Rejections } from '../model/rejection.ts';
import { CaptureReader, PACKET_BYTES_MAX } from './capture.ts';
import { LINK_UNKNOWN } from './packet-link.ts';
import { INTERFACES_MAX } from './pcapng.ts';

interface Read {
  readonly packets: { timeMs: number; bytes: number[]; wireLength: number; linkType: number }[];
  readonly format: string;
  readonly truncated: boolean;
  readonly rejected: Record<string, number>;
}

/** Reads a capture that comes in chunks of these lengths, the last one as often as needed. */
function read(file: Uint8Array, chunkLengths: readonly number[] = [file.length]): Read {
  const rejections = new Rejections();
  const reader = new CaptureReader(rejections);
  const packets: Read['packets'] = [];
  let at = 0;
  for (let chunk = 0; at < file.length; chunk++) {
    const length = Math.max(1, chunkLengths[Math.min(chunk, chunkLengths.length - 1)]);
    reader.push(file.slice(at, at + length));
    at += length;
    while (reader.next()) {
      packets.push({
        timeMs: reader.timeMs,
        bytes: Array.from(reader.bytes.subarray(reader.offset, reader.offset + reader.capturedLength)),
        wireLength: reader.wireLength,
        linkType: reader.linkType,
      });
    }
  }
  reader.end();
  assert.equal(reader.next(), false);
  return { packets, format: reader.format, truncated: reader.truncated, rejected: rejections.toRecord() };
}

const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => at * 7);
const MICROS = 1_700_000_000_000_000n;

describe('pcap', () => {
  const packets: CapturePacket[] = [
    { timeMs: 1_700_000_000_123.25, bytes: bytes(60) },
    { timeMs: 1_700_000_001_000, bytes: bytes(0), wireLength: 1500 },
    { timeMs: 1_700_000_002_500, bytes: bytes(96), wireLength: 9000 },
  ];
  for (const little of [true, false]) {
    for (const variant of [{}, { nano: true }, { kuznetzov: true }]) {
      test(`reads ${JSON.stringify({ little, ...variant })}`, () => {
        const result = read(pcap(packets, { little, linkType: 101, ...variant }));
        assert.equal(result.format, 'pcap');
        assert.deepEqual(
          result.packets,
          packets.map((packet) => ({
            timeMs: packet.timeMs,
            bytes: Array.from(packet.bytes),
            wireLength: packet.wireLength ?? packet.bytes.length,
            linkType: 101,
          })),
        );
        assert.deepEqual(result.rejected, {});
      });
    }
  }

  test('a link type is not disturbed by the length of the frame check sequence', () => {
    const file = pcap(packets);
    file.set(uint(0x24000001, 4, true), 20);
    assert.equal(read(file).packets[0].linkType, 1);
  });

  test('one that ends in a packet is read to there, and it is said', () => {
    const whole = pcap(packets);
    for (const cut of [1, 95, 96, 100]) {
      const result = read(whole.subarray(0, whole.length - cut));
      assert.equal(result.packets.length, 2, `cut by ${cut}`);
      assert.equal(result.truncated, true);
      assert.deepEqual(result.rejected, { 'capture-truncated': 1 });
    }
    assert.equal(read(whole.subarray(0, whole.length - 112)).truncated, false);
  });

  test('finds the next record behind one whose length cannot be', () => {
    const broken = bytesOf(
      uint(1_700_000_000, 4, true),
      uint(0, 4),
      uint(0xfffffff0, 4, true),
      uint(60, 4, true),
      bytes(50),
    );
    const file = pcap(packets);
    const first = 24 + 16 + 60;
    const result = read(bytesOf(file.subarray(0, first), broken, pcap([packets[2], packets[0]]).subarray(24)));
    assert.deepEqual(result.rejected, { 'capture-packet-too-long': 1 });
    assert.deepEqual(
      result.packets.map((packet) => packet.bytes.length),
      [60, 96, 60],
    );
    assert.equal(result.truncated, false);
  });

  test('the longest packet is read, a longer one is not', () => {
    const longest = read(pcap([{ timeMs: 1000, bytes: bytes(PACKET_BYTES_MAX) }]), [100_000]);
    assert.equal(longest.packets[0].bytes.length, PACKET_BYTES_MAX);
    const longer = read(pcap([{ timeMs: 1000, bytes: bytes(PACKET_BYTES_MAX + 1) }]));
    assert.deepEqual(longer.rejected, { 'capture-packet-too-long': 1 });
  });

  test('what is no capture is bad, and an empty file unknown', () => {
    assert.equal(read(bytes(200)).format, 'bad');
    assert.equal(read(bytes(10)).format, 'bad');
    assert.equal(read(new Uint8Array(0)).format, 'unknown');
    assert.deepEqual(read(bytes(200)).rejected, {});
  });
});

describe('pcapng', () => {
  const blocks: PcapngBlock[] = [
    sectionHeader,
    interfaceDescription({ linkType: 1 }),
    interfaceDescription({ linkType: 101, resolution: 9, offsetSeconds: 3600 }),
    interfaceDescription({ linkType: 113, resolution: 0x80 | 10 }),
    enhancedPacket(MICROS + 5n, bytes(61)),
    enhancedPacket(1_500_000_000n, bytes(20), { interfaceId: 1, wireLength: 1500, extra: bytes(40) }),
    block(0x00000bad, () => bytes(333)),
    enhancedPacket(2048n, bytes(0), { interfaceId: 2, wireLength: 64 }),
    oldPacket(MICROS, bytes(33)),
    simplePacket(bytes(42)),
  ];
  for (const little of [true, false]) {
    test(`reads every kind of packet block, ${little ? 'little' : 'big'}-endian`, () => {
      const result = read(pcapng(blocks, little));
      assert.equal(result.format, 'pcapng');
      assert.deepEqual(
        result.packets.map((packet) => [packet.timeMs, packet.bytes.length, packet.wireLength, packet.linkType]),
        [
          [1_700_000_000_000.005, 61, 61, 1],
          [3_601_500, 20, 1500, 101],
          [2000, 0, 64, 113],
          [1_700_000_000_000, 33, 33, 1],
          [1_700_000_000_000, 42, 42, 1],
        ],
      );
      assert.deepEqual(result.rejected, { 'capture-time-missing': 1 });
      assert.equal(result.truncated, false);
    });
  }

  test('a new section may turn the byte order and has interfaces of its own', () => {
    const second = [sectionHeader, interfaceDescription({ linkType: 12 }), enhancedPacket(7000n, bytes(9))];
    const result = read(bytesOf(pcapng(blocks, true), pcapng(second, false)));
    assert.deepEqual(result.packets.at(-1), { timeMs: 7, bytes: Array.from(bytes(9)), wireLength: 9, linkType: 12 });
  });

  test('an interface that was not described is counted, and its packet still given', () => {
    const result = read(pcapng([sectionHeader, enhancedPacket(7000n, bytes(9), { interfaceId: 3 })]));
    assert.deepEqual(result.rejected, { 'capture-interface-unknown': 1 });
    assert.equal(result.packets[0].linkType, LINK_UNKNOWN);
  });

  test('the snap length bounds a simple packet', () => {
    const result = read(
      pcapng([sectionHeader, interfaceDescription({ snapLength: 16 }), simplePacket(bytes(40), 900)]),
    );
    assert.deepEqual([result.packets[0].bytes.length, result.packets[0].wireLength], [16, 900]);
  });

  test('keeps a bounded number of interfaces', () => {
    const many = Array.from({ length: INTERFACES_MAX + 1 }, () => interfaceDescription());
    const result = read(
      pcapng([sectionHeader, ...many, enhancedPacket(0n, bytes(1), { interfaceId: INTERFACES_MAX })]),
    );
    assert.deepEqual(result.rejected, { 'capture-interface-unknown': 1 });
  });

  test('skips a block of two gigabytes as it streams by', () => {
    const head = bytesOf(pcapng([sectionHeader, interfaceDescription()]), uint(0xbad, 4, true), uint(2 ** 31, 4, true));
    const rejections = new Rejections();
    const reader = new CaptureReader(rejections);
    reader.push(head);
    assert.equal(reader.next(), false);
    const zeros = new Uint8Array(2 ** 24);
    for (let left = 2 ** 31 - 8; left > 0; left -= zeros.length) {
      reader.push(left < zeros.length ? zeros.subarray(0, left) : zeros);
      assert.equal(reader.next(), false);
    }
    reader.push(enhancedPacket(1000n, bytes(5))(true));
    assert.equal(reader.next(), true);
    assert.equal(reader.timeMs, 1);
    assert.equal(rejections.total(), 0);
  });

  test('blocks with a length that cannot be are counted, and the next packet is found', () => {
    const file = (bad: Uint8Array): Uint8Array =>
      bytesOf(pcapng([sectionHeader, interfaceDescription()]), bad, enhancedPacket(1000n, bytes(5))(true));
    for (const length of [0, 4, 8, 11, 13, 0xffffffff]) {
      const result = read(file(bytesOf(uint(6, 4, true), uint(length, 4, true), bytes(31))));
      assert.equal(result.rejected['capture-block-invalid'], 1, `length ${length}`);
      assert.equal(result.packets.length, 1, `length ${length}`);
    }
  });

  test('a packet that claims more bytes than its block has is skipped with the block', () => {
    const lying = enhancedPacket(1000n, bytes(8))(true);
    lying.set(uint(4096, 4, true), 20);
    const result = read(
      bytesOf(pcapng([sectionHeader, interfaceDescription()]), lying, enhancedPacket(1000n, bytes(5))(true)),
    );
    assert.deepEqual(result.rejected, { 'capture-block-invalid': 1 });
    assert.equal(result.packets.length, 1);
  });

  test('one that ends in a block is read to there, and it is said', () => {
    const whole = pcapng(blocks);
    const result = read(whole.subarray(0, whole.length - 6));
    assert.equal(result.truncated, true);
    assert.equal(result.rejected['capture-truncated'], 1);
  });
});

describe('chunks', () => {
  const packet = fc.record({
    timeMs: fc.integer({ min: 1_600_000_000_000, max: 1_600_000_100_000 }),
    bytes: fc.uint8Array({ maxLength: 200 }),
  });
  const chunkLengths = fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 20 });

  test('pcap: any chunks give the same packets', () => {
    fc.assert(
      fc.property(fc.array(packet), fc.boolean(), chunkLengths, (packets, little, lengths) => {
        const file = pcap(packets, { little });
        assert.deepEqual(read(file, lengths), read(file));
        assert.deepEqual(
          read(file).packets.map((one) => one.bytes),
          packets.map((one) => Array.from(one.bytes)),
        );
      }),
      { numRuns: 300 },
    );
  });

  test('pcapng: any chunks give the same packets', () => {
    fc.assert(
      fc.property(fc.array(packet), fc.boolean(), chunkLengths, (packets, little, lengths) => {
        const file = pcapng(
          [
            sectionHeader,
            interfaceDescription(),
            ...packets.map((one, at) =>
              at % 3 === 0
                ? oldPacket(BigInt(one.timeMs) * 1000n, one.bytes)
                : enhancedPacket(BigInt(one.timeMs) * 1000n, one.bytes, { extra: bytes(4 * (at % 5)) }),
            ),
          ],
          little,
        );
        assert.deepEqual(read(file, lengths), read(file));
        assert.deepEqual(
          read(file).packets.map((one) => [one.timeMs, one.bytes]),
          packets.map((one) => [one.timeMs, Array.from(one.bytes)]),
        );
      }),
      { numRuns: 300 },
    );
  });

  test('damaged files: never a throw, and the same packets in any chunks', () => {
    const good = [
      pcap(
        [1, 2, 3, 4].map((second) => ({ timeMs: 1_600_000_000_000 + second, bytes: bytes(30 * second) })),
        { little: true },
      ),
      pcapng([
        sectionHeader,
        interfaceDescription(),
        ...[1, 2, 3].map((one) => enhancedPacket(MICROS, bytes(20 * one))),
        simplePacket(bytes(9)),
      ]),
    ];
    const damage = fc.array(fc.tuple(fc.nat(1000), fc.nat(255)), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.constantFrom(...good), damage, chunkLengths, (file, hits, lengths) => {
        const damaged = Uint8Array.from(file);
        for (const [at, value] of hits) damaged[at % damaged.length] = value;
        const whole = read(damaged);
        assert.deepEqual(read(damaged, lengths), whole);
        assert.ok(whole.packets.reduce((sum, one) => sum + one.bytes.length, 0) <= damaged.length);
      }),
      { numRuns: 1000 },
    );
  });
});
