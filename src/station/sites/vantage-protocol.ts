import { z } from 'zod';
import { expectationSchema } from '../../model/site.ts';
import { checkResultSchema } from '../../model/vantage.ts';

/**
 * What a station and its vantages say to each other, over HTTPS and HTTP/1.1, with `Authorization: Bearer KEY`:
 *
 *   GET  /vantage/v1/sites     what to check, and how often; If-None-Match saves sending it again
 *   POST /vantage/v1/results   a batch of results, in order; its number makes a repeated one harmless
 */
export const SITES_PATH = '/vantage/v1/sites';
export const RESULTS_PATH = '/vantage/v1/results';

/** Results of one batch, and bytes of its JSON. */
export const BATCH_MAX = 500;
export const BATCH_BYTES_MAX = 1 << 20;
/** Bytes of a list of sites. */
export const SITES_BYTES_MAX = 32 << 20;

export const vantageSitesSchema = z.object({
  /** Name of the vantage, as the station has it. */
  vantage: z.string(),
  everySeconds: z.number().min(1).max(86_400),
  sites: z.array(z.object({ name: z.string(), urls: z.array(z.string()), expect: expectationSchema })),
});
export type VantageSites = z.infer<typeof vantageSitesSchema>;

export const resultsSchema = z.object({
  /** Drawn when the vantage started: numbers begin anew with it. */
  run: z.string().min(1).max(64),
  number: z.int().min(1),
  results: z.array(checkResultSchema).max(BATCH_MAX),
});
export type Results = z.infer<typeof resultsSchema>;

export const takenSchema = z.object({ taken: z.int(), refused: z.int() });

/** What a vantage is given to hold: its key, and the fingerprint of the station's certificate. */
export function formatVantageKey(key: string, fingerprint: string): string {
  return `bonghwa-vantage.${key}.${fingerprint}`;
}

export interface VantageKey {
  readonly key: string;
  readonly fingerprint: string;
}

export function parseVantageKey(text: string): VantageKey | undefined {
  const found = /^bonghwa-vantage\.([A-Za-z0-9_-]{43})\.([0-9a-f]{64})$/.exec(text.trim());
  return found === null ? undefined : { key: found[1], fingerprint: found[2] };
}
