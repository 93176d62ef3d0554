import { type Route, routeOf } from './route.ts';

/** Where the reader is. */
class Place {
  path = $state(location.pathname);
  query = $state.raw(new URLSearchParams(location.search));
  anchor = $state(location.hash);
  readonly route: Route = $derived(routeOf(this.path));

  constructor() {
    addEventListener('popstate', () => this.#read());
  }

  /** Goes to an address of the console. */
  go(href: string, { replace = false }: { readonly replace?: boolean } = {}): void {
    const before = this.path;
    if (replace) history.replaceState(null, '', href);
    else history.pushState(null, '', href);
    this.#read();
    if (this.path !== before) scrollTo(0, 0);
  }

  /** Changes parameters of the address that one is at; an empty one goes. */
  set(params: Readonly<Record<string, string | undefined>>, replace = true): void {
    const query = new URLSearchParams(this.query);
    for (const [name, value] of Object.entries(params)) {
      if (value === undefined || value === '') query.delete(name);
      else query.set(name, value);
    }
    this.go(query.size === 0 ? this.path : `${this.path}?${query}`, { replace });
  }

  #read(): void {
    this.path = location.pathname;
    this.query = new URLSearchParams(location.search);
    this.anchor = location.hash;
  }
}

export const place = new Place();

/** Links of the console are followed without loading it anew; what the reader opens elsewhere is left to the browser. */
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (link === null || link.target !== '' || link.hasAttribute('download')) return;
  const url = new URL(link.href, location.href);
  if (url.origin !== location.origin || url.pathname.startsWith('/api/')) return;
  if (url.hash !== '' && url.pathname === location.pathname) return;
  event.preventDefault();
  place.go(url.pathname + url.search + url.hash);
}
