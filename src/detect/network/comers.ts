import { hllEstimate, hllMerge } from '../../sketch/hyperloglog.ts';
import { SOURCES_PRECISION, type TargetDetail } from '../../sketch/target-detail.ts';
import { PARAMETERS } from './parameters.ts';

/** Fewer sources than this do not tell whether they come back. */
const SOURCES_MIN = 10;

export interface ComeBack {
  /** `undefined` where there were too few to tell. */
  readonly share: number | undefined;
  readonly settled: boolean;
}

/**
 * Who connected to a target in the last seconds, to see who comes back: a program connects again and again, a reader stays on
 * the connection or reads. Holds `comeBackSeconds` of them, 2 KB each.
 */
export class Comers {
  readonly #seconds: { tick: number; readonly sources: Uint8Array }[] = [];

  /** Keeps the sources of a second, in place of the oldest. */
  note(tick: number, detail: TargetDetail): void {
    const oldest =
      this.#seconds.length > PARAMETERS.comeBackSeconds
        ? this.#seconds.shift()
        : { tick, sources: new Uint8Array(detail.sources.length) };
    if (oldest === undefined) return;
    oldest.tick = tick;
    oldest.sources.set(detail.sources);
    this.#seconds.push(oldest);
  }

  /** False while too few seconds were seen to say of all who comes back that they would have. */
  settled(tick: number): boolean {
    const before = this.#seconds.filter(
      (second) => second.tick < tick && tick - second.tick <= PARAMETERS.comeBackSeconds,
    );
    return before.length >= PARAMETERS.comeBackSeconds;
  }

  /**
   * How many of the sources of a tick were also there in the seconds before it, as a share of those that there were, now or then,
   * whichever are fewer; `undefined` where there were too few to tell.
   */
  share(tick: number, detail: TargetDetail): number | undefined {
    const before = new Uint8Array(detail.sources.length);
    for (const second of this.#seconds) {
      if (second.tick < tick && tick - second.tick <= PARAMETERS.comeBackSeconds)
        hllMerge(before, 0, second.sources, 0, before.length);
    }
    const then = hllEstimate(before, 0, SOURCES_PRECISION);
    const now = hllEstimate(detail.sources, 0, SOURCES_PRECISION);
    const fewer = Math.min(then, now);
    if (fewer < SOURCES_MIN) return undefined;
    hllMerge(before, 0, detail.sources, 0, before.length);
    const both = then + now - hllEstimate(before, 0, SOURCES_PRECISION);
    return Math.max(0, Math.min(1, both / fewer));
  }
}
