import type { z } from 'zod';
import { problemSchema } from '../api/problem.ts';
import { readLocalToken } from '../api/sign-in/secret-file.ts';
import { BonghwaError } from '../base/errors.ts';
import { parseListen } from '../base/listen.ts';
import { reachable } from '../station/doctor/running.ts';
import { readLock } from '../store/lock.ts';

/** Where a station answers that nobody named. */
export const STATION_DEFAULT = 'http://127.0.0.1:8480';
/** The data directory of a station that was told no other. */
const DATA_DEFAULT = './bonghwa-data';
/** For an answer, ms. */
const ANSWER_MS_MAX = 60_000;
/** Bytes of an answer that are read at most. */
const ANSWER_BYTES_MAX = 256 << 20;

const START_HINT =
  "'bonghwa serve --network 192.0.2.0/24' starts one with your network; --station URL or --data DIRECTORY names one that runs.";

/** Options of every command that asks a station. */
export interface StationChoice {
  /** URL of its HTTP interface. */
  readonly station?: string;
  /** Its data directory, which knows where it answers. */
  readonly data?: string;
}

/** Values of one question; undefined ones are not asked for, lists are given value by value. */
export type Question = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** What is sent along with a change. */
export interface Sent {
  readonly type: string;
  readonly text: string;
}

export const jsonBody = (value: unknown): Sent => ({ type: 'application/json', text: JSON.stringify(value) });

/** A station that is asked over HTTP. */
export class StationClient {
  readonly url: string;
  readonly #signal: AbortSignal;
  readonly #token: string | undefined;

  constructor(url: string, signal: AbortSignal, token?: string) {
    this.url = url;
    this.#signal = signal;
    this.#token = token;
  }

  /**
   * Asks, and checks the answer by its contract. `raw` is the answer as it came. Rejects with STATION_UNREACHABLE where nobody answers,
   * STATION_REFUSED where the answer is no, and OPTION_INVALID where the question was wrong.
   */
  async ask<S extends z.ZodType>(
    path: string,
    schema: S,
    question: Question = {},
  ): Promise<{ answer: z.output<S>; raw: unknown }> {
    const target = new URL(path, this.url);
    for (const [name, value] of Object.entries(question)) {
      if (value === undefined) continue;
      for (const one of Array.isArray(value) ? value : [value]) target.searchParams.append(name, String(one));
    }
    const { status, raw } = await this.#fetch(target);
    if (status !== 200) throw this.#refused(status, raw);
    const parsed = schema.safeParse(raw);
    if (!parsed.success)
      throw this.#strange(`${parsed.error.issues[0].path.join('.')}: ${parsed.error.issues[0].message}`);
    return { answer: parsed.data, raw };
  }

  /** Changes something, and checks the answer as `ask` does; undefined where nothing is answered. */
  async send<S extends z.ZodType>(
    change: { readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'; readonly path: string; readonly body?: Sent },
    schema: S,
  ): Promise<{ answer: z.output<S>; raw: unknown } | undefined> {
    const { status, raw } = await this.#fetch(new URL(change.path, this.url), change);
    if (status === 204) return undefined;
    if (status !== 200 && status !== 201) throw this.#refused(status, raw);
    const parsed = schema.safeParse(raw);
    if (parsed.success) return { answer: parsed.data, raw };
    throw this.#strange(`${parsed.error.issues[0].path.join('.')}: ${parsed.error.issues[0].message}`);
  }

  async #fetch(
    target: URL,
    change?: { readonly method: string; readonly body?: Sent },
  ): Promise<{ status: number; raw: unknown }> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(target, {
        signal: AbortSignal.any([this.#signal, AbortSignal.timeout(ANSWER_MS_MAX)]),
        redirect: 'error',
        ...(change === undefined ? {} : { method: change.method }),
        ...(change?.body === undefined ? {} : { body: change.body.text }),
        headers: {
          accept: 'application/json',
          ...(change?.body === undefined ? {} : { 'content-type': change.body.type }),
          ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
        },
      });
      text = await bounded(response);
    } catch (error) {
      throw this.#unreachable(error);
    }
    if (response.status === 204) return { status: 204, raw: undefined };
    try {
      return { status: response.status, raw: JSON.parse(text) };
    } catch {
      throw this.#strange('it is no JSON');
    }
  }

