import type { CheckFailureCode } from '../../model/check-failure.ts';
import { type CheckPhase, type CheckResult, checkResultSchema } from '../../model/vantage.ts';
import type { Sample } from './exposition.ts';

/** What another program says of one target, in our words. */
export type ForeignCheck = Omit<CheckResult, 'site' | 'vantage'>;

const SECOND_MS = 1000;
const DAY_MS = 86_400_000;

/** Phases of blackbox_exporter's `probe_http_duration_seconds`, by name of ours. `processing` is the time until the first byte. */
const BLACKBOX_PHASES: Readonly<Record<string, keyof NonNullable<CheckResult['phasesMs']>>> = {
  resolve: 'dns',
  connect: 'connect',
  tls: 'tls',
  processing: 'firstByte',
  transfer: 'content',
};

/**
 * The check that the metrics of one probe of blackbox_exporter tell. `undefined` where `probe_success` is not among them. Its names are
 * those of prober/http.go, tcp.go, dns.go and icmp.go of that program.
 */
export function blackboxCheck(samples: readonly Sample[], subject: string, atMs: number): ForeignCheck | undefined {
  const value = (name: string): number | undefined => finite(samples.find((sample) => sample.name === name)?.value);
  const success = value('probe_success');
  if (success === undefined) return undefined;
  const totalMs = (value('probe_duration_seconds') ?? 0) * SECOND_MS;
  const status = value('probe_http_status_code');
  const told = status !== undefined && status >= 100 && status <= 599 ? status : undefined;
  const family = value('probe_ip_protocol');
  const expires = value('probe_ssl_earliest_cert_expiry');
  const phasesMs = blackboxPhases(samples);
  const kind = kindOf(samples);
  return checked({
    subject,
    kind,
    at: new Date(atMs - Math.min(totalMs, DAY_MS)).toISOString(),
    totalMs,
    attempts: 1,
    ...blackboxOutcome(success === 1, told, value('probe_failed_due_to_regex') === 1, () => failedIn(samples, kind)),
    ...(told === undefined ? {} : { status: told }),
    ...(family === 4 || family === 6 ? { family } : {}),
    ...httpVersion(value('probe_http_version')),
    ...positive('bytes', value('probe_http_uncompressed_body_length')),
    ...(Object.keys(phasesMs).length === 0 ? {} : { phasesMs }),
    ...(expires === undefined || expires <= 0 ? {} : certificate(expires * SECOND_MS, atMs)),
  });
}

function blackboxOutcome(
  success: boolean,
  status: number | undefined,
  regex: boolean,
  otherwise: () => Pick<ForeignCheck, 'outcome' | 'failure'>,
): Pick<ForeignCheck, 'outcome' | 'failure'> {
  if (success) return { outcome: 'ok' };
  if (regex) return unexpected('text-missing', 'the answer did not match what blackbox_exporter was told to look for');
  if (status !== undefined) return unexpected('status', `the status is ${status}`);
  return otherwise();
}

/** The phase in which a probe failed: the one behind the last that took time. */
function failedIn(samples: readonly Sample[], kind: CheckResult['kind']): Pick<ForeignCheck, 'outcome' | 'failure'> {
  const took = (phase: string): boolean =>
    samples.some(
      ({ name, labels, value }) =>
        /^probe_\w+_duration_seconds$/.test(name) && labels.get('phase') === phase && value > 0,
    );
  // It chose no address: the name led nowhere.
  const nowhere = samples.some(({ name, value }) => name === 'probe_ip_protocol' && value === 0);
  if (nowhere || kind === 'dns') return failed('dns');
  if (kind !== 'http' || !took('connect')) return failed('connect');
  return failed(took('processing') ? 'content' : 'first-byte');
}

function blackboxPhases(samples: readonly Sample[]): Record<string, number> {
  const phases: Record<string, number> = {};
  for (const { name, labels, value } of samples) {
    if (!/^probe_(http|icmp|dns)_duration_seconds$/.test(name) || !(value >= 0)) continue;
    const key = BLACKBOX_PHASES[labels.get('phase') ?? ''];
    if (key !== undefined) phases[key] = (phases[key] ?? 0) + value * SECOND_MS;
  }
  const lookup = samples.find(({ name }) => name === 'probe_dns_lookup_time_seconds')?.value;
  if (phases.dns === undefined && lookup !== undefined && lookup >= 0) phases.dns = lookup * SECOND_MS;
  return phases;
}

function kindOf(samples: readonly Sample[]): CheckResult['kind'] {
  const has = (prefix: string): boolean => samples.some(({ name }) => name.startsWith(prefix));
  if (has('probe_http_')) return 'http';
  if (has('probe_icmp_')) return 'icmp';
  return has('probe_dns_answer') || has('probe_dns_duration') || has('probe_dns_query') ? 'dns' : 'tcp';
}

/** States of a monitor of Uptime Kuma: `monitor_status` of its /metrics. A pending one is being tried again, and says nothing yet. */
const KUMA_DOWN = 0;
const KUMA_UP = 1;
const KUMA_MAINTENANCE = 3;

