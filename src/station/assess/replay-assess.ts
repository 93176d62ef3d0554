import { Assessor } from '../../assess/assessor.ts';
import { IncidentBook } from '../../assess/incident-book.ts';
import { SiteMatcher } from '../../assess/match-site.ts';
import { ASSESS } from '../../assess/parameters.ts';
import type { Attack } from '../../model/attack.ts';
import type { Incident, Outage, SiteStatus } from '../../model/incident.ts';
import type { Site } from '../../model/site.ts';
import { siteOf } from '../../model/site-fields.ts';
import type { SiteSecond } from '../../model/site-second.ts';
import type { CheckResult, Vantage } from '../../model/vantage.ts';
import { VECTOR_TITLES } from '../../model/vector.ts';

/** What a replay found and read; assessed together, in the order in which it happened. */
export interface Recorded {
  readonly attacks: readonly Attack[];
  readonly checks: readonly CheckResult[];
  readonly seconds: readonly SiteSecond[];
  /** The register; sites that only checks and logs name are taken as they are named. */
  readonly sites: readonly Site[];
  readonly vantages?: readonly Vantage[] | undefined;
  readonly zone?: string | undefined;
}

export interface Assessed {
  readonly outages: readonly Outage[];
  readonly incidents: readonly Incident[];
  /** How each site did at the end. */
  readonly sites: readonly SiteStatus[];
  /** Every change of a site's state, in the order in which it was told. */
  readonly changes: readonly SiteStatus[];
}

/** Checks and seconds of a replay that are assessed. */
export const RECORDED_MAX = 2_000_000;
/** How often what time alone decides is looked at, ms of event time. */
const STEP_MS = 5_000;
/** Whatever was judged is settled after so long a silence, ms: longer than any span that assessment looks back on. */
const SETTLED_MS = 4 * ASSESS.joinMs;
/** So many sites that nobody registered are taken from checks and logs. */
const NAMED_MAX = 1_000;

interface Happening {
  readonly ms: number;
  readonly take: () => void;
}

/** Assesses what was recorded. Deterministic: the same input gives the same outages and incidents. */
export function assessRecorded(recorded: Recorded): Assessed {
  const sites = withNamed(recorded);
  const matcher = new SiteMatcher(sites);
  const outages = new Map<string, Outage>();
  const incidents = new Map<string, Incident>();
  const changes: SiteStatus[] = [];
  const clock = { ms: 0 };
  const book: IncidentBook = new IncidentBook({
    zone: recorded.zone,
    watched: (site) => {
      const status = assessor.status(site, clock.ms);
      return status !== undefined && (status.vantages.length > 0 || status.evidence.length > 0);
    },
    onIncident: (incident) => incidents.set(incident.id, incident),
  });
  const assessor = new Assessor({
    intervalMs: intervalOf(recorded.checks),
    onChange: (change) => {
      if (change.kind !== 'outage') {
        changes.push(change.status);
        return;
      }
      outages.set(change.outage.id, change.outage);
      book.takeOutage(change.outage, clock.ms);
    },
  });
  assessor.setSites(sites);
  assessor.setVantages(recorded.vantages ?? []);
  book.setSites(sites);
  const happenings = inOrder(recorded, { assessor, book, matcher, clock });
  clock.ms = happenings[0]?.ms ?? 0;
  for (const { ms, take } of happenings) {
    const settledMs = clock.ms + SETTLED_MS;
    for (let next = (Math.floor(clock.ms / STEP_MS) + 1) * STEP_MS; next <= ms; next += STEP_MS) {
      // Logs of different years stand side by side: nothing changes any more in a silence that was looked at for so long.
      if (next > settledMs) next = Math.floor(ms / STEP_MS) * STEP_MS;
      clock.ms = next;
      assessor.advance(next);
    }
    clock.ms = Math.max(clock.ms, ms);
    take();
  }
  for (const outage of assessor.outages(clock.ms)) {
    if (outage === undefined) continue;
    outages.set(outage.id, outage);
    book.takeOutage(outage, clock.ms);
  }
  book.advance(clock.ms);
  const byStart = <T extends { readonly start: string; readonly id: string }>(left: T, right: T): number =>
    left.start < right.start || (left.start === right.start && left.id < right.id) ? -1 : 1;
  return {
    outages: [...outages.values()].sort(byStart),
    incidents: [...incidents.values()].sort(byStart),
    sites: assessor.statuses(clock.ms).filter(({ vantages, evidence }) => vantages.length + evidence.length > 0),
    changes,
  };
}

