import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { WriteStream } from 'node:tty';

/** Columns that are assumed where the output is no terminal. */
export const WIDTH_WITHOUT_TERMINAL = 80;
const WIDTH_MIN = 40;
const WIDTH_MAX = 200;

/** Characters that are gathered before they are written. */
const BLOCK_CHARS = 1 << 16;

/** Writes text in blocks and says when the reader is behind. */
export class TextOutput {
  readonly #stream: Writable;
  #block = '';
  #behind = false;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  write(text: string): void {
    this.#block += text;
    if (this.#block.length >= BLOCK_CHARS) this.flush();
  }

  flush(): void {
    if (this.#block === '') return;
    if (!this.#stream.write(this.#block)) this.#behind = true;
    this.#block = '';
  }

  /** Writes what is gathered; a promise where the reader must catch up first. */
  pause(): Promise<void> | undefined {
    this.flush();
    if (!this.#behind) return undefined;
    this.#behind = false;
    return this.#stream.writableNeedDrain ? once(this.#stream, 'drain').then(() => undefined) : undefined;
  }
}

/** How text may look on a stream. */
export interface Look {
  readonly width: number;
  readonly colour: boolean;
}

/** Width and colour of a stream: colours only on a terminal, and never where NO_COLOR is set (https://no-color.org). */
export function lookOf(stream: Partial<WriteStream>, environment: NodeJS.ProcessEnv): Look {
  const terminal = stream.isTTY === true;
  const width =
    terminal && stream.columns !== undefined && stream.columns > 0 ? stream.columns : WIDTH_WITHOUT_TERMINAL;
  const refused = (environment.NO_COLOR ?? '') !== '' || environment.TERM === 'dumb';
  return { width: Math.min(WIDTH_MAX, Math.max(WIDTH_MIN, width)), colour: terminal && !refused };
}

export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  alarm(text: string): string;
  good(text: string): string;
}

/** The four ways in which text is set off; all of them leave it as it is without colour. */
export function paintOf(colour: boolean): Paint {
  const sgr =
    (on: number, off: number) =>
    (text: string): string =>
      colour && text !== '' ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  return { bold: sgr(1, 22), dim: sgr(2, 22), alarm: sgr(31, 39), good: sgr(32, 39) };
}

/** One line on a terminal that is written over; nothing at all elsewhere. */
export class StatusLine {
  readonly #stream: WriteStream | undefined;
  #shown = false;

  constructor(stream: Writable & Partial<WriteStream>, enabled = true) {
    this.#stream = enabled && stream.isTTY === true ? (stream as WriteStream) : undefined;
  }

  get visible(): boolean {
    return this.#stream !== undefined;
  }

  show(text: string): void {
    if (this.#stream === undefined) return;
    const width = Math.max(20, this.#stream.columns ?? WIDTH_WITHOUT_TERMINAL);
    this.#stream.write(`\r${[...text].slice(0, width - 1).join('')}\x1b[K`);
    this.#shown = true;
  }

  clear(): void {
    if (this.#stream === undefined || !this.#shown) return;
    this.#stream.write('\r\x1b[K');
    this.#shown = false;
  }
}
