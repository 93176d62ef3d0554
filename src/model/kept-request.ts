/**
 * Requests of web servers' logs that are kept for later questions. Plain data that goes between threads.
 */
export interface RequestsRecord {
  /** When they were kept, seconds since 1970: rises from record to record. */
  readonly second: number;
  readonly requests: readonly KeptRequest[];
}

/** One request. Texts are as the log has them, cut at `REQUEST_TEXT_MAX`; what the line does not tell is empty, 0, or -1 for times. */
export interface KeptRequest {
  /** When the server logged it, ms since 1970. */
  readonly timeMs: number;
  readonly site: string;
  /** Who asked: four words, all 0 where the log has a host name in place of an address. */
  readonly client: Uint32Array;
  readonly clientName: string;
  /** Index into METHODS. */
  readonly method: number;
  readonly path: string;
  readonly query: string;
  readonly status: number;
  readonly bytes: number;
  readonly requestMs: number;
  /** HTTP version times ten. */
  readonly httpVersion: number;
  readonly referrer: string;
  readonly userAgent: string;
  /** So many requests like it there were: a uniform sample of those at peace, or of those at its attacked site. */
  readonly weight: number;
  /** The attack that its site is under. */
  readonly attackId: string;
}

/** Characters of a text that is kept, at most a third of the bytes that the store keeps; of a longer one the beginning, and an ellipsis. */
export const REQUEST_TEXT_MAX = {
  path: 320,
  query: 256,
  referrer: 256,
  userAgent: 256,
  clientName: 128,
  site: 253,
} as const;
