import { REJECT } from '../../model/rejection.ts';
import type { Dialect } from './dialect.ts';
import { FIELD } from './field.ts';
import type { RequestRow } from './request-row.ts';

/**
 * A layout of values with fixed text between them, as a server's `log_format` says it, made into a plan once:
 *
 *   literal 0 │ field 0 │ literal 1 │ field 1 │ … │ literal n
 *
 * A value ends where the literal behind it begins; between quotes, one behind a backslash does not end it.
 */
export interface PlanStep {
  /** FIELD number. */
  readonly field: number;
  /** What stands behind the value; empty only behind the last. */
  readonly literal: string;
}

export interface PlanSpec {
  readonly head: string;
  readonly steps: readonly PlanStep[];
  /** True where lines may go on behind the plan, as formats do that grow. */
  readonly open?: boolean;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

export class PlanDialect implements Dialect {
  readonly name: string;
  readonly #head: Uint8Array;
  readonly #fields: Int32Array;
  readonly #literals: readonly Uint8Array[];
  /** 1 where the value stands between quotes. */
  readonly #quoted: Uint8Array;
  readonly #open: boolean;

  constructor(name: string, spec: PlanSpec) {
    const encoder = new TextEncoder();
    this.name = name;
    this.#head = encoder.encode(spec.head);
    this.#fields = Int32Array.from(spec.steps, ({ field }) => field);
    this.#literals = spec.steps.map(({ literal }) => encoder.encode(literal));
    this.#open = spec.open === true;
    this.#quoted = Uint8Array.from(spec.steps, ({ literal }, index) => {
      const before = index === 0 ? spec.head : spec.steps[index - 1].literal;
      return before.endsWith('"') && literal.startsWith('"') ? 1 : 0;
    });
  }

  decode(row: RequestRow, from: number, to: number): number {
    const { text } = row;
    const fields = this.#fields;
    if (!startsWith(text, from, to, this.#head)) return REJECT['log-line-unparsed'];
    let pos = from + this.#head.length;
    for (let step = 0; step < fields.length; step++) {
      const literal = this.#literals[step];
      const field = fields[step];
      let start = pos;
      let escaped = false;
      let end: number;
      if (literal.length === 0) end = to;
      else if (this.#quoted[step] === 1) {
        end = start;
        while (end < to && (text[end] !== QUOTE || !startsWith(text, end, to, literal))) {
          if (text[end] === BACKSLASH) {
            escaped = true;
            end++;
          }
          end++;
        }
      } else {
        const first = literal[0];
        end = start;
        // Addresses of proxies are listed with blanks between: the blank behind a comma ends no list.
        const isList =
          field === FIELD.client ||
          field === FIELD.forwardedFor ||
          (field >= FIELD.upstreamSeconds && field <= FIELD.upstreamNanos);
        while (
          end < to &&
          (text[end] !== first ||
            !startsWith(text, end, to, literal) ||
            (isList && end > start && text[end - 1] === 0x2c))
        )
          end++;
      }
      if (end > to || (end === to && literal.length > 0 && !(this.#open && step > 0 && !Number.isNaN(row.time.ms))))
        return REJECT['log-line-unparsed'];
      pos = Math.min(to, end + literal.length);
      if (escaped) {
        start = row.unescape(start, end);
        end = row.free;
      }
      if (field !== FIELD.skip && !row.set(field, start, end)) {
        return field >= FIELD.timeClf && field <= FIELD.timeOfDay
          ? REJECT['log-time-invalid']
          : REJECT['log-line-unparsed'];
      }
      if (end === to) break;
    }
    return pos === to || this.#open ? 0 : REJECT['log-line-unparsed'];
  }
}

function startsWith(text: Uint8Array, from: number, to: number, literal: Uint8Array): boolean {
  if (from + literal.length > to) return false;
  for (let at = 0; at < literal.length; at++) if (text[from + at] !== literal[at]) return false;
  return true;
}
