/** What a user agent says of itself; bits. The first bit is the table of clients' own. */
export const agentKind = { tool: 2, crawler: 4 } as const;

const CACHE = 4096;
const TOOL =
  /^(?:-|$)|curl\/|wget\/|python|aiohttp|httpx|go-http-client|java\/|okhttp|libwww|lwp|httpclient|node-fetch|axios|undici|ruby|php\/|guzzle|scrapy|wrk|apachebench|siege|hey\/|k6\/|vegeta|jmeter|slowhttptest|golden ?eye|hulk|loic|masscan|zgrab|nikto|sqlmap|nuclei|wpscan|gobuster|dirbuster|ffuf|wordpress\/|headless|phantomjs/i;
const CRAWLER =
  /bot\b|bot\/|crawl|spider|slurp|facebookexternalhit|mediapartners|archiver|feedfetcher|uptime|monitor|pingdom|statuscake|site24x7/i;

/** The kinds of user agents by their hash: each text is looked at once in a while only. */
export class AgentKinds {
  readonly #tags = new Uint32Array(CACHE);
  readonly #kinds = new Uint8Array(CACHE);

  /** The kind of the user agent whose hash is `hash`, and whose text lies at `at`. */
  of(hash: number, text: Uint8Array, at: number, length: number): number {
    const slot = hash & (CACHE - 1);
    if (this.#tags[slot] === hash) return this.#kinds[slot];
    const agent = TEXT.decode(text.subarray(at, at + Math.min(length, 300)));
    const kind = (TOOL.test(agent) ? agentKind.tool : 0) | (CRAWLER.test(agent) ? agentKind.crawler : 0);
    this.#tags[slot] = hash;
    this.#kinds[slot] = kind;
    return kind;
  }
}

const TEXT = new TextDecoder('latin1');
