import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BonghwaError } from '../base/errors.ts';
import { holdsPassword, resolveSecret, shownSecret, stateUrlFault, telemetryUrlFault } from './secret.ts';

const noFile = (path: string): Promise<string> =>
  Promise.reject(Object.assign(new Error(`no ${path}`), { code: 'ENOENT' }));

test('a reference leads to the environment, the first line of a file, or itself', async () => {
  const url = 'postgresql://bonghwa:secret@db.example/bonghwa';
  assert.equal(await resolveSecret({ env: 'STATE' }, { STATE: ` ${url}\n` }, noFile), url);
  assert.equal(await resolveSecret({ file: '/etc/state' }, {}, async (path) => `${url}\n# ${path}\n`), url);
  assert.equal(await resolveSecret('off', {}, noFile), 'off');
});

test('what is not there is told by its name, and what is there is never told', async () => {
  const refused = async (secret: { env: string } | { file: string }, text = ''): Promise<string> => {
    try {
      await resolveSecret(secret, { STATE: text }, text === 'missing' ? noFile : async () => text);
    } catch (error) {
      assert.ok(error instanceof BonghwaError);
      assert.equal(error.code, 'CONFIG_INVALID');
      return `${error.message}. ${error.hint}`;
    }
    return assert.fail('nothing was refused');
  };
  assert.match(await refused({ env: 'STATE' }), /variable STATE .* is not set\. Set STATE/);
  assert.match(await refused({ file: '/etc/state' }, '\nsecret'), /first line of the file \/etc\/state .* is empty/);
  assert.match(await refused({ file: '/etc/state' }, 'missing'), /\/etc\/state .* cannot be read \(ENOENT\)/);
  const long = await refused({ file: '/etc/state' }, 'secret'.repeat(1000));
  assert.ok(/too long/.test(long) && !long.includes('secret'));
});

test('passwords are seen wherever URLs carry them, and never shown', () => {
  for (const text of [
    'http://a:b@c',
    'postgres://a:b%40@c/d',
    'x://:b@c',
    'postgres://a:b/c@d/e',
    'postgres://a:12345@c/d',
    'http://c/?user=a&password=b',
    'host=c password=b',
  ]) {
    assert.ok(holdsPassword(text), text);
    assert.equal(shownSecret(text), '(hidden)');
  }
  for (const text of [
    'http://c:8123/',
    'postgres://a@c:5432/d',
    'http://[::1]:8123/a@b',
    'https://c:8443/@b',
    'postgres://a:@c/d',
    'off',
  ]) {
    assert.ok(!holdsPassword(text), text);
    assert.equal(shownSecret(text), text);
  }
  assert.equal(shownSecret({ env: 'STATE' }), 'env STATE');
  assert.equal(shownSecret({ file: '/etc/state' }), 'file /etc/state');
});

test('a store is asked by its own kind of URL', () => {
  assert.equal(stateUrlFault('postgresql:///bonghwa?host=/run/postgresql'), undefined);
  assert.match(stateUrlFault('mysql://x') ?? '', /postgresql:/);
  assert.equal(telemetryUrlFault('off'), undefined);
  assert.match(telemetryUrlFault('of') ?? '', /or off/);
});
