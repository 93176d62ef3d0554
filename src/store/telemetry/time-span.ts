import { BonghwaError } from '../../base/errors.ts';

/** A time that is asked for, ms since 1970; `until` itself is outside. */
interface TimeSpan {
  readonly since: number;
  readonly until: number;
}

/** Throws TELEMETRY_QUERY where it ends before it begins. */
export function checkSpan({ since, until }: TimeSpan): void {
  if (until > since) return;
  throw new BonghwaError('TELEMETRY_QUERY', 'the time asked for ends before it begins', {
    hint: 'since is the earlier moment, until the later',
  });
}

/** The whole seconds that the span has a part in. Throws as `checkSpan`. */
export function secondsOf(span: TimeSpan): { since: number; until: number } {
  checkSpan(span);
  return { since: Math.floor(span.since / 1000), until: Math.ceil(span.until / 1000) };
}
