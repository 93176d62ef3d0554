/**
 * The one table of flow columns. Batches, the JSON of `decode`, and the docs follow from it: a new column is one line here.
 * Names are those of IPFIX shortened as the vocabulary has them (RFC 7012, https://www.iana.org/assignments/ipfix).
 *
 * `kind` tells the storage: `addr` four interleaved Uint32 words per row, `u8`/`u16`/`u32` unsigned integers, `f64` numbers
 * exact to 2^53. `optional` columns have a bit in the `present` mask of the row, and count only where it is set.
 */
export type ColumnKind = 'addr' | 'u8' | 'u16' | 'u32' | 'f64';

export interface ColumnSpec {
  readonly kind: ColumnKind;
  readonly optional: boolean;
  /** Meaning and unit. */
  readonly about: string;
}

const always = <K extends ColumnKind>(kind: K, about: string) => ({ kind, optional: false, about }) as const;
const optional = <K extends ColumnKind>(kind: K, about: string) => ({ kind, optional: true, about }) as const;

export const FLOW_COLUMNS = {
  observedMs: always('f64', 'when the record or packet reached the observer, ms since 1970 in event time'),
  startMs: always('f64', 'first packet, ms since 1970; observedMs where the exporter does not say'),
  endMs: always('f64', 'last packet, ms since 1970; observedMs where the exporter does not say'),
  exporter: always('u32', 'index of the exporter in the decoder that made the batch; 0xffffffff for captured packets'),
  observationDomain: always('u32', 'IPFIX observation domain, NetFlow v9 source id, v5 engine, sFlow sub-agent'),
  layer: always('u8', 'LAYER_OUTER, LAYER_INNER (in a tunnel) or LAYER_QUOTED (inside an ICMP error)'),
  ipVersion: always('u8', '4, 6, or 0 where there is no IP header'),
  samplingRate: always('f64', 'one packet in how many was looked at; 1 is unsampled, 0 unknown (counted as 1)'),
  packets: always('f64', 'packets as reported'),
  bytes: always('f64', 'bytes as reported: IP bytes in flow records, bytes on the wire in captures and sFlow'),
  srcAddr: optional('addr', 'source address'),
  dstAddr: optional('addr', 'destination address'),
  proto: optional('u8', 'IP protocol number'),
  srcPort: optional('u16', 'source port'),
  dstPort: optional('u16', 'destination port'),
  tcpFlags: optional(
    'u16',
    'TCP control bits, the OR over the flow (FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128)',
  ),
  icmpType: optional('u8', 'ICMP or ICMPv6 type'),
  icmpCode: optional('u8', 'ICMP or ICMPv6 code'),
  fragment: optional('u8', 'FRAGMENT_NONE, FRAGMENT_FIRST or FRAGMENT_LATER'),
  ttl: optional('u8', 'TTL or hop limit'),
  tos: optional('u8', 'type of service or traffic class'),
  vlan: optional('u16', 'outer VLAN id'),
  etherType: optional('u16', 'EtherType behind any VLAN tags'),
  extHeaders: optional(
    'u8',
    'IPv6 extension headers (and AH) that stand before the upper layer; absent where there are none',
  ),
  inIf: optional('u32', 'ingress interface index'),
  outIf: optional('u32', 'egress interface index'),
  srcAs: optional('u32', 'origin AS of the source'),
  dstAs: optional('u32', 'origin AS of the destination'),
  flowDirection: optional('u8', '0 seen on ingress, 1 on egress (IPFIX element 61)'),
  reversePackets: optional('f64', 'packets of the other direction in a bidirectional record (RFC 5103)'),
  reverseBytes: optional('f64', 'bytes of the other direction in a bidirectional record (RFC 5103)'),
} as const satisfies Record<string, ColumnSpec>;

export type ColumnName = keyof typeof FLOW_COLUMNS;
export const COLUMN_NAMES = Object.keys(FLOW_COLUMNS) as readonly ColumnName[];

type OptionalColumn = { [K in ColumnName]: (typeof FLOW_COLUMNS)[K]['optional'] extends true ? K : never }[ColumnName];

/** The bit of each optional column in a row's `present` mask. */
export const HAS: Readonly<Record<OptionalColumn, number>> = Object.fromEntries(
  COLUMN_NAMES.filter((name) => FLOW_COLUMNS[name].optional).map((name, index) => [name, 2 ** index]),
) as Record<OptionalColumn, number>;

export const LAYER_OUTER = 0;
export const LAYER_INNER = 1;
export const LAYER_QUOTED = 2;

export const FRAGMENT_NONE = 0;
/** The fragment with offset 0 and more to come: it holds the transport header. */
export const FRAGMENT_FIRST = 1;
/** A fragment with an offset: no transport header. */
export const FRAGMENT_LATER = 2;

/** `exporter` of rows that are captured packets. */
export const NO_EXPORTER = 0xffffffff;

/** TCP control bits (RFC 9293 section 3.1). */
export const TCP_FIN = 1;
export const TCP_SYN = 2;
export const TCP_RST = 4;
export const TCP_PSH = 8;
export const TCP_ACK = 16;
