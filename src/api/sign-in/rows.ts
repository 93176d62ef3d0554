import { type CustomAdapter, createAdapterFactory } from 'better-auth/adapters';
import { BonghwaError } from '../../base/errors.ts';
import type { StateStore } from '../../store/state/state-store.ts';

/** What sign-in keeps, by the names of better-auth; each is a kind of document. */
const MODELS = ['user', 'session', 'account', 'verification', 'twoFactor'] as const;
type Model = (typeof MODELS)[number];
const isModel = (name: string): name is Model => MODELS.some((model) => model === name);

/** Rows of one model: people, sessions, sign-ins under way. */
const ROWS_MAX = 20_000;
const PAGE = 1000;

export type DocumentStore = Pick<StateStore, 'saveDocument' | 'document' | 'documents' | 'removeDocument' | 'settled'>;

type Row = Record<string, unknown> & { readonly id: string };
type Where = Parameters<CustomAdapter['findOne']>[0]['where'];

/**
 * People, sessions and what else sign-in keeps: in memory, bounded, and every change durable as a document before it is answered.
 * A change happens in memory at once, so that of two that come together the second sees the first.
 */
export class SignInRows {
  readonly #store: DocumentStore;
  readonly #tables = new Map<Model, Map<string, Row>>(MODELS.map((model) => [model, new Map()]));

  private constructor(store: DocumentStore) {
    this.#store = store;
  }

  /** Reads what is there. Rejects with STATE_DOWN where the database cannot say. */
  static async load(store: DocumentStore): Promise<SignInRows> {
    const rows = new SignInRows(store);
    await store.settled();
    for (const model of MODELS) await rows.#loadModel(model);
    return rows;
  }

