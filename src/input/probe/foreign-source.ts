import { z } from 'zod';
import { jsonOf } from '../../base/json.ts';
import type { VantageProgram } from '../../model/config-probe.ts';
import { readExposition, type Sample } from '../../wire/check/exposition.ts';
import { blackboxCheck, type ForeignCheck, kumaMonitors } from '../../wire/check/foreign.ts';

export interface ForeignSource {
  readonly program: VantageProgram;
  readonly url: string;
  readonly token?: string | undefined;
}

/** A check of another program, and what it says that it checked: a URL, `host:port` or a host. */
export interface ForeignResult {
  readonly target: string;
  readonly check: ForeignCheck;
}

/** An answer is given up after this, ms: a probe of blackbox_exporter takes as long as its module allows. */
const ANSWER_MS_MAX = 25_000;
const ANSWER_BYTES_MAX = 16 << 20;
/** Probes of blackbox_exporter that are asked for at a time. */
const PROBES_MAX = 8;
/** Labels that differ between the metrics of one probe. */
const OWN_LABELS = new Set([
  '__name__',
  'phase',
  'version',
  'fingerprint_sha256',
  'issuer',
  'subject',
  'subjectalternative',
  'serialnumber',
]);

const vectorSchema = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('vector'),
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
  }),
});

/** Reads what another program has found. `urls` are what is registered: blackbox_exporter is asked for each. Rejects with why it cannot be read. */
export async function readForeign(
  source: ForeignSource,
  urls: readonly string[],
  signal: AbortSignal,
): Promise<readonly ForeignResult[]> {
  switch (source.program) {
    case 'blackbox':
      return readBlackbox(source, urls, signal);
    case 'prometheus':
      return readPrometheus(source, signal);
    case 'uptime-kuma': {
      const text = await get(source, new URL(source.url), signal);
      const { samples } = readExposition(text, ['monitor_']);
      if (samples.length === 0) throw new Error(`${source.url} tells of no monitor of Uptime Kuma`);
      return kumaMonitors(samples, Date.now()).map(({ target, check }) => ({ target, check }));
    }
  }
}

async function readBlackbox(
  source: ForeignSource,
  urls: readonly string[],
  signal: AbortSignal,
): Promise<readonly ForeignResult[]> {
  const results: ForeignResult[] = [];
  let fault: Error | undefined;
  const waiting = urls.filter((url) => /^https?:/i.test(url)).values();
  const work = async (): Promise<void> => {
    for (const target of waiting) {
      if (signal.aborted) return;
      const url = new URL(source.url);
      url.searchParams.set('target', target);
      try {
        const { samples } = readExposition(await get(source, url, signal), ['probe_']);
        const check = blackboxCheck(samples, target, Date.now());
        if (check === undefined) throw new Error(`${source.url} tells of no probe: it has to be /probe with a module`);
        results.push({ target, check });
      } catch (error) {
        fault = error as Error;
      }
    }
  };
  await Promise.all(Array.from({ length: PROBES_MAX }, work));
  if (results.length === 0 && fault !== undefined) throw fault;
  return results;
}

async function readPrometheus(source: ForeignSource, signal: AbortSignal): Promise<readonly ForeignResult[]> {
  const { searchParams } = new URL(source.url);
  const match = searchParams.get('match');
  const also = match === null ? '' : `,${match}`;
  // The latest of each metric: Prometheus tells none that is older than five minutes. When it was probed, the time of an answer does not say.
  const [probes, times] = await Promise.all([
    queryPrometheus(source, `{__name__=~"probe_.+"${also}}`, signal),
    queryPrometheus(source, `timestamp(probe_success{${also.slice(1)}})`, signal),
  ]);
  const probedMs = new Map(times.map(({ metric, value }) => [probeOf(metric), Number(value[1]) * 1000]));
  const found = new Map<string, { readonly target: string; readonly samples: Sample[]; timeMs: number }>();
  for (const { metric, value } of probes) {
    const key = probeOf(metric);
    const timeMs = probedMs.get(key) ?? value[0] * 1000;
    const known = found.get(key) ?? { target: metric.instance ?? '', samples: [], timeMs };
    found.set(key, known);
    known.timeMs = Math.max(known.timeMs, timeMs);
    const labels = new Map(Object.entries(metric));
    known.samples.push({ name: metric.__name__ ?? '', labels, value: Number(value[1]) });
  }
  return [...found.values()].flatMap(({ target, samples, timeMs }) => {
    const check = blackboxCheck(samples, target, timeMs);
    return check === undefined || target === '' ? [] : [{ target, check }];
  });
}

/** What tells the probe of a metric from others: what is probed, by whom, and whatever else was written beside it. */
function probeOf(metric: Readonly<Record<string, string>>): string {
  const own = Object.entries(metric).filter(([label]) => !OWN_LABELS.has(label));
  return JSON.stringify(own.sort(([left], [right]) => (left < right ? -1 : 1)));
}

async function queryPrometheus(
  source: ForeignSource,
  query: string,
  signal: AbortSignal,
): Promise<z.infer<typeof vectorSchema>['data']['result']> {
  const base = new URL(source.url);
  base.search = '';
  const url = new URL('api/v1/query', base.href.endsWith('/') ? base : `${base.href}/`);
  url.searchParams.set('query', query);
  const parsed = vectorSchema.safeParse(jsonOf(await get(source, url, signal)));
  if (!parsed.success) throw new Error(`${source.url} does not answer as Prometheus does`);
  return parsed.data.data.result;
}

async function get({ token, program }: ForeignSource, url: URL, signal: AbortSignal): Promise<string> {
  const headers = new Headers({ accept: program === 'prometheus' ? 'application/json' : 'text/plain' });
  // Uptime Kuma takes its API key as the password of nobody.
  if (token !== undefined)
    headers.set(
      'authorization',
      program === 'uptime-kuma' ? `Basic ${Buffer.from(`:${token}`).toString('base64')}` : `Bearer ${token}`,
    );
  const late = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS_MAX)]);
  let response: Response;
  try {
    response = await fetch(url, { headers, signal: late, redirect: 'error' });
  } catch (error) {
    const { cause, message } = error as Error & { cause?: NodeJS.ErrnoException };
    throw new Error(`${url.origin} cannot be reached: ${cause?.code ?? message}`, { cause: error });
  }
  if (!response.ok) throw new Error(`${url.origin}${url.pathname} answers with status ${response.status}`);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`the answer of ${url.origin} is larger than 16 MiB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
