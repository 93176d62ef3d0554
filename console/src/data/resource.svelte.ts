import { Problem } from './ask.ts';

/**
 * Something that is asked of the station. What came last stays while it is asked again, and when the asking fails: a page never
 * goes blank because a line went down.
 */
export class Resource<T> {
  data = $state.raw<T | undefined>();
  problem = $state.raw<Problem | undefined>();
  loading = $state(false);
  /** When `data` came, ms since 1970; 0 before. */
  at = $state(0);
  #round = 0;
  #abort: AbortController | undefined;

  /** Asks; an older question that is still open is dropped. */
  async load(question: (signal: AbortSignal) => Promise<T>): Promise<void> {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    const round = ++this.#round;
    this.loading = true;
    try {
      const data = await question(abort.signal);
      if (round !== this.#round) return;
      this.data = data;
      this.problem = undefined;
      this.at = Date.now();
    } catch (error) {
      if (round !== this.#round) return;
      this.problem = error instanceof Problem ? error : new Problem(0, String(error));
    } finally {
      if (round === this.#round) this.loading = false;
    }
  }

  /** Forgets what came, for another subject. */
  clear(): void {
    this.#abort?.abort();
    this.#round++;
    this.data = undefined;
    this.problem = undefined;
    this.loading = false;
  }
}
