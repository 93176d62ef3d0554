/** What the log of a web server says of one site in one second of event time. Only seconds with requests are told. */
export interface SiteSecond {
  /** Name of the site, as attacks on it have it. */
  readonly site: string;
  /** Seconds since 1970. */
  readonly second: number;
  readonly requests: number;
  /** Requests that failed: 5xx, 499 (the client went away), 408 (it was too slow). */
  readonly failed: number;
  /** Bytes sent, as reported. */
  readonly bytes: number;
  /** Time to answer that 95 of 100 requests stayed below, ms; absent where the log tells no times. */
  readonly p95Ms?: number;
  /** Distinct clients, as far as they are told apart. */
  readonly clients?: number;
}
