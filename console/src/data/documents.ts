/** One of the project's documents, as the list of the console has it. */
export interface DocumentEntry {
  /** From the top of the checkout: `docs/exporters.md`. */
  readonly path: string;
  readonly title: string;
  readonly headings: readonly { readonly id: string; readonly title: string }[];
}
