import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Config, defaultConfig, parseConfig } from '../model/config.ts';
import { effectiveTree } from '../model/config-tree.ts';
import {
  addListen,
  configFromOptions,
  parseListenOption,
  parseStateOption,
  parseTelemetryOption,
  parseWorkers,
} from './config-options.ts';
import { addNetwork } from './options.ts';

function configOf(text: string): Config {
  const result = parseConfig(text);
  assert.ok(result.kind === 'ok', JSON.stringify(result));
  return result.config;
}

test('no options leave the file, and no file leaves the defaults', () => {
  assert.deepEqual(configFromOptions({}), defaultConfig());
  const file = configOf('networks: [192.0.2.0/24]\nreports: { eventsFile: events }\n');
  assert.deepEqual(configFromOptions({}, file), file);
});

test('the command line stands over the file; networks of both are protected', () => {
  const file = configOf(`organisation: { name: A }
networks: [{ prefix: 192.0.2.0/24, name: web }]
inputs: { netflow: ['127.0.0.1:9995'], workers: 4 }
storage: { directory: kept, telemetry: off }
retention: { flowsDays: 3 }
`);
  const config = configFromOptions(
    {
      organisation: 'B',
      network: addNetwork('2001:db8::/32', addNetwork('192.0.2.9/24', [])),
      data: 'other',
      sflow: addListen('off', undefined),
      netflow: addListen('[::1]:2056', addListen(':2055', undefined)),
      http: parseListenOption('127.0.0.1:0'),
      pcap: '-',
      workers: parseWorkers('2'),
      state: parseStateOption('env:STATE'),
      events: 'events',
    },
    file,
  );
  assert.deepEqual(effectiveTree(config), {
    ...effectiveTree(file),
    organisation: { name: 'B' },
    networks: [{ prefix: '192.0.2.0/24', name: 'web' }, { prefix: '2001:db8::/32' }],
    inputs: { netflow: ['[::]:2055', '[::1]:2056'], sflow: [], pcap: '-', workers: 2, logs: [], syslog: [] },
    http: { listen: '127.0.0.1:0', signIn: 'on', providers: [] },
    storage: { directory: 'other', state: { env: 'STATE' }, telemetry: 'off' },
    reports: { eventsFile: 'events' },
  });
});

test('options that cannot be are refused with what would be right', () => {
  assert.throws(() => addListen('2055', undefined), /such as 127\.0\.0\.1:2055/);
  assert.throws(() => addListen('127.0.0.1:1', addListen('localhost:1', undefined)), /given twice/);
  assert.throws(() => parseWorkers('33'), /from 1 to 32/);
  assert.throws(() => parseStateOption('postgresql://a:b@c/d'), /password does not belong on the command line/);
  assert.throws(() => parseStateOption('db.example'), /A URL such as postgresql:.*env:NAME/);
  assert.throws(() => parseTelemetryOption('env:'), /A URL such as http/);
  assert.deepEqual(parseTelemetryOption('file:/etc/telemetry'), { file: '/etc/telemetry' });
  assert.equal(parseTelemetryOption('off'), 'off');
});
