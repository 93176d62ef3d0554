import { createApi } from '../../api/api.ts';
import type { ConsoleFiles } from '../../api/console-files.ts';
import type { Api, ApiDeps } from '../../api/deps.ts';
import { formatListen, type ListenAddress } from '../../base/listen.ts';
import { type AccessDeps, openAccess, type StationAccess } from './access.ts';
import * as PERIOD from './periods.ts';
import { TlsFiles, type TlsPaths } from './tls-files.ts';

export interface HttpDeps extends Omit<AccessDeps, 'onProblem'> {
  readonly console: ConsoleFiles;
  readonly onProblem: (part: string, error: Error) => void;
}

export interface OpenHttp {
  readonly access: StationAccess;
  readonly api: Pick<Api, 'close'>;
  readonly at: ListenAddress;
}

/** The interface of a station for people and programs, with who may use it, listening. A file of its own, loaded when detection runs. */
export async function openHttp(station: ApiDeps, { console, onProblem, ...deps }: HttpDeps): Promise<OpenHttp> {
  const access = await openAccess({ ...deps, onProblem: (error) => onProblem('sign-in', error) });
  const api = createApi(station, {
    ...access.api,
    console,
    onFault: (error, path) => onProblem(`http ${path}`, error as Error),
  });
  const { tls, listen } = deps.config.http;
  try {
    const at = await api.listen(listen);
    access.listening(at);
    if (tls === undefined) return { access, api, at };
    const renewing = await openTls(api, tls, (error) => onProblem('http.tls', error), deps);
    return {
      access,
      at,
      api: {
        async close() {
          clearInterval(renewing);
          await api.close();
        },
      },
    };
  } catch (error) {
    await api.close();
    throw error;
  }
}

/** Listens by TLS, and takes renewed certificates over. */
async function openTls(
  api: Api,
  { listen, ...paths }: TlsPaths & { readonly listen: ListenAddress },
  onProblem: (error: Error) => void,
  { log }: Pick<HttpDeps, 'log'>,
): Promise<NodeJS.Timeout> {
  const files = new TlsFiles(paths);
  const at = await api.listenTls(listen, await files.read());
  log('info', 'listening', { input: 'https', address: formatListen(at) });
  return PERIOD.every(
    PERIOD.CERTIFICATE_MS,
    async () => {
      const renewed = await files.renewed();
      if (renewed !== undefined) {
        api.renewTls(renewed);
        log('info', 'the certificate of http.tls was renewed', {});
      }
      const warning = files.warning(Date.now());
      if (warning !== undefined) onProblem(new Error(warning));
    },
    onProblem,
  );
}
