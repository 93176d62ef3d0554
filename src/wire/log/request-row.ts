import type { RequestBatch, TextColumn } from '../../model/request-batch.ts';
import { REQUEST_HAS as HAS } from '../../model/request-columns.ts';
import { FIELD } from './field.ts';
import type { TrustedProxies } from './forwarded.ts';
import { MARKS } from './line-marks.ts';
import { readNumber, readWhole } from './log-time.ts';
import { RequestClient } from './request-client.ts';
import { RequestTime } from './request-time.ts';
import {
  durationMs,
  GET,
  hasUpper,
  hostEnd,
  httpVersionOf,
  isGet,
  isMethod,
  isPlainHost,
  methodOf,
  NO_UPSTREAM,
  questionFrom,
  roundMs,
  schemeEnd,
  tlsVersionOf,
  upstreamMsOf,
} from './request-values.ts';
import { addFromPercent, addUnescaped, addWithSpaces } from './unescape.ts';

/** The largest request time that is believed, ms: a day. */
const REQUEST_MS_MAX = 86_400_000;

const SPACE = 0x20;
const DASH = 0x2d;
const SLASH = 0x2f;
const QUESTION = 0x3f;

/**
 * The row of a batch that is filled from one line. Decoders give it values as slices of the batch's text; it parses them in place, and
 * allocates nothing. What was escaped, and hosts in upper case, are written behind the log's own bytes at `free`.
 */
export class RequestRow {
  text: Uint8Array = new Uint8Array(0);
  /** The same bytes, for the search of a byte by the machine's own instructions. */
  search: Buffer = Buffer.alloc(0);
  /** The same bytes, for words of four. */
  view: DataView = new DataView(new ArrayBuffer(0));
  /** The first byte of `text` that is not used. */
  free = 0;
  row = 0;
  present = 0;
  /** The first of the marks of the line (`markLines`). */
  lineMark = 0;
  readonly time = new RequestTime();

  #batch!: RequestBatch;
  #mark = 0;
  readonly #client: RequestClient;

  constructor(trusted: TrustedProxies) {
    this.#client = new RequestClient(trusted);
  }

