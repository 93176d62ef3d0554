import { CLASS, CLASS_COUNT } from '../../model/traffic-class.ts';
import type { Vector } from '../../model/vector.ts';

export type Measure = 'pps' | 'bps' | 'fps';

/** Traffic classes that one vector is made of, and how much of them is noticed on a station that has learned nothing yet. */
export interface VectorGroup {
  readonly vector: Vector;
  /** Bit mask of traffic classes. */
  readonly classes: number;
  /** Absolute floors; a group is too much when any of them and the baseline of that measure are exceeded. */
  readonly floors: Partial<Readonly<Record<Measure, number>>>;
  /** How the group is judged; see judge.ts. */
  readonly shape: Shape;
  /** For amplification: traffic class of the requests that would explain the answers, and the service's name. */
  readonly requests?: number;
  readonly service?: string;
}

export type Shape =
  | 'syn'
  | 'synack'
  | 'rst'
  | 'ack'
  | 'tcp'
  | 'connection'
  | 'udp'
  | 'icmp'
  | 'fragment'
  | 'tunnel'
  | 'ip'
  | 'amplification'
  | 'web-answers'
  | 'dns-query';

const mask = (...classes: number[]): number => classes.reduce((bits, trafficClass) => bits | (1 << trafficClass), 0);

const amplification = (vector: Vector, service: string, trafficClass: number, requests: number): VectorGroup => ({
  vector,
  classes: mask(trafficClass),
  floors: { pps: 200, bps: 800_000 },
  shape: 'amplification',
  requests: mask(requests),
  service,
});

export const GROUPS: readonly VectorGroup[] = [
  { vector: 'syn-flood', classes: mask(CLASS.tcpSyn), floors: { pps: 300 }, shape: 'syn' },
  { vector: 'synack-reflection', classes: mask(CLASS.tcpSynAck), floors: { pps: 500 }, shape: 'synack' },
  { vector: 'rst-flood', classes: mask(CLASS.tcpRst), floors: { pps: 1000 }, shape: 'rst' },
  { vector: 'ack-flood', classes: mask(CLASS.tcpAck), floors: { pps: 3000 }, shape: 'ack' },
  {
    vector: 'tcp-flood',
    classes: mask(CLASS.tcpOdd, CLASS.tcpFin, CLASS.tcpData),
    floors: { pps: 3000 },
    shape: 'tcp',
  },
  {
    vector: 'connection-flood',
    classes: mask(CLASS.tcpSessionSmall, CLASS.tcpSyn),
    floors: { fps: 200 },
    shape: 'connection',
  },
  { vector: 'udp-flood', classes: mask(CLASS.udp, CLASS.udpService), floors: { pps: 2000, bps: 20e6 }, shape: 'udp' },
  { vector: 'quic-flood', classes: mask(CLASS.quic), floors: { pps: 2000 }, shape: 'udp' },
  { vector: 'icmp-flood', classes: mask(CLASS.icmp, CLASS.icmpError), floors: { pps: 1000 }, shape: 'icmp' },
  { vector: 'fragment-flood', classes: mask(CLASS.fragment), floors: { pps: 1000, bps: 8e6 }, shape: 'fragment' },
  { vector: 'gre-flood', classes: mask(CLASS.gre), floors: { pps: 2000 }, shape: 'tunnel' },
  { vector: 'esp-flood', classes: mask(CLASS.esp), floors: { pps: 2000 }, shape: 'tunnel' },
  { vector: 'ip-flood', classes: mask(CLASS.other), floors: { pps: 1000 }, shape: 'ip' },
  { vector: 'dns-flood', classes: mask(CLASS.dnsQuery), floors: { pps: 3000 }, shape: 'dns-query' },
  amplification('dns-amplification', 'DNS', CLASS.dnsResponse, CLASS.dnsQuery),
  amplification('ntp-amplification', 'NTP', CLASS.ntpResponse, CLASS.udpService),
  amplification('memcached-amplification', 'memcached', CLASS.memcachedResponse, CLASS.udpService),
  amplification('cldap-amplification', 'CLDAP', CLASS.cldapResponse, CLASS.udpService),
  amplification('ssdp-amplification', 'SSDP', CLASS.ssdpResponse, CLASS.udpService),
  amplification('chargen-amplification', 'chargen', CLASS.chargenResponse, CLASS.udpService),
  amplification('snmp-amplification', 'SNMP', CLASS.snmpResponse, CLASS.udpService),
  amplification('udp-amplification', 'UDP', CLASS.reflectorResponse, CLASS.udpService),
  // From port 443 over UDP comes what readers of web pages fetch, and what reflects (QUIC, DTLS): noticed like any UDP.
  {
    vector: 'udp-amplification',
    classes: mask(CLASS.quicReply),
    floors: { pps: 2000, bps: 20e6 },
    shape: 'web-answers',
    requests: mask(CLASS.quic),
    service: 'QUIC or DTLS',
  },
];

export const GROUP_COUNT = GROUPS.length;

/** True for a group of whose vector there is another before it. */
export function isSecondOfVector(group: number): boolean {
  return GROUPS.findIndex(({ vector }) => vector === GROUPS[group].vector) < group;
}

/** Traffic of connections that were completed: what a SYN flood lacks and a crowd of readers has. */
export const ANSWERED_CLASSES = mask(
  CLASS.tcpAck,
  CLASS.tcpData,
  CLASS.tcpFin,
  CLASS.tcpSession,
  CLASS.tcpSessionSmall,
);

/** The lowest floors of any group, by measure: what no candidate can be below. */
export const FLOOR_MIN = {
  pps: Math.min(...GROUPS.map((group) => group.floors.pps ?? Number.POSITIVE_INFINITY)),
  bps: Math.min(...GROUPS.map((group) => group.floors.bps ?? Number.POSITIVE_INFINITY)),
  fps: Math.min(...GROUPS.map((group) => group.floors.fps ?? Number.POSITIVE_INFINITY)),
};

/** Indexes of the groups that a class belongs to. */
export const GROUPS_OF_CLASS: readonly (readonly number[])[] = Array.from({ length: CLASS_COUNT }, (_, trafficClass) =>
  GROUPS.flatMap((group, index) => ((group.classes >>> trafficClass) & 1 ? [index] : [])),
);

/** By class, what a target has at least of it by a measure where one of its groups is at its floor: a first look at a counter. */
export const FLOOR_OF_CLASS: Readonly<Record<Measure, Float64Array>> = {
  // Packets are summed over the classes of a group: one of them has its share.
  pps: floorsOfClass(({ floors, classes }) => (floors.pps ?? Number.POSITIVE_INFINITY) / countBits(classes)),
  bps: floorsOfClass(({ floors }) => floors.bps ?? Number.POSITIVE_INFINITY),
  fps: floorsOfClass(({ floors }) => floors.fps ?? Number.POSITIVE_INFINITY),
};

function floorsOfClass(floorOf: (group: VectorGroup) => number): Float64Array {
  return Float64Array.from(GROUPS_OF_CLASS, (groups) => Math.min(...groups.map((group) => floorOf(GROUPS[group]))));
}

function countBits(classes: number): number {
  let count = 0;
  for (let rest = classes; rest !== 0; rest &= rest - 1) count++;
  return count;
}
