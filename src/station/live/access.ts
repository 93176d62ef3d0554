import { readFile } from 'node:fs/promises';
import type { Act, ApiOptions } from '../../api/deps.ts';
import type { OidcProvider } from '../../api/sign-in/auth.ts';
import { SignIn } from '../../api/sign-in/sign-in.ts';
import { formatListen, type ListenAddress } from '../../base/listen.ts';
import type { Config } from '../../model/config.ts';
import { resolveSecret } from '../../model/secret.ts';
import type { StateStore } from '../../store/state/state-store.ts';
import { DAY_MS } from './periods.ts';
import { SET_UP_DONE, SET_UP_LINK, type StationOptions } from './station-options.ts';

export interface AccessDeps extends Pick<StationOptions, 'log' | 'environment'> {
  readonly config: Config;
  /** The state store; throws STATE_DOWN while it is not open. */
  readonly store: () => StateStore;
  readonly onProblem: (error: Error) => void;
}

/** Who may ask the station over HTTP, as the configuration says. */
export interface StationAccess {
  readonly api: Pick<ApiOptions, 'signIn' | 'onAct' | 'names'>;
  /** Where people reach it. */
  url(): string;
  /** Where HTTP listens, once that is known. */
  listening(at: ListenAddress): void;
  /** Tells of the link for the first account, where there is none. */
  announce(): Promise<void>;
  /** Forgets acts that are older than so many days. */
  forgetActs(days: number): Promise<void>;
}

/** Rejects where a secret of the configuration is not there. */
export async function openAccess(deps: AccessDeps): Promise<StationAccess> {
  const { config, store, log, onProblem } = deps;
  const { http, storage } = config;
  let url = http.url;
  const names = [...(url === undefined ? [] : [new URL(url).hostname]), http.listen.address];
  const listening = (at: ListenAddress): void => {
    url ??= `http://${formatListen(at)}`;
  };
  const reached = (): string => url ?? `http://${formatListen(http.listen)}`;
  const nothing = (): Promise<void> => Promise.resolve();
  if (http.signIn === 'off') return { api: { names }, url: reached, listening, announce: nothing, forgetActs: nothing };
  const signIn = await SignIn.create({
    directory: storage.directory,
    store: lateStore(store),
    url: reached,
    providers: await Promise.all(http.providers.map((provider) => providerOf(provider, deps))),
    onProblem,
  });
  /** True while the link that was logged is the one to use. */
  let pending = false;
  return {
    api: {
      names,
      signIn,
      onAct: (act) => {
        if (pending && FIRST_ACTS.has(act.act) && act.status < 400) {
          pending = false;
          log('info', SET_UP_DONE, {});
        }
        return kept(signIn, act, onProblem);
      },
    },
    url: reached,
    listening,
    async announce() {
      const link = await signIn.firstLink();
      // The log is where the operator looks, and nobody else may: the link is the key of the station.
      if (link === undefined) return;
      pending = true;
      log('warn', SET_UP_LINK, { ...link });
    },
    async forgetActs(days) {
      await signIn.audit.prune(Date.now() - days * DAY_MS);
    },
  };
}

/** Acts after which the link for the first account is over. */
const FIRST_ACTS: ReadonlySet<string> = new Set(['useLink', 'makeSetUpLink']);

/** An act that cannot be written down is told of, and done: a full disk must not keep people from stopping an attack. */
async function kept(signIn: SignIn, { by, ...act }: Act, onProblem: (error: Error) => void): Promise<void> {
  await signIn.audit.append({ ...act, by: by ?? null }).catch((error: unknown) => {
    onProblem(new Error(`the audit log could not be written: ${error instanceof Error ? error.message : error}`));
  });
}

type ConfiguredProvider = Config['http']['providers'][number];

async function providerOf(
  { clientSecret, ...provider }: ConfiguredProvider,
  { environment }: AccessDeps,
): Promise<OidcProvider> {
  if (clientSecret === undefined) return { ...provider, clientSecret };
  return {
    ...provider,
    clientSecret: await resolveSecret(clientSecret, environment, (path) => readFile(path, 'utf8')),
  };
}

/** The store as sign-in uses it, from before it is open. */
function lateStore(store: () => StateStore) {
  return {
    saveDocument: async (...args: Parameters<StateStore['saveDocument']>) => await store().saveDocument(...args),
    document: async (...args: Parameters<StateStore['document']>) => await store().document(...args),
    documents: async (...args: Parameters<StateStore['documents']>) => await store().documents(...args),
    removeDocument: async (...args: Parameters<StateStore['removeDocument']>) => await store().removeDocument(...args),
    pruneDocuments: async (...args: Parameters<StateStore['pruneDocuments']>) => await store().pruneDocuments(...args),
    settled: async () => await store().settled(),
  };
}
