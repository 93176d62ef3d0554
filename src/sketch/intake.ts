import { assert } from '../base/errors.ts';
import { bindWasm, compileWasm } from '../base/wasm.ts';
import { createKernelBatch, type FlowBatch } from '../model/flow-batch.ts';
import { RESPONSE_CLASS, TCP_CLASSES } from '../model/traffic-class.ts';
import { ANSWER_COUNTERS, ANSWER_LIMITS, INSIDE_BITS } from './small-answers.ts';

/** Rows that are taken over at a time: what is looked at of them fits the second level of the cache. */
export const INTAKE_ROWS = 4096;

/** Bits of the addresses that `Watch` filters by; one filter for addresses and one for prefixes. */
export const FILTER_BITS = 1 << 16;

/** Rows in a list that a kernel writes: one more than it keeps, as it writes before it knows whether it keeps. */
const LIST_ROWS = INTAKE_ROWS + 1;

/** A row is in the tops of every watched target that covers it: itself and as many prefixes. */
const TOPS_ROWS = 16 * INTAKE_ROWS + 1;

/** Ports of web servers, whose connections `SlowConnections` follows. */
export const WEB_PORTS: readonly number[] = [80, 443, 8000, 8080, 8443];

/** Bytes of the parts of the room behind the columns, in their order; each begins at a line of the cache. */
const PARTS = {
  classes: INTAKE_ROWS,
  hashes: 4 * INTAKE_ROWS,
  cells: 4 * INTAKE_ROWS,
  list: 4 * LIST_ROWS,
  listHashes: 4 * LIST_ROWS,
  tops: 4 * TOPS_ROWS,
  results: 8 * 16,
  responseClass: RESPONSE_CLASS.length,
  tcpClass: TCP_CLASSES.length,
  webPorts: 65_536,
  hostFilter: FILTER_BITS / 8,
  prefixFilter: FILTER_BITS / 8,
  insideFilter: (2 * INSIDE_BITS) / 8,
  answerLimits: 4 * 32,
  answerCounters: 2 * ANSWER_COUNTERS,
} as const;

type Part = keyof typeof PARTS;

/** Columns that counting reads, after `srcAddr` and `dstAddr`. */
const COUNTED_COLUMNS = [
  'observedMs',
  'startMs',
  'endMs',
  'samplingRate',
  'packets',
  'bytes',
  'exporter',
  'present',
  'srcAs',
  'srcPort',
  'dstPort',
  'tcpFlags',
  'proto',
  'icmpType',
  'fragment',
  'layer',
  'ipVersion',
  'ttl',
] as const;

/** Where everything lies in the memory of an intake, in bytes: the same in all, so that kernels have it as constants. */
export type IntakeLayout = Readonly<Record<Part | 'srcAddr' | 'dstAddr' | (typeof COUNTED_COLUMNS)[number], number>>;

/** Makes the bytes of a kernel's module. */
export type KernelMaker = (layout: IntakeLayout) => Uint8Array;

/**
 * Rows that are being counted, and all that their counting looks up, in one memory that kernels of WebAssembly work on:
 *
 *   [ columns of 4,096 rows | classes, hashes, cells, lists, results | tables of constants, filters | caller's own … ]
 *
 * The pages of the caller's part take memory from their first use on.
 */
export class Intake {
  readonly batch: FlowBatch;
  /** Traffic class of each row. */
  readonly classes: Uint8Array;
  /** Hash of each row's destination, and the place of its cell or -1. */
  readonly hashes: Uint32Array;
  readonly cells: Int32Array;
  /** Rows that a kernel chose, and what they hash to. */
  readonly list: Int32Array;
  readonly listHashes: Uint32Array;
  /** Rows that the tops of watched targets look at. */
  readonly tops: Int32Array;
  /** What a kernel tells besides the number that it returns. */
  readonly results: Float64Array;
  readonly hostFilter: Uint32Array;
  readonly prefixFilter: Uint32Array;
  /** Where protected networks may be, and the counters of small answers. */
  readonly insideFilter: Uint32Array;
  readonly answerCounters: Uint16Array;
  /** The caller's part. */
  readonly own: Uint8Array;
  readonly #layout: IntakeLayout;

