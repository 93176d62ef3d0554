import { parsePrefix, prefixContains } from '../base/prefix.ts';
import type { Attack } from '../model/attack.ts';
import { VECTOR_TITLES } from '../model/vector.ts';
import type { CaptureLabel, TrueAttack } from './labels.ts';
import type { Observed } from './observe.ts';

/** What became of one true attack. Times in s; undefined where the label has none. */
export interface AttackScore {
  readonly target: string;
  readonly vectors: readonly string[];
  readonly found: boolean;
  /** It is spread over a prefix, or to be known by a time of its own: what is not sudden. */
  readonly carpet: boolean;
  readonly ownDeadline: boolean;
  /** Attacks that were told for it: 1 is right. */
  readonly fragments: number;
  /** From its first packet, and from when the telemetry had told a second of it, to the word. */
  readonly afterStart: number | undefined;
  readonly afterTold: number | undefined;
  /** Within the deadline of its kind. */
  readonly inTime: boolean | undefined;
  /** Between its true end and the end that was told. */
  readonly endOff: number | undefined;
  /** Its vectors are named, the first of them first; the target is told as it is. */
  readonly vectorRight: boolean;
  readonly targetRight: boolean;
  /** The sentence names the vector and its number, and the packets told agree with those carried. */
  readonly explained: boolean | undefined;
  /** Packets told over packets carried. */
  readonly packetsRatio: number | undefined;
  /** What was told first, for people. */
  readonly told: string | undefined;
}

export interface FalseAlarm {
  readonly target: string;
  readonly why: string;
}

export interface CaseScore {
  readonly scenario: string;
  readonly view: string;
  readonly seed: number | undefined;
  readonly attacks: readonly AttackScore[];
  readonly falseAlarms: readonly FalseAlarm[];
  readonly alarms: number;
  /** 0 where the label does not say how many targets there were, and for how long. */
  readonly targetDays: number;
  readonly packets: number;
  readonly flows: number;
}

/** An attack is told of before this, s: after its start where telemetry is quick, after it was told where it is not. */
export const DEADLINE_SECONDS = 4;
/** A long flow record tells of what was carried over a minute: the station has until then to end an attack. */
const SLACK_BEFORE_MS = 10_000;
const SLACK_AFTER_MS = 90_000;
/** Packets told may differ by so much from those carried, beyond what sampling leaves. */
const PACKETS_SLACK = 0.15;
const DAY_SECONDS = 86_400;

/** True where one of the two targets lies in the other. */
export function overlaps(left: string, right: string): boolean {
  const [one, other] = [parsePrefix(left), parsePrefix(right)];
  if (one === undefined || other === undefined) return left === right;
  return one.length <= other.length ? prefixContains(one, other.words) : prefixContains(other, one.words);
}

export function scoreCase(label: CaptureLabel, observed: Observed, quick: boolean): CaseScore {
  const matched = new Map<TrueAttack, Attack[]>(label.attacks.map((attack) => [attack, []]));
  const falseAlarms: FalseAlarm[] = [];
  for (const told of observed.attacks) {
    const truth = label.attacks.find((each) => matches(each, told));
    if (truth === undefined) falseAlarms.push({ target: told.target.value, why: told.why });
    else matched.get(truth)?.push(told);
  }
  return {
    scenario: label.scenario,
    view: label.view,
    seed: label.seed,
    attacks: label.attacks.map((truth) => scoreAttack(truth, matched.get(truth) ?? [], quick)),
    falseAlarms,
    alarms: observed.attacks.length,
    targetDays: ((label.targets ?? 0) * (label.seconds ?? 0)) / DAY_SECONDS,
    packets: observed.packets,
    flows: observed.flows,
  };
}

function matches(truth: TrueAttack, told: Attack): boolean {
  if (truth.direction !== told.direction || !overlaps(truth.target, told.target.value)) return false;
  const start = Date.parse(told.start);
  const end = told.end === undefined ? Number.POSITIVE_INFINITY : Date.parse(told.end);
  const from = truth.start === undefined ? Number.NEGATIVE_INFINITY : Date.parse(truth.start) - SLACK_BEFORE_MS;
  const to = truth.end === undefined ? Number.POSITIVE_INFINITY : Date.parse(truth.end) + SLACK_AFTER_MS;
  return start <= to && end >= from;
}

