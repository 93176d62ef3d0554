import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { BonghwaError } from '../base/errors.ts';
import { Histogram } from '../base/histogram.ts';
import { formatListen, isLoopback, type ListenAddress } from '../base/listen.ts';
import { ROUTES, type RouteContract } from './contract.ts';
import type { Api, ApiDeps, ApiOptions } from './deps.ts';
import { type Bindings, dispatch, type Handlers } from './dispatch.ts';
import { EventStream } from './event-stream.ts';
import { refusalOf, SECURITY_HEADERS } from './guard.ts';
import { incidentHandlers } from './handlers/incidents.ts';
import { notificationHandlers } from './handlers/notifications.ts';
import { peopleHandlers } from './handlers/people.ts';
import { Gate } from './handlers/queries.ts';
import { siteHandlers } from './handlers/sites.ts';
import { trafficHandlers } from './handlers/traffic.ts';

export type { Api, ApiDeps, ApiOptions, Readiness, StationCounters } from './deps.ts';
export { LAG_BOUNDS } from './deps.ts';

/** Connections at a time. */
const CONNECTIONS_MAX = 1024;
/** For the head of a request, for all of it, and between two on one connection, ms. */
const HEADERS_MS_MAX = 5000;
const REQUEST_MS_MAX = 10_000;
const KEEP_ALIVE_MS = 5000;
/** A connection on which nothing moves for this long is closed: its client reads nothing, ms. */
const IDLE_MS_MAX = 60_000;
const HEARTBEAT_MS = 15_000;
/** How often it is measured how late the main thread is, ms. */
const LAG_EVERY_MS = 500;
const LOOP_LAG_BOUNDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
/** A browser that was here once comes by TLS alone for a year (RFC 6797). */
const HSTS = 'max-age=31536000';
/** After this, connections that are still open are cut, ms. */
export const CLOSE_MS_MAX = 500;

/** The HTTP interface of a station. It does nothing until `listen`. */
export function createApi(deps: ApiDeps, options: ApiOptions = {}): Api {
  const now = options.now ?? ((): number => Date.now());
  const events = new EventStream(now().toString(36));
  const loopLag = new Histogram(LOOP_LAG_BOUNDS);
  const names = new Set((options.names ?? []).map((name) => name.toLowerCase()));
  const listener = getRequestListener(routes(deps, options, { now, events, loopLag }).fetch, {
    overrideGlobalObjects: false,
  });
  const take: RequestListener = (request, response) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    const refusal = refusalOf(request, names);
    if (refusal === undefined) {
      if (options.console?.answer(request, response) !== true) void listener(request, response);
    } else response.writeHead(refusal.status, refusal.allHeaders()).end(refusal.body());
  };
  const server = bounded(createServer(SERVER_OPTIONS, take));
  let secure: TlsServer | undefined;
  const timers: NodeJS.Timeout[] = [];
  let unsubscribe: (() => void) | undefined;
  return {
    async listen(at) {
      if (!isLoopback(at) && options.signIn === undefined) throw notLoopback(at);
      const listening = await listenOn(server, at);
      unsubscribe = deps.subscribe((event) => events.publish(event));
      timers.push(
        every(HEARTBEAT_MS, () => {
          events.heartbeat();
          // What ends by itself, such as a session after its hours, is noticed here.
          void events.recheck();
        }),
        measureLag(loopLag),
      );
      return listening;
    },
    async listenTls(at, material) {
      if (options.signIn === undefined) throw notLoopback(at);
      secure = bounded(
        createTlsServer({ ...SERVER_OPTIONS, ...material, minVersion: 'TLSv1.2' }, (request, response) => {
          response.setHeader('strict-transport-security', HSTS);
          take(request, response);
        }),
      );
      return listenOn(secure, at);
    },
    renewTls(material) {
      secure?.setSecureContext(material);
    },
    async close() {
      unsubscribe?.();
      for (const timer of timers) clearInterval(timer);
      events.close();
      await Promise.all([closeServer(server), secure === undefined ? undefined : closeServer(secure)]);
    },
  };
}

