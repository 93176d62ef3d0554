declare module '*.svelte' {
  import type { Component } from 'svelte';

  const component: Component<Record<string, unknown>>;
  export default component;
}

declare module '*.css';

/** The project's own documents, rendered when the console is built (console/plugins/documents.ts). */
declare module 'virtual:documents' {
  import type { DocumentPage } from './data/documents.ts';
  export const documents: readonly DocumentPage[];
}

/** What to type on a router, from docs/exporters.md, and how logs come here, from docs/logs.md (console/plugins/routers.ts). */
declare module 'virtual:routers' {
  import type { LogSettings, RouterSettings } from './data/router-settings.ts';
  export const routers: readonly RouterSettings[];
  export const logs: readonly LogSettings[];
}
