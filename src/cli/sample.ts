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
export const sampleFile = (sample: Sample): string => fileURLToPath(new URL(sample.file, DIRECTORY));
