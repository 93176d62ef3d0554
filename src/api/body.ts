import type { z } from 'zod';
import { BODY_BYTES_MAX, type RouteContract } from './contract/route.ts';
import { RequestProblem } from './problem.ts';

/** Faults that are told of one body. */
const FAULTS_MAX = 20;

/** The body of a request, parsed by its schema. All that is wrong is told at once, in one RequestProblem. */
export async function readBody(request: Request, body: NonNullable<RouteContract['body']>): Promise<unknown> {
  const { mediaType = 'application/json', bytesMax = BODY_BYTES_MAX, schema } = body;
  const given = (request.headers.get('content-type') ?? '').split(';', 1)[0].trim().toLowerCase();
  if (given !== mediaType)
    throw new RequestProblem(415, {
      detail: `the body is ${given === '' ? 'of no type' : given}, and ${mediaType} is taken here`,
    });
  const text = await boundedText(request, bytesMax);
  return parsed(schema, mediaType === 'application/json' ? jsonOf(text) : text);
}

async function boundedText(request: Request, bytesMax: number): Promise<string> {
  const tooLarge = (): RequestProblem =>
    new RequestProblem(413, { detail: `the body has more than ${bytesMax} bytes` }, { connection: 'close' });
  if (Number(request.headers.get('content-length') ?? 0) > bytesMax) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw tooLarge();
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new RequestProblem(400, { detail: 'the body is no UTF-8 text' });
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RequestProblem(400, { detail: 'the body is no JSON' });
  }
}

function parsed(schema: z.ZodType, value: unknown): unknown {
  const found = schema.safeParse(value);
  if (found.success) return found.data;
  const errors = found.error.issues
    .slice(0, FAULTS_MAX)
    .map(({ path, message }) => ({ parameter: path.map(String).join('.'), detail: message }));
  const first = errors[0].parameter === '' ? errors[0].detail : `${errors[0].parameter}: ${errors[0].detail}`;
  throw new RequestProblem(400, { detail: errors.length === 1 ? first : `${errors.length} fields are wrong`, errors });
}
