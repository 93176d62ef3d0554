/**
 * A station that only saves: `node test/store/state-child.ts DIRECTORY ROUND ATTACK`, with an attack as JSON in the file `ATTACK`. Every
 * line says what was acknowledged: `attack N VERSION`, `document N VERSION`, `removed N`, `setting N`, `blob N`; `ready` when the database is there. It runs until it is
 * killed, and loads as little as it can.
 */
import { readFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Attack } from '../../src/model/attack.ts';
import { openState } from '../../src/store/state/open.ts';

/** No life lasts for so many attacks: those of different lives have different numbers. */
const ATTACKS_PER_ROUND = 1_000_000;

const [directory, round, file] = process.argv.slice(2);
// Later lives start in half the time; a process that is killed would not leave its compiled code behind.
if (round === '0') flushCompileCache();
const attack = JSON.parse(readFileSync(file, 'utf8')) as Attack;
const store = await openState({ directory, onProblem: (error) => console.log(`problem ${error.message}`) });
let count = Number(round) * ATTACKS_PER_ROUND;
let told = false;
for (;;) {
  const n = count++;
  const saves = [
    store.saveAttack(attackOf(n, 1, true)).then(() => console.log(`attack ${n} 1`)),
    store.saveAttack(attackOf(n - 1, 2, false)).then(() => console.log(`attack ${n - 1} 2`)),
  ];
  // Every document is written twice; of three of them one is removed in the end.
  saves.push(
    store.saveDocument('incident', `incident-${n}`, { version: 1 }).then(() => console.log(`document ${n} 1`)),
    store.saveDocument('incident', `incident-${n - 1}`, { version: 2 }).then(() => console.log(`document ${n - 1} 2`)),
  );
  if (n % 3 === 0)
    saves.push(store.removeDocument('incident', `incident-${n - 3}`).then(() => console.log(`removed ${n - 3}`)));
  if (n % 10 === 0) {
    saves.push(
      store.setSetting('count', n).then(() => console.log(`setting ${n}`)),
      store.saveBlob('detector', blobOf(n)).then(() => console.log(`blob ${n}`)),
    );
  }
  await Promise.all(saves);
  // Writes come a few hundred times a second: enough for every moment to be one of a write.
  await sleep(2);
  if (!told && store.status().state === 'ready') {
    told = true;
    console.log('ready');
  }
}

/** Attack number `n`; `evidence.packets` says which version it is. */
function attackOf(n: number, version: number, ongoing: boolean): Attack {
  return { ...attack, id: `attack-${n}`, ongoing, evidence: { ...attack.evidence, packets: version } };
}

/** A number that fills many bytes, so that half a blob would show. */
function blobOf(n: number): Uint8Array {
  return new Uint8Array(Uint32Array.from({ length: 5000 }, () => n).buffer);
}
