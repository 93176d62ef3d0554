import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import type { z } from 'zod';
import { type Caller, mayActAs } from '../model/role.ts';
import { readBody } from './body.ts';
import { ROUTES, type RouteContract, type RouteName } from './contract.ts';
import type { ApiOptions } from './deps.ts';
import { parseParams } from './params.ts';
import { problemOf, RequestProblem } from './problem.ts';

export interface Bindings {
  readonly Bindings: HttpBindings;
}

type Routes = typeof ROUTES;
type BodyOf<R> = R extends { readonly body: { readonly schema: infer S extends z.ZodType } } ? z.output<S> : undefined;
type WhoOf<R extends RouteContract> = R['needs'] extends 'anyone' | 'this-machine' ? Caller | undefined : Caller;

/** One request, understood: what its route's contract says of it holds. */
export interface Asked<R extends RouteContract> {
  readonly params: z.output<R['params']>;
  readonly body: BodyOf<R>;
  readonly who: WhoOf<R>;
  /** Version that `If-Match` names. */
  readonly version: number | undefined;
  readonly request: Request;
  /** Address of the client, as the connection has it. */
  readonly address: string;
  /** Whether the same request would be let in now: an answer that goes on for hours ends where it would not. */
  readonly mayStill: () => Promise<boolean>;
}

/** An answer with headers or a status of its own. */
export class Reply {
  readonly value: unknown;
  readonly headers: readonly (readonly [string, string])[];
  readonly status: number | undefined;

  constructor(value: unknown, headers: readonly (readonly [string, string])[] = [], status?: number) {
    this.value = value;
    this.headers = headers;
    this.status = status;
  }
}

type AnswerOf<R extends RouteContract> = R['answer'] extends { readonly schema: infer S extends z.ZodType }
  ? z.input<S> | Reply | Response
  : R['answer'] extends { readonly nothing: true }
    ? undefined | Reply
    : Response;

export type Handler<R extends RouteContract> = (asked: Asked<R>) => Promise<AnswerOf<R>> | AnswerOf<R>;
/** One handler for every route of the contract: one that is missing does not compile. */
export type Handlers = { readonly [Name in RouteName]: Handler<Routes[Name]> };

type AnyHandler = (asked: {
  readonly params: unknown;
  readonly body: unknown;
  readonly who: Caller | undefined;
  readonly version: number | undefined;
  readonly request: Request;
  readonly address: string;
  readonly mayStill: () => Promise<boolean>;
}) => Promise<unknown> | unknown;

/** Who asks a station that has no sign-in. */
const NO_SIGN_IN: Caller = { kind: 'local', id: 'local', name: 'this station', role: 'admin' };

/**
 * The application that answers every route as its contract says: who, what, how much, and what is kept of it. `onAccess` is told whenever
 * somebody may have been given or lost the right to ask.
 */
export function dispatch(handlers: Handlers, options: ApiOptions, onAccess: () => void): Hono<Bindings> {
  const app = new Hono<Bindings>();
  app.notFound((ask) => notThere(ask.req.method, ask.req.path).response());
  app.onError((error, ask) => {
    const problem = problemOf(error);
    if (problem === undefined) options.onFault?.(error, ask.req.path);
    return (problem ?? new RequestProblem(500, { detail: 'a fault of the station itself' })).response();
  });
  for (const [name, route] of Object.entries(ROUTES) as [RouteName, RouteContract][]) {
    // The type of `Handlers` says that each one takes what its own contract gives.
    const handler = handlers[name] as unknown as AnyHandler;
    app.on(route.method ?? 'GET', route.path.replace(/\{(\w+)\}/g, ':$1'), async (ask) => {
      const address = ask.env.incoming?.socket.remoteAddress ?? '';
      const who = await callerOf(options, ask.req.raw, address);
      const acts = (route.method ?? 'GET') !== 'GET';
      const run = (): Promise<Response> => answer(ask, route, handler, { who, address, options });
      if (!acts) return run();
      const response = await audited(options, name, ask, { who, address }, run);
      if (route.group === 'people') onAccess();
      return response;
    });
  }
  return app;
}

interface From {
  readonly who: Caller | undefined;
  readonly address: string;
}

interface Asking extends From {
  readonly options: ApiOptions;
}

async function callerOf(
  { signIn, access = signIn }: ApiOptions,
  request: Request,
  address: string,
): Promise<Caller | undefined> {
  return access === undefined ? NO_SIGN_IN : await access.caller(request, address);
}

