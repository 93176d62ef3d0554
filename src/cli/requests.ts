import type { requestsParamsSchema } from '../api/contract.ts';
import { BonghwaError } from '../base/errors.ts';
import { LIMIT_MAX, TOP_MAX } from '../store/telemetry/flows-query.ts';
import { REQUEST_DIMENSIONS, type RequestsAnswer, requestsAnswerSchema } from '../store/telemetry/requests-query.ts';
import { openClient, type Question, type StationChoice, type StationClient } from './client.ts';
import { EXIT_OK } from './exit.ts';
import { known } from './flows.ts';
import { renderRequests, requestsCsv } from './render-requests.ts';
import { lookOf, TextOutput } from './terminal.ts';
import { withoutControls } from './text-width.ts';

export interface RequestsCommandOptions extends StationChoice {
  readonly since: string;
  readonly until: string;
  readonly site?: readonly string[];
  readonly client?: readonly string[];
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
  readonly status?: readonly string[];
  readonly referrer?: string;
  readonly userAgent?: string;
  readonly asn?: string;
  readonly country?: string;
  readonly attack?: string;
  readonly kept?: string;
  readonly top?: readonly string[];
  readonly by?: string;
  readonly limit?: number;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** `bonghwa requests`: which requests there were in logs, one by one, or grouped by what is asked. */
export async function requestsCommand(options: RequestsCommandOptions, signal: AbortSignal): Promise<number> {
  if (options.json === true && options.csv === true)
    throw new BonghwaError('OPTION_INVALID', '--json and --csv cannot be given together', {
      hint: 'Give one of them.',
    });
  const question = questionOf(options);
  const client = await openClient(options, signal);
  const answer = await askAll(client, question, options.limit);
  const output = new TextOutput(process.stdout);
  if (options.json === true) output.write(`${JSON.stringify(answer)}\n`);
  else if (options.csv === true) output.write(requestsCsv(answer));
  else output.write(renderRequests(withoutControls(answer), lookOf(process.stdout, process.env)));
  await output.pause();
  return EXIT_OK;
}

/** Asks page by page, until there are as many requests as wanted, or no more. */
async function askAll(client: StationClient, question: Question, limit: number | undefined): Promise<RequestsAnswer> {
  const page = async (before: string | undefined, count: number | undefined): Promise<RequestsAnswer> => {
    const asked = { ...question, before, limit: count === undefined ? undefined : Math.min(count, LIMIT_MAX) };
    return (await client.ask('/api/requests', requestsAnswerSchema, asked)).answer;
  };
  let answer = await page(undefined, limit);
  while (limit !== undefined && answer.next !== undefined && answer.requests.length < limit) {
    const { requests, next } = await page(answer.next, limit - answer.requests.length);
    const { next: _, ...rest } = answer;
    answer = { ...rest, requests: [...answer.requests, ...requests], ...(next === undefined ? {} : { next }) };
  }
  return answer;
}

/** What the station is asked. Throws BonghwaError OPTION_INVALID where a name is not known, with the one that was meant. */
function questionOf(
  options: RequestsCommandOptions,
): Record<keyof typeof requestsParamsSchema.shape, string | number | readonly string[] | undefined> {
  const { since, until, site, client, path, query, status, referrer, userAgent, country, by } = options;
  const top = (options.top ?? []).flatMap((text) => text.split(',')).filter((name) => name !== '');
  if (top.length > TOP_MAX) {
    throw new BonghwaError('OPTION_INVALID', `--top names ${top.length} things`, { hint: `Name at most ${TOP_MAX}.` });
  }
  return {
    ...{ since, until, site, client, path, query, referrer, userAgent, country, by },
    method: options.method?.toUpperCase(),
    status: status?.flatMap((text) => text.toLowerCase().split(',')),
    asn: options.asn?.replace(/^AS/i, ''),
    attackId: options.attack,
    kept: options.kept,
    top: top.map((name) => known('--top', name, REQUEST_DIMENSIONS) ?? name),
    before: undefined,
    limit: undefined,
  };
}