  #unreachable(error: unknown): BonghwaError {
    if (error instanceof BonghwaError) return error;
    const cause = (error as { cause?: NodeJS.ErrnoException }).cause;
    const name = (error as Error).name;
    const reason =
      name === 'TimeoutError'
        ? `it did not answer within ${ANSWER_MS_MAX / 1000} s`
        : name === 'AbortError'
          ? 'interrupted'
          : (REASONS[cause?.code ?? ''] ?? cause?.message ?? (error as Error).message);
    return new BonghwaError('STATION_UNREACHABLE', `no station answers at ${this.url}: ${reason}`, {
      hint: START_HINT,
      cause: error,
    });
  }

  #refused(status: number, raw: unknown): BonghwaError {
    const problem = problemSchema.safeParse(raw);
    if (!problem.success) return this.#strange(`its status is ${status}`);
    const { detail, hint, errors, title } = problem.data;
    if (status === 400) {
      const wrong = errors?.map(({ parameter, detail: said }) => `--${optionName(parameter)}: ${said}`).join('; ');
      return new BonghwaError('OPTION_INVALID', wrong ?? detail ?? title, {
        hint: hint ?? '--help shows what can be given.',
      });
    }
    if (status === 401)
      return new BonghwaError('STATION_REFUSED', detail ?? title, {
        hint: `--data DIRECTORY takes the token of a station on this machine; for others, ${TOKEN_VARIABLE} holds one that was made there.`,
      });
    return new BonghwaError('STATION_REFUSED', detail ?? title, hint === undefined ? {} : { hint });
  }

  #strange(what: string): BonghwaError {
    return new BonghwaError('STATION_REFUSED', `what answers at ${this.url} is no Bonghwa of this version (${what})`, {
      hint: 'Check the address, and that both are of one version.',
    });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut',
  UND_ERR_SOCKET: 'the connection was cut',
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name is not known now',
  EHOSTUNREACH: 'there is no way there',
};

/** `srcPort` as it stands on the command line: `src-port`. */
function optionName(parameter: string): string {
  return parameter.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

async function bounded(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX)
      throw new BonghwaError('STATION_REFUSED', 'the answer is larger than any of a station');
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/**
 * The station that is meant: the one named, the one that runs on the data directory, or the one at the usual address. Rejects with
 * STATION_UNREACHABLE where nobody runs on the directory.
 */
export async function openClient(choice: StationChoice, signal: AbortSignal): Promise<StationClient> {
  const url = await urlOf(choice);
  return new StationClient(url, signal, await tokenFor(url, choice));
}

/** Where a command takes the token of a station elsewhere from. */
export const TOKEN_VARIABLE = 'BONGHWA_TOKEN';

/**
 * What the station is asked with: the token of the environment; that of the data directory, where the station runs on it. It is sent to
 * no other station: whoever answers there could use it here.
 */
async function tokenFor(url: string, { data = DATA_DEFAULT }: StationChoice): Promise<string | undefined> {
  const given = process.env[TOKEN_VARIABLE]?.trim();
  if (given !== undefined && given !== '') return given;
  const holder = await readLock(data);
  if (holder?.http === undefined || new URL(urlOfHolder(holder.http)).host !== new URL(url).host) return undefined;
  return await readLocalToken(data);
}

function urlOfHolder(http: string): string {
  const listen = parseListen(http);
  return `http://${listen === undefined ? http : reachable(listen)}`;
}

async function urlOf({ station, data }: StationChoice): Promise<string> {
  if (station !== undefined) return stationUrl(station);
  const holder = await readLock(data ?? DATA_DEFAULT);
  if (holder?.http !== undefined) return urlOfHolder(holder.http);
  if (data === undefined) return STATION_DEFAULT;
  if (holder !== undefined) {
    throw new BonghwaError(
      'STATION_UNREACHABLE',
      `the station on ${data} (process ${holder.pid}) does not answer yet`,
      {
        hint: 'Ask again in a moment.',
      },
    );
  }
  throw new BonghwaError('STATION_UNREACHABLE', `no station runs on ${data}`, {
    hint: `'bonghwa serve --data ${data}' starts one.`,
  });
}

/** `127.0.0.1:8480` or a URL, as a URL. */
function stationUrl(text: string): string {
  const url = /^https?:\/\//i.test(text) ? text : `http://${text}`;
  if (URL.canParse(url)) return url;
  throw new BonghwaError('OPTION_INVALID', `--station ${text} is no address`, {
    hint: `Give one such as ${STATION_DEFAULT}.`,
  });
}