export interface KumaMonitor {
  /** What it watches: a URL, or `host:port`, or a host. */
  readonly target: string;
  readonly name: string;
  readonly check: ForeignCheck;
}

/** The checks that the metrics of Uptime Kuma tell, one a monitor. */
export function kumaMonitors(samples: readonly Sample[], atMs: number): readonly KumaMonitor[] {
  const monitors = new Map<string, Map<string, Sample>>();
  for (const sample of samples) {
    const key = ['monitor_name', 'monitor_type', 'monitor_url', 'monitor_hostname', 'monitor_port']
      .map((label) => sample.labels.get(label) ?? '')
      .join('\n');
    const known = monitors.get(key) ?? new Map<string, Sample>();
    monitors.set(key, known);
    known.set(sample.name, sample);
  }
  return [...monitors.values()].flatMap((metrics) => kumaMonitor(metrics, atMs) ?? []);
}

function kumaMonitor(metrics: ReadonlyMap<string, Sample>, atMs: number): KumaMonitor | undefined {
  const status = metrics.get('monitor_status');
  if (status === undefined || ![KUMA_DOWN, KUMA_UP, KUMA_MAINTENANCE].includes(status.value)) return undefined;
  const target = kumaTarget(status);
  if (target === undefined) return undefined;
  const value = (name: string): number | undefined => finite(metrics.get(name)?.value);
  const type = status.labels.get('monitor_type') ?? '';
  // Monitors of databases, brokers and games name a host and a port.
  const other = /^https?:/i.test(target) ? 'http' : 'tcp';
  const kind = type === 'ping' ? 'icmp' : type === 'dns' ? 'dns' : other;
  const days = value('monitor_cert_days_remaining');
  const check = checked({
    subject: target,
    kind,
    at: new Date(atMs).toISOString(),
    totalMs: Math.max(0, value('monitor_response_time') ?? 0),
    attempts: 1,
    ...kumaOutcome(status.value, kind),
    ...(days === undefined ? {} : certificate(atMs + days * DAY_MS, atMs, value('monitor_cert_is_valid') !== 0)),
  });
  return check === undefined ? undefined : { target, name: status.labels.get('monitor_name') ?? '', check };
}

function kumaOutcome(status: number, kind: CheckResult['kind']): Pick<ForeignCheck, 'outcome' | 'failure'> {
  if (status === KUMA_UP) return { outcome: 'ok' };
  if (status === KUMA_DOWN) return failed(kind === 'dns' ? 'dns' : 'connect');
  const message = 'Uptime Kuma has it under maintenance';
  return { outcome: 'maintenance', failure: { phase: 'content', code: 'maintenance-page', message } };
}

function kumaTarget({ labels }: Sample): string | undefined {
  const said = (label: string): string | undefined => {
    const text = labels.get(label);
    return text === undefined || text === '' || text === 'null' ? undefined : text;
  };
  // A monitor that is no page has the URL that its form began with.
  const url = said('monitor_url');
  if (url !== undefined && !/^https?:\/\/$/.test(url)) return url;
  const host = said('monitor_hostname');
  const port = said('monitor_port');
  return host === undefined || port === undefined ? host : `${host}:${port}`;
}

const FAILED_CODES = {
  dns: 'dns-failed',
  connect: 'connect-failed',
  'first-byte': 'timeout',
  content: 'closed',
} as const satisfies Partial<Record<CheckPhase, CheckFailureCode>>;

function failed(phase: keyof typeof FAILED_CODES): Pick<ForeignCheck, 'outcome' | 'failure'> {
  const message = 'the program that checked says that it failed, and not why';
  return { outcome: 'failed', failure: { phase, code: FAILED_CODES[phase], message } };
}

function unexpected(code: CheckFailureCode, message: string): Pick<ForeignCheck, 'outcome' | 'failure'> {
  return { outcome: 'unexpected', failure: { phase: 'content', code, message } };
}

function certificate(notAfterMs: number, atMs: number, valid = true): Partial<ForeignCheck> {
  if (!Number.isFinite(notAfterMs) || Math.abs(notAfterMs) > 8.64e15) return {};
  const holds = valid && notAfterMs > atMs;
  return {
    certificate: {
      notAfter: new Date(notAfterMs).toISOString(),
      valid: holds,
      ...(holds ? {} : { reason: notAfterMs <= atMs ? 'it has expired' : 'it does not hold' }),
    },
  };
}

function httpVersion(version: number | undefined): Partial<ForeignCheck> {
  if (version === 2) return { httpVersion: '2' };
  return version === 1.1 ? { httpVersion: '1.1' } : version === 1 ? { httpVersion: '1.0' } : {};
}

function positive(key: 'bytes', value: number | undefined): Partial<ForeignCheck> {
  return value === undefined || value < 0 ? {} : { [key]: value };
}

function finite(value: number | undefined): number | undefined {
  return value === undefined || !Number.isFinite(value) ? undefined : value;
}

const foreignSchema = checkResultSchema.omit({ site: true, vantage: true });

/** What does not fit the model, such as a time beyond all calendars, is none. */
function checked(check: unknown): ForeignCheck | undefined {
  const parsed = foreignSchema.safeParse(check);
  return parsed.success ? parsed.data : undefined;
}