  /** `receiveBytes`: room behind everything, for what is decoded straight into the rows. */
  constructor(ownBytes: number, receiveBytes = 0) {
    const batch = createKernelBatch(INTAKE_ROWS, receiveBytes, PARTS_BYTES + ownBytes);
    const room = batch.room;
    assert(room !== undefined, 'a batch of kernels has the room that was asked for');
    const buffer = room.buffer;
    let at = room.byteOffset;
    const layout: Record<string, number> = {};
    for (const name of ['srcAddr', 'dstAddr', ...COUNTED_COLUMNS] as const) layout[name] = batch[name].byteOffset;
    for (const [name, bytes] of Object.entries(PARTS)) {
      layout[name] = at;
      at += aligned(bytes);
    }
    this.#layout = layout as IntakeLayout;
    this.batch = batch;
    this.classes = new Uint8Array(buffer, layout.classes, INTAKE_ROWS);
    this.hashes = new Uint32Array(buffer, layout.hashes, INTAKE_ROWS);
    this.cells = new Int32Array(buffer, layout.cells, INTAKE_ROWS);
    this.list = new Int32Array(buffer, layout.list, LIST_ROWS);
    this.listHashes = new Uint32Array(buffer, layout.listHashes, LIST_ROWS);
    this.tops = new Int32Array(buffer, layout.tops, TOPS_ROWS);
    this.results = new Float64Array(buffer, layout.results, PARTS.results / 8);
    this.hostFilter = new Uint32Array(buffer, layout.hostFilter, FILTER_BITS / 32);
    this.prefixFilter = new Uint32Array(buffer, layout.prefixFilter, FILTER_BITS / 32);
    this.insideFilter = new Uint32Array(buffer, layout.insideFilter, (2 * INSIDE_BITS) / 32);
    this.answerCounters = new Uint16Array(buffer, layout.answerCounters, ANSWER_COUNTERS);
    this.own = new Uint8Array(buffer, at, ownBytes);
    const limits = new Int32Array(buffer, layout.answerLimits, PARTS.answerLimits / 4);
    for (const [trafficClass, limit] of Object.entries(ANSWER_LIMITS)) limits[Number(trafficClass)] = limit;
    new Uint8Array(buffer, layout.responseClass).set(RESPONSE_CLASS);
    new Uint8Array(buffer, layout.tcpClass).set(TCP_CLASSES);
    for (const port of WEB_PORTS) new Uint8Array(buffer, layout.webPorts)[port] = 1;
  }

  /** A kernel on the memory of this intake. Each maker's module is compiled once. */
  bind<F>(make: KernelMaker): F {
    let module = MODULES.get(make);
    if (module === undefined) {
      module = compileWasm(make(this.#layout));
      assert(module !== undefined, 'the kernels use nothing that the engine does not know');
      MODULES.set(make, module);
    }
    assert(this.batch.memory !== undefined, 'a batch of kernels has a memory');
    return bindWasm<F>(module, this.batch.memory);
  }

  /** Takes over rows `from` to `to` (exclusive; at most INTAKE_ROWS) of a batch: the columns that counting reads. */
  copy(batch: FlowBatch, from: number, to: number): void {
    copyCounted(batch, from, to, this.batch);
  }
}

/** Copies what counting reads of rows `from` to `to` to the first rows of another batch. */
export function copyCounted(batch: FlowBatch, from: number, to: number, into: FlowBatch): void {
  into.srcAddr.set(batch.srcAddr.subarray(4 * from, 4 * to));
  into.dstAddr.set(batch.dstAddr.subarray(4 * from, 4 * to));
  for (const name of COUNTED_COLUMNS) into[name].set(batch[name].subarray(from, to));
}

const MODULES = new Map<KernelMaker, object>();

function aligned(bytes: number): number {
  return (bytes + 63) & ~63;
}

const PARTS_BYTES = Object.values(PARTS).reduce((sum, bytes) => sum + aligned(bytes), 0);
