import type { Attack } from '../../../src/model/attack.ts';
import type { StationEvent } from '../../../src/model/station-event.ts';
import type { StationStatus } from '../../../src/model/station-view.ts';
import { ask, Problem } from './ask.ts';
import { RateHistory } from './rate-history.ts';
import { register } from './register.svelte.ts';

/** How often the station is asked how it does: while somebody looks, and while nobody does. */
const LOOK_MS = 2000;
const HIDDEN_MS = 30_000;
/** No word for so long, and the connection is taken for lost, ms. */
const LOST_MS = 7000;
/** Events that are remembered for the list of what changed. */
const EVENTS_MAX = 300;

export type Connection = 'connecting' | 'live' | 'lost';

/** What is known of the station at this moment, and how fresh that is. */
class Live {
  status = $state.raw<StationStatus | undefined>();
  /** Attacks that go on, the latest start first. */
  attacks = $state.raw<readonly Attack[]>([]);
  /** What was told since the page was opened, the latest first. */
  events = $state.raw<readonly StationEvent[]>([]);
  connection = $state<Connection>('connecting');
  /** When the station last said something, ms since 1970. */
  heardMs = $state(0);
  nowMs = $state(Date.now());
  /** Grows whenever lists should be asked for anew: after a gap in the events. */
  generation = $state(0);
  /** Grows when something begins, changes its state or ends, for what follows from that. */
  told = $state(0);
  /** True where the station wants to know who asks first. */
  signedOut = $state(false);
  readonly history = new RateHistory();
  #stream: EventSource | undefined;
  #timers: ReturnType<typeof setInterval>[] = [];
  #asking = false;
  #askedMs = 0;

  /** Begins to listen and to ask; resolves when the first answer is here, or none came. */
  start(): Promise<void> {
    this.#timers.push(setInterval(() => this.#tick(), 500));
    addEventListener('visibilitychange', () => this.#tick());
    addEventListener('online', () => this.refresh());
    this.#listen();
    return this.refresh();
  }

  /** Begins anew with everything: after signing in. */
  restart(): void {
    this.signedOut = false;
    this.#listen();
    void this.refresh();
    this.generation++;
  }

  async refresh(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    this.#askedMs = Date.now();
    try {
      const status = await ask<StationStatus>('/api/status');
      this.status = status;
      this.attacks = open(status.attacksOngoing);
      this.history.add(status);
      this.#heard();
    } catch (error) {
      if (error instanceof Problem && error.status !== 0 && error.status < 500) this.#heard();
    } finally {
      this.#asking = false;
      this.#judge();
    }
  }

  #tick(): void {
    this.nowMs = Date.now();
    const everyMs = document.visibilityState === 'visible' ? LOOK_MS : HIDDEN_MS;
    if (!this.signedOut && this.nowMs - this.#askedMs >= everyMs) void this.refresh();
    this.#judge();
  }

  #heard(): void {
    if (this.connection === 'lost') this.generation++;
    this.heardMs = Date.now();
    this.connection = 'live';
  }

  #judge(): void {
    const limitMs = document.visibilityState === 'visible' ? LOST_MS : HIDDEN_MS + LOST_MS;
    if (this.connection === 'live' && Date.now() - this.heardMs > limitMs) this.connection = 'lost';
    if (this.connection === 'connecting' && this.heardMs === 0 && Date.now() - this.#askedMs > LOST_MS)
      this.connection = 'lost';
  }

  #listen(): void {
    this.#stream?.close();
    const stream = new EventSource('/api/events');
    this.#stream = stream;
    const hear = ({ data }: MessageEvent<string>): void => {
      this.#heard();
      try {
        this.#take(JSON.parse(data) as StationEvent);
      } catch {
        // A frame that is no event is none.
      }
    };
    stream.addEventListener('open', () => this.#heard());
    for (const kind of ['attack', 'warning', 'outage', 'incident', 'site-state']) stream.addEventListener(kind, hear);
    stream.addEventListener('resync', () => {
      this.generation++;
      void this.refresh();
    });
    stream.addEventListener('error', () => {
      // The browser connects again by itself, except where it was refused.
      if (stream.readyState === EventSource.CLOSED && !this.signedOut) setTimeout(() => this.#listen(), 3000);
    });
  }

  #take(event: StationEvent): void {
    // What only goes on changes no list: its numbers are here already.
    if (!('state' in event) || event.state !== 'updated') {
      this.events = [event, ...this.events].slice(0, EVENTS_MAX);
      this.told++;
    }
    if (event.kind === 'site-state') register.tell(event.status);
    if (event.kind !== 'attack') return;
    const others = this.attacks.filter(({ id }) => id !== event.attack.id);
    this.attacks = event.state === 'closed' ? others : open([event.attack, ...others]);
  }
}

/**
 * Attacks that are not closed, the latest start first. One that rests between two pulses goes on for the reader until the station closes it:
 * otherwise the first line would change its mind with every pulse.
 */
function open(attacks: readonly Attack[]): readonly Attack[] {
  return attacks
    .map((attack) => (attack.ongoing ? attack : { ...attack, ongoing: true }))
    .sort((left, right) => right.start.localeCompare(left.start));
}

export const live = new Live();
