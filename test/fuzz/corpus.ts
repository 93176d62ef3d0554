import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFlowBatch } from '../../src/model/flow-batch.ts';
import { Rejections } from '../../src/model/rejection.ts';
import { CaptureReader } from '../../src/wire/capture.ts';
import { PACKET_ROWS_MAX, PacketDecoder } from '../../src/wire/packet.ts';
import { TelemetryDecoder } from '../../src/wire/telemetry.ts';
import { snapshotTelemetry } from '../../src/wire/telemetry-snapshot.ts';
import { encodeIpfix, encodeNetflow5, encodeNetflow9, encodeRecord, type SetSpec } from '../support/encode-netflow.ts';
import {
  authentication,
  bytesOf,
  counterSample,
  enhancedPacket,
  ethernet,
  flowSample,
  fragmentHeader,
  geneve,
  gre,
  gtpUser,
  hopByHop,
  icmp,
  interfaceDescription,
  ipv4,
  ipv6,
  mpls,
  oldPacket,
  pcap,
  pcapng,
  pppoe,
  rawHeader,
  sampleRecord,
  sectionHeader,
  sflow,
  simplePacket,
  tcp,
  udp,
  uint,
  vxlan,
} from '../support/encode-packet.ts';
import { sharedData } from '../support/shared-data.ts';
import { INPUT_BYTES_MAX } from './mutate.ts';
import type { TargetName } from './targets.ts';

/** Packets taken from one real capture. */
const PACKETS_PER_CAPTURE = 40;
/** Bytes taken from the front of one real capture: enough for some tens of packets, and quick to read. */
const CAPTURE_BYTES = 8192;

/** Well-formed inputs for each target, from which the fuzzer starts: generated ones, and real ones where they are there. */
export function corpusOf(): Readonly<Record<TargetName, readonly Uint8Array[]>> {
  const corpus = {
    pcap: [...generatedCaptures()],
    packet: [...generatedPackets()],
    sflow: [...generatedSflow()],
    netflow: [...generatedNetflow()],
    snapshot: [...generatedSnapshots()],
    log: generatedLogs(),
  };
  const data = sharedData();
  if (data === undefined) return corpus;
  for (const file of filesOf(data, /\.(pcap|pcapng)$/)) {
    const bytes = new Uint8Array(readFileSync(file));
    corpus.pcap.push(bytes.slice(0, CAPTURE_BYTES));
    const { packets, payloads } = packetsOf(bytes);
    corpus.packet.push(...packets);
    if (file.includes('sflow')) corpus.sflow.push(...payloads);
  }
  for (const file of filesOf(join(data, 'netflow'), /\.(dat|bin)$/)) {
    corpus.netflow.push(new Uint8Array(readFileSync(file)).slice(0, INPUT_BYTES_MAX));
  }
  for (const file of filesOf(join(data, 'access-logs'), /(\.log|\.\d|\.json)$/)) {
    if (!file.endsWith('.expected.json') && !file.endsWith('.summary.json'))
      corpus.log.push(new Uint8Array(readFileSync(file)).slice(0, INPUT_BYTES_MAX));
  }
  for (const file of filesOf(join(data, 'sflow'), /\.bin$/)) corpus.sflow.push(new Uint8Array(readFileSync(file)));
  return corpus;
}

