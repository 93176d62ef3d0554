/** One request of a made log. */
export interface RequestEvent {
  readonly timeMs: number;
  readonly site: string;
  readonly client: string;
  readonly method: string;
  /** Path with its query. */
  readonly target: string;
  readonly status: number;
  readonly bytes: number;
  readonly requestMs: number;
  /** Undefined where none was sent. */
  readonly referrer: string | undefined;
  readonly agent: string | undefined;
  /** `1.1`, `2.0`. */
  readonly version: string;
}

/** What is known to be true of an attack in a made log. */
export interface TrueWebAttack {
  readonly site: string;
  /** Names that are right for it; the first is the best. */
  readonly vectors: readonly string[];
  readonly startMs: number;
  readonly endMs: number;
  readonly attackers: ReadonlySet<string>;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (value: number): string => String(value).padStart(2, '0');

function clfTime(timeMs: number): string {
  const at = new Date(timeMs);
  return `${two(at.getUTCDate())}/${MONTHS[at.getUTCMonth()]}/${at.getUTCFullYear()}:${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} +0000`;
}

/** Formats that a made log is written in. */
export const LOG_FORMATS = ['combined', 'vhost-combined', 'json', 'haproxy'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** The line of a request, without its end. */
export function lineOf(event: RequestEvent, format: LogFormat): string {
  const { timeMs, site, client, method, target, status, bytes, requestMs, referrer, agent, version } = event;
  const request = target === '' ? '-' : `${method} ${target} HTTP/${version}`;
  const combined = `${client} - - [${clfTime(timeMs)}] "${request}" ${status} ${bytes} "${referrer ?? '-'}" "${agent ?? '-'}"`;
  switch (format) {
    case 'combined':
      return combined;
    case 'vhost-combined':
      return `${site}:443 ${combined}`;
    case 'json':
      return JSON.stringify({
        time_iso8601: new Date(timeMs).toISOString(),
        host: site,
        remote_addr: client,
        request_method: target === '' ? '' : method,
        request_uri: target,
        status,
        body_bytes_sent: bytes,
        request_time: Math.round(requestMs) / 1000,
        http_referer: referrer ?? '',
        http_user_agent: agent ?? '',
        server_protocol: `HTTP/${version}`,
      });
    case 'haproxy': {
      const at = new Date(timeMs - requestMs);
      const accepted = `${two(at.getUTCDate())}/${MONTHS[at.getUTCMonth()]}/${at.getUTCFullYear()}:${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}.${String(at.getUTCMilliseconds()).padStart(3, '0')}`;
      const total = Math.round(requestMs);
      const bad = target === '' ? '<BADREQ>' : request;
      const state = target === '' ? 'cR--' : '----';
      return `${client}:${20000 + (total % 40000)} [${accepted}] https~ web/web1 0/0/0/${total}/${total} ${status} ${bytes} - - ${state} 1/1/0/0/0 0/0 "${bad}"`;
    }
  }
}
