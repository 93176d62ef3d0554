import { BonghwaError } from '../../base/errors.ts';
import { type Caller, mayActAs } from '../../model/role.ts';
import type { Access } from '../deps.ts';
import { RequestProblem } from '../problem.ts';
import { AuditLog, type AuditStore } from './audit-log.ts';
import { type Auth, COOKIE_PREFIX, type OidcProvider, openAuth, People, type Person, personSchema } from './auth.ts';
import { Links } from './links.ts';
import { Passkeys } from './passkeys.ts';
import { RateLimit } from './rate-limit.ts';
import { type DocumentStore, SignInRows } from './rows.ts';
import { cookieSecret, writeLocalToken } from './secret-file.ts';
import { isSame } from './secrets.ts';
import { Tokens } from './tokens.ts';

/** Attempts of one address, and of one account. */
const ADDRESS_ATTEMPTS = 60;
const ADDRESS_MS = 5 * 60_000;
const ACCOUNT_ATTEMPTS = 10;
const ACCOUNT_MS = 15 * 60_000;
/** What is over is forgotten so often, ms. */
const EXPIRE_MS = 3_600_000;

export interface SignInOptions {
  readonly directory: string;
  readonly store: DocumentStore & AuditStore;
  /** Where people reach the station. */
  readonly url: () => string;
  readonly providers: readonly OidcProvider[];
  readonly onProblem: (error: Error) => void;
  readonly now?: () => number;
}

/** What the state store has said of who there is. */
interface SignInRecords {
  readonly rows: SignInRows;
  readonly tokens: Tokens;
  readonly links: Links;
  readonly passkeys: Passkeys;
}

/** What sign-in is made of. */
export interface SignInParts extends SignInRecords {
  readonly auth: Auth;
  readonly people: People;
}

/** Who asks the station, and how they come in. It is opened when somebody first asks with more than the token of the data directory. */
export class SignIn implements Access {
  readonly #options: SignInOptions;
  readonly #localToken: string;
  readonly #now: () => number;
  readonly audit: AuditLog;
  readonly #addresses: RateLimit;
  readonly #accounts: RateLimit;
  #records: Promise<SignInRecords> | undefined;
  #opened: Promise<SignInParts> | undefined;
  #expiredAtMs = 0;

