import type { NOTIFICATION_ROUTES, Setup } from '../contract/notifications.ts';
import type { ApiDeps } from '../deps.ts';
import type { Handlers } from '../dispatch.ts';
import { inputInvalid, type NotifyPort, notFound } from '../ports.ts';
import type { SignIn } from '../sign-in/sign-in.ts';
import { notHere } from './queries.ts';

/** An input or exporter of which something came within this is heard now, ms. */
const NOW_MS = 15_000;
const EXPORTERS_SHOWN = 100;

export interface NotificationParts {
  readonly deps: ApiDeps;
  readonly now: () => number;
  readonly signIn: SignIn | undefined;
}

/** Who is told, and what is left to set up. */
export function notificationHandlers(parts: NotificationParts): Pick<Handlers, keyof typeof NOTIFICATION_ROUTES> {
  const { deps } = parts;
  const notify = (): NotifyPort => deps.ports?.().notify ?? notHere('telling people');
  return {
    setup: () => setupOf(parts),
    receivers: () => ({ receivers: [...notify().receivers()] }),
    saveReceiver: ({ params, body, who }) => {
      if (params.name !== body.name) throw inputInvalid('name: it is another one than that in the path');
      return notify().save(body, who);
    },
    removeReceiver: async ({ params, who }) => {
      await notify().remove(params.name, who);
      return undefined;
    },
    testReceiver: async ({ params }) => {
      const startMs = performance.now();
      const elapsed = (): number => Math.round(performance.now() - startMs);
      try {
        if (!(await notify().test(params.name))) throw notFound(`no receiver has the name '${params.name}'`);
        return { delivered: true, elapsedMs: elapsed() };
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'NOT_FOUND') throw error;
        return {
          delivered: false,
          error: error instanceof Error ? error.message : String(error),
          elapsedMs: elapsed(),
        };
      }
    },
  };
}

async function setupOf({ deps, now, signIn }: NotificationParts): Promise<Setup> {
  const { inputs, exporters, records } = deps.status();
  const { sites: register, notify } = deps.ports?.() ?? {};
  const sites = (await register?.sites({ limit: 1 }).catch(() => undefined))?.total ?? 0;
  const receivers = notify?.receivers().length ?? 0;
  const people = signIn === undefined ? true : await signIn.hasPeople().catch(() => true);
  const heard = exporters.filter(({ lastSeen }) => now() - Date.parse(lastSeen) < NOW_MS);
  const logs = deps.counters().requests;
  const arriving = {
    missing: records === 0 && inputs.every((input) => input.records === 0) && (logs?.requests ?? 0) === 0,
    records,
    ...(logs === undefined ? {} : { requests: logs.requests, linesRefused: { ...logs.rejected } }),
    inputs: inputs.map(({ kind, address, datagrams, records: told, error }) => ({
      kind,
      address,
      datagrams,
      records: told,
      now: heard.some(({ protocol }) => (kind === 'sflow') === (protocol === 'sflow-v5')) && told > 0,
      ...(error === undefined ? {} : { error }),
    })),
    exporters: exporters.slice(0, EXPORTERS_SHOWN).map(({ exporter, name, records: told, lastSeen }) => ({
      exporter,
      ...(name === undefined ? {} : { name }),
      records: told,
      lastSeen,
    })),
  };
  return {
    done: sites > 0 && !arriving.missing && receivers > 0 && people,
    sites: { count: sites, missing: sites === 0 },
    arriving,
    told: { receivers, missing: receivers === 0 },
    accounts: { signIn: signIn !== undefined, missing: !people },
  };
}
