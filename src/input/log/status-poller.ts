import type { ServerStatus } from '../../model/server-status.ts';
import { parseServerStatus, STATUS_CHARS_MAX } from '../../wire/log/server-status.ts';

/**
 * Asks web servers for the page on which they count their connections, over HTTP, one after the other and each again after a pause.
 * A server that does not answer in time, answers with another page, or with an endless one, is told as a fault and asked again.
 */
export interface StatusPage {
  /** Who the counts are told of: the site. */
  readonly source: string;
  readonly url: string;
}

export interface StatusPollerOptions {
  readonly pages: readonly StatusPage[];
  readonly onStatus: (status: ServerStatus) => void;
  /** Told when a page begins to fail, and once when it answers again (`undefined`). */
  readonly onFault?: (page: StatusPage, fault: string | undefined) => void;
  readonly everyMs?: number;
  readonly timeoutMs?: number;
  readonly now?: () => number;
}

/** Pages that are asked at most. */
export const STATUS_PAGES_MAX = 256;
const EVERY_MS = 1000;
const TIMEOUT_MS = 2000;

export class StatusPoller {
  readonly #options: StatusPollerOptions;
  readonly #failing = new Set<string>();
  readonly #stopping = new AbortController();
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(options: StatusPollerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#options.pages.slice(0, STATUS_PAGES_MAX).forEach((page, slot) => void this.#ask(page, slot));
  }

  stop(): void {
    this.#stopping.abort();
    for (const timer of this.#timers) clearTimeout(timer);
  }

  async #ask(page: StatusPage, slot: number): Promise<void> {
    const { onStatus, onFault, everyMs = EVERY_MS, now = Date.now } = this.#options;
    let fault: string | undefined;
    try {
      const counts = parseServerStatus(await this.#fetch(page.url));
      if (counts === undefined) fault = 'the page is none of nginx, HAProxy or Apache that counts connections';
      else if (!this.#stopping.signal.aborted) onStatus({ source: page.source, atMs: now(), ...counts });
    } catch (error) {
      fault = reasonOf(error);
    }
    if (this.#stopping.signal.aborted) return;
    if ((fault !== undefined) !== this.#failing.has(page.url)) {
      if (fault === undefined) this.#failing.delete(page.url);
      else this.#failing.add(page.url);
      onFault?.(page, fault);
    }
    this.#timers[slot] = setTimeout(() => void this.#ask(page, slot), everyMs);
  }

  async #fetch(url: string): Promise<string> {
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(this.#options.timeoutMs ?? TIMEOUT_MS)]);
    const response = await fetch(url, { signal, redirect: 'error', headers: { accept: 'text/plain, text/csv' } });
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`it answers with ${response.status}`);
    }
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > STATUS_CHARS_MAX) throw new Error('its page is too long');
    }
    return text;
  }
}

/** The cause of a fetch that failed says more than the failure. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'it did not answer in time';
  return error.cause instanceof Error ? error.cause.message : error.message;
}
