import { z } from 'zod';
import { ROUTES, type RouteContract } from './contract.ts';
import { problemSchema } from './problem.ts';

const SCHEMAS = '#/components/schemas/';
const SIGNED_IN = [{ token: [] }, { session: [] }];

/** The interface in OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1), whose schemas are those of JSON Schema 2020-12. */
export function openApiDocument(version: string): Record<string, unknown> {
  // What is sent may leave out what has a standard; what is answered may not.
  const [answers, inputs] = [z.registry<{ id: string }>(), z.registry<{ id: string }>()];
  answers.add(problemSchema, { id: 'Problem' });
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [name, route] of Object.entries(ROUTES) as [string, RouteContract][]) {
    if ('schema' in route.answer) register(answers, route.answer);
    if (route.body !== undefined) register(inputs, route.body);
    paths[route.path] = { ...paths[route.path], [(route.method ?? 'GET').toLowerCase()]: operationOf(name, route) };
  }
  const schemas = { ...componentsOf(inputs, 'input'), ...componentsOf(answers, 'output') };
  return {
    openapi: '3.1.1',
    info: {
      title: 'Bonghwa station',
      version,
      description: 'What a station sees, did see, and knows about itself and its sites; and what people decide there.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas,
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'A token of the API, or that of the data directory.' },
        session: { type: 'apiKey', in: 'cookie', name: 'bonghwa.session_token', description: 'Somebody signed in.' },
      },
    },
  };
}

type Named = { readonly name: string; readonly schema: z.ZodType };
type Registry = ReturnType<typeof z.registry<{ id: string }>>;

function register(registry: Registry, { name, schema }: Named): void {
  if (registry.get(schema) === undefined) registry.add(schema, { id: name });
}

function componentsOf(registry: Registry, io: 'input' | 'output'): Record<string, unknown> {
  const { schemas } = z.toJSONSchema(registry, { uri: (id) => `${SCHEMAS}${id}`, io });
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, plain(schema)]));
}

function operationOf(name: string, route: RouteContract): Record<string, unknown> {
  const parameters = parametersOf(route);
  const content = contentOf(route);
  const problem = { 'application/problem+json': { schema: { $ref: `${SCHEMAS}Problem` } } };
  // Health and readiness answer in the same form when they say no.
  const otherwise = route.path.startsWith('/api/') ? problem : content;
  const good = route.status ?? ('nothing' in route.answer ? 204 : 200);
  const statuses: Record<string, unknown> = {
    [good]: { description: 'the answer', ...(content === undefined ? {} : { content }) },
  };
  const tell = (status: number, description: string, told: object | undefined): void => {
    statuses[status] = { description, ...(told === undefined ? {} : { content: told }) };
  };
  if (parameters.length > 0 || route.body !== undefined) tell(400, 'parameters or fields are wrong', problem);
  if (route.needs !== 'anyone') tell(401, 'nobody is signed in', problem);
  if (route.needs !== 'anyone' && route.needs !== 'viewer') tell(403, `the role ${route.needs} is needed`, problem);
  for (const [status, description] of Object.entries(route.statuses)) tell(Number(status), description, otherwise);
  return {
    operationId: name,
    summary: route.summary,
    tags: [route.group],
    ...(route.needs === 'anyone' ? {} : { security: SIGNED_IN, 'x-needs': route.needs }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined ? {} : { requestBody: { required: true, content: bodyOf(route.body) } }),
    responses: statuses,
  };
}

function parametersOf(route: RouteContract): Record<string, unknown>[] {
  const { properties = {}, required = [] } = z.toJSONSchema(route.params, { io: 'input' });
  const parameters: Record<string, unknown>[] = Object.entries(properties).map(([name, schema]) => {
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
  if (route.versioned === true && route.method !== undefined && route.status !== 201)
    parameters.push({
      name: 'If-Match',
      in: 'header',
      required: false,
      description: 'the version that the change was made to, as its ETag was; 409 where it is another one by now',
      schema: { type: 'string' },
    });
  return parameters;
}

function contentOf({ answer }: RouteContract): Record<string, unknown> | undefined {
  if ('nothing' in answer) return undefined;
  if ('mediaType' in answer) return { [answer.mediaType]: {} };
  return { 'application/json': { schema: { $ref: `${SCHEMAS}${answer.name}` } } };
}

function bodyOf({ name, mediaType = 'application/json' }: NonNullable<RouteContract['body']>): Record<string, unknown> {
  return { [mediaType]: { schema: { $ref: `${SCHEMAS}${name}` } } };
}

/** A schema of the registry without what a component needs not say: its own place. */
function plain(schema: object): Record<string, unknown> {
  const { $id: _place, $schema: _dialect, ...rest } = schema as Record<string, unknown>;
  return rest;
}