  /** The batch that rows go to from here on. */
  attach(batch: RequestBatch): void {
    if (this.#batch === batch) return;
    this.#batch = batch;
    this.text = batch.text;
    this.view = new DataView(batch.text.buffer, batch.text.byteOffset, batch.text.byteLength);
    this.search = Buffer.from(batch.text.buffer, batch.text.byteOffset, batch.text.byteLength);
  }

  /** The first quote, backslash or line end at `from` or behind: within a line, no place before one that was asked for already. */
  markFrom(from: number): number {
    let mark = this.#mark;
    while (MARKS[mark] < from) mark++;
    this.#mark = mark;
    return MARKS[mark];
  }

  /** Begins with the next row of the batch. */
  begin(): void {
    this.row = this.#batch.length;
    this.present = 0;
    this.#mark = this.lineMark;
    this.time.begin();
    this.#client.begin();
    this.#batch.method[this.row] = 0;
  }

  /**
   * Ends the row of the line in [from, to): works out client and time. Returns 0, or the reason why it is no row; the batch has it
   * then, or not.
   */
  end(from: number, to: number, source: number): number {
    const reason = this.time.settle(this.text);
    if (reason !== 0) return reason;
    const batch = this.#batch;
    const row = this.row;
    if (this.#client.told) this.present = this.#client.place(batch, row, this.present);
    batch.timeMs[row] = this.time.ms;
    batch.source[row] = source;
    batch.line.at[row] = from;
    batch.line.length[row] = to - from;
    batch.present[row] = this.present;
    batch.length = row + 1;
    return 0;
  }

  /** True where [from, to) says that there is no value: empty, or `-`. */
  absent(from: number, to: number): boolean {
    return from >= to || (to - from === 1 && this.text[from] === DASH);
  }

  /** Sets what `field` means from the value in [from, to); false where it cannot be what it should. */
  set(field: number, from: number, to: number): boolean {
    if (this.absent(from, to)) return true;
    switch (field) {
      case FIELD.skip:
      case FIELD.server:
        return true;
      case FIELD.client:
        this.client(from, to);
        return true;
      case FIELD.clientPort:
        return this.#port(from, to);
      case FIELD.forwardedFor:
      case FIELD.forwarded:
        this.forwarded(from, to, field === FIELD.forwarded);
        return true;
      case FIELD.realClient:
        this.#client.real(from, to);
        return true;
      case FIELD.user:
        this.user(from, to);
        return true;
      case FIELD.timeClf:
      case FIELD.timeIso:
      case FIELD.timeSeconds:
      case FIELD.timeMillis:
      case FIELD.timeMicros:
      case FIELD.timeNanos:
      case FIELD.timeAny:
      case FIELD.date:
      case FIELD.timeOfDay:
      case FIELD.timeOther:
        return this.time.set(field, this.text, from, to);
      case FIELD.request:
        this.request(from, to);
        return true;
      case FIELD.method:
        if (!isMethod(this.text, from, to)) return false;
        this.method(from, to);
        return true;
      case FIELD.target:
        this.target(from, to);
        return true;
      case FIELD.path:
        this.path(from, to);
        return true;
      case FIELD.query:
        this.#query(from, to);
        return true;
      case FIELD.protocol:
        this.protocol(from, to);
        return true;
      case FIELD.status:
        return this.status(from, to);
      case FIELD.bytes:
        return this.bytes(from, to);
      case FIELD.seconds:
      case FIELD.millis:
      case FIELD.micros:
      case FIELD.nanos:
      case FIELD.duration:
      case FIELD.secondsPart:
        return this.#requestTime(field, from, to);
      case FIELD.upstreamSeconds:
        return this.#upstreamTime(1000, from, to);
      case FIELD.upstreamMillis:
        return this.#upstreamTime(1, from, to);
      case FIELD.upstreamMicros:
        return this.#upstreamTime(1e-3, from, to);
      case FIELD.upstreamNanos:
        return this.#upstreamTime(1e-6, from, to);
      case FIELD.host:
        this.host(from, to);
        return true;
      case FIELD.referrer:
        this.referrer(from, to);
        return true;
      case FIELD.userAgent:
        this.userAgent(from, to);
        return true;
      case FIELD.tlsVersion:
        this.#tlsVersion(from, to);
        return true;
      default:
        return true;
    }
  }

  /** The other end of the connection; parsed when the row ends, since a proxy may tell the client. */
  client(from: number, to: number): void {
    this.#client.peer(from, to);
  }

  /** As `client`, with the address already in four words. */
  clientIpv4(word: number): void {
    const { client } = this.#batch;
    const at = 4 * this.row;
    client[at] = 0;
    client[at + 1] = 0;
    client[at + 2] = 0xffff;
    client[at + 3] = word;
    this.present |= HAS.client;
  }

  forwarded(from: number, to: number, structured: boolean): void {
    if (!this.absent(from, to)) this.#client.forwarded(from, to, structured);
  }

  user(from: number, to: number): void {
    this.#place(this.#batch.user, HAS.user, from, to);
  }

  referrer(from: number, to: number): void {
    if (!this.absent(from, to)) this.#place(this.#batch.referrer, HAS.referrer, from, to);
  }

  userAgent(from: number, to: number): void {
    if (!this.absent(from, to)) this.#place(this.#batch.userAgent, HAS.userAgent, from, to);
  }

  path(from: number, to: number): void {
    this.#place(this.#batch.path, HAS.path, from, to);
  }

  /** Leaves what [from, to) says with its escapes undone in the free text; `free` is its end, and its begin is returned. */
  unescape(from: number, to: number): number {
    const begin = this.free;
    this.free = addUnescaped(this.text, from, to, begin);
    return begin;
  }

  /** As `unescape`, where a plus stands for a space (IIS). */
  withSpaces(from: number, to: number): number {
    const begin = this.free;
    this.free = addWithSpaces(this.text, from, to, begin);
    return begin;
  }

  /** As `unescape`, of percent-encoded text (RFC 3986 section 2.1). */
  fromPercent(from: number, to: number): number {
    const begin = this.free;
    this.free = addFromPercent(this.text, from, to, begin);
    return begin;
  }

  /** A request line. What is none, as a probe of another protocol, leaves its method at 0 and no path. */
  request(from: number, to: number): void {
    const { text } = this;
    let targetFrom: number;
    // Almost all are GET.
    if (isGet(text, from) && text[from + 3] === SPACE) {
      this.#batch.method[this.row] = GET;
      targetFrom = from + 4;
    } else {
      let pos = from;
      while (pos < to && text[pos] !== SPACE) pos++;
      if (pos === to || !isMethod(text, from, pos)) return;
      this.method(from, pos);
      targetFrom = pos + 1;
    }
    let targetTo = to;
    // RFC 9112 section 3 ends the line with the version; a target may hold spaces all the same, as some servers let them in.
    for (let end = to - 1; end > targetFrom; end--) {
      if (text[end] === SPACE) {
        if (text[end + 1] === 0x48 && text[end + 2] === 0x54) {
          this.protocol(end + 1, to);
          targetTo = end;
        }
        break;
      }
    }
    if (targetTo > targetFrom) this.target(targetFrom, targetTo);
  }

  /** A method (`isMethod`): by its number, and one that has none by its name. */
  method(from: number, to: number): void {
    const method = to - from === 3 && isGet(this.text, from) ? GET : methodOf(this.text, from, to);
    this.#batch.method[this.row] = method;
    if (method === 0) this.#place(this.#batch.methodName, HAS.methodName, from, to);
  }

  /** Path and query; of a whole URL the host too (RFC 9112 section 3.2.2). */
  target(from: number, to: number): void {
    const { text } = this;
    let start = from;
    if (text[from] !== SLASH) {
      const scheme = schemeEnd(text, from, to);
      if (scheme > 0) {
        start = scheme;
        while (start < to && text[start] !== SLASH && text[start] !== QUESTION) start++;
        if ((this.present & HAS.site) === 0) this.host(scheme, start);
      }
    }
    const pos = questionFrom(text, this.view, start, to);
    this.#place(this.#batch.path, HAS.path, start, pos);
    if (pos + 1 < to) this.#place(this.#batch.query, HAS.query, pos + 1, to);
  }

  #query(from: number, to: number): void {
    const start = this.text[from] === QUESTION ? from + 1 : from;
    if (start < to) this.#place(this.#batch.query, HAS.query, start, to);
  }

  protocol(from: number, to: number): void {
    const version = httpVersionOf(this.text, from, to);
    if (version === 0) return;
    this.#batch.httpVersion[this.row] = version;
    this.present |= HAS.httpVersion;
  }

  /** False where it is no status: -1 (HAProxy, where none was sent) and 0 to 999 are. */
  status(from: number, to: number): boolean {
    let status = readWhole(this.text, from, to);
    if (status < 0) status = readNumber(this.text, from, to);
    if (!(status >= -1 && status <= 999) || !Number.isInteger(status)) return false;
    this.setStatus(Math.max(0, status));
    return true;
  }

  setStatus(status: number): void {
    this.#batch.status[this.row] = status;
    this.present |= HAS.status;
  }

  bytes(from: number, to: number): boolean {
    let bytes = readWhole(this.text, from, to);
    if (bytes < 0) bytes = readNumber(this.text, from, to);
    if (!(bytes >= 0 && bytes <= Number.MAX_SAFE_INTEGER)) return false;
    this.setBytes(bytes);
    return true;
  }

  setBytes(bytes: number): void {
    this.#batch.bytes[this.row] = bytes;
    this.present |= HAS.bytes;
  }

  setRequestMs(ms: number): void {
    if (!(ms >= 0 && ms <= REQUEST_MS_MAX)) return;
    this.#batch.requestMs[this.row] = ms;
    this.present |= HAS.requestMs;
  }

  setUpstreamMs(ms: number): void {
    if (!(ms >= 0 && ms <= REQUEST_MS_MAX)) return;
    this.#batch.upstreamMs[this.row] = ms;
    this.present |= HAS.upstreamMs;
  }

  /** A host, its port left out, in lower case. */
  host(from: number, to: number): void {
    if (this.absent(from, to)) return;
    const { text } = this;
    const plain = isPlainHost(text, from, to);
    const end = plain ? to : hostEnd(text, from, to);
    if (end === from) return;
    if (plain || !hasUpper(text, from, end)) {
      this.#place(this.#batch.site, HAS.site, from, end);
      return;
    }
    const begin = this.free;
    for (let at = from; at < end; at++) {
      const byte = text[at];
      text[this.free++] = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
    }
    this.#place(this.#batch.site, HAS.site, begin, this.free);
  }

  get hasSite(): boolean {
    return (this.present & HAS.site) !== 0;
  }

  #place(column: TextColumn, bit: number, from: number, to: number): void {
    column.at[this.row] = from;
    column.length[this.row] = to - from;
    this.present |= bit;
  }

