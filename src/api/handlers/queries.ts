import type { z } from 'zod';
import { parsePrefix } from '../../base/prefix.ts';
import type { AttackQuery } from '../../store/state/state-store.ts';
import type { FlowsQuery } from '../../store/telemetry/flows-query.ts';
import type { RequestsQuery } from '../../store/telemetry/requests-query.ts';
import type { SecondsQuery } from '../../store/telemetry/seconds-query.ts';
import type { attacksParamsSchema, flowsParamsSchema, requestsParamsSchema, secondsParamsSchema } from '../contract.ts';
import type { ApiDeps } from '../deps.ts';
import { stepParam, timeParam, wrongParams } from '../params.ts';
import { RequestProblem } from '../problem.ts';

type Params<S extends z.ZodObject> = z.output<S>;

export function attackQuery(params: Params<typeof attacksParamsSchema>, nowMs: number): AttackQuery {
  const { since, until, ...rest } = params;
  return {
    ...rest,
    ...(since === undefined ? {} : { since: timeParam('since', since, nowMs) }),
    ...(until === undefined ? {} : { until: timeParam('until', until, nowMs) }),
  };
}

/** What the telemetry store is asked; a target that is the name of a site is asked for by its addresses. */
export function flowsQuery(params: Params<typeof flowsParamsSchema>, deps: ApiDeps, nowMs: number): FlowsQuery {
  const { since, until, target, src, dst, exporter, step, srcCountry, ...rest } = params;
  const prefixes = (parameter: string, texts: readonly string[]): string[] =>
    texts.map((text) => prefixOrRefuse(parameter, text));
  return {
    ...rest,
    ...span(since, until, nowMs),
    ...(target === undefined ? {} : { targets: target.flatMap((text) => targetPrefixes(text, deps)) }),
    ...(src === undefined ? {} : { src: prefixes('src', src) }),
    ...(dst === undefined ? {} : { dst: prefixes('dst', dst) }),
    ...(exporter === undefined ? {} : { exporter: prefixOrRefuse('exporter', exporter) }),
    ...(srcCountry === undefined ? {} : { srcCountry: srcCountry.toUpperCase() }),
    ...(step === undefined ? {} : { stepMs: stepParam('step', step) }),
  };
}

export function requestsQuery(params: Params<typeof requestsParamsSchema>, nowMs: number): RequestsQuery {
  const { since, until, country, ...rest } = params;
  return {
    ...rest,
    ...span(since, until, nowMs),
    ...(country === undefined ? {} : { country: country.toUpperCase() }),
  };
}

export function secondsQuery(params: Params<typeof secondsParamsSchema>, nowMs: number): SecondsQuery {
  const { since, until, step, ...rest } = params;
  return { ...rest, ...span(since, until, nowMs), ...(step === undefined ? {} : { stepMs: stepParam('step', step) }) };
}

function span(since: string, until: string, nowMs: number): { since: number; until: number } {
  const times = { since: timeParam('since', since, nowMs), until: timeParam('until', until, nowMs) };
  if (times.since >= times.until)
    throw wrongParams([{ parameter: 'since', detail: 'it is not before `until`, so that nothing lies between' }]);
  return times;
}

function prefixOrRefuse(parameter: string, text: string): string {
  if (parsePrefix(text) === undefined)
    throw wrongParams([{ parameter, detail: `'${text}' is no address and no prefix` }]);
  return text;
}

function targetPrefixes(text: string, deps: ApiDeps): readonly string[] {
  if (parsePrefix(text) !== undefined) return [text];
  const addresses = deps.siteAddresses(text);
  if (addresses === undefined)
    throw wrongParams([
      { parameter: 'target', detail: `'${text}' is no address, no prefix, and no site of this station` },
    ]);
  if (addresses.length === 0)
    throw wrongParams([{ parameter: 'target', detail: `the site '${text}' has no addresses in the configuration` }]);
  return addresses;
}

/** Questions to the stores that are answered at a time; each may read a day of rows. */
const QUESTIONS_MAX = 8;

/** Lets so many questions through at a time, and refuses the others. */
export class Gate {
  #open = 0;

  async through<T>(ask: () => Promise<T>): Promise<T> {
    if (this.#open >= QUESTIONS_MAX)
      throw new RequestProblem(503, { detail: `${QUESTIONS_MAX} questions are being answered`, hint: 'Ask again.' });
    this.#open++;
    try {
      return await ask();
    } finally {
      this.#open--;
    }
  }
}

/** Ends a request for a part that this station does not have, or not yet. */
export function notHere(what: string): never {
  throw new RequestProblem(503, {
    detail: `not available on this station: ${what}`,
    hint: 'While a station starts, ask again in a moment.',
  });
}
