import { createFlowBatch } from '../../src/model/flow-batch.ts';
import { Rejections } from '../../src/model/rejection.ts';
import { CaptureReader } from '../../src/wire/capture.ts';
import { PACKET_ROWS_MAX, PacketDecoder } from '../../src/wire/packet.ts';
import { type BenchCase, type BenchResult, measure, runCases } from '../harness.ts';
import { hashRows, type Ring, ringOf, synPacket } from './packet.ts';

/** Bytes of a chunk, as src/input/capture-file.ts gives them. */
const CHUNK_BYTES = 256 * 1024;

/** The packets of a ring as a pcap file, or as enhanced packet blocks of a pcapng file. */
function fileOf(ring: Ring, format: 'pcap' | 'pcapng'): Uint8Array {
  const count = ring.offsets.length - 1;
  const file = new Uint8Array(64 + ring.bytes.length + 40 * count);
  const view = new DataView(file.buffer);
  const words = (at: number, ...values: number[]): number => {
    for (let word = 0; word < values.length; word++) view.setUint32(at + 4 * word, values[word], true);
    return at + 4 * values.length;
  };
  let at =
    format === 'pcap'
      ? words(0, 0xa1b2c3d4, 0x00040002, 0, 0, 65_535, 1)
      : words(0, 0x0a0d0d0a, 28, 0x1a2b3c4d, 1, 0xffffffff, 0xffffffff, 28, 1, 20, 1, 0, 20);
  for (let packet = 0; packet < count; packet++) {
    const bytes = ring.bytes.subarray(ring.offsets[packet], ring.offsets[packet + 1]);
    const length = bytes.length;
    const padded = (length + 3) & ~3;
    at =
      format === 'pcap'
        ? words(at, 1_700_000_000, packet, length, length)
        : words(at, 6, 32 + padded, 0, 0x60a00, packet, length, length);
    file.set(bytes, at);
    at += format === 'pcap' ? length : padded;
    if (format === 'pcapng') at = words(at, 32 + padded);
  }
  return file.subarray(0, at);
}

function parse(file: Uint8Array, packets: number, count: number, decode: boolean): BenchResult {
  const rejections = new Rejections();
  const decoder = new PacketDecoder(rejections);
  const batch = createFlowBatch();
  const full = batch.capacity - PACKET_ROWS_MAX;
  const rounds = Math.max(1, Math.round(count / packets));
  return measure(rounds * packets, () => {
    let hash = 0;
    for (let round = 0; round < rounds; round++) {
      const reader = new CaptureReader(rejections);
      for (let at = 0; at < file.length; at += CHUNK_BYTES) {
        reader.push(file.subarray(at, at + CHUNK_BYTES));
        while (reader.next()) {
          if (!decode) {
            hash = (hash + reader.offset + reader.wireLength) | 0;
            continue;
          }
          if (batch.length > full) batch.length = 0;
          const { bytes, offset, capturedLength, wireLength, linkType, timeMs } = reader;
          decoder.decode(bytes, offset, capturedLength, wireLength, linkType, timeMs, batch);
        }
      }
      reader.end();
      if (decode) hash = hashRows(batch, hash);
      batch.length = 0;
    }
    if (rejections.total() > 0) throw new Error('the capture of the bench was not understood');
    return hash;
  });
}

const sizes = { small: 100_000, full: 20_000_000 };

function caseOf(name: string, format: 'pcap' | 'pcapng', decode: boolean, goal?: number): BenchCase {
  return {
    name,
    unit: 'packets',
    ...(goal === undefined ? {} : { goal }),
    sizes,
    run: (size) => {
      const ring = ringOf(synPacket);
      return parse(fileOf(ring, format), ring.offsets.length - 1, size, decode);
    },
  };
}

export const cases: readonly BenchCase[] = [
  caseOf('wire/capture-pcap', 'pcap', false),
  caseOf('wire/capture-pcapng', 'pcapng', false),
  caseOf('wire/capture-pcap-to-rows', 'pcap', true, 12e6),
  caseOf('wire/capture-pcapng-to-rows', 'pcapng', true),
];

if (import.meta.main) await runCases(cases);
