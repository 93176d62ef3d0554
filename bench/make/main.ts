/** `node bench/make/main.ts KIND ITEMS PATH`: writes one of the captures that the benches read. */
import { INPUT_KINDS, makeInput } from './input.ts';

const [name, items, path] = process.argv.slice(2);
const kind = INPUT_KINDS.find((known) => known === name);
if (kind === undefined || path === undefined || !(Number(items) >= 1)) {
  process.stderr.write(`usage: main.ts ${INPUT_KINDS.join('|')} ITEMS PATH\n`);
  process.exit(2);
}
makeInput(kind, Number(items), path);
