import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { parseAddress } from '../base/ip.ts';
import { Places } from './places.ts';

const words = parseAddress('198.51.100.7') ?? new Uint32Array(4);

it('places are unknown until the tables are open, and those of new tables after they were opened again', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'bonghwa-places-'));
  const own = join(directory, 'geo');
  await mkdir(own);
  await writeFile(join(own, 'country.csv'), '198.51.100.0,198.51.100.255,KR\n');
  await writeFile(join(own, 'asn.csv'), '198.51.100.0,198.51.100.255,64500,"One"\n');
  const problems: string[] = [];
  const places = new Places(directory, undefined, (problem) => problems.push(problem));
  assert.deepEqual([places.country(words, 0), places.asn(words, 0)], [undefined, undefined]);
  await places.open();
  assert.deepEqual([places.country(words, 0), places.asn(words, 0)], ['KR', 64500]);
  await writeFile(join(own, 'asn.csv'), '198.51.100.0,198.51.100.255,64501,"Two"\n');
  const opening = places.open();
  assert.equal(places.asn(words, 0), 64500);
  await opening;
  assert.deepEqual([places.asn(words, 0), problems], [64501, []]);
  await rm(directory, { recursive: true });
});
