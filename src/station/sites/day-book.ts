import { z } from 'zod';
import { SITE_STATES, type SiteState, type SiteStatus } from '../../model/incident.ts';
import type { StateStore } from '../../store/state/state-store.ts';

const daySchema = z.object({
  day: z.iso.date(),
  worst: z.enum(SITE_STATES),
  outMinutes: z.number().min(0),
  degradedMinutes: z.number().min(0),
});
export type SiteDay = z.infer<typeof daySchema>;

const KIND = 'site-day';
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** Days that are kept, and documents that are written at a time. */
export const DAYS_KEPT = 400;
const WRITTEN_MAX = 200;

/** The states from the worst to the best. What is not known is no better than what is well, and says less. */
const WORST_FIRST: readonly SiteState[] = [
  'down',
  'geo-fenced',
  'partial',
  'flapping',
  'degraded',
  'maintenance',
  'up',
  'unknown',
];
const OUT: ReadonlySet<SiteState> = new Set(['down']);
const DEGRADED: ReadonlySet<SiteState> = new Set(['degraded', 'partial', 'geo-fenced', 'flapping']);

interface Counted {
  day: string;
  worst: SiteState;
  outMinutes: number;
  degradedMinutes: number;
  dirty: boolean;
}

/** How sites did, day by day in UTC, by looking at them every minute: what the history of a status page shows. */
export class DayBook {
  readonly #today = new Map<string, Counted>();
  #state: StateStore | undefined;
  #lastMs: number | undefined;

  async open(state: StateStore, nowMs: number): Promise<void> {
    this.#state = state;
    // A restart goes on with the day that it began in.
    const since = Math.floor(nowMs / DAY_MS) * DAY_MS;
    let before: string | undefined;
    do {
      const page = await state.documents(KIND, { since, limit: 1000, ...(before === undefined ? {} : { before }) });
      for (const { id, body } of page.documents) {
        const parsed = daySchema.safeParse(body);
        if (parsed.success) this.#today.set(id.slice(11), { ...parsed.data, dirty: false });
      }
      before = page.next;
    } while (before !== undefined);
  }

  /** Takes how all sites do now; the time since the last look counts as so, up to two minutes of it. */
  look(statuses: readonly SiteStatus[], nowMs: number): void {
    const sinceMs = this.#lastMs === undefined ? 0 : Math.min(2 * MINUTE_MS, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    const day = dayOf(nowMs);
    for (const { site, state } of statuses) {
      let counted = this.#today.get(site);
      if (counted === undefined || counted.day !== day) {
        if (counted?.dirty === true) void this.#write(site, counted).catch(() => undefined);
        counted = { day, worst: 'unknown', outMinutes: 0, degradedMinutes: 0, dirty: false };
        this.#today.set(site, counted);
      }
      if (state === 'unknown') continue;
      counted.worst = worse(counted.worst, state);
      if (OUT.has(state)) counted.outMinutes += sinceMs / MINUTE_MS;
      else if (DEGRADED.has(state)) counted.degradedMinutes += sinceMs / MINUTE_MS;
      counted.dirty = true;
    }
  }

  /** Keeps what was counted, and forgets what is older than `DAYS_KEPT`. */
  async keep(nowMs: number): Promise<void> {
    const dirty = [...this.#today].filter(([, counted]) => counted.dirty);
    for (let at = 0; at < dirty.length; at += WRITTEN_MAX)
      await Promise.all(dirty.slice(at, at + WRITTEN_MAX).map(([site, counted]) => this.#write(site, counted)));
    await this.#state?.pruneDocuments(KIND, nowMs - DAYS_KEPT * DAY_MS);
  }

  keepOnly(known: (name: string) => boolean): void {
    for (const name of this.#today.keys()) if (!known(name)) this.#today.delete(name);
  }

  /** The last `days` days up to today, the earliest first. */
  async days(site: string, days: number, nowMs: number): Promise<SiteDay[]> {
    const today = Math.floor(nowMs / DAY_MS) * DAY_MS;
    const since = today - (days - 1) * DAY_MS;
    const found = new Map<string, SiteDay>();
    const page = await this.#state?.documents(KIND, { tag: `site:${site}`, since, limit: 1000 });
    for (const { body } of page?.documents ?? []) {
      const parsed = daySchema.safeParse(body);
      if (parsed.success) found.set(parsed.data.day, parsed.data);
    }
    const current = this.#today.get(site);
    if (current !== undefined) found.set(current.day, plain(current));
    return Array.from({ length: days }, (_, at) => {
      const day = dayOf(since + at * DAY_MS);
      return found.get(day) ?? { day, worst: 'unknown', outMinutes: 0, degradedMinutes: 0 };
    });
  }

  async #write(site: string, counted: Counted): Promise<void> {
    counted.dirty = false;
    const options = { at: Date.parse(counted.day), tags: [`site:${site}`] };
    await this.#state?.saveDocument(KIND, `${counted.day} ${site}`, plain(counted), options);
  }
}

function plain({ day, worst, outMinutes, degradedMinutes }: Counted): SiteDay {
  const round = (minutes: number): number => Math.round(minutes * 10) / 10;
  return { day, worst, outMinutes: round(outMinutes), degradedMinutes: round(degradedMinutes) };
}

function worse(left: SiteState, right: SiteState): SiteState {
  return WORST_FIRST.indexOf(left) <= WORST_FIRST.indexOf(right) ? left : right;
}

function dayOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}
