import { setTimeout as sleep } from 'node:timers/promises';
import { TELEMETRY_PORTS } from '../model/telemetry-ports.ts';
import { replay } from '../station/replay.ts';
import { knownSites } from '../station/site-hosts.ts';
import { cacheDirectory } from './cache-directory.ts';
import { loadConfig } from './config-file.ts';
import { wrapText } from './layout.ts';
import { clockOf, detectedText } from './render-attack.ts';
import { incidentLines, paintState, wrapWide } from './render-incidents.ts';
import { nameSites } from './replay.ts';
import { ReplayAssessment } from './replay-assessment.ts';
import { type Sample, sampleFile } from './sample.ts';
import { type Look, paintOf } from './terminal.ts';

export interface SiteStory {
  readonly look: Look;
  /** True where what happened is told step by step. */
  readonly live: boolean;
  readonly stream: NodeJS.WriteStream;
  readonly interrupt: AbortSignal;
}

/** Rest between two things that happened, so that they can be read, ms. */
const READ_MS = 1500;

/** The second part of the sample: a site that goes out and comes back, with what it cost and what to say of it. */
export async function tellSite(sample: Sample['outage'], { look, live, stream, interrupt }: SiteStory): Promise<void> {
  const paint = paintOf(look.colour);
  const say = (...lines: readonly string[]): void => void stream.write(`${lines.join('\n')}\n`);
  const path = (file: string): string => sampleFile({ file });
  say(
    '',
    '─'.repeat(look.width),
    '',
    paint.bold(`And then · ${sample.title}`),
    '',
    ...wrapText(sample.about, look.width),
    '',
  );
  const config = await loadConfig(path(sample.register));
  const assessing = await ReplayAssessment.open([path(sample.log), path(sample.checks)], config);
  const found = await replay({
    files: assessing.others,
    cacheDirectory: cacheDirectory(),
    networks: [],
    as: 'auto',
    telemetryPorts: TELEMETRY_PORTS,
    allVerdicts: false,
    signal: interrupt,
    onSiteSecond: (second) => assessing.second(second),
    logs: { sites: knownSites(config.sites) },
  });
  const { attacks, incidents = [] } = assessing.assess(nameSites(found, config));
  const happened = [
    ...attacks.map((attack) => ({
      at: attack.detectedAt,
      text: paint.alarm(
        `attack: ${attack.vectors[0].name} on ${attack.target.value}, detected ${detectedText(attack)}`,
      ),
      why: attack.why,
    })),
    ...assessing.changes.map(({ at, site, state, why }) => ({
      at,
      text: paintState(state, paint)(`${site} is ${state}`),
      why,
    })),
  ].sort((left, right) => (left.at < right.at ? -1 : 1));
  for (const { at, text, why } of happened) {
    say(`  ${clockOf(at)}  ${text}`, ...wrapWide(why, look.width - 16).map((line) => ' '.repeat(16) + line));
    if (live && !interrupt.aborted) await sleep(READ_MS, undefined, { signal: interrupt }).catch(() => undefined);
  }
  for (const incident of incidents) say('', ...incidentLines(incident, look, false));
}
