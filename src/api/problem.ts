import { z } from 'zod';
import { BonghwaError } from '../base/errors.ts';

/** What went wrong, as RFC 9457 has it, with what to do about it. */
export const problemSchema = z.object({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.int(),
  /** What happened, one sentence. */
  detail: z.string().optional(),
  /** What to do, one sentence. */
  hint: z.string().optional(),
  /** Stable code of a fault in operation (docs/errors.md). */
  code: z.string().optional(),
  /** Parameters, or fields of the body, that were wrong, all at once. */
  errors: z.array(z.object({ parameter: z.string(), detail: z.string() })).optional(),
  /** How it stands now, where somebody else changed it first. */
  current: z.unknown().optional(),
});
export type Problem = z.infer<typeof problemSchema>;

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  411: 'Length Required',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  421: 'Misdirected Request',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** Codes of faults that a client sees for what they are, with the status of each. */
const STATUS_OF: Readonly<Record<string, number>> = {
  STATE_DOWN: 503,
  STATE_NOT_KEPT: 503,
  TELEMETRY_DOWN: 503,
  TELEMETRY_QUERY: 400,
  DOCUMENT_INVALID: 400,
  INPUT_INVALID: 400,
  NOT_FOUND: 404,
  CONFLICT: 409,
};

/** After how many seconds asking again makes sense. */
const RETRY_SECONDS = '5';

type Details = Omit<Problem, 'type' | 'title' | 'status'>;

/** Ends a request with a problem. */
export class RequestProblem extends Error {
  readonly status: number;
  readonly details: Details;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, details: Details, headers: Readonly<Record<string, string>> = {}) {
    super(details.detail);
    this.name = 'RequestProblem';
    this.status = status;
    this.details = details;
    this.headers = status === 503 ? { 'retry-after': RETRY_SECONDS, ...headers } : headers;
  }

  body(): string {
    const { status, details } = this;
    const problem: Problem = { type: 'about:blank', title: TITLES[status] ?? 'Error', status, ...details };
    return `${JSON.stringify(problem)}\n`;
  }

  allHeaders(): Record<string, string> {
    return { 'content-type': 'application/problem+json', ...this.headers };
  }

  response(): Response {
    return new Response(this.body(), { status: this.status, headers: this.allHeaders() });
  }
}

/** The problem that an error stands for; undefined where it is a fault of the program itself. */
export function problemOf(error: unknown): RequestProblem | undefined {
  if (error instanceof RequestProblem) return error;
  if (!(error instanceof BonghwaError)) return undefined;
  const status = STATUS_OF[error.code];
  if (status === undefined) return undefined;
  const { message: detail, code, hint, fields } = error;
  return new RequestProblem(status, {
    detail,
    code,
    ...(hint === undefined ? {} : { hint }),
    ...(code === 'CONFLICT' && fields.current !== undefined ? { current: fields.current } : {}),
  });
}
