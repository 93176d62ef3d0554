import { ROUTES } from '../api/contract.ts';
import { BonghwaError } from '../base/errors.ts';
import type { StationStatus } from '../model/station-view.ts';
import { openClient, type StationChoice, type StationClient } from './client.ts';
import { EXIT_OK } from './exit.ts';
import { LiveHistory } from './live-history.ts';
import { LiveView } from './live-view.ts';
import { exact } from './render-attack.ts';
import { renderDays } from './render-days.ts';
import { renderLive } from './render-live.ts';
import { renderSituation } from './render-situation.ts';
import { askHistory } from './site-history.ts';
import { type Look, lookOf, TextOutput } from './terminal.ts';
import { withoutControls } from './text-width.ts';

export interface StatusCommandOptions extends StationChoice {
  readonly json?: boolean;
  readonly watch?: boolean;
  readonly days?: number;
  readonly sites?: number;
}

const DAYS_DEFAULT = 90;
const SITES_DEFAULT = 15;

/** `bonghwa status`: what a station sees and does now; with --watch as it changes. */
export async function statusCommand(options: StatusCommandOptions, signal: AbortSignal): Promise<number> {
  const client = await openClient(options, signal);
  if (options.watch === true) return watch(client, signal);
  const { answer, raw } = await askStatus(client);
  const output = new TextOutput(process.stdout);
  if (options.json === true) output.write(`${JSON.stringify(raw)}\n`);
  else {
    const history = new LiveHistory();
    history.add(answer);
    const look = lookOf(process.stdout, process.env);
    const { answer: now } = await client.ask(ROUTES.now.path, ROUTES.now.answer.schema);
    // Where sites are registered, how they do comes first.
    const page =
      now.sitesTotal === 0
        ? []
        : [...renderSituation(withoutControls(now), look), '', ...(await historyLines(client, options, look)), ''];
    output.write(`${[...page, ...renderLive(answer, look, history)].join('\n')}\n`);
  }
  await output.pause();
  return EXIT_OK;
}

/** How the sites did over the last days. */
async function historyLines(client: StationClient, options: StatusCommandOptions, look: Look): Promise<string[]> {
  const { days = DAYS_DEFAULT, sites: limit = SITES_DEFAULT } = options;
  const { sites, total } = await askHistory(client, { days, limit });
  const lines = renderDays(withoutControls(sites), look);
  return total > sites.length ? [...lines, `${exact(total - sites.length)} more sites; --sites shows them.`] : lines;
}

function askStatus(client: StationClient): Promise<{ answer: StationStatus; raw: unknown }> {
  return client.ask(ROUTES.status.path, ROUTES.status.answer.schema);
}

async function watch(client: StationClient, signal: AbortSignal): Promise<number> {
  if (process.stdout.isTTY !== true) {
    throw new BonghwaError('OPTION_INVALID', '--watch needs a terminal', {
      hint: 'Without it the status is printed once; --json suits programs, and GET /api/events tells what changes.',
    });
  }
  // Where nobody answers, that is an error line and not an empty screen.
  await askStatus(client);
  await new Promise<void>((resolve) => {
    const view = new LiveView(async () => (await askStatus(client)).answer, {
      output: process.stdout,
      input: process.stdin,
      environment: process.env,
      onQuit: end,
    });
    function end(): void {
      view.stop();
      resolve();
    }
    signal.addEventListener('abort', end, { once: true });
    process.once('SIGTERM', end);
    view.start();
  });
  return EXIT_OK;
}
