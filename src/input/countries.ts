import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type CountryResponse, Reader } from 'mmdb-lib';

/** Country of an address by ISO 3166 alpha-2 code; `undefined` where the registries do not say. */
export type CountryOf = (address: string) => string | undefined;

const DATABASE = '@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb';

/**
 * Opens the packaged table of countries (ip-location-db, from the registries' delegations and WHOIS, CC0), about 8 MB in memory.
 * Nothing is looked up over the network. Where the package was left out, every country is unknown.
 */
export async function openCountries(): Promise<CountryOf> {
  let bytes: Buffer;
  try {
    bytes = await readFile(createRequire(import.meta.url).resolve(DATABASE));
  } catch {
    return () => undefined;
  }
  // The table is flat: { "country_code": "KR" }.
  const reader = new Reader<CountryResponse & { readonly country_code?: string }>(bytes);
  return (address) => {
    const code = reader.get(address)?.country_code;
    return code === undefined || code.length !== 2 ? undefined : code;
  };
}
