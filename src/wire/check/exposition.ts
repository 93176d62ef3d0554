/** One sample of the text format of Prometheus (version 0.0.4) or of OpenMetrics. */
export interface Sample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
  /** ms since 1970, where the line says so. */
  readonly timeMs?: number;
}

/** Samples of one text; further ones are not read. */
export const SAMPLES_MAX = 200_000;
const LABELS_MAX = 64;

/**
 * Reads the samples whose names begin with one of `prefixes`. Lines that are none are counted in `broken`; never throws.
 *
 *   probe_http_duration_seconds{phase="connect"} 0.012 1764111600000
 */
export function readExposition(
  text: string,
  prefixes: readonly string[],
): { readonly samples: readonly Sample[]; readonly broken: number } {
  const samples: Sample[] = [];
  let broken = 0;
  for (let from = 0; from < text.length && samples.length < SAMPLES_MAX; ) {
    const end = text.indexOf('\n', from);
    const line = text.slice(from, end < 0 ? text.length : end).trim();
    from = end < 0 ? text.length : end + 1;
    if (line === '' || line.startsWith('#') || !prefixes.some((prefix) => line.startsWith(prefix))) continue;
    const sample = sampleOf(line);
    if (sample === undefined) broken++;
    else samples.push(sample);
  }
  return { samples, broken };
}

function sampleOf(line: string): Sample | undefined {
  const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0];
  if (name === undefined) return undefined;
  const labels = new Map<string, string>();
  let at = name.length;
  if (line[at] === '{') {
    const after = readLabels(line, at + 1, labels);
    if (after === undefined) return undefined;
    at = after;
  }
  const rest = line.slice(at).trim().split(/\s+/);
  const value = numberOf(rest[0] ?? '');
  if (value === undefined || rest.length > 2) return undefined;
  const timeMs = rest[1] === undefined ? undefined : Number(rest[1]);
  return { name, labels, value, ...(timeMs !== undefined && Number.isFinite(timeMs) ? { timeMs } : {}) };
}

/** Where the labels end, behind their brace. */
function readLabels(line: string, from: number, labels: Map<string, string>): number | undefined {
  let at = from;
  for (let count = 0; count <= LABELS_MAX; count++) {
    while (line[at] === ',' || line[at] === ' ') at++;
    if (line[at] === '}') return at + 1;
    const name = /^[a-zA-Z_][a-zA-Z0-9_]*/.exec(line.slice(at, at + 128))?.[0];
    if (name === undefined || line.slice(at + name.length, at + name.length + 2) !== '="') return undefined;
    at += name.length + 2;
    let value = '';
    for (; at < line.length && line[at] !== '"'; at++) {
      if (line[at] !== '\\') value += line[at];
      else value += ESCAPES[line[++at]] ?? line[at] ?? '';
    }
    if (line[at] !== '"') return undefined;
    labels.set(name, value);
    at++;
  }
  return undefined;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', '\\': '\\', '"': '"' };

function numberOf(text: string): number | undefined {
  if (/^\+?Inf$/i.test(text)) return Number.POSITIVE_INFINITY;
  if (/^-Inf$/i.test(text)) return Number.NEGATIVE_INFINITY;
  if (/^NaN$/i.test(text)) return Number.NaN;
  const value = text === '' ? Number.NaN : Number(text);
  return Number.isNaN(value) ? undefined : value;
}
