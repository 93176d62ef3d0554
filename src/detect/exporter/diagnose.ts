import { formatCount, formatDuration, formatShare } from '../../base/units.ts';
import type { ExporterFinding } from '../../model/attack.ts';
import { type Action, adviceFor, type Vendor } from './advice.ts';
import type { Duplicate } from './duplicates.ts';
import type { ExporterCounters } from './facts.ts';
import { histogramQuantile, histogramTop } from './log-histogram.ts';
import type { ExporterSummary } from './summary.ts';

/** Flow caches that hold a flow for longer than this tell of an attack as late, s. */
export const ACTIVE_TIMEOUT_SECONDS_MAX = 60;
/** Caches that wait longer for a next packet tell of a flood of single packets as late, s. */
export const INACTIVE_TIMEOUT_SECONDS_MAX = 30;
/** Caches are scanned now and then: records may be somewhat longer than the timeout. */
const TIMEOUT_TOLERANCE = 1.3;
/** Records so long that are enough to infer a timeout from. */
const LONG_RECORDS_MIN = 3;
/** Rows looked at after which shares of them say something. */
const LOOKED_MIN = 200;
/** A clock that is off by more than this is told, ms. */
const CLOCK_OFFSET_MAX_MS = 10_000;
/** Shares of the records that are missing: told at all, as a warning, and as a fault. */
const LOST_SHARE_MIN = 0.0001;
const LOST_SHARE_MAX = 0.01;
const LOST_SHARE_FAULT = 0.05;
/** An exporter is silent after several times its usual pause, and never before a minute. */
const SILENT_FACTOR = 4;
const SILENT_MIN_MS = 60_000;
const SILENT_DATAGRAMS_MIN = 10;
/** Of rows looked at, as good as none. */
const DIRECTION_SHARE_MIN = 0.001;
const DIRECTION_ROWS_MIN = 500;

/** What a person says of an exporter in the configuration. */
export interface Expectation {
  readonly name?: string;
  readonly samplingRate?: number;
  readonly outsideInterfaces?: readonly number[];
  readonly vendor?: Vendor;
}

export interface StationContext {
  /** Rows looked at of all other exporters, to the protected networks and from them. */
  readonly others: { readonly towards: number; readonly from: number };
  /** Set where the exporter repeats another one. */
  readonly duplicate: Duplicate | undefined;
}

const ALONE: StationContext = { others: { towards: 0, from: 0 }, duplicate: undefined };

type Found = Pick<ExporterFinding, 'severity' | 'message'> | undefined;
type Test = (summary: ExporterSummary, expectation: Expectation, nowMs: number, station: StationContext) => Found;

/** Every finding with what helps against it; the order is that in which they are told. */
const TESTS: Readonly<Record<string, { readonly test: Test; readonly action: Action }>> = {
  'exporter-silent': { test: silent, action: 'check-export' },
  'records-lost': { test: recordsLost, action: 'less-export' },
  'template-missing': { test: templateMissing, action: 'send-templates' },
  'sampling-unexpected': { test: samplingUnexpected, action: 'tell-sampling' },
  'sampling-unknown': { test: samplingUnknown, action: 'tell-sampling' },
  'sampling-changed': { test: samplingChanged, action: 'tell-sampling' },
  'active-timeout-long': { test: activeTimeout, action: 'set-timeouts' },
  'inactive-timeout-long': { test: inactiveTimeout, action: 'set-timeouts' },
  'clock-off': { test: clockOff, action: 'set-clock' },
  'clock-moved': { test: clockMoved, action: 'set-clock' },
  'duplicate-export': { test: duplicateExport, action: 'stop-export' },
  'interface-not-exporting': { test: interfaceNotExporting, action: 'monitor-interface' },
  'one-direction': { test: oneDirection, action: 'monitor-interface' },
  'missed-while-down': { test: missedWhileDown, action: 'none' },
};

/** Codes of all findings, for the documents. */
export const FINDING_CODES = Object.keys(TESTS);

/**
 * Says what is wrong with one exporter as of `nowMs` (event time, ms since 1970): each finding with a stable code, a sentence
 * with its numbers, and what to type. Pure; an exporter with nothing wrong has no findings.
 */
export function diagnose(
  summary: ExporterSummary,
  expectation: Expectation,
  nowMs: number,
  station: StationContext = ALONE,
): ExporterFinding[] {
  const findings: ExporterFinding[] = [];
  for (const [code, { test, action }] of Object.entries(TESTS)) {
    const found = test(summary, expectation, nowMs, station);
    if (found === undefined) continue;
    const advice = adviceFor(action, summary.protocol, expectation.vendor);
    findings.push({ code, ...found, ...(advice.length === 0 ? {} : { advice }) });
  }
  return findings;
}

/** Share of an exporter's records that is missing, 0 to 1. Records that were shed here are counted elsewhere. */
export function shareNotSeen({ records, recordsShed, recordsLost }: ExporterCounters): number {
  const lost = Math.max(0, recordsLost);
  return lost === 0 ? 0 : lost / (lost + records + recordsShed);
}

