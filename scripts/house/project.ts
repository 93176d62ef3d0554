import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { type Import, importsOf } from './imports.ts';
import { scan, type Token } from './scan.ts';

/** One TypeScript file, read once for all rules. */
export interface SourceFile {
  /** Path from the top of the checkout, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly imports: readonly Import[];
}

/** What the rules look at. Built from a checkout by `readProject`, and by hand in the tests of the rules. */
export interface Project {
  /** TypeScript files, and components of the console, by path. */
  readonly sources: ReadonlyMap<string, SourceFile>;
  /** Markdown files by path, with their text. */
  readonly documents: ReadonlyMap<string, string>;
  /** Shell scripts by path, with their text. */
  readonly shellScripts: ReadonlyMap<string, string>;
  /** Every path that a link may name: files and folders. */
  readonly paths: ReadonlySet<string>;
  /** Names under `dependencies` of package.json. */
  readonly dependencies: ReadonlySet<string>;
  /** Commands under `scripts` of package.json. */
  readonly commands: readonly string[];
}

const SOURCE_FOLDERS = ['src', 'test', 'bench', 'scripts', 'samples', 'console'];
const SKIPPED_FOLDERS = new Set(['node_modules', 'dist', 'coverage', 'tmp', '.git']);

/** A project of files given as text; `package.json` among them, where its dependencies and scripts matter. */
export function projectOf(files: Readonly<Record<string, string>>): Project {
  const sources = new Map<string, SourceFile>();
  const documents = new Map<string, string>();
  const shellScripts = new Map<string, string>();
  const paths = new Set<string>();
  for (const [path, text] of Object.entries(files)) {
    for (let folder = path; folder !== '.'; folder = posix.dirname(folder)) paths.add(folder);
    if (/\.(ts|svelte)$/.test(path) && SOURCE_FOLDERS.includes(path.split('/')[0])) {
      const tokens = scan(path.endsWith('.svelte') ? scriptOf(text) : text);
      sources.set(path, { path, text, tokens, imports: importsOf(tokens) });
    } else if (path.endsWith('.md')) {
      documents.set(path, text);
    } else if (path.endsWith('.sh')) {
      shellScripts.set(path, text);
    }
  }
  const manifest = manifestOf(files['package.json'] ?? '{}');
  return { sources, documents, shellScripts, paths, ...manifest };
}

function manifestOf(text: string): Pick<Project, 'dependencies' | 'commands'> {
  const manifest = JSON.parse(text) as {
    readonly dependencies?: Readonly<Record<string, string>>;
    readonly scripts?: Readonly<Record<string, string>>;
  };
  return {
    dependencies: new Set(Object.keys(manifest.dependencies ?? {})),
    commands: Object.values(manifest.scripts ?? {}),
  };
}

/** The script of a component, with everything else blank, so that lines keep their numbers. */
function scriptOf(component: string): string {
  const found = /<script[^>]*>([\s\S]*?)<\/script>/.exec(component);
  if (found === null) return '';
  const start = found.index + found[0].indexOf('>') + 1;
  return component.slice(0, start).replaceAll(/[^\n]/g, ' ') + found[1];
}

/** Reads the checkout at `top`: the text of sources and documents, the names of everything else. */
export function readProject(top: string): Project {
  const files: Record<string, string> = {};
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(top, folder), { withFileTypes: true })) {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!SKIPPED_FOLDERS.has(entry.name)) walk(path);
      } else {
        const isText = /\.(ts|svelte|md|sh)$/.test(path) || path === 'package.json';
        files[path] = isText ? readFileSync(join(top, path), 'utf8') : '';
      }
    }
  };
  walk('');
  return projectOf(files);
}

/** The path that a relative specifier in `from` names; `undefined` for a package. */
export function resolveRelative(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return posix.join(posix.dirname(from), specifier);
}

export const isTest = (path: string): boolean => path.endsWith('.test.ts');

/** Files of `src/` that are shipped: everything but the tests beside their sources. */
export function shippedSources(project: Project): readonly SourceFile[] {
  return [...project.sources.values()].filter((source) => source.path.startsWith('src/') && !isTest(source.path));
}
