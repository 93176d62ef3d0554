/** What a reader sees of a page, as far as it can be told without running it. Linear in the length of the page, whatever is in it. */
export interface VisibleText {
  readonly title: string;
  /** Headings of the first and second level. */
  readonly headings: string;
  /** All of it, entities resolved where they are the usual ones, white space as single blanks. At most `VISIBLE_CHARS_MAX`. */
  readonly text: string;
}

/** Characters of visible text that are gathered; a page with more is no notice. */
export const VISIBLE_CHARS_MAX = 20_000;
const PART_CHARS_MAX = 500;

/** Elements whose content is not shown. */
const HIDDEN = new Set(['script', 'style', 'template', 'svg', 'head']);
const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  rsquo: '\u2019',
  ldquo: '\u201c',
  rdquo: '\u201d',
  ndash: '\u2013',
  mdash: '\u2014',
  hellip: '\u2026',
};

/** Reads the visible text of HTML, or of plain text. Broken markup costs accuracy, never time. */
export function visibleText(html: string): VisibleText {
  const pieces: string[] = [];
  const title: string[] = [];
  const headings: string[] = [];
  let length = 0;
  /** The innermost of title, h1, h2 that is open. */
  let part: string[] | undefined;
  const take = (from: number, to: number): void => {
    if (to <= from) return;
    const piece = html.slice(from, to);
    pieces.push(piece);
    length += piece.length;
    if (part !== undefined && part.length < 20) part.push(piece.slice(0, PART_CHARS_MAX));
  };
  let at = 0;
  while (at < html.length && length < VISIBLE_CHARS_MAX) {
    const open = html.indexOf('<', at);
    take(at, open < 0 ? html.length : open);
    if (open < 0) break;
    if (html.startsWith('<!--', open)) {
      const end = html.indexOf('-->', open + 4);
      at = end < 0 ? html.length : end + 3;
      continue;
    }
    const tag = tagAt(html, open);
    if (tag === undefined) {
      take(open, open + 1);
      at = open + 1;
      continue;
    }
    const close = html.indexOf('>', open + 1);
    at = close < 0 ? html.length : close + 1;
    pieces.push(' ');
    if (tag === 'title') part = title;
    else if (tag === 'h1' || tag === 'h2') part = headings;
    else if (/^\/(title|h1|h2)$/.test(tag)) part = undefined;
    else if (HIDDEN.has(tag) && tag !== 'head') at = behind(html, tag, at);
  }
  return { title: tidy(title), headings: tidy(headings), text: tidy(pieces).slice(0, VISIBLE_CHARS_MAX) };
}

/** The name of the tag that begins at `open`, with its slash where it is a closing one. */
function tagAt(html: string, open: number): string | undefined {
  return /^<(\/?[a-z!?][a-z0-9]*)/i.exec(html.slice(open, open + 16))?.[1].toLowerCase();
}

/** Where the content of an element that is not shown ends. One that never ends hides the rest, as in a browser. */
function behind(html: string, tag: string, from: number): number {
  const closing = `</${tag}`;
  // Most pages write tags in one case; the search stays linear in either.
  for (let at = html.indexOf('</', from); at >= 0; at = html.indexOf('</', at + 2)) {
    if (html.slice(at, at + closing.length).toLowerCase() !== closing) continue;
    const end = html.indexOf('>', at);
    return end < 0 ? html.length : end + 1;
  }
  return html.length;
}

function tidy(pieces: readonly string[]): string {
  return pieces
    .join('')
    .replace(/&(#x?[0-9a-f]{1,6}|[a-z]{2,6});/gi, (whole, name: string) => entity(name) ?? whole)
    .replace(/\s+/g, ' ')
    .trim();
}

function entity(name: string): string | undefined {
  if (!name.startsWith('#')) return ENTITIES[name.toLowerCase()];
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
  return Number.isInteger(code) && code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}
