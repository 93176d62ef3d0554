/** One of the project's documents, as the console shows it. */
export interface DocumentPage {
  /** From the top of the checkout: `docs/exporters.md`. */
  readonly path: string;
  readonly title: string;
  readonly headings: readonly { readonly id: string; readonly title: string }[];
  /** Rendered when the console was built. */
  readonly html: string;
}

const SIGNS: Readonly<Record<string, string>> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&amp;': '&' };

/** The words of a document, to search in: its markup is our own, and no tag is left of it. */
export const wordsOf = ({ html }: DocumentPage): string =>
  html
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/&(?:lt|gt|quot|amp);/g, (sign) => SIGNS[sign])
    .replaceAll(/\s+/g, ' ')
    .trim();

/** The words of all documents by their paths. */
export const wordsByPath = (documents: readonly DocumentPage[]): Readonly<Record<string, string>> =>
  Object.fromEntries(documents.map((document) => [document.path, wordsOf(document)]));
