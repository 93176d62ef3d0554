import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';
import type { LogSettings, RouterSettings } from '../src/data/router-settings.ts';

const ROUTERS = 'virtual:routers';
/** Where docs/logs.md says how logs come to a station. */
const LOGS_HEADING = '## How does a log come to the station?';

/** What to type on which router stands in docs/exporters.md, and how logs come here in docs/logs.md, each once; it is taken from there. */
export function routersPlugin(top: string): Plugin {
  const read = (path: string): string => readFileSync(join(top, path), 'utf8');
  return {
    name: 'bonghwa-routers',
    resolveId: (id) => (id === ROUTERS ? `\0${id}` : undefined),
    load: (id) =>
      id === `\0${ROUTERS}`
        ? `export const routers = ${JSON.stringify(routersIn(read('docs/exporters.md')))};\n` +
          `export const logs = ${JSON.stringify(logsIn(read('docs/logs.md')))};`
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

/** What stands under each smaller heading of the section: blocks, each with the sentence before it. */
export function logsIn(markdown: string): readonly LogSettings[] {
  const found: { title: string; blocks: { about: string; lines: string }[] }[] = [];
  let inside = false;
  let about: string[] = [];
  let block: string[] | undefined;
  for (const line of markdown.split('\n')) {
    if (block !== undefined && !line.startsWith('```')) block.push(line);
    else if (line.startsWith('## ')) inside = line === LOGS_HEADING;
    else if (!inside) continue;
    else if (line.startsWith('### ')) {
      found.push({ title: line.slice(4).trim(), blocks: [] });
      about = [];
    } else if (line.startsWith('```')) {
      if (block !== undefined) {
        found.at(-1)?.blocks.push({ about: about.join(' ').replaceAll('`', ''), lines: block.join('\n') });
        about = [];
      }
      block = block === undefined ? [] : undefined;
    } else if (line.trim() !== '') about.push(line.trim());
  }
  return found.filter(({ blocks }) => blocks.length > 0);
}
