import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Prefix } from '../base/prefix.ts';
import { WebDetector } from '../detect/web/web-detector.ts';
import type { CaptureFile } from '../input/capture-file.ts';
import type { Attack, Verdict } from '../model/attack.ts';
import type { RequestBatch } from '../model/request-batch.ts';
import type { SiteSecond } from '../model/site-second.ts';
import type { LogFormat } from '../wire/log/log-formats.ts';
import type { Progress } from './ingest.ts';
import { ingestLogs, type LogIngestTotals } from './log-ingest.ts';
import { isGood, type KnownSites } from './site-hosts.ts';

/** How logs are laid out, where that is not told by their lines. */
export interface LogReading {
  readonly format?: LogFormat;
  readonly trustedProxies?: readonly Prefix[];
  readonly zoneMs?: number;
  /** Site of a log whose lines name none; the name of the file where absent. */
  readonly site?: string;
  /** Hosts of sites, and clients of theirs that are known to be good. */
  readonly sites?: KnownSites;
}

export interface LogReplayOptions {
  readonly seed: number;
  readonly files: readonly string[];
  readonly reading: LogReading;
  readonly open: (file: string) => Promise<CaptureFile>;
  readonly onAttack: (attack: Attack, state: 'opened' | 'closed') => void;
  readonly onVerdict?: (verdict: Verdict) => void;
  readonly onSiteSecond?: (second: SiteSecond) => void;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

export interface LogReplay {
  readonly totals: LogIngestTotals;
  readonly detector: WebDetector;
}

/** Reads logs on one time line, and decides over all of them: several files of one site are one log. */
export async function replayLogs(options: LogReplayOptions): Promise<LogReplay> {
  const { seed, reading, signal, open, files } = options;
  const firstMs = await firstTimes(options);
  const { site, sites, ...layout } = reading;
  const detector = new WebDetector({
    seed,
    siteOf: (source) => site ?? (files[source] === '-' ? 'standard input' : basename(files[source] ?? 'log')),
    ...(sites === undefined
      ? {}
      : {
          nameOf: (host: string) => sites.hosts.get(host) ?? host,
          isGood: (name: string, words: Uint32Array, at: number) => isGood(sites, name, words, at),
        }),
    onAttack: (attack, state) => {
      if (state !== 'updated') options.onAttack(attack, state);
    },
    ...(options.onVerdict === undefined ? {} : { onVerdict: options.onVerdict }),
    ...(options.onSiteSecond === undefined ? {} : { onSecond: options.onSiteSecond }),
  });
  const totals = await ingestLogs(
    {
      files,
      ...(firstMs === undefined ? {} : { firstMs }),
      ...layout,
      open,
      ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
      ...(signal === undefined ? {} : { signal }),
    },
    detector,
  );
  detector.finish();
  return { totals, detector };
}

/**
 * When each log begins, ms; undefined for a single one. What cannot be read twice, as a pipe, is opened before all others; logs without
 * a time in their first lines come last.
 */
async function firstTimes({ files, reading, signal }: LogReplayOptions): Promise<readonly number[] | undefined> {
  if (files.length < 2) return undefined;
  const { site: _, sites: __, ...layout } = reading;
  const times: number[] = [];
  for (const file of files)
    times.push((await isPlainFile(file)) ? await firstTime(file, layout, signal) : Number.NEGATIVE_INFINITY);
  return times;
}

async function isPlainFile(file: string): Promise<boolean> {
  return file !== '-' && (await stat(file)).isFile();
}

async function firstTime(
  file: string,
  layout: Omit<LogReading, 'site' | 'sites'>,
  signal: AbortSignal | undefined,
): Promise<number> {
  const enough = new AbortController();
  let firstMs = Number.MAX_VALUE;
  const sink = {
    take(batch: RequestBatch): void {
      for (let row = 0; row < batch.length; row++) firstMs = Math.min(firstMs, batch.timeMs[row]);
      if (batch.length > 0) enough.abort();
      batch.length = 0;
      batch.textLength = 0;
    },
  };
  const signals = signal === undefined ? enough.signal : AbortSignal.any([signal, enough.signal]);
  await ingestLogs({ files: [file], ...layout, signal: signals }, sink);
  return firstMs;
}
