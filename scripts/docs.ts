/**
 * Writes the parts of the documents that follow from the code: tables, and pictures of real output. `npm test` tells when one of
 * them is out of step.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PICTURES, takePicture } from './house/pictures.ts';
import { GENERATED_TABLES, withPart } from './house/tables.ts';

function write(file: string, kind: 'table' | 'output', name: string, part: string): void {
  const path = fileURLToPath(new URL(`../${file}`, import.meta.url));
  const text = readFileSync(path, 'utf8');
  const written = withPart(text, kind, name, part);
  if (written === undefined) {
    console.error(`${file}: the marks of ${kind} ${name} are missing`);
    process.exitCode = 1;
  } else if (written !== text) {
    writeFileSync(path, written);
    console.log(`${file}: ${kind} ${name} written`);
  }
}

for (const { file, name, markdown } of GENERATED_TABLES) write(file, 'table', name, markdown());
for (const picture of PICTURES) write(picture.file, 'output', picture.name, takePicture(picture));
