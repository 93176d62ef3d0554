import type { Site } from '../../src/model/site.ts';
import type { Vantage } from '../../src/model/vantage.ts';

/** Two vantages at home and one abroad, in three networks. */
export const VANTAGES: readonly Vantage[] = [
  { name: 'seoul', country: 'KR', network: 'kt' },
  { name: 'busan', country: 'KR', network: 'lg' },
  { name: 'frankfurt', country: 'DE', network: 'dtag' },
];

/** A registered site with what a test does not care about. */
export function aSite(name: string, more: Partial<Site> = {}): Site {
  return {
    name,
    urls: [`https://${name}.example/`],
    addresses: [],
    prefixes: [],
    sector: 'government',
    criticality: 'normal',
    contacts: [],
    tlp: 'amber',
    country: 'KR',
    maintenance: [],
    knownGood: [],
    expect: {},
    registered: 'configuration',
    ...more,
  };
}
