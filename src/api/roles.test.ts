import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ApiClient } from '../../test/support/api-client.ts';
import { FixedPorts, incidentOf } from '../../test/support/fixed-ports.ts';
import { FixedStation } from '../../test/support/fixed-station.ts';
import { MemoryDocuments } from '../../test/support/memory-documents.ts';
import { temporaryDirectory } from '../../test/support/state.ts';
import { mayActAs, ROLES } from '../model/role.ts';
import { type Api, createApi } from './api.ts';
import { ROUTES, type RouteContract } from './contract.ts';
import { SignIn } from './sign-in/sign-in.ts';

/** What says that a role is not enough; other refusals have other reasons. */
const NEEDS_ROLE = /^this needs the role /;

describe('every route with every role', () => {
  const directory = temporaryDirectory('roles');
  const clients = new Map<string, ApiClient>();
  let api: Api;
  let at = '';

  before(async () => {
    const signIn = await SignIn.create({
      directory: directory.path,
      store: new MemoryDocuments(),
      url: () => at,
      providers: [],
      onProblem: () => undefined,
    });
    const ports = new FixedPorts();
    ports.kept.set('x', incidentOf(1, { id: 'x' }));
    api = createApi(Object.assign(new FixedStation(), { ports: () => ports }), { signIn });
    const { port } = await api.listen({ address: '127.0.0.1', port: 0, family: 4 });
    at = `http://localhost:${port}`;
    const local = new ApiClient(at, readFileSync(join(directory.path, 'local-token'), 'utf8').trim());
    for (const role of ROLES) {
      const { body } = await local.send('POST', '/api/tokens', { name: role, role });
      clients.set(role, new ApiClient(at, String(body.text)));
    }
  });
  after(async () => {
    await api.close();
    directory.remove();
  });

  /** Asks a route with parameters that are no more than of the right form; an event stream is let go at once. */
  async function ask(client: ApiClient, route: RouteContract): Promise<{ status: number; detail: string }> {
    const path = route.path.replace(/\{\w+\}/g, 'x');
    if (route === ROUTES.events) {
      const response = await fetch(`${at}${path}`, {
        headers: client.token === undefined ? {} : { authorization: `Bearer ${client.token}` },
      });
      await response.body?.cancel();
      return { status: response.status, detail: response.ok ? '' : 'refused' };
    }
    const { method = 'GET', body } = route;
    const sent = body === undefined ? undefined : body.mediaType === undefined ? {} : '';
    const headers: Record<string, string> = body?.mediaType === undefined ? {} : { 'content-type': body.mediaType };
    const answer = await client.send(method, path, sent, headers);
    return { status: answer.status, detail: String(answer.body.detail ?? '') };
  }

  for (const [name, route] of Object.entries(ROUTES) as [string, RouteContract][]) {
    it(`${name}: ${route.method ?? 'GET'} ${route.path} needs ${route.needs}`, async () => {
      const nobody = await ask(new ApiClient(at), route);
      const open = route.needs === 'anyone' || route.needs === 'this-machine';
      if (open) assert.doesNotMatch(nobody.detail, /^nobody is signed in/);
      else assert.equal(nobody.status, 401);
      for (const role of ROLES) {
        const { status, detail } = await ask(clients.get(role) ?? new ApiClient(at), route);
        const may = open || mayActAs(role, route.needs as (typeof ROLES)[number]);
        if (may) assert.doesNotMatch(detail, NEEDS_ROLE, `${role}: ${status} ${detail}`);
        else assert.deepEqual([status, NEEDS_ROLE.test(detail)], [403, true], `${role}: ${status} ${detail}`);
        if (may) assert.ok(status < 500 || status === 503, `${role}: ${status} ${detail}`);
      }
    });
  }

  /** What each role may change first, said a second time: a route that is new is thought about here too. */
  const MAY_CHANGE: Readonly<Record<string, RegExp>> = {
    anyone: /^\/api\/auth\//,
    viewer: /^\/api\/(me|tokens)(\/|$)/,
    analyst: /^\/api\/incidents\//,
    operator: /^\/api\/(sites|vantages|notifications)(\/|$)/,
    admin: /^\/api\/(users|auth\/set-up-link)(\/|$)/,
  };

  it('each role changes what docs/sign-in.md says, and a viewer nothing but what is his own', () => {
    for (const { method, needs, path } of Object.values(ROUTES) as readonly RouteContract[])
      if (method !== undefined) assert.match(path, MAY_CHANGE[needs] ?? /^$/, `${method} ${path} needs ${needs}`);
  });

  it('only admins see people and what they did', () => {
    const seeing = (Object.values(ROUTES) as readonly RouteContract[]).filter(({ method }) => method === undefined);
    for (const { path, needs } of seeing) if (/^\/api\/(users|audit)/.test(path)) assert.equal(needs, 'admin', path);
  });
});
