import { assert } from '../../base/errors.ts';
import { REJECT, type Rejections } from '../../model/rejection.ts';
import type { RequestBatch, RequestSink } from '../../model/request-batch.ts';
import { REQUEST_HAS } from '../../model/request-columns.ts';
import { CombinedDialect } from './combined.ts';
import { CombinedLines, LINE_MARKS } from './combined-lines.ts';
import type { Dialect } from './dialect.ts';
import { TrustedProxies } from './forwarded.ts';
import { MARKED_BYTES_MAX, MARKS, markLines } from './line-marks.ts';
import { createDialects, type LogFormat } from './log-formats.ts';
import { Recogniser } from './recognise.ts';
import { RequestRow } from './request-row.ts';
import { messageStart } from './syslog.ts';
import { W3cDialect } from './w3c.ts';

/**
 * Bytes of one log to rows of a batch.
 *
 *   text of the batch  ┌── rest of a line ──┬────── bytes of the chunk ──────┬── undone escapes ──┬── free ──┐
 *                      └── of chunk before ─┴─ line ─┴─ line ─┴─ li… ────────┴────────────────────┴──────────┘
 *
 * Lines are parsed where they lie in the text; only the rest of a line that straddles chunks is kept apart. Several decoders may fill
 * one batch in turn.
 */
export interface LogDecoderOptions {
  readonly format?: LogFormat;
  /** Number of the log, for the `source` column. */
  readonly source?: number;
  /** Site of lines that do not tell their host. */
  readonly site?: string;
  readonly trusted?: TrustedProxies;
  /** Distance from UTC of times without a zone, ms, east is above 0. */
  readonly zoneMs?: number;
  /** Told of every line that is no row: the reason as `REJECT` numbers it, and where the line lies. A line that was too long is told by its begin. */
  readonly onRejected?: (reason: number, text: Uint8Array, from: number, to: number) => void;
}

/** Bytes of a line at most; servers bound a request head to far less (nginx 32 KiB, Apache 8 KiB a line). */
export const LINE_BYTES_MAX = 64 * 1024;
/** Escapes undone of a line are at most so many times the line, all ways together. */
const UNDONE_SHARE = 3;

const UNPARSED: number = REJECT['log-line-unparsed'];
const LF = 0x0a;
const CR = 0x0d;
const HASH = 0x23;
const SITE_BYTES_MAX = 256;
/** Room for the rest of a line at first; it grows to LINE_BYTES_MAX where lines are long. */
const REST_BYTES = 1024;
/** Bytes that are taken from a chunk in one go: what is parsed stays in the nearest caches. */
const PIECE_BYTES = MARKED_BYTES_MAX - LINE_BYTES_MAX;
/** Chunks below are looked through for a line end before they are copied. */
const SMALL_BYTES = 4096;

export class LogDecoder {
  /** Lines that were rows, and lines that were not, blank ones and directives left out. */
  lines = 0;
  rejected = 0;
  readonly #rejections: Rejections;
  readonly #row: RequestRow;
  readonly #source: number;
  readonly #site: Uint8Array;
  readonly #onRejected: LogDecoderOptions['onRejected'];
  readonly #automatic: boolean;
  readonly #w3c = new W3cDialect();
  readonly #usual = new CombinedLines();
  #recogniser: Recogniser | undefined;
  #dialect: Dialect | undefined;
  readonly #others: readonly Dialect[];
  /** The rest of a line whose end has not come yet. */
  #rest = new Uint8Array(REST_BYTES);
  #restLength = 0;
  /** True while a line that is too long goes on. */
  #skipping = false;
  #started = false;
  #siteAt = 0;
  /** True where the batch was full and went in mid-chunk. */
  #handedOver = false;

  constructor(rejections: Rejections, options: LogDecoderOptions = {}) {
    this.#rejections = rejections;
    this.#row = new RequestRow(options.trusted ?? new TrustedProxies());
    this.#row.time.times.zonelessMs = -(options.zoneMs ?? 0);
    this.#source = options.source ?? 0;
    this.#site = new TextEncoder().encode(options.site ?? '').subarray(0, SITE_BYTES_MAX);
    this.#onRejected = options.onRejected;
    const format = options.format ?? { kind: 'auto' };
    this.#automatic = format.kind === 'auto';
    const dialects =
      format.kind === 'named' ? createDialects(format.name) : format.kind === 'made' ? [format.make()] : [];
    this.#dialect = dialects[0];
    this.#others = dialects.slice(1);
    if (format.kind === 'named' && format.name === 'w3c') this.#dialect = this.#w3c;
  }

  /** What the lines are laid out as, as far as it is known. */
  get formatName(): string | undefined {
    return this.#dialect?.name;
  }

  /** Bytes that were taken in and belong to a line whose end has not come. */
  get pendingBytes(): number {
    return this.#restLength;
  }

