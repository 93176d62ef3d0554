/** How often a station does what, and for how long it waits. */

/** How often what the threads remember is kept, ms: at most this much learning is lost when the machine fails. */
export const SNAPSHOT_MS = 60_000;
export const EXPORTERS_MS = 10_000;
export const PRUNE_MS = 3_600_000;
/** How often the files of a certificate are looked at, ms. */
export const CERTIFICATE_MS = 30_000;
export const WARNINGS_MS = 5_000;
/** A span of what is gathered of exporters, ms; the first is shorter, so that what is wrong is said soon. */
export const SPAN_MS = 60_000;
export const FIRST_SPAN_MS = 15_000;
/** Receivers tell within this, ms. */
export const FACTS_MS = 500;
export const KEPT_MS = 1000;
/** An exporter of the configuration that was not heard for so long after the start is missed, ms. */
export const MISSED_MS = 120_000;
export const DAY_MS = 86_400_000;
/** A detector that has decided nothing for this long is not alive, ms. */
export const DECIDED_MS_MAX = 10_000;

/** Does `work` again and again, and not while it is still at it. */
export function every(periodMs: number, work: () => Promise<void>, onFault: (error: Error) => void): NodeJS.Timeout {
  let working = false;
  return setInterval(() => {
    if (working) return;
    working = true;
    work()
      .catch(onFault)
      .finally(() => {
        working = false;
      });
  }, periodMs);
}
