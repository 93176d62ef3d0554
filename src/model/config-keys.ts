import { z } from 'zod';
import { innermost, unwrapped } from './config-problem.ts';
import { configSchema } from './config-schema.ts';

/** One key that a configuration may have, as the schema tells of it. */
export interface ConfigKey {
  /** `inputs.netflow`, `sites[].name`, `thresholds.<vector>.ppsMax`. */
  readonly path: string;
  readonly key: string;
  /** What it means, without a full stop. */
  readonly about: string;
  /** `list` holds groups, whose keys follow as `inner`. */
  readonly kind: 'value' | 'group' | 'list';
  readonly required: boolean;
  /** What is in force without it; `undefined` where that is nothing. */
  readonly standard: unknown;
  readonly inner: readonly ConfigKey[];
}

/** Every key of the configuration, in the order of the schema. */
export function configKeys(): readonly ConfigKey[] {
  return keysOf(configSchema, '');
}

function keysOf(group: z.core.$ZodType | undefined, path: string): ConfigKey[] {
  if (!(group instanceof z.ZodObject)) return [];
  if (path === 'thresholds') return [vectorKey(group)];
  return Object.entries(group.shape).map(([key, schema]) => keyOf(path === '' ? key : `${path}.${key}`, key, schema));
}

function keyOf(path: string, key: string, schema: z.core.$ZodType): ConfigKey {
  // A choice between a text and a group is written as one value.
  const inside = unwrapped(schema);
  // So is a choice between groups.
  const choice = inside instanceof z.ZodArray && unwrapped(inside.element) instanceof z.ZodDiscriminatedUnion;
  const element = inside instanceof z.ZodArray && !choice ? innermost(inside.element) : undefined;
  const list = element instanceof z.ZodObject;
  const inner = list ? keysOf(element, `${path}[]`) : keysOf(inside, path);
  const optional = schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
  return {
    path,
    key,
    about: schema instanceof z.ZodType ? (schema.description ?? '') : '',
    kind: list ? 'list' : inner.length > 0 ? 'group' : 'value',
    required: !optional,
    standard: schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault ? schema.def.defaultValue : undefined,
    inner,
  };
}

/** The vectors share one group: they are told once. */
function vectorKey(thresholds: z.ZodObject): ConfigKey {
  const [vector, schema] = Object.entries(thresholds.shape)[0];
  const path = 'thresholds.<vector>';
  const inner = keysOf(innermost(schema), path);
  const about = `the limit of one vector, such as ${vector}`;
  return { path, key: vector, about, kind: 'group', required: false, standard: undefined, inner };
}
