import { z } from 'zod';
import { nearest } from '../base/nearest.ts';
import { parseSpan, parseWhen, WHEN_EXAMPLES } from '../base/when.ts';
import { RequestProblem } from './problem.ts';

type Wrong = { parameter: string; detail: string };

interface Field {
  readonly type?: string;
  readonly items?: { readonly type?: string };
}

/**
 * The parameters of a request, parsed by their schema. All that are wrong are told at once, in one RequestProblem. A parameter
 * that is not known is wrong, so that a slip of the pen does not silently ask for something else.
 */
export function parseParams<S extends z.ZodObject>(
  schema: S,
  given: URLSearchParams,
  inPath: Readonly<Record<string, string>> = {},
): z.output<S> {
  const fields = fieldsOf(schema);
  const values: Record<string, unknown> = Object.assign(Object.create(null), inPath);
  const wrong: Wrong[] = [];
  for (const name of new Set(given.keys())) {
    const field = fields.get(name);
    const texts = given.getAll(name);
    if (field === undefined || Object.hasOwn(inPath, name))
      wrong.push({ parameter: name, detail: unknownText(name, [...fields.keys()]) });
    else if (field.type === 'array') values[name] = texts;
    else if (texts.length > 1) wrong.push({ parameter: name, detail: 'it is given more than once' });
    else {
      const value = typedValue(texts[0], field.type);
      if (value === undefined)
        wrong.push({ parameter: name, detail: `'${texts[0]}' is no ${WANTED[field.type ?? '']}` });
      else values[name] = value;
    }
  }
  const parsed = schema.safeParse(values);
  if (!parsed.success) {
    for (const { path, message } of parsed.error.issues)
      wrong.push({ parameter: String(path[0] ?? ''), detail: message });
  }
  if (wrong.length > 0) throw wrongParams(wrong);
  return parsed.data as z.output<S>;
}

/** A moment, in ms since 1970. */
export function timeParam(parameter: string, text: string, nowMs: number): number {
  const timeMs = parseWhen(text, nowMs);
  if (timeMs === undefined) throw wrongParams([{ parameter, detail: `'${text}' is no time such as ${WHEN_EXAMPLES}` }]);
  return timeMs;
}

/** The width of a step, in ms, whole seconds. */
export function stepParam(parameter: string, text: string): number {
  const stepMs = parseSpan(text);
  if (stepMs === undefined || stepMs < 1000 || stepMs % 1000 !== 0)
    throw wrongParams([{ parameter, detail: `'${text}' is no step such as 10s, 5m or 1h` }]);
  return stepMs;
}

export function wrongParams(errors: Wrong[]): RequestProblem {
  const detail =
    errors.length === 1 ? `${errors[0].parameter}: ${errors[0].detail}` : `${errors.length} parameters are wrong`;
  return new RequestProblem(400, { detail, errors });
}

function fieldsOf(schema: z.ZodObject): ReadonlyMap<string, Field> {
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input' });
  return new Map(Object.entries(properties) as [string, Field][]);
}

const WANTED: Readonly<Record<string, string>> = { integer: 'whole number', boolean: 'true or false' };

/** The value that a text writes; undefined where it writes none of the type. */
function typedValue(text: string, type: string | undefined): string | number | boolean | undefined {
  switch (type) {
    case 'integer':
      return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
    case 'boolean':
      return text === 'true' || text === 'false' ? text === 'true' : undefined;
    default:
      return text;
  }
}

function unknownText(name: string, known: readonly string[]): string {
  if (known.length === 0) return 'nothing can be given here';
  const meant = nearest(name, known);
  return meant === undefined
    ? `this is not known; known are ${known.join(', ')}`
    : `this is not known; did you mean '${meant}'?`;
}
