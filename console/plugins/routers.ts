import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';
import type { RouterSettings } from '../src/data/router-settings.ts';

const ROUTERS = 'virtual:routers';

/** What to type on which router stands in docs/exporters.md, once, and is taken from there. */
export function routersPlugin(top: string): Plugin {
  return {
    name: 'bonghwa-routers',
    resolveId: (id) => (id === ROUTERS ? `\0${id}` : undefined),
    load: (id) =>
      id === `\0${ROUTERS}`
        ? `export const routers = ${JSON.stringify(routersIn(readFileSync(join(top, 'docs/exporters.md'), 'utf8')))};`
        : undefined,
  };
}

/** The blocks of a document that name STATION, under the headings that they stand below. */
export function routersIn(markdown: string): readonly RouterSettings[] {
  const found: RouterSettings[] = [];
  let title = '';
  let block: string[] | undefined;
  for (const line of markdown.split('\n')) {
    if (line.startsWith('```')) {
      const lines = block?.join('\n');
      if (lines?.includes('STATION')) found.push({ title, lines });
      block = block === undefined ? [] : undefined;
    } else if (block !== undefined) block.push(line);
    else if (line.startsWith('## ')) title = line.slice(3).trim();
  }
  return found;
}