/** A line or two of each layout. */
function generatedLogs(): Uint8Array[] {
  const combined =
    '192.0.2.1 - - [10/Oct/2023:13:55:36 +0200] "GET /a?b=c HTTP/1.1" 200 23 "http://r.example/" "a \\"b\\" \\xc3"';
  return [
    `${combined}\nwww.example.org:80 "10.0.0.1, 2001:db8::1" ${combined} "198.51.100.1"\r\n<134>Oct 10 13:55:36 web nginx: ${combined}`,
    `${combined} 12 "router" "http://10.0.0.1" 25ms\n[10/Oct/2023:13:55:36 +0200] 10.0.0.1 TLSv1.2 X "GET / HTTP/1.0" 1`,
    'Oct 10 13:55:36 lb haproxy[1]: 192.0.2.9:4 [10/Oct/2023:13:55:36.123] f b/s h.example 0/0/1/2/3 200 7 - - ---- 1/1/0/0/0 0/0 {a|b} "GET /p HTTP/2.0"',
    '#Software: IIS\n#Fields: date time c-ip cs-method cs-uri-stem sc-status cs(User-Agent)\n2023-10-10 13:55:36 192.0.2.1 GET / 200 "a ""b"" c"',
    '{"ts":1700000000.5,"request":{"remote_ip":"192.0.2.1","method":"GET","uri":"/\\u00e9?a","headers":{"User-Agent":["x"]}},"status":200}',
    '{"time":"2023-10-10T13:55:36Z","remote_addr":"192.0.2.1","request":"GET / HTTP/1.1","status":"200","x":[{"y":"}"}]}',
    '[2023-10-10T13:55:36.123Z] "GET /p HTTP/2" 200 - 0 5 7 6 "198.51.100.3" "ua" "id" "host" "up"',
    'https 2018-07-02T22:23:00.186641Z app/a/b 192.0.2.1:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 0 57 "GET https://h.example:443/ HTTP/1.1" "curl" - TLSv1.2 arn "r" "h" "c" 1',
  ].map((text) => new TextEncoder().encode(text));
}

function filesOf(folder: string, name: RegExp): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => name.test(file))
    .sort()
    .map((file) => join(folder, file));
}

function packetsOf(capture: Uint8Array): { packets: Uint8Array[]; payloads: Uint8Array[] } {
  const rejections = new Rejections();
  const reader = new CaptureReader(rejections);
  const decoder = new PacketDecoder(rejections);
  const batch = createFlowBatch(PACKET_ROWS_MAX);
  const packets: Uint8Array[] = [];
  const payloads: Uint8Array[] = [];
  reader.push(capture);
  while (packets.length < PACKETS_PER_CAPTURE && reader.next()) {
    const { bytes, offset, capturedLength, wireLength, linkType, timeMs } = reader;
    packets.push(bytes.slice(offset, offset + capturedLength));
    batch.length = 0;
    decoder.decode(bytes, offset, capturedLength, wireLength, linkType, timeMs, batch);
    const { udpPayloadOffset, udpPayloadLength } = decoder;
    if (udpPayloadOffset >= 0) payloads.push(bytes.slice(udpPayloadOffset, udpPayloadOffset + udpPayloadLength));
  }
  return { packets, payloads };
}

const V4 = { src: '192.0.2.1', dst: '198.51.100.7' };
const V6 = { src: '2001:db8::1', dst: '2001:db8::2' };
const IPV4 = 0x0800;
const IPV6 = 0x86dd;

function generatedPackets(): Uint8Array[] {
  const segment = ipv4({ ...V4, proto: 6 }, tcp(40_000, 443, 18, new Uint8Array(20)));
  const frame = ethernet(IPV4, segment);
  const over = (port: number, payload: Uint8Array): Uint8Array =>
    ethernet(IPV4, ipv4({ ...V4, proto: 17 }, udp(9, port, payload)));
  const six = ipv6({ ...V6, proto: 58 }, icmp(1, 0, ipv6({ ...V6, proto: 17 }, udp(1, 2))), [hopByHop, authentication]);
  return [
    frame,
    segment,
    six,
    ethernet(IPV6, six),
    ethernet(IPV4, segment, [100, 200]),
    ethernet(IPV6, ipv6({ ...V6, proto: 17 }, udp(1, 2), [fragmentHeader(0, true)])),
    ethernet(IPV4, ipv4({ ...V4, proto: 1 }, icmp(3, 1, segment))),
    ethernet(IPV4, ipv4({ ...V4, proto: 47 }, gre(0x88be, bytesOf(new Uint8Array(8), frame), 0x1000))),
    ethernet(IPV4, ipv4({ ...V4, proto: 4 }, ipv4({ ...V4, proto: 41 }, six))),
    ethernet(0x8847, mpls([16, 17], segment)),
    ethernet(0x8864, pppoe(0x21, segment)),
    over(4789, vxlan(frame)),
    over(6081, geneve(0x6558, frame, new Uint8Array(8))),
    over(2152, gtpUser(segment)),
  ];
}

