import type { WarningSubject } from '../../model/station-event.ts';
import type { StationStatus } from '../../model/station-view.ts';

/** Problems that are told at a time; the oldest go first. */
const PROBLEMS_MAX = 20;
/** A problem is told for so long after it came up last, ms. */
const TOLD_MS = 10 * 60_000;

/** What went wrong lately, for those who ask how the station is. */
export class Problems {
  /** When each came up last and was news last, ms since 1970; the latest at the end. */
  readonly #problems = new Map<string, { readonly atMs: number; readonly newsMs: number }>();

  /** True where it is news: for the first time, and every ten minutes while it comes up again, as a full disk does every second. */
  note(part: string, error: Error, nowMs: number): boolean {
    const text = `${part}: ${error.message}`;
    const known = this.#problems.get(text);
    // A clock that was set back makes it news as well.
    const news = known === undefined || Math.abs(nowMs - known.newsMs) >= TOLD_MS;
    this.#problems.delete(text);
    this.#problems.set(text, { atMs: nowMs, newsMs: news ? nowMs : known.newsMs });
    for (const oldest of this.#problems.keys()) {
      if (this.#problems.size <= PROBLEMS_MAX) break;
      this.#problems.delete(oldest);
    }
    return news;
  }

  list(nowMs: number): string[] {
    return [...this.#problems].filter(([, { atMs }]) => nowMs - atMs < TOLD_MS).map(([text]) => text);
  }
}

/** A warning that stands now. While it stands it has one key, whatever numbers its text tells meanwhile. */
export interface StandingWarning {
  readonly key: string;
  readonly about: WarningSubject;
  readonly warning: string;
}

export type WarningChange = Pick<StandingWarning, 'about' | 'warning'> & { readonly state: 'began' | 'ended' };

/** Tells which warnings began and which are over since it was asked last; what ends has the text that it began with. */
export class Announcements {
  #announced: ReadonlyMap<string, StandingWarning> = new Map();

  changes(warnings: readonly StandingWarning[]): WarningChange[] {
    const before = this.#announced;
    const now = new Map(warnings.map((one) => [one.key, before.get(one.key) ?? one]));
    this.#announced = now;
    const change = (state: 'began' | 'ended', { about, warning }: StandingWarning) => ({ state, about, warning });
    return [
      ...[...now.values()].filter(({ key }) => !before.has(key)).map((one) => change('began', one)),
      ...[...before.values()].filter(({ key }) => !now.has(key)).map((one) => change('ended', one)),
    ];
  }
}

/** What stands now: warnings of the station, of which `missing` tell of exporters that were never heard, and faults of exporters. */
export function standingWarnings(
  { warnings, exporters }: Pick<StationStatus, 'warnings' | 'exporters'>,
  missing: readonly string[],
): StandingWarning[] {
  const ofExporters = new Set(missing);
  const told = warnings.map((warning) => {
    const about = ofExporters.has(warning) ? 'exporter' : 'station';
    return { key: warning, about, warning } as const;
  });
  const faults = exporters.flatMap(({ exporter, name, observationDomain, protocol, findings = [] }) =>
    findings
      .filter(({ severity }) => severity === 'fault')
      .map(({ code, message }) => ({
        key: `${exporter} ${observationDomain} ${protocol} ${code}`,
        about: 'exporter' as const,
        warning: `${name === undefined ? exporter : `${name} (${exporter})`}: ${message}`,
      })),
  );
  return [...told, ...faults];
}
