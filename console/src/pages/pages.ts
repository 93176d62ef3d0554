import type { Component } from 'svelte';
import type { Route } from '../data/route.ts';
import Now from './Now.svelte';

interface PageModule {
  readonly default: Component<Record<string, unknown>>;
}

/** Each page is loaded when it is asked for; the first one is here at once. */
export const pageLoaders: Readonly<Record<Route['page'], () => Promise<PageModule>>> = {
  now: () => Promise.resolve({ default: Now }),
  attacks: () => import('./AttackPages.svelte'),
  incidents: () => import('./IncidentPages.svelte'),
  sites: () => import('./SitePages.svelte'),
  vantages: () => import('./Vantages.svelte'),
  exporters: () => import('./Exporters.svelte'),
  settings: () => import('./Settings.svelte'),
  docs: () => import('./Documents.svelte'),
  setup: () => import('./Setup.svelte'),
  'sign-in': () => import('./SignIn.svelte'),
  lost: () => import('./Lost.svelte'),
};
