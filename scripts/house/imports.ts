import { codeOf, type Token } from './scan.ts';

/**
 * How a file names another: `static` and `reexport` run it, `type` is erased, `dynamic` is `import(…)` or `require(…)`,
 * `url` is `new URL('./worker.ts', import.meta.url)`, and `path` any other text that looks like the path of a script.
 */
export type ImportKind = 'static' | 'type' | 'reexport' | 'dynamic' | 'url' | 'path';

export interface Import {
  readonly specifier: string;
  readonly line: number;
  readonly kind: ImportKind;
}

const isPunct = (token: Token | undefined, text: string): boolean => token?.kind === 'punct' && token.text === text;
const isWord = (token: Token | undefined, text: string): boolean => token?.kind === 'word' && token.text === text;

/** A template without `${…}` is a string too. */
const isText = (token: Token | undefined): boolean => token?.kind === 'string' || token?.kind === 'template';

/** Everything that a file imports or names as a script. */
export function importsOf(tokens: readonly Token[]): readonly Import[] {
  const code = codeOf(tokens);
  const found: Import[] = [];
  const taken = new Set<number>();
  const add = (at: number, kind: ImportKind): void => {
    taken.add(at);
    found.push({ specifier: code[at].text, line: code[at].line, kind });
  };
  for (let at = 0; at < code.length; at++) {
    if (code[at].kind !== 'word' || isPunct(code[at - 1], '.')) continue;
    switch (code[at].text) {
      case 'import':
        if (isPunct(code[at + 1], '(')) {
          if (isText(code[at + 2])) add(at + 2, 'dynamic');
        } else if (code[at + 1]?.kind === 'string') {
          add(at + 1, 'static');
        } else if (!isPunct(code[at + 1], '.')) {
          const from = fromClause(code, at + 1);
          if (from !== undefined) add(from, isTypeOnly(code, at) ? 'type' : 'static');
        }
        break;
      case 'export': {
        const start = isWord(code[at + 1], 'type') ? at + 2 : at + 1;
        if (isPunct(code[start], '*') || isPunct(code[start], '{')) {
          const from = fromClause(code, start);
          if (from !== undefined) add(from, start === at + 2 ? 'type' : 'reexport');
        }
        break;
      }
      case 'require':
        if (isPunct(code[at + 1], '(') && isText(code[at + 2])) add(at + 2, 'dynamic');
        break;
      case 'URL':
        if (isPunct(code[at + 1], '(') && isText(code[at + 2]) && code[at + 2].text.endsWith('.ts')) add(at + 2, 'url');
        break;
    }
  }
  for (let at = 0; at < code.length; at++) {
    if (isText(code[at]) && !taken.has(at) && /^[\w./-]+\.ts$/.test(code[at].text)) add(at, 'path');
  }
  return found.sort((left, right) => left.line - right.line);
}

/**
 * The place of the specifier behind `from`, when `start` begins the names of an import or a re-export; `undefined` where the
 * statement has none (`export { a };`).
 */
function fromClause(code: readonly Token[], start: number): number | undefined {
  let depth = 0;
  for (let at = start; at < code.length; at++) {
    if (isPunct(code[at], '{')) depth++;
    else if (isPunct(code[at], '}')) depth--;
    else if (depth === 0 && isWord(code[at], 'from') && code[at + 1]?.kind === 'string') return at + 1;
    else if (depth === 0 && !mayStandBeforeFrom(code, at)) return undefined;
  }
  return undefined;
}

function mayStandBeforeFrom(code: readonly Token[], at: number): boolean {
  if (code[at].kind === 'punct') return code[at].text === '*' || code[at].text === ',';
  // A name straight behind a closing brace is the next statement, unless it is `from`.
  return code[at].kind === 'word' && !isPunct(code[at - 1], '}');
}

/** True for `import type …`, and for `import { type A, type B }` where every name is a type. */
function isTypeOnly(code: readonly Token[], at: number): boolean {
  if (isWord(code[at + 1], 'type')) return !isWord(code[at + 2], 'from') && !isPunct(code[at + 2], ',');
  if (!isPunct(code[at + 1], '{')) return false;
  let names = 0;
  for (let next = at + 2; next < code.length && !isPunct(code[next], '}'); next++) {
    const startsName = isPunct(code[next - 1], '{') || isPunct(code[next - 1], ',');
    if (!startsName) continue;
    names++;
    if (!isWord(code[next], 'type')) return false;
  }
  return names > 0;
}
