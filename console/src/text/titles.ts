import type { Route } from '../data/route.ts';
import { t } from './text.svelte.ts';

/** The title of the window: how many attacks go on comes first, so that it shows in a row of tabs. */
export function titleOf({ page, subject }: Route, attacks: number): string {
  const count = attacks === 0 ? '' : `(${attacks}) `;
  const name = page === 'lost' ? t('lost.title') : t(`nav.${page}`);
  return `${count}${subject === undefined ? name : `${subject} · ${name}`} · ${t('shell.name')}`;
}
