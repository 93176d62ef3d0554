import { z } from 'zod';
import { SITE_STATES, type SiteState, type SiteStatus } from '../../model/incident.ts';
import type { StateStore } from '../../store/state/state-store.ts';

const daySchema = z.object({
  day: z.iso.date(),
  worst: z.enum(SITE_STATES),
  outMinutes: z.number().min(0),
  degradedMinutes: z.number().min(0),
  /** Minutes of which it is known how the site did; none in what was kept before they were counted. */
  knownMinutes: z.number().min(0).default(0),
});
export type SiteDay = z.infer<typeof daySchema>;

const KIND = 'site-day';
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** A look later than this counts no more than this: nobody looked in between, ms. */
const LOOK_MS_MAX = 2 * MINUTE_MS;
/** A state is told some time after it began, ms: what was counted since as the one before counts as this one. */
const BACK_MS_MAX = 10 * MINUTE_MS;
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
const DEGRADED: ReadonlySet<SiteState> = new Set(['degraded', 'partial', 'geo-fenced', 'flapping']);

type Minutes = 'outMinutes' | 'degradedMinutes' | 'knownMinutes';

interface Counted extends Record<Minutes, number> {
  readonly day: string;
  worst: SiteState;
  dirty: boolean;
}

/** How a site did when it was looked at last, and until when that was counted. */
interface Seen {
  readonly counts: readonly Minutes[];
  readonly atMs: number;
}

/** How sites did, day by day in UTC, by looking at them again and again: what the history of a status page shows. */
export class DayBook {
  readonly #today = new Map<string, Counted>();
  readonly #seen = new Map<string, Seen>();
  /** True where it was announced that the site is out now. */
  readonly #announced: (site: string) => boolean;
  #state: StateStore | undefined;

  constructor(announced: (site: string) => boolean = () => false) {
    this.#announced = announced;
  }

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

  /**
   * Takes how all sites do now. The time since the last look, up to `LOOK_MS_MAX` of it, counts for the state before until this one began, and
   * for this one from then on: how long a site was out is exact, and not a matter of when it was looked at.
   */
  look(statuses: readonly Pick<SiteStatus, 'site' | 'state' | 'since'>[], nowMs: number): void {
    for (const { site, state, since } of statuses) {
      const counts = this.#countsOf(site, state);
      const seen = this.#seen.get(site);
      this.#seen.set(site, { counts, atMs: nowMs });
      const today = this.#dayOf(site, nowMs);
      if (state !== 'unknown') {
        today.worst = worse(today.worst, state);
        today.dirty = true;
      }
      if (seen === undefined) continue;
      const midnightMs = Date.parse(today.day);
      const fromMs = Math.max(seen.atMs, nowMs - LOOK_MS_MAX, midnightMs);
      const same = counts.join() === seen.counts.join();
      const beganMs = same ? fromMs : Math.max(Date.parse(since), midnightMs, fromMs - BACK_MS_MAX);
      add(today, seen.counts, Math.min(nowMs, beganMs) - fromMs);
      add(today, counts, nowMs - Math.min(nowMs, beganMs));
    }
  }

  /** What a minute in a state counts as. */
  #countsOf(site: string, state: SiteState): readonly Minutes[] {
    if (state === 'unknown') return [];
    if (state === 'down' || (state === 'maintenance' && !this.#announced(site))) return ['knownMinutes', 'outMinutes'];
    return DEGRADED.has(state) ? ['knownMinutes', 'degradedMinutes'] : ['knownMinutes'];
  }

  #dayOf(site: string, nowMs: number): Counted {
    const day = dayOf(nowMs);
    const counted = this.#today.get(site);
    if (counted?.day === day) return counted;
    if (counted?.dirty === true) void this.#write(site, counted).catch(() => undefined);
    const fresh: Counted = {
      day,
      worst: 'unknown',
      outMinutes: 0,
      degradedMinutes: 0,
      knownMinutes: 0,
      dirty: false,
    };
    this.#today.set(site, fresh);
    return fresh;
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
    for (const name of this.#seen.keys()) if (!known(name)) this.#seen.delete(name);
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
      return found.get(day) ?? { day, worst: 'unknown', outMinutes: 0, degradedMinutes: 0, knownMinutes: 0 };
    });
  }

  async #write(site: string, counted: Counted): Promise<void> {
    counted.dirty = false;
    const options = { at: Date.parse(counted.day), tags: [`site:${site}`] };
    await this.#state?.saveDocument(KIND, `${counted.day} ${site}`, plain(counted), options);
  }
}

function plain({ day, worst, outMinutes, degradedMinutes, knownMinutes }: Counted): SiteDay {
  const round = (minutes: number): number => Math.round(minutes * 100) / 100;
  return {
    day,
    worst,
    outMinutes: round(outMinutes),
    degradedMinutes: round(degradedMinutes),
    knownMinutes: round(knownMinutes),
  };
}

/** Counts a length of time; one that turned out to be another's is taken off. */
function add(counted: Counted, counts: readonly Minutes[], ms: number): void {
  for (const minutes of counts) counted[minutes] = Math.max(0, counted[minutes] + ms / MINUTE_MS);
}

function worse(left: SiteState, right: SiteState): SiteState {
  return WORST_FIRST.indexOf(left) <= WORST_FIRST.indexOf(right) ? left : right;
}

function dayOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}
