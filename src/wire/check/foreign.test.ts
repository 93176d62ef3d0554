import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readExposition } from './exposition.ts';
import { blackboxCheck, kumaMonitors } from './foreign.ts';

const AT = Date.parse('2026-11-26T23:00:00Z');

/** As blackbox_exporter 0.25 answers /probe?target=https://portal.example/&module=http_2xx. */
const BLACKBOX = `# HELP probe_dns_lookup_time_seconds Returns the time taken for probe dns lookup in seconds
# TYPE probe_dns_lookup_time_seconds gauge
probe_dns_lookup_time_seconds 0.003
# TYPE probe_duration_seconds gauge
probe_duration_seconds 0.250
probe_failed_due_to_regex 0
probe_http_content_length -1
probe_http_duration_seconds{phase="connect"} 0.02
probe_http_duration_seconds{phase="processing"} 0.11
probe_http_duration_seconds{phase="resolve"} 0.003
probe_http_duration_seconds{phase="tls"} 0.04
probe_http_duration_seconds{phase="transfer"} 0.007
probe_http_redirects 0
probe_http_ssl 1
probe_http_status_code 200
probe_http_uncompressed_body_length 1256
probe_http_version 2
probe_ip_addr_hash 3.3e+09
probe_ip_protocol 4
probe_ssl_earliest_cert_expiry 1.8e+09
probe_success 1
`;

/** As Uptime Kuma 1.23 answers /metrics. */
const KUMA = `# HELP monitor_status Monitor Status (1 = UP, 0= DOWN, 2= PENDING, 3= MAINTENANCE)
# TYPE monitor_status gauge
monitor_status{monitor_name="Portal \\"main\\"",monitor_type="http",monitor_url="https://portal.example",monitor_hostname="null",monitor_port="null"} 1
monitor_status{monitor_name="Court",monitor_type="keyword",monitor_url="https://court.example/",monitor_hostname="null",monitor_port="null"} 0
monitor_status{monitor_name="Mail",monitor_type="port",monitor_url="https://",monitor_hostname="mail.example",monitor_port="25"} 1
monitor_status{monitor_name="Archive",monitor_type="http",monitor_url="https://archive.example/",monitor_hostname="null",monitor_port="null"} 3
monitor_status{monitor_name="Database",monitor_type="postgres",monitor_url="https://",monitor_hostname="db.example",monitor_port="5432"} 0
monitor_status{monitor_name="Group",monitor_type="group",monitor_url="https://",monitor_hostname="null",monitor_port="null"} 1
monitor_status{monitor_name="New",monitor_type="http",monitor_url="https://new.example/",monitor_hostname="null",monitor_port="null"} 2
# TYPE monitor_response_time gauge
monitor_response_time{monitor_name="Portal \\"main\\"",monitor_type="http",monitor_url="https://portal.example",monitor_hostname="null",monitor_port="null"} 87
monitor_cert_days_remaining{monitor_name="Portal \\"main\\"",monitor_type="http",monitor_url="https://portal.example",monitor_hostname="null",monitor_port="null"} 40
monitor_cert_is_valid{monitor_name="Portal \\"main\\"",monitor_type="http",monitor_url="https://portal.example",monitor_hostname="null",monitor_port="null"} 1
process_cpu_seconds_total 12
`;

describe('the text format of Prometheus', () => {
  it('is read with labels, escapes and times', () => {
    const { samples, broken } = readExposition(
      'a_x{l="1\\n\\"2\\\\",m="}"} 1.5e3 1764111600000\na_y +Inf\na_z{l="open} 1\na_w 1 2 3\nb_x 1\n#a_c 1\n',
      ['a_'],
    );
    assert.equal(broken, 2);
    assert.deepEqual(
      samples.map(({ name, labels, value, timeMs }) => [name, [...labels], value, timeMs]),
      [
        [
          'a_x',
          [
            ['l', '1\n"2\\'],
            ['m', '}'],
          ],
          1500,
          1764111600000,
        ],
        ['a_y', [], Number.POSITIVE_INFINITY, undefined],
      ],
    );
  });

  it('never throws, whatever comes', () => {
    const part = fc.constantFrom(
      'probe_success',
      '{',
      '}',
      '="',
      '"',
      ',',
      'a',
      ' ',
      '1',
      '\n',
      '\\',
      'NaN',
      'monitor_status',
    );
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const { samples } = readExposition(parts.join(''), ['probe_', 'monitor_']);
        blackboxCheck(samples, 'x', AT);
        kumaMonitors(samples, AT);
      }),
      { seed: 6, numRuns: 500 },
    );
  });
});

describe('a probe of blackbox_exporter', () => {
  const check = (text: string): ReturnType<typeof blackboxCheck> =>
    blackboxCheck(readExposition(text, ['probe_']).samples, 'https://portal.example/', AT);

  it('is a check with its phases and certificate', () => {
    assert.deepEqual(check(BLACKBOX), {
      subject: 'https://portal.example/',
      kind: 'http',
      at: '2026-11-26T22:59:59.750Z',
      totalMs: 250,
      outcome: 'ok',
      attempts: 1,
      status: 200,
      family: 4,
      httpVersion: '2',
      bytes: 1256,
      phasesMs: { dns: 3, connect: 20, tls: 40, firstByte: 110, content: 7 },
      certificate: { notAfter: '2027-01-15T08:00:00.000Z', valid: true },
    });
  });

  it('that failed tells as much as it knows', () => {
    const failed = BLACKBOX.replace('probe_success 1', 'probe_success 0');
    assert.deepEqual(check(failed.replace('_code 200', '_code 503'))?.failure?.code, 'status');
    assert.equal(check(failed.replace('regex 0', 'regex 1'))?.failure?.code, 'text-missing');
    assert.deepEqual(
      [
        check(failed.replace('_code 200', '_code 0'))?.outcome,
        check(failed.replace('_code 200', '_code 0'))?.failure?.code,
      ],
      ['failed', 'closed'],
    );
    const silent = failed
      .replace('_code 200', '_code 0')
      .replace(/phase="(processing|transfer)"} .*/g, 'phase="$1"} 0');
    assert.deepEqual(
      [
        silent,
        silent.replace('phase="connect"} 0.02', 'phase="connect"} 0'),
        silent.replace('protocol 4', 'protocol 0'),
      ].map((text) => check(text)?.failure?.code),
      ['timeout', 'connect-failed', 'dns-failed'],
    );
    assert.equal(check('probe_duration_seconds 1\n'), undefined);
    assert.equal(check('probe_success 1\nprobe_icmp_duration_seconds{phase="rtt"} 0.01\n')?.kind, 'icmp');
  });
});

describe('monitors of Uptime Kuma', () => {
  it('are checks, each with what it watches; a pending one says nothing', () => {
    const monitors = kumaMonitors(readExposition(KUMA, ['monitor_']).samples, AT);
    assert.deepEqual(
      monitors.map(({ name, target, check: { kind, outcome, totalMs } }) => [name, target, kind, outcome, totalMs]),
      [
        ['Portal "main"', 'https://portal.example', 'http', 'ok', 87],
        ['Court', 'https://court.example/', 'http', 'failed', 0],
        ['Mail', 'mail.example:25', 'tcp', 'ok', 0],
        ['Archive', 'https://archive.example/', 'http', 'maintenance', 0],
        ['Database', 'db.example:5432', 'tcp', 'failed', 0],
      ],
    );
    assert.deepEqual(monitors[0].check.certificate, { notAfter: '2027-01-05T23:00:00.000Z', valid: true });
  });
});
