import type { RequestBatch, RequestSink } from '../../model/request-batch.ts';
import { REQUEST_HAS } from '../../model/request-columns.ts';
import { AgentKinds, agentKind } from './agents.ts';
import { AGAIN, CLIENT, ClientTable, HASTY, SAME, type SiteNorms, SUSPECT_POINTS } from './client-table.ts';
import { hashReferrerHost, hashReferrerPage } from './referrer.ts';
import { isTracked, slowKind, versionPlace } from './request-kind.ts';
import { clientSeedOf, KEYED_ROWS, RowKeys, secondHash, valueSeedOf } from './row-keys.ts';
import { SeenFilter } from './seen-filter.ts';
import { AGENT_BUCKETS, COUNT, type SiteCounts, TIME_BUCKETS } from './site-counts.ts';
import { type SiteNames, SiteTable } from './site-table.ts';
import { KIND } from './template.ts';
import { TemplateTable } from './template-table.ts';
import { hashText, textOf, viewOf } from './text-hash.ts';
import { TraitTally } from './trait-tally.ts';
import { TRAIT, TRAIT_COUNT } from './traits.ts';

export interface CounterLimits {
  readonly sitesMax: number;
  readonly clientsMax: number;
  /** Powers of two of the bits that remember values and clients. */
  readonly valuesBits: number;
  readonly visitorsBits: number;
}

export const COUNTER_LIMITS: CounterLimits = { sitesMax: 1024, clientsMax: 1 << 18, valuesBits: 26, visitorsBits: 25 };

export interface CounterOptions extends SiteNames {
  readonly seed: number;
  readonly limits?: Partial<CounterLimits>;
  /** Called when a second of event time is over, before the next begins; `last` at the end of the input. */
  readonly onSecond: (second: number, last: boolean) => void;
}

/** A line this much behind the newest counts for its clients and for what is usual, not for this second, s. */
const LATE_SECONDS = 3;
/** Further behind it is out of time; so many of them in a row are a clock that was set back, or another log. */
const BEHIND_SECONDS = 600;
const BEHIND_RUN = 256;
/** Requests of a second that are kept to tell of: in peace, from the fourth on, when more come than is usual, and once that is an attack. */
const KEPT_FROM = 3;
const KEPT_PEACE = 4;
const KEPT_HOT = 96;
const KEPT_ATTACKED = 32;
const LINE_CHARACTERS_MAX = 512;
const NEW_SECONDS = 60;

/**
 * Counts requests by site, template and client, and says when a second is over. Nothing is allocated for a request, but for the few
 * that are kept to tell of; every table is bounded.
 */
export class RequestCounter implements RequestSink {
  readonly sites: readonly SiteCounts[];
  readonly templates: TemplateTable;
  readonly clients: ClientTable;
  /** Lines whose time is so far behind that of the others that they were not counted. */
  outOfTime = 0;
  requests = 0;
  /** The second that is being counted; NaN before the first line. */
  second = Number.NaN;
  /** Sites with requests in this second. */
  readonly active: SiteCounts[] = [];
  readonly #options: CounterOptions;
  readonly #limits: CounterLimits;
  readonly #values: SeenFilter;
  readonly #visitors: SeenFilter;
  readonly #traits = new TraitTally((...told) => this.#tellTraits(...told));
  readonly #agentKinds = new AgentKinds();
  readonly #table: SiteTable;
  readonly #keys: RowKeys;
  #behind = 0;
  #view: DataView = new DataView(new ArrayBuffer(0));
  #viewed: Uint8Array | undefined;

