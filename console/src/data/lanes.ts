import type { Attack } from '../../../src/model/attack.ts';
import type { Incident, Outage } from '../../../src/model/incident.ts';

/** A span or a moment on the shared time axis of an incident. */
export interface Span {
  readonly key: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** What it looks like: `attack`, or the state of a site. */
  readonly state: string;
  readonly label: string;
  readonly href?: string | undefined;
}

export interface Lane {
  readonly key: string;
  readonly title: string;
  readonly spans: readonly Span[];
}

export interface Axis {
  readonly fromMs: number;
  readonly toMs: number;
  /** Round moments, about as many as asked for. */
  readonly ticks: readonly number[];
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const STEPS = [
  5 * SECOND,
  15 * SECOND,
  30 * SECOND,
  MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  24 * HOUR,
  7 * 24 * HOUR,
  30 * 24 * HOUR,
];

/** An axis with some room on both sides. */
export function axisOf(fromMs: number, toMs: number, count: number): Axis {
  const room = Math.max(10 * SECOND, (toMs - fromMs) * 0.04);
  const from = fromMs - room;
  const to = toMs + room;
  const step = STEPS.find((known) => (to - from) / known <= count) ?? STEPS[STEPS.length - 1];
  const ticks: number[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to && ticks.length < 2 * count; at += step) ticks.push(at);
  return { fromMs: from, toMs: to, ticks };
}

/** Attacks, outages of each site, and what people noted, one lane each. */
export function lanesOf(
  incident: Incident,
  attacks: readonly Attack[],
  outages: readonly Outage[],
  nowMs: number,
  words: {
    readonly vector: (name: string) => string;
    readonly state: (state: string) => string;
    readonly notes: string;
  },
): readonly Lane[] {
  const end = (time: string | undefined, ongoing: boolean): number =>
    ongoing || time === undefined ? nowMs : Date.parse(time);
  const lanes: Lane[] = attacks.map((attack) => ({
    key: attack.id,
    title: attack.target.value,
    spans: [
      {
        key: attack.id,
        fromMs: Date.parse(attack.start),
        toMs: end(attack.end, attack.ongoing),
        state: 'attack',
        label: words.vector(attack.vectors[0].name),
        href: `/attacks/${encodeURIComponent(attack.id)}`,
      },
    ],
  }));
  for (const site of [...new Set(outages.map((outage) => outage.site))]) {
    lanes.push({
      key: `site ${site}`,
      title: site,
      spans: outages
        .filter((outage) => outage.site === site)
        .flatMap((outage) =>
          outage.states.map(({ state, from, to }, at) => ({
            key: `${outage.id} ${at}`,
            fromMs: Date.parse(from),
            toMs: to === undefined ? end(outage.end, outage.ongoing) : Date.parse(to),
            state,
            label: words.state(state),
            href: `/sites/${encodeURIComponent(site)}`,
          })),
        ),
    });
  }
  const moments = incident.timeline.filter(({ kind }) => kind === 'note' || kind === 'person');
  if (moments.length > 0)
    lanes.push({
      key: 'notes',
      title: words.notes,
      spans: moments.map(({ at, kind, text }, index) => ({
        key: `${index} ${at}`,
        fromMs: Date.parse(at),
        toMs: Date.parse(at),
        state: kind,
        label: text,
      })),
    });
  return lanes;
}
