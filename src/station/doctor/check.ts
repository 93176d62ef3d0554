/** `fault`: it does not work, or loses something now. `warning`: it works, and will not always. */
export type Verdict = 'ok' | 'warning' | 'fault';

/** One thing that was looked at. */
export interface Check {
  /** Stable name for programs: `receive-buffer`. */
  readonly id: string;
  /** The same for people. */
  readonly title: string;
  readonly verdict: Verdict;
  /** What was found, with its numbers. */
  readonly found: string;
  /** What to do, in words; absent where nothing needs doing. */
  readonly advice?: string;
  /** What to type, in this order. */
  readonly commands?: readonly string[];
}

export interface Diagnosis {
  /** The worst of all checks. */
  readonly verdict: Verdict;
  readonly checks: readonly Check[];
}

/** A path as a shell takes it. */
export function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
