import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { Session } from 'chdb';

/**
 * The embedded engine behind ClickHouse's HTTP interface, as far as `@clickhouse/client` and the telemetry store use it:
 *
 *   POST /?query=…&param_x=…    the statement in `query`, then the body is data of an INSERT in Native format;
 *   POST /?param_x=…            or the statement is the body
 *   GET  /ping
 *
 * Bodies may be gzip both ways. A fault of the engine comes with its number in `X-ClickHouse-Exception-Code`, and the status that a
 * server gives it. A setting or a format that it does not know is refused, never passed over.
 *
 * It runs in a process of its own, as a server does: `startClickHouse` starts it, and this file is its program.
 */
export interface ClickHouseServer {
  /** `http://user:password@127.0.0.1:port`, without a database. */
  readonly url: string;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

export const USER = 'station';
export const PASSWORD = 'p@ss:word';

/** Settings that concern the HTTP interface alone, which this one meets by waiting for the end of every statement. */
const HTTP_SETTINGS = new Set([
  'wait_end_of_query',
  'enable_http_compression',
  'default_format',
  'query_id',
  'database',
]);
const AUTHENTICATION_FAILED = 516;
const UNKNOWN_SETTING = 115;

export async function startClickHouse(directory: string): Promise<ClickHouseServer> {
  const child = fork(fileURLToPath(import.meta.url), [directory], {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [port] = (await once(child, 'message')) as [number];
  return {
    url: `http://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}`,
    process: child,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

class EngineFault extends Error {
  readonly code: number;

  constructor(message: string, code: number) {
    super(message);
    this.code = code;
  }
}

function serve(directory: string): void {
  const session = new Session(directory, { connectionArgs: ['--max_server_memory_usage=2000000000'] });
  let files = 0;
  let last: Promise<unknown> = Promise.resolve();

  async function run(request: IncomingMessage, body: Buffer): Promise<Uint8Array> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (!isAuthentic(request)) throw new EngineFault(`${USER}: Authentication failed`, AUTHENTICATION_FAILED);
    const parameters: Record<string, string | (string | number)[]> = {};
    for (const [name, value] of url.searchParams) {
      if (name.startsWith('param_')) parameters[name.slice(6)] = parameterOf(value);
      else if (name !== 'query' && !HTTP_SETTINGS.has(name))
        throw new EngineFault(`Unknown setting '${name}'`, UNKNOWN_SETTING);
    }
    const asked = url.searchParams.get('query');
    let sql = asked ?? body.toString('utf8');
    let file: string | undefined;
    const insert = /^(INSERT INTO \S+ \(([^)]*)\)[\s\S]*) FORMAT Native\s*$/.exec(sql);
    if (insert !== null && asked !== null) {
      file = join(directory, `${files++}.native`);
      writeFileSync(file, body);
      // By name, as a server takes the columns of a block.
      sql = `${insert[1]} SELECT ${insert[2]} FROM file('${file}', 'Native')`;
    }
    try {
      const format = url.searchParams.get('default_format') ?? 'TabSeparated';
      const answer = await (Object.keys(parameters).length === 0
        ? session.queryAsync(sql, { format })
        : session.queryBindAsync(sql, parameters, { format }));
      return answer.bytes();
    } catch (error) {
      const words = (error as Error).message;
      // What the failed statement has written comes before the next answer of the same connection otherwise.
      await session.queryAsync('SELECT 1').catch(() => {});
      throw new EngineFault(
        words.replace(/^Code: \d+\. DB::Exception: /, ''),
        Number(/^Code: (\d+)/.exec(words)?.[1] ?? 1002),
      );
    } finally {
      if (file !== undefined) rmSync(file);
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const raw = Buffer.concat(chunks);
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
    if (request.url?.startsWith('/ping')) {
      response.end('Ok.\n');
      return;
    }
    // One connection: one statement after the other.
    const turn = last.then(() => run(request, body));
    last = turn.catch(() => {});
    try {
      const bytes = await turn;
      const zip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
      response.setHeader('Content-Type', 'text/plain; charset=UTF-8');
      response.setHeader('X-ClickHouse-Summary', '{}');
      if (zip) response.setHeader('Content-Encoding', 'gzip');
      response.end(zip ? gzipSync(bytes) : bytes);
    } catch (error) {
      const code = error instanceof EngineFault ? error.code : 1002;
      response.statusCode =
        code === AUTHENTICATION_FAILED ? 403 : code === 60 || code === 81 ? 404 : code === 62 ? 400 : 500;
      response.setHeader('X-ClickHouse-Exception-Code', String(code));
      const words = (error as Error).message;
      response.end(`Code: ${code}. DB::Exception: ${words}${/\([A-Z_]+\)$/.test(words.trim()) ? '' : ' (ERROR)'}\n`);
    }
  }

  const server = createServer({ maxHeaderSize: 1 << 20 }, (request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
}

function isAuthentic(request: IncomingMessage): boolean {
  const { authorization } = request.headers;
  return authorization === `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', '0': '\0' };

/** A value as it stands in a request: backslashes and control letters are escaped. chDB escapes values anew. */
function parameterOf(value: string): string | (string | number)[] {
  const plain = (text: string): string => text.replace(/\\([\s\S])/g, (_, letter: string) => ESCAPES[letter] ?? letter);
  if (!value.startsWith('[')) return plain(value);
  if (/^\[[\d.,]+\]$/.test(value)) return value.slice(1, -1).split(',').map(Number);
  return [...value.matchAll(/'((?:[^'\\]|\\[\s\S])*)'/g)].map(([, text]) => plain(text));
}

if (import.meta.main) serve(process.argv[2]);
