import { type Prefix, parsePrefix, prefixContains } from '../../base/prefix.ts';
import type { Rate } from '../../model/attack.ts';
import { KEPT_ATTACK, type KeptFlows, type SecondRecord } from '../../model/second-record.ts';
import type { Block } from './block.ts';
import { BlockSpan } from './block-span.ts';
import { DIRECTIONS, FLOW_COLUMNS, KINDS, SECOND_COLUMNS } from './columns.ts';
import { finite, positions, writeAddresses } from './encode-values.ts';
import { encodeText, NativeBlock } from './native-block.ts';
import type { Enrichment } from './telemetry-store.ts';

/** Rows from which on a block is full. A second is never split, so a block has at most this and one second. */
export const BLOCK_ROWS = 32_768;
/** Rows of one table in one second; more are not kept, and counted. */
export const SECOND_ROWS_MAX = 65_536;

/** Texts whose encoding is remembered: countries, names of targets, attacks. */
const TEXTS_MAX = 16_384;
/** Prefixes under attack that flows of a second are matched with, the narrowest first. */
const ATTACKED_MAX = 256;

/** Turns seconds into blocks. `newRun` gives a number that no other run has. */
export class RecordEncoder {
  /** Rows that found no room: of seconds with more than SECOND_ROWS_MAX. */
  refused = 0;
  readonly #span: BlockSpan;
  readonly #enrich: Enrichment | undefined;
  readonly #flows = new NativeBlock(Object.values(FLOW_COLUMNS), 4096);
  readonly #seconds = new NativeBlock(Object.values(SECOND_COLUMNS), 1024);
  readonly #texts = new Map<string, Uint8Array>();
  readonly #prefixes = new Map<string, Prefix | undefined>();

  constructor(newRun: () => number, enrich?: Enrichment) {
    this.#span = new BlockSpan(newRun);
    this.#enrich = enrich;
  }

  /** Rows that are not in a block yet. */
  get rows(): number {
    return this.#flows.rows + this.#seconds.rows;
  }

  /** Adds a second; gives the blocks that are full or must end here. */
  add(record: SecondRecord): readonly Block[] {
    const { second } = record;
    const blocks: Block[] = [];
    this.#span.enter(second, this.rows > 0, () => blocks.push(...this.seal()));
    this.#addTargets(record);
    this.#addFlows(second, record.flows, this.#attacked(record));
    if (this.#flows.rows >= BLOCK_ROWS || this.#seconds.rows >= BLOCK_ROWS || this.#span.endsWith(second)) {
      blocks.push(...this.seal());
    }
    return blocks;
  }

  /** Ends the blocks that are begun. */
  seal(): readonly Block[] {
    return [...this.#span.seal('seconds', this.#seconds), ...this.#span.seal('flows', this.#flows)];
  }

  #addTargets(record: SecondRecord): void {
    const targets = record.targets.slice(0, SECOND_ROWS_MAX - 1);
    this.refused += record.targets.length - targets.length;
    const block = this.#seconds;
    block.reserve(targets.length + 1);
    this.#addSecond(record.second, 0, '', '', 0, record.total, NO_RATE, 0, '');
    for (const { target, prefix, direction, rate, baseline, excess, attackId } of targets) {
      const kind = KINDS.indexOf(target.kind);
      const way = DIRECTIONS.indexOf(direction);
      this.#addSecond(record.second, kind, target.value, prefix, way, rate, baseline, excess, attackId ?? '');
    }
  }

