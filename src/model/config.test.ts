import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatPrefix } from '../base/prefix.ts';
import { CONFIG_BYTES_MAX, defaultConfig, parseConfig } from './config.ts';
import { commentedConfig } from './config-file-text.ts';
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
    config: {
      networks: [],
      sites: [],
      probe: { own: true, name: 'station', everySeconds: 30, allow: [], nameServers: [], wayOut: [] },
      vantages: [],
      telemetryPorts: [...TELEMETRY_PORTS],
      thresholds: {},
      exporters: [],
      inputs: {
        netflow: [
          { address: '127.0.0.1', port: 2055, family: 4 },
          { address: '127.0.0.1', port: 4739, family: 4 },
        ],
        sflow: [{ address: '127.0.0.1', port: 6343, family: 4 }],
        logs: [],
        syslog: [],
      },
      http: { listen: { address: '127.0.0.1', port: 8480, family: 4 }, signIn: 'on', providers: [] },
      notify: { receivers: [], groupSeconds: 20 },
      storage: { directory: './bonghwa-data' },
      retention: {
        flowsDays: 7,
        requestsDays: 7,
        secondsDays: 7,
        minutesDays: 400,
        attacksDays: 1825,
        auditDays: 1825,
      },
      reports: {},
    },
  });
  assert.deepEqual(result.kind === 'ok' && result.config, defaultConfig());
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
      '9 sites[0].color: unknown key; known here: name, urls, addresses, prefixes, organisation, sector, criticality, contacts, tlp, country, maintenance, knownGood, expect, usersDaily, logs, logFormat, logZone, serverStatus',
      '10 sites[1].name: missing; a text is needed',
      "10 sites[1].urls[0]: 'ftp://portal.example/' cannot be checked: a URL begins with http://, https://, tcp://, dns:// or icmp://, and names a host",
      '11 telemetryPorts[0]: a port is 1 to 65535',
      '11 telemetryPorts[1]: a number is needed here',
      "13 thresholds.sin-flood: unknown key; did you mean 'syn-flood'?",
      '14 thresholds.syn-flood.ppsMax: missing; a number is needed',
      '14 thresholds.syn-flood.pps: unknown key; known here: ppsMax',
      '15 thresholds.udp-flood.ppsMax: a rate is above 0',
    ],
  );
});

test('everything a station can be told', () => {
  const result = parseConfig(`
exporters:
  - name: border
    address: 203.0.113.1
    samplingRate: 1000
    outsideInterfaces: [3, 4]
    vendor: juniper
inputs: { netflow: [':2055', '[2001:db8::1]:4739'], sflow: [], pcap: '-', workers: 2 }
http: { listen: 192.0.2.5:8480 }
storage:
  directory: /var/lib/bonghwa
  state: { env: BONGHWA_STATE }
  telemetry: off
retention: { flowsDays: 1 }
reports: { eventsFile: /run/bonghwa/events }
`);
  assert.equal(result.kind, 'ok');
  if (result.kind !== 'ok') return;
  const { exporters, inputs, http, storage, retention, reports } = result.config;
  assert.deepEqual(exporters, [
    { name: 'border', address: '203.0.113.1', samplingRate: 1000, outsideInterfaces: [3, 4], vendor: 'juniper' },
  ]);
  assert.deepEqual(inputs, {
    netflow: [
      { address: '::', port: 2055, family: 6 },
      { address: '2001:db8::1', port: 4739, family: 6 },
    ],
    sflow: [],
    logs: [],
    syslog: [],
    pcap: '-',
    workers: 2,
  });
  assert.deepEqual(http.listen, { address: '192.0.2.5', port: 8480, family: 4 });
  assert.deepEqual(storage, { directory: '/var/lib/bonghwa', state: { env: 'BONGHWA_STATE' }, telemetry: 'off' });
  assert.deepEqual(retention, {
    flowsDays: 1,
    requestsDays: 7,
    secondsDays: 7,
    minutesDays: 400,
    attacksDays: 1825,
    auditDays: 1825,
  });
  assert.deepEqual(reports, { eventsFile: '/run/bonghwa/events' });
});

test('faults of a station are told at once, with those between its parts', () => {
  assert.deepEqual(
    problemsOf(`inputs:
  netflow: ['127.0.0.1:2055', '0.0.0.0:9995', 2055, 'router:2055']
  sflow: ['localhost:2055', ':9995', [::1]]
  worker: 3
  workers: 33
exporters:
  - { name: a, address: 2001:db8::1, vendor: cisco }
  - { name: a, address: 2001:DB8:0::1, vendor: acme, outsideInterfaces: [3, 3], samplingRate: 0 }
storage:
  state: { enw: X, env: BONGHWA_STATE }
  telemetry: 7
  directory: a
  directory: b
retention: { flowsDays: 0.5, minuteDays: 3 }
`),
    [
      "2 inputs.netflow[2]: an address and a port are needed, such as 127.0.0.1:2055, '[::1]:2055', or :2055 for every address of this machine",
      "2 inputs.netflow[3]: 'router:2055' is no address with a port, such as 127.0.0.1:2055, '[::1]:2055', or :2055 for every address of this machine",
      "3 inputs.sflow[2]: an address and a port are needed, such as 127.0.0.1:2055, '[::1]:2055', or :2055 for every address of this machine",
      '3 inputs.sflow[0]: 127.0.0.1 port 2055 is listened on already',
      '3 inputs.sflow[1]: port 9995 of every address is listened on already',
      "4 inputs.worker: unknown key; did you mean 'workers'?",
      '5 inputs.workers: at most 32 workers are started',
      "7 exporters[0].vendor: 'cisco' is not known here; did you mean 'cisco-ios-xe'?",
      '8 exporters[1].samplingRate: a sampling rate is 1 (every packet) or more',
      "8 exporters[1].vendor: 'acme' is not known here; known: cisco-ios-xe, cisco-ios-xr, juniper, arista, mikrotik, huawei, softflowd, pmacct, open-vswitch",
      "8 exporters[1].name: there is another exporter named 'a'",
      '8 exporters[1].address: there is another exporter at 2001:db8::1',
      '8 exporters[1].outsideInterfaces[1]: the interface 3 is named twice',
      "10 storage.state.enw: unknown key; did you mean 'env'?",
      '11 storage.telemetry: a text is needed here, or { env: NAME }, or { file: PATH }',
      '13 storage.directory: this key is given twice',
      '14 retention.flowsDays: a whole number is needed here',
      "14 retention.minuteDays: unknown key; did you mean 'minutesDays'?",
    ],
  );
});

