import type { Damage, DamageGrade, Estimate, Outage, SiteState } from '../model/incident.ts';
import type { Site } from '../model/site.ts';
import type { AttackVector } from '../model/vector.ts';
import { worse } from './outage-record.ts';
import { zoneOfCountry } from './sentence/clock.ts';
import { englishUnknown } from './sentence/english.ts';
import type { Effect, SentenceFacts, UnknownFact } from './sentence/facts.ts';
import { sentences } from './sentence/sentence.ts';

/** An attack as an incident needs it. */
export interface AttackWord {
  readonly id: string;
  /** Sites that it is on; empty where no registered site is. */
  readonly sites: readonly string[];
  readonly target: string;
  readonly vector: AttackVector;
  readonly startMs: number;
  /** Absent while it goes on. */
  readonly endMs: number | undefined;
  readonly why: string;
}

export interface DamageInput {
  /** Sites of the incident in the order of its record; names alone where they are not registered any more. */
  readonly sites: readonly string[];
  readonly register: (name: string) => Site | undefined;
  /** True where a vantage or a log tells of the site. */
  readonly watched: (name: string) => boolean;
  readonly attacks: readonly AttackWord[];
  readonly outages: readonly Outage[];
  readonly startMs: number;
  readonly endMs: number | undefined;
  /** IANA name of the local time; that of the country of the first site where absent. */
  readonly zone?: string | undefined;
}

type SiteDamage = Damage['sites'][number];

/** Limits of the grades, minutes. */
const D3_MINUTES = 30;
const D4_MINUTES = 120;
const USERS_SHARE = 0.05;
const USERS_MINUTES = 60;
const ZERO: Estimate = { value: 0, low: 0, high: 0 };
/**
 * Busy hours have up to four times the people of the mean hour and nights a tenth: that is how well an ordinary day is known where no
 * log told its course.
 */
const DAY_LOW = 0.1;
const DAY_HIGH = 4;

/** What an incident cost, by the grades of docs/incidents.md. Every number names the attacks and outages that it rests on. */
export function assessDamage(input: DamageInput): Damage {
  const sites = input.sites.map((name) => siteDamage(name, input));
  const watched = input.sites.filter((name) => input.watched(name) || input.outages.some(({ site }) => site === name));
  const outMinutes = total(sites.map((site) => site.outMinutes));
  const degraded = total(sites.map((site) => site.degradedMinutes));
  const lostRequests = totalKnown(sites.map((site) => site.lostRequests));
  const usersAffected = totalKnown(sites.map((site) => site.usersAffected));
  const usersShare = shareOf(input, sites);
  const graded = gradeOf(sites, usersShare, watched.length === 0);
  const unknown = unknownOf(input, sites, watched);
  const facts: SentenceFacts = {
    ...told(input, sites, watched),
    outMinutes: longest(sites.map((site) => site.outMinutes)),
    degradedMinutes: longest(sites.map((site) => site.degradedMinutes)),
    grade: graded.grade,
    lostRequests,
    usersAffected,
    unknown,
    zone: input.zone ?? zoneOfCountry(input.register(input.sites[0] ?? '')?.country),
  };
  return {
    grade: graded.grade,
    why: graded.why(outMinutes, degraded),
    sites,
    outMinutes,
    ...(lostRequests === undefined ? {} : { lostRequests }),
    ...(usersAffected === undefined ? {} : { usersAffected }),
    ...(usersShare === undefined ? {} : { usersShare }),
    unknown: unknown.map(englishUnknown),
    sentence: sentences(facts),
  };
}

function siteDamage(name: string, input: DamageInput): SiteDamage {
  const site = input.register(name);
  const outages = input.outages.filter((outage) => outage.site === name && outage.planned !== true);
  const attacks = input.attacks.filter(({ sites }) => sites.includes(name));
  const outMinutes = total(outages.map((outage) => outage.outMinutes ?? ZERO));
  const degradedMinutes = total(outages.map((outage) => outage.degradedMinutes ?? ZERO));
  const lostRequests = totalKnown(outages.map((outage) => outage.lostRequests));
  const users = usersOf(site, outages, outMinutes);
  return {
    site: name,
    sector: site?.sector ?? 'other',
    criticality: site?.criticality ?? 'normal',
    worst: outages.reduce<SiteState>(
      (worst, { state }) => worse(worst, state),
      input.watched(name) || outages.length > 0 ? 'up' : 'unknown',
    ),
    outMinutes,
    degradedMinutes,
    ...(lostRequests === undefined ? {} : { lostRequests }),
    ...(users === undefined ? {} : { usersAffected: users }),
    evidence: [...outages.map(({ id }) => id), ...attacks.map(({ id }) => id)],
  };
}

