import { formatAddress, formatIpv4, IPV4_MAPPED_WORD } from '../base/ip.ts';
import type { ExporterState } from './exporter.ts';
import type { RecordTrace } from './record-trace.ts';
import { formatMac } from './sflow5-counters.ts';
import { behindAddress, type FlowSample, word } from './sflow5-sample.ts';

/** AS path members that are shown. */
const PATH_MEMBERS_MAX = 256;

/** Shows one flow sample with the names of the structures in sflow_version_5.txt. Not for the data path. */
export function traceFlowSample(
  bytes: Uint8Array,
  sample: FlowSample,
  exporter: ExporterState,
  trace: RecordTrace,
): void {
  const fields: Record<string, unknown> = {
    sequenceNumber: sample.sequence,
    sourceIdType: sample.sourceType,
    sourceIdIndex: sample.source,
    samplingRate: sample.samplingRate,
    samplePool: sample.pool,
    drops: sample.drops,
    inputFormat: sample.inputFormat,
    input: sample.input,
    outputFormat: sample.outputFormat,
    output: sample.output,
  };
  if (sample.rawHeader >= 0) {
    fields.headerProtocol = word(bytes, sample.rawHeader);
    fields.frameLength = word(bytes, sample.rawHeader + 4);
    fields.stripped = word(bytes, sample.rawHeader + 8);
    fields.headerLength = word(bytes, sample.rawHeader + 12);
  }
  if (sample.ethernet >= 0) {
    fields.ethernetLength = word(bytes, sample.ethernet);
    fields.srcMac = formatMac(bytes, sample.ethernet + 4);
    fields.dstMac = formatMac(bytes, sample.ethernet + 12);
    fields.ethernetType = word(bytes, sample.ethernet + 20);
  }
  if (sample.ipv4 >= 0) {
    fields.srcIp = formatIpv4(word(bytes, sample.ipv4 + 8));
    fields.dstIp = formatIpv4(word(bytes, sample.ipv4 + 12));
    ports(bytes, sample.ipv4, sample.ipv4 + 16, fields);
  } else if (sample.ipv6 >= 0) {
    fields.srcIp = address(bytes, sample.ipv6 + 8, 2);
    fields.dstIp = address(bytes, sample.ipv6 + 24, 2);
    ports(bytes, sample.ipv6, sample.ipv6 + 40, fields);
  }
  if (sample.switched >= 0) {
    fields.srcVlan = word(bytes, sample.switched);
    fields.srcPriority = word(bytes, sample.switched + 4);
    fields.dstVlan = word(bytes, sample.switched + 8);
    fields.dstPriority = word(bytes, sample.switched + 12);
  }
  if (sample.router >= 0) router(bytes, sample.router, sample.routerEnd, fields);
  if (sample.gateway >= 0) gateway(bytes, sample.gateway, sample.gatewayEnd, fields);
  trace.record('flow', exporter, fields);
}

function ports(bytes: Uint8Array, at: number, from: number, fields: Record<string, unknown>): void {
  fields.ipLength = word(bytes, at);
  fields.ipProtocol = word(bytes, at + 4);
  fields.srcPort = word(bytes, from);
  fields.dstPort = word(bytes, from + 4);
  fields.tcpFlags = word(bytes, from + 8);
  fields.tos = word(bytes, from + 12);
}

/** extended_router: next hop, then the lengths of the masks of source and destination. */
function router(bytes: Uint8Array, at: number, end: number, fields: Record<string, unknown>): void {
  const behind = behindAddress(bytes, at, end);
  if (behind < 0 || end - behind < 8) return;
  fields.nextHop = address(bytes, at + 4, word(bytes, at));
  fields.srcMaskLength = word(bytes, behind);
  fields.dstMaskLength = word(bytes, behind + 4);
}

/** extended_gateway: next hop, AS numbers, the path in segments, communities, local preference. */
function gateway(bytes: Uint8Array, start: number, end: number, fields: Record<string, unknown>): void {
  let at = behindAddress(bytes, start, end);
  if (at < 0 || end - at < 16) return;
  fields.bgpNextHop = address(bytes, start + 4, word(bytes, start));
  fields.as = word(bytes, at);
  fields.srcAs = word(bytes, at + 4);
  fields.srcPeerAs = word(bytes, at + 8);
  const path: number[] = [];
  let segments = word(bytes, at + 12);
  for (at += 16; segments > 0 && end - at >= 8; segments--) {
    const members = word(bytes, at + 4);
    if (members > (end - at - 8) >>> 2) break;
    for (let member = 0; member < members && path.length < PATH_MEMBERS_MAX; member++) {
      path.push(word(bytes, at + 8 + 4 * member));
    }
    at += 8 + 4 * members;
  }
  fields.dstAsPath = path;
}

/** Text of the XDR address at `at`: type 1 is IPv4, type 2 IPv6, anything else unknown. */
function address(bytes: Uint8Array, at: number, type: number): string {
  const words = new Uint32Array(4);
  if (type === 1) {
    words[2] = IPV4_MAPPED_WORD;
    words[3] = word(bytes, at);
  } else if (type === 2) {
    for (let index = 0; index < 4; index++) words[index] = word(bytes, at + 4 * index);
  } else return 'unknown';
  return formatAddress(words);
}
