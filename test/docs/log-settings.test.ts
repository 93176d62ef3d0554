import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { logsIn } from '../../console/plugins/routers.ts';
import { parseConfig } from '../../src/model/config.ts';

test('what the console says of logs stands in docs/logs.md, with configurations that a station takes', () => {
  const logs = logsIn(readFileSync(new URL('../../docs/logs.md', import.meta.url), 'utf8'));
  assert.ok(logs.length >= 4);
  for (const { title, blocks } of logs) {
    for (const { about } of blocks) assert.match(about, /^[A-Z].*\.$/, title);
    const written = blocks.filter(({ lines }) => lines.startsWith('inputs:'));
    assert.equal(written.length, 1, title);
    assert.equal(parseConfig(`networks: [192.0.2.0/24]\n${written[0].lines}`).kind, 'ok', title);
    const port = /\blisten: ':(\d+)'/.exec(written[0].lines)?.[1];
    const sent = blocks.slice(1).every(({ lines }) => lines.includes('STATION') && lines.includes(String(port)));
    assert.ok(sent, `${title}: the server sends to where the station listens`);
  }
});
