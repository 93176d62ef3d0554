import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { BonghwaError } from '../base/errors.ts';

const DIRECTORY = new URL('../../samples/', import.meta.url);

/** What samples/sample.json says of the recording. */
const sampleSchema = z.object({
  file: z.string().min(1),
  title: z.string().min(1),
  about: z.string().min(1),
  networks: z.array(z.string()),
  /** The websites in it, as the configuration has them. */
  sites: z.array(z.object({ name: z.string().min(1), addresses: z.array(z.string()), sector: z.string() })).default([]),
  /** The second recording: a website that goes out, by its log and by the checks of vantages. */
  outage: z.object({
    log: z.string().min(1),
    checks: z.string().min(1),
    register: z.string().min(1),
    title: z.string().min(1),
    about: z.string().min(1),
  }),
});
export type Sample = z.infer<typeof sampleSchema>;

/** Throws SAMPLE_MISSING. */
export async function readSample(): Promise<Sample> {
  const path = new URL('sample.json', DIRECTORY);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new BonghwaError('SAMPLE_MISSING', 'the recorded sample is not there (samples/sample.json)', {
      hint: 'Check out samples/ again, or replay a capture of your own: bonghwa replay FILE.',
      cause,
    });
  }
  try {
    return sampleSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new BonghwaError('SAMPLE_MISSING', 'samples/sample.json does not describe a recording', {
      hint: 'Check out samples/ again, or replay a capture of your own: bonghwa replay FILE.',
      cause,
    });
  }
}

/** Where the recording lies. */
export const sampleFile = ({ file }: { readonly file: string }): string => fileURLToPath(new URL(file, DIRECTORY));
