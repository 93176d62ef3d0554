/** Limits of assessment, each in one place; docs/incidents.md tells of them. */
export const ASSESS = {
  /** Checks of one vantage are so far apart, ms, unless the station says otherwise. */
  intervalMs: 30_000,

  /** DEGRADED (docs/incidents.md): slower than so many times the usual 95th percentile, or more failures than this share. */
  slowFactor: 3,
  errorShare: 0.05,
  /** Below this nobody calls an answer slow, ms, whatever is usual. */
  slowFloorMs: 250,
  /** Checks that are to be learned before anything can be called slow. */
  latencyChecksMin: 10,
  /** So improbable must what was seen be in a site that does as usual. */
  chance: 1.5e-4,
  /** Checks of one vantage that are looked back on. */
  recentChecks: 20,

  /** PARTIAL: so many failed checks in a row at a minority of vantages. */
  partialRun: 3,
  /** GEO-FENCED: so many at every vantage abroad. */
  fencedRun: 2,
  /** FLAPPING: so many changes within so many check intervals; over when nothing changed for so many. */
  flapChanges: 4,
  flapIntervals: 30,
  calmIntervals: 20,
  /** An outage that comes back within so many check intervals is the same outage. */
  rejoinIntervals: 10,
  /** A vantage that was silent for so many check intervals, and the time of a check beyond that, ms, tells nothing any more. */
  staleIntervals: 3,
  checkMsMax: 45_000,

  /** The log: seconds that are kept, requests that tell something, share of failures and of the usual answers that mean out. */
  logSeconds: 600,
  logRequestsMin: 20,
  logOutShare: 0.5,
  logGoodShare: 0.5,
  /** Learning lags so many check intervals behind: what turns out to be an attack or an outage was not learned then. */
  learnLagIntervals: 2,

  /** Sites that are followed; vantages of each; things checked at each. */
  sitesMax: 20_000,
  vantagesPerSiteMax: 32,
  subjectsPerVantageMax: 16,
  /** Spans of one outage that are told one by one; the shortest are joined beyond. */
  statesPerOutageMax: 64,

  /** Attacks and outages of one site belong to one incident when less than this lies between them, ms. */
  joinMs: 30 * 60_000,
  /** Attacks of one vector on several sites that begin so close after each other are one wave, ms. */
  waveMs: 10 * 60_000,
  /** An incident that is over for so long, ms, is closed where nobody did. */
  closeMs: 24 * 3_600_000,
  incidentsLiveMax: 2_000,
  sitesPerIncidentMax: 300,
  attacksPerIncidentMax: 500,
  outagesPerIncidentMax: 500,
  timelineMax: 300,
  /** Characters of one entry of a time line, and of all notes of an incident together. */
  entryCharsMax: 300,
  notesCharsMax: 60_000,
} as const;