function silent({ lastSeenMs, usualSilenceMs, total }: ExporterSummary, _: Expectation, nowMs: number): Found {
  const silentMs = nowMs - lastSeenMs;
  if (total.datagrams < SILENT_DATAGRAMS_MIN) return undefined;
  if (silentMs < Math.max(SILENT_MIN_MS, SILENT_FACTOR * usualSilenceMs)) return undefined;
  return {
    severity: 'fault',
    message: `nothing has come for ${formatDuration(silentMs)}; its longest usual pause is ${formatDuration(usualSilenceMs)}: what passes it is not seen.`,
  };
}

function recordsLost({ recent, protocol }: ExporterSummary): Found {
  const share = shareNotSeen(recent);
  const undecoded = Math.min(recent.recordsUndecoded, recent.recordsLost);
  const gone = recent.recordsLost - undecoded;
  if (share < LOST_SHARE_MIN || gone < 1) return undefined;
  const units =
    protocol === 'netflow-v9' || protocol === 'sflow-v5' ? ` (${plural(recent.sequenceLost, 'datagram')})` : '';
  const estimate = units === '' ? '' : 'about ';
  const lostShare = gone / (gone + undecoded + recent.records + recent.recordsShed);
  return {
    severity: lostShare > LOST_SHARE_FAULT ? 'fault' : lostShare > LOST_SHARE_MAX ? 'warning' : 'notice',
    message: `${estimate}${formatCount(Math.round(gone))} records${units} are missing by their sequence numbers: ${formatShare(lostShare)} of its traffic is not seen. Look for drops on the way and at the receive buffer ('bonghwa doctor'), and let it send less.`,
  };
}

function templateMissing({ recent, protocol, templates }: ExporterSummary): Found {
  if (recent.unknownTemplateSets === 0) return undefined;
  const lost =
    recent.recordsUndecoded >= 1
      ? `${formatCount(Math.round(recent.recordsUndecoded))} records in ${plural(recent.unknownTemplateSets, 'set')}`
      : `${plural(recent.unknownTemplateSets, 'set')} of records`;
  const isBlind = templates === 0 && protocol !== 'netflow-v5';
  return {
    severity: isBlind ? 'fault' : 'warning',
    message: `${lost} could not be decoded, because the template that describes them had not come${isBlind ? ', and still has not' : ''}: let it send templates every minute.`,
  };
}

function samplingUnexpected({ samplingRates, recent }: ExporterSummary, { samplingRate }: Expectation): Found {
  if (samplingRate === undefined || recent.records === 0) return undefined;
  const others = samplingRates.filter((rate) => rate !== samplingRate);
  if (others.length === 0) return undefined;
  const told = others.map((rate) => `1 in ${rate}`).join(', ');
  return {
    severity: 'fault',
    message: `it tells a sampling of ${told} where the configuration expects 1 in ${samplingRate}: what it tells is used; set the one or the other right.`,
  };
}

function samplingUnknown({ recent, samplingRates }: ExporterSummary, { samplingRate }: Expectation): Found {
  if (recent.looked < LOOKED_MIN || recent.rateUnknown < 0.5 * recent.looked) return undefined;
  if (samplingRate !== undefined) return undefined;
  const some =
    samplingRates.length > 0 ? `${formatShare(recent.rateUnknown / recent.looked)} of its records tell` : 'it tells';
  return {
    severity: 'notice',
    message: `${some} no sampling rate, so each packet is counted as one: if it samples, all rates are too low by that factor. Let it tell, or set 'samplingRate' of the exporter in the configuration (1 if it does not sample).`,
  };
}

function samplingChanged({ samplingChange, samplingRates }: ExporterSummary, _: Expectation, nowMs: number): Found {
  if (samplingChange === undefined) return undefined;
  const before = samplingRates.filter((rate) => rate !== samplingChange.rate).map((rate) => `1 in ${rate}`);
  return {
    severity: 'warning',
    message: `the sampling rate changed to 1 in ${samplingChange.rate} ${formatDuration(nowMs - samplingChange.atMs)} ago; before it was ${before.join(' and ')}.`,
  };
}

function activeTimeout({ activeTimeoutSeconds: told, durations, protocol, recent }: ExporterSummary): Found {
  if (protocol === 'sflow-v5') return undefined;
  const seenSeconds = recent.looked < LONG_RECORDS_MIN ? 0 : histogramTop(durations, LONG_RECORDS_MIN) / 1000;
  const isSeen = seenSeconds > TIMEOUT_TOLERANCE * Math.max(ACTIVE_TIMEOUT_SECONDS_MAX, told ?? 0);
  if (!isSeen && !(told !== undefined && told > ACTIVE_TIMEOUT_SECONDS_MAX)) return undefined;
  const seconds = isSeen ? seenSeconds : (told ?? 0);
  const what = isSeen
    ? `its records tell of up to about ${roughly(seconds)} at once, which must be its active timeout`
    : `its active timeout is ${formatDuration(1000 * seconds)}`;
  return {
    severity: 'warning',
    message: `${what}: a long flow is told of only that late; set it to ${ACTIVE_TIMEOUT_SECONDS_MAX} s or less.`,
  };
}

