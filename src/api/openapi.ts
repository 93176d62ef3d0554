import { z } from 'zod';
import { ROUTES, type RouteContract } from './contract.ts';
import { problemSchema } from './problem.ts';

const SCHEMAS = '#/components/schemas/';

/** The interface in OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1), whose schemas are those of JSON Schema 2020-12. */
export function openApiDocument(version: string): Record<string, unknown> {
  const registry = z.registry<{ id: string }>();
  registry.add(problemSchema, { id: 'Problem' });
  const paths: Record<string, unknown> = {};
  for (const route of Object.values(ROUTES) as readonly RouteContract[]) {
    if ('schema' in route.answer && registry.get(route.answer.schema) === undefined)
      registry.add(route.answer.schema, { id: route.answer.name });
    paths[route.path] = { get: operationOf(route) };
  }
  const { schemas } = z.toJSONSchema(registry, { uri: (id) => `${SCHEMAS}${id}` });
  return {
    openapi: '3.1.1',
    info: {
      title: 'Bonghwa station',
      version,
      description: 'What a station sees, did see, and knows about itself. Nothing can be changed through it.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: { schemas: Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, plain(schema)])) },
  };
}

function operationOf(route: RouteContract): Record<string, unknown> {
  const { properties = {}, required = [] } = z.toJSONSchema(route.params, { io: 'input' });
  const parameters = Object.entries(properties).map(([name, schema]) => {
    const inPath = route.path.includes(`{${name}}`);
    const { description, ...rest } = schema as { description?: string };
    return {
      name,
      in: inPath ? 'path' : 'query',
      required: inPath || required.includes(name),
      description,
      schema: rest,
    };
  });
  const content =
    'schema' in route.answer
      ? { 'application/json': { schema: { $ref: `${SCHEMAS}${route.answer.name}` } } }
      : { [route.answer.mediaType]: {} };
  const problem = { 'application/problem+json': { schema: { $ref: `${SCHEMAS}Problem` } } };
  // Health and readiness answer in the same form when they say no.
  const otherwise = route.path.startsWith('/api/') ? problem : content;
  const statuses: Record<string, unknown> = { 200: { description: 'the answer', content } };
  if (parameters.length > 0) statuses[400] = { description: 'parameters are wrong', content: problem };
  for (const [status, description] of Object.entries(route.statuses))
    statuses[status] = { description, content: otherwise };
  return {
    operationId: Object.entries(ROUTES).find(([, { path }]) => path === route.path)?.[0],
    summary: route.summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    responses: statuses,
  };
}

/** A schema of the registry without what a component needs not say: its own place. */
function plain(schema: object): Record<string, unknown> {
  const { $id: _place, $schema: _dialect, ...rest } = schema as Record<string, unknown>;
  return rest;
}
