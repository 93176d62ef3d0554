import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Config, defaultConfig, parseConfig } from './config.ts';
import { commentedConfig } from './config-file-text.ts';
import { type ConfigKey, configKeys } from './config-keys.ts';
import { effectiveTree } from './config-tree.ts';

function configOf(text: string): Config {
  const result = parseConfig(text);
  assert.ok(result.kind === 'ok', `${JSON.stringify(result)}\n${text}`);
  return result.config;
}

/** What the head of the file says how to do: a # that is not followed by exactly one blank is taken away. */
const uncommented = (text: string): string => text.replace(/^( *)#(?! \S|$)/gm, '$1');

const CHOSEN = {
  organisation: { name: 'Ministry: "of" #Examples' },
  networks: ['192.0.2.0/24'],
  sites: [{ name: 'court', urls: ['https://court.example/'], addresses: ['192.0.2.10'] }],
  exporters: [{ name: 'border', address: '2001:db8::1', vendor: 'juniper' }],
  inputs: { netflow: [':2055', '[::1]:2056'] },
  storage: { state: { env: 'STATE' } },
};

test('with nothing chosen, the file is all comments and means the defaults', () => {
  const text = commentedConfig({});
  assert.match(text, /^(#.*\n|\n)+$/);
  assert.deepEqual(configOf(text), defaultConfig());
});

test('what is chosen is set, and nothing else', () => {
  const tree = effectiveTree(configOf(commentedConfig(CHOSEN)));
  const defaults = effectiveTree(defaultConfig());
  assert.deepEqual(tree, {
    ...defaults,
    ...CHOSEN,
    networks: [{ prefix: '192.0.2.0/24' }],
    sites: configOf(JSON.stringify({ sites: CHOSEN.sites })).sites,
    inputs: { ...(defaults.inputs as object), netflow: ['[::]:2055', '[::1]:2056'] },
    storage: { ...(defaults.storage as object), state: { env: 'STATE' } },
  });
});

test('every key is there with its explanation, and every example is right', () => {
  for (const chosen of [{}, CHOSEN]) {
    const text = commentedConfig(chosen);
    const words = text.replace(/\n *(# +)?# /g, ' ');
    const visit = (key: ConfigKey): void => {
      assert.ok(key.about.length > 0, `${key.path} says what it means`);
      assert.match(text, new RegExp(`^[ #-]*([{] .*)?${key.key}:`, 'm'), key.path);
      if (key.path !== 'networks[].prefix' && key.path !== 'networks[].name')
        assert.ok(words.includes(`${key.about.slice(1)}.`), `${key.path}: ${key.about}`);
      for (const inner of key.inner) visit(inner);
    };
    for (const key of configKeys()) visit(key);
    const all = configOf(uncommented(text));
    assert.equal(all.thresholds['syn-flood']?.ppsMax, 50_000);
    assert.equal(all.exporters.at(-1)?.samplingRate, 1000);
    assert.equal(all.inputs.pcap, '/run/bonghwa/packets');
  }
});

test('no line is longer than a wide terminal', () => {
  for (const line of commentedConfig(CHOSEN).split('\n')) assert.ok(line.length <= 120, line);
});