function inactiveTimeout({ inactiveTimeoutSeconds: told, delays, protocol, recent }: ExporterSummary): Found {
  if (protocol === 'sflow-v5') return undefined;
  const seenSeconds = recent.looked < LOOKED_MIN ? 0 : histogramQuantile(delays, 0.5) / 1000;
  const isSeen = seenSeconds > TIMEOUT_TOLERANCE * Math.max(INACTIVE_TIMEOUT_SECONDS_MAX, told ?? 0);
  if (!isSeen && !(told !== undefined && told > INACTIVE_TIMEOUT_SECONDS_MAX)) return undefined;
  const what = isSeen
    ? `half of its records come about ${roughly(seenSeconds)} or more after the last packet of their flow`
    : `its inactive timeout is ${formatDuration(1000 * (told ?? 0))}`;
  return {
    severity: 'warning',
    message: `${what}: a flood of single packets is told of that late; set the inactive timeout to 15 s.`,
  };
}

function clockOff({ clockOffsetMs }: ExporterSummary): Found {
  if (!(Math.abs(clockOffsetMs) > CLOCK_OFFSET_MAX_MS)) return undefined;
  const way = clockOffsetMs > 0 ? 'behind' : 'ahead of';
  return {
    severity: 'warning',
    message: `its clock is ${formatDuration(Math.abs(clockOffsetMs))} ${way} the station's: set both by NTP.`,
  };
}

function clockMoved({ clockMoved: moved, clockOffsetMs }: ExporterSummary, _: Expectation, nowMs: number): Found {
  if (moved === undefined || Math.abs(clockOffsetMs) > CLOCK_OFFSET_MAX_MS) return undefined;
  const way = moved.byMs > 0 ? 'back' : 'forward';
  return {
    severity: 'notice',
    message: `its clock, or the station's, jumped ${way} by ${formatDuration(Math.abs(moved.byMs))} ${formatDuration(nowMs - moved.atMs)} ago.`,
  };
}

function duplicateExport(
  _summary: ExporterSummary,
  _: Expectation,
  _nowMs: number,
  { duplicate }: StationContext,
): Found {
  if (duplicate === undefined) return undefined;
  const [keeper] = duplicate.keeper.split(' ');
  const share = formatShare(duplicate.found / duplicate.compared);
  const flows = duplicate.sampled ? 'flows of many packets' : 'flows';
  return {
    severity: 'notice',
    message: `${share} of the ${flows} that it tells of are told by ${keeper} too (${formatCount(Math.round(duplicate.compared))} compared): its records are left out while ${keeper} tells as much of the same address. Let only one of both export them.`,
  };
}

function interfaceNotExporting(summary: ExporterSummary, { outsideInterfaces = [] }: Expectation): Found {
  const { interfaces, recent } = summary;
  if (recent.looked < LOOKED_MIN || interfaces.size === 0) return undefined;
  const missing = outsideInterfaces.filter((index) => !interfaces.has(index));
  if (missing.length === 0) return undefined;
  const seen = [...interfaces.keys()].sort((left, right) => left - right).slice(0, 8);
  return {
    severity: 'warning',
    message: `nothing is told of ${missing.length === 1 ? 'interface' : 'interfaces'} ${missing.join(', ')}, which the configuration says ${missing.length === 1 ? 'faces' : 'face'} outside, but of ${seen.join(', ')}: attacks that come in there are not seen.`,
  };
}

function oneDirection({ recent }: ExporterSummary, _: Expectation, _nowMs: number, { others }: StationContext): Found {
  const { towards, from } = recent;
  const least = Math.min(towards, from);
  if (towards + from < DIRECTION_ROWS_MIN || least > DIRECTION_SHARE_MIN * (towards + from)) return undefined;
  const lacksFrom = from < towards;
  // The other direction may pass another router.
  if ((lacksFrom ? others.from : others.towards) > DIRECTION_SHARE_MIN * (towards + from)) return undefined;
  return {
    severity: 'notice',
    message: lacksFrom
      ? 'it tells of traffic to the protected networks and not of their answers: an attack and a crowd are told apart less surely. Let it export what leaves, too.'
      : 'it tells of traffic from the protected networks and not of what comes to them: attacks on them are not seen. Let it export what comes in.',
  };
}

function missedWhileDown({ total }: ExporterSummary): Found {
  if (total.missedWhileDown < 1) return undefined;
  return {
    severity: 'notice',
    message: `about ${formatCount(Math.round(total.missedWhileDown))} records came while the station was down, and were not seen.`,
  };
}

function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** A time that is known to some percent only. */
function roughly(seconds: number): string {
  return seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}
