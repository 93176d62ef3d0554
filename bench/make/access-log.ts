import { Random } from '../../src/base/random.ts';

/**
 * Lines of web server logs, made from a seed: readers of a news site, their pages and the files that belong to them. Distinct clients,
 * paths and user agents are as many as are asked for.
 */
export interface LogLines {
  readonly bytes: Uint8Array;
  readonly lines: number;
}

const START_S = 1_795_687_200;
const AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15',
  'Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export interface LogShape {
  readonly lines: number;
  /** Lines a second of event time. */
  readonly perSecond: number;
  readonly clients: number;
  readonly paths: number;
}

export interface Request {
  readonly second: number;
  readonly client: string;
  readonly path: string;
  readonly status: number;
  readonly bytes: number;
  readonly referrer: string;
  readonly agent: string;
}

/** The requests of a shape, one after the other. */
export function* makeRequests(shape: LogShape, seed: number): Generator<Request, void, undefined> {
  const random = new Random(seed);
  for (let at = 0; at < shape.lines; at++) {
    const client = Math.imul(random.below(shape.clients) + 1, 2_654_435_761) >>> 0;
    const page = random.below(shape.paths);
    const asset = random.below(4) > 0;
    yield {
      second: START_S + Math.floor(at / shape.perSecond),
      client: `${1 + ((client >>> 24) % 223)}.${(client >>> 16) & 255}.${(client >>> 8) & 255}.${client & 255}`,
      path: asset ? `/assets/${page.toString(36)}.css` : `/news/2026/11/article-${page}?page=${random.below(5)}`,
      status: random.below(50) === 0 ? 404 : 200,
      bytes: 500 + random.below(40_000),
      referrer: asset ? 'https://www.example.org/news/' : '-',
      agent: AGENTS[client % AGENTS.length],
    };
  }
}

const two = (value: number): string => String(value).padStart(2, '0');

/** One line of the combined log format. */
export function combinedLine({ second, client, path, status, bytes, referrer, agent }: Request): string {
  const at = new Date(second * 1000);
  const time = `${two(at.getUTCDate())}/${MONTHS[at.getUTCMonth()]}/${at.getUTCFullYear()}:${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
  return `${client} - - [${time} +0000] "GET ${path} HTTP/1.1" ${status} ${bytes} "${referrer}" "${agent}"\n`;
}

/** One line as nginx writes JSON. */
export function jsonLine({ second, client, path, status, bytes, referrer, agent }: Request): string {
  return `{"time":"${new Date(second * 1000).toISOString()}","remote_addr":"${client}","host":"www.example.org","request_method":"GET","request_uri":"${path}","server_protocol":"HTTP/1.1","status":${status},"body_bytes_sent":${bytes},"request_time":0.0${bytes % 90},"http_referer":"${referrer}","http_user_agent":"${agent}"}\n`;
}

/** One line of Caddy. */
export function caddyLine({ second, client, path, status, bytes, agent }: Request): string {
  return `{"level":"info","ts":${second}.${1000 + (bytes % 9000)},"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"${client}","remote_port":"44790","client_ip":"${client}","proto":"HTTP/2.0","method":"GET","host":"www.example.org","uri":"${path}","headers":{"User-Agent":["${agent}"],"Accept":["*/*"],"Accept-Encoding":["gzip, br"]},"tls":{"resumed":false,"version":772,"cipher_suite":4865,"proto":"h2","server_name":"www.example.org"}},"bytes_read":0,"user_id":"","duration":0.0027,"size":${bytes},"status":${status},"resp_headers":{"Server":["Caddy"],"Content-Type":["text/html"]}}\n`;
}

/** A log in memory. */
export function makeLog(line: (request: Request) => string, shape: LogShape, seed: number): LogLines {
  const parts: Uint8Array[] = [];
  const encoder = new TextEncoder();
  let text = '';
  for (const request of makeRequests(shape, seed)) {
    text += line(request);
    if (text.length > 1 << 20) {
      parts.push(encoder.encode(text));
      text = '';
    }
  }
  parts.push(encoder.encode(text));
  return { bytes: new Uint8Array(Buffer.concat(parts)), lines: shape.lines };
}
