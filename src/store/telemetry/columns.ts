import { METHODS } from '../../model/request-columns.ts';
import { CLASS } from '../../model/traffic-class.ts';

/**
 * The columns of the telemetry tables, each once: the table definitions and the encoder of blocks follow from them.
 *
 * Rates, packets and bytes are estimates already when they come here, so single precision (a relative error of 6e-8) is kept of
 * them; sums are taken in double precision.
 */
export interface Column {
  readonly name: string;
  /** Type of the column in its table. */
  readonly type: string;
  readonly codec: string;
  /** How it stands in a block: fixed width in host order (little-endian), 16 bytes in network order, or text with its length. */
  readonly wire: Wire;
}

export type Wire = 'u8' | 'u16' | 'u32' | 'f32' | 'ip' | 'text';

/** Values of `kind` in `seconds`; `total` is everything that the station counted. */
export const KINDS = ['total', 'address', 'prefix', 'site', 'organisation'] as const;
export const DIRECTIONS = ['in', 'out'] as const;
export const KEPT = ['peace', 'attack'] as const;

const enum8 = (names: readonly string[]): string => `Enum8(${names.map((name, at) => `'${name}' = ${at}`).join(', ')})`;

const TEXT = 'LowCardinality(String)';
const column = (name: string, type: string, wire: Wire, codec = 'ZSTD(1)'): Column => ({ name, type, codec, wire });
const time = column('time', "DateTime('UTC')", 'u32', 'Delta, ZSTD(1)');
/** Which run of a station wrote the row. A run has every second once, so (run, time) tells whether a block was kept already. */
const run = column('run', 'UInt32', 'u32');

export const FLOW_COLUMNS = {
  time,
  run,
  exporter: column('exporter', 'IPv6', 'ip'),
  srcAddr: column('srcAddr', 'IPv6', 'ip'),
  dstAddr: column('dstAddr', 'IPv6', 'ip'),
  srcPort: column('srcPort', 'UInt16', 'u16'),
  dstPort: column('dstPort', 'UInt16', 'u16'),
  proto: column('proto', 'UInt8', 'u8'),
  tcpFlags: column('tcpFlags', 'UInt16', 'u16'),
  class: column('class', enum8(Object.keys(CLASS)), 'u8'),
  ttl: column('ttl', 'UInt8', 'u8'),
  srcAsn: column('srcAsn', 'UInt32', 'u32'),
  srcCountry: column('srcCountry', TEXT, 'text'),
  packets: column('packets', 'Float32', 'f32'),
  bytes: column('bytes', 'Float32', 'f32'),
  weight: column('weight', 'Float32', 'f32'),
  kept: column('kept', enum8(KEPT), 'u8'),
  attackId: column('attackId', TEXT, 'text'),
} as const;

export const SECOND_COLUMNS = {
  time,
  run,
  kind: column('kind', enum8(KINDS), 'u8'),
  target: column('target', TEXT, 'text'),
  prefix: column('prefix', TEXT, 'text'),
  direction: column('direction', enum8(DIRECTIONS), 'u8'),
  bps: column('bps', 'Float32', 'f32'),
  pps: column('pps', 'Float32', 'f32'),
  fps: column('fps', 'Float32', 'f32'),
  baselineBps: column('baselineBps', 'Float32', 'f32'),
  baselinePps: column('baselinePps', 'Float32', 'f32'),
  baselineFps: column('baselineFps', 'Float32', 'f32'),
  excess: column('excess', 'Float32', 'f32'),
  attackId: column('attackId', TEXT, 'text'),
} as const;

export const REQUEST_COLUMNS = {
  /** When the server logged it: to the second, and what is beyond. */
  time,
  millis: column('millis', 'UInt16', 'u16'),
  /** When the station kept it: a log may be read late, or have a clock of its own. */
  keptAt: column('keptAt', "DateTime('UTC')", 'u32', 'Delta, ZSTD(1)'),
  run,
  /** Rises from row to row of a run: (run, number) names a row. */
  number: column('number', 'UInt32', 'u32', 'Delta, ZSTD(1)'),
  site: column('site', TEXT, 'text'),
  client: column('client', 'IPv6', 'ip'),
  clientName: column('clientName', 'String', 'text'),
  asn: column('asn', 'UInt32', 'u32'),
  country: column('country', TEXT, 'text'),
  method: column('method', enum8(METHODS), 'u8'),
  path: column('path', 'String', 'text'),
  query: column('query', 'String', 'text'),
  status: column('status', 'UInt16', 'u16'),
  bytes: column('bytes', 'Float32', 'f32'),
  requestMs: column('requestMs', 'Float32', 'f32'),
  httpVersion: column('httpVersion', 'UInt8', 'u8'),
  referrer: column('referrer', 'String', 'text'),
  userAgent: column('userAgent', 'String', 'text'),
  weight: column('weight', 'Float32', 'f32'),
  attackId: column('attackId', TEXT, 'text'),
} as const;

/** Rates that a minute keeps: mean, 95th percentile and maximum of each. */
export const RATES = ['bps', 'pps', 'fps'] as const;

/** A minute of a target, made of its seconds by the engine; no block is encoded for it. */
export const MINUTE_COLUMNS: readonly Column[] = [
  time,
  SECOND_COLUMNS.kind,
  SECOND_COLUMNS.target,
  SECOND_COLUMNS.prefix,
  SECOND_COLUMNS.direction,
  // Seconds that the minute is made of. A minute that is made again of more of them takes the place of the first.
  column('samples', 'UInt32', 'u32'),
  ...RATES.flatMap((rate) => ['', 'P95', 'Max'].map((suffix) => column(`${rate}${suffix}`, 'Float32', 'f32'))),
  SECOND_COLUMNS.baselineBps,
  SECOND_COLUMNS.baselinePps,
  SECOND_COLUMNS.baselineFps,
  SECOND_COLUMNS.excess,
  SECOND_COLUMNS.attackId,
];
