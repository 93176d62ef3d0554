import type { z } from 'zod';
import type { ReceiverView, Tested } from '../../../src/api/contract/notifications.ts';
import type { PersonView, TokenView } from '../../../src/api/contract/people.ts';
import type { waysSchema } from '../../../src/api/contract/sign-in.ts';

export type { Tested };
export type Person = PersonView;
export type Token = TokenView;
export type Receiver = ReceiverView;
/** How somebody can sign in. */
export type Ways = z.infer<typeof waysSchema>;

/** A link that lets somebody choose a password; told once. */
export interface LinkMade {
  readonly url: string;
  readonly expiresAt: string;
}

export interface Passkey {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
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

export const NEWS_KINDS = ['attack', 'incident', 'site', 'exporter', 'station'] as const;
export type NewsKind = (typeof NEWS_KINDS)[number];

export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

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
  readonly forgotten?: number;
  readonly broken?: { readonly number: number; readonly why: string };
  readonly last?: { readonly number: number; readonly hash: string };
}
