import { formatAddress, isIpv4, parseAddress } from '../../base/ip.ts';
import { formatPrefix } from '../../base/prefix.ts';
import { FLOW_DIMENSIONS, type FlowDimension } from './flows-query.ts';

/** What flows can be grouped by: how the engine is asked for it, and how its answer reads. */
export interface Dimension {
  readonly name: FlowDimension;
  readonly sql: string;
  readonly read: (value: unknown) => string | number | null;
  readonly about: string;
}

/** IPv4 addresses as the table has them, mapped into IPv6. */
const isV4 = (column: string): string =>
  `(${column} >= toIPv6('::ffff:0.0.0.0') AND ${column} <= toIPv6('::ffff:255.255.255.255'))`;
/** First address of the /24 or the /48. */
const netOf = (column: string): string => `tupleElement(IPv6CIDRToRange(${column}, if(${isV4(column)}, 120, 48)), 1)`;

/** Lower bounds of the classes of packet sizes, bytes. */
const SIZES = [0, 64, 128, 256, 512, 1024, 1500] as const;

/** Text of an address as the engine writes it (`::ffff:198.51.100.10`); null for the unspecified one. */
function readAddress(value: unknown): string | null {
  const words = parseAddress(String(value));
  if (words === undefined || words.every((word) => word === 0)) return null;
  return formatAddress(words);
}

function readNet(value: unknown): string | null {
  const words = parseAddress(String(value));
  return words === undefined ? null : formatPrefix(words, isIpv4(words) ? 120 : 48);
}

function readSize(value: unknown): string {
  const at = SIZES.indexOf(Number(value) as (typeof SIZES)[number]);
  const below = SIZES[at + 1];
  return below === undefined ? `${SIZES[at]}+` : `${SIZES[at]}-${below - 1}`;
}

const readNumber = (value: unknown): number => Number(value);
/** Where 0 means that it is not known. */
const readKnown = (value: unknown): number | null => (Number(value) === 0 ? null : Number(value));
const readText = (value: unknown): string | null => (value === '' ? null : String(value));

const TABLE: Readonly<Record<FlowDimension, Omit<Dimension, 'name'>>> = {
  srcAddr: { sql: 'srcAddr', read: readAddress, about: 'source address' },
  srcNet: { sql: netOf('srcAddr'), read: readNet, about: 'source /24 (IPv4) or /48 (IPv6)' },
  srcAsn: {
    sql: 'srcAsn',
    read: readKnown,
    about: 'AS of the source, as the telemetry or the packaged table names it',
  },
  srcCountry: { sql: 'srcCountry', read: readText, about: 'country of the source, ISO 3166-1' },
  srcPort: { sql: 'srcPort', read: readNumber, about: 'source port' },
  dstAddr: { sql: 'dstAddr', read: readAddress, about: 'destination address' },
  dstNet: { sql: netOf('dstAddr'), read: readNet, about: 'destination /24 (IPv4) or /48 (IPv6)' },
  dstPort: { sql: 'dstPort', read: readNumber, about: 'destination port' },
  proto: { sql: 'proto', read: readNumber, about: 'IP protocol number' },
  class: { sql: 'class', read: readText, about: 'traffic class' },
  tcpFlags: { sql: 'tcpFlags', read: readNumber, about: 'TCP flags, as one number' },
  ttl: { sql: 'ttl', read: readKnown, about: 'TTL or hop limit' },
  packetSize: {
    sql: `roundDown(if(packets > 0, bytes / packets, 0), [${SIZES.join(', ')}])`,
    read: readSize,
    about: 'mean bytes of a packet, in classes',
  },
  exporter: { sql: 'exporter', read: readAddress, about: 'address of the exporter; unknown for captured packets' },
  attackId: { sql: 'attackId', read: readText, about: 'the attack that the flow belongs to' },
  kept: { sql: 'kept', read: readText, about: 'why the flow was kept: attack or peace' },
};

export const DIMENSIONS: Readonly<Record<FlowDimension, Dimension>> = Object.fromEntries(
  FLOW_DIMENSIONS.map((name) => [name, { name, ...TABLE[name] }]),
) as Record<FlowDimension, Dimension>;