async function answer(
  ask: Context<Bindings>,
  route: RouteContract,
  handler: AnyHandler,
  { options, ...from }: Asking,
): Promise<Response> {
  const refusal = refusalFor(route, from, ask.req.raw);
  if (refusal !== undefined) throw refusal;
  const params = parseParams(route.params, new URL(ask.req.url).searchParams, ask.req.param());
  const body = route.body === undefined ? undefined : await readBody(ask.req.raw, route.body);
  const version = versionIn(ask.req.header('if-match'));
  const found = await handler({
    params,
    body,
    who: from.who,
    version,
    request: ask.req.raw,
    address: from.address,
    mayStill: mayStill(options, route, ask.req.raw, from.address),
  });
  if (found instanceof Response) return found;
  const reply = found instanceof Reply ? found : new Reply(found);
  const status = reply.status ?? route.status ?? (reply.value === undefined ? 204 : 200);
  const headers = new Headers();
  if (route.versioned === true) {
    const tag = versionOf(reply.value);
    if (tag !== undefined) headers.set('etag', `"${tag}"`);
  }
  for (const [header, value] of reply.headers) headers.append(header, value);
  if (reply.value === undefined) return new Response(null, { status, headers });
  headers.set('content-type', 'application/json');
  return new Response(JSON.stringify(reply.value), { status, headers });
}

function mayStill(
  options: ApiOptions,
  route: RouteContract,
  { url, headers }: Request,
  address: string,
): () => Promise<boolean> {
  // The request itself goes with its body; of what it said only this is looked at again.
  let again: Request | undefined;
  return async () => {
    again ??= new Request(url, { headers });
    return refusalFor(route, { who: await callerOf(options, again, address), address }, again) === undefined;
  };
}

/** Who may not ask this. */
function refusalFor(
  { needs, group }: RouteContract,
  { who, address }: From,
  request: Request,
): RequestProblem | undefined {
  if (needs === 'anyone') return undefined;
  if (needs === 'this-machine' && isThisMachine(request, address)) return undefined;
  if (who === undefined)
    return new RequestProblem(
      401,
      { detail: 'nobody is signed in', hint: 'Sign in, or send a token: Authorization: Bearer TOKEN.' },
      { 'www-authenticate': 'Bearer' },
    );
  const role = needs === 'this-machine' ? 'viewer' : needs;
  if (who.scopes !== undefined && who.scopes.length > 0 && !who.scopes.includes(group))
    return new RequestProblem(403, {
      detail: `this token is not good for '${group}', only for ${who.scopes.join(', ')}`,
    });
  if (mayActAs(who.role, role)) return undefined;
  return new RequestProblem(403, {
    detail: `this needs the role ${role}, and ${who.name} has ${who.role}`,
    hint: 'Ask an admin of this station.',
  });
}

/** True for a connection from loopback that no proxy made for somebody else. */
function isThisMachine(request: Request, address: string): boolean {
  const loopback = address === '::1' || /^(::ffff:)?127\./.test(address);
  return loopback && !['forwarded', 'x-forwarded-for', 'x-real-ip'].some((name) => request.headers.has(name));
}

async function audited(
  { onAct }: ApiOptions,
  act: string,
  ask: Context<Bindings>,
  { who, address }: From,
  run: () => Promise<Response>,
): Promise<Response> {
  const to = { ...ask.req.param() };
  let status = 500;
  try {
    const response = await run();
    status = response.status;
    return response;
  } catch (error) {
    status = problemOf(error)?.status ?? 500;
    throw error;
  } finally {
    // Whoever is not known may ask as often as he likes, and fills no log with it.
    if (who !== undefined) await onAct?.({ by: who, act, to, status, address });
  }
}

/** The version that an `If-Match` names; undefined for none and for `*`. */
function versionIn(header: string | undefined): number | undefined {
  if (header === undefined || header.trim() === '*') return undefined;
  const found = /^(?:W\/)?"(\d{1,15})"$/.exec(header.trim());
  if (found === null) throw new RequestProblem(400, { detail: 'If-Match is no version such as "3"' });
  return Number(found[1]);
}

function versionOf(value: unknown): number | undefined {
  const version = typeof value === 'object' && value !== null && 'version' in value ? value.version : undefined;
  return typeof version === 'number' ? version : undefined;
}

/** 405 where the path is there for other methods, 404 else. */
function notThere(method: string, path: string): RequestProblem {
  const allowed = new Set<string>();
  for (const route of Object.values(ROUTES) as readonly RouteContract[]) {
    const pattern = route.path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+');
    if (!new RegExp(`^${pattern}$`).test(path)) continue;
    allowed.add(route.method ?? 'GET');
    if (route.method === undefined || route.method === 'GET') allowed.add('HEAD');
  }
  if (allowed.size === 0)
    return new RequestProblem(404, {
      detail: `nothing is at ${path}`,
      hint: 'GET /api/reference names what is there.',
    });
  const allow = [...allowed].join(', ');
  return new RequestProblem(
    405,
    { detail: `${method} is not taken here, only ${allow}` },
    { allow, connection: 'close' },
  );
}
