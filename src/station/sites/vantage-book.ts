import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { BonghwaError } from '../../base/errors.ts';
import { type Vantage, vantageSchema } from '../../model/vantage.ts';
import { DOCUMENTS_PAGE_MAX, type StateStore } from '../../store/state/state-store.ts';
import { compare } from './register.ts';

/** Vantages of one station. */
export const VANTAGES_MAX = 500;
const KIND = 'vantage';
const KEY_BYTES = 32;
/** What is kept is waited for at most this long, ms. */
const OPENING_MS_MAX = 45_000;

const keptSchema = z.object({ vantage: vantageSchema, keyHash: z.string() });

/** What is seen of a vantage since the start. */
export interface VantageSight {
  lastSeenMs: number;
  checks: number;
}

/**
 * The vantages of a station: those of the configuration (itself, and programs whose checks are read), and those that were taken on and report
 * with a key. Only a hash of a key is kept.
 */
export class VantageBook {
  #configured: readonly Vantage[] = [];
  /** The name of the station's own, where it has one. */
  #own: string | undefined;
  readonly #kept = new Map<string, Vantage>();
  readonly #byKey = new Map<string, string>();
  readonly #sights = new Map<string, VantageSight>();
  readonly #onChange: () => void;
  #state: StateStore | undefined;
  #opening: Promise<void> | undefined;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  configure(own: string | undefined, configured: readonly Vantage[]): void {
    this.#own = own;
    this.#configured = configured;
    this.#onChange();
  }

  open(state: StateStore): Promise<void> {
    const opening = this.#open(state);
    this.#opening = opening;
    return opening;
  }

  /** True when all keys are known. */
  get isOpen(): boolean {
    return this.#state !== undefined;
  }

  async #open(state: StateStore): Promise<void> {
    await state.settled();
    const { documents } = await state.documents(KIND, { limit: DOCUMENTS_PAGE_MAX });
    for (const { body } of documents) {
      const parsed = keptSchema.safeParse(body);
      if (parsed.success) this.#take(parsed.data);
    }
    this.#state = state;
    this.#onChange();
  }

  /** All of them, by name; the configuration has a name that both have. */
  list(): readonly Vantage[] {
    const names = new Set(this.#configured.map(({ name }) => name));
    const all = [...this.#configured, ...[...this.#kept.values()].filter(({ name }) => !names.has(name))];
    return all.sort((left, right) => compare(left.name, right.name));
  }

  get(name: string): Vantage | undefined {
    return this.#configured.find((vantage) => vantage.name === name) ?? this.#kept.get(name);
  }

  isOwn(name: string): boolean {
    return name === this.#own;
  }

  /** Takes one on and makes its key, which is told this once. Rejects with CONFLICT where the name is taken. */
  async add(vantage: Vantage): Promise<string> {
    await this.#ready();
    if (this.get(vantage.name) !== undefined)
      throw new BonghwaError('CONFLICT', `a vantage of the name '${vantage.name}' is there`, {
        hint: 'Choose another name, or remove that one first.',
      });
    if (this.#kept.size >= VANTAGES_MAX)
      throw new BonghwaError('INPUT_INVALID', `a station has at most ${VANTAGES_MAX} vantages`);
    const key = randomBytes(KEY_BYTES).toString('base64url');
    const kept = { vantage, keyHash: hashOf(key) };
    await (await this.#ready()).saveDocument(KIND, vantage.name, kept);
    this.#take(kept);
    this.#onChange();
    return key;
  }

  async remove(name: string): Promise<void> {
    await this.#ready();
    if (!this.#kept.has(name)) {
      if (this.get(name) === undefined) throw new BonghwaError('NOT_FOUND', `no vantage has the name '${name}'`);
      throw new BonghwaError('CONFLICT', `the vantage '${name}' stands in the configuration`, {
        hint: 'Take it out there; SIGHUP reads the configuration again.',
      });
    }
    await (await this.#ready()).removeDocument(KIND, name);
    this.#kept.delete(name);
    this.#sights.delete(name);
    for (const [hash, owner] of this.#byKey) if (owner === name) this.#byKey.delete(hash);
    this.#onChange();
  }

  /** Who has this key. What is compared are hashes, so that the time that it takes tells nothing of the key. */
  ofKey(key: string): Vantage | undefined {
    const name = this.#byKey.get(hashOf(key));
    return name === undefined ? undefined : this.#kept.get(name);
  }

  saw(name: string, checks: number, nowMs: number): void {
    const sight = this.#sights.get(name) ?? { lastSeenMs: nowMs, checks: 0 };
    sight.lastSeenMs = nowMs;
    sight.checks += checks;
    this.#sights.set(name, sight);
  }

  sight(name: string): VantageSight | undefined {
    return this.#sights.get(name);
  }

  #take({ vantage, keyHash }: z.infer<typeof keptSchema>): void {
    this.#kept.set(vantage.name, vantage);
    this.#byKey.set(keyHash, vantage.name);
  }

  async #ready(): Promise<StateStore> {
    if (this.#state === undefined && this.#opening !== undefined)
      await Promise.race([this.#opening, sleep(OPENING_MS_MAX, undefined, { ref: false })]);
    if (this.#state !== undefined) return this.#state;
    throw new BonghwaError('STATE_DOWN', 'the state store is not open yet', { hint: 'Ask again in a moment.' });
  }
}

function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}
