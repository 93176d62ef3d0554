import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { BonghwaError } from '../../base/errors.ts';
import { replay } from '../../station/replay.ts';
import { lineOf } from './event.ts';
import { MADE_SITE, type MadeLog, makeLog, WEB_SCENARIOS } from './generate.ts';
import { scoreLog, type WebCaseScore } from './score.ts';

export interface EvaluateWebOptions {
  readonly fromSeed: number;
  readonly toSeed: number;
  /** Names of scenarios; none means all. */
  readonly only: readonly string[];
  readonly onProgress?: (done: number, of: number) => void;
  readonly signal?: AbortSignal;
}

/** Makes the logs of scenarios, replays each from its file, and scores what was told. Throws OPTION_INVALID where nothing is named so. */
export async function evaluateWeb(options: EvaluateWebOptions): Promise<WebCaseScore[]> {
  const { only, fromSeed, toSeed, onProgress, signal } = options;
  const missing = only.find((name) => !WEB_SCENARIOS.some((scenario) => scenario.name === name));
  if (missing !== undefined) {
    throw new BonghwaError('OPTION_INVALID', `there is no scenario '${missing}' of logs`, {
      hint: `There are: ${WEB_SCENARIOS.map(({ name }) => name).join(', ')}.`,
    });
  }
  const scenarios = WEB_SCENARIOS.filter(({ name }) => only.length === 0 || only.includes(name));
  const cases = scenarios.flatMap(({ name }) =>
    Array.from({ length: toSeed - fromSeed + 1 }, (_, at) => ({ scenario: name, seed: fromSeed + at })),
  );
  const folder = mkdtempSync(join(tmpdir(), 'bonghwa-evaluate-web-'));
  const scores: WebCaseScore[] = [];
  try {
    for (const each of cases) {
      if (signal?.aborted === true) break;
      scores.push(await scoreCase(makeLog(each), each.seed, join(folder, 'case.log')));
      onProgress?.(scores.length, cases.length);
      await turn();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return scores;
}

async function scoreCase(log: MadeLog, seed: number, file: string): Promise<WebCaseScore> {
  writeFileSync(file, `${log.events.map((event) => lineOf(event, log.format)).join('\n')}\n`);
  const report = await replay({
    files: [file],
    networks: [],
    as: 'log',
    telemetryPorts: [],
    allVerdicts: false,
    logs: { site: MADE_SITE },
  });
  const score = scoreLog(seed, log, report.attacks);
  // What the decoder does not read would make every number look better than it is.
  return report.requests === log.events.length
    ? score
    : { ...score, unread: log.events.length - (report.requests ?? 0) };
}
