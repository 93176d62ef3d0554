import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { type VantageSites, vantageSitesSchema } from './vantage-protocol.ts';

const keptSchema = z.object({ key: z.string(), told: vantageSitesSchema });
const FILE_MODE = 0o600;

/** The list of sites as a station told it last, so that a vantage that starts while the station is away knows what to check. */
export class SitesFile {
  readonly #path: string;
  readonly #key: string;

  /** `key` tells the key of the vantage from others, without telling it. */
  constructor(path: string, key: string) {
    this.#path = path;
    this.#key = key;
  }

  /** Undefined where nothing is kept that can be read, or for another key. */
  read(): VantageSites | undefined {
    try {
      const kept = keptSchema.safeParse(JSON.parse(readFileSync(this.#path, 'utf8'))).data;
      return kept?.key === this.#key ? kept.told : undefined;
    } catch {
      return undefined;
    }
  }

  write(told: VantageSites): void {
    const written = `${this.#path}.new`;
    writeFileSync(written, JSON.stringify({ key: this.#key, told }), { mode: FILE_MODE });
    renameSync(written, this.#path);
  }
}
