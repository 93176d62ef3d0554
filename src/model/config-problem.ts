import { isMap, isScalar, isSeq, type LineCounter, type Node, type ParsedNode } from 'yaml';
import { z } from 'zod';
import { nearest } from '../base/nearest.ts';
import { configSchema } from './config-schema.ts';

/** One fault of a configuration file. */
export interface ConfigProblem {
  /** `sites[0].adresses`; empty for the file as a whole. */
  readonly path: string;
  /** Line in the file, from 1. */
  readonly line: number;
  readonly message: string;
}

/** Something wrong at a place of the configuration, before its line is known. */
export interface PlacedFault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Faults that are told at most: somebody who sees so many begins at the first. */
export const PROBLEMS_MAX = 100;

/** Keys that are named where a key is unknown and none is near. */
const KEYS_NAMED_MAX = 40;

/** Finds lines in a parsed document. */
export class Places {
  readonly #root: ParsedNode | null;
  readonly #lines: LineCounter;

  constructor(root: ParsedNode | null, lines: LineCounter) {
    this.#root = root;
    this.#lines = lines;
  }

  /** The faults that an issue of the schema means, each with its line. */
  problemsOf(issue: z.core.$ZodIssue): ConfigProblem[] {
    if (issue.code === 'invalid_union') {
      const inner = meantIssues(issue);
      if (inner.length > 0)
        return inner.flatMap((one) => this.problemsOf({ ...one, path: [...issue.path, ...one.path] }));
    }
    if (issue.code !== 'unrecognized_keys') return [this.problemOf({ path: issue.path, message: wordsOf(issue) })];
    const known = knownKeys(configSchema, issue.path);
    return issue.keys.slice(0, PROBLEMS_MAX).map((key) => {
      const near = nearest(key, known);
      return {
        path: pathText([...issue.path, key]),
        line: this.#lineOf(keyNode(this.#nearestNode(issue.path).node, key)),
        message:
          near === undefined
            ? `unknown key; known here: ${known.slice(0, KEYS_NAMED_MAX).join(', ')}`
            : `unknown key; did you mean '${near}'?`,
      };
    });
  }

  problemOf({ path, message }: PlacedFault): ConfigProblem {
    const { node, depth } = this.#nearestNode(path);
    return { path: pathText(path.slice(0, depth)), line: this.#lineOf(node), message };
  }

  /** Groups that give a key twice: the later one would silently win. */
  repeatedKeys(): ConfigProblem[] {
    const problems: ConfigProblem[] = [];
    const visit = (node: Node | null | undefined, path: readonly PropertyKey[]): void => {
      if (isSeq<Node>(node)) for (const [at, item] of node.items.entries()) visit(item, [...path, at]);
      if (!isMap<Node, Node | null>(node)) return;
      const seen = new Set<string>();
      for (const { key, value } of node.items) {
        const text = isScalar(key) ? String(key.value) : '';
        if (seen.has(text) && problems.length < PROBLEMS_MAX) {
          problems.push({
            path: pathText([...path, text]),
            line: this.#lineOf(key),
            message: 'this key is given twice',
          });
        }
        seen.add(text);
        visit(value, [...path, text]);
      }
    };
    visit(this.#root, []);
    return problems;
  }

  /** The node at `path`, or its nearest ancestor that is in the file, with the number of steps that led to it. */
  #nearestNode(path: readonly PropertyKey[]): { node: Node | null; depth: number } {
    let node: Node | null = this.#root;
    for (let depth = 0; depth < path.length; depth++) {
      const next: unknown = isMap(node) || isSeq(node) ? node.get(path[depth], true) : undefined;
      // A key that its group lacks still belongs to the path.
      if (!isNode(next)) return { node, depth: isMap(node) ? depth + 1 : depth };
      node = next;
    }
    return { node, depth: path.length };
  }

  #lineOf(node: Node | null): number {
    return node?.range === undefined || node.range === null ? 1 : this.#lines.linePos(node.range[0]).line;
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'range' in value;
}

function keyNode(node: Node | null, key: string): Node | null {
  if (!isMap<Node, Node | null>(node)) return node;
  return node.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === key)?.key ?? node;
}

/** Of a choice, the issues of the alternative that was meant: the one whose kind (text, group) the input has. */
function meantIssues(issue: z.core.$ZodIssueInvalidUnion): readonly z.core.$ZodIssue[] {
  const meant = issue.errors.filter(
    (issues) => !issues.some((one) => one.code === 'invalid_type' && one.path.length === 0),
  );
  return meant.length === 1 ? meant[0] : [];
}

function wordsOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') {
    const known = issue.values.map(String);
    if (typeof issue.input !== 'string') return `one of these is needed here: ${known.join(', ')}`;
    const near = nearest(issue.input, known);
    const told = issue.input.length > 80 ? 'this' : `'${issue.input}'`;
    return `${told} is not known here; ${near === undefined ? `known: ${known.join(', ')}` : `did you mean '${near}'?`}`;
  }
  if (issue.code === 'too_big' && issue.origin === 'array') return `at most ${issue.maximum} entries are taken here`;
  if (issue.code === 'too_big' && issue.message.startsWith('Too big')) return `at most ${issue.maximum} fits here`;
  // The schema has words of its own where the kind that is needed says too little.
  if (issue.code !== 'invalid_type' || !issue.message.startsWith('Invalid input')) return issue.message;
  const needed = EXPECTED[issue.expected] ?? issue.expected;
  return issue.input === undefined ? `missing; ${needed} is needed` : `${needed} is needed here`;
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'a text',
  array: 'a list',
  object: 'a group of keys',
  int: 'a whole number',
  number: 'a number',
};

/** The keys that the group at `path` may have. */
export function knownKeys(root: z.core.$ZodType, path: readonly PropertyKey[]): readonly string[] {
  let schema = innermost(root);
  for (const step of path) {
    if (schema instanceof z.ZodArray) schema = innermost(schema.element);
    else if (schema instanceof z.ZodObject) schema = innermost(schema.shape[String(step)]);
    else return [];
  }
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

/** The schema inside defaults, options and transformations; of a choice, its group. */
export function innermost(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  const inside = unwrapped(schema);
  if (!(inside instanceof z.ZodUnion)) return inside;
  const options = inside.options.map(innermost);
  return options.find((option) => option instanceof z.ZodObject) ?? options[0];
}

/** The schema inside defaults, options and transformations. */
export function unwrapped(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)
    return unwrapped(schema.unwrap());
  return schema instanceof z.ZodPipe ? unwrapped(schema.in) : schema;
}

export function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const step of path)
    text += typeof step === 'number' ? `[${step}]` : text === '' ? String(step) : `.${String(step)}`;
  return text;
}
