import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { BonghwaError } from '../base/errors.ts';
import { CONFIG_BYTES_MAX } from '../model/config.ts';
import { loadConfig, problemLines, readConfig } from './config-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'bonghwa-config-'));
after(() => rmSync(directory, { recursive: true, force: true }));

function fileOf(name: string, text: string): string {
  const file = join(directory, name);
  writeFileSync(file, text);
  return file;
}

async function refusal(file: string): Promise<BonghwaError> {
  try {
    await loadConfig(file);
  } catch (error) {
    assert.ok(error instanceof BonghwaError);
    return error;
  }
  return assert.fail('nothing was refused');
}

test('a file is read as it is written, with a byte order mark and line ends of Windows too', async () => {
  const file = fileOf('right.yaml', '\uFEFFnetworks:\r\n  - 192.0.2.0/24\r\nhttp: { listen: localhost:8481 }\r\n');
  const config = await loadConfig(file);
  assert.deepEqual([config.networks.length, config.http.listen.port], [1, 8481]);
});

test('faults are lines with file, number and path', async () => {
  const file = fileOf('wrong.yaml', 'networks: [x]\nhttp: { listn: 1 }\n');
  const lines = problemLines('wrong.yaml', await readConfig(file));
  assert.deepEqual(lines, [
    "wrong.yaml:1: networks[0]: 'x' is no prefix such as 192.0.2.0/24 or 2001:db8::/32",
    "wrong.yaml:2: http.listn: unknown key; did you mean 'listen'?",
  ]);
  const { code, message, hint } = await refusal(file);
  assert.equal(code, 'CONFIG_INVALID');
  assert.equal(message.split('\n').length, 2);
  assert.match(hint ?? '', /^Correct these lines; 'bonghwa check /);
});

test('what is no configuration file is refused without reading all of it', async () => {
  assert.match((await refusal(directory)).message, /it is a directory$/);
  assert.match((await refusal(join(directory, 'none.yaml'))).message, /there is no such file$/);
  assert.match((await refusal(fileOf('large.yaml', ' '.repeat(CONFIG_BYTES_MAX + 1)))).message, /larger than any/);
});

const skip = process.platform === 'linux' ? false : '/dev/zero is asked for on Linux only';
test('a device without an end is refused', { skip }, async () => {
  assert.match((await refusal('/dev/zero')).message, /larger than any configuration$/);
});
