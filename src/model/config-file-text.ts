import { stringify } from 'yaml';
import { type ConfigKey, configKeys } from './config-keys.ts';

/** What somebody chose, as plain data of the same shape as the file. */
export type ChosenValues = Readonly<Record<string, unknown>>;

/** What is shown for keys that have no default, and for lists of groups. */
const EXAMPLES: Readonly<Record<string, unknown>> = {
  'organisation.name': 'Ministry of Examples',
  networks: ['192.0.2.0/24', { prefix: '2001:db8::/32', name: 'campus' }],
  'sites[].name': 'portal',
  'sites[].urls': ['https://portal.example/'],
  'sites[].addresses': ['192.0.2.10', '2001:db8::10'],
  'sites[].prefixes': ['198.51.100.64/28'],
  'sites[].organisation': 'Ministry of Examples',
  'sites[].sector': 'government',
  'sites[].contacts': ['duty@portal.example'],
  'sites[].country': 'KR',
  'sites[].maintenance': [{ kind: 'weekly', weekday: 7, from: '22:00', minutes: 120, zone: 'Asia/Seoul' }],
  'sites[].knownGood': ['203.0.113.64/28'],
  'sites[].expect.statuses': [200, 401],
  'sites[].expect.contains': 'Ministry of Examples',
  'sites[].expect.lacks': 'Database error',
  'sites[].usersDaily': 40_000,
  'sites[].logs': ['/var/log/nginx/access.log'],
  'sites[].logZone': '+09:00',
  'sites[].serverStatus': ['http://127.0.0.1/stub_status'],
  trustedProxies: ['203.0.113.0/28'],
  'inputs.logs[].path': '/var/log/nginx/*access.log',
  'inputs.logs[].site': 'portal',
  'inputs.logs[].zone': '+09:00',
  'inputs.syslog[].listen': '127.0.0.1:5514',
  'inputs.syslog[].site': 'portal',
  'inputs.syslog[].zone': '+09:00',
  'inputs.syslog[].certificate': '/etc/bonghwa/syslog.pem',
  'inputs.syslog[].key': '/etc/bonghwa/syslog.key',
  'inputs.syslog[].clientAuthority': '/etc/bonghwa/senders.pem',
  'probe.country': 'KR',
  'probe.network': 'AS64496',
  'probe.authorities': '/etc/bonghwa/authorities.pem',
  'vantages[].name': 'abroad-1',
  'vantages[].program': 'blackbox',
  'vantages[].url': 'http://192.0.2.53:9115/probe?module=http_2xx',
  'vantages[].country': 'DE',
  'vantages[].network': 'AS64511',
  'vantages[].partner': 'CERT of Examples',
  'vantages[].token': { env: 'BONGHWA_VANTAGE_TOKEN' },
  'inputs.vantages': ':8481',
  'thresholds.<vector>.ppsMax': 50_000,
  'exporters[].name': 'border-1',
  'exporters[].address': '203.0.113.1',
  'exporters[].samplingRate': 1000,
  'exporters[].outsideInterfaces': [1, 2],
  'exporters[].vendor': 'juniper',
  'inputs.pcap': '/run/bonghwa/packets',
  'inputs.workers': 2,
  'storage.state': { env: 'BONGHWA_STATE_URL' },
  'storage.telemetry': { file: '/etc/bonghwa/telemetry-url' },
  'http.url': 'https://bonghwa.example',
  'http.tls.listen': ':8443',
  'http.tls.certificate': '/etc/bonghwa/chain.pem',
  'http.tls.key': '/etc/bonghwa/key.pem',
  'http.providers[].id': 'ministry',
  'http.providers[].name': 'Ministry sign-on',
  'http.providers[].issuer': 'https://login.ministry.example',
  'http.providers[].clientId': 'bonghwa',
  'http.providers[].clientSecret': { env: 'BONGHWA_OIDC_SECRET' },
  'notify.receivers[].name': 'duty',
  'notify.receivers[].kind': 'email',
  'notify.receivers[].url': 'smtp://bonghwa@mail.example:587',
  'notify.receivers[].to': ['duty@cert.example'],
  'notify.receivers[].from': 'bonghwa@cert.example',
  'notify.receivers[].secret': { file: '/etc/bonghwa/mail-password' },
  'notify.receivers[].quiet.from': '22:00',
  'notify.receivers[].quiet.to': '07:00',
  'reports.eventsFile': './attacks.jsonl',
};

