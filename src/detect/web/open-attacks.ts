import type { Attack } from '../../model/attack.ts';
import { CLIENT } from '../../sketch/web/client-table.ts';
import type { RequestCounter } from '../../sketch/web/request-counter.ts';
import { COUNT, type SiteCounts } from '../../sketch/web/site-counts.ts';
import { WINDOW_SUM } from '../../sketch/web/traits.ts';
import { WEB } from './parameters.ts';
import type { Identity, WebAttack } from './web-attack.ts';

export interface OpenWebAttacksOptions {
  readonly onAttack?: (attack: Attack, state: 'opened' | 'updated' | 'closed') => void;
  readonly live?: boolean;
  readonly isGood?: (site: string, words: Uint32Array, at: number) => boolean;
}

/** The attacks that go on, one a site at most, those that are over, and those of an earlier run that may go on. */
export class OpenWebAttacks {
  /** Attacks beyond what is kept. */
  refused = 0;
  readonly #counter: RequestCounter;
  readonly #options: OpenWebAttacksOptions;
  readonly #open = new Map<SiteCounts, WebAttack>();
  readonly #closed: WebAttack[] = [];
  readonly #adopted = new Map<string, Attack>();
  readonly #attackersMax: number;
  #adoptedSince: number | undefined;
  #before = Number.NaN;

  constructor(counter: RequestCounter, options: OpenWebAttacksOptions) {
    this.#counter = counter;
    this.#options = options;
    this.#attackersMax = options.live === true ? WEB.attackersLiveMax : WEB.attackersMax;
  }

  get(site: SiteCounts): WebAttack | undefined {
    return this.#open.get(site);
  }