function generatedCaptures(): Uint8Array[] {
  const packets = generatedPackets().map((bytes, at) => ({ timeMs: 1_700_000_000_000 + at, bytes }));
  const blocks = [
    sectionHeader,
    interfaceDescription({ resolution: 9, offsetSeconds: 5 }),
    ...packets.map(({ bytes }, at) => enhancedPacket(BigInt(at), bytes, { extra: new Uint8Array(8) })),
    oldPacket(5n, packets[0].bytes),
    simplePacket(packets[1].bytes),
  ];
  return [
    pcap(packets),
    pcap(packets, { little: false, nano: true }),
    pcap(packets, { kuznetzov: true }),
    pcapng(blocks),
    pcapng(blocks, false),
  ];
}

function generatedSflow(): Uint8Array[] {
  const gateway = bytesOf(
    uint(1, 4),
    uint(1, 4),
    uint(1, 4),
    uint(2, 4),
    uint(3, 4),
    uint(1, 4),
    uint(2, 4),
    uint(2, 4),
    uint(8, 8),
  );
  const [frame] = generatedPackets();
  const flow = flowSample({ samplingRate: 100, input: 1, output: 2 }, [
    rawHeader(frame, 900),
    sampleRecord(1001, new Uint8Array(16)),
    sampleRecord(1003, gateway),
  ]);
  const other = flowSample({ expanded: true }, [
    sampleRecord(3, new Uint8Array(32)),
    sampleRecord(4, new Uint8Array(56)),
  ]);
  const counters = counterSample([
    sampleRecord(1, new Uint8Array(88)),
    sampleRecord(1005, bytesOf(uint(4, 4), 65, 66, 67, 68)),
  ]);
  return [
    sflow({ agent: '203.0.113.9', samples: [flow, counters, other] }),
    sflow({ agent: '2001:db8::9', samples: [other, flow] }),
  ];
}

function generatedNetflow(): Uint8Array[] {
  const fields = [
    { id: 8, length: 4 },
    { id: 12, length: 4 },
    { id: 1, length: 4 },
    { id: 2, length: 4 },
    { id: 4, length: 1 },
  ];
  const record = encodeRecord(fields, [1, 2, 3, 4, 6]);
  const sets: readonly SetSpec[] = [
    { kind: 'templates', templates: [{ id: 256, fields }] },
    { kind: 'data', id: 256, records: [record, record] },
  ];
  const seconds = 1_700_000_000;
  const flow = {
    srcAddr: 1,
    dstAddr: 2,
    packets: 3,
    bytes: 400,
    first: 10,
    last: 20,
    srcPort: 5,
    dstPort: 6,
    proto: 6,
  };
  return [
    encodeNetflow5({ uptimeMs: 1000, seconds, records: [flow, flow] }),
    encodeNetflow9({ uptimeMs: 1000, seconds, sourceId: 1, sets }),
    encodeIpfix({ seconds, domain: 1, sets }),
  ];
}

function generatedSnapshots(): Uint8Array[] {
  const decoder = new TelemetryDecoder(new Rejections());
  const options = [1, 36, 48, 50].map((id) => ({ id, length: 4 }));
  const told = encodeNetflow9({
    uptimeMs: 1000,
    seconds: 1_700_000_000,
    sets: [
      { kind: 'options-templates', templates: [{ id: 300, scopeCount: 1, fields: options }] },
      { kind: 'data', id: 300, records: [encodeRecord(options, [0, 60, 7, 1000])] },
    ],
  });
  const batch = createFlowBatch(PACKET_ROWS_MAX);
  const sink = {
    take: (): void => {
      batch.length = 0;
    },
  };
  const snapshots = [snapshotTelemetry(decoder)];
  for (const [at, bytes] of [...generatedNetflow(), ...generatedSflow(), told].entries()) {
    const words = Uint32Array.of(0, 0, 0xffff, 0x0a000000 + at);
    decoder.decode(bytes, 0, bytes.length, words, 0, 1_700_000_000_000, batch, sink);
    snapshots.push(snapshotTelemetry(decoder));
  }
  return snapshots;
}
