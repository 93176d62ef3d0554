/** `node bench/make/main.ts KIND ITEMS PATH`: writes one of the captures that the benches read. */
import { type InputKind, makeInput } from './input.ts';

const KINDS: readonly InputKind[] = ['traffic', 'traffic-million', 'telemetry', 'telemetry-memory'];

const [name, items, path] = process.argv.slice(2);
const kind = KINDS.find((known) => known === name);
if (kind === undefined || path === undefined || !(Number(items) >= 1)) {
  process.stderr.write(`usage: main.ts ${KINDS.join('|')} ITEMS PATH\n`);
  process.exit(2);
}
makeInput(kind, Number(items), path);
