import { appendFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { jsonOf } from '../../base/json.ts';
import { type CheckResult, checkResultSchema } from '../../model/vantage.ts';

/** Results that wait, and the batch of them that was sent last: with its number it is sent again just as it was. */
export interface Waiting {
  readonly run: string;
  /** Number of the batch that was sent last. */
  readonly number: number;
  /** How many of the results that wait first are in it; 0 where its answer came. */
  readonly sent: number;
  readonly results: readonly CheckResult[];
}

/** What changed since the file was written. */
export type WaitingChange =
  | { readonly kind: 'added'; readonly result: CheckResult }
  /** One more than may wait: the result at this place goes. */
  | { readonly kind: 'dropped'; readonly at: number }
  | { readonly kind: 'sent'; readonly number: number; readonly count: number }
  /** The batch that was sent was answered. */
  | { readonly kind: 'answered' };

/** Bytes that changes may add before the file is written anew. */
const CHANGES_BYTES_MAX = 16 << 20;
const FILE_MODE = 0o600;

const headSchema = z.object({ key: z.string(), run: z.string().min(1).max(64), number: z.int().min(0) });
const changeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('added'), result: checkResultSchema }),
  z.object({ kind: z.literal('dropped'), at: z.int().min(0) }),
  z.object({ kind: z.literal('sent'), number: z.int().min(1), count: z.int().min(1) }),
  z.object({ kind: z.literal('answered') }),
]);

/**
 * What waits for a station that is away, on disk: lines of JSON, the first of which says whose they are, and each further one a change.
 *
 *   {"key":"…","run":"…","number":7}
 *   {"kind":"added","result":{…}}
 *   {"kind":"sent","number":8,"count":500}
 *
 * A line that a sudden end cut off counts as not written. It is written for the page cache: `kill -9` costs nothing, a loss of power may cost
 * the last lines.
 */
export class WaitingFile {
  readonly #path: string;
  /** What tells the key of the vantage from others, without telling it. */
  readonly #key: string;
  #bytes = 0;

  constructor(path: string, key: string) {
    this.#path = path;
    this.#key = key;
  }

  /** True where so much changed that the file is better written anew. */
  get grown(): boolean {
    return this.#bytes > CHANGES_BYTES_MAX;
  }

  /** What waited when it was written last; undefined where nothing does, or for another key. */
  read(): Waiting | undefined {
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    const [first, ...lines] = text.split('\n');
    const head = headSchema.safeParse(jsonOf(first));
    if (!head.success || head.data.key !== this.#key) return undefined;
    const results: CheckResult[] = [];
    let { number } = head.data;
    let sent = 0;
    for (const line of lines) {
      const change = changeSchema.safeParse(jsonOf(line)).data;
      if (change === undefined) continue;
      switch (change.kind) {
        case 'added':
          results.push(change.result);
          break;
        case 'dropped':
          results.splice(change.at, 1);
          break;
        case 'sent':
          number = change.number;
          sent = Math.min(change.count, results.length);
          break;
        case 'answered':
          results.splice(0, sent);
          sent = 0;
          break;
      }
    }
    return { run: head.data.run, number, sent, results };
  }

  /** Writes all of it, in place of what was there. */
  write({ run, number, sent, results }: Waiting): void {
    const changes: WaitingChange[] = results.map((result) => ({ kind: 'added', result }));
    if (sent > 0) changes.push({ kind: 'sent', number, count: sent });
    const written = `${this.#path}.new`;
    writeFileSync(written, [{ key: this.#key, run, number }, ...changes].map(lineOf).join(''), { mode: FILE_MODE });
    renameSync(written, this.#path);
    this.#bytes = 0;
  }

  append(change: WaitingChange): void {
    const line = lineOf(change);
    appendFileSync(this.#path, line);
    this.#bytes += Buffer.byteLength(line);
  }

  /** Nothing waits any more. */
  remove(): void {
    rmSync(this.#path, { force: true });
    this.#bytes = 0;
  }
}

const lineOf = (value: object): string => `${JSON.stringify(value)}\n`;