const HEAD = [
  'Configuration of Bonghwa. `bonghwa check FILE` tells what is in force and what is wrong. A running station takes changes over on SIGHUP, and says which of them wait for a restart.',
  '',
  'A line that begins with # and one blank explains. A line that begins with # and no blank, or more than one, is a key that is not set: it shows the default or an example. Remove its # to set it.',
];

/** Columns of the written file. */
const WIDTH = 110;

/** The text of a configuration file that explains every key. Those of `chosen` are set, all others are there as comments. */
export function commentedConfig(chosen: ChosenValues): string {
  const lines = HEAD.flatMap((paragraph) => comment(paragraph, ''));
  for (const key of configKeys()) lines.push('', ...entry(key, chosen[key.key], ''));
  return `${lines.join('\n')}\n`;
}

/** A key with its explanation: set where there is a value, as a comment where not. */
function entry(key: ConfigKey, value: unknown, indent: string): string[] {
  const explanation = comment(sentence(key.about), indent);
  const set = value !== undefined;
  if (key.kind === 'value') {
    const line = `${indent}${key.key}: ${inline(set ? value : (EXAMPLES[key.path] ?? key.standard))}`;
    return [...explanation, set ? line : unset(line, indent)];
  }
  if (key.kind === 'list') return [...explanation, ...listEntry(key, value, indent)];
  const values = set ? (value as ChosenValues) : {};
  const body = key.inner.flatMap((inner) => entry(inner, values[inner.key], `${indent}  `));
  const lines = [`${indent}${key.key}:`, ...body];
  return [...explanation, ...(set ? lines : commentedOut(lines, indent))];
}

/** The chosen entries of a list of groups, then one that explains its keys. */
function listEntry(key: ConfigKey, value: unknown, indent: string): string[] {
  const entries = Array.isArray(value) ? (value as readonly unknown[]) : [];
  const head = `${indent}${key.key}:`;
  const chosen = entries.map((one) => `${indent}  - ${inline(one)}`);
  const examples = EXAMPLES[key.path];
  const example = Array.isArray(examples)
    ? examples.map((one) => `${indent}  - ${inline(one)}`)
    : exampleEntry(key, `${indent}  `);
  if (entries.length === 0) return commentedOut([head, ...example], indent);
  return [head, ...chosen, ...commentedOut(example, `${indent}  `)];
}

function exampleEntry(key: ConfigKey, indent: string): string[] {
  return key.inner.flatMap((inner, at) => {
    if (inner.kind === 'group')
      return [...comment(sentence(inner.about), `${indent}  `), ...exampleGroup(inner, indent)];
    const value = inline(EXAMPLES[inner.path] ?? inner.standard);
    // The dash of the entry stands before its first key, and what explains that key above the dash.
    if (at === 0) return [...comment(sentence(inner.about), indent), `${indent}- ${inner.key}: ${value}`];
    return [...comment(sentence(inner.about), `${indent}  `), `${indent}  ${inner.key}: ${value}`];
  });
}

function exampleGroup(group: ConfigKey, indent: string): string[] {
  const keys = group.inner.flatMap((key) => [
    ...comment(sentence(key.about), `${indent}    `),
    `${indent}    ${key.key}: ${inline(EXAMPLES[key.path] ?? key.standard)}`,
  ]);
  return [`${indent}  ${group.key}:`, ...keys];
}

/** Lines as comments that come back by taking one # from each. Keys inside that were comments already stay so. */
function commentedOut(lines: readonly string[], indent: string): string[] {
  return lines.map((line) => {
    const inner = line.slice(indent.length);
    return unset(/^\s+#(?! \S)/.test(inner) ? `${indent}${inner.replace('#', '')}` : line, indent);
  });
}

function unset(line: string, indent: string): string {
  return `${indent}#${line.slice(indent.length)}`;
}

/** YAML of a value on one line. */
function inline(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0, singleQuote: true, flowCollectionPadding: true })
    .trimEnd()
    .replace(/^\[ (.*) \]$/, '[$1]');
}

function comment(text: string, indent: string): string[] {
  return wrap(text, WIDTH - indent.length - 2).map((line) => `${indent}# ${line}`.trimEnd());
}

function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines[lines.length - 1];
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}

function sentence(text: string): string {
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}
