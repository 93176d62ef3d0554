/** Who may do what: each role may do what those before it may. */
export const ROLES = ['viewer', 'analyst', 'operator', 'approver', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** True if a role may do what needs another. */
export const mayActAs = (role: Role, needed: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(needed);

/** Somebody whose word is taken: a person, a token, or a program on this machine that may read the data directory. */
export interface Caller {
  readonly kind: 'person' | 'token' | 'local';
  /** Id of the person or of the token. */
  readonly id: string;
  /** As it stands in notes, time lines and the audit log. */
  readonly name: string;
  readonly role: Role;
  /** Groups of routes that a token is good for; every one where it names none. */
  readonly scopes?: readonly string[] | undefined;
}
