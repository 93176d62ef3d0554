import type { Finding } from './finding.ts';
import { type Project, resolveRelative, shippedSources } from './project.ts';

/**
 * The import table of docs/ARCHITECTURE.md. A folder imports from the tiers above its own line and from itself, never from a
 * folder of its own tier: those meet in `model` and are joined in `station`.
 */
export const TIERS: readonly (readonly string[])[] = [
  ['base'],
  ['model'],
  ['wire', 'sketch'],
  ['detect', 'assess', 'respond', 'attribute', 'outbreak', 'share'],
  ['input', 'output', 'store', 'bus'],
  ['api'],
  ['station'],
  ['evaluate'],
  ['cli'],
];

/** Folders that may use all of Node and of the packages in `dependencies`. */
const OUTSIDE_FOLDERS = new Set(['input', 'output', 'store', 'bus', 'api', 'station', 'evaluate', 'cli']);

/** Node's modules that compute and neither read nor send: fit for the folders that are functions of their input. */
const COMPUTING_MODULES = new Set([
  'node:assert',
  'node:assert/strict',
  'node:buffer',
  'node:crypto',
  'node:string_decoder',
  'node:util',
]);

/** What single inner folders may use beyond that. `base` is where clock, log and metrics touch the process. */
const INNER_EXCEPTIONS: Readonly<Record<string, ReadonlySet<string>>> = {
  base: new Set(['node:async_hooks', 'node:events', 'node:os', 'node:perf_hooks', 'node:process', 'yaml', 'zod']),
  model: new Set(['yaml', 'zod']),
};

const folderOf = (path: string): string => path.split('/')[1];
const tierOf = (folder: string): number => TIERS.findIndex((tier) => tier.includes(folder));

/** Imports in `src/` that run upwards or sideways, or out to Node or a package where that folder must not. */
export function checkImportTable(project: Project): readonly Finding[] {
  const findings: Finding[] = [];
  for (const { path, imports } of shippedSources(project)) {
    for (const found of imports) {
      if (found.kind === 'path') continue;
      const resolved = resolveRelative(path, found.specifier);
      const told =
        resolved === undefined
          ? checkOutside(folderOf(path), found.specifier, project.dependencies)
          : checkInside(path, resolved, project);
      if (told !== undefined) findings.push({ file: path, line: found.line, rule: 'import-table', ...told });
    }
  }
  return findings;
}

type Told = Pick<Finding, 'problem' | 'instead'>;

function checkInside(path: string, resolved: string, project: Project): Told | undefined {
  if (!project.sources.has(resolved)) {
    return {
      problem: `imports ${resolved}, which is not there`,
      instead: 'name a file of this project with its .ts ending',
    };
  }
  if (!resolved.startsWith('src/') || resolved.endsWith('.test.ts')) {
    return {
      problem: `what is shipped imports ${resolved}, which is not`,
      instead: 'move the shared part into src/ and import it from the test',
    };
  }
  const [from, to] = [folderOf(path), folderOf(resolved)];
  const [fromTier, toTier] = [tierOf(from), tierOf(to)];
  for (const [folder, tier] of [
    [from, fromTier],
    [to, toTier],
  ] as const) {
    if (tier < 0) {
      return {
        problem: `src/${folder} has no place in the import table`,
        instead: 'put the file into a folder that has',
      };
    }
  }
  if (from === to || toTier < fromTier) return undefined;
  if (toTier === fromTier) {
    return {
      problem: `${from} imports its neighbour ${to}`,
      instead: 'let both meet in model, and join them in station',
    };
  }
  return {
    problem: `${from} imports ${to}, which stands above it`,
    instead: `move what is needed down into ${from} or model, or take it as an argument`,
  };
}

function checkOutside(folder: string, specifier: string, dependencies: ReadonlySet<string>): Told | undefined {
  const isNode = specifier.startsWith('node:');
  if (!isNode && !dependencies.has(packageOf(specifier))) {
    return {
      problem: `imports ${specifier}, which is not among the dependencies`,
      instead: 'what is shipped uses only packages that are installed with it',
    };
  }
  if (OUTSIDE_FOLDERS.has(folder)) return undefined;
  if (isNode && COMPUTING_MODULES.has(specifier)) return undefined;
  if (INNER_EXCEPTIONS[folder]?.has(isNode ? specifier : packageOf(specifier))) return undefined;
  return {
    problem: `${folder} imports ${specifier}`,
    instead:
      'files, sockets and drivers belong to input, output, store, bus, api, station or cli; take bytes or a function',
  };
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Files of `src/` that import each other in a ring, which leaves the order of their start to chance. */
export function checkCycles(project: Project): readonly Finding[] {
  const findings: Finding[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const source = project.sources.get(path);
    if (source === undefined || done.has(path)) return;
    for (const found of source.imports) {
      if (found.kind !== 'static' && found.kind !== 'reexport') continue;
      const target = resolveRelative(path, found.specifier);
      if (target === undefined) continue;
      const start = [...trail, path].indexOf(target);
      if (start < 0) {
        visit(target, [...trail, path]);
        continue;
      }
      findings.push({
        file: path,
        line: found.line,
        rule: 'import-cycle',
        problem: `a ring of imports: ${[...trail, path].slice(start).join(' → ')} → ${target}`,
        instead: 'move what both need into a file of its own',
      });
    }
    done.add(path);
  };
  for (const { path } of shippedSources(project)) visit(path, []);
  return findings;
}

/** What the console takes from `src/`: the words of the interface and of the model, and of these the types alone. */
const CONSOLE_MAY = /^src\/(api\/contract(\/[\w-]+)?|model\/[\w-]+)\.ts$/;

/** Imports of the console that would bring the station's code into the browser. */
export function checkConsoleImports(project: Project): readonly Finding[] {
  const findings: Finding[] = [];
  for (const { path, imports } of project.sources.values()) {
    if (!path.startsWith('console/src/')) continue;
    for (const { specifier, line, kind } of imports) {
      const resolved = resolveRelative(path, specifier);
      if (resolved === undefined || !resolved.startsWith('src/') || kind === 'path') continue;
      if (kind === 'type' && CONSOLE_MAY.test(resolved)) continue;
      findings.push({
        file: path,
        line,
        rule: 'import-table',
        problem: `the console imports ${resolved}${kind === 'type' ? '' : ' and not its types alone'}`,
        instead: 'import type from src/api/contract or src/model; everything else is asked of the station',
      });
    }
  }
  return findings;
}