function scoreAttack(truth: TrueAttack, told: readonly Attack[], quick: boolean): AttackScore {
  const [first] = [...told].sort((left, right) => left.detectedAt.localeCompare(right.detectedAt));
  const kind = { carpet: truth.spread === 'carpet', ownDeadline: truth.knownBy !== undefined };
  const base = { target: truth.target, vectors: truth.vectors, ...kind, fragments: told.length };
  if (first === undefined) {
    return {
      ...base,
      found: false,
      afterStart: undefined,
      afterTold: undefined,
      inTime: truth.start === undefined ? undefined : false,
      endOff: undefined,
      vectorRight: false,
      targetRight: false,
      explained: undefined,
      packetsRatio: undefined,
      told: undefined,
    };
  }
  const after = (time: string | undefined): number | undefined =>
    time === undefined ? undefined : (Date.parse(first.detectedAt) - Date.parse(time)) / 1000;
  const afterStart = after(truth.start);
  const afterTold = after(truth.told);
  const names = first.vectors.map((vector) => vector.name);
  const targetRight = told.some((attack) => attack.target.value === truth.target);
  const last = told.reduce((latest, attack) => Math.max(latest, Date.parse(attack.end ?? attack.start)), 0);
  const ratio = packetsRatio(truth, told);
  return {
    ...base,
    found: true,
    afterStart,
    afterTold,
    inTime: inTime(truth, first, quick, quick ? afterStart : afterTold),
    endOff: truth.end === undefined ? undefined : (last - Date.parse(truth.end)) / 1000,
    // Where two are about as strong, either may stand first.
    vectorRight: truth.vectors.includes(names[0]) && truth.vectors.every((vector) => names.includes(vector)),
    targetRight,
    explained: explained(truth, first, ratio),
    packetsRatio: ratio,
    told: `${first.target.value} ${names.join('+')}: ${first.why}`,
  };
}

function inTime(truth: TrueAttack, first: Attack, quick: boolean, after: number | undefined): boolean | undefined {
  if (truth.knownBy === undefined) return after === undefined ? undefined : after <= DEADLINE_SECONDS;
  // Nobody knows before the telemetry tells.
  const late =
    quick || truth.told === undefined || truth.start === undefined
      ? 0
      : Date.parse(truth.told) - Date.parse(truth.start);
  return Date.parse(first.detectedAt) <= Date.parse(truth.knownBy) + late;
}

/** Packets told over packets carried; connections, where the attack consists of them, which captures show by their first packet. */
function packetsRatio(truth: TrueAttack, told: readonly Attack[]): number | undefined {
  const carried = truth.connections ?? truth.packets ?? 0;
  if (carried === 0) return undefined;
  const seen = told.reduce(
    (sum, { evidence }) => sum + (truth.connections === undefined ? evidence.packets : evidence.flows),
    0,
  );
  return seen / carried;
}

/** The sentence names the true vector and the number of the evidence, and the evidence agrees with what was carried. */
function explained(truth: TrueAttack, first: Attack, ratio: number | undefined): boolean {
  const names = truth.vectors.map((vector) => VECTOR_TITLES[vector].toLowerCase());
  const sentence = first.why.toLowerCase();
  if (!names.some((name) => sentence.includes(name))) return false;
  if (first.evidence.observed < first.evidence.limit && !first.evidence.cusum) return false;
  if (ratio === undefined) return true;
  // What others send of the same kind cannot be told from it, and may be counted with it.
  const others = (truth.otherPackets ?? 0) / (truth.connections ?? truth.packets ?? 1);
  const slack = PACKETS_SLACK + first.evidence.samplingError;
  return ratio >= 1 - slack && ratio <= (1 + others) * (1 + slack);
}
