import { z } from 'zod';
import { BonghwaError } from '../../base/errors.ts';
import { ROLES } from '../../model/role.ts';
import type { DocumentStore } from './rows.ts';
import { hashOf, newSecret } from './secrets.ts';

const KIND = 'sign-in-link';
const LINKS_MAX = 1000;
export const LINK_MS = 24 * 3_600_000;

const linkSchema = z.object({
  /** The first account of a station, somebody who was invited, or somebody who has lost his password. */
  purpose: z.enum(['first', 'invitation', 'reset']),
  /** Whom it is for; the first account says it itself. */
  personId: z.string().optional(),
  email: z.string().optional(),
  name: z.string().optional(),
  role: z.enum(ROLES),
  expiresAt: z.string(),
});
export type Link = z.infer<typeof linkSchema>;

/** Links that let somebody choose a password: each works once, and not for long. Of each the hash is kept. */
export class Links {
  readonly #store: DocumentStore;
  readonly #now: () => number;
  readonly #links = new Map<string, Link>();

  constructor(store: DocumentStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  async load(): Promise<void> {
    const { documents } = await this.#store.documents(KIND, { limit: LINKS_MAX });
    for (const { id, body } of documents) {
      const link = linkSchema.safeParse(body);
      if (link.success) this.#links.set(id, link.data);
    }
  }

  /** A new link in place of earlier ones for the same purpose and person; resolves with its secret. */
  async make(wanted: Omit<Link, 'expiresAt'>): Promise<{ secret: string; expiresAt: string }> {
    for (const [id, link] of this.#links) {
      const same = link.purpose === wanted.purpose && link.personId === wanted.personId;
      if (same || Date.parse(link.expiresAt) <= this.#now()) await this.#remove(id);
    }
    if (this.#links.size >= LINKS_MAX) throw new BonghwaError('CONFLICT', `${LINKS_MAX} links wait to be used`);
    const secret = newSecret();
    const expiresAt = new Date(this.#now() + LINK_MS).toISOString();
    const link = { ...wanted, expiresAt };
    await this.#store.saveDocument(KIND, hashOf(secret), link);
    this.#links.set(hashOf(secret), link);
    return { secret, expiresAt };
  }

  look(secret: string): Link | undefined {
    const link = this.#links.get(hashOf(secret));
    return link === undefined || Date.parse(link.expiresAt) <= this.#now() ? undefined : link;
  }

  /** Takes the link: of two who come together, one has it. */
  async use(secret: string): Promise<Link | undefined> {
    const link = this.look(secret);
    if (link !== undefined) await this.#remove(hashOf(secret));
    return link;
  }

  async #remove(id: string): Promise<void> {
    this.#links.delete(id);
    await this.#store.removeDocument(KIND, id);
  }
}
