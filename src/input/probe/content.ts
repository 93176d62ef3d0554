import { promisify, TextDecoder } from 'node:util';
import { brotliDecompress, constants, gunzip, type InputType, inflate, inflateRaw, zstdDecompress } from 'node:zlib';
import { CheckFault } from './fault.ts';
import { CONTENT_BYTES_MAX, DECOMPRESSED_BYTES_MAX } from './limits.ts';

/** Header values by lower-case name, several of one name joined or listed, as node:http and node:http2 give them. */
export type AnswerHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface AnswerHead {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly httpVersion: '1.0' | '1.1' | '2';
}

export interface Answer extends AnswerHead {
  /** As they came, at most `CONTENT_BYTES_MAX`. */
  readonly body: Buffer;
  /** True where content beyond the limit was not read. */
  readonly cut: boolean;
}

/** What can be taken in: names of RFC 9110 section 8.4.1, and RFC 8878. */
export const ACCEPT_ENCODING = 'gzip, deflate, br, zstd';

type Decompress = (bytes: InputType) => Promise<Buffer>;
const limits = { maxOutputLength: DECOMPRESSED_BYTES_MAX };
/** What was cut off in the middle is decompressed as far as it goes. */
const zlibLimits = { ...limits, finishFlush: constants.Z_SYNC_FLUSH };
const brotliLimits = { ...limits, finishFlush: constants.BROTLI_OPERATION_FLUSH };
const zstdLimits = { ...limits, finishFlush: constants.ZSTD_e_flush };

const DECOMPRESS: Readonly<Record<string, Decompress>> = {
  gzip: (bytes) => promisify<InputType, object, Buffer>(gunzip)(bytes, zlibLimits),
  'x-gzip': (bytes) => promisify<InputType, object, Buffer>(gunzip)(bytes, zlibLimits),
  br: (bytes) => promisify<InputType, object, Buffer>(brotliDecompress)(bytes, brotliLimits),
  zstd: (bytes) => promisify<InputType, object, Buffer>(zstdDecompress)(bytes, zstdLimits),
  // Some servers leave the frame of zlib away (RFC 9110 section 8.4.1.2).
  deflate: async (bytes) => {
    try {
      return await promisify<InputType, object, Buffer>(inflate)(bytes, zlibLimits);
    } catch (error) {
      if (isTooLarge(error)) throw error;
      return promisify<InputType, object, Buffer>(inflateRaw)(bytes, zlibLimits);
    }
  },
};

const isTooLarge = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';

/** The text of an answer, up to `CONTENT_BYTES_MAX` of it. Rejects with a `CheckFault` of phase `content`. */
export async function textOf({ headers, body }: Answer): Promise<string> {
  const encodings = header(headers, 'content-encoding')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity');
  let bytes = body;
  // One is usual; whoever wraps content twice wants to be a bomb.
  if (encodings.length > 1)
    throw new CheckFault('content', 'encoding-broken', 'the content is compressed several times');
  if (encodings.length === 1 && bytes.length > 0) bytes = await decompressed(bytes, encodings[0]);
  bytes = bytes.subarray(0, CONTENT_BYTES_MAX);
  return decoderOf(headers, bytes).decode(bytes);
}

async function decompressed(bytes: Buffer, encoding: string): Promise<Buffer> {
  const decompress = DECOMPRESS[encoding];
  if (decompress === undefined)
    throw new CheckFault('content', 'encoding-broken', 'the content is compressed in a way that was not asked for');
  try {
    return await decompress(bytes);
  } catch (error) {
    if (isTooLarge(error))
      throw new CheckFault('content', 'decompression-bomb', 'the content decompresses to more than 8 MiB', error);
    throw new CheckFault('content', 'encoding-broken', `the content is no ${encoding}, as it says it is`, error);
  }
}

/** Reads text in the character set that header or page names; UTF-8 where they name none that is known. */
function decoderOf(headers: AnswerHeaders, bytes: Buffer): TextDecoder {
  const inPage = (): string | undefined =>
    /<meta[^>]{0,200}charset\s*=\s*["']?([\w:-]{2,40})/i.exec(bytes.toString('latin1', 0, 2048))?.[1];
  const label = /charset\s*=\s*"?([\w:-]{2,40})/i.exec(header(headers, 'content-type'))?.[1] ?? inPage() ?? 'utf-8';
  try {
    return new TextDecoder(label);
  } catch {
    return new TextDecoder();
  }
}

/** The value of a header, the first of several; empty where it is not there. */
export function header(headers: AnswerHeaders, name: string): string {
  const value = headers[name];
  return (typeof value === 'string' ? value : value?.[0]) ?? '';
}
