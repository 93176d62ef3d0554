/** What a browser has for `require-trusted-types-for`; the compiler's own declarations do not know it yet. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createHTML(markup: string): string }): { createHTML(markup: string): unknown };
}

const { trustedTypes } = globalThis as { readonly trustedTypes?: TrustedTypes };
const policy = trustedTypes?.createPolicy('bonghwa-documents', { createHTML: (markup) => markup });

/** Markup of our own documents, rendered when the console was built: the only text that becomes markup here. */
export const trustedMarkup = (markup: string): unknown => policy?.createHTML(markup) ?? markup;