interface Takers {
  readonly assessor: Assessor;
  readonly book: IncidentBook;
  readonly matcher: SiteMatcher;
  readonly clock: { ms: number };
}

/** Everything that happened, in the order of time. An attack is told when it was detected, and again when it was over. */
function inOrder({ attacks, checks, seconds }: Recorded, { assessor, book, matcher, clock }: Takers): Happening[] {
  const happenings: Happening[] = [];
  for (const check of checks) {
    const site = matcher.nameOf(check.site) ?? check.site;
    const ms = Date.parse(check.at) + check.totalMs;
    happenings.push({ ms, take: () => assessor.check(site === check.site ? check : { ...check, site }) });
  }
  for (const told of seconds) {
    const site = matcher.nameOf(told.site);
    if (site !== undefined)
      happenings.push({ ms: (told.second + 1) * 1000, take: () => assessor.second({ ...told, site }) });
  }
  for (const attack of attacks) {
    const { end, ...rest } = attack;
    const tell = (as: Attack) => (): void => {
      const startMs = Date.parse(as.start);
      const endMs = as.ongoing || as.end === undefined ? undefined : Date.parse(as.end);
      const title = VECTOR_TITLES[as.vectors[0].name];
      for (const site of matcher.sitesOf(as.target))
        assessor.attack(site, as.id, `${/^[aeiou]/i.test(title) ? 'an' : 'a'} ${title}`, startMs, endMs);
      book.takeAttack(as, clock.ms);
    };
    happenings.push({ ms: Date.parse(attack.detectedAt), take: tell({ ...rest, ongoing: true }) });
    if (!attack.ongoing && end !== undefined)
      happenings.push({ ms: Math.max(Date.parse(end), Date.parse(attack.detectedAt)), take: tell(attack) });
  }
  return happenings.sort((left, right) => left.ms - right.ms);
}

/** The register, and the sites that only checks and logs name. */
function withNamed({ sites, checks, seconds }: Recorded): Site[] {
  const known = new SiteMatcher(sites);
  const named = new Map<string, Site>();
  const add = (name: string, urls: string[]): void => {
    if (known.nameOf(name) !== undefined || named.has(name) || named.size >= NAMED_MAX) return;
    named.set(name, siteOf({ ...UNKNOWN, name, urls }, 'import'));
  };
  for (const { site, subject } of checks) add(site, /^https?:/.test(subject) ? [subject] : []);
  const hosts = new SiteMatcher([...named.values()]);
  for (const { site } of seconds) if (hosts.nameOf(site) === undefined) add(site, []);
  return [...sites, ...named.values()];
}

const UNKNOWN = {
  addresses: [],
  prefixes: [],
  sector: 'other',
  criticality: 'normal',
  contacts: [],
  tlp: 'amber',
  maintenance: [],
  knownGood: [],
  expect: {},
} as const satisfies Partial<Site>;

/** How far apart checks of one thing from one place are, ms: the middle of what was recorded. */
function intervalOf(checks: readonly CheckResult[]): number {
  const last = new Map<string, number>();
  const gaps: number[] = [];
  for (const { site, vantage, subject, family, at } of checks) {
    const key = `${site}\n${vantage}\n${subject}\n${family ?? ''}`;
    const ms = Date.parse(at);
    const before = last.get(key);
    if (before !== undefined && ms > before && gaps.length < 10_000) gaps.push(ms - before);
    last.set(key, ms);
  }
  if (gaps.length === 0) return ASSESS.intervalMs;
  gaps.sort((left, right) => left - right);
  return Math.min(3_600_000, Math.max(1000, gaps[gaps.length >> 1]));
}