/** People who came while nobody was served: of those of an ordinary day the share that comes at such a time. */
function usersOf(site: Site | undefined, outages: readonly Outage[], out: Estimate): Estimate | undefined {
  const daily = site?.usersDaily;
  if (daily === undefined || out.high === 0) return undefined;
  const shares = outages.map(({ demandShare }) => demandShare);
  const known = shares.every((share) => share !== undefined);
  const share = known
    ? Math.min(
        1,
        shares.reduce((sum, one) => sum + (one ?? 0), 0),
      )
    : Math.min(1, out.value / 1440);
  const ofDay = (minutes: number, factor: number): number => Math.min(daily, (daily * minutes * factor) / 1440);
  const value = daily * share;
  // People come more than once a day, or once for several requests: what the day's course says is right within a factor of two.
  if (known) return { value, low: value / 2, high: Math.min(daily, value * 2) };
  return { value, low: Math.min(value, ofDay(out.low, DAY_LOW)), high: Math.max(value, ofDay(out.high, DAY_HIGH)) };
}

/** Of the requests that are usual in the time, the share that was lost. */
function shareOf(input: DamageInput, sites: readonly SiteDamage[]): number | undefined {
  const logged = input.outages.filter(
    ({ expectedRequests, planned }) => expectedRequests !== undefined && planned !== true,
  );
  const expected = logged.reduce((sum, outage) => sum + (outage.expectedRequests ?? 0), 0);
  if (expected <= 0) return undefined;
  const lost = sites.reduce((sum, site) => sum + (site.lostRequests?.value ?? 0), 0);
  return Math.min(1, lost / expected);
}

interface Graded {
  readonly grade: DamageGrade;
  readonly why: (out: Estimate, degraded: Estimate) => string;
}

function gradeOf(sites: readonly SiteDamage[], usersShare: number | undefined, blind: boolean): Graded {
  const outs = sites.filter(({ outMinutes }) => outMinutes.value > 0);
  const most = longest(outs.map(({ outMinutes }) => outMinutes));
  const critical = outs.filter(({ criticality }) => criticality === 'critical');
  const worseMinutes = Math.max(
    0,
    ...sites.map(({ outMinutes, degradedMinutes }) => outMinutes.value + degradedMinutes.value),
  );
  const open = [D3_MINUTES, D4_MINUTES].find(
    (limit) => most.low <= limit && most.high > limit && most.high - most.low > 0,
  );
  const straddles = open === undefined ? '' : `; the limit of ${open} minutes lies within what is known`;
  const where = outs.length > 1 ? ' at the site that was out longest' : '';
  const longestText = `${minutesText(most)}${where}${straddles}`;
  if (critical.length > 1)
    return {
      grade: 'D4',
      why: () =>
        `${critical.length} critical services were out: ${critical
          .map(({ site }) => site)
          .slice(0, 5)
          .join(', ')}`,
    };
  if (most.value > D4_MINUTES) return { grade: 'D4', why: () => `out for over two hours: ${longestText}` };
  if (most.value >= D3_MINUTES) return { grade: 'D3', why: () => `out for 30 minutes or longer: ${longestText}` };
  if (usersShare !== undefined && usersShare > USERS_SHARE && worseMinutes >= USERS_MINUTES)
    return {
      grade: 'D3',
      why: () =>
        `${Math.round(usersShare * 100)} % of the usual requests went unanswered over ${Math.round(worseMinutes)} minutes`,
    };
  if (most.value > 0) return { grade: 'D2', why: () => `out for less than 30 minutes: ${longestText}` };
  const worst = sites.reduce<SiteState>((state, site) => worse(state, site.worst), 'up');
  if (worst === 'geo-fenced') return { grade: 'D1', why: () => 'reachable at home, closed towards abroad' };
  if (worst !== 'up' && worst !== 'unknown')
    return {
      grade: 'D1',
      why: (_, degraded) => `slow, with errors or for some only, for ${minutesText(degraded)}; never out for all`,
    };
  if (blind) return { grade: 'D0', why: () => 'no effect is known: no vantage and no log tells of it' };
  return { grade: 'D0', why: () => 'vantages and logs saw no effect on the service' };
}

function minutesText({ value, low, high }: Estimate): string {
  const one = (minutes: number): string => minutes.toFixed(minutes < 10 ? 1 : 0);
  const bounds = one(low) === one(high) ? '' : ` (${one(low)} to ${one(high)})`;
  return `${one(value)} min${bounds}`;
}

