import { isMap, isScalar, LineCounter, type ParsedNode, parseDocument } from 'yaml';
import { z } from 'zod';
import { parseAddress } from '../base/ip.ts';
import { type Prefix, parsePrefix } from '../base/prefix.ts';
import { TELEMETRY_PORTS } from './telemetry-ports.ts';
import { VECTORS, type Vector } from './vector.ts';

export { TELEMETRY_PORTS };

/**
 * The configuration file `bonghwa.yaml`. It holds what the programs of this release use, and nothing else: a key that is not
 * known here is an error with its place, never ignored.
 *
 *   organisation: { name: Ministry of Examples }
 *   networks:
 *     - 192.0.2.0/24
 *     - { prefix: 2001:db8::/32, name: campus }
 *   sites:
 *     - name: portal
 *       urls: [https://portal.example/]
 *       addresses: [192.0.2.10, 2001:db8::10]
 *   telemetryPorts: [2055, 4739]
 *   thresholds:
 *     syn-flood: { ppsMax: 5000 }
 */
export const CONFIG_FILE = 'bonghwa.yaml';

/** Bytes of a configuration file that are read at most. */
export const CONFIG_BYTES_MAX = 1 << 20;

const prefix = z.string().transform((text, context): Prefix => {
  const parsed = parsePrefix(text);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: 'custom', message: `'${text}' is no prefix such as 192.0.2.0/24 or 2001:db8::/32` });
  return z.NEVER;
});

const address = z.string().refine((text) => parseAddress(text) !== undefined, {
  error: (issue) => `'${String(issue.input)}' is no IPv4 or IPv6 address`,
});

const url = z.string().refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), {
  error: (issue) => `'${String(issue.input)}' is no http or https URL`,
});

const name = z.string().min(1, 'a name has at least one character').max(200, 'a name has at most 200 characters');

const organisationSchema = z.strictObject({ name });
const networkSchema = z.strictObject({ prefix, name: name.optional() });
const siteSchema = z.strictObject({
  name,
  urls: z.array(url).max(1000).default([]),
  addresses: z.array(address).max(1000).default([]),
});

const thresholdSchema = z.strictObject({
  /** Packets a second of this vector at one target; more is an attack, whatever is usual there. */
  ppsMax: z.number().positive('a rate is above 0'),
});
const thresholdsSchema = z.strictObject(
  Object.fromEntries(VECTORS.map((vector) => [vector, thresholdSchema.optional()])) as Record<
    Vector,
    z.ZodOptional<typeof thresholdSchema>
  >,
);

export const configSchema = z.strictObject({
  organisation: organisationSchema.optional(),
  networks: z
    .array(z.preprocess((entry) => (typeof entry === 'string' ? { prefix: entry } : entry), networkSchema))
    .max(10_000)
    .default([]),
  sites: z.array(siteSchema).max(10_000).default([]).superRefine(refuseRepeatedNames),
  telemetryPorts: z
    .array(z.int().min(1, 'a port is 1 to 65535').max(65_535, 'a port is 1 to 65535'))
    .min(1, 'at least one port is needed')
    .max(64)
    .default([...TELEMETRY_PORTS]),
  thresholds: thresholdsSchema.default({}),
});

export type Config = z.output<typeof configSchema>;
export type ConfigSite = Config['sites'][number];

/** One fault of a configuration file. */
export interface ConfigProblem {
  /** `sites[0].adresses`; empty for the file as a whole. */
  readonly path: string;
  /** Line in the file, from 1. */
  readonly line: number;
  readonly message: string;
}

export type ConfigResult =
  | { readonly kind: 'ok'; readonly config: Config }
  | { readonly kind: 'invalid'; readonly problems: readonly ConfigProblem[] };

/** Parses the text of a configuration file. All faults are returned at once, in the order of their lines. Never throws. */
export function parseConfig(text: string): ConfigResult {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    return {
      kind: 'invalid',
      problems: document.errors.map((error) => ({
        path: '',
        line: lines.linePos(error.pos[0]).line,
        message: `no valid YAML: ${error.message.split('\n')[0]}`,
      })),
    };
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (error) {
    // The parser throws for documents that grow without bound through aliases.
    return { kind: 'invalid', problems: [{ path: '', line: 1, message: (error as Error).message }] };
  }
  const parsed = configSchema.safeParse(value, { reportInput: true });
  if (parsed.success) return { kind: 'ok', config: parsed.data };
  const problems = parsed.error.issues.flatMap((issue) => problemsOf(issue, document.contents, lines));
  return { kind: 'invalid', problems: problems.sort((a, b) => a.line - b.line) };
}