test('URLs of stores: the right kind, and no password in the file', () => {
  assert.deepEqual(problemsOf('sites: [{ name: a, urls: [https://a:b@c.example/] }]'), [
    '1 sites[0].urls[0]: leave the password out: nothing here signs in to a site',
  ]);
  const password =
    'a password does not belong into the configuration; write { env: NAME } or { file: PATH }, and the whole URL there';
  assert.deepEqual(
    problemsOf(`storage:
  state: postgresql://bonghwa:secret@db.example/bonghwa
  telemetry: http://ch.example:8123/?password=secret
`),
    [`2 storage.state: ${password}`, `3 storage.telemetry: ${password}`],
  );
  assert.deepEqual(problemsOf('storage: { state: http://db.example, telemetry: postgresql://x }'), [
    '1 storage.state: a URL such as postgresql://user@host/database is needed here',
    '1 storage.telemetry: a URL such as http://host:8123/database is needed here, or off',
  ]);
  assert.deepEqual(problemsOf('storage: { state: { env: A, file: b }, telemetry: { } }'), [
    '1 storage.state: either env or file is needed, and not both',
    '1 storage.telemetry: either env or file is needed, and not both',
  ]);
  const text =
    'storage: { state: postgresql://bonghwa@db.example/bonghwa, telemetry: https://ch.example:8443/bonghwa }';
  assert.equal(parseConfig(text).kind, 'ok');
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

test('no broken copy of a good file makes the parser throw', () => {
  const good = commentedConfig({
    sites: [{ name: 'a', urls: ['https://a.example/'] }],
    inputs: { netflow: [':2055'] },
  });
  const pieces = fc.constantFrom(
    '',
    ':',
    '- ',
    '#',
    '\n',
    '  ',
    "'",
    '[',
    '}',
    '&a ',
    '*a',
    '!!int ',
    '\u0000',
    '\t',
    '|',
    '---\n',
  );
  const cut = fc.record({ at: fc.nat(good.length), length: fc.nat(40), piece: pieces });
  fc.assert(
    fc.property(fc.array(cut, { minLength: 1, maxLength: 8 }), (cuts) => {
      let text = good.replaceAll(/^( *)#(?! \S|$)/gm, '$1');
      for (const { at, length, piece } of cuts) text = text.slice(0, at) + piece + text.slice(at + length);
      const result = parseConfig(text);
      if (result.kind === 'invalid') assert.ok(result.problems.every(({ line }) => line >= 1));
    }),
    { numRuns: 300 },
  );
});

/** Any value under the keys of the schema and others, as YAML takes JSON. */
const KEYS =
  'networks prefix sites name urls exporters address inputs netflow sflow http listen storage state env __proto__';
const tree = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<unknown>(null, 0, -1, 1.5, true, '', 'x', '127.0.0.1:1', '192.0.2.0/24', '[::1]:1', 'cisco'),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...KEYS.split(' '), 'other', '0'), tie('value'), { maxKeys: 5 }),
  ),
})).value;

test('no tree of values makes the parser throw, and every fault has a place and words', () => {
  fc.assert(
    fc.property(tree, (value) => {
      const result = parseConfig(JSON.stringify(value));
      if (result.kind === 'ok') return;
      assert.ok(result.problems.length > 0);
      for (const { line, message } of result.problems) {
        assert.equal(line, 1);
        assert.ok(
          message.length > 0 && !message.includes('undefined') && !/Invalid input|Too big|expected/.test(message),
          message,
        );
      }
    }),
    { numRuns: 1000 },
  );
});

test('text made to cost the parser much is refused before it does', () => {
  const size = CONFIG_BYTES_MAX;
  for (const unit of ['[', '{a: ', '- ', '? ', '- - '])
    assert.equal(parseConfig(unit.repeat(size / unit.length)).kind, 'invalid', unit);
  assert.equal(parseConfig(`${' '.repeat(size)}x`).kind, 'invalid');
  const keys = Array.from({ length: 5000 }, (_, at) => `k${at}:`).join('\n');
  const result = parseConfig(keys);
  assert.equal(result.kind === 'invalid' && result.problems.length, 100);
});
