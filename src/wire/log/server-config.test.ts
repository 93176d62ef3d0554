import assert from 'node:assert/strict';
import { it } from 'node:test';
import { readServerConfig } from './server-config.ts';

it('nginx: formats of several parts and lines, and the logs that have them', () => {
  const { formats, logs, includes } = readServerConfig(`
http {
  # log_format commented '$x';
  log_format main '$remote_addr - $remote_user [$time_local] "$request" '
                  '$status $body_bytes_sent "$http_referer"';
  log_format json escape=json '{"time":"$time_iso8601","status":$status}';
  access_log /var/log/nginx/access.log main buffer=32k;
  server { access_log off; access_log "/var/log/nginx/a b.log"; }
  include conf.d/*.conf;
}`);
  assert.deepEqual(
    [...formats],
    [
      ['main', '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer"'],
      ['json', '{"time":"$time_iso8601","status":$status}'],
    ],
  );
  assert.deepEqual(logs, [
    { path: '/var/log/nginx/access.log', format: 'main' },
    { path: '/var/log/nginx/a b.log', format: 'combined' },
  ]);
  assert.deepEqual(includes, ['conf.d/*.conf']);
});

it('Apache: nicknames, escaped quotes, joined lines', () => {
  const { formats, logs, includes } = readServerConfig(
    [
      'LogFormat "%h %l %u %t \\"%r\\" %>s %b" common',
      'LogFormat "%v %h %t \\"%r\\" %>s \\',
      '%D" timed',
      'CustomLog "logs/access_log" timed env=!dontlog',
      'CustomLog "|/usr/bin/rotatelogs x" common',
      'IncludeOptional sites-enabled/*.conf',
    ].join('\n'),
  );
  assert.deepEqual(
    [...formats],
    [
      ['common', '%h %l %u %t "%r" %>s %b'],
      ['timed', '%v %h %t "%r" %>s %D'],
    ],
  );
  assert.deepEqual(logs, [{ path: 'logs/access_log', format: 'timed' }]);
  assert.deepEqual(includes, ['sites-enabled/*.conf']);
});

it('HAProxy: the format with blanks escaped or in quotes', () => {
  const want = '%ci:%cp [%tr] %ft %ST %B %{+Q}r';
  for (const text of [`log-format ${want.replaceAll(' ', '\\ ')}`, `  log-format "${want}"`]) {
    assert.equal(
      readServerConfig(`defaults\n  mode http\n${text}\n  timeout client 5s\n`).formats.get('default'),
      want,
    );
  }
});
