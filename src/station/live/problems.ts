/** Problems that are told at a time; the oldest go first. */
const PROBLEMS_MAX = 20;
/** A problem is told for so long after it came up last, ms. */
const TOLD_MS = 10 * 60_000;

/** What went wrong lately, for those who ask how the station is. */
export class Problems {
  /** When each came up last, ms since 1970; the latest at the end. */
  readonly #problems = new Map<string, number>();

  note(part: string, error: Error, nowMs: number): void {
    const text = `${part}: ${error.message}`;
    this.#problems.delete(text);
    this.#problems.set(text, nowMs);
    for (const oldest of this.#problems.keys()) {
      if (this.#problems.size <= PROBLEMS_MAX) break;
      this.#problems.delete(oldest);
    }
  }

  list(nowMs: number): string[] {
    return [...this.#problems].filter(([, atMs]) => nowMs - atMs < TOLD_MS).map(([text]) => text);
  }
}

/** Tells which warnings began and which are over since it was asked last. */
export class Announcements {
  #announced: ReadonlySet<string> = new Set();

  changes(warnings: readonly string[]): { readonly state: 'began' | 'ended'; readonly warning: string }[] {
    const before = this.#announced;
    const now = new Set(warnings);
    this.#announced = now;
    const began = [...now].filter((warning) => !before.has(warning));
    const ended = [...before].filter((warning) => !now.has(warning));
    return [
      ...began.map((warning) => ({ state: 'began' as const, warning })),
      ...ended.map((warning) => ({ state: 'ended' as const, warning })),
    ];
  }
}
