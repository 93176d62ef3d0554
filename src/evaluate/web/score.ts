import type { Attack } from '../../model/attack.ts';
import type { TrueWebAttack } from './event.ts';
import { MADE_SITE, type MadeLog } from './generate.ts';

/** What became of one true attack in a log. */
export interface WebAttackScore {
  readonly site: string;
  readonly vectors: readonly string[];
  readonly found: boolean;
  /** Attacks that were told for it: 1 is right. */
  readonly fragments: number;
  /** From its first request to the word, s. */
  readonly detectSeconds: number | undefined;
  readonly vectorRight: boolean;
  /** Share of its sources that were named. */
  readonly named: number;
  readonly told: string | undefined;
}

export interface WebCaseScore {
  readonly scenario: string;
  readonly seed: number;
  readonly format: string;
  readonly attacks: readonly WebAttackScore[];
  readonly falseAlarms: readonly { readonly site: string; readonly why: string }[];
  /** Readers that were named as attackers, and all readers. */
  readonly innocentsNamed: number;
  readonly innocents: number;
  readonly requests: number;
  /** Lines that the decoder did not take for requests; absent where there were none. */
  readonly unread?: number;
}

const SLACK_BEFORE_MS = 30_000;
const SLACK_AFTER_MS = 120_000;

export function scoreLog(seed: number, log: MadeLog, told: readonly Attack[]): WebCaseScore {
  const named = new Set<string>();
  for (const attack of told) for (const { addr } of attack.attackers ?? []) named.add(addr);
  const matched = new Map<TrueWebAttack, Attack[]>(log.attacks.map((attack) => [attack, []]));
  const falseAlarms: { site: string; why: string }[] = [];
  for (const attack of told) {
    const truth = log.attacks.find((each) => matches(each, attack, log));
    if (truth === undefined) falseAlarms.push({ site: attack.target.value, why: attack.why });
    else matched.get(truth)?.push(attack);
  }
  let innocentsNamed = 0;
  for (const client of named) if (log.innocents.has(client)) innocentsNamed++;
  return {
    scenario: log.scenario.name,
    seed,
    format: log.format,
    attacks: log.attacks.map((truth) => scoreAttack(truth, matched.get(truth) ?? [], named)),
    falseAlarms,
    innocentsNamed,
    innocents: log.innocents.size,
    requests: log.events.length,
  };
}

/** A log that names no host is of one site. */
function matches(truth: TrueWebAttack, attack: Attack, log: MadeLog): boolean {
  const hosts = log.format === 'vhost-combined' || log.format === 'json';
  if (hosts && attack.target.value !== truth.site) return false;
  if (!hosts && truth.site !== MADE_SITE) return false;
  const end = attack.end === undefined ? Number.POSITIVE_INFINITY : Date.parse(attack.end);
  return Date.parse(attack.start) <= truth.endMs + SLACK_AFTER_MS && end >= truth.startMs - SLACK_BEFORE_MS;
}

function scoreAttack(truth: TrueWebAttack, told: readonly Attack[], named: ReadonlySet<string>): WebAttackScore {
  const [first] = [...told].sort((left, right) => left.detectedAt.localeCompare(right.detectedAt));
  let known = 0;
  for (const client of truth.attackers) if (named.has(client)) known++;
  return {
    site: truth.site,
    vectors: truth.vectors,
    found: first !== undefined,
    fragments: told.length,
    detectSeconds: first === undefined ? undefined : (Date.parse(first.detectedAt) - truth.startMs) / 1000,
    vectorRight: first !== undefined && truth.vectors.includes(first.vectors[0].name),
    named: truth.attackers.size === 0 ? 1 : known / truth.attackers.size,
    told: first === undefined ? undefined : `${first.vectors.map(({ name }) => name).join('+')}: ${first.why}`,
  };
}