  async #loadModel(model: Model): Promise<void> {
    const table = this.#table(model);
    let before: string | undefined;
    do {
      const page = await this.#store.documents(kindOf(model), { limit: PAGE, before });
      if (page.partial === true)
        throw new BonghwaError('STATE_DOWN', 'the database does not say who may sign in', {
          hint: 'The token of the data directory works without it; ask again when the database is back.',
        });
      for (const { id, body } of page.documents) table.set(id, body as Row);
      before = page.next;
    } while (before !== undefined && table.size < ROWS_MAX);
  }

  #table(model: string): Map<string, Row> {
    const table = isModel(model) ? this.#tables.get(model) : undefined;
    if (table === undefined) throw new BonghwaError('INTERNAL', `sign-in keeps no ${model}`);
    return table;
  }

  all(model: Model): readonly Row[] {
    return [...this.#table(model).values()];
  }

  find(model: string, where: Where = []): Row[] {
    return [...this.#table(model).values()].filter((row) => matches(row, where));
  }

  async put(model: string, row: Row): Promise<void> {
    const table = this.#table(model);
    if (!table.has(row.id) && table.size >= ROWS_MAX) await this.#makeRoom(model);
    table.set(row.id, row);
    await this.#store.saveDocument(kindOf(model), row.id, row);
  }

  async remove(model: string, rows: readonly Row[]): Promise<void> {
    const table = this.#table(model);
    const gone = rows.filter(({ id }) => table.delete(id));
    await Promise.all(gone.map(({ id }) => this.#store.removeDocument(kindOf(model), id)));
  }

  /** Lets go of what is over; where nothing is, refuses: nobody may push others out. */
  async #makeRoom(model: string): Promise<void> {
    await this.expire(new Date().toISOString());
    if (this.#table(model).size >= ROWS_MAX)
      throw new BonghwaError('STATE_NOT_KEPT', `more than ${ROWS_MAX} of ${model} are kept by sign-in`);
  }

  /** Removes sessions and sign-ins under way that were over at this time (ISO 8601); how many. */
  async expire(now: string): Promise<number> {
    let count = 0;
    for (const model of ['session', 'verification'] as const) {
      const over = this.all(model).filter(({ expiresAt }) => typeof expiresAt === 'string' && expiresAt < now);
      await this.remove(model, over);
      count += over.length;
    }
    return count;
  }
}

const kindOf = (model: string): string => `auth-${model.toLowerCase()}`;

/** The adapter of better-auth on these rows. Times are texts (ISO 8601), which sort as they do. */
export function rowsAdapter(rows: SignInRows): ReturnType<typeof createAdapterFactory> {
  return createAdapterFactory({
    config: {
      adapterId: 'bonghwa-documents',
      adapterName: 'documents of the state store',
      supportsDates: false,
      supportsJSON: false,
      supportsBooleans: true,
      supportsNumericIds: false,
      transaction: false,
    },
    adapter: () => adapterOn(rows),
  });
}

function adapterOn(rows: SignInRows): CustomAdapter {
  return {
    async create({ model, data }) {
      await rows.put(model, data as unknown as Row);
      return data;
    },
    async update({ model, where, update }) {
      const [row] = rows.find(model, where);
      if (row === undefined) return null;
      const changed = { ...row, ...(update as object) };
      await rows.put(model, changed);
      return changed as never;
    },
    async updateMany({ model, where, update }) {
      const found = rows.find(model, where);
      await Promise.all(found.map((row) => rows.put(model, { ...row, ...update })));
      return found.length;
    },
    findOne: async ({ model, where }) => (rows.find(model, where)[0] ?? null) as never,
    async findMany({ model, where, limit, offset = 0, sortBy }) {
      const found = rows.find(model, where);
      if (sortBy !== undefined) found.sort((left, right) => inOrder(left, right, sortBy));
      return found.slice(offset, offset + limit) as never[];
    },
    async delete({ model, where }) {
      await rows.remove(model, rows.find(model, where).slice(0, 1));
    },
    async deleteMany({ model, where }) {
      const found = rows.find(model, where);
      await rows.remove(model, found);
      return found.length;
    },
    async consumeOne({ model, where }) {
      const found = rows.find(model, where).slice(0, 1);
      await rows.remove(model, found);
      return (found[0] ?? null) as never;
    },
    async incrementOne({ model, where, increment, set = {} }) {
      const [row] = rows.find(model, where);
      if (row === undefined) return null;
      const sums = Object.entries(increment).map(([field, by]) => [field, Number(row[field] ?? 0) + by] as const);
      const changed = { ...row, ...set, ...Object.fromEntries(sums) };
      await rows.put(model, changed);
      return changed as never;
    },
    count: async ({ model, where }) => rows.find(model, where).length,
  };
}

function inOrder(left: Row, right: Row, { field, direction }: { field: string; direction: 'asc' | 'desc' }): number {
  const [one, other] = [String(left[field] ?? ''), String(right[field] ?? '')];
  const order = one < other ? -1 : one > other ? 1 : 0;
  return direction === 'asc' ? order : -order;
}

/** As SQL reads it: what is joined by OR is one group beside all that is joined by AND. */
function matches(row: Row, where: Where): boolean {
  const any = where.filter(({ connector }) => connector === 'OR');
  const all = where.filter(({ connector }) => connector !== 'OR');
  return all.every((clause) => holds(row, clause)) && (any.length === 0 || any.some((clause) => holds(row, clause)));
}

function holds(row: Row, { field, operator, value, mode }: Where[number]): boolean {
  const fold = (one: unknown): unknown => (mode === 'insensitive' && typeof one === 'string' ? one.toLowerCase() : one);
  const found = fold(row[field] ?? null);
  const wanted = Array.isArray(value) ? value.map(fold) : fold(value instanceof Date ? value.toISOString() : value);
  const text = typeof found === 'string' && typeof wanted === 'string';
  switch (operator) {
    case 'in':
      return Array.isArray(wanted) && wanted.includes(found);
    case 'not_in':
      return Array.isArray(wanted) && !wanted.includes(found);
    case 'ne':
      return found !== wanted;
    case 'contains':
      return text && found.includes(wanted);
    case 'starts_with':
      return text && found.startsWith(wanted);
    case 'ends_with':
      return text && found.endsWith(wanted);
    case 'lt':
      return orderOf(found, wanted) < 0;
    case 'lte':
      return orderOf(found, wanted) <= 0;
    case 'gt':
      return orderOf(found, wanted) > 0;
    case 'gte':
      return orderOf(found, wanted) >= 0;
    default:
      return found === wanted;
  }
}

/** Below 0 where the first is less; NaN, which no comparison holds for, where they cannot be compared. */
function orderOf(found: unknown, wanted: unknown): number {
  if (typeof found === 'number' && typeof wanted === 'number') return found - wanted;
  if (typeof found === 'string' && typeof wanted === 'string') return found < wanted ? -1 : found > wanted ? 1 : 0;
  return Number.NaN;
}