  private constructor(options: SignInOptions, localToken: string) {
    this.#options = options;
    this.#localToken = localToken;
    this.#now = options.now ?? Date.now;
    this.audit = new AuditLog(options.store, this.#now);
    this.#addresses = new RateLimit(ADDRESS_ATTEMPTS, ADDRESS_MS, this.#now);
    this.#accounts = new RateLimit(ACCOUNT_ATTEMPTS, ACCOUNT_MS, this.#now);
  }

  /** Writes the token of the data directory anew. */
  static async create(options: SignInOptions): Promise<SignIn> {
    return new SignIn(options, await writeLocalToken(options.directory));
  }

  get url(): string {
    return this.#options.url();
  }

  get store(): AuditStore {
    return this.#options.store;
  }

  get providers(): readonly OidcProvider[] {
    return this.#options.providers;
  }

  get nowMs(): number {
    return this.#now();
  }

  /** Rejects with STATE_DOWN where the database does not say who there is; the next call tries again. */
  open(): Promise<SignInParts> {
    this.#opened ??= this.#open().catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  async #open(): Promise<SignInParts> {
    const { directory, providers, onProblem } = this.#options;
    const records = await this.#recorded();
    const { rows } = records;
    const secret = await cookieSecret(directory);
    const onFault = (message: string): void => onProblem(new Error(`sign-in: ${message}`));
    const auth = await openAuth({ rows, secret, url: this.url, providers, onProblem: onFault });
    return { ...records, auth, people: new People(auth, rows) };
  }

  #recorded(): Promise<SignInRecords> {
    this.#records ??= this.#read().catch((error: unknown) => {
      this.#records = undefined;
      throw error;
    });
    return this.#records;
  }

  async #read(): Promise<SignInRecords> {
    const { store } = this.#options;
    const rows = await SignInRows.load(store);
    const tokens = new Tokens(store, this.#now);
    const links = new Links(store, this.#now);
    const passkeys = new Passkeys(store, this.#now);
    await Promise.all([tokens.load(), links.load(), passkeys.load()]);
    return { rows, tokens, links, passkeys };
  }

  /** The link for the first account, where there is none yet. */
  async firstLink(): Promise<{ url: string; expiresAt: string } | undefined> {
    const { rows, links } = await this.#recorded();
    if (rows.all('user').length > 0) return undefined;
    const { secret, expiresAt } = await links.make({ purpose: 'first', role: 'admin' });
    return { url: this.linkUrl(secret), expiresAt };
  }

  /** False before the first account. */
  async hasPeople(): Promise<boolean> {
    return (await this.#recorded()).rows.all('user').length > 0;
  }

  /** The secret stands behind `#`: no server and no log on the way sees it. */
  linkUrl(secret: string): string {
    return `${this.url}/welcome#${secret}`;
  }

  async caller(request: Request, _address: string): Promise<Caller | undefined> {
    const bearer = /^Bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
    if (bearer !== undefined) return await this.#byToken(bearer);
    if (!hasSession(request.headers)) return undefined;
    const person = await this.person(request);
    return person === undefined ? undefined : callerOf(person);
  }

  async #byToken(text: string): Promise<Caller | undefined> {
    if (text.startsWith('bgl_'))
      return isSame(text, this.#localToken)
        ? { kind: 'local', id: 'local', name: 'this machine', role: 'admin' }
        : undefined;
    if (!text.startsWith('bgt_')) return undefined;
    const { tokens, people } = await this.open();
    const token = tokens.find(text);
    if (token === undefined) return undefined;
    const { id, name, role, scopes, by } = token;
    if (by === 'local') return { kind: 'token', id, name, role, scopes };
    const owner = people.byId(by);
    if (owner === undefined || owner.disabled) return undefined;
    // Whoever is given a lower role takes his tokens along.
    const most = mayActAs(owner.role, role) ? role : owner.role;
    return { kind: 'token', id, name: `${name} (${owner.name})`, role: most, scopes };
  }

  /** Whose session the cookie of a request is. */
  async person(request: Request): Promise<Person | undefined> {
    const { auth, rows } = await this.open();
    if (this.#now() - this.#expiredAtMs > EXPIRE_MS) {
      this.#expiredAtMs = this.#now();
      rows.expire(new Date(this.#now()).toISOString()).catch(this.#options.onProblem);
    }
    const session = await auth.api.getSession({ headers: request.headers });
    const person = personSchema.safeParse(
      session === null ? undefined : rows.find('user').find(({ id }) => id === session.user.id),
    );
    return person.success && !person.data.disabled ? person.data : undefined;
  }

  /** Counts an attempt to sign in; ends the request where there were too many. */
  attempt(address: string, account?: string): void {
    const wait =
      this.#addresses.take(address) ?? (account === undefined ? undefined : this.#accounts.take(account.toLowerCase()));
    if (wait === undefined) return;
    throw new RequestProblem(
      429,
      { detail: 'too many attempts to sign in', hint: `Try again in ${Math.ceil(wait / 60)} minutes.` },
      { 'retry-after': String(wait) },
    );
  }

  /** It was the right password: what was counted of the account is forgotten. */
  succeeded(account: string): void {
    this.#accounts.forget(account.toLowerCase());
  }
}

export const callerOf = ({ id, name, role }: Person): Caller => ({ kind: 'person', id, name, role });

function hasSession(headers: Headers): boolean {
  return (headers.get('cookie') ?? '').includes(`${COOKIE_PREFIX}.session_token=`);
}

/** Where somebody is on the other side of a proxy on this machine, the last address that the proxy saw. */
export function addressOf(request: Request, address: string): string {
  if (address !== '::1' && !/^(::ffff:)?127\./.test(address)) return address;
  return request.headers.get('x-forwarded-for')?.split(',').at(-1)?.trim().slice(0, 64) || address;
}

/** An answer of better-auth as a problem, where it is none that says yes. */
export async function refused(response: Response, said: string): Promise<RequestProblem> {
  const body = (await response.json().catch(() => ({}))) as { message?: unknown };
  const message = typeof body.message === 'string' ? body.message : undefined;
  if (response.status >= 500) throw new BonghwaError('INTERNAL', message ?? 'sign-in failed');
  return new RequestProblem(response.status === 429 ? 429 : 401, {
    detail: said,
    ...(message === undefined ? {} : { hint: message }),
  });
}
