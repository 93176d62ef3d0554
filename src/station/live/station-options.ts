import type { Config } from '../../model/config.ts';

/** Logged with the link (`url`) for the first account, and when that link is not needed any more. */
export const SET_UP_LINK = 'nobody has an account yet: open the link to make the first one';
export const SET_UP_DONE = 'the link for the first account was used, or another was made';

export type LogLevel = 'info' | 'warn' | 'error';

export interface StationOptions {
  readonly config: Config;
  readonly version: string;
  /** True where what it sees is a recording, which its status then says. */
  readonly sample?: boolean;
  /** A writable directory for what can be made anew; without it the station keeps that in its data directory. */
  readonly cacheDirectory?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: (level: LogLevel, message: string, fields: Readonly<Record<string, unknown>>) => void;
}
