import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { type Config, defaultConfig, parseConfig } from './config.ts';
import { configNotes, effectiveTree } from './config-tree.ts';

function configOf(text: string): Config {
  const result = parseConfig(text);
  assert.ok(result.kind === 'ok', JSON.stringify(result));
  return result.config;
}

const FULL = `
organisation: { name: Ministry of Examples }
networks: [192.0.2.0/24, { prefix: 2001:db8::/32, name: campus }]
sites: [{ name: portal, urls: [https://portal.example/], addresses: [192.0.2.10] }]
thresholds: { syn-flood: { ppsMax: 5000 } }
exporters: [{ name: border, address: 203.0.113.1, samplingRate: 1000, outsideInterfaces: [3], vendor: juniper }]
inputs: { netflow: [':2055', '[::1]:4739'], sflow: [], pcap: /run/packets, workers: 2 }
http:
  listen: '[::1]:8480'
  url: https://bonghwa.example
  tls: { listen: ':8443', certificate: /etc/bonghwa/chain.pem, key: /etc/bonghwa/key.pem }
  providers: [{ id: ministry, name: Ministry, issuer: 'https://login.example', clientId: b, clientSecret: { env: S } }]
notify:
  receivers:
    - { name: duty, kind: slack, secret: { file: /etc/hook }, quiet: { from: '22:00', to: '07:00', zone: Asia/Seoul } }
storage: { directory: /var/lib/bonghwa, state: { file: /etc/bonghwa/state }, telemetry: off }
retention: { flowsDays: 1, requestsDays: 5, secondsDays: 2, minutesDays: 3, attacksDays: 4, auditDays: 5 }
reports: { eventsFile: /run/bonghwa/events }
`;

test('what is printed as in force is a configuration that means the same', () => {
  for (const config of [defaultConfig(), configOf(FULL)])
    assert.deepEqual(configOf(stringify(effectiveTree(config))), config);
});

test('notes are made where something may not be meant', () => {
  const wanted: readonly [text: string, notes: readonly RegExp[]][] = [
    ['networks: [192.0.2.0/24]', []],
    ['sites: [{ name: portal, addresses: [192.0.2.1] }]', []],
    ['', [/^networks: none is named/]],
    ["networks: [192.0.2.0/24]\ninputs: { netflow: [':2055'] }", [/^inputs: \[::\]:2055 takes telemetry from whoever/]],
    ['networks: [192.0.2.0/24]\nhttp: { listen: 0.0.0.0:8480 }', [/^http.listen: 0.0.0.0:8480 speaks no TLS/]],
    [
      'networks: [192.0.2.0/24]\nhttp: { listen: 0.0.0.0:8480, signIn: off }',
      [/^http.listen: 0.0.0.0:8480 is refused/],
    ],
    [
      'networks: [192.0.2.0/24]\nexporters: [{ name: border, address: 203.0.113.1 }, { name: here, address: 127.0.0.1 }]',
      [/border \(203\.0\.113\.1\) cannot be heard/],
    ],
    ['networks: [192.0.2.0/24]\ninputs: { netflow: [], sflow: [] }', [/^inputs: nothing comes in/]],
    ['networks: [192.0.2.0/24]\ninputs: { netflow: [], sflow: [] }\nsites: [{ name: a, urls: [http://a.kr/] }]', []],
    ['networks: [192.0.2.0/24]\nretention: { minutesDays: 2 }', [/^retention: minutes go after 2 days/]],
  ];
  for (const [text, patterns] of wanted) {
    const notes = configNotes(configOf(text));
    assert.equal(notes.length, patterns.length, `${text}: ${notes.join('\n')}`);
    for (const [at, pattern] of patterns.entries()) assert.match(notes[at], pattern);
  }
});
