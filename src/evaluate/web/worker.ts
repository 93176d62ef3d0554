import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { replay } from '../../station/replay.ts';
import { lineOf } from './event.ts';
import { MADE_SITE, makeLog, type WebCase } from './generate.ts';
import { scoreLog, type WebCaseScore } from './score.ts';

/** What a worker is asked. */
export interface WebJob {
  readonly number: number;
  readonly of: WebCase;
}

export type WebAnswer = { readonly number: number } & ({ readonly score: WebCaseScore } | { readonly error: unknown });

interface Setup {
  readonly webFolder: string;
  readonly index: number;
  readonly cacheDirectory: string | undefined;
}

/** A thread that makes and judges logs, one at a time; `folder` is for its files. */
export function startWebWorker(folder: string, index: number, cacheDirectory?: string): Worker {
  return new Worker(new URL(import.meta.url), {
    name: `bonghwa-evaluate-web-${index}`,
    workerData: { webFolder: folder, index, cacheDirectory } satisfies Setup,
  });
}

/** Makes a log, replays it from its file, and scores what was told. */
async function scoreCase(of: WebCase, file: string, cacheDirectory: string | undefined): Promise<WebCaseScore> {
  const log = makeLog(of);
  writeFileSync(file, `${log.events.map((event) => lineOf(event, log.format)).join('\n')}\n`);
  try {
    const report = await replay({
      files: [file],
      networks: [],
      as: 'log',
      telemetryPorts: [],
      allVerdicts: false,
      logs: { site: MADE_SITE },
      cacheDirectory,
    });
    const score = scoreLog(of.seed, log, report.attacks);
    // What the decoder does not read would make every number look better than it is.
    return report.requests === log.events.length
      ? score
      : { ...score, unread: log.events.length - (report.requests ?? 0) };
  } finally {
    rmSync(file, { force: true });
  }
}

const setup: unknown = workerData;
if (!isMainThread && isSetup(setup) && parentPort !== null) {
  const port = parentPort;
  const file = join(setup.webFolder, `case-${setup.index}.log`);
  port.on('message', ({ number, of }: WebJob) => {
    scoreCase(of, file, setup.cacheDirectory).then(
      (score) => port.postMessage({ number, score } satisfies WebAnswer),
      (error: unknown) => port.postMessage({ number, error } satisfies WebAnswer),
    );
  });
}

function isSetup(value: unknown): value is Setup {
  return typeof value === 'object' && value !== null && 'webFolder' in value && 'index' in value;
}
