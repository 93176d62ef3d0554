import { z } from 'zod';
import { BonghwaError } from '../../base/errors.ts';
import { inputInvalid } from '../ports.ts';
import type { Person } from './auth.ts';
import type { DocumentStore } from './rows.ts';

const KIND = 'passkey';
const PASSKEYS_MAX = 10_000;
const PER_PERSON_MAX = 20;
/** A challenge that is not answered within this is over, ms; so many wait at a time. */
const CHALLENGE_MS = 5 * 60_000;
const CHALLENGES_MAX = 1000;

const passkeySchema = z.object({
  id: z.string(),
  personId: z.string(),
  name: z.string(),
  publicKey: z.string(),
  counter: z.number(),
  transports: z.array(z.string()),
  createdAt: z.string(),
  lastUsedAt: z.string().optional(),
});
export type Passkey = z.infer<typeof passkeySchema>;

const library = () => import('@simplewebauthn/server');
type Library = Awaited<ReturnType<typeof library>>;
type RegistrationAnswer = Parameters<Library['verifyRegistrationResponse']>[0]['response'];
type SignInAnswer = Parameters<Library['verifyAuthenticationResponse']>[0]['response'];

/** Passkeys (WebAuthn): a key in a device or a password manager, in place of a password and a second factor. */
export class Passkeys {
  readonly #store: DocumentStore;
  readonly #now: () => number;
  readonly #passkeys = new Map<string, Passkey>();
  /** Challenges that wait for their answer, with whom they are for; a sign-in is for nobody yet. */
  readonly #challenges = new Map<string, { readonly personId: string | undefined; readonly sinceMs: number }>();

  constructor(store: DocumentStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  async load(): Promise<void> {
    let before: string | undefined;
    do {
      const page = await this.#store.documents(KIND, { limit: 1000, before });
      for (const { body } of page.documents) {
        const passkey = passkeySchema.safeParse(body);
        if (passkey.success) this.#passkeys.set(passkey.data.id, passkey.data);
      }
      before = page.next;
    } while (before !== undefined && this.#passkeys.size < PASSKEYS_MAX);
  }

  of(personId: string): readonly Passkey[] {
    return [...this.#passkeys.values()].filter((passkey) => passkey.personId === personId);
  }

  async registrationOptions(person: Person, origin: string): Promise<object> {
    const { generateRegistrationOptions } = await library();
    const options = await generateRegistrationOptions({
      rpName: 'Bonghwa',
      rpID: rpIdOf(origin),
      userName: person.email,
      userDisplayName: person.name,
      userID: new Uint8Array(Buffer.from(person.id)),
      attestationType: 'none',
      excludeCredentials: this.of(person.id).map(({ id }) => ({ id })),
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    });
    this.#challenge(options.challenge, person.id);
    return options;
  }

  async register(person: Person, origin: string, name: string, response: unknown): Promise<Passkey> {
    if (this.of(person.id).length >= PER_PERSON_MAX)
      throw new BonghwaError('CONFLICT', `somebody has at most ${PER_PERSON_MAX} passkeys`);
    const { verifyRegistrationResponse } = await library();
    const found = await verifyRegistrationResponse({
      // The library looks at every field of it.
      response: response as RegistrationAnswer,
      expectedChallenge: (challenge) => this.#answered(challenge, person.id),
      expectedOrigin: origin,
      expectedRPID: rpIdOf(origin),
      requireUserVerification: true,
    }).catch((error: unknown) => {
      throw wrong(error);
    });
    if (!found.verified) throw wrong(undefined);
    const { credential } = found.registrationInfo;
    const passkey: Passkey = {
      id: credential.id,
      personId: person.id,
      name,
      publicKey: Buffer.from(credential.publicKey).toString('base64url'),
      counter: credential.counter,
      transports: credential.transports ?? [],
      createdAt: new Date(this.#now()).toISOString(),
    };
    await this.#keep(passkey);
    return passkey;
  }

  async signInOptions(origin: string): Promise<object> {
    const { generateAuthenticationOptions } = await library();
    const options = await generateAuthenticationOptions({ rpID: rpIdOf(origin), userVerification: 'required' });
    this.#challenge(options.challenge, undefined);
    return options;
  }

  /** Id of the person whose passkey answered; undefined where it is not the right answer. */
  async signIn(origin: string, response: unknown): Promise<string | undefined> {
    const id = z.object({ id: z.string() }).safeParse(response);
    const passkey = id.success ? this.#passkeys.get(id.data.id) : undefined;
    if (passkey === undefined) return undefined;
    const { verifyAuthenticationResponse } = await library();
    const found = await verifyAuthenticationResponse({
      response: response as SignInAnswer,
      expectedChallenge: (challenge) => this.#answered(challenge, undefined),
      expectedOrigin: origin,
      expectedRPID: rpIdOf(origin),
      credential: {
        id: passkey.id,
        publicKey: new Uint8Array(Buffer.from(passkey.publicKey, 'base64url')),
        counter: passkey.counter,
      },
      requireUserVerification: true,
    }).catch(() => undefined);
    if (found?.verified !== true) return undefined;
    const { newCounter: counter } = found.authenticationInfo;
    await this.#keep({ ...passkey, counter, lastUsedAt: new Date(this.#now()).toISOString() });
    return passkey.personId;
  }

  async remove(personId: string, id: string): Promise<void> {
    if (this.#passkeys.get(id)?.personId !== personId) throw new BonghwaError('NOT_FOUND', 'no passkey has this id');
    this.#passkeys.delete(id);
    await this.#store.removeDocument(KIND, id);
  }

  async removeOf(personId: string): Promise<void> {
    for (const { id } of this.of(personId)) await this.remove(personId, id);
  }

  async #keep(passkey: Passkey): Promise<void> {
    if (!this.#passkeys.has(passkey.id) && this.#passkeys.size >= PASSKEYS_MAX)
      throw new BonghwaError('CONFLICT', `there are ${PASSKEYS_MAX} passkeys already`);
    await this.#store.saveDocument(KIND, passkey.id, passkey, { at: Date.parse(passkey.createdAt) });
    this.#passkeys.set(passkey.id, passkey);
  }

  #challenge(challenge: string, personId: string | undefined): void {
    if (this.#challenges.size >= CHALLENGES_MAX) this.#challenges.delete(this.#challenges.keys().next().value ?? '');
    this.#challenges.set(challenge, { personId, sinceMs: this.#now() });
  }

  /** True for a challenge that was given to this person and not answered yet: it is over with this. */
  #answered(challenge: string, personId: string | undefined): boolean {
    const found = this.#challenges.get(challenge);
    this.#challenges.delete(challenge);
    return found !== undefined && found.personId === personId && this.#now() - found.sinceMs < CHALLENGE_MS;
  }
}

/** Passkeys belong to a name: a browser makes none for an address. */
function rpIdOf(origin: string): string {
  const { hostname } = new URL(origin);
  if (/[a-z]/i.test(hostname) && !hostname.startsWith('[')) return hostname;
  throw inputInvalid(
    `passkeys need a name, and this station was opened as ${hostname}`,
    'Open it as localhost, or under the name of http.url.',
  );
}

function wrong(cause: unknown): BonghwaError {
  const told = cause instanceof Error ? `: ${cause.message}` : '';
  return new BonghwaError('INPUT_INVALID', `the passkey could not be taken${told}`, { cause });
}
