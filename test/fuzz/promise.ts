/** Something that must hold of a decoder, and did not. */
export class BrokenPromise extends Error {}

export function promise(held: boolean, what: string): void {
  if (!held) throw new BrokenPromise(what);
}
