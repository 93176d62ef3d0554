import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { BonghwaError } from '../../base/errors.ts';
import { type Caller, ROLES, type Role } from '../../model/role.ts';
import { GROUPS, type Group } from '../contract/route.ts';
import type { DocumentStore } from './rows.ts';
import { hashOf, isSame, newSecret } from './secrets.ts';

const KIND = 'token';
const TOKENS_MAX = 1000;
const ID_BYTES = 9;
/** When a token was used last is written so often at most, ms. */
const USED_EVERY_MS = 3_600_000;

const tokenSchema = z.object({
  id: z.string(),
  name: z.string(),
  role: z.enum(ROLES),
  /** What it may ask for; everything where it is empty. */
  scopes: z.array(z.enum(GROUPS)),
  hash: z.string(),
  by: z.string(),
  createdAt: z.string(),
  expiresAt: z.string(),
  lastUsedAt: z.string().optional(),
});
export type ApiToken = z.infer<typeof tokenSchema>;

export interface TokenWanted {
  readonly name: string;
  readonly role: Role;
  readonly scopes: readonly Group[];
  readonly expiresAt: string;
}

/** Tokens of programs: `bgt_<id>_<secret>`, of which the hash is kept. */
export class Tokens {
  readonly #store: DocumentStore;
  readonly #now: () => number;
  readonly #tokens = new Map<string, ApiToken>();

  constructor(store: DocumentStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  async load(): Promise<void> {
    const { documents } = await this.#store.documents(KIND, { limit: TOKENS_MAX });
    for (const { body } of documents) {
      const token = tokenSchema.safeParse(body);
      if (token.success) this.#tokens.set(token.data.id, token.data);
    }
  }

  all(): readonly ApiToken[] {
    return [...this.#tokens.values()];
  }

  /** A new token, and its text: it is told this once. */
  async make({ name, role, scopes, expiresAt }: TokenWanted, by: Caller): Promise<{ token: ApiToken; text: string }> {
    if (this.#tokens.size >= TOKENS_MAX) throw new BonghwaError('CONFLICT', `there are ${TOKENS_MAX} tokens already`);
    const id = randomBytes(ID_BYTES).toString('hex');
    const secret = newSecret();
    const createdAt = new Date(this.#now()).toISOString();
    const token = { id, name, role, scopes: [...scopes], hash: hashOf(secret), by: by.id, createdAt, expiresAt };
    await this.#store.saveDocument(KIND, id, token, { at: Date.parse(createdAt) });
    this.#tokens.set(id, token);
    return { token, text: `bgt_${id}_${secret}` };
  }

  async remove(id: string): Promise<void> {
    if (!this.#tokens.delete(id)) throw new BonghwaError('NOT_FOUND', 'no token has this id');
    await this.#store.removeDocument(KIND, id);
  }

  async removeOf(personId: string): Promise<void> {
    for (const { id, by } of this.all()) if (by === personId) await this.remove(id);
  }

  /** Whose token this is; undefined where it is none, or over. */
  find(text: string): ApiToken | undefined {
    const found = /^bgt_([0-9a-f]{18})_([\w-]{43})$/.exec(text);
    const token = found === null ? undefined : this.#tokens.get(found[1]);
    if (found === null || token === undefined || !isSame(hashOf(found[2]), token.hash)) return undefined;
    const nowMs = this.#now();
    if (Date.parse(token.expiresAt) <= nowMs) return undefined;
    this.#used(token, nowMs);
    return token;
  }

  #used(token: ApiToken, nowMs: number): void {
    if (token.lastUsedAt !== undefined && nowMs - Date.parse(token.lastUsedAt) < USED_EVERY_MS) return;
    const used = { ...token, lastUsedAt: new Date(nowMs).toISOString() };
    this.#tokens.set(token.id, used);
    // Nobody waits for it; where it cannot be written the next use tries again.
    this.#store.saveDocument(KIND, token.id, used, { at: Date.parse(token.createdAt) }).catch(() => undefined);
  }
}