function problemsOf(issue: z.core.$ZodIssue, root: ParsedNode | null, lines: LineCounter): ConfigProblem[] {
  if (issue.code !== 'unrecognized_keys') {
    const { node, depth } = nearestNode(root, issue.path);
    return [{ path: pathText(issue.path.slice(0, depth)), line: lineOf(node, lines), message: wordsOf(issue) }];
  }
  return issue.keys.map((key) => {
    const known = knownKeys(issue.path);
    const near = nearest(key, known);
    return {
      path: pathText([...issue.path, key]),
      line: lineOf(keyNode(root, issue.path, key), lines),
      message:
        near === undefined ? `unknown key; known here: ${known.join(', ')}` : `unknown key; did you mean '${near}'?`,
    };
  });
}

function wordsOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') {
    if (issue.path[0] === 'networks' && issue.path.length === 2)
      return 'a prefix is needed here, or a group of prefix and name';
    return issue.input === undefined
      ? `missing; ${EXPECTED[issue.expected] ?? issue.expected} is needed`
      : `${EXPECTED[issue.expected] ?? issue.expected} is needed here`;
  }
  return issue.message;
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'a text',
  array: 'a list',
  object: 'a group of keys',
  int: 'a whole number',
  number: 'a number',
};

/** The keys that a group of the configuration may have, by its place. */
function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  switch (path[0]) {
    case undefined:
      return Object.keys(configSchema.shape);
    case 'organisation':
      return Object.keys(organisationSchema.shape);
    case 'networks':
      return Object.keys(networkSchema.shape);
    case 'thresholds':
      return path.length === 1 ? VECTORS : Object.keys(thresholdSchema.shape);
    case 'sites':
      return Object.keys(siteSchema.shape);
    default:
      return [];
  }
}

function refuseRepeatedNames(sites: readonly { name: string }[], context: z.RefinementCtx): void {
  const seen = new Set<string>();
  for (const [at, site] of sites.entries()) {
    if (seen.has(site.name)) {
      context.addIssue({ code: 'custom', path: [at, 'name'], message: `there is another site named '${site.name}'` });
    }
    seen.add(site.name);
  }
}

function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const step of path)
    text += typeof step === 'number' ? `[${step}]` : text === '' ? String(step) : `.${String(step)}`;
  return text;
}

/** The node at `path`, or its nearest ancestor that is in the file, with the number of steps that led to it. */
function nearestNode(
  root: ParsedNode | null,
  path: readonly PropertyKey[],
): { node: ParsedNode | null; depth: number } {
  let node = root;
  for (let depth = 0; depth < path.length; depth++) {
    const next =
      node !== null && 'get' in node ? (node.get(path[depth] as never, true) as ParsedNode | undefined) : undefined;
    if (next === undefined || next === null)
      return { node, depth: node === null || isScalar(node) ? depth : depth + missingKey(node) };
    node = next;
  }
  return { node, depth: path.length };
}

/** 1 where a group lacks the key, so that the path still names it. */
function missingKey(node: ParsedNode): number {
  return isMap(node) ? 1 : 0;
}

function keyNode(root: ParsedNode | null, path: readonly PropertyKey[], key: string): ParsedNode | null {
  const { node } = nearestNode(root, path);
  if (isMap(node)) {
    for (const pair of node.items)
      if (isScalar(pair.key) && String(pair.key.value) === key) return pair.key as ParsedNode;
  }
  return node;
}

function lineOf(node: ParsedNode | null, lines: LineCounter): number {
  return node === null || node.range === undefined || node.range === null ? 1 : lines.linePos(node.range[0]).line;
}

/** The known word nearest to `word` by Damerau-free edit distance, where it is near enough to be meant. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein distance; `limit` is returned for anything that is not below it. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let previous = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const change = a[row - 1] === b[column - 1] ? 0 : 1;
      current[column] = Math.min(previous[column] + 1, current[column - 1] + 1, previous[column - 1] + change);
    }
    previous = current;
  }
  return Math.min(previous[b.length], limit);
}
