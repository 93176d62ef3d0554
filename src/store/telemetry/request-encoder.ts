import type { KeptRequest, RequestsRecord } from '../../model/kept-request.ts';
import type { Block } from './block.ts';
import { BlockSpan } from './block-span.ts';
import { REQUEST_COLUMNS } from './columns.ts';
import { finite, positions, writeAddresses } from './encode-values.ts';
import { encodeText, NativeBlock } from './native-block.ts';
import { BLOCK_ROWS } from './record-encoder.ts';
import type { Enrichment } from './telemetry-store.ts';

/** Seconds since 1970 that the table can hold: until 2106. */
const SECONDS_MAX = 0xffffffff;

/** Turns kept requests into blocks. `newRun` gives a number that no other run has. */
export class RequestEncoder {
  readonly #span: BlockSpan;
  readonly #enrich: Enrichment | undefined;
  readonly #native = new NativeBlock(Object.values(REQUEST_COLUMNS), 1024);
  #number = 0;

  constructor(newRun: () => number, enrich?: Enrichment) {
    this.#span = new BlockSpan(newRun);
    this.#enrich = enrich;
  }

  /** Rows that are not in a block yet. */
  get rows(): number {
    return this.#native.rows;
  }

  /** Adds what was kept in a second; gives the blocks that are full or must end here. */
  add({ second, requests }: RequestsRecord): readonly Block[] {
    const blocks: Block[] = [];
    this.#span.enter(second, this.rows > 0, () => blocks.push(...this.seal()));
    this.#native.reserve(requests.length);
    for (const request of requests) this.#add(second, request);
    if (this.rows >= BLOCK_ROWS || this.#span.endsWith(second)) blocks.push(...this.seal());
    return blocks;
  }

  /** Ends the block that is begun. */
  seal(): readonly Block[] {
    return this.#span.seal('requests', this.#native);
  }

  #add(second: number, request: KeptRequest): void {
    const { columns } = this.#native;
    const row = this.#native.rows++;
    const time = Math.max(0, Math.min(SECONDS_MAX, Math.floor(request.timeMs / 1000)));
    columns[R.time].u32[row] = time;
    columns[R.millis].u16[row] = Math.max(0, Math.floor(request.timeMs - 1000 * time)) % 1000;
    columns[R.keptAt].u32[row] = second;
    columns[R.run].u32[row] = this.#span.run;
    columns[R.number].u32[row] = this.#number++;
    columns[R.site].append(encodeText(request.site));
    writeAddresses(columns[R.client], row, request.client, 1);
    columns[R.clientName].append(encodeText(request.clientName));
    const named = request.clientName !== '';
    columns[R.asn].u32[row] = named ? 0 : (this.#enrich?.asn(request.client, 0) ?? 0);
    columns[R.country].append(encodeText(named ? '' : (this.#enrich?.country(request.client, 0) ?? '')));
    columns[R.method].u8[row] = request.method;
    columns[R.path].append(encodeText(request.path));
    columns[R.query].append(encodeText(request.query));
    columns[R.status].u16[row] = request.status;
    columns[R.bytes].f32[row] = finite(request.bytes);
    columns[R.requestMs].f32[row] = finite(request.requestMs);
    columns[R.httpVersion].u8[row] = request.httpVersion;
    columns[R.referrer].append(encodeText(request.referrer));
    columns[R.userAgent].append(encodeText(request.userAgent));
    columns[R.weight].f32[row] = finite(request.weight);
    columns[R.attackId].append(encodeText(request.attackId));
  }
}

const R = positions(REQUEST_COLUMNS);
