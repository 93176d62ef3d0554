import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatPrefix } from '../base/prefix.ts';
import { nearest, parseConfig } from './config.ts';
import { TELEMETRY_PORTS } from './telemetry-ports.ts';

/** The problems as `line path: message`. */
function problemsOf(text: string): string[] {
  const result = parseConfig(text);
  assert.equal(result.kind, 'invalid');
  return result.kind === 'invalid'
    ? result.problems.map(({ line, path, message }) => `${line} ${path}: ${message}`)
    : [];
}

test('an empty file is right, and has every default', () => {
  const result = parseConfig('# nothing yet\n');
  assert.deepEqual(result, {
    kind: 'ok',
    config: { networks: [], sites: [], telemetryPorts: [...TELEMETRY_PORTS], thresholds: {} },
  });
});

test('networks are prefixes or groups, sites have addresses', () => {
  const result = parseConfig(`
organisation: { name: Ministry of Examples }
networks:
  - 192.0.2.7/24
  - { prefix: 2001:db8::/32, name: campus }
sites:
  - name: portal
    urls: [https://portal.example/]
    addresses: [192.0.2.10, 2001:db8::10]
telemetryPorts: [2055]
thresholds: { syn-flood: { ppsMax: 5000 } }
`);
  assert.equal(result.kind, 'ok');
  if (result.kind !== 'ok') return;
  const { config } = result;
  assert.deepEqual(
    config.networks.map(({ prefix, name }) => [formatPrefix(prefix.words, prefix.length), name]),
    [
      ['192.0.2.0/24', undefined],
      ['2001:db8::/32', 'campus'],
    ],
  );
  assert.deepEqual(config.sites[0].addresses, ['192.0.2.10', '2001:db8::10']);
  assert.deepEqual(config.telemetryPorts, [2055]);
  assert.deepEqual(config.thresholds, { 'syn-flood': { ppsMax: 5000 } });
});

test('all faults are told at once, each with its line, path and what would be right', () => {
  assert.deepEqual(
    problemsOf(`organization: { name: X }
networks:
  - 192.0.2.0/33
  - { prefix: 2001:db8::/32, nam: campus }
  - 17
sites:
  - name: portal
    addresses: [192.0.2.10, nope]
    color: red
  - urls: [ftp://portal.example/]
telemetryPorts: [0, x]
thresholds:
  sin-flood: { ppsMax: 5 }
  syn-flood: { pps: 5 }
  udp-flood: { ppsMax: 0 }
`),
    [
      "1 organization: unknown key; did you mean 'organisation'?",
      "3 networks[0]: '192.0.2.0/33' is no prefix such as 192.0.2.0/24 or 2001:db8::/32",
      "4 networks[1].nam: unknown key; did you mean 'name'?",
      '5 networks[2]: a prefix is needed here, or a group of prefix and name',
      "8 sites[0].addresses[1]: 'nope' is no IPv4 or IPv6 address",
      '9 sites[0].color: unknown key; known here: name, urls, addresses',
      '10 sites[1].name: missing; a text is needed',
      "10 sites[1].urls[0]: 'ftp://portal.example/' is no http or https URL",
      '11 telemetryPorts[0]: a port is 1 to 65535',
      '11 telemetryPorts[1]: a number is needed here',
      "13 thresholds.sin-flood: unknown key; did you mean 'syn-flood'?",
      '14 thresholds.syn-flood.ppsMax: missing; a number is needed',
      '14 thresholds.syn-flood.pps: unknown key; known here: ppsMax',
      '15 thresholds.udp-flood.ppsMax: a rate is above 0',
    ],
  );
});

test('two sites of one name are refused', () => {
  assert.deepEqual(problemsOf('sites:\n  - name: portal\n  - name: portal\n'), [
    "3 sites[1].name: there is another site named 'portal'",
  ]);
});

test('text that is no YAML, or no group of keys, is a fault and not an exception', () => {
  assert.match(problemsOf('networks: [192.0.2.0/24\n').join(), /^\d+ : no valid YAML: /);
  assert.deepEqual(problemsOf('- 192.0.2.0/24\n'), ['1 : a group of keys is needed here']);
});

test('aliases that grow without bound are refused', () => {
  let text = 'a: &a [x, x, x, x, x, x, x, x, x, x]\n';
  for (let at = 1; at < 12; at++) {
    const name = String.fromCharCode(97 + at);
    const before = String.fromCharCode(96 + at);
    text += `${name}: &${name} [${new Array(10).fill(`*${before}`).join(', ')}]\n`;
  }
  assert.match(problemsOf(text).join(), /alias/i);
});

test('no text makes the parser throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'networks:[]{}&*-!? \n\t"\'#|>%@0a') }), (text) => {
      parseConfig(text);
    }),
    { numRuns: 500 },
  );
});

test('a suggestion is made for a slip, not for another word', () => {
  assert.equal(nearest('adresses', ['name', 'urls', 'addresses']), 'addresses');
  assert.equal(nearest('NETWORK', ['networks', 'sites']), 'networks');
  assert.equal(nearest('colour', ['name', 'urls', 'addresses']), undefined);
});