  constructor(options: CounterOptions) {
    this.#options = options;
    this.#limits = { ...COUNTER_LIMITS, ...options.limits };
    const { sitesMax, clientsMax, valuesBits, visitorsBits } = this.#limits;
    this.templates = new TemplateTable(options.seed, sitesMax);
    this.clients = new ClientTable(clientsMax);
    this.#values = new SeenFilter(valuesBits);
    this.#visitors = new SeenFilter(visitorsBits);
    this.#table = new SiteTable(options.seed, sitesMax, options);
    this.sites = this.#table.sites;
    this.#keys = new RowKeys(options.seed, {
      sites: this.#table,
      clients: this.clients,
      templates: this.templates,
      values: this.#values,
      visitors: this.#visitors,
    });
  }

  take(batch: RequestBatch): void {
    if (this.#viewed !== batch.text) {
      this.#viewed = batch.text;
      this.#view = viewOf(batch.text);
    }
    const { length } = batch;
    for (let from = 0; from < length; from += KEYED_ROWS) {
      const to = Math.min(length, from + KEYED_ROWS);
      this.#keys.fill(batch, from, to, this.#view);
      for (let row = from; row < to; row++) this.#takeRow(batch, row, row - from);
    }
    batch.length = 0;
    batch.textLength = 0;
  }

  /** `at` is the place of the row among the keys. */
  #takeRow(batch: RequestBatch, row: number, at: number): void {
    const second = Math.floor(batch.timeMs[row] / 1000);
    let late = false;
    if (second !== this.second) {
      if (second > this.second || Number.isNaN(this.second)) this.#advance(second);
      else {
        const behind = this.second - second;
        if (behind > BEHIND_SECONDS && ++this.#behind < BEHIND_RUN) {
          this.outOfTime++;
          return;
        }
        if (behind > BEHIND_SECONDS) this.#advance(second);
        else late = behind > LATE_SECONDS;
      }
    }
    this.#behind = 0;
    this.#count(batch, row, at, late);
  }

  /** Ends the last second. */
  finish(): void {
    this.#endSecond(true);
  }

  /** Ends every second before this one: for a clock that goes on while no line comes. */
  passTo(second: number): void {
    if (!(second <= this.second)) this.#advance(second);
  }

  /** Asks anew which site a host belongs to: from now on it may be another. */
  forgetNames(): void {
    this.#table.forgetNames();
  }

  /** The site of that name, made where it is missing; the last one stands for all beyond the bound. */
  site(name: string): SiteCounts {
    return this.#table.named(name);
  }

  #advance(second: number): void {
    this.#endSecond(false);
    this.second = second;
  }

  #endSecond(last: boolean): void {
    if (Number.isNaN(this.second)) return;
    this.#traits.flush();
    this.#options.onSecond(this.second, last);
  }

  #tellTraits(index: number, template: number, traits: number, count: number): void {
    const site = this.sites[index];
    const from = TRAIT_COUNT * this.templates.current(template);
    const suspect = (traits & (1 << TRAIT.suspect)) !== 0;
    for (let rest = traits; rest !== 0; rest &= rest - 1) {
      const trait = 31 - Math.clz32(rest & -rest);
      site.nowTraits[trait] += count;
      this.templates.nowTraits[from + trait] += count;
      if (suspect) site.nowSuspectTraits[trait] += count;
    }
  }

  #count(batch: RequestBatch, row: number, at: number, late: boolean): void {
    this.requests++;
    const present = batch.present[row];
    const site = this.sites[this.#keys.site[at]];
    site.total++;
    const second = this.second;
    const now = site.now;
    if (!site.active) {
      site.active = true;
      this.active.push(site);
    }
    const status = (present & REQUEST_HAS.status) !== 0 ? batch.status[row] : -1;
    const failed = status >= 500 || status === 499 || status === 408;
    const bytes = (present & REQUEST_HAS.bytes) !== 0 ? batch.bytes[row] : -1;
    if (bytes > 0) now[COUNT.bytes] += bytes;
    // A line that comes late is no reason for an alarm in this second.
    if (!late) {
      now[COUNT.requests]++;
      if (failed) now[COUNT.failed]++;
    }
    const requestMs = (present & REQUEST_HAS.requestMs) !== 0 ? batch.requestMs[row] : -1;
    if (requestMs >= 0) {
      const bucket = requestMs < 1 ? 0 : Math.floor(2 * Math.log2(requestMs));
      site.times[bucket < TIME_BUCKETS ? bucket : TIME_BUCKETS - 1]++;
    }
    const method = batch.method[row];
    const pathLength = (present & REQUEST_HAS.path) !== 0 ? batch.path.length[row] : 0;
    const client = this.#clientAt(batch, row, at, present, site, second);
    const slow = slowKind(method, pathLength, status, bytes, requestMs);
    if (slow >= 0) {
      now[slow]++;
      if (client >= 0) this.clients.cells[this.clients.at(client) + CLIENT.slow]++;
    }
    if (pathLength === 0) {
      if (client >= 0) this.clients.seen(client, second);
      if (slow >= 0) this.#keep(batch, row, site, client, -1, 0, status, true);
      return;
    }
    this.#countPath(batch, row, at, present, site, client, method, status, failed, late, slow >= 0);
  }

  #countPath(
    batch: RequestBatch,
    row: number,
    key: number,
    present: number,
    site: SiteCounts,
    client: number,
    method: number,
    status: number,
    failed: boolean,
    late: boolean,
    slow: boolean,
  ): void {
    const { templates, clients } = this;
    const now = site.now;
    const view = this.#view;
    const queryLength = (present & REQUEST_HAS.query) !== 0 ? batch.query.length[row] : 0;
    const queryAt = batch.query.at[row];
    const value = this.#keys.value[key];
    const template = templates.find(
      site.index,
      method,
      value,
      this.#keys.path[key],
      batch.text,
      batch.path.at[row],
      batch.path.length[row],
      queryAt,
      queryLength,
    );
    const second = this.second;
    const kinds = templates.kinds[template];
    const noReferrer = (present & REQUEST_HAS.referrer) === 0 || batch.referrer.length[row] <= 1;
    const answered = status < 0 || (status >= 200 && status < 400);
    // What a browser fetches for a page says which page that is, and is there.
    const fetched = (kinds & KIND.folder) !== 0 && method === GET && answered && !noReferrer;
    if ((kinds & KIND.asset) !== 0 || fetched) {
      this.#countAsset(batch, row, site, client, template, value, status, noReferrer, late);
      return;
    }
    const refused = status >= 400 && status < 500 && !failed;
    // What was asked for a short while ago is not looked up among all that ever was.
    const novel =
      !templates.recent &&
      !this.#values.add(value, secondHash(value, valueSeedOf(this.#options.seed, site.index))) &&
      !(queryLength > 3 && isTracked(view, queryAt, queryLength));
    const agentLength = (present & REQUEST_HAS.userAgent) !== 0 ? batch.userAgent.length[row] : 0;
    const agent =
      agentLength === 0 ? 1 : hashText(view, batch.userAgent.at[row], agentLength, this.#options.seed) >>> 0;
    const kind = this.#agentKinds.of(agent, batch.text, batch.userAgent.at[row], agentLength);
    const version = (present & REQUEST_HAS.httpVersion) !== 0 ? versionPlace(batch.httpVersion[row]) : 0;
    let traits =
      (noReferrer ? 1 << TRAIT.noReferrer : 0) |
      (novel ? 1 << TRAIT.novel : 0) |
      (method === POST ? 1 << TRAIT.post : 0) |
      (refused ? 1 << TRAIT.refused : 0) |
      (failed ? 1 << TRAIT.failed : 0) |
      (status === 499 ? 1 << TRAIT.aborted : 0) |
      ((kind & agentKind.tool) !== 0 ? 1 << TRAIT.tool : 0) |
      ((kind & agentKind.crawler) !== 0 ? 1 << TRAIT.crawler : 0);
    if (client >= 0) {
      const { cells } = clients;
      const at = clients.at(client);
      clients.page(client, template, value, second);
      const isInterface = (kinds & KIND.interface) !== 0;
      // A browser sends a form a second time only when it is told to.
      const whole = status === OK || (method === POST && refused);
      const from =
        noReferrer || cells[at + CLIENT.pages] !== 2
          ? 0
          : hashReferrerPage(batch, row, view, valueSeedOf(this.#options.seed, site.index));
      const told = clients.follow(client, value, second, whole, from);
      if (told !== 0 && !late && !isInterface) {
        now[COUNT.seconds]++;
        if ((told & HASTY) !== 0) now[COUNT.hasty]++;
        if ((told & SAME) !== 0) now[COUNT.same]++;
      }
      clients.seen(client, second);
      if (answered) cells[at + CLIENT.answered]++;
      if (noReferrer) cells[at + CLIENT.noReferrer]++;
      if (novel) cells[at + CLIENT.novel]++;
      if (refused) cells[at + CLIENT.refused]++;
      if (method === POST) cells[at + CLIENT.posts]++;
      if (cells[at + CLIENT.agent] !== agent) {
        if (cells[at + CLIENT.agent] !== 0) cells[at + CLIENT.agentChanges]++;
        cells[at + CLIENT.agent] = agent;
      }
      cells[at + CLIENT.version] = version;
      if (kind !== 0) cells[at + CLIENT.flags] |= kind;
      if (site.attacked) clients.attackPage(client, templates.attacked[template], second);
      if ((cells[at + CLIENT.flags] & 1) === 0 && second - clients.firstSecond(client) < NEW_SECONDS) {
        traits |= 1 << TRAIT.newClient;
      }
      if (clients.isFast(client)) traits |= 1 << TRAIT.fast;
      if (cells[at + CLIENT.answered] >= 2 && cells[at + CLIENT.assets] === 0) traits |= 1 << TRAIT.noAssets;
      const expensive = (kinds & (KIND.search | KIND.login | KIND.rpc)) !== 0;
      const norms = isInterface ? NO_NORMS : site.norms;
      if (clients.suspicion(client, norms, expensive) >= SUSPECT_POINTS) traits |= 1 << TRAIT.suspect;
    }
    const suspect = (traits & (1 << TRAIT.suspect)) !== 0;
    if (!late) {
      now[COUNT.pages]++;
      // Who asks an interface for programs needs no images.
      if (answered && (kinds & KIND.interface) === 0) now[COUNT.answered]++;
      if (suspect) now[COUNT.suspects]++;
      if (refused) {
        now[COUNT.refused]++;
        const shape = templates.shape;
        if (shape < 32) site.shapesLow |= 1 << shape;
        else site.shapesHigh |= 1 << (shape - 32);
      }
      site.nowAgents[agent & (AGENT_BUCKETS - 1)]++;
      site.nowVersions[version]++;
      if (templates.now[template] === 0) templates.active.push(template);
      templates.now[template]++;
      templates.total[template]++;
      this.#traits.add(site.index, template, traits);
    }
    this.#keep(batch, row, site, client, template, value, status, suspect || slow);
  }

  #countAsset(
    batch: RequestBatch,
    row: number,
    site: SiteCounts,
    client: number,
    template: number,
    value: number,
    status: number,
    noReferrer: boolean,
    late: boolean,
  ): void {
    const { now } = site;
    const view = this.#view;
    const { seed } = this.#options;
    if (!late) now[COUNT.assets]++;
    if (client < 0) return;
    const told = this.clients.asset(client, value, this.second);
    if (told === 0) {
      if (!noReferrer && (now[COUNT.assets] & REFERRER_MASK) === 0)
        site.voteReferrer(hashReferrerHost(batch, row, view, seed));
      return;
    }
    // Parts of a film are asked for one after the other, and what other sites embed is none of this site's pages.
    const foreign =
      !noReferrer && site.ownReferrer !== 0 && hashReferrerHost(batch, row, view, seed) !== site.ownReferrer;
    if (late || foreign || status === PARTIAL_CONTENT) return;
    now[COUNT.bare]++;
    const again = (told & AGAIN) !== 0 && status !== NOT_MODIFIED;
    if (again) now[COUNT.bareAgain]++;
    if (again || now[COUNT.bare] > BARE_KEPT_FROM + BARE_KEPT_OVER * site.usual[COUNT.bare])
      this.#keep(batch, row, site, client, template, value, status, true);
  }

  /** The row of who asks, begun where it is new; -1 where the line does not tell. */
  #clientAt(batch: RequestBatch, row: number, key: number, present: number, site: SiteCounts, second: number): number {
    const { clients } = this;
    const named = (present & REQUEST_HAS.client) === 0;
    if (named && ((present & REQUEST_HAS.clientName) === 0 || batch.clientName.length[row] === 0)) return -1;
    const hash = this.#keys.client[key];
    let client = clients.find(hash);
    if (client < 0) {
      const words = named ? NO_WORDS : batch.client;
      client = clients.begin(site.index, hash, words, named ? 0 : 4 * row, second);
      if (named) clients.names.set(client, textOf(batch, batch.clientName.at[row], batch.clientName.length[row]));
      const known = this.#visitors.add(hash, secondHash(hash, clientSeedOf(this.#options.seed, site.index)));
      if (known) clients.cells[clients.at(client) + CLIENT.flags] |= 1;
      site.now[COUNT.clients]++;
    } else {
      site.now[COUNT.clients] += clients.comes(client, second);
    }
    return client;
  }

  /** Keeps a request to tell of, where few were kept in this second. */
  #keep(
    batch: RequestBatch,
    row: number,
    site: SiteCounts,
    client: number,
    template: number,
    value: number,
    status: number,
    suspect: boolean,
  ): void {
    const pages = site.now[COUNT.pages];
    const hot = site.hot || suspect || pages > 4 * site.usual[COUNT.pages] + 4;
    const keptMax = site.attacked ? KEPT_ATTACKED : hot ? KEPT_HOT : KEPT_PEACE;
    if (site.keptThisSecond >= keptMax || (pages < KEPT_FROM && !site.hot && !suspect)) return;
    const present = batch.present[row];
    const has = (bit: number): boolean => (present & bit) !== 0;
    site.keep({
      second: this.second,
      clientHash: client < 0 ? 0 : this.clients.keyOf(client),
      template,
      value,
      suspect,
      agent:
        has(REQUEST_HAS.userAgent) && batch.userAgent.length[row] > 0
          ? textOf(batch, batch.userAgent.at[row], Math.min(256, batch.userAgent.length[row]))
          : undefined,
      version: has(REQUEST_HAS.httpVersion) ? batch.httpVersion[row] : 0,
      method: batch.method[row],
      status,
      line: textOf(batch, batch.line.at[row], Math.min(LINE_CHARACTERS_MAX, batch.line.length[row])),
    });
  }
}

/** One asset in so many plus 1 tells from whose pages readers come. */
const REFERRER_MASK = 15;
/** Assets of a second without pages are worth to be kept beyond so many, and so many times the usual. */
const BARE_KEPT_FROM = 20;
const BARE_KEPT_OVER = 2;
const OK = 200;
const PARTIAL_CONTENT = 206;
const NOT_MODIFIED = 304;
const GET = 1;
const POST = 3;
const NO_NORMS: SiteNorms = { assets: false, referrers: false, versions: 0 };
const NO_WORDS = new Uint32Array(4);
