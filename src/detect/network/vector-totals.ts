import type { ByteReader, ByteWriter } from '../../base/byte-stream.ts';
import { VECTORS, type Vector } from '../../model/vector.ts';
import type { Measure } from './groups.ts';
import { readSigned, readTime } from './snapshot-parts.ts';

/** How the opening second stood against its limit. */
export interface Opening {
  readonly second: number;
  readonly measure: Measure;
  readonly observed: number;
  readonly limit: number;
  readonly limitFrom: 'baseline' | 'floor' | 'configured';
  readonly cusum: boolean;
  readonly notes: readonly string[];
  /** How long after it was carried the traffic of that second was counted, ms. */
  readonly lagMs: number;
  readonly newSources: number | undefined;
}

/** Limit and measure that a vector must stay under for the attack to end. */
export interface Hold {
  readonly limit: number;
  readonly measure: Measure;
}

/** What one vector has come to over the attack's life. */
export interface VectorTotals {
  packets: number;
  bytes: number;
  flows: number;
  variance: number;
  /** How it stood against its limit when it became part of the attack. */
  readonly opening: Opening;
  /** Absent where the attack was taken over and the vector was not seen again yet. */
  hold: Hold | undefined;
}

const MEASURES: readonly Measure[] = ['pps', 'bps', 'fps'];
const LIMITS_FROM = ['baseline', 'floor', 'configured'] as const;
const NOTES_MAX = 16;
const NOTE_BYTES_MAX = 1024;
const LAG_MS_MAX = 1e12;

export function writeVector(to: ByteWriter, vector: Vector, totals: VectorTotals): void {
  const { opening, hold } = totals;
  to.number(VECTORS.indexOf(vector));
  for (const value of [totals.packets, totals.bytes, totals.flows, totals.variance]) to.number(value);
  to.number(opening.second * 1000);
  to.number(MEASURES.indexOf(opening.measure));
  for (const value of [opening.observed, opening.limit]) to.number(value);
  to.number(LIMITS_FROM.indexOf(opening.limitFrom));
  to.number(opening.cusum ? 1 : 0);
  to.number(opening.lagMs);
  to.number(opening.newSources ?? -1);
  to.number(opening.notes.length);
  for (const note of opening.notes) to.text(note);
  to.number(hold === undefined ? -1 : hold.limit);
  to.number(hold === undefined ? 0 : MEASURES.indexOf(hold.measure));
}

export function readVector(from: ByteReader): [Vector, VectorTotals] {
  const vector = VECTORS[from.count(VECTORS.length - 1)];
  const [packets, bytes, flows, variance] = [0, 0, 0, 0].map(() => from.amount());
  const second = readTime(from) / 1000;
  const measure = MEASURES[from.count(MEASURES.length - 1)];
  const observed = from.amount();
  const limit = from.amount();
  const limitFrom = LIMITS_FROM[from.count(LIMITS_FROM.length - 1)];
  const cusum = from.count(1) === 1;
  const lagMs = readSigned(from, LAG_MS_MAX);
  const newSources = readSigned(from, 1);
  const notes: string[] = [];
  const count = from.count(NOTES_MAX);
  for (let note = 0; note < count && from.fault === undefined; note++) notes.push(from.text(NOTE_BYTES_MAX));
  const opening: Opening = {
    ...{ second, measure, observed, limit, limitFrom, cusum, notes, lagMs },
    newSources: newSources < 0 ? undefined : newSources,
  };
  const holdLimit = readSigned(from, 2 ** 63);
  const holdMeasure = MEASURES[from.count(MEASURES.length - 1)];
  const hold = holdLimit < 0 ? undefined : { limit: holdLimit, measure: holdMeasure };
  return [vector, { packets, bytes, flows, variance, opening, hold }];
}
