import { createHash } from 'node:crypto';
import { z } from 'zod';
import { BonghwaError } from '../../base/errors.ts';
import type { StateStore } from '../../store/state/state-store.ts';

const KIND = 'audit';
/** Where the log begins after entries were forgotten: a kind of its own with one document. */
const ANCHOR_KIND = 'audit-anchor';
const ANCHOR_ID = 'anchor';
const DAY_MS = 86_400_000;
/** Entries that are kept: beyond, the oldest tenth goes before its time. */
export const AUDIT_ENTRIES_MAX = 500_000;
const FORGOTTEN_SHARE = 0.1;
const PAGE = 1000;
const NUMBER_DIGITS = 12;
/** Hash before the first entry. */
export const AUDIT_BEGIN = '0'.repeat(64);

/**
 * One act. `hash` is SHA-256 over the entry without it, as JSON with its fields in this order; `previous` is the hash of the entry
 * before. Whoever changes, removes or puts in an entry breaks the chain behind it; whoever cuts the end off is found by a hash noted elsewhere.
 */
export const auditEntrySchema = z.object({
  number: z.int().min(1),
  at: z.iso.datetime({ precision: 3 }),
  by: z.object({ kind: z.string(), id: z.string(), name: z.string(), role: z.string() }).nullable(),
  act: z.string(),
  to: z.record(z.string(), z.unknown()),
  /** HTTP status: what came of it. */
  status: z.int(),
  address: z.string(),
  previous: z.string(),
  hash: z.string(),
});
export type AuditEntry = z.infer<typeof auditEntrySchema>;

/** The last entry that was forgotten after its time: the first that is kept has to follow from it. */
const anchorSchema = z.object({ number: z.int().min(1), at: z.iso.datetime({ precision: 3 }), hash: z.string() });
type Anchor = z.infer<typeof anchorSchema>;

export const auditVerdictSchema = z.object({
  /** True where every entry follows from the one before. */
  whole: z.boolean(),
  entries: z.int(),
  /** Entries before those, forgotten after their time; the first that is kept follows from the last of them. */
  forgotten: z.int().optional(),
  /** Number of the first entry that does not follow from the one before, and why. */
  broken: z.object({ number: z.int(), why: z.string() }).optional(),
  /** Number and hash of the last entry: noted elsewhere, they show later that the end was not cut off. */
  last: z.object({ number: z.int(), at: z.string(), hash: z.string() }).optional(),
});
export type AuditVerdict = z.infer<typeof auditVerdictSchema>;

export type AuditStore = Pick<StateStore, 'saveDocument' | 'document' | 'documents' | 'pruneDocuments' | 'settled'>;

/** Acts, each chained to the one before, durable before their answer goes out. */
export class AuditLog {
  readonly #store: AuditStore;
  readonly #now: () => number;
  #head: { readonly number: number; readonly hash: string; readonly atMs: number } | undefined;
  /** One entry after the other: each needs the hash of the one before. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(store: AuditStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  append(act: Pick<AuditEntry, 'by' | 'act' | 'to' | 'status' | 'address'>): Promise<AuditEntry> {
    return this.#inTurn(() => this.#write(act));
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  /**
   * Forgets entries from before the day of `beforeMs`, and the oldest ones where there are more than `entriesMax`; how many. What is kept can
   * still be verified, since number and hash of the last one forgotten stay, and the forgetting is an entry itself.
   */
  prune(beforeMs: number, entriesMax = AUDIT_ENTRIES_MAX): Promise<number> {
    return this.#inTurn(() => this.#prune(beforeMs, entriesMax));
  }

  async #prune(beforeMs: number, entriesMax: number): Promise<number> {
    const head = this.#head ?? (await this.#find());
    // Day by day: else every look would forget a few, and write that down.
    const byAgeMs = Math.floor(beforeMs / DAY_MS) * DAY_MS;
    const cutMs = Math.max(byAgeMs, (await this.#crowdedMs(head.number, entriesMax)) ?? 0);
    const { documents } = await this.#store.documents(KIND, { until: cutMs, limit: 1 });
    const last = auditEntrySchema.safeParse(documents.at(0)?.body).data;
    if (last === undefined || last.number >= head.number) return 0;
    const { number, at, hash } = last;
    await this.#write({ by: null, act: 'forgetActs', to: { until: at, number, hash }, status: 200, address: '' });
    await this.#store.saveDocument(ANCHOR_KIND, ANCHOR_ID, { number, at, hash } satisfies Anchor);
    return this.#store.pruneDocuments(KIND, cutMs);
  }

  /** Where there are too many: the time before which the oldest tenth lies. */
  async #crowdedMs(headNumber: number, entriesMax: number): Promise<number | undefined> {
    const anchor = await anchorOf(this.#store);
    if (headNumber - (anchor?.number ?? 0) <= entriesMax) return undefined;
    const last = await this.#store.document(KIND, idOf(headNumber - Math.floor(entriesMax * (1 - FORGOTTEN_SHARE))));
    const entry = auditEntrySchema.safeParse(last?.body).data;
    return entry === undefined ? undefined : Date.parse(entry.at);
  }

  async #write({
    by,
    act,
    to,
    status,
    address,
  }: Pick<AuditEntry, 'by' | 'act' | 'to' | 'status' | 'address'>): Promise<AuditEntry> {
    const head = this.#head ?? (await this.#find());
    // The order of the log is that of its numbers, whatever the clock does.
    const atMs = Math.max(this.#now(), head.atMs);
    const entry = sealed({
      number: head.number + 1,
      at: new Date(atMs).toISOString(),
      by,
      act,
      to: bounded(to),
      status,
      address,
      previous: head.hash,
    });
    await this.#store.saveDocument(KIND, idOf(entry.number), entry, { at: atMs });
    this.#head = { number: entry.number, hash: entry.hash, atMs };
    return entry;
  }

  async #find(): Promise<{ number: number; hash: string; atMs: number }> {
    await this.#store.settled();
    const { documents, partial } = await this.#store.documents(KIND, { limit: 1 });
    const entry = documents.length === 0 ? undefined : auditEntrySchema.parse(documents[0].body);
    if (entry !== undefined) return { number: entry.number, hash: entry.hash, atMs: Date.parse(entry.at) };
    // The last entries are in the journal: where it has none and the database is down, nobody knows whether there are any.
    if (partial === true) throw new BonghwaError('STATE_DOWN', 'the end of the audit log is not known');
    return { number: 0, hash: AUDIT_BEGIN, atMs: 0 };
  }
}

