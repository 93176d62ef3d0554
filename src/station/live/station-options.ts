import type { Config } from '../../model/config.ts';

export type LogLevel = 'info' | 'warn' | 'error';

export interface StationOptions {
  readonly config: Config;
  readonly version: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: (level: LogLevel, message: string, fields: Readonly<Record<string, unknown>>) => void;
}
