import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import MarkdownIt from 'markdown-it';
import type { Plugin } from 'vite';
import type { DocumentPage } from '../src/data/documents.ts';

/** What of the checkout is shown beside docs/: the questions that lead into it. */
const BESIDE = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'];
const DOCUMENTS = 'virtual:documents';

/**
 * Renders the documents of the checkout at `top` into the console, all of them into one module: they are small together, and compress better
 * than one by one.
 */
export function documentsPlugin(top: string): Plugin {
  return {
    name: 'bonghwa-documents',
    resolveId: (id) => (id === DOCUMENTS ? `\0${id}` : undefined),
    load(id) {
      if (id !== `\0${DOCUMENTS}`) return undefined;
      const all = pathsOf(top).map((path) => render(top, path));
      return `export const documents = JSON.parse(${JSON.stringify(JSON.stringify(all))});`;
    },
  };
}

function pathsOf(top: string): readonly string[] {
  const below = readdirSync(join(top, 'docs'), { recursive: true, encoding: 'utf8' })
    .map((path) => posix.join('docs', path.replaceAll('\\', '/')))
    .filter((path) => path.endsWith('.md'))
    .sort();
  return [...below, ...BESIDE];
}

function render(top: string, path: string): DocumentPage {
  const source = readFileSync(join(top, path), 'utf8');
  // Markup in a document stays text: what is rendered is our own, and all the same runs nothing.
  const markdown = new MarkdownIt({ html: false, linkify: false });
  const headings: { readonly id: string; readonly title: string }[] = [];
  const tokens = markdown.parse(source.replaceAll(/<!--[\s\S]*?-->/g, ''), {});
  const seen = new Map<string, number>();
  let title = path;
  for (const [at, token] of tokens.entries()) {
    if (token.type === 'heading_open') {
      const text = plain(tokens[at + 1].content);
      const id = anchorOf(text, seen);
      token.attrSet('id', id);
      if (token.tag === 'h1') title = text;
      else if (token.tag === 'h2') headings.push({ id, title: text });
    } else if (token.type === 'fence' || token.type === 'code_block') {
      // What scrolls can be reached with the keyboard.
      token.attrSet('tabindex', '0');
    } else if (token.type === 'table_open') {
      token.attrSet('class', 'document-table');
    }
    if (token.type === 'inline') {
      for (const child of token.children ?? []) {
        if (child.type === 'link_open') child.attrSet('href', linkOf(path, String(child.attrGet('href'))));
        if (child.type === 'image') child.attrSet('src', '');
      }
    }
  }
  markdown.renderer.rules.image = (all, at) => markdown.utils.escapeHtml(all[at].content);
  const html = markdown.renderer.render(tokens, markdown.options, {});
  return { path, title, headings, html };
}

const plain = (text: string): string =>
  text
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/[`*]/g, '')
    .trim();

/** As the usual hosts make them, so that links between documents hold here too. */
function anchorOf(text: string, seen: Map<string, number>): string {
  const anchor = text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-');
  const times = seen.get(anchor) ?? 0;
  seen.set(anchor, times + 1);
  return times === 0 ? anchor : `${anchor}-${times}`;
}

/** A link between documents stays in the console; one to the outside is left as it is. */
function linkOf(from: string, href: string): string {
  if (/^[a-z][a-z0-9+.-]*:/i.test(href) || href.startsWith('#')) return href;
  const [path, anchor] = href.split('#');
  const target = posix.join(posix.dirname(from), path);
  return target.endsWith('.md') ? `/docs/${target}${anchor === undefined ? '' : `#${anchor}`}` : `/docs/${from}`;
}
