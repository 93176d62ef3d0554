/** What a reader set for this browser. Nothing here goes to the station. */
export type Theme = 'auto' | 'light' | 'dark';
const THEMES: readonly Theme[] = ['auto', 'light', 'dark'];

class Settings {
  theme = $state<Theme>(THEMES.find((theme) => theme === read('theme')) ?? 'auto');

  constructor() {
    this.#show();
  }

  nextTheme(): void {
    this.theme = THEMES[(THEMES.indexOf(this.theme) + 1) % THEMES.length];
    write('theme', this.theme);
    this.#show();
  }

  #show(): void {
    document.documentElement.dataset.theme = this.theme;
  }
}

/** What this browser remembers under a name of ours; undefined where it remembers nothing, or is not allowed to. */
export function read(name: string): string | undefined {
  try {
    return localStorage.getItem(`bonghwa.${name}`) ?? undefined;
  } catch {
    return undefined;
  }
}

export function write(name: string, value: string): void {
  try {
    localStorage.setItem(`bonghwa.${name}`, value);
  } catch {
    // A browser that keeps nothing forgets it with the page.
  }
}

export const settings = new Settings();
