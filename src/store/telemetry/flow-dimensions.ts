import { formatAddress, isIpv4, parseAddress } from '../../base/ip.ts';
import { formatPrefix } from '../../base/prefix.ts';
import { KEPT } from './columns.ts';
import { CLASS_NAMES, FLOW_DIMENSIONS, type FlowDimension } from './flows-query.ts';

/** What flows can be grouped by: how the engine is asked for it, and how its answer reads. */
export interface Dimension {
  readonly name: FlowDimension;
  readonly sql: string;
  /** Type of `sql`, as a parameter is given back to the engine. */
  readonly type: 'IPv6' | 'String' | 'UInt8' | 'UInt16' | 'UInt32';
  readonly read: (value: unknown) => string | number | null;
  readonly about: string;
}

/** First address of the /24, of addresses of IPv4 as the table has them (mapped into IPv6), or of the /48. */
export const netOf = (column: string): string => {
  const number = `toUInt128(${column})`;
  const isV4 = `bitShiftRight(${number}, 32) = ${0xffff}`;
  const mask = (bits: number): string => `toUInt128('${(2n ** 128n - 2n ** BigInt(128 - bits)).toString()}')`;
  return `CAST(bitAnd(${number}, if(${isV4}, ${mask(120)}, ${mask(48)})) AS IPv6)`;
};

/** Lower bounds of the classes of packet sizes, bytes. */
const SIZES = [0, 64, 128, 256, 512, 1024, 1500] as const;

/** Text of an address as the engine writes it (`::ffff:198.51.100.10`); null for the unspecified one. */
function readAddress(value: unknown): string | null {
  const words = parseAddress(String(value));
  if (words === undefined || words.every((word) => word === 0)) return null;
  return formatAddress(words);
}

export function readNet(value: unknown): string | null {
  const words = parseAddress(String(value));
  return words === undefined ? null : formatPrefix(words, isIpv4(words) ? 120 : 48);
}

function readSize(value: unknown): string {
  const at = SIZES.indexOf(Number(value) as (typeof SIZES)[number]);
  const below = SIZES[at + 1];
  return below === undefined ? `${SIZES[at]}+` : `${SIZES[at]}-${below - 1}`;
}

export const nameIn =
  (names: readonly string[]) =>
  (value: unknown): string | null =>
    names[Number(value)] ?? null;
export const readNumber = (value: unknown): number => Number(value);
/** Where 0 means that it is not known. */
export const readKnown = (value: unknown): number | null => (Number(value) === 0 ? null : Number(value));
export const readText = (value: unknown): string | null => (value === '' ? null : String(value));

const TABLE: Readonly<Record<FlowDimension, Omit<Dimension, 'name'>>> = {
  srcAddr: { sql: 'srcAddr', type: 'IPv6', read: readAddress, about: 'source address' },
  srcNet: {
    sql: netOf('srcAddr'),
    type: 'IPv6',
    read: readNet,
    about: 'source /24 (IPv4) or /48 (IPv6)',
  },
  srcAsn: {
    sql: 'srcAsn',
    type: 'UInt32',
    read: readKnown,
    about: 'AS of the source, as the telemetry or the packaged table names it',
  },
  srcCountry: {
    sql: 'srcCountry',
    type: 'String',
    read: readText,
    about: 'country of the source, ISO 3166-1',
  },
  srcPort: { sql: 'srcPort', type: 'UInt16', read: readNumber, about: 'source port' },
  dstAddr: { sql: 'dstAddr', type: 'IPv6', read: readAddress, about: 'destination address' },
  dstNet: {
    sql: netOf('dstAddr'),
    type: 'IPv6',
    read: readNet,
    about: 'destination /24 (IPv4) or /48 (IPv6)',
  },
  dstPort: { sql: 'dstPort', type: 'UInt16', read: readNumber, about: 'destination port' },
  proto: { sql: 'proto', type: 'UInt8', read: readNumber, about: 'IP protocol number' },
  class: {
    sql: 'toUInt8(class)',
    type: 'UInt8',
    read: nameIn(CLASS_NAMES),
    about: 'traffic class',
  },
  tcpFlags: { sql: 'tcpFlags', type: 'UInt16', read: readNumber, about: 'TCP flags, as one number' },
  ttl: { sql: 'ttl', type: 'UInt8', read: readKnown, about: 'TTL or hop limit' },
  packetSize: {
    sql: `toUInt16(roundDown(if(packets > 0, bytes / packets, 0), [${SIZES.join(', ')}]))`,
    type: 'UInt16',
    read: readSize,
    about: 'mean bytes of a packet, in classes',
  },
  exporter: {
    sql: 'exporter',
    type: 'IPv6',
    read: readAddress,
    about: 'address of the exporter; unknown for captured packets',
  },
  attackId: {
    sql: 'attackId',
    type: 'String',
    read: readText,
    about: 'the attack that the flow belongs to',
  },
  kept: {
    sql: 'toUInt8(kept)',
    type: 'UInt8',
    read: nameIn(KEPT),
    about: 'why the flow was kept: attack or peace',
  },
};

export const DIMENSIONS: Readonly<Record<FlowDimension, Dimension>> = Object.fromEntries(
  FLOW_DIMENSIONS.map((name) => [name, { name, ...TABLE[name] }]),
) as Record<FlowDimension, Dimension>;
