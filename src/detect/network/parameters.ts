/**
 * Every number that detection is tuned by, with its unit and meaning. Nothing else in this folder holds a threshold.
 */
export const PARAMETERS = {
  /** A group of traffic is looked at from this share of its floor on: it gets a baseline and a place on the watch list. */
  lowWaterShare: 0.25,
  /** 1 asks for the shape of what is too much; 0 takes volume alone, to measure what shape earns. */
  shapeTests: 1,
  /** Over what multiple of the largest second of its peacetime a target's group is too much. */
  overMaximum: 1.6,
  /** Or over the mean by this many mean absolute deviations, where that is more. */
  overDeviations: 8,
  /** At this multiple of its limit a group opens an attack in one second; below it takes two of three seconds. */
  suddenFactor: 3,
  /** Seconds of the last three that must be over the limit otherwise. */
  confirmSeconds: 2,
  /** Where the shape leaves no doubt, one second over its limit opens an attack from this multiple of it on. */
  clearFactor: 1,
  /** What stands out within so many seconds from when watching began was there before; nothing is known of its past for as many, s. */
  coldSeconds: 5,
  /**
   * What is usual of traffic that was there before is not sure for so long, s: a station that has just started still catches up with what
   * waited for it, or passes over some of it …
   */
  freshSeconds: 60,
  /** … and connections over their limit by less than this factor are no attack meanwhile, where other targets are as busy. */
  freshExcess: 2,
  /** An attack goes on while its group stays above this share of the limit that opened it. */
  holdShare: 0.5,
  /** Quiet for this long, an attack is over, s. Pulses closer together than this are one attack. */
  closeAfterSeconds: 60,
  /** A fraction of a second at the edge of a capture counts as at least this long for a decision, ms. */
  coveredMsMin: 100,
  /** And as at least this long when its rate is told, ms. */
  coveredMsShownMin: 10,
  /** Packets that must have been looked at in a second before it can open an attack. */
  packetsSeenMin: 20,
  /** In a fraction of a second at the edge of a capture: more, since a burst of milliseconds is no rate. */
  packetsSeenMinPartial: 150,
  /** Half-width of the interval that sampling leaves, in standard deviations: 95 %. */
  samplingSigmas: 1.96,
  /** Prefixes have higher floors than an address, by level. */
  prefixFloorFactor: { fine: 2, wide: 3, network: 4, organisation: 4 },
  /** A carpet needs at least this many attacked addresses. */
  carpetAddressesMin: 8,
  /** The wider prefix is the target where no narrower one holds more than this share of it. */
  carpetChildShareMax: 0.6,
  /** Connections held open by scraps of requests that a server must have before they are an attack. */
  slowConnectionsMin: 100,
  /** And how many of them a source holds, at the least, on average. */
  slowConnectionsPerSource: 10,
  /** Targets whose baselines are kept; the quietest leaves first, and one with a week as if it had been quiet for a week less. */
  targetsMax: 65_536,
  /** Measures of groups, of targets that live long, that have a memory of the week: 1.4 KB each. */
  weeksMax: 16_384,
  /** Quiet targets are remembered in seconds with no more destinations than this … */
  quietRowsMax: 2048,
  /** … and while there are fewer targets than this. */
  quietTargetsMax: 4096,
  /** Attacks open at a time; further ones are counted. */
  attacksOpenMax: 4096,
  /** Seconds after its opening in which a live station tells how an attack stands … */
  updateSeconds: [1, 2, 5, 10],
  /** … and from then on again after each of these, s. */
  updateEverySeconds: 10,
  /** An attack of which nothing was seen for longer than this is not told as ongoing, s. */
  ongoingQuietSecondsMax: 2,
  /** An attack may go on over a restart, or a jump of the clock, of this long, s. */
  resumeSecondsMax: 21_600,
  /** After so many seconds that were not seen, the mean of before tells nothing of now, s. */
  meanSeconds: 300,
  /** Targets of one second that are told to the telemetry store and the live view. */
  observedMax: 1000,
  /** Closed attacks whose sources are remembered, to be told where they are. */
  sourcesKeptMax: 256,
  /** Attacks that are over and kept for the report of a replay. */
  attacksKeptMax: 10_000,
  /** Targets judged by the row sample in one second, the worst first. */
  judgedMax: 256,
  /** From this share of its limit on a target is watched in the next second without being under attack … */
  watchShare: 0.5,
  /** … as many of them as this, the worst first. */
  watchedMax: 32,
  /** Targets and groups of which a second is asked who is answered. */
  peersMax: 64,
  /** Who connects again within so many seconds comes back … */
  comeBackSeconds: 4,
  /** … and where this share of the sources does, it is no crowd. */
  comeBackShare: 0.5,
  /** And so many of those that stay below it are looked at in one second out of these. */
  peaceEverySeconds: 4,
  /** Rows a second that the tops of one attacked group look at; of all attacked groups together; and of one at the least. */
  topRowsMax: 4096,
  topRowsAll: 16_384,
  topRowsMin: 256,
  /**
   * Of those who complete connections the distinct sources matter, to which every row adds; tops look at one row in two to this power, and
   * at fewer where that is more than the least.
   */
  answeredThinBits: 5,
  /** Seconds kept of a target's rates for the picture round the start. */
  historySeconds: 60,
  /** Points of an attack's own timeline; a longer attack is shown to here. */
  timelineSecondsMax: 300,
  /** Verdicts kept for `--all-verdicts`, the largest of each target and kind. */
  verdictsMax: 1000,
} as const;

/** Those that `bonghwa evaluate` may set otherwise, to measure what they earn. */
export const TUNED = [
  'shapeTests',
  'overMaximum',
  'overDeviations',
  'suddenFactor',
  'clearFactor',
  'confirmSeconds',
  'comeBackShare',
  'carpetAddressesMin',
  'peersMax',
  'samplingSigmas',
] as const;
export type TunedName = (typeof TUNED)[number];

/** The values of a curve, of those that were chosen by one; docs/evaluation.md shows what each gives. */
export const CURVES = {
  overMaximum: [1.2, 1.4, 1.6, 2, 2.5],
  suddenFactor: [2, 3, 5],
  clearFactor: [1, 1.25, 1.5, 2, 3],
  confirmSeconds: [1, 2, 3],
  comeBackShare: [0.2, 0.35, 0.5, 0.65, 0.8],
  samplingSigmas: [0, 1, 1.96, 3],
} as const satisfies Readonly<Partial<Record<TunedName, readonly number[]>>>;
export type CurveName = keyof typeof CURVES;

/** Runs with some parameters set otherwise. For one run at a time in a thread: they are those of all detectors in it. */
export async function withParameters<T>(
  values: Readonly<Partial<Record<TunedName, number>>>,
  run: () => Promise<T>,
): Promise<T> {
  const parameters: Record<TunedName, number> = PARAMETERS;
  const before = TUNED.map((name) => [name, parameters[name]] as const);
  for (const name of TUNED) parameters[name] = values[name] ?? parameters[name];
  try {
    return await run();
  } finally {
    for (const [name, value] of before) parameters[name] = value;
  }
}