type TlsServer = ReturnType<typeof createTlsServer>;

const SERVER_OPTIONS = {
  headersTimeout: HEADERS_MS_MAX,
  requestTimeout: REQUEST_MS_MAX,
  keepAliveTimeout: KEEP_ALIVE_MS,
  connectionsCheckingInterval: 1000,
} as const;

function bounded<S extends Server | TlsServer>(server: S): S {
  server.maxConnections = CONNECTIONS_MAX;
  server.timeout = IDLE_MS_MAX;
  return server;
}

interface RouteParts {
  readonly now: () => number;
  readonly events: EventStream;
  readonly loopLag: Histogram;
}

function routes(deps: ApiDeps, options: ApiOptions, { now, events, loopLag }: RouteParts): Hono<Bindings> {
  const gate = new Gate();
  const handlers: Handlers = {
    ...trafficHandlers({ deps, now, events, loopLag, gate }),
    ...incidentHandlers({ deps, now, gate }),
    ...siteHandlers({ deps, now, gate }),
    ...notificationHandlers({ deps, now, signIn: options.signIn }),
    ...peopleHandlers({ signIn: options.signIn, onAct: options.onAct, gate }),
  };
  const app = dispatch(handlers, options, () => void events.recheck());
  app.get('/', (ask) => ask.text(INDEX));
  return app;
}

const INDEX = [
  'Bonghwa. What can be asked here:',
  '',
  ...(Object.values(ROUTES) as readonly RouteContract[]).map(
    ({ method = 'GET', path, summary }) => `  ${method.padEnd(6)}  ${path.padEnd(28)}  ${summary}`,
  ),
  '',
].join('\n');

async function listenOn(server: Server | TlsServer, at: ListenAddress): Promise<ListenAddress> {
  const where = formatListen(at);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(unavailable(where, error)));
    server.listen({ host: at.address, port: at.port, exclusive: true, backlog: CONNECTIONS_MAX }, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return { ...at, port };
}

/** Without sign-in whoever reaches the station may do everything. */
function notLoopback(at: ListenAddress): BonghwaError {
  return new BonghwaError('HTTP_NOT_LOOPBACK', `HTTP does not listen on ${formatListen(at)} while http.signIn is off`, {
    hint: `Turn sign-in on, or give a loopback address such as 127.0.0.1:${at.port}; 'ssh -L ${at.port}:127.0.0.1:${at.port} station' reaches it from elsewhere.`,
  });
}

function unavailable(where: string, cause: NodeJS.ErrnoException): BonghwaError {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another program listens there',
    EACCES: 'permission is denied',
    EADDRNOTAVAIL: 'this machine has no such address',
  };
  return new BonghwaError(
    'HTTP_UNAVAILABLE',
    `HTTP cannot listen on ${where}: ${reasons[cause.code ?? ''] ?? cause.message}`,
    {
      hint: 'Stop the other program, or give another port with --http or http.listen.',
      cause,
    },
  );
}

async function closeServer(server: Server | TlsServer): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  // Connections that still answer fall idle one by one; nobody is waited for longer than that.
  const idle = setInterval(() => server.closeIdleConnections(), CLOSE_MS_MAX / 10);
  const cut = setTimeout(() => server.closeAllConnections(), CLOSE_MS_MAX);
  await closed;
  clearInterval(idle);
  clearTimeout(cut);
}

function every(periodMs: number, act: () => void): NodeJS.Timeout {
  return setInterval(act, periodMs).unref();
}

/** Measures by how much a timer is late: for so long the main thread did something else. */
function measureLag(lag: Histogram): NodeJS.Timeout {
  let dueMs = performance.now() + LAG_EVERY_MS;
  return every(LAG_EVERY_MS, () => {
    const nowMs = performance.now();
    lag.add(Math.max(0, nowMs - dueMs) / 1000);
    dueMs = nowMs + LAG_EVERY_MS;
  });
}
