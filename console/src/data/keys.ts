/** Keys that work on every page: j and k move through the rows of the first list, Enter opens one, / searches, ? helps. */
export interface KeyActions {
  readonly help: () => void;
  readonly search: () => void;
}

const ROWS = 'tr.row, li.row';

export function keyPressed(event: KeyboardEvent, { help, search }: KeyActions): void {
  if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return;
  if (document.querySelector('dialog[open]') !== null) return;
  const { target } = event;
  if (target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null) return;
  switch (event.key) {
    case '?':
      event.preventDefault();
      help();
      return;
    case '/':
      event.preventDefault();
      search();
      return;
    case 'j':
    case 'k':
      event.preventDefault();
      move(event.key === 'j' ? 1 : -1);
      return;
    case 'Enter':
      if (target instanceof HTMLElement && target.closest('a, button, summary') !== null) return;
      selected()?.querySelector('a')?.click();
      return;
  }
}

const rows = (): readonly HTMLElement[] => [...document.querySelectorAll<HTMLElement>(`main :is(${ROWS})`)];
const selected = (): HTMLElement | null => document.querySelector<HTMLElement>('main .selected');

function move(step: number): void {
  const all = rows();
  if (all.length === 0) return;
  const at = all.findIndex((row) => row.classList.contains('selected'));
  const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + step));
  for (const row of all) row.classList.remove('selected');
  const row = all[next];
  row.classList.add('selected');
  row.querySelector('a')?.focus({ preventScroll: true });
  row.scrollIntoView({ block: 'nearest' });
}
