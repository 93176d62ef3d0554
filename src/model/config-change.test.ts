import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Config, parseConfig } from './config.ts';
import { changeOf } from './config-change.ts';

function configOf(text: string): Config {
  const result = parseConfig(text);
  assert.ok(result.kind === 'ok', JSON.stringify(result));
  return result.config;
}

const changed = (before: string, after: string) => changeOf(configOf(before), configOf(after));

test('the same configuration, written otherwise, changes nothing', () => {
  assert.deepEqual(changed('', 'networks: []\nhttp: { listen: localhost:8480 }'), {
    kind: 'none',
    live: [],
    restart: [],
  });
});

test('what is protected, expected, limited and kept is taken over at once, entry by entry', () => {
  const { kind, live, restart } = changed(
    `networks: [192.0.2.0/24, 198.51.100.0/24]
sites: [{ name: portal, addresses: [192.0.2.1] }]
exporters: [{ name: border, address: 203.0.113.1 }]
`,
    `organisation: { name: Ministry of Examples }
networks: [192.0.2.0/24, { prefix: 2001:db8::/32, name: campus }]
sites: [{ name: portal, addresses: [192.0.2.2] }, { name: court }]
exporters: [{ name: border, address: 203.0.113.1, samplingRate: 1000 }]
thresholds: { syn-flood: { ppsMax: 5000 } }
retention: { flowsDays: 3 }
reports: { eventsFile: /run/events }
`,
  );
  assert.equal(kind, 'live');
  assert.deepEqual(restart, []);
  assert.deepEqual(live, [
    'networks: 2001:db8::/32 added, 198.51.100.0/24 removed',
    'sites: court added, portal changed',
    'thresholds.syn-flood: nothing becomes {"ppsMax":5000}',
    'exporters: border changed',
    'retention.flowsDays: 7 becomes 3',
    'reports.eventsFile: nothing becomes /run/events',
    'organisation: nothing becomes {"name":"Ministry of Examples"}',
  ]);
});

test('sockets, threads and stores wait for a restart, and what else changed is taken over', () => {
  const { kind, live, restart } = changed(
    'storage: { state: { env: OLD } }\ninputs: { workers: 2 }',
    "storage: { state: { file: /etc/state } }\ninputs: { workers: 3, netflow: [':2055'] }\nhttp: { listen: ':8480' }\nretention: { flowsDays: 3 }",
  );
  assert.equal(kind, 'restart');
  assert.deepEqual(live, ['retention.flowsDays: 7 becomes 3']);
  assert.deepEqual(
    restart.map((text) => text.split(';')[0]),
    [
      'inputs.netflow: [::]:2055 added, 127.0.0.1:2055, 127.0.0.1:4739 removed',
      'inputs.workers: 2 becomes 3',
      'http.listen: 127.0.0.1:8480 becomes [::]:8480',
      'storage.state.env: OLD becomes nothing',
      'storage.state.file: nothing becomes /etc/state',
    ],
  );
});

test('long lists are told shortly', () => {
  const prefixes = Array.from({ length: 9 }, (_, at) => `10.${at}.0.0/16`);
  const { live } = changed('', `networks: [${prefixes.join(', ')}]`);
  assert.deepEqual(live, [
    'networks: 10.0.0.0/16, 10.1.0.0/16, 10.2.0.0/16, 10.3.0.0/16, 10.4.0.0/16 and 4 more added',
  ]);
});
