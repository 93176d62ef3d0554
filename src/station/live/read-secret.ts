import { readFile } from 'node:fs/promises';
import { resolveSecret, type SecretReference } from '../../model/secret.ts';
import type { StationOptions } from './station-options.ts';

/** What a reference of the configuration leads to now. Rejects where it leads nowhere. */
export async function readSecret(
  reference: SecretReference | undefined,
  environment: StationOptions['environment'],
): Promise<string | undefined> {
  if (reference === undefined) return undefined;
  return resolveSecret(reference, environment, (path) => readFile(path, 'utf8'));
}
