import type { Me } from '../../../src/api/contract/people.ts';
import { act, ask, Problem } from './ask.ts';
import { live } from './live.svelte.ts';

export const ROLES = ['viewer', 'analyst', 'operator', 'approver', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Who reads, and what they may do. A station without sign-in lets everybody do everything that it offers. */
class Session {
  me = $state.raw<Me | undefined>();
  mustSignIn = $state(false);
  /** True once it is known whether somebody has to sign in. */
  known = $state(false);

  async load(): Promise<void> {
    try {
      this.me = await ask<Me>('/api/me');
      this.mustSignIn = false;
    } catch (error) {
      this.me = undefined;
      if (error instanceof Problem && error.status !== 401) this.mustSignIn = false;
    }
    this.known = true;
  }

  signedOut(): void {
    this.me = undefined;
    this.mustSignIn = true;
    live.signedOut = true;
  }

  async signedIn(): Promise<void> {
    await this.load();
    live.restart();
  }

  async signOut(): Promise<void> {
    await act('POST', '/api/auth/sign-out');
    this.signedOut();
  }

  /** The person who is signed in; undefined where the station has no sign-in. */
  get person(): Me | undefined {
    return this.me?.signIn === true ? this.me : undefined;
  }

  /** True where the reader's role is this one or above it; the station decides in the end. */
  may(role: Role): boolean {
    return this.me === undefined || ROLES.indexOf(this.me.role) >= ROLES.indexOf(role);
  }
}

export const session = new Session();
