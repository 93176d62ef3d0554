import type { RequestBatch } from '../../model/request-batch.ts';
import { hashText } from './text-hash.ts';

const SLASH = 0x2f;
const QUESTION = 0x3f;

/** Where the host of a row's referrer begins: behind `https://`. */
function hostAt(batch: RequestBatch, row: number, end: number): number {
  const { text } = batch;
  let at = batch.referrer.at[row];
  while (at < end && text[at] !== SLASH) at++;
  return Math.min(end, at + 2);
}

/** Hash of the host of a row's referrer. */
export function hashReferrerHost(batch: RequestBatch, row: number, view: DataView, seed: number): number {
  const end = batch.referrer.at[row] + batch.referrer.length[row];
  const from = hostAt(batch, row, end);
  let to = from;
  while (to < end && batch.text[to] !== SLASH) to++;
  return hashText(view, from, to - from, seed) >>> 0;
}

/** Hash of path and query of a row's referrer, as requests for that page have it as their value (`RowKeys`). */
export function hashReferrerPage(batch: RequestBatch, row: number, view: DataView, seed: number): number {
  const { text } = batch;
  const end = batch.referrer.at[row] + batch.referrer.length[row];
  let from = hostAt(batch, row, end);
  while (from < end && text[from] !== SLASH) from++;
  let to = from;
  while (to < end && text[to] !== QUESTION) to++;
  const path = hashText(view, from, to - from, seed);
  return end - to > 1 ? hashText(view, to + 1, end - to - 1, path) : path;
}
