import type { Criticality, Sector } from '../../../src/model/site.ts';

/** What a site may be, in the order in which forms offer it. */
export const SECTORS = [
  'government',
  'judiciary',
  'legislature',
  'defence',
  'police',
  'energy',
  'transport',
  'finance',
  'health',
  'water',
  'media',
  'telecom',
  'education',
  'private',
  'other',
] as const satisfies readonly Sector[];

export const CRITICALITIES = ['critical', 'high', 'normal', 'low'] as const satisfies readonly Criticality[];
