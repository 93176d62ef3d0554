/** What scrolls can be reached with the keyboard; what fits is no stop on the way. */
export function scrollable(element: HTMLElement): () => void {
  const look = (): void => {
    if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
    else element.removeAttribute('tabindex');
  };
  const size = new ResizeObserver(look);
  size.observe(element);
  if (element.firstElementChild !== null) size.observe(element.firstElementChild);
  look();
  return () => size.disconnect();
}
