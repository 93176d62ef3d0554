import type { ServerStatus } from '../../model/server-status.ts';

/**
 * The pages on which web servers count their connections. Control plane: a page every few seconds, so that text is the plain way.
 */
export type StatusCounts = Omit<ServerStatus, 'source' | 'atMs'>;

/** Characters of a page that are read: HAProxy has a line for every server of every backend. */
export const STATUS_CHARS_MAX = 4 * 1024 * 1024;

/** Reads a page of any of the three kinds; undefined where it is none of them. */
export function parseServerStatus(page: string): StatusCounts | undefined {
  if (/^\s*Active connections:/.test(page)) return parseStubStatus(page);
  if (/^(# )?pxname,/.test(page)) return parseHaproxyStats(page);
  if (/^(Scoreboard|BusyWorkers|Total Accesses|ServerVersion): /m.test(page)) return parseApacheStatus(page);
  return undefined;
}

/**
 * `stub_status` of nginx (ngx_http_stub_status_module):
 *
 *   Active connections: 291
 *   server accepts handled requests
 *    16630948 16630948 31070465
 *   Reading: 6 Writing: 179 Waiting: 106
 */
function parseStubStatus(page: string): StatusCounts | undefined {
  const counts =
    /Active connections:\s*(\d+)\s+server accepts handled requests\s+\d+\s+\d+\s+(\d+)[\s\S]*?Reading:\s*(\d+)\s+Writing:\s*(\d+)\s+Waiting:\s*(\d+)/.exec(
      page,
    );
  if (counts === null) return undefined;
  const [connections, requests, reading, writing, waiting] = counts.slice(1).map(Number);
  return { connections, requests, reading, writing, waiting };
}

/** Statistics of HAProxy as CSV (management guide, section 9.1): the sum of its frontends. */
function parseHaproxyStats(page: string): StatusCounts | undefined {
  const [titles, ...lines] = page.split('\n');
  const columns = titles.replace(/^# /, '').trim().split(',');
  const at = (name: string): number => columns.indexOf(name);
  const [svname, scur, slim, total] = ['svname', 'scur', 'slim', 'req_tot'].map(at);
  if (svname < 0 || scur < 0) return undefined;
  let frontends = 0;
  let connections = 0;
  let connectionsMax = 0;
  let requests = 0;
  for (const line of lines) {
    const cells = line.split(',');
    if (cells[svname] !== 'FRONTEND') continue;
    frontends++;
    connections += count(cells[scur]);
    connectionsMax += count(cells[slim]);
    requests += count(cells[total]);
  }
  if (frontends === 0) return undefined;
  return { connections, ...(connectionsMax > 0 ? { connectionsMax } : {}), ...(total < 0 ? {} : { requests }) };
}

function count(cell: string | undefined): number {
  const value = Number(cell ?? '');
  return Number.isFinite(value) && value > 0 ? value : 0;
}

/**
 * `server-status?auto` of Apache (mod_status). The scoreboard has a letter for every slot: R reads a request, W answers, K keeps a
 * connection open, C closes it, and a dot is a slot without a process.
 */
function parseApacheStatus(page: string): StatusCounts | undefined {
  const values = new Map<string, string>();
  for (const line of page.split('\n')) {
    const [, name, value] = /^([\w ]+):\s*(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined) values.set(name, value);
  }
  const board = values.get('Scoreboard');
  const number = (name: string): number | undefined => (values.has(name) ? count(values.get(name)) : undefined);
  const busy = number('BusyWorkers');
  if (board === undefined && busy === undefined) return undefined;
  const slots = (letter: string): number => (board === undefined ? 0 : board.split(letter).length - 1);
  // The event worker holds idle connections without a slot: they are counted beside the scoreboard.
  const waiting = slots('K') + (number('ConnsAsyncKeepAlive') ?? 0);
  const requests = number('Total Accesses');
  return {
    connections: number('ConnsTotal') ?? busy ?? slots('R') + slots('W') + slots('K') + slots('C'),
    ...(board === undefined ? {} : { connectionsMax: board.length, reading: slots('R'), writing: slots('W'), waiting }),
    ...(requests === undefined ? {} : { requests }),
  };
}