  /** All attacks in the order of their start. */
  list(): Attack[] {
    const { clients, templates } = this.#counter;
    return [...this.#closed, ...this.#open.values()]
      .map((attack) => attack.tell(clients, templates, this.#attackersMax))
      .sort((left, right) => left.start.localeCompare(right.start) || left.id.localeCompare(right.id));
  }

  sourcesOf(id: string): { words: Uint32Array; shares: Float64Array } | undefined {
    const found = [...this.#open.values(), ...this.#closed].find((attack) => attack.id === id);
    return found?.sources(this.#counter.clients);
  }

  adopt(attacks: readonly Attack[]): void {
    for (const attack of attacks) this.#adopted.set(attack.target.value, attack);
  }

  /** A second is over: those that are quiet for long enough are closed. */
  endSecond(second: number): void {
    for (const attack of [...this.#open.values()]) this.#go(attack, second);
    this.#letGo(second);
    this.#before = second;
  }

  /** The input is over: what is quiet by then is told as over. */
  finish(second: number): void {
    for (const attack of [...this.#open.values()]) {
      if (second - attack.lastSecond > WEB.ongoingQuietSecondsMax) this.close(attack);
    }
  }

  /** Begins with an attack: what its clients asked for since its start counts. */
  open(attack: WebAttack): WebAttack {
    const { site } = attack;
    this.#open.set(site, attack);
    const { isGood } = this.#options;
    if (isGood !== undefined) site.good = (words, at) => isGood(site.name, words, at);
    site.attacked = true;
    const { clients } = this.#counter;
    for (let row = 0; row < clients.count; row++) {
      if (clients.site[row] !== site.index + 1) continue;
      const since = clients.firstSecond(row) >= attack.startSecond - 2;
      const recently = clients.lastSecond(row) >= attack.startSecond - 2;
      const all = clients.cells[clients.at(row) + CLIENT.pages];
      const pages = since ? all : recently ? Math.round(clients.recent(row)) : 0;
      clients.beginAttack(row, pages, since ? clients.firstSecond(row) : attack.startSecond);
    }
    return attack;
  }

  /** A second of an attack that is open, whether its site had requests or not. */
  #go(attack: WebAttack, second: number): void {
    const { site } = attack;
    const active = site.active;
    const pages = active ? site.now[COUNT.pages] : 0;
    const usual = Math.min(site.usual[COUNT.pages], attack.opening.usual);
    const { assets } = attack.traits;
    const bare = active ? Math.max(0, site.now[COUNT.bare] - site.usual[COUNT.bare]) : 0;
    const surplus = assets ? bare : Math.max(0, pages - Math.max(usual, site.usual[COUNT.pages]));
    const its = assets
      ? bare
      : attack.bySuspects
        ? active
          ? site.now[COUNT.suspects]
          : 0
        : this.#ofTemplates(attack, active);
    if (attack.opening.measure === 'rps') {
      // Two readers who search in the same second after the flood are none of it: the seconds before have to say so too.
      const hold = WEB.holdShare * attack.opening.limit;
      if (its >= hold && this.#level(attack) >= hold) {
        if (second - attack.lastSecond >= WEB.pulseGapSeconds) attack.pulses++;
        attack.lastSecond = second;
      }
    }
    if (active) {
      attack.requests += surplus;
      attack.failed += Math.max(0, site.now[COUNT.failed] - site.usual[COUNT.failed]);
      attack.bytes += Math.max(0, site.now[COUNT.bytes] - site.usual[COUNT.bytes]);
      attack.others += site.now[COUNT.requests] - surplus;
      attack.peakRps = Math.max(attack.peakRps, site.now[COUNT.requests]);
      attack.peakBps = Math.max(attack.peakBps, 8 * site.now[COUNT.bytes]);
      if (site.kept.length > 0) {
        attack.keep(site.kept);
        site.kept = [];
      }
    }
    attack.picture(second, active ? site.now[COUNT.requests] : 0);
    if (second - attack.lastSecond > WEB.closeAfterSeconds) this.close(attack);
    else if (this.#options.live === true && second > this.#before) {
      const age = second - attack.openedSecond;
      if ((WEB.updateSeconds as readonly number[]).includes(age) || (age > 0 && age % WEB.updateEverySeconds === 0))
        this.tell(attack, 'updated');
    }
  }

  #ofTemplates(attack: WebAttack, active: boolean): number {
    if (!active) return 0;
    const { templates } = this.#counter;
    let sum = 0;
    for (const id of attack.templates) sum += templates.now[id] - templates.usual[id];
    return Math.max(sum, attack.site.now[COUNT.suspects] - attack.site.usual[COUNT.suspects]);
  }

  /** Requests a second of what is attacked, over the seconds of the window. */
  #level(attack: WebAttack): number {
    const { site } = attack;
    if (attack.traits.assets) return site.window[COUNT.bare] / WINDOW_SUM - site.usual[COUNT.bare];
    const suspects = site.window[COUNT.suspects] / WINDOW_SUM;
    if (attack.bySuspects) return suspects;
    const { templates } = this.#counter;
    let sum = 0;
    for (const id of attack.templates) sum += templates.window[id] / WINDOW_SUM - templates.usual[id];
    return Math.max(sum, suspects - site.usual[COUNT.suspects]);
  }

  close(attack: WebAttack): void {
    this.#open.delete(attack.site);
    attack.site.attacked = false;
    for (const id of attack.templates) this.#counter.templates.attacked[id] = 0;
    const told = attack.close(this.#counter.clients, this.#counter.templates, this.#attackersMax);
    if (this.#closed.length < WEB.attacksKeptMax) this.#closed.push(attack);
    else this.refused++;
    if (this.#options.live === true) this.#closed.length = 0;
    this.#options.onAttack?.(told, 'closed');
  }

  tell(attack: WebAttack, state: 'opened' | 'updated'): void {
    this.#options.onAttack?.(attack.tell(this.#counter.clients, this.#counter.templates, this.#attackersMax), state);
  }

  /** An attack of an earlier run on this site, if it is not long ago. */
  identity(site: SiteCounts, second: number): Identity | undefined {
    const attack = this.#adopted.get(site.name);
    if (attack === undefined) return undefined;
    this.#adopted.delete(site.name);
    const last = Date.parse(attack.end ?? attack.detectedAt) / 1000;
    if (second - last > WEB.resumeSecondsMax && !attack.ongoing) return undefined;
    return { id: attack.id, start: attack.start, detectedAt: attack.detectedAt };
  }

  /** Closes attacks of an earlier run that were not seen again. */
  #letGo(second: number): void {
    if (this.#adopted.size === 0) return;
    for (const [name, attack] of this.#adopted) {
      this.#adoptedSince ??= second;
      if (second - this.#adoptedSince < WEB.closeAfterSeconds) continue;
      this.#adopted.delete(name);
      this.#options.onAttack?.({ ...attack, ongoing: false, end: attack.end ?? attack.detectedAt }, 'closed');
    }
  }
}