  #port(from: number, to: number): boolean {
    const port = readNumber(this.text, from, to);
    if (!(port >= 0 && port <= 65_535)) return false;
    this.setPort(port);
    return true;
  }

  setPort(port: number): void {
    this.#batch.clientPort[this.row] = port;
    this.present |= HAS.clientPort;
  }

  #requestTime(field: number, from: number, to: number): boolean {
    const { text } = this;
    if (field === FIELD.duration) {
      const ms = durationMs(text, from, to);
      this.setRequestMs(ms);
      return !Number.isNaN(ms);
    }
    const value = readNumber(text, from, to);
    if (Number.isNaN(value)) return false;
    switch (field) {
      case FIELD.millis:
        this.setRequestMs(value);
        return true;
      case FIELD.micros:
        this.setRequestMs(value / 1000);
        return true;
      case FIELD.nanos:
        this.setRequestMs(value / 1e6);
        return true;
      case FIELD.secondsPart:
        // A part of -1 was never reached (AWS Application Load Balancer).
        if (value >= 0)
          this.setRequestMs((this.present & HAS.requestMs ? this.#batch.requestMs[this.row] : 0) + roundMs(value));
        return true;
      default:
        this.setRequestMs(roundMs(value));
        return true;
    }
  }

  #upstreamTime(scale: number, from: number, to: number): boolean {
    const ms = upstreamMsOf(this.text, from, to, scale);
    if (ms !== NO_UPSTREAM) this.setUpstreamMs(ms);
    return !Number.isNaN(ms);
  }

  #tlsVersion(from: number, to: number): void {
    const version = tlsVersionOf(this.text, from, to);
    if (version === 0) return;
    this.#batch.tlsVersion[this.row] = version;
    this.present |= HAS.tlsVersion;
  }
}
