import { assert } from '../../base/errors.ts';
import { type Code, during, f64, i8x16, i32, Kernel, select, v128, when } from '../../base/wasm-code.ts';
import { REQUEST_HAS as HAS, METHODS } from '../../model/request-columns.ts';
import { MARKED } from './line-marks.ts';

/**
 * The usual line in combined log format, told by the places of its quotes alone (`markLines`), m0 to m5, and of its end, m6:
 *
 *   192.0.2.1 - - [02/Oct/2017:20:22:07 +0000] "GET /path?query HTTP/1.1" 200 1234 "referrer" "user agent"
 *   │             │                            m0                       m1         m2       m3 m4        m5 m6
 *   from          m0 - 29, the minute as it was before
 *
 * Conditions are gathered in one word, since each alone almost always holds; a line that does not meet all of them ends the run.
 */

/** Rows that a run has at most. */
export const ROWS_MAX = 1024;

let room = MARKED.roomAt;
function take(bytes: number): number {
  const at = room;
  room += (bytes + 63) & ~63;
  return at;
}

/** How the minute was written that was read last: bytes 0 to 15, and 10 to 25 without the seconds; what leaves these out; its time. */
export const KEPT = { time: take(32), timeBytes: 32, mask: take(16), minuteMs: take(8) } as const;
new Uint8Array(MARKED.memory.buffer, KEPT.mask, 16).fill(255).fill(0, 8, 10);

/** Where the columns of the rows begin; a text column is the places, then the lengths. */
export const ROW_COLUMNS = {
  method: take(ROWS_MAX),
  httpVersion: take(ROWS_MAX),
  status: take(2 * ROWS_MAX),
  timeMs: take(8 * ROWS_MAX),
  bytes: take(8 * ROWS_MAX),
  client: take(16 * ROWS_MAX),
  present: take(4 * ROWS_MAX),
  line: take(8 * ROWS_MAX),
  path: take(8 * ROWS_MAX),
  query: take(8 * ROWS_MAX),
  referrer: take(8 * ROWS_MAX),
  userAgent: take(8 * ROWS_MAX),
} as const;
assert(room <= MARKED.roomAt + MARKED.roomBytes, 'columns fit their room');

const QUOTE = 0x22;
const DASH = 0x2d;
const DOT = 0x2e;
const SLASH = 0x2f;
const QUESTION = 0x3f;
const SPACE = 0x20;
const LF = 0x0a;
const ZERO = 0x30;

/** Text of two or four bytes as a load has it. */
const word = (text: string): Code =>
  i32.const([...text].reduceRight((value, letter) => (value << 8) | letter.charCodeAt(0), 0));
const c = i32.const;
const plus = (value: Code, constant: number): Code => i32.add(value, c(constant));
const digit = (address: Code): Code => i32.sub(i32.load8(address), c(ZERO));
const isNot = (address: Code, byte: number): Code => i32.ne(i32.load8(address), c(byte));
const beyond = (value: Code, largest: number): Code => i32.gtU(value, c(largest));