  /**
   * Appends the rows of [offset, end) of `bytes` to the batch, and hands it to `sink` whenever it is full. A line may begin in one
   * call and end in a later one.
   */
  decode(bytes: Uint8Array, offset: number, end: number, batch: RequestBatch, sink: RequestSink): void {
    assert(batch.text.length >= 2 * (UNDONE_SHARE + 1) * LINE_BYTES_MAX, 'room for a line in the text of a batch');
    const row = this.#row;
    row.attach(batch);
    let at = offset;
    if (this.#skipping) {
      at = this.#skipLine(bytes, at, end);
      if (this.#skipping) return;
    }
    if (end - at < SMALL_BYTES && !hasLineEnd(bytes, at, end)) {
      this.#addRest(bytes, at, end);
      return;
    }
    while (at < end) {
      this.#makeRoom(batch, sink);
      const { text } = batch;
      const start = batch.textLength;
      const room = Math.floor((text.length - start) / (UNDONE_SHARE + 1)) - this.#restLength;
      const taken = Math.min(end - at, room, PIECE_BYTES);
      const rest = this.#restLength;
      if (rest > 0) text.set(this.#rest.subarray(0, rest), start);
      text.set(taken === bytes.length ? bytes : bytes.subarray(at, at + taken), start + rest);
      const stop = start + rest + taken;
      this.#restLength = 0;
      row.free = stop;
      const parsed = this.#parseLines(batch, sink, start, stop);
      if (this.#handedOver) {
        // The batch was full and went: what was not parsed is read anew, into its begin.
        at += parsed - start - rest;
        continue;
      }
      batch.textLength = row.free;
      at += taken;
      if (parsed < stop) this.#keepRest(text, parsed, stop);
      if (this.#skipping) {
        at = this.#skipLine(bytes, at, end);
        if (this.#skipping) return;
      }
    }
  }

  /** Takes the directives that stand in the begin of a file (W3C) which is read on from its middle. */
  learn(head: Uint8Array, batch: RequestBatch): void {
    if (!this.#takesDirectives()) return;
    const row = this.#row;
    row.attach(batch);
    const at = batch.textLength;
    const length = Math.min(head.length, batch.text.length - at);
    batch.text.set(head.subarray(0, length), at);
    row.free = at + length;
    for (let from = at; from < at + length; ) {
      const end = row.search.indexOf(LF, from);
      if (end < 0 || end >= at + length) break;
      if (row.text[from] === HASH) this.#directive(from, end > from && row.text[end - 1] === CR ? end - 1 : end);
      from = end + 1;
    }
  }

  /** Takes what has no line end, at the end of the log. */
  end(batch: RequestBatch, sink: RequestSink): void {
    if (this.#restLength > 0) {
      const line = Uint8Array.from(this.#rest.subarray(0, this.#restLength));
      const ending = new Uint8Array(line.length + 1);
      ending.set(line);
      ending[line.length] = LF;
      this.#restLength = 0;
      this.decode(ending, 0, ending.length, batch, sink);
    }
    this.#skipping = false;
  }

  /** Begins with another file of the same log: what the last left open is no line. */
  reset(): void {
    this.#restLength = 0;
    this.#skipping = false;
    this.#started = false;
  }

  /** Parses the lines of [start, stop); returns where the first begins that was not parsed: for want of its end, or of room in the batch. */
  #parseLines(batch: RequestBatch, sink: RequestSink, start: number, stop: number): number {
    const row = this.#row;
    const { text } = row;
    const count = markLines(text, start, stop);
    let from = start;
    let mark = 0;
    this.#siteAt = 0;
    this.#handedOver = false;
    while (from < stop) {
      if (this.#dialect instanceof CombinedDialect) {
        const lines = this.#takeUsual(batch, from, start, mark, count);
        if (lines > 0) {
          mark += LINE_MARKS * lines;
          from = MARKS[mark - 1] + 1;
          continue;
        }
      }
      let next = mark;
      while (next < count && text[MARKS[next]] !== LF) next++;
      if (next === count) return from;
      if (batch.length >= batch.capacity) {
        batch.textLength = row.free;
        sink.take(batch);
        assert(batch.length === 0, 'the sink took the batch');
        batch.textLength = 0;
        this.#handedOver = true;
        return from;
      }
      const end = MARKS[next];
      row.lineMark = mark;
      this.#line(batch, from, end > from && text[end - 1] === CR ? end - 1 : end);
      from = end + 1;
      mark = next + 1;
    }
    return from;
  }

  /** Takes the usual lines that begin at `from`; returns how many there are. */
  #takeUsual(batch: RequestBatch, from: number, start: number, mark: number, marks: number): number {
    const first = batch.length;
    const lines = this.#usual.take(batch, this.#row.time, from, start, mark, marks);
    if (lines === 0) return 0;
    batch.source.fill(this.#source, first, batch.length);
    this.lines += lines;
    this.#started = true;
    if (this.#site.length > 0) for (let row = first; row < batch.length; row++) this.#placeSite(batch, row);
    return lines;
  }

  #line(batch: RequestBatch, lineFrom: number, to: number): void {
    const row = this.#row;
    const { text } = row;
    let from = lineFrom;
    if (!this.#started) {
      this.#started = true;
      if (text[from] === 0xef && text[from + 1] === 0xbb && text[from + 2] === 0xbf) from += 3;
    }
    if (from >= to) return;
    if (to - from > LINE_BYTES_MAX) {
      this.#reject(REJECT['log-line-too-long'], from, from + LINE_BYTES_MAX);
      return;
    }
    if (text[from] === HASH && this.#takesDirectives()) {
      this.#directive(from, to);
      return;
    }
    const reason = this.#request(from, to);
    if (reason === 0) {
      this.lines++;
      if (this.#site.length > 0 && !row.hasSite) this.#placeSite(batch, row.row);
    } else this.#reject(reason, from, to);
  }

  #directive(from: number, to: number): void {
    const dialect = this.#dialect instanceof W3cDialect && !this.#automatic ? this.#dialect : this.#w3c;
    dialect.directive(this.#row, from, to);
    if (this.#automatic && dialect.laidOut) this.#dialect = dialect;
  }

  #request(from: number, to: number): number {
    const row = this.#row;
    const free = row.free;
    const start = messageStart(row.text, from, to);
    let reason = UNPARSED;
    if (this.#dialect !== undefined) {
      reason = this.#try(this.#dialect, from, start, to);
      if (reason === 0) return 0;
      row.free = free;
    }
    for (const other of this.#others) {
      const told = this.#try(other, from, start, to);
      if (told === 0) return 0;
      row.free = free;
    }
    if (!this.#automatic) return reason;
    // The format may have changed in mid-file, and some servers write two in turn.
    this.#recogniser ??= new Recogniser();
    const found = this.#recogniser.recognise(row, from, start, to);
    if (found === undefined)
      return this.#dialect === undefined || reason === UNPARSED ? this.#recogniser.reason : reason;
    this.#dialect = found;
    return this.#try(found, from, start, to);
  }

  #try(dialect: Dialect, from: number, start: number, to: number): number {
    const row = this.#row;
    row.begin();
    // HAProxy tells by its tag what is no request.
    const reason = dialect.decode(row, dialect.name === 'haproxy' ? from : start, to);
    return reason === 0 ? row.end(from, to, this.#source) : reason;
  }

  #takesDirectives(): boolean {
    return this.#automatic || this.#dialect instanceof W3cDialect;
  }

  #reject(reason: number, from: number, to: number): void {
    this.rejected++;
    this.#rejections.count(reason);
    this.#onRejected?.(reason, this.#row.text, from, to);
  }

  #placeSite(batch: RequestBatch, at: number): void {
    const row = this.#row;
    if (this.#siteAt === 0) {
      this.#siteAt = row.free;
      batch.text.set(this.#site, row.free);
      row.free += this.#site.length;
    }
    batch.site.at[at] = this.#siteAt;
    batch.site.length[at] = this.#site.length;
    batch.present[at] |= REQUEST_HAS.site;
  }

  /** Hands the batch over where the next line might not fit. */
  #makeRoom(batch: RequestBatch, sink: RequestSink): void {
    const needed = (UNDONE_SHARE + 1) * (this.#restLength + LINE_BYTES_MAX / 4) + SITE_BYTES_MAX;
    if (batch.length < batch.capacity && batch.text.length - batch.textLength >= needed) return;
    sink.take(batch);
    assert(batch.length === 0, 'the sink took the batch');
    batch.textLength = 0;
  }

  /** Keeps bytes that end no line, without going through the text: a sender may give them one by one. */
  #addRest(bytes: Uint8Array, from: number, to: number): void {
    if (this.#restLength + to - from <= LINE_BYTES_MAX) {
      this.#roomFor(this.#restLength + to - from);
      this.#rest.set(bytes.subarray(from, to), this.#restLength);
      this.#restLength += to - from;
      return;
    }
    this.rejected++;
    this.#rejections.count(REJECT['log-line-too-long']);
    this.#onRejected?.(REJECT['log-line-too-long'], this.#rest, 0, this.#restLength);
    this.#restLength = 0;
    this.#skipping = true;
  }

  #roomFor(length: number): void {
    if (length <= this.#rest.length) return;
    const larger = new Uint8Array(Math.min(LINE_BYTES_MAX, 2 * length));
    larger.set(this.#rest.subarray(0, this.#restLength));
    this.#rest = larger;
  }

  #keepRest(text: Uint8Array, from: number, to: number): void {
    if (to - from <= LINE_BYTES_MAX) {
      this.#roomFor(to - from);
      this.#rest.set(text.subarray(from, to));
      this.#restLength = to - from;
      return;
    }
    this.#reject(REJECT['log-line-too-long'], from, from + LINE_BYTES_MAX);
    this.#skipping = true;
  }

  /** Steps over the rest of a line that is too long; returns where the next begins. */
  #skipLine(bytes: Uint8Array, from: number, end: number): number {
    const found = bytes.indexOf(LF, from);
    if (found < 0 || found >= end) return end;
    this.#skipping = false;
    return found + 1;
  }
}

function hasLineEnd(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] === LF) return true;
  return false;
}
