import { Random } from '../../base/random.ts';
import type { RequestEvent, TrueWebAttack } from './event.ts';

/** What kind of site it is, and how much its log tells. */
export interface SiteStyle {
  readonly name: string;
  /** Visits a second on an ordinary day. */
  readonly visits: number;
  /** Images and styles are served by it, and logged; referrers are told. */
  readonly assets: boolean;
  readonly referrers: boolean;
  /** Share of the requests over HTTP/2. */
  readonly http2: number;
}

const AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Mobile Safari/537.36',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36 Edg/125.0.0.0',
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1',
];
const WORDS =
  'budget court water hospital road school tax passport minister election energy rail harbour culture archive museum forest river permit housing pension heating climate police fire civil union export customs village'.split(
    ' ',
  );
export const BASE_MS = Date.UTC(2026, 5, 9, 10, 0, 0);

/** Chance, time and the requests of one scene; everything follows from its seed. */
export class WebScene {
  readonly random: Random;
  readonly events: RequestEvent[] = [];
  readonly attacks: TrueWebAttack[] = [];
  readonly seconds: number;
  /** Clients that are good, for the score. */
  readonly innocents = new Set<string>();
  readonly #returning: string[] = [];
  #nextClient = 0;

  constructor(seed: number, seconds: number) {
    this.random = new Random(seed);
    this.seconds = seconds;
  }

