import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { readLogFormat } from './server-config-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'bonghwa-config-'));
after(() => rmSync(directory, { recursive: true, force: true }));
mkdirSync(join(directory, 'conf.d'));
const MAIN = join(directory, 'nginx.conf');
writeFileSync(MAIN, "log_format one '$remote_addr [$time_local] $status';\ninclude conf.d/*.conf;\n");
writeFileSync(
  join(directory, 'conf.d', 'site.conf'),
  "log_format two '$host $remote_addr [$time_local] $status';\naccess_log /logs/site.log two;\naccess_log /logs/all.log;\n",
);

const textOf = (text: string, path?: string): string => {
  const format = readLogFormat(text, path);
  if (typeof format === 'string') return `refused: ${format}`;
  return format.kind === 'made' ? format.text : format.kind === 'named' ? format.name : format.kind;
};

it('takes the format of a name, or the one that the log has, from the file and its includes', () => {
  assert.equal(textOf(`@${MAIN}:one`), '$remote_addr [$time_local] $status');
  assert.equal(textOf(`@${MAIN}:two`), '$host $remote_addr [$time_local] $status');
  assert.equal(textOf(`@${MAIN}`, '/logs/site.log'), '$host $remote_addr [$time_local] $status');
  assert.equal(textOf(`@${MAIN}`, '/logs/all.log'), 'combined');
  assert.equal(textOf('haproxy'), 'haproxy');
});

it('says what is wrong', () => {
  assert.match(textOf(`@${MAIN}`), /refused: .*has several formats \(one, two\): name one/);
  assert.match(textOf(`@${MAIN}:three`), /refused: .*has no format 'three'; it has one, two/);
  assert.match(textOf(`@${join(directory, 'missing.conf')}`), /refused: cannot read/);
});
