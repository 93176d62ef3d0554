/** Stable codes of faults in operation; documented in docs/errors.md. Bad input from outside is data, not an error. */
export type ErrorCode =
  | 'FILE_UNREADABLE'
  | 'FILE_UNWRITABLE'
  | 'FILE_NOT_A_CAPTURE'
  | 'OPTION_INVALID'
  | 'CONFIG_INVALID'
  | 'SAMPLE_MISSING'
  | 'LISTEN_FAILED'
  | 'DATA_IN_USE'
  | 'STATE_NOT_KEPT'
  | 'STATE_DOWN'
  | 'STATE_DAMAGED'
  | 'DOCUMENT_INVALID'
  | 'TELEMETRY_DOWN'
  | 'TELEMETRY_QUERY'
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'INPUT_INVALID'
  | 'HTTP_NOT_LOOPBACK'
  | 'HTTP_UNAVAILABLE'
  | 'STATION_UNREACHABLE'
  | 'STATION_REFUSED'
  | 'INTERNAL';

/** A fault in operation: what happened, and what the person can do about it. */
export class BonghwaError extends Error {
  readonly code: ErrorCode;
  /** What to do, one sentence, shown after the message. */
  readonly hint: string | undefined;
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: { hint?: string; cause?: unknown; fields?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'BonghwaError';
    this.code = code;
    this.hint = options.hint;
    this.fields = options.fields ?? {};
  }
}

/** A broken invariant: our own fault, never that of the input. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new BonghwaError('INTERNAL', `invariant broken: ${message}`);
}