  /** An address of its own, in networks of households. */
  client(): string {
    const index = ++this.#nextClient;
    const mixed = (Math.imul(index, 0x9e3779b1) ^ 0x5bd1e995) >>> 0;
    return `${[78, 84, 91, 109, 176, 188, 213][index % 7]}.${mixed >>> 24}.${(mixed >>> 16) & 255}.${1 + ((mixed >>> 8) % 254)}`;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.random.below(values.length)];
  }

  /** Small indices are much more likely than large ones. */
  popular(count: number): number {
    return Math.floor(count * this.random.unit() ** 3);
  }

  agent(): string {
    const agent = AGENTS[this.popular(AGENTS.length)];
    // Versions differ among readers.
    return agent.replace(/Chrome\/12\d/, `Chrome/12${4 + this.random.below(4)}`);
  }

  word(): string {
    return this.random.unit() < 0.7 ? this.pick(WORDS) : `${this.pick(WORDS)}+${this.pick(WORDS)}`;
  }

  letters(length: number): string {
    let text = '';
    for (let at = 0; at < length; at++) text += String.fromCharCode(97 + this.random.below(26));
    return text;
  }

  add(event: Partial<RequestEvent> & Pick<RequestEvent, 'timeMs' | 'site' | 'client' | 'target'>): void {
    if (event.timeMs < BASE_MS || event.timeMs >= BASE_MS + 1000 * this.seconds) return;
    this.events.push({
      method: 'GET',
      status: 200,
      bytes: 4000 + this.random.below(30_000),
      requestMs: 15 + this.random.exponential(40),
      referrer: undefined,
      agent: undefined,
      version: '1.1',
      ...event,
    });
  }

  /** Visits of an ordinary day from one second to another, at a multiple of the usual rate. */
  visits(style: SiteStyle, from: number, to: number, options: VisitOptions = {}): void {
    const rate = style.visits * (options.times ?? 1);
    for (let at = from + this.random.exponential(1 / rate); at < to; at += this.random.exponential(1 / rate)) {
      this.visit(style, BASE_MS + 1000 * at, options);
    }
  }

  /** One visit: pages with what belongs to them, seconds apart. */
  visit(style: SiteStyle, startMs: number, options: VisitOptions = {}): void {
    const { random } = this;
    const known = options.newcomers === true ? false : this.#returning.length > 20 && random.unit() < 0.35;
    const client = options.client ?? (known ? this.pick(this.#returning) : this.client());
    this.innocents.add(client);
    if (this.#returning.length < 5000) this.#returning.push(client);
    const agent = options.agent ?? this.agent();
    const version = random.unit() < style.http2 ? '2.0' : '1.1';
    const pages = options.pages ?? 1 + Math.floor(random.exponential(2));
    let timeMs = startMs;
    let referrer =
      random.unit() < 0.5
        ? random.unit() < 0.8
          ? 'https://www.google.com/'
          : 'https://news.example.net/today'
        : undefined;
    let cached = known && random.unit() < 0.5;
    for (let page = 0; page < Math.min(12, pages); page++) {
      const target = page === 0 && options.landing !== undefined ? options.landing(this) : this.page();
      const failed = random.unit() < (options.failing ?? 0.002);
      const missing = options.missing !== undefined && random.unit() < options.missing;
      const slowdown = options.slowdown ?? 1;
      this.add({
        timeMs,
        site: style.name,
        client,
        target: missing ? `/old${target}` : target,
        status: failed ? 502 : missing ? 404 : random.unit() < 0.03 ? 304 : 200,
        requestMs: (20 + random.exponential(60)) * slowdown,
        referrer: style.referrers ? referrer : undefined,
        agent,
        version,
      });
      const from = `https://${style.name}${target}`;
      if (style.assets && !failed && !cached)
        this.assets(style, timeMs, client, agent, version, from, page === 0 ? 9 : 3);
      if (page === 0) cached = cached || random.unit() < 0.1;
      if (failed && options.retries !== undefined) {
        for (let retry = 1; retry <= options.retries; retry++) {
          const again = timeMs + retry * (1500 + random.below(3000));
          this.add({
            timeMs: again,
            site: style.name,
            client,
            target,
            status: random.unit() < 0.7 ? 502 : 200,
            referrer: style.referrers ? referrer : undefined,
            agent,
            version,
          });
        }
      }
      referrer = from;
      timeMs += 3000 + random.exponential(15_000);
    }
  }

  assets(
    style: SiteStyle,
    timeMs: number,
    client: string,
    agent: string,
    version: string,
    referrer: string,
    count: number,
  ): void {
    for (let asset = 0; asset < count; asset++) {
      const kind = ASSETS[asset % ASSETS.length];
      this.add({
        timeMs: timeMs + 80 + 40 * asset,
        site: style.name,
        client,
        target: `/static/${kind[0]}${asset < 5 ? '' : this.popular(300)}${kind[1]}`,
        bytes: 2000 + this.random.below(60_000),
        requestMs: 3 + this.random.exponential(8),
        referrer: style.referrers ? referrer : undefined,
        agent,
        version,
      });
    }
  }

  page(): string {
    const choice = this.random.unit();
    if (choice < 0.3) return '/';
    if (choice < 0.65) return `/news/2026/${this.popular(400)}-${WORDS[this.popular(WORDS.length)]}.html`;
    if (choice < 0.8)
      return `/${['about', 'contact', 'services', 'departments', 'press', 'jobs', 'forms'][this.popular(7)]}`;
    if (choice < 0.88) return `/search?q=${this.word()}`;
    if (choice < 0.95) return `/documents/${this.popular(2000)}`;
    return `/services/${WORDS[this.popular(WORDS.length)]}`;
  }
}

const ASSETS: readonly (readonly [string, string])[] = [
  ['site', '.css'],
  ['main', '.js'],
  ['logo', '.svg'],
  ['text', '.woff2'],
  ['icons', '.png'],
  ['photo', '.jpg'],
  ['photo', '.webp'],
];

export interface VisitOptions {
  /** Multiple of the usual rate. */
  readonly times?: number;
  readonly client?: string;
  readonly agent?: string;
  readonly pages?: number;
  readonly newcomers?: boolean;
  /** What the first page of a visit is. */
  readonly landing?: (scene: WebScene) => string;
  /** Share of the pages that fail, and how often a reader tries again. */
  readonly failing?: number;
  readonly retries?: number;
  /** Share of the pages that are not found. */
  readonly missing?: number;
  readonly slowdown?: number;
}