/** Which sites the statement is about, what happened to them, and when. */
function told(
  input: DamageInput,
  sites: readonly SiteDamage[],
  watched: readonly string[],
): Pick<SentenceFacts, 'sites' | 'registered' | 'effect' | 'attack' | 'startMs' | 'endMs'> {
  const out = sites.filter(({ outMinutes }) => outMinutes.value > 0);
  const fenced = sites.filter(({ worst }) => worst === 'geo-fenced');
  const hurt = sites.filter(({ worst }) => worst !== 'up' && worst !== 'unknown');
  const [effect, of]: [Effect, readonly SiteDamage[]] =
    out.length > 0
      ? ['out', [...out].sort((left, right) => right.outMinutes.value - left.outMinutes.value)]
      : hurt.length > fenced.length
        ? ['degraded', hurt]
        : fenced.length > 0
          ? ['fenced', fenced]
          : [watched.length > 0 ? 'none' : 'unseen', sites];
  const registered = of.length > 0;
  const targets = [...new Set(input.attacks.map(({ target }) => target))];
  const names = registered ? of.map(({ site }) => site) : targets.length > 0 ? targets : ['?'];
  const outages = input.outages.filter(({ site, planned }) => names.includes(site) && planned !== true);
  const spans = outages.length > 0 ? outages.map(spanOfOutage) : [{ startMs: input.startMs, endMs: input.endMs }];
  const startMs = Math.min(...spans.map((span) => span.startMs));
  const endMs = spans.every((span) => span.endMs !== undefined)
    ? Math.max(...spans.map((span) => span.endMs ?? 0))
    : undefined;
  const attack = attackDuring(input.attacks, startMs, endMs);
  return { sites: names, registered, effect, attack: attack?.vector, startMs, endMs };
}

const spanOfOutage = ({ start, end }: Outage): { readonly startMs: number; readonly endMs: number | undefined } => ({
  startMs: Date.parse(start),
  endMs: end === undefined ? undefined : Date.parse(end),
});

/** The attack that went on longest of those that overlap the time. */
function attackDuring(
  attacks: readonly AttackWord[],
  startMs: number,
  endMs = Number.POSITIVE_INFINITY,
): AttackWord | undefined {
  const slackMs = 60_000;
  const during = attacks.filter(
    (attack) => attack.startMs <= endMs && (attack.endMs ?? Number.POSITIVE_INFINITY) + slackMs >= startMs,
  );
  const lasted = ({ startMs: from, endMs: to }: AttackWord): number => (to ?? Number.POSITIVE_INFINITY) - from;
  return during.sort((left, right) => lasted(right) - lasted(left) || (left.id < right.id ? -1 : 1))[0];
}

function unknownOf(input: DamageInput, sites: readonly SiteDamage[], watched: readonly string[]): UnknownFact[] {
  const facts: UnknownFact[] = [];
  const unwatched = input.sites.filter((name) => !watched.includes(name));
  const hurt = sites.filter(({ outMinutes, degradedMinutes }) => outMinutes.high + degradedMinutes.high > 0);
  const real = input.outages.filter(({ planned }) => planned !== true);
  if (hurt.some(({ lostRequests }) => lostRequests === undefined)) facts.push({ kind: 'requests' });
  if (hurt.some(({ usersAffected, outMinutes }) => usersAffected === undefined && outMinutes.high > 0))
    facts.push({ kind: 'people' });
  if (unwatched.length > 0 && watched.length > 0) facts.push({ kind: 'unwatched', sites: unwatched });
  const unseen = real.reduce((sum, { unknownMinutes = 0 }) => sum + unknownMinutes, 0);
  if (unseen >= 0.5) facts.push({ kind: 'unseen', minutes: unseen });
  const alone = [...new Set(real.filter(({ why }) => why.startsWith('the only vantage')).map(({ site }) => site))];
  if (alone.length > 0) facts.push({ kind: 'one-vantage', sites: alone });
  if (real.length > 0 && input.attacks.length === 0) facts.push({ kind: 'cause' });
  if (real.some(({ ongoing }) => ongoing)) facts.push({ kind: 'ongoing' });
  return facts;
}

function total(parts: readonly Estimate[]): Estimate {
  return parts.reduce(
    (sum, part) => ({ value: sum.value + part.value, low: sum.low + part.low, high: sum.high + part.high }),
    ZERO,
  );
}

/** The sum of what is known; undefined where nothing is. */
function totalKnown(parts: readonly (Estimate | undefined)[]): Estimate | undefined {
  const known = parts.flatMap((part) => part ?? []);
  return known.length === 0 ? undefined : total(known);
}

const longest = (parts: readonly Estimate[]): Estimate =>
  parts.reduce((most, part) => (part.value > most.value ? part : most), ZERO);
