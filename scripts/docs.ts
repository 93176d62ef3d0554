/** Writes the tables of docs/ that follow from tables of the code. `npm test` tells when one of them is out of step. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { GENERATED_TABLES, withTable } from './house/tables.ts';

for (const { file, name, markdown } of GENERATED_TABLES) {
  const path = fileURLToPath(new URL(`../${file}`, import.meta.url));
  const text = readFileSync(path, 'utf8');
  const written = withTable(text, name, markdown());
  if (written === undefined) {
    console.error(`${file}: the marks of table ${name} are missing`);
    process.exitCode = 1;
  } else if (written !== text) {
    writeFileSync(path, written);
    console.log(`${file}: table ${name} written`);
  }
}
