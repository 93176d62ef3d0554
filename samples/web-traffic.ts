/**
 * The programs of samples/record-web.sh that no other program is: the slow part of a website, its readers, and those who search it to
 * death. All of it is bounded in time and in number.
 *
 *   web-traffic.ts backend PORT                     pages and a search, of which few are answered at a time
 *   web-traffic.ts readers SITE SECONDS FILE        readers with assets; writes what they asked for and got, second by second
 *   web-traffic.ts flood SITE SECONDS               random searches from 40 addresses
 */
import { writeFileSync } from 'node:fs';
import { Agent, createServer, get, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../src/base/random.ts';

const HOST = 'www.ministry.example';
const SECONDS_MAX = 900;

function seconds(text: string): number {
  return Math.min(SECONDS_MAX, Number(text));
}

// ---- the site -------------------------------------------------------------------------------------------------------

/** So many pages are made at a time, and so many wait for their turn; more are refused. Times in ms. */
function backend(port: number): void {
  const AT_A_TIME = 4;
  const WAITING_MAX = 256;
  const PAGE_MS = 15;
  const SEARCH_MS = 220;
  const waiting: (() => void)[] = [];
  let busy = 0;
  const next = (): void => {
    busy--;
    waiting.shift()?.();
  };
  const answer = (response: ServerResponse, url: string): void => {
    busy++;
    const page = `<!doctype html><title>Ministry of Examples</title><link rel=stylesheet href=/style.css>
<h1>Ministry of Examples</h1><p>You asked for ${url.replace(/[^/a-z0-9]/gi, ' ').slice(0, 60)}.</p>${'<p>News of the day.</p>'.repeat(40)}`;
    setTimeout(
      () => {
        response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page);
        next();
      },
      url.startsWith('/search') ? SEARCH_MS : PAGE_MS,
    );
  };
  createServer((request, response) => {
    const url = request.url ?? '/';
    if (busy < AT_A_TIME) answer(response, url);
    else if (waiting.length < WAITING_MAX) waiting.push(() => answer(response, url));
    else response.writeHead(503, { 'retry-after': '5' }).end('busy');
  }).listen(port, '127.0.0.1');
  setTimeout(() => process.exit(0), SECONDS_MAX * 1000);
}

// ---- readers ----------------------------------------------------------------------------------------------------------

interface Second {
  asked: number;
  answered: number;
  /** What a reader would have asked for next, had the page come. */
  given: number;
}

const AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15',
  'Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0',
  'Mozilla/5.0 (Linux; Android 15; SM-S921N) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36',
];
const ASSETS = ['/style.css', '/script.js', '/logo.svg'];
const WORDS = ['passport', 'tax', 'holiday', 'form 12', 'address', 'opening hours'];
const READERS = 120;
/** Between two visits, ms, on average. */
const VISIT_MS = 330;
const PATIENCE_MS = 20_000;

async function readers(site: string, length: number, file: string): Promise<void> {
  const random = new Random(20261126);
  const draw = (below: number): number => random.uint32() % below;
  const log = new Map<number, Second>();
  const endMs = Date.now() + length * 1000;
  const visits: Promise<void>[] = [];
  while (Date.now() < endMs) {
    visits.push(visit(site, `203.0.113.${1 + draw(READERS)}`, draw, log));
    await sleep(-Math.log((1 + random.uint32()) / 2 ** 32) * VISIT_MS);
  }
  await Promise.all(visits);
  const rows = [...log].sort(([left], [right]) => left - right).map(([second, counts]) => ({ second, ...counts }));
  writeFileSync(file, JSON.stringify(rows));
}

/** The front page or an article with what belongs to it, often another page after it, sometimes a search. */
async function visit(
  site: string,
  from: string,
  draw: (below: number) => number,
  log: Map<number, Second>,
): Promise<void> {
  const agent = AGENTS[Number(from.split('.')[3]) % AGENTS.length];
  const pages = [draw(3) === 0 ? `/news/${1 + draw(40)}` : '/'];
  if (draw(2) === 0) pages.push(`/news/${1 + draw(40)}`);
  if (draw(12) === 0) pages.push(`/search?q=${encodeURIComponent(WORDS[draw(WORDS.length)])}`);
  const plan = pages.length + ASSETS.length;
  const startedMs = Date.now();
  let done = 0;
  let referrer = '';
  for (const [at, page] of pages.entries()) {
    const asked = [page, ...(at === 0 ? ASSETS : [])];
    const [first, ...assets] = asked;
    count(log, 'asked', Date.now());
    const came = await ask(site, first, { from, agent, referrer });
    done++;
    if (!came) break;
    count(log, 'answered', Date.now());
    referrer = `http://${HOST}${first}`;
    for (const asset of assets) {
      count(log, 'asked', Date.now());
      if (await ask(site, asset, { from, agent, referrer })) count(log, 'answered', Date.now());
      done++;
    }
    await sleep(400 + draw(1200));
  }
  for (let left = done; left < plan; left++) count(log, 'given', startedMs);
}

function count(log: Map<number, Second>, what: keyof Second, ms: number): void {
  const second = Math.floor(ms / 1000);
  const counts = log.get(second) ?? { asked: 0, answered: 0, given: 0 };
  counts[what]++;
  log.set(second, counts);
}

// ---- those who attack ---------------------------------------------------------------------------------------------------

const ATTACKERS = 40;
/** Searches of one address a second, and how many of them it has under way at a time. */
const SEARCHES = 1.5;
const UNDER_WAY_MAX = 20;

async function flood(site: string, length: number): Promise<void> {
  const random = new Random(4711);
  const endMs = Date.now() + length * 1000;
  const one = async (at: number): Promise<void> => {
    const from = `198.18.${32 + (at >> 2)}.${10 + (at & 3) * 50}`;
    const agent = AGENTS[at % 3];
    let underWay = 0;
    while (Date.now() < endMs) {
      await sleep((1000 / SEARCHES) * (0.5 + random.uint32() / 2 ** 32));
      if (underWay >= UNDER_WAY_MAX) continue;
      underWay++;
      const word = random.uint32().toString(36) + random.uint32().toString(36);
      void ask(site, `/search?q=${word}`, { from, agent, referrer: '' }).then(() => underWay--);
    }
  };
  await Promise.all(Array.from({ length: ATTACKERS }, (_, at) => one(at)));
  process.exit(0);
}

/** True where it was answered with a status of 200. */
function ask(site: string, path: string, of: { from: string; agent: string; referrer: string }): Promise<boolean> {
  const headers = { host: HOST, 'user-agent': of.agent, ...(of.referrer === '' ? {} : { referer: of.referrer }) };
  return new Promise((resolve) => {
    const options = { host: site, path, headers, localAddress: of.from, timeout: PATIENCE_MS, agent: new Agent() };
    const request = get(options, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode === 200));
      response.on('error', () => resolve(false));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
  });
}

const [mode, ...args] = process.argv.slice(2);
if (mode === 'backend') backend(Number(args[0]));
else if (mode === 'readers') await readers(args[0], seconds(args[1]), args[2]);
else if (mode === 'flood') await flood(args[0], seconds(args[1]));
else process.exitCode = 2;
