/**
 * Messages of syslog in a stream (RFC 6587): counted, `123 <134>1 …`, or each ended by a line feed or a zero. Which of the two a sender
 * uses is told by the first byte of every message, as senders may change.
 */
export interface FrameSink {
  /** A message in [from, to) of `bytes`, valid during the call. */
  frame(bytes: Uint8Array, from: number, to: number): void;
}

/** Bytes of a message at most; RFC 5424 section 6.1 asks for 2048 at least. */
export const FRAME_BYTES_MAX = 64 * 1024;
/** Digits of a count at most. */
const COUNT_DIGITS_MAX = 6;

const LF = 0x0a;
const SPACE = 0x20;

export class SyslogFrames {
  /** Messages that were longer than the bound, and were skipped. */
  tooLong = 0;
  readonly #sink: FrameSink;
  /** What has come of a message whose end has not. */
  #rest = new Uint8Array(0);
  /** Bytes still to be skipped of a counted message that is too long; all up to a line feed where that is infinite. */
  #skip = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Takes what came. */
  push(chunk: Uint8Array): void {
    let bytes = chunk;
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + chunk.length);
      bytes.set(this.#rest);
      bytes.set(chunk, this.#rest.length);
      this.#rest = new Uint8Array(0);
    }
    let at = 0;
    while (at < bytes.length) {
      const next = this.#skip > 0 ? this.#skipSome(bytes, at) : this.#message(bytes, at);
      if (next === INCOMPLETE) {
        this.#rest = bytes.slice(at);
        return;
      }
      at = next;
    }
  }

  /** Takes what is left at the end of the connection, which a line feed would have ended. */
  end(): void {
    if (this.#skip === 0 && this.#rest.length > 0 && !isDigit(this.#rest[0]))
      this.#sink.frame(this.#rest, 0, this.#rest.length);
    this.#rest = new Uint8Array(0);
  }

  #skipSome(bytes: Uint8Array, at: number): number {
    if (Number.isFinite(this.#skip)) {
      const skipped = Math.min(this.#skip, bytes.length - at);
      this.#skip -= skipped;
      return at + skipped;
    }
    const end = bytes.indexOf(LF, at);
    if (end < 0) return bytes.length;
    this.#skip = 0;
    return end + 1;
  }

  /** Behind the message that begins at `at`. */
  #message(bytes: Uint8Array, at: number): number {
    if (!isDigit(bytes[at])) return this.#line(bytes, at);
    let pos = at;
    let length = 0;
    while (pos < bytes.length && isDigit(bytes[pos]) && pos - at < COUNT_DIGITS_MAX)
      length = length * 10 + bytes[pos++] - 0x30;
    if (pos === bytes.length && pos - at < COUNT_DIGITS_MAX) return INCOMPLETE;
    // A line that begins with a digit, as of an address, is no count.
    if (bytes[pos] !== SPACE || length === 0) return this.#line(bytes, at);
    pos++;
    if (length > FRAME_BYTES_MAX) {
      this.tooLong++;
      this.#skip = length;
      return pos;
    }
    if (pos + length > bytes.length) return INCOMPLETE;
    this.#sink.frame(bytes, pos, pos + length);
    return pos + length;
  }

  #line(bytes: Uint8Array, at: number): number {
    let end = at;
    while (end < bytes.length && bytes[end] !== LF && bytes[end] !== 0) end++;
    if (end === bytes.length) {
      if (end - at <= FRAME_BYTES_MAX) return INCOMPLETE;
      this.tooLong++;
      this.#skip = Number.POSITIVE_INFINITY;
      return end;
    }
    if (end - at > FRAME_BYTES_MAX) this.tooLong++;
    else if (end > at) this.#sink.frame(bytes, at, end);
    return end + 1;
  }
}

const INCOMPLETE = -1;

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
