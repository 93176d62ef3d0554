/** Columns of a terminal that text takes: names of sites are Korean and Ukrainian too. */

/** Characters that are two columns wide: Hangul, Han, Kana, full-width forms, pictographs (Unicode Standard Annex 11, W and F). */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
/** Marks that stand on the character before them. */
const MARK = /\p{Mn}|\p{Me}|[\u200b-\u200f]/u;
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
/** What moves the cursor, changes colours, or writes backwards. */
const CONTROL = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;

export function textWidth(text: string): number {
  if (PRINTABLE_ASCII.test(text)) return text.length;
  let width = 0;
  for (const letter of text) width += letterWidth(letter);
  return width;
}

function letterWidth(letter: string): number {
  if (MARK.test(letter)) return 0;
  return WIDE.test(letter) ? 2 : 1;
}

/** The text in exactly `width` columns: filled with spaces, or cut with an ellipsis. */
export function fitText(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const cut = cutText(text, width);
  const space = ' '.repeat(Math.max(0, width - textWidth(cut)));
  return align === 'right' ? space + cut : cut + space;
}

/** The text in at most `width` columns, cut with an ellipsis where it is longer. */
export function cutText(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let cut = '';
  let used = 1;
  for (const letter of text) {
    used += letterWidth(letter);
    if (used > width) break;
    cut += letter;
  }
  return width < 1 ? '' : `${cut}…`;
}

/**
 * The same value with every control character in its texts made visible: what came over a network must not move the cursor
 * of whoever reads it.
 */
export function withoutControls<T>(value: T): T {
  if (typeof value === 'string') return value.replace(CONTROL, '\ufffd') as T;
  if (Array.isArray(value)) return value.map((item: unknown) => withoutControls(item)) as T;
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [withoutControls(key), withoutControls(item)]),
  ) as T;
}
