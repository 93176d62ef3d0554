import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { SEVERITIES } from '../../model/incident.ts';
import type { Receiver } from '../../model/receiver.ts';
import { type Message, messageOf, testMessage } from './message.ts';
import type { News } from './news.ts';
import { quietUntil } from './quiet.ts';
import type { Send } from './transport.ts';

/** News that waits for its message; messages that wait for their receiver. What is more is counted as lost, the oldest first. */
export const GATHERED_MAX = 1000;
export const QUEUE_MAX = 100;
/** Things that a receiver was told of and not yet that they are over. */
export const TOLD_MAX = 5000;
/** For one attempt, ms; attempts of one message; the pause behind the first one that fails doubles up to the last. */
const ATTEMPT_MS_MAX = 10_000;
const ATTEMPTS_MAX = 8;
const RETRY_MS_MIN = 1000;
const RETRY_MS_MAX = 300_000;
/** The clock may be set: it is looked at so often while something waits, ms. */
const LOOK_MS = 60_000;
/** What is critical waits no longer than this for what comes with it, ms. */
const CRITICAL_MS = 1000;

export interface OutletOptions {
  readonly receiver: Receiver;
  readonly send: Send;
  readonly groupMs: number;
  readonly station: () => { readonly name: string; readonly url: string };
  readonly now: () => number;
  /** Told what the receiver has been told of and not yet that it is over, whenever that changes. */
  readonly onTold: (keys: readonly string[]) => void;
  /** Told when a message is given up. */
  readonly onLost: (error: Error) => void;
  /** Divides every pause between attempts; for tests. */
  readonly hurry?: number;
}

export interface OutletStatus {
  readonly sent: number;
  /** Attempts that failed. */
  readonly failed: number;
  /** News and messages that were given up. */
  readonly lost: number;
  /** News that waits, for its group, for the end of quiet hours, or for the receiver. */
  readonly waiting: number;
  readonly lastSentAt?: string;
  readonly lastError?: string;
}

/** One receiver: gathers news, and delivers it one message after the other. Nobody waits for it. */
export class Outlet {
  readonly #options: OutletOptions;
  readonly #gathered = new Map<string, News>();
  readonly #told: Set<string>;
  #queue: Message[] = [];
  #timer: NodeJS.Timeout | undefined;
  #dueMs = Number.POSITIVE_INFINITY;
  #sending: Promise<void> | undefined;
  readonly #closing = new AbortController();
  #sent = 0;
  #failed = 0;
  #lost = 0;
  #lastSentAt: string | undefined;
  #lastError: string | undefined;

  constructor(options: OutletOptions, told: readonly string[]) {
    this.#options = options;
    this.#told = new Set(told.slice(-TOLD_MAX));
  }

  get receiver(): Receiver {
    return this.#options.receiver;
  }

  /** Takes news over where it concerns the receiver; never waits, never throws. */
  take(news: News): void {
    const { about, severity } = this.#options.receiver;
    const mild = SEVERITIES.indexOf(news.severity) < SEVERITIES.indexOf(severity);
    const ends = news.state === 'ended';
    if (!about.includes(news.kind) || (mild && !ends)) return;
    const waits = this.#gathered.get(news.key);
    if (ends && !this.#told.has(news.key)) {
      // Nobody was told that it began: nobody is told that it is over.
      this.#gathered.delete(news.key);
      return;
    }
    // What is over, and began again before that was told, is nothing new.
    if (news.state === 'began' && waits?.state === 'ended') {
      this.#gathered.delete(news.key);
      return;
    }
    // Twice the same is told once.
    if (news.state === 'began' && this.#told.has(news.key)) return;
    const worse = news.state === 'worse' && waits?.state === 'began';
    this.#gather(worse ? { ...news, state: 'began' } : news);
  }

  #gather(news: News): void {
    this.#gathered.delete(news.key);
    this.#gathered.set(news.key, news);
    if (this.#gathered.size > GATHERED_MAX) {
      this.#gathered.delete(this.#gathered.keys().next().value ?? '');
      this.#lost++;
    }
    const nowMs = this.#options.now();
    const gatherMs =
      news.severity === 'critical' ? Math.min(CRITICAL_MS, this.#options.groupMs) : this.#options.groupMs;
    this.#wakeAt(this.#heldUntil(news, nowMs) ?? nowMs + gatherMs);
  }

  /** Until when quiet hours hold it back. */
  #heldUntil({ severity }: News, nowMs: number): number | undefined {
    const { quiet } = this.#options.receiver;
    if (quiet === undefined || SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(quiet.below)) return undefined;
    return quietUntil(quiet, nowMs);
  }

