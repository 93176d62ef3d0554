import { join } from 'node:path';
import { type Geo, type GeoOptions, NO_GEO, openGeo } from '../input/geo.ts';
import type { Attack } from '../model/attack.ts';
import { type SourceShares, withOrigins } from './origins.ts';

/**
 * Where addresses are, for a station that runs: it does not wait for the tables, knows nothing until they are open, and takes over new ones at
 * a reload. An operator's tables lie in `geo` of the station's data directory; what was made of them, or of the packaged ones, in its cache.
 */
export class Places {
  readonly #options: GeoOptions;
  readonly #onProblem: (problem: string) => void;
  #geo: Geo = NO_GEO;

  /** `cacheDirectory` is `cache` of the data directory when absent. `onProblem` is told of every table that cannot be used. */
  constructor(dataDirectory: string, cacheDirectory: string | undefined, onProblem: (problem: string) => void) {
    this.#options = {
      directory: join(dataDirectory, 'geo'),
      cacheDirectory: cacheDirectory ?? join(dataDirectory, 'cache'),
    };
    this.#onProblem = onProblem;
  }

  /** Opens the tables, or opens them anew; lookups go on with what there is meanwhile. Never rejects. */
  async open(): Promise<void> {
    const geo = await openGeo(this.#options);
    for (const problem of geo.problems) this.#onProblem(problem);
    // Tables that served until now are better than none.
    if (geo.tables.length > 0 || this.#geo.tables.length === 0) this.#geo = geo;
  }

  country(words: Uint32Array, at: number): string | undefined {
    return this.#geo.countryOf(words, at);
  }

  asn(words: Uint32Array, at: number): number | undefined {
    const asn = this.#geo.asnOf(words, at);
    return asn === 0 ? undefined : asn;
  }

  /** The attack with what is known now of where its sources are. */
  tell(attack: Attack, sources?: SourceShares): Attack {
    return withOrigins(attack, this.#geo, sources);
  }
}
