/**
 * A small scanner of TypeScript: enough to tell code from comments, strings, templates and regular expressions, so that the
 * house rules look at words of code and never at text that only mentions them.
 */
export type TokenKind = 'word' | 'string' | 'template' | 'regex' | 'number' | 'punct' | 'comment';

export interface Token {
  readonly kind: TokenKind;
  /** The word or punctuation mark itself; the value between the quotes of a string; the text of a comment. */
  readonly text: string;
  /** Line of its first character, from 1. */
  readonly line: number;
}

const WORD_START = /[\p{L}_$#]/u;
const WORD_PART = /[\p{L}\p{N}_$]/u;

/** Words after which a slash starts a regular expression, not a division. */
const WORDS_BEFORE_REGEX = new Set(
  'return typeof case in of delete void throw new else do await yield instanceof'.split(' '),
);

class Scanner {
  readonly #text: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  #line = 1;
  /** For every template that is open, the braces that are open inside its current `${…}`. */
  readonly #templateBraces: number[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  tokens(): readonly Token[] {
    if (this.#text.startsWith('#!')) this.#skipTo(this.#endOfLine());
    while (this.#at < this.#text.length) this.#next();
    return this.#tokens;
  }

  #next(): void {
    const char = this.#text[this.#at];
    if (char === '\n' || char === ' ' || char === '\t' || char === '\r') this.#skipTo(this.#at + 1);
    else if (this.#text.startsWith('//', this.#at)) this.#push('comment', this.#at + 2, this.#endOfLine(), 0);
    else if (this.#text.startsWith('/*', this.#at)) this.#comment();
    else if (char === "'" || char === '"') this.#string(char);
    else if (char === '`') this.#template();
    else if (char === '/' && this.#regexMayStart()) this.#regex();
    else if (WORD_START.test(char)) this.#run('word');
    else if (char >= '0' && char <= '9') this.#run('number');
    else this.#punct(char);
  }

  #endOfLine(): number {
    const end = this.#text.indexOf('\n', this.#at);
    return end < 0 ? this.#text.length : end;
  }

  #skipTo(end: number): void {
    for (; this.#at < end; this.#at++) if (this.#text[this.#at] === '\n') this.#line++;
  }

  /** Adds the text from `start` to `end` as one token and goes on `closing` characters behind it. */
  #push(kind: TokenKind, start: number, end: number, closing: number): void {
    this.#tokens.push({ kind, text: this.#text.slice(start, end), line: this.#line });
    this.#skipTo(Math.min(end + closing, this.#text.length));
  }

  #comment(): void {
    const end = this.#text.indexOf('*/', this.#at + 2);
    this.#push('comment', this.#at + 2, end < 0 ? this.#text.length : end, 2);
  }

  #string(quote: string): void {
    let end = this.#at + 1;
    while (end < this.#text.length && this.#text[end] !== quote && this.#text[end] !== '\n') {
      end += this.#text[end] === '\\' ? 2 : 1;
    }
    this.#push('string', this.#at + 1, end, 1);
  }

  /** Reads from a backquote, or from the brace that ends a `${…}`, to the next `${` or the closing backquote. */
  #template(): void {
    let end = this.#at + 1;
    while (end < this.#text.length && this.#text[end] !== '`' && !this.#text.startsWith('${', end)) {
      end += this.#text[end] === '\\' ? 2 : 1;
    }
    const opens = this.#text.startsWith('${', end);
    this.#push('template', this.#at + 1, end, opens ? 2 : 1);
    if (opens) this.#templateBraces.push(0);
  }

  #regexMayStart(): boolean {
    let last = this.#tokens.length - 1;
    while (last >= 0 && this.#tokens[last].kind === 'comment') last--;
    if (last < 0) return true;
    const before = this.#tokens[last];
    if (before.kind === 'word') return WORDS_BEFORE_REGEX.has(before.text);
    return before.kind === 'punct' && before.text !== ')' && before.text !== ']' && before.text !== '}';
  }

  #regex(): void {
    let end = this.#at + 1;
    let inClass = false;
    while (end < this.#text.length && this.#text[end] !== '\n' && (inClass || this.#text[end] !== '/')) {
      if (this.#text[end] === '[') inClass = true;
      else if (this.#text[end] === ']') inClass = false;
      end += this.#text[end] === '\\' ? 2 : 1;
    }
    this.#push('regex', this.#at + 1, end, 1);
  }

  #run(kind: 'word' | 'number'): void {
    let end = this.#at + 1;
    while (end < this.#text.length && WORD_PART.test(this.#text[end])) end++;
    this.#push(kind, this.#at, end, 0);
  }

  #punct(char: string): void {
    const depth = this.#templateBraces.length - 1;
    if (depth >= 0 && char === '{') this.#templateBraces[depth]++;
    if (depth >= 0 && char === '}') {
      if (this.#templateBraces[depth] === 0) {
        this.#templateBraces.pop();
        this.#template();
        return;
      }
      this.#templateBraces[depth]--;
    }
    this.#push('punct', this.#at, this.#at + 1, 0);
  }
}

/** The tokens of a TypeScript file in order, comments among them. Never throws: broken text gives broken tokens. */
export function scan(text: string): readonly Token[] {
  return new Scanner(text).tokens();
}

/** The tokens without comments. */
export function codeOf(tokens: readonly Token[]): readonly Token[] {
  return tokens.filter((token) => token.kind !== 'comment');
}