/** `run(mark, marksEnd, from, base, rowsMax)`: addresses of the marks of the first line and behind the last mark; how many rows it wrote. */
export function combinedKernel(): Uint8Array {
  const kernel = new Kernel();
  const mark = kernel.param();
  const marksEnd = kernel.param();
  const from = kernel.param();
  const base = kernel.param();
  const rowsMax = kernel.param();
  const m = Array.from({ length: 7 }, () => kernel.i32());
  const [row, more, bad, length, second, method, targetFrom, targetTo] = Array.from({ length: 8 }, () => kernel.i32());
  const [version, status, dash, question, found, at, value, dots] = Array.from({ length: 8 }, () => kernel.i32());
  const [start, end, octet, address, present] = Array.from({ length: 5 }, () => kernel.i32());
  const head = kernel.v128();
  const worse = (...conditions: Code[]): Code => bad.set(conditions.reduce((all, each) => i32.or(all, each), bad.get));
  const [m0, m1, m2, m3, m4, m5, m6] = m.map((each) => each.get);

  const marks: Code = [
    m.slice(1).map((each, index) => each.set(i32.sub(i32.load(mark.get, 4 * (index + 1)), base.get))),
    bad.set(isNot(m6, LF)),
    worse(...[m0, m1, m2, m3, m4, m5].map((each) => isNot(each, QUOTE))),
    worse(i32.ne(m4, plus(m3, 2)), i32.ne(m6, plus(m5, 1)), isNot(plus(m3, 1), SPACE)),
  ];
  const time: Code = [
    worse(i32.ne(i32.load(plus(m0, -34)), word(' - -')), i32.ne(i32.load16(plus(m0, -30)), word(' ['))),
    worse(i32.ne(i32.load16(plus(m0, -2)), word('] '))),
    worse(v128.anyTrue(v128.xor(v128.load(plus(m0, -28)), v128.load(c(KEPT.time))))),
    worse(
      v128.anyTrue(v128.xor(v128.and(v128.load(plus(m0, -18)), v128.load(c(KEPT.mask))), v128.load(c(KEPT.time + 16)))),
    ),
    worse(beyond(digit(plus(m0, -10)), 9), beyond(digit(plus(m0, -9)), 9)),
    second.set(i32.add(i32.mul(digit(plus(m0, -10)), c(10)), digit(plus(m0, -9)))),
    worse(beyond(second.get, 60)),
  ];
  const get = i32.eq(i32.load(plus(m0, 1)), word('GET '));
  const post = i32.eq(i32.load(plus(m0, 1)), word('POST'));
  const headMethod = i32.eq(i32.load(plus(m0, 1)), word('HEAD'));
  const request: Code = [
    method.set(
      select(
        get,
        c(METHODS.indexOf('GET')),
        i32.add(i32.mul(post, c(METHODS.indexOf('POST'))), i32.mul(headMethod, c(METHODS.indexOf('HEAD')))),
      ),
    ),
    targetFrom.set(i32.add(plus(m0, 6), i32.sub(c(0), get))),
    targetTo.set(plus(m1, -9)),
    worse(i32.eqz(method.get), isNot(plus(targetFrom.get, -1), SPACE), isNot(targetFrom.get, SLASH)),
    worse(i32.leU(targetTo.get, targetFrom.get), isNot(targetTo.get, SPACE)),
    worse(i32.ne(i32.load(plus(m1, -8)), word('HTTP')), isNot(plus(m1, -4), SLASH), isNot(plus(m1, -2), DOT)),
    worse(beyond(digit(plus(m1, -3)), 9), beyond(digit(plus(m1, -1)), 9)),
    version.set(i32.add(i32.mul(digit(plus(m1, -3)), c(10)), digit(plus(m1, -1)))),
    worse(i32.eqz(version.get)),
  ];
  const numbers: Code = [
    worse(isNot(plus(m1, 1), SPACE), isNot(plus(m1, 5), SPACE), isNot(plus(m2, -1), SPACE)),
    worse(...[2, 3, 4].map((place) => beyond(digit(plus(m1, place)), 9))),
    status.set(
      i32.add(i32.mul(digit(plus(m1, 2)), c(100)), i32.add(i32.mul(digit(plus(m1, 3)), c(10)), digit(plus(m1, 4)))),
    ),
    // One to nine digits.
    worse(beyond(i32.sub(m2, plus(m1, 8)), 8)),
    dash.set(i32.and(i32.eq(m2, plus(m1, 8)), i32.eqz(isNot(plus(m1, 6), DASH)))),
  ];
  /** The octet in [start, end): its digits at the upper end of three bytes, zeros before them. */
  const nextOctet: Code = [
    worse(beyond(i32.sub(plus(end.get, -1), start.get), 2)),
    octet.set(
      i32.and(
        i32.shl(
          i32.xor(i32.load(i32.add(from.get, start.get)), c(0x30303030)),
          i32.shl(i32.sub(plus(start.get, 3), end.get), c(3)),
        ),
        c(0xffffff),
      ),
    ),
    octet.set(
      i32.add(
        i32.mul(i32.and(octet.get, c(255)), c(100)),
        i32.add(i32.mul(i32.and(i32.shrU(octet.get, c(8)), c(255)), c(10)), i32.shrU(octet.get, c(16))),
      ),
    ),
    worse(beyond(octet.get, 255)),
    address.set(i32.or(i32.shl(address.get, c(8)), octet.get)),
    start.set(plus(end.get, 1)),
  ];
  const client: Code = [
    head.set(v128.load(from.get)),
    value.set(i32.sub(i32.shl(c(1), length.get), c(1))),
    dots.set(i32.and(i8x16.bitmask(i8x16.eq(head.get, i8x16.splat(c(DOT)))), value.get)),
    worse(
      i32.ne(i32.popcnt(dots.get), c(3)),
      i32.ne(
        i32.or(
          dots.get,
          i32.and(i8x16.bitmask(i8x16.leU(i8x16.sub(head.get, i8x16.splat(c(ZERO))), i8x16.splat(c(9)))), value.get),
        ),
        value.get,
      ),
    ),
    start.set(c(0)),
    address.set(c(0)),
    Array.from({ length: 3 }, () => [
      end.set(i32.ctz(dots.get)),
      nextOctet,
      dots.set(i32.and(dots.get, i32.sub(dots.get, c(1)))),
    ]),
    end.set(length.get),
    nextOctet,
  ];
  const bytes: Code = [
    value.set(c(0)),
    at.set(plus(m1, 6)),
    during(i32.ltU(at.get, plus(m2, -1)), [
      worse(i32.and(beyond(digit(at.get), 9), i32.eqz(dash.get))),
      value.set(i32.add(i32.mul(value.get, c(10)), digit(at.get))),
      at.set(plus(at.get, 1)),
    ]),
  ];
  const query: Code = [
    found.set(c(0)),
    question.set(targetFrom.get),
    during(i32.and(i32.eqz(found.get), i32.ltU(question.get, targetTo.get)), [
      found.set(i8x16.bitmask(i8x16.eq(v128.load(question.get), i8x16.splat(c(QUESTION))))),
      question.set(i32.add(question.get, select(found.get, i32.ctz(found.get), c(16)))),
    ]),
    question.set(select(i32.ltU(question.get, targetTo.get), question.get, targetTo.get)),
  ];
  const bit = (condition: Code, has: number): Code => select(condition, c(has), c(0));
  /** Neither empty nor a dash alone. */
  const told = (open: Code, close: Code): Code =>
    i32.and(i32.ne(close, plus(open, 1)), i32.or(i32.ne(close, plus(open, 2)), isNot(plus(open, 1), DASH)));
  const has: Code = present.set(
    [
      bit(i32.eqz(dash.get), HAS.bytes),
      bit(i32.ltU(plus(question.get, 1), targetTo.get), HAS.query),
      bit(told(m2, m3), HAS.referrer),
      bit(told(m4, m5), HAS.userAgent),
    ].reduce((all, each) => i32.or(all, each), c(HAS.client | HAS.status | HAS.path | HAS.httpVersion)),
  );
  const place = (size: number, column: number): Code => i32.add(i32.shl(row.get, c(size)), c(column));
  const slice = (column: number, begin: Code, close: Code): Code => [
    i32.store(place(2, column), 0, i32.add(begin, base.get)),
    i32.store(place(2, column), 4 * ROWS_MAX, i32.sub(close, begin)),
  ];
  const store: Code = [
    i32.store8(place(0, ROW_COLUMNS.method), 0, method.get),
    i32.store8(place(0, ROW_COLUMNS.httpVersion), 0, version.get),
    i32.store16(place(1, ROW_COLUMNS.status), 0, status.get),
    f64.store(
      place(3, ROW_COLUMNS.timeMs),
      0,
      f64.add(f64.load(c(KEPT.minuteMs)), f64.fromU32(i32.mul(second.get, c(1000)))),
    ),
    f64.store(place(3, ROW_COLUMNS.bytes), 0, f64.fromU32(value.get)),
    i32.store(place(4, ROW_COLUMNS.client), 0, c(0)),
    i32.store(place(4, ROW_COLUMNS.client), 4, c(0)),
    i32.store(place(4, ROW_COLUMNS.client), 8, c(0xffff)),
    i32.store(place(4, ROW_COLUMNS.client), 12, address.get),
    i32.store(place(2, ROW_COLUMNS.present), 0, present.get),
    slice(ROW_COLUMNS.line, from.get, m6),
    slice(ROW_COLUMNS.path, targetFrom.get, question.get),
    slice(ROW_COLUMNS.query, plus(question.get, 1), targetTo.get),
    slice(ROW_COLUMNS.referrer, plus(m2, 1), m3),
    slice(ROW_COLUMNS.userAgent, plus(m4, 1), m5),
  ];
  return kernel.module([
    more.set(c(1)),
    during(more.get, [
      more.set(c(0)),
      when(i32.and(i32.leU(plus(mark.get, 28), marksEnd.get), i32.ltU(row.get, rowsMax.get)), [
        m[0].set(i32.sub(i32.load(mark.get), base.get)),
        length.set(i32.sub(plus(m0, -34), from.get)),
        when(i32.leU(plus(length.get, -7), c(8)), [
          [marks, time, request, numbers],
          when(i32.eqz(bad.get), [
            [client, bytes, query],
            when(i32.eqz(bad.get), [
              [has, store],
              from.set(plus(m6, 1)),
              mark.set(plus(mark.get, 28)),
              row.set(plus(row.get, 1)),
              more.set(c(1)),
            ]),
          ]),
        ]),
      ]),
    ]),
    row.get,
  ]);
}