const idOf = (number: number): string => String(number).padStart(NUMBER_DIGITS, '0');

async function anchorOf(store: AuditStore): Promise<Anchor | undefined> {
  return anchorSchema.safeParse((await store.document(ANCHOR_KIND, ANCHOR_ID))?.body).data;
}

/** Entries, the latest first. */
export async function auditPage(
  store: AuditStore,
  query: {
    readonly since?: number;
    readonly until?: number;
    readonly limit: number;
    readonly before?: string | undefined;
  },
): Promise<{ entries: AuditEntry[]; next?: string; partial?: true }> {
  const { documents, ...rest } = await store.documents(KIND, query);
  return { entries: documents.flatMap(({ body }) => auditEntrySchema.safeParse(body).data ?? []), ...rest };
}

/** Follows the chain from its end to its beginning. Rejects with STATE_DOWN where the database cannot be asked. */
export async function verifyAudit(store: AuditStore): Promise<AuditVerdict> {
  await store.settled();
  const anchor = await anchorOf(store);
  let before: string | undefined;
  let last: AuditVerdict['last'];
  let broken: AuditVerdict['broken'];
  let later: AuditEntry | undefined;
  let entries = 0;
  do {
    const page = await store.documents(KIND, { limit: PAGE, before });
    if (page.partial === true) throw new BonghwaError('STATE_DOWN', 'the database does not show the whole audit log');
    for (const { id, body } of page.documents) {
      // What should be forgotten already is no part of the log any more.
      if (anchor !== undefined && Number(id) <= anchor.number) continue;
      entries++;
      const fault = faultOf(id, body, later);
      if (fault !== undefined) broken = fault;
      later = auditEntrySchema.safeParse(body).data ?? later;
      last ??= later === undefined ? undefined : { number: later.number, at: later.at, hash: later.hash };
    }
    before = page.next;
  } while (before !== undefined);
  const begin = beginFault(later, anchor);
  if (begin !== undefined) broken = begin;
  return {
    whole: broken === undefined,
    entries,
    ...(anchor === undefined ? {} : { forgotten: anchor.number }),
    ...(broken === undefined ? {} : { broken }),
    ...(last === undefined ? {} : { last }),
  };
}

/** Whether the first entry follows from the one that was forgotten last, or from nothing where none was. */
function beginFault(first: AuditEntry | undefined, anchor: Anchor | undefined): AuditVerdict['broken'] {
  const { number, hash } = anchor ?? { number: 0, hash: AUDIT_BEGIN };
  if (first === undefined)
    return anchor === undefined ? undefined : { number: number + 1, why: 'the entries behind it are not there' };
  if (first.number !== number + 1)
    return { number: first.number, why: `the ${first.number - number - 1} entries before are not there` };
  if (first.previous === hash) return undefined;
  return { number: first.number, why: 'the first entry follows from one that is not there' };
}

function faultOf(id: string, body: unknown, later: AuditEntry | undefined): AuditVerdict['broken'] {
  const parsed = auditEntrySchema.safeParse(body);
  const number = Number(id);
  if (!parsed.success) return { number, why: 'it is no entry' };
  const { hash, ...rest } = parsed.data;
  if (parsed.data.number !== number || sealed(rest).hash !== hash) return { number, why: 'it was changed' };
  if (later === undefined) return undefined;
  if (later.number !== number + 1)
    return { number: later.number, why: `${later.number - number - 1} entries before it are not there` };
  return later.previous === hash ? undefined : { number: later.number, why: 'it does not follow from the one before' };
}

function sealed(entry: Omit<AuditEntry, 'hash'>): AuditEntry {
  const { number, at, by, act, to, status, address, previous } = entry;
  // Field by field: what else a caller has is no part of the entry, and their order is that of the hash.
  const who = by === null ? null : { kind: by.kind, id: by.id, name: by.name, role: by.role };
  const plain = { number, at, by: who, act, to, status, address, previous };
  return { ...plain, hash: createHash('sha256').update(JSON.stringify(plain)).digest('hex') };
}

/** What an act was done to, in a size that fills no log. */
const TO_CHARS_MAX = 4000;
function bounded(to: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const text = JSON.stringify(to);
  return text.length <= TO_CHARS_MAX ? JSON.parse(text) : { cut: text.slice(0, TO_CHARS_MAX).toWellFormed() };
}