  #addSecond(
    second: number,
    kind: number,
    target: string,
    prefix: string,
    direction: number,
    rate: Rate,
    baseline: Rate,
    excess: number,
    attackId: string,
  ): void {
    const block = this.#seconds;
    const row = block.rows++;
    const columns = block.columns;
    columns[S.time].u32[row] = second;
    columns[S.run].u32[row] = this.#span.run;
    columns[S.kind].u8[row] = kind;
    columns[S.target].append(this.#text(target));
    columns[S.prefix].append(this.#text(prefix));
    columns[S.direction].u8[row] = direction;
    columns[S.bps].f32[row] = finite(rate.bps);
    columns[S.pps].f32[row] = finite(rate.pps);
    columns[S.fps].f32[row] = finite(rate.fps);
    columns[S.baselineBps].f32[row] = finite(baseline.bps);
    columns[S.baselinePps].f32[row] = finite(baseline.pps);
    columns[S.baselineFps].f32[row] = finite(baseline.fps);
    columns[S.excess].f32[row] = finite(excess);
    columns[S.attackId].append(this.#text(attackId));
  }

  #addFlows(second: number, flows: KeptFlows, attacked: readonly Attacked[]): void {
    const length = Math.min(flows.length, SECOND_ROWS_MAX);
    this.refused += flows.length - length;
    const block = this.#flows;
    block.reserve(length);
    const first = block.rows;
    const columns = block.columns;
    columns[F.time].u32.fill(second, first, first + length);
    columns[F.run].u32.fill(this.#span.run, first, first + length);
    writeAddresses(columns[F.exporter], first, flows.exporter, length);
    writeAddresses(columns[F.srcAddr], first, flows.srcAddr, length);
    writeAddresses(columns[F.dstAddr], first, flows.dstAddr, length);
    columns[F.srcPort].u16.set(flows.srcPort.subarray(0, length), first);
    columns[F.dstPort].u16.set(flows.dstPort.subarray(0, length), first);
    columns[F.proto].u8.set(flows.proto.subarray(0, length), first);
    columns[F.tcpFlags].u16.set(flows.tcpFlags.subarray(0, length), first);
    columns[F.class].u8.set(flows.trafficClass.subarray(0, length), first);
    columns[F.ttl].u8.set(flows.ttl.subarray(0, length), first);
    columns[F.packets].f32.set(flows.packets.subarray(0, length), first);
    columns[F.bytes].f32.set(flows.bytes.subarray(0, length), first);
    columns[F.weight].f32.set(flows.weight.subarray(0, length), first);
    columns[F.kept].u8.set(flows.kept.subarray(0, length), first);
    this.#addSources(flows, first, length);
    const ids = columns[F.attackId];
    for (let row = 0; row < length; row++) {
      ids.append(flows.kept[row] === KEPT_ATTACK ? attackOf(attacked, flows, 4 * row) : EMPTY);
    }
    block.rows += length;
  }

  /** Country and AS of the sources. What the telemetry says of the AS goes before what the table says. */
  #addSources(flows: KeptFlows, first: number, length: number): void {
    const countries = this.#flows.columns[F.srcCountry];
    const asns = this.#flows.columns[F.srcAsn].u32;
    for (let row = 0; row < length; row++) {
      const named = flows.srcAs[row];
      if (this.#enrich === undefined) {
        asns[first + row] = named;
        countries.append(EMPTY);
        continue;
      }
      asns[first + row] = named === 0 ? (this.#enrich.asn(flows.srcAddr, 4 * row) ?? 0) : named;
      const country = this.#enrich.country(flows.srcAddr, 4 * row);
      countries.append(country === undefined ? EMPTY : this.#text(country));
    }
  }

  #attacked(record: SecondRecord): readonly Attacked[] {
    const attacked: Attacked[] = [];
    for (const { prefix: text, attackId } of record.targets) {
      if (attackId === undefined) continue;
      const prefix = this.#prefix(text);
      if (prefix !== undefined) attacked.push({ prefix, id: this.#text(attackId) });
    }
    return attacked.sort((a, b) => b.prefix.length - a.prefix.length).slice(0, ATTACKED_MAX);
  }

  #prefix(text: string): Prefix | undefined {
    if (this.#prefixes.size > TEXTS_MAX) this.#prefixes.clear();
    if (!this.#prefixes.has(text)) this.#prefixes.set(text, parsePrefix(text));
    return this.#prefixes.get(text);
  }

  #text(value: string): Uint8Array {
    if (value === '') return EMPTY;
    let encoded = this.#texts.get(value);
    if (encoded === undefined) {
      if (this.#texts.size >= TEXTS_MAX) this.#texts.clear();
      encoded = encodeText(value);
      this.#texts.set(value, encoded);
    }
    return encoded;
  }
}

interface Attacked {
  readonly prefix: Prefix;
  readonly id: Uint8Array;
}

const EMPTY = encodeText('');
const NO_RATE: Rate = { bps: 0, pps: 0, fps: 0 };
/** Positions of the columns in their blocks. */
const F = positions(FLOW_COLUMNS);
const S = positions(SECOND_COLUMNS);

/** The attack that a flow belongs to: on its destination, or on its source where it is an answer or leaves. */
function attackOf(attacked: readonly Attacked[], flows: KeptFlows, at: number): Uint8Array {
  for (const { prefix, id } of attacked) if (prefixContains(prefix, flows.dstAddr, at)) return id;
  for (const { prefix, id } of attacked) if (prefixContains(prefix, flows.srcAddr, at)) return id;
  return EMPTY;
}
