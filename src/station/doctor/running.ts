import { readLocalToken } from '../../api/sign-in/secret-file.ts';
import { formatListen, type ListenAddress, parseListen } from '../../base/listen.ts';
import type { Config } from '../../model/config.ts';
import { type StationStatus, stationStatusSchema } from '../../model/station-view.ts';
import { readLock } from '../../store/lock.ts';
import type { StationFacts } from './facts.ts';

const STATUS_MS_MAX = 3000;
/** Bytes of a status: targets and exporters in it are bounded. */
const STATUS_BYTES_MAX = 16 << 20;

/**
 * Whether a station runs on the data directory, and what it tells of itself over HTTP. Another user may not be allowed to look at
 * its lock: then what answers where the configuration says is taken for it, and has no `pid`.
 */
export async function stationFacts(config: Config): Promise<StationFacts> {
  const holder = await readLock(config.storage.directory);
  const http = holder?.http === undefined ? undefined : parseListen(holder.http);
  const token = await readLocalToken(config.storage.directory);
  const told = await askStatus(`http://${reachable(http ?? config.http.listen)}/api/status`, token);
  if (holder === undefined) return 'status' in told ? { kind: 'running', ...told } : { kind: 'none' };
  // It holds the lock and has not said who it is yet.
  return { kind: 'running', ...(holder.pid === 0 ? {} : { pid: holder.pid }), ...told };
}

/** The address at which what listens on every address is asked. */
export function reachable(listen: ListenAddress): string {
  const { address, port } = listen;
  if (address === '::') return `[::1]:${port}`;
  return address === '0.0.0.0' ? `127.0.0.1:${port}` : formatListen(listen);
}

async function askStatus(
  url: string,
  token: string | undefined,
): Promise<{ status: StationStatus } | { silent: string }> {
  try {
    const answer = await fetch(url, {
      signal: AbortSignal.timeout(STATUS_MS_MAX),
      redirect: 'error',
      ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
    });
    if (!answer.ok) return { silent: `${url} answers ${answer.status}` };
    const text = await answer.text();
    if (text.length > STATUS_BYTES_MAX) return { silent: `${url} answers too much` };
    const parsed = stationStatusSchema.safeParse(JSON.parse(text));
    return parsed.success ? { status: parsed.data } : { silent: `${url} answers something else than a status` };
  } catch (error) {
    return { silent: `${url}: ${reasonOf(error)}` };
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof SyntaxError) return 'answers something else than a status';
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer in ${STATUS_MS_MAX / 1000} s`;
  const cause = error.cause;
  return cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : error.message;
}
