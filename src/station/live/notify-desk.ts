import { readFile } from 'node:fs/promises';
import type { ReceiverView } from '../../api/contract/notifications.ts';
import { conflict, inputInvalid, type NotifyPort, notFound } from '../../api/ports.ts';
import type { Config } from '../../model/config.ts';
import { type Receiver, receiverSchema } from '../../model/receiver.ts';
import { resolveSecret } from '../../model/secret.ts';
import type { StationEvent } from '../../model/station-event.ts';
import { Notifier } from '../../output/notify/notifier.ts';
import type { StateStore } from '../../store/state/state-store.ts';
import type { StationOptions } from './station-options.ts';

const RECEIVER_KIND = 'receiver';
/** What each receiver was told of and not yet that it is over. */
const TOLD_KIND = 'receiver-told';
const RECEIVERS_MAX = 200;

export interface NotifyDeps extends Pick<StationOptions, 'environment'> {
  readonly state: StateStore;
  /** Name and address of the station, as messages tell them. */
  readonly station: () => { readonly name: string; readonly url: string };
  readonly onProblem: (error: Error) => void;
}

/** Who is told at a station: receivers of the configuration and those that were set over the interface. */
export class NotifyDesk implements NotifyPort {
  readonly #deps: NotifyDeps;
  readonly #notifier: Notifier;
  #configured: readonly Receiver[];
  readonly #set = new Map<string, Receiver>();

  private constructor(config: Config['notify'], deps: NotifyDeps) {
    this.#deps = deps;
    this.#configured = config.receivers;
    this.#notifier = new Notifier({
      groupSeconds: config.groupSeconds,
      station: deps.station,
      secretOf: (receiver) => this.#secretOf(receiver),
      told: (name) => this.#told(name),
      keepTold: (name, keys) => deps.state.saveDocument(TOLD_KIND, name, { keys }),
      onProblem: deps.onProblem,
    });
  }

  /** Does not wait for the database: those of the configuration are told from the first moment on. */
  static async open(config: Config['notify'], deps: NotifyDeps): Promise<NotifyDesk> {
    const desk = new NotifyDesk(config, deps);
    await desk.#apply();
    void desk.#load().catch(deps.onProblem);
    return desk;
  }

  async #load(): Promise<void> {
    const { state, onProblem } = this.#deps;
    await state.settled();
    const { documents, partial } = await state.documents(RECEIVER_KIND, { limit: RECEIVERS_MAX });
    if (partial === true) onProblem(new Error('the database does not say who else is told'));
    for (const { body } of documents) {
      const receiver = receiverSchema.safeParse(body);
      if (receiver.success && !this.#set.has(receiver.data.name)) this.#set.set(receiver.data.name, receiver.data);
    }
    await this.#apply();
  }

  async #told(name: string): Promise<readonly string[]> {
    const found = (await this.#deps.state.document(TOLD_KIND, name))?.body as { keys?: unknown } | undefined;
    return Array.isArray(found?.keys) ? found.keys.filter((key) => typeof key === 'string') : [];
  }

  async #secretOf({ secret }: Receiver): Promise<string | undefined> {
    if (secret === undefined || typeof secret === 'string') return secret;
    return resolveSecret(secret, this.#deps.environment, (path) => readFile(path, 'utf8'));
  }

  #apply(): Promise<void> {
    const names = new Set(this.#configured.map(({ name }) => name));
    const set = [...this.#set.values()].filter(({ name }) => !names.has(name));
    return this.#notifier.setReceivers([...this.#configured, ...set]);
  }

  /** Takes over what the configuration says now. */
  async configure(config: Config['notify']): Promise<void> {
    this.#configured = config.receivers;
    await this.#apply();
  }

  take(event: StationEvent): void {
    this.#notifier.take(event);
  }

  receivers(): readonly ReceiverView[] {
    const configured = this.#configured.map((receiver) => this.#viewOf(receiver, 'configuration'));
    const names = new Set(configured.map(({ name }) => name));
    const set = [...this.#set.values()].filter(({ name }) => !names.has(name));
    return [...configured, ...set.map((receiver) => this.#viewOf(receiver, 'api'))];
  }

  #viewOf({ secret, ...receiver }: Receiver, registered: 'configuration' | 'api'): ReceiverView {
    const status = this.#notifier.statusOf(receiver.name) ?? { sent: 0, failed: 0, lost: 0, waiting: 0 };
    return { ...receiver, ...status, secret: secret !== undefined, registered };
  }

  async save(receiver: Receiver): Promise<ReceiverView> {
    this.#changeable(receiver.name);
    const before = this.#set.get(receiver.name);
    if (before === undefined && this.#set.size >= RECEIVERS_MAX)
      throw conflict(`there are ${RECEIVERS_MAX} receivers already`);
    // Whoever changes the hours of a receiver does not know its secret, and need not.
    const kept =
      receiver.secret === undefined && before?.secret !== undefined ? { ...receiver, secret: before.secret } : receiver;
    const whole = receiverSchema.safeParse(kept);
    if (!whole.success) throw inputInvalid(whole.error.issues[0].message);
    await this.#deps.state.saveDocument(RECEIVER_KIND, kept.name, kept);
    this.#set.set(kept.name, kept);
    await this.#apply();
    return this.#viewOf(kept, 'api');
  }

  async remove(name: string): Promise<void> {
    this.#changeable(name);
    if (!this.#set.delete(name)) throw notFound(`no receiver has the name '${name}'`);
    await this.#deps.state.removeDocument(RECEIVER_KIND, name);
    await this.#deps.state.removeDocument(TOLD_KIND, name);
    await this.#apply();
  }

  #changeable(name: string): void {
    if (this.#configured.some((receiver) => receiver.name === name))
      throw conflict(`'${name}' is a receiver of the configuration`, undefined, 'Change it there.');
  }

  test(name: string): Promise<boolean> {
    return this.#notifier.test(name);
  }

  close(): Promise<void> {
    return this.#notifier.close();
  }
}
