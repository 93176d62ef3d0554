import { attacksAnswerSchema } from '../api/contract.ts';
import { BonghwaError } from '../base/errors.ts';
import { parseWhen, WHEN_EXAMPLES } from '../base/when.ts';
import { type Attack, attackSchema } from '../model/attack.ts';
import { readLock } from '../store/lock.ts';
import type { AttackPage, AttackQuery } from '../store/state/state-store.ts';
import { openClient, type StationChoice } from './client.ts';
import { EXIT_OK } from './exit.ts';
import { labelled } from './layout.ts';
import { clockOf, detectedText, lastedText, renderAttack } from './render-attack.ts';
import { renderAttackList } from './render-attacks.ts';
import { withRestingState } from './resting-state.ts';
import { lookOf, TextOutput } from './terminal.ts';
import { withoutControls } from './text-width.ts';

export interface AttacksCommandOptions extends StationChoice {
  readonly since?: string;
  readonly until?: string;
  readonly target?: string;
  readonly ongoing?: boolean;
  readonly limit?: number;
  readonly json?: boolean;
}

const LIMIT_DEFAULT = 50;
/** How often a directory at rest is asked while its database is being opened, and how long it is waited for, ms. */
const RESTING_EVERY_MS = 200;
const RESTING_MS_MAX = 15_000;

/** `bonghwa attacks`: which attacks there were, and which go on. */
export async function attacksCommand(options: AttacksCommandOptions, signal: AbortSignal): Promise<number> {
  const nowMs = Date.now();
  const limit = options.limit ?? LIMIT_DEFAULT;
  const { since, until, target, ongoing } = options;
  const { page, raw, from } = await ask<{ page: AttackPage; raw: unknown }>(options, {
    station: async (choice) => {
      const client = await openClient(choice, signal);
      const question = { since, until, target, ongoing: ongoing === true ? true : undefined, limit };
      const { answer, raw } = await client.ask('/api/attacks', attacksAnswerSchema, question);
      return { page: answer as AttackPage, raw };
    },
    resting: (directory) => restingAttacks(directory, restingQuery(options, limit, nowMs), signal),
  });
  if (options.json === true) return write(`${JSON.stringify(raw)}\n`);
  const list = {
    attacks: withoutControls(page.attacks),
    nowMs,
    more: page.next !== undefined,
    partial: page.partial === true,
    asked: askedText(options),
    ...(from === undefined ? {} : { from }),
  };
  return write(renderAttackList(list, lookOf(process.stdout, process.env)));
}

/** `bonghwa attacks show ID`: one attack with the whole why. */
export async function attackCommand(id: string, options: AttacksCommandOptions, signal: AbortSignal): Promise<number> {
  const { attack, raw, from } = await ask<{ attack: Attack; raw: unknown }>(options, {
    station: async (choice) => {
      const client = await openClient(choice, signal);
      const { answer, raw } = await client.ask(`/api/attacks/${encodeURIComponent(id)}`, attackSchema);
      return { attack: answer, raw };
    },
    resting: async (directory) => {
      const attack = await withRestingState(directory, (state) => state.attack(id));
      if (attack === undefined)
        throw new BonghwaError('STATION_REFUSED', 'no attack has this id', { hint: "'bonghwa attacks' lists them." });
      return { attack, raw: attack };
    },
  });
  if (options.json === true) return write(`${JSON.stringify(raw)}\n`);
  return write(attackText(withoutControls(attack), from));
}

function attackText(attack: Attack, from: string | undefined): string {
  const look = lookOf(process.stdout, process.env);
  const telemetry = attack.evidence.flows > 0 && attack.peak.fps > 0;
  const facts = [
    ['began', `${attack.start.slice(0, 10)} ${clockOf(attack.start)} UTC, detected ${detectedText(attack)}`],
    ['lasted', lastedText(attack)],
    ['id', attack.id],
    ...(from === undefined ? [] : [['read from', `${from}, on which no station runs now`]]),
  ];
  const lines = facts.flatMap(([label, text]) => labelled(`  ${label}`, text, look.width, 13));
  return `${[...renderAttack(attack, undefined, look, telemetry), ...lines].join('\n')}\n`;
}

interface Ways<T> {
  readonly station: (choice: StationChoice) => Promise<T>;
  readonly resting: (directory: string) => Promise<T>;
}

/** Asks the station that runs; where a data directory is named on which none runs, what the directory remembers. */
async function ask<T extends object>(
  options: AttacksCommandOptions,
  ways: Ways<T>,
): Promise<T & { readonly from?: string }> {
  const { data, station } = options;
  if (station === undefined && data !== undefined && (await readLock(data)) === undefined)
    return { ...(await ways.resting(data)), from: data };
  return ways.station(options);
}

function restingQuery(options: AttacksCommandOptions, limit: number, nowMs: number): AttackQuery {
  const time = (name: 'since' | 'until'): Partial<AttackQuery> => {
    const text = options[name];
    if (text === undefined) return {};
    const timeMs = parseWhen(text, nowMs);
    if (timeMs === undefined)
      throw new BonghwaError('OPTION_INVALID', `--${name} ${text} is no time`, {
        hint: `Give one such as ${WHEN_EXAMPLES}.`,
      });
    return { [name]: timeMs };
  };
  const { target, ongoing } = options;
  return { ...time('since'), ...time('until'), target, ongoing: ongoing === true ? true : undefined, limit };
}

async function restingAttacks(
  directory: string,
  query: AttackQuery,
  signal: AbortSignal,
): Promise<{ page: AttackPage; raw: unknown }> {
  const page = await withRestingState(directory, async (state) => {
    const endMs = Date.now() + RESTING_MS_MAX;
    for (;;) {
      const found = await state.attacks(query);
      // Nobody waits for detection here: the database may take its time to open.
      if (found.partial !== true || Date.now() >= endMs || signal.aborted) return found;
      await new Promise((resolve) => setTimeout(resolve, RESTING_EVERY_MS));
    }
  });
  return { page, raw: page };
}

function askedText({ since, until, target, ongoing }: AttacksCommandOptions): string {
  const parts = [
    ongoing === true ? 'goes on' : 'is kept',
    since === undefined ? '' : `since ${since}`,
    until === undefined ? '' : `until ${until}`,
    target === undefined ? '' : `on ${target}`,
  ];
  return parts.filter((part) => part !== '').join(' ');
}

async function write(text: string): Promise<number> {
  const output = new TextOutput(process.stdout);
  output.write(text);
  await output.pause();
  return EXIT_OK;
}