  #wakeAt(dueMs: number): void {
    const nowMs = this.#options.now();
    const waits = this.#dueMs > nowMs && this.#dueMs <= dueMs;
    if (waits || this.#closing.signal.aborted) return;
    this.#dueMs = dueMs;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#flush(), Math.min(Math.max(0, dueMs - nowMs), LOOK_MS));
    this.#timer.unref();
  }

  /** Makes a message of what may be told now. */
  #flush(): void {
    const nowMs = this.#options.now();
    const dueMs = this.#dueMs;
    this.#dueMs = Number.POSITIVE_INFINITY;
    if (dueMs > nowMs) {
      this.#wakeAt(dueMs);
      return;
    }
    const ready: News[] = [];
    let nextMs = Number.POSITIVE_INFINITY;
    for (const news of this.#gathered.values()) {
      const heldMs = this.#heldUntil(news, nowMs);
      if (heldMs === undefined) ready.push(news);
      else nextMs = Math.min(nextMs, heldMs);
    }
    if (Number.isFinite(nextMs)) this.#wakeAt(nextMs);
    if (ready.length === 0) return;
    for (const { key } of ready) this.#gathered.delete(key);
    this.#note(ready);
    this.#queue.push(messageOf(ready, this.#frame(nowMs)));
    if (this.#queue.length > QUEUE_MAX) {
      this.#queue.shift();
      this.#lost++;
    }
    this.#sending ??= this.#deliver().finally(() => {
      this.#sending = undefined;
    });
  }

  #note(news: readonly News[]): void {
    for (const { key, state } of news) {
      this.#told.delete(key);
      if (state !== 'ended') this.#told.add(key);
    }
    while (this.#told.size > TOLD_MAX) this.#told.delete(this.#told.values().next().value ?? '');
    this.#options.onTold([...this.#told]);
  }

  #frame(nowMs: number) {
    const { name: station, url } = this.#options.station();
    const { language } = this.#options.receiver;
    return { id: randomUUID(), at: new Date(nowMs).toISOString(), station, url, language };
  }

  async #deliver(): Promise<void> {
    for (;;) {
      const message = this.#queue[0];
      if (message === undefined || this.#closing.signal.aborted) return;
      await this.#tryAll(message);
      // More may have come meanwhile, and pushed this one out.
      if (this.#queue[0] === message) this.#queue.shift();
    }
  }

  async #tryAll(message: Message): Promise<void> {
    const { hurry = 1, onLost } = this.#options;
    let pauseMs = RETRY_MS_MIN;
    for (let attempt = 1; ; attempt++) {
      const error = await this.#attempt(message);
      if (error === undefined || this.#closing.signal.aborted) return;
      if (attempt === ATTEMPTS_MAX) {
        this.#lost++;
        onLost(error);
        return;
      }
      await sleep(pauseMs / hurry, undefined, { ref: false, signal: this.#closing.signal }).catch(() => undefined);
      if (this.#closing.signal.aborted) return;
      pauseMs = Math.min(2 * pauseMs, RETRY_MS_MAX);
    }
  }

  async #attempt(message: Message): Promise<Error | undefined> {
    try {
      await this.#options.send(message, AbortSignal.any([this.#closing.signal, AbortSignal.timeout(ATTEMPT_MS_MAX)]));
      this.#sent++;
      this.#lastSentAt = new Date(this.#options.now()).toISOString();
      this.#lastError = undefined;
      return undefined;
    } catch (error) {
      this.#failed++;
      const fault = error instanceof Error ? error : new Error(String(error));
      this.#lastError = fault.name === 'TimeoutError' ? `no answer in ${ATTEMPT_MS_MAX / 1000} s` : fault.message;
      return new Error(this.#lastError, { cause: error });
    }
  }

  /** Delivers a message that tells nothing but that messages arrive; rejects with why it does not. */
  async test(): Promise<void> {
    const error = await this.#attempt(testMessage(this.#frame(this.#options.now())));
    if (error !== undefined) throw error;
  }

  status(): OutletStatus {
    return {
      sent: this.#sent,
      failed: this.#failed,
      lost: this.#lost,
      waiting: this.#gathered.size + this.#queue.length,
      ...(this.#lastSentAt === undefined ? {} : { lastSentAt: this.#lastSentAt }),
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    };
  }

  /** Lets go at once: whoever stops the station does not wait for a mail server. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#closing.abort();
    await this.#sending;
  }
}
