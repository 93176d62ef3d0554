import { COUNT } from './site-counts.ts';

/** Place of an HTTP version among those that are counted; 0 for none or another. */
export function versionPlace(version: number): number {
  switch (version) {
    case 9:
      return 1;
    case 10:
      return 2;
    case 11:
      return 3;
    case 20:
      return 4;
    case 30:
      return 5;
    default:
      return version === 0 ? 0 : 6;
  }
}

/** Time to answer from which on a request may be slow on purpose, ms. */
const SLOW_HEADER_MS = 5000;
const SLOW_BODY_MS = 8000;
const SLOW_READ_MS = 10_000;
/** Bytes a millisecond, below which an answer of any size is read slowly on purpose: 4 kB/s. */
const SLOW_READ_BYTES = 4;
/** Methods that have a body: POST, PUT, PATCH. */
const WITH_BODY = new Uint8Array([0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0]);

/** The count of slow requests that this one belongs to, or -1. */
export function slowKind(method: number, pathLength: number, status: number, bytes: number, requestMs: number): number {
  if (pathLength === 0) {
    const slow = status === 408 || requestMs >= SLOW_HEADER_MS || (status === 400 && bytes === 0);
    return slow ? COUNT.slowHeader : -1;
  }
  if (WITH_BODY[method] === 1) {
    return status === 408 || (requestMs >= SLOW_BODY_MS && (status >= 400 || status <= 0)) ? COUNT.slowBody : -1;
  }
  if (status === 408) return COUNT.slowHeader;
  if (requestMs < SLOW_READ_MS || bytes < 0) return -1;
  return (status === 200 || status === 206 || status === 499) && bytes < SLOW_READ_BYTES * requestMs && bytes > 0
    ? COUNT.slowRead
    : -1;
}

/** True where a query has a parameter by which newsletters and advertisements are followed: its value is new for every reader. */
export function isTracked(view: DataView, at: number, length: number): boolean {
  let start = true;
  for (let from = at, end = at + length - 3; from < end; from++) {
    if (start) {
      const word = view.getUint32(from, false);
      if (
        word === 0x75746d5f ||
        word === 0x6662636c ||
        word === 0x67636c69 ||
        word === 0x6d635f65 ||
        word === 0x706b5f63
      )
        return true;
    }
    start = view.getUint8(from) === 38;
  }
  return false;
}
