import type { Turnstile } from './check.ts';

export interface TurnstileLimits {
  /** Attempts at a time, over all hosts. */
  readonly attemptsMax: number;
  /** Attempts at a time to one host. */
  readonly perHostMax: number;
  /** Pause between the beginnings of two attempts at one host, ms. */
  readonly hostGapMs: number;
}

export const TURNSTILE_LIMITS: TurnstileLimits = { attemptsMax: 2048, perHostMax: 2, hostGapMs: 500 };

interface Host {
  running: number;
  nextMs: number;
  readonly waiting: (() => void)[];
  timer: NodeJS.Timeout | undefined;
}

/**
 * Holds attempts to what is polite and to what this machine can bear: few at a time to one host, with a pause between them, and a bound
 * over all. What has to wait waits in order; nothing is dropped here, since a prober never starts a check of a site whose last one goes on.
 */
export class HostTurnstile {
  readonly #limits: TurnstileLimits;
  readonly #hosts = new Map<string, Host>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(limits: TurnstileLimits = TURNSTILE_LIMITS) {
    this.#limits = limits;
  }

  readonly pass: Turnstile = async (name, signal) => {
    const host = this.#hosts.get(name) ?? { running: 0, nextMs: 0, waiting: [], timer: undefined };
    this.#hosts.set(name, host);
    await this.#turn(host, signal);
    if (this.#running >= this.#limits.attemptsMax)
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    else this.#running++;
    return () => this.#release(name, host);
  };

  async #turn(host: Host, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const waitMs = host.nextMs - performance.now();
      if (host.running < this.#limits.perHostMax && waitMs <= 0) break;
      await new Promise<void>((resolve) => {
        host.waiting.push(resolve);
        // Somebody waits for it now.
        host.timer?.ref();
        if (host.running < this.#limits.perHostMax && host.timer === undefined) this.#wakeIn(host, waitMs);
      });
    }
    host.running++;
    host.nextMs = performance.now() + this.#limits.hostGapMs;
  }

  #wakeIn(host: Host, waitMs: number): void {
    host.timer = setTimeout(
      () => {
        host.timer = undefined;
        host.waiting.shift()?.();
      },
      Math.max(0, waitMs),
    );
  }

  #release(name: string, host: Host): void {
    host.running--;
    const next = this.#waiting.shift();
    if (next === undefined) this.#running--;
    else next();
    if (host.waiting.length > 0) {
      if (host.timer === undefined) this.#wakeIn(host, host.nextMs - performance.now());
    } else if (host.running === 0 && host.timer === undefined) this.#forget(name, host);
  }

  /** Hosts are remembered while their pause lasts. */
  #forget(name: string, host: Host): void {
    host.timer = setTimeout(
      () => {
        host.timer = undefined;
        if (host.waiting.length > 0) host.waiting.shift()?.();
        else if (host.running === 0) this.#hosts.delete(name);
      },
      Math.max(0, host.nextMs - performance.now()),
    );
    host.timer.unref();
  }
}
