import type { Prefix } from '../../base/prefix.ts';

/** Bytes of content that are read at most; what is beyond is cut off. */
export const CONTENT_BYTES_MAX = 256 * 1024;
/** Bytes that content may decompress to; more is a bomb. */
export const DECOMPRESSED_BYTES_MAX = 8 << 20;
/** Bytes of the header of an answer. */
export const HEADER_BYTES_MAX = 64 * 1024;
/** Redirects in a row. */
export const REDIRECTS_MAX = 10;
/** Cookies that one attempt takes along from redirect to redirect, and characters of one. */
export const COOKIES_MAX = 16;
export const COOKIE_CHARS_MAX = 4096;
/** Addresses of one name and family that are looked at. */
export const ADDRESSES_MAX = 32;

/** How long a check takes at most, and when it is tried again. Times in ms. */
export interface CheckTimes {
  /** One attempt with its redirects. */
  readonly attemptMs: number;
  /** Pauses before the second and the third attempt, after the first and after the second failed. */
  readonly retriesMs: readonly number[];
  /** All attempts together: a check ends before the next one of its site is due. */
  readonly checkMs: number;
}

export const CHECK_TIMES: CheckTimes = { attemptMs: 10_000, retriesMs: [2000, 10_000], checkMs: 26_000 };

/** What the checks of one prober share. */
export interface ProbeSettings {
  readonly vantage: string;
  readonly userAgent: string;
  readonly times: CheckTimes;
  /** Prefixes of inside addresses that may be probed all the same. */
  readonly allowed: readonly Prefix[];
  /** Addresses that these names lead to, in place of what DNS says. */
  readonly hosts: ReadonlyMap<string, readonly string[]>;
  /** DNS servers, in place of those of this machine. */
  readonly nameServers?: readonly string[];
  /** The address of this machine to go out from, by family. */
  readonly source?: { readonly 4?: string; readonly 6?: string };
  /** Certificates of authorities that are trusted beside the usual ones, in PEM. */
  readonly authorities?: readonly string[];
  /** The families to check; both where absent. */
  readonly family?: 4 | 6;
  /** `host:port` that take connections while this vantage has its way out. */
  readonly anchors?: readonly string[];
}
