import type { Receiver } from '../../model/receiver.ts';
import type { StationEvent } from '../../model/station-event.ts';
import { Newsroom } from './news.ts';
import { Outlet, type OutletStatus } from './outlet.ts';
import { sendOf } from './transport.ts';

export interface NotifierOptions {
  readonly groupSeconds: number;
  /** Name and address of the station, as messages tell them. */
  readonly station: () => { readonly name: string; readonly url: string };
  /** The secret of a receiver as it is now; rejects where it is not there. */
  readonly secretOf: (receiver: Receiver) => Promise<string | undefined>;
  /** What each receiver was told of and not yet that it is over, over restarts. */
  readonly told: (name: string) => Promise<readonly string[]>;
  readonly keepTold: (name: string, keys: readonly string[]) => Promise<void>;
  readonly onProblem: (error: Error) => void;
  readonly now?: () => number;
  /** Divides pauses between attempts; for tests. */
  readonly hurry?: number;
}

/** Tells receivers what happens. Whoever brings an event is never kept waiting: each receiver has a bounded queue of its own. */
export class Notifier {
  readonly #options: NotifierOptions;
  readonly #newsroom = new Newsroom();
  readonly #outlets = new Map<string, Outlet>();
  /** Changes of the receivers come one after the other. */
  #setting: Promise<void> = Promise.resolve();

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  /** Takes an event over at once. */
  take(event: StationEvent): void {
    const news = this.#newsroom.newsOf(event);
    if (news === undefined) return;
    for (const outlet of this.#outlets.values()) outlet.take(news);
  }

  /** Sets who is told, in place of those before; a receiver that stays as it was keeps what waits for it. */
  setReceivers(receivers: readonly Receiver[]): Promise<void> {
    const set = this.#setting.then(() => this.#set(receivers));
    this.#setting = set.catch(() => undefined);
    return set;
  }

  async #set(receivers: readonly Receiver[]): Promise<void> {
    const wanted = new Map(receivers.map((receiver) => [receiver.name, receiver]));
    for (const [name, outlet] of this.#outlets) {
      if (JSON.stringify(wanted.get(name)) === JSON.stringify(outlet.receiver)) continue;
      this.#outlets.delete(name);
      await outlet.close();
    }
    for (const [name, receiver] of wanted) {
      if (!this.#outlets.has(name)) this.#outlets.set(name, await this.#open(receiver));
    }
  }

  async #open(receiver: Receiver): Promise<Outlet> {
    const { groupSeconds, station, secretOf, told, keepTold, onProblem, now = Date.now, hurry } = this.#options;
    const { name } = receiver;
    return new Outlet(
      {
        receiver,
        // The secret is read for every message: a file may have been changed meanwhile.
        send: async (message, signal) => await sendOf(receiver, await secretOf(receiver))(message, signal),
        groupMs: groupSeconds * 1000,
        station,
        now,
        onTold: (keys) => void keepTold(name, keys).catch(onProblem),
        onLost: (error) => onProblem(new Error(`${name} was not told: ${error.message}`)),
        ...(hurry === undefined ? {} : { hurry }),
      },
      await told(name).catch(() => []),
    );
  }

  statusOf(name: string): OutletStatus | undefined {
    return this.#outlets.get(name)?.status();
  }

  /** Delivers a test message; rejects with why it did not arrive. False where nobody has the name. */
  async test(name: string): Promise<boolean> {
    const outlet = this.#outlets.get(name);
    if (outlet === undefined) return false;
    await outlet.test();
    return true;
  }

  async close(): Promise<void> {
    await this.#setting;
    await Promise.all([...this.#outlets.values()].map((outlet) => outlet.close()));
  }
}
