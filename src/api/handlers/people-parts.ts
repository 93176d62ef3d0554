import type { Act } from '../deps.ts';
import { conflict } from '../ports.ts';
import type { SignIn } from '../sign-in/sign-in.ts';
import type { Gate } from './queries.ts';

export interface PeopleParts {
  /** Absent where the station has no sign-in. */
  readonly signIn: SignIn | undefined;
  readonly onAct: ((act: Act) => Promise<void>) | undefined;
  readonly gate: Gate;
}

/** Ends a request that has no meaning where nobody has to sign in. */
export function needed(signIn: SignIn | undefined): SignIn {
  if (signIn !== undefined) return signIn;
  throw conflict('this station has no sign-in', undefined, 'http.signIn: on in the configuration turns it on.');
}

/** The origin of the page that asks: the guard has looked at it already. */
export function originOf(request: Request, { url }: SignIn): string {
  return request.headers.get('origin') ?? new URL(url).origin;
}
