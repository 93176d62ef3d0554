import type { Role } from './session.svelte.ts';

/** What the station tells of people, tokens, receivers and acts. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly role: Role;
  readonly disabled: boolean;
  readonly twoFactor: boolean;
  readonly passkeys: number;
}

/** A link that lets somebody choose a password; told once. */
export interface LinkMade {
  readonly url: string;
  readonly expiresAt: string;
}

export interface Token {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly lastUsedAt?: string;
}

export interface Passkey {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
}

/** How somebody can sign in. */
export interface Ways {
  readonly signIn: boolean;
  readonly hasPeople: boolean;
  readonly password: boolean;
  readonly passkey: boolean;
  readonly providers: readonly { readonly id: string; readonly name: string }[];
}

export const RECEIVER_KINDS = [
  'email',
  'webhook',
  'slack',
  'mattermost',
  'teams',
  'telegram',
  'matrix',
  'syslog',
  'cef',
] as const;
export type ReceiverKind = (typeof RECEIVER_KINDS)[number];

export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface Receiver {
  readonly name: string;
  readonly kind: ReceiverKind;
  readonly url?: string;
  readonly to: readonly string[];
  readonly from?: string;
  readonly severity: Severity;
  readonly language: string;
  readonly quiet?: { readonly from: string; readonly to: string; readonly zone: string };
  readonly secret: boolean;
  readonly registered: 'configuration' | 'api';
  readonly sent: number;
  readonly failed: number;
  readonly lost: number;
  readonly waiting: number;
  readonly lastSentAt?: string;
  readonly lastError?: string;
}

export interface Tested {
  readonly delivered: boolean;
  readonly error?: string;
  readonly elapsedMs: number;
}

/** What a form for this kind has to ask: the shape of a URL that is wanted, and which of the other fields. */
export const RECEIVER_NEEDS: Readonly<
  Record<ReceiverKind, { readonly url?: string; readonly to?: true; readonly from?: true; readonly secret?: true }>
> = {
  email: { url: 'smtp://user@mail.example:587', to: true, from: true, secret: true },
  webhook: { url: 'https://receiver.example/hook', secret: true },
  slack: { secret: true },
  mattermost: { secret: true },
  teams: { secret: true },
  telegram: { to: true, secret: true },
  matrix: { url: 'https://matrix.example', to: true, secret: true },
  syslog: { url: 'udp://logs.example:514' },
  cef: { url: 'tcp://siem.example:514' },
};

export interface AuditEntry {
  readonly number: number;
  readonly at: string;
  readonly by: { readonly name: string; readonly role: string } | null;
  readonly act: string;
  readonly to: Readonly<Record<string, unknown>>;
  readonly status: number;
  readonly address: string;
}

export interface AuditVerdict {
  readonly whole: boolean;
  readonly entries: number;
  readonly broken?: { readonly number: number; readonly why: string };
  readonly last?: { readonly number: number; readonly hash: string };
}
