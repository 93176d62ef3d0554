/**
 * Formats and logs as web servers are told them in their own configuration files: `log_format` and `access_log` of nginx, `LogFormat` and
 * `CustomLog` of Apache, `log-format` of HAProxy. Only these directives are looked at; the rest of the file is passed over.
 */
export interface ServerLogs {
  /** Formats by name; that of HAProxy, and one of Apache without a name, is `default`. */
  readonly formats: ReadonlyMap<string, string>;
  /** Logs, with the name of their format, or the format itself where none of that name is there. */
  readonly logs: readonly { readonly path: string; readonly format: string }[];
  /** Files that are included, as patterns. */
  readonly includes: readonly string[];
}

/** Characters of a configuration file that are read. */
export const SERVER_CONFIG_CHARS_MAX = 4 * 1024 * 1024;

/** Reads one file; directives are those of nginx, Apache or HAProxy, whichever stand in it. */
export function readServerConfig(text: string): ServerLogs {
  const formats = new Map<string, string>();
  const logs: { path: string; format: string }[] = [];
  const includes: string[] = [];
  for (const words of statements(text.slice(0, SERVER_CONFIG_CHARS_MAX))) {
    const [directive, ...rest] = words;
    switch (directive.toLowerCase()) {
      case 'log_format':
        addNginxFormat(formats, rest);
        break;
      case 'access_log':
        if (rest[0] !== undefined && rest[0] !== 'off')
          logs.push({ path: rest[0], format: formatWord(rest.slice(1)) ?? 'combined' });
        break;
      case 'logformat':
        if (rest[0] !== undefined) formats.set(rest[1] ?? 'default', rest[0]);
        break;
      case 'customlog':
      case 'transferlog':
        if (rest[0] !== undefined && !rest[0].startsWith('|'))
          logs.push({ path: rest[0], format: rest[1] ?? 'default' });
        break;
      case 'log-format':
        if (rest.length > 0) formats.set('default', rest.join(' '));
        break;
      case 'include':
      case 'includeoptional':
        if (rest[0] !== undefined) includes.push(rest[0]);
    }
  }
  return { formats, logs, includes };
}

/** `log_format name [escape=…] 'part' 'part' …`: the parts are one text. */
function addNginxFormat(formats: Map<string, string>, words: readonly string[]): void {
  const [name, ...parts] = words;
  if (name === undefined) return;
  const text = parts.filter((part) => !/^escape=(default|json|none)$/.test(part)).join('');
  if (text !== '') formats.set(name, text);
}

/** The name of the format among the parameters of `access_log`, which are `name=value` otherwise. */
function formatWord(words: readonly string[]): string | undefined {
  return words.find((word) => !word.includes('=') && !word.startsWith('if='));
}

/**
 * Statements as their words: nginx ends them with a semicolon or a brace, Apache and HAProxy with the line. Quotes hold blanks together,
 * a backslash before a quote makes it a letter, and one before the end of a line joins it with the next.
 */
function* statements(text: string): Generator<string[], void, undefined> {
  let words: string[] = [];
  let word: string | undefined;
  let quote = '';
  const endWord = (): void => {
    if (word !== undefined) words.push(word);
    word = undefined;
  };
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (quote !== '') {
      if (letter === '\\' && text[at + 1] === '\n') at++;
      else if (letter === '\\' && (text[at + 1] === quote || text[at + 1] === '\\'))
        word = `${word ?? ''}${text[++at]}`;
      else if (letter === quote) quote = '';
      else word = `${word ?? ''}${letter}`;
      continue;
    }
    if (letter === '#' && word === undefined) {
      while (at + 1 < text.length && text[at + 1] !== '\n') at++;
      continue;
    }
    if (letter === '\\' && text[at + 1] !== undefined && /["'\\ \n]/.test(text[at + 1])) {
      at++;
      if (text[at] !== '\n') word = `${word ?? ''}${text[at]}`;
      continue;
    }
    if ((letter === '"' || letter === "'") && (word === undefined || quotesWithin(word))) {
      quote = letter;
      word ??= '';
      continue;
    }
    const endsNginx = letter === ';' || ((letter === '{' || letter === '}') && !isVariable(word));
    const endsLine = letter === '\n' && !isNginx(words, word);
    if (endsNginx) {
      endWord();
      if (words.length > 0) yield words;
      words = [];
    } else if (letter === '\n' || letter === ' ' || letter === '\t' || letter === '\r') {
      endWord();
      if (endsLine) {
        if (words.length > 0) yield words;
        words = [];
      }
    } else word = `${word ?? ''}${letter}`;
  }
  endWord();
  if (words.length > 0) yield words;
}

/** Braces inside a word are of a variable: `${request}`, `%{+Q}r`, `%{Referer}i`. */
function isVariable(word: string | undefined): boolean {
  return word !== undefined && (/[$%]$/.test(word) || word.lastIndexOf('{') > word.lastIndexOf('}'));
}

/** Directives of nginx go on over lines, until their semicolon. */
function isNginx(words: readonly string[], word: string | undefined): boolean {
  const first = words[0] ?? word ?? '';
  return first === 'log_format' || first === 'access_log';
}

/** HAProxy puts quotes inside words: `%{+Q}r` needs none, `log-format "…"` begins with one. */
function quotesWithin(word: string): boolean {
  return word.endsWith('=');
}
