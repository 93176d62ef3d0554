import { createApi } from '../../api/api.ts';
import type { ConsoleFiles } from '../../api/console-files.ts';
import type { Api, ApiDeps } from '../../api/deps.ts';
import type { ListenAddress } from '../../base/listen.ts';
import { type AccessDeps, openAccess, type StationAccess } from './access.ts';

export interface HttpDeps extends Omit<AccessDeps, 'onProblem'> {
  readonly console: ConsoleFiles;
  readonly onProblem: (part: string, error: Error) => void;
}

export interface OpenHttp {
  readonly access: StationAccess;
  readonly api: Api;
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
  const at = await api.listen(deps.config.http.listen);
  access.listening(at);
  return { access, api, at };
}
