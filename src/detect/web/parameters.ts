/**
 * Every number that detection in web logs is tuned by, with its unit and meaning. Rates are requests for pages a second, in a window
 * that fades to 1/e after ten seconds, if nothing else is said.
 */
export const WEB = {
  /** A site that was learned from for less than this has no past to compare with, s. */
  learnedSecondsMin: 60,
  /** Floor of a template: below it there is no attack; and of one that costs the server more (search, login, XML-RPC). */
  templateFloor: 5,
  expensiveFloor: 3,
  /** Floor of the whole site, and of what clients ask that behave as no browser does. */
  siteFloor: 15,
  suspectsFloor: 3,
  /** Over which multiple of what is usual, of the largest in peace, or over how many deviations beyond the usual, demand is too much. */
  overUsual: 2,
  overLargest: 1.3,
  overDeviations: 8,
  /** Without a past: requests in one second, or a rate, from which on composition decides. */
  coldSecond: 20,
  coldRate: 5,
  /** Points of composition and harm that open an attack; without a past, and where all come to an interface for programs. */
  points: 4,
  pointsCold: 5,
  pointsInterface: 5,
  /** Clients that ask a second time sooner than anybody reads: their share, and how sure it has to be that peace has no such share, nats. */
  hasteShare: 0.4,
  hasteNats: 20,
  /** So many more where requests failed before demand rose: those who try again and again are readers. */
  pointsFailedFirst: 3,
  /** At this multiple of its limit, or with so many points more than it takes, one second opens an attack; below it, two in a row. */
  suddenFactor: 3,
  pointsSudden: 1,
  /** From these few clients, without harm, it takes more than this rate; and more than this where they ask an interface for programs. */
  fewClients: 3,
  fewClientsUnnamed: 8,
  fewRate: 25,
  fewInterfaceRate: 150,
  /** A crawler that says who it is, from so few clients and without harm, may ask this often. */
  crawlerClients: 64,
  crawlerRate: 60,
  /** A scan for weaknesses comes from so few clients, has so many shapes of requests that are refused, and stays below this rate. */
  scanClients: 5,
  scanShapes: 12,
  scanRate: 300,
  /** A second with more than this multiple of the usual, and so many requests more, is not learned from: it may be the first of many. */
  burstUsual: 3,
  burstRequests: 10,
  /** An attack goes on while its traffic is above this share of the limit that opened it. */
  holdShare: 0.5,
  /** Quiet for this long, an attack is over, s. Pulses closer together than this are one attack. */
  closeAfterSeconds: 90,
  /** Quiet for this long between two stretches is a pulse, and three of them a rhythm, s. */
  pulseGapSeconds: 10,
  /** An attack of which nothing was seen for longer than this at the end of the input is not told as ongoing, s. */
  ongoingQuietSecondsMax: 12,
  /** Demand that opens no attack for this long is what is usual from now on, s. */
  freezeSecondsMax: 300,
  /** Failed requests of a window that are harm, and by how much their share has to rise. */
  harmFailed: 5,
  harmShare: 0.1,
  /** Times to answer are harm at this multiple of the usual, from this on, ms. */
  harmTimes: 3,
  harmMs: 300,
  /** Slow requests: floor of a minute, and multiple of what is usual. */
  slowPerMinute: 30,
  slowOverUsual: 4,
  /** Assets of clients that load no page: floor where they are the same again and again; floor, and share of all that is beyond the usual, where the site fails. */
  assetsFloor: 25,
  assetsHarmFloor: 15,
  assetsShare: 0.6,
  assetsOverUsual: 4,
  /** A site with fewer pages than this has none to be loaded; and so many clients may be what fetches files for others. */
  assetsPagesMin: 30,
  assetsFetchers: 64,
  /** Open connections of a status page: floor, multiple of the usual, share of what the server may have; samples in a row, and over how long, s. */
  connectionsFloor: 60,
  connectionsOverUsual: 3,
  connectionsShare: 0.8,
  connectionsSamples: 2,
  connectionsSeconds: 2,
  /** Attackers named in a report, and while an attack is told live. */
  attackersMax: 20_000,
  attackersLiveMax: 1000,
  /** Points from which on a client took part in an attack. */
  attackerPoints: 3,
  /** Requests kept of an attack to tell of its traits, and lines shown. */
  keptMax: 2048,
  linesShown: 6,
  traitsShown: 10,
  /** Attacks that are over and kept for the report of a replay. */
  attacksKeptMax: 10_000,
  verdictsMax: 1000,
  /** Seconds after its opening in which a live station tells how an attack stands, and then again after each of these. */
  updateSeconds: [1, 2, 5, 10],
  updateEverySeconds: 10,
  /** An attack may go on over a restart of this long, s. */
  resumeSecondsMax: 600,
  /** Points of an attack's own timeline. */
  timelineSecondsMax: 600,
  timelineBeforeSeconds: 60,
} as const;
