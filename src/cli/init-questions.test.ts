import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../model/config.ts';
import { commentedConfig } from '../model/config-file-text.ts';
import { interview } from './init-questions.ts';

interface Talk {
  readonly chosen: Readonly<Record<string, unknown>>;
  readonly questions: readonly string[];
  readonly faults: readonly string[];
}

/** Answers by the beginning of the question, in turn; '' to all others. */
async function talk(
  answers: Readonly<Record<string, readonly string[]>>,
  lookup: (host: string) => Promise<readonly string[]> = () => assert.fail('nobody asked for DNS'),
): Promise<Talk> {
  const given = new Map(Object.entries(answers).map(([question, texts]) => [question, [...texts]]));
  const questions: string[] = [];
  const faults: string[] = [];
  const chosen = await interview(async (question, fault) => {
    questions.push(question);
    if (fault !== undefined) faults.push(fault);
    const key = [...given.keys()].find((start) => question.startsWith(start));
    return (key === undefined ? undefined : given.get(key)?.shift()) ?? '';
  }, lookup);
  assert.equal(parseConfig(commentedConfig(chosen)).kind, 'ok');
  return { chosen, questions, faults };
}

test('empty answers choose nothing, and few questions are asked', async () => {
  const { chosen, questions } = await talk({});
  assert.deepEqual(chosen, {});
  assert.equal(questions.length, 5);
});

test('what is answered stands in the file', async () => {
  const { chosen, faults } = await talk({
    'Who runs': ['Ministry of Examples'],
    'Which networks': ['192.0.2.0/24, 2001:db8::/32'],
    'URL of a site': ['portal.example'],
    'Its addresses': ['192.0.2.10'],
    'Address of a router': ['203.0.113.1'],
    'What do people call it? [exporter-1]': ['border'],
    'What is it': ['juniper'],
    'It looks at': ['1:1000'],
    'Address of the next': ['203.0.113.2'],
    'Listen for': ['y'],
  });
  assert.deepEqual(faults, []);
  assert.deepEqual(chosen, {
    organisation: { name: 'Ministry of Examples' },
    networks: ['192.0.2.0/24', '2001:db8::/32'],
    sites: [{ name: 'portal.example', urls: ['https://portal.example/'], addresses: ['192.0.2.10'] }],
    exporters: [
      { name: 'border', address: '203.0.113.1', samplingRate: 1000, vendor: 'juniper' },
      { name: 'exporter-2', address: '203.0.113.2' },
    ],
    inputs: { netflow: [':2055', ':4739'], sflow: [':6343'] },
  });
});

test('addresses are looked up only after a yes, and may be none', async () => {
  const asked: string[] = [];
  const lookup = async (host: string): Promise<readonly string[]> => {
    asked.push(host);
    return ['192.0.2.10', '2001:db8::10', '192.0.2.10'];
  };
  const site = { 'URL of a site': ['http://portal.example:8080/start'] };
  const { chosen, questions } = await talk({ ...site, 'Look up': ['yes'] }, lookup);
  assert.deepEqual(asked, ['portal.example']);
  assert.deepEqual(chosen.sites, [
    {
      name: 'portal.example',
      urls: ['http://portal.example:8080/start'],
      addresses: ['192.0.2.10', '2001:db8::10'],
    },
  ]);
  assert.ok(questions.includes('Its addresses? [192.0.2.10 2001:db8::10]'));
  const failed = await talk({ ...site, 'Look up': ['y'] }, () => Promise.reject(new Error('ENOTFOUND')));
  assert.deepEqual((failed.chosen.sites as { addresses: string[] }[])[0].addresses, []);
  const literal = await talk({ 'URL of a site': ['https://[2001:db8::10]/'] });
  assert.deepEqual((literal.chosen.sites as { addresses: string[] }[])[0].addresses, ['2001:db8::10']);
});

test('an answer that cannot be is asked for again, with what is wrong', async () => {
  const { chosen, faults } = await talk({
    'Which networks': ['192.0.2.0/33', '192.0.2.0/24'],
    'URL of a site': ['ftp://portal.example', 'https://a:b@portal.example', ''],
    'Address of a router': ['router', '203.0.113.1'],
    'What is it': ['cisco', 'cisco-ios-xr'],
    'It looks at': ['often', '0', ''],
    'Address of the next': ['203.0.113.1', ''],
    'Listen for': ['maybe', 'no'],
  });
  assert.deepEqual(faults, [
    "'192.0.2.0/33' is no prefix such as 192.0.2.0/24",
    "'ftp://portal.example' is no http or https URL",
    'leave the password out',
    "'router' is no IPv4 or IPv6 address",
    "'cisco' is not known; did you mean cisco-ios-xe?",
    "'often' is no whole number from 1 on",
    "'0' is no whole number from 1 on",
    '203.0.113.1 was named already',
    "'maybe' is neither yes nor no",
  ]);
  assert.deepEqual(chosen.networks, ['192.0.2.0/24']);
});

test('somebody who never answers rightly gets the default', async () => {
  const { chosen, faults } = await talk({ 'Which networks': new Array(50).fill('x') });
  assert.deepEqual(chosen, {});
  assert.equal(faults.length, 9);
});
