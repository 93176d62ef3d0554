import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Random } from '../../base/random.ts';
import { createTemplateText, KIND, kindsOf, writePath, writeQuery } from './template.ts';
import { TEMPLATE_LIMITS, TemplateTable } from './template-table.ts';
import { hashText, viewOf } from './text-hash.ts';

function templateOf(target: string): string {
  const text = new TextEncoder().encode(target);
  const question = target.indexOf('?');
  const pathLength = question < 0 ? text.length : question;
  const into = createTemplateText();
  writePath(text, 0, pathLength, into);
  if (question >= 0) writeQuery(text, question + 1, text.length - question - 1, into);
  return new TextDecoder().decode(into.bytes.subarray(0, into.length));
}

describe('templates', () => {
  const cases: readonly [string, string][] = [
    ['/', '/'],
    ['/news/2024-11-26-budget.html?page=2', '/news/*-*-*-budget.html?page=*'],
    ['/documents/1234', '/documents/*'],
    ['/item/550e8400-e29b-41d4-a716-446655440000/edit', '/item/*/edit'],
    ['/search?q=winter&lang=en', '/search?q=*&lang=*'],
    ['/?139153420466', '/?*'],
    ['/a/b/c/d/e/f/g/h/i/j', '/a/b/c/d/e/f/g/h/*'],
    ['/files/aGVsbG8gd29ybGQhIQxyz12.pdf', '/files/*.pdf'],
    ['/caf%C3%A9', '/caf*C*A*'],
  ];
  for (const [target, expected] of cases) {
    test(target, () => assert.equal(templateOf(target), expected));
  }

  test('what is beyond every bound is cut, not refused', () => {
    assert.ok(templateOf(`/${'x/'.repeat(5000)}?${'k=v&'.repeat(5000)}`).length < 1024);
    assert.ok(templateOf(`/${'y'.repeat(60_000)}`).length < 1024);
  });

  test('the name says what it is', () => {
    assert.equal(kindsOf('/static/site.css', ''), KIND.asset);
    assert.equal(kindsOf('/search', '?q=*'), KIND.search);
    assert.equal(kindsOf('/', '?s=*'), KIND.search);
    assert.equal(kindsOf('/wp-login.php', ''), KIND.login);
    assert.equal(kindsOf('/xmlrpc.php', ''), KIND.rpc);
    assert.equal(kindsOf('/api/v*/permits/*', ''), KIND.interface);
    assert.equal(kindsOf('/news/*', ''), 0);
  });
});

describe('the table of templates', () => {
  const ask = (table: TemplateTable, path: string, site = 0, query = ''): string => {
    const text = new TextEncoder().encode(`${path}${query}`);
    const pathHash = hashText(viewOf(text), 0, path.length, 1);
    const hash = query === '' ? pathHash : hashText(viewOf(text), path.length, query.length, pathHash);
    const id = table.find(site, 1, hash, pathHash, text, 0, path.length, path.length, query.length);
    table.total[id]++;
    return table.names[id];
  };

  test('many rare names under one prefix become one, and frequent ones stay', () => {
    const table = new TemplateTable(1, 4);
    for (let at = 0; at < 100; at++) ask(table, '/pages/home');
    const letters = 'abcdefghijklmnopqrstuvwxyz';
    for (const one of letters) for (const other of 'xyz') ask(table, `/pages/${one}${other}`);
    assert.equal(ask(table, '/pages/home'), 'GET /pages/home');
    assert.equal(ask(table, '/pages/ax'), 'GET /pages/*');
    assert.equal(ask(table, '/pages/never-seen'), 'GET /pages/*');
  });

  test('a flood of invented paths fills no more than its share', () => {
    const table = new TemplateTable(1, 4, { templatesMax: 1024, perSiteMax: 100, childrenMax: 40 });
    const word = (at: number): string => at.toString(26).replace(/\d/g, (digit) => 'qrstuvwxyz'[Number(digit)]);
    for (let at = 0; at < 20_000; at++) ask(table, `/${word(at)}/${word(at * 7)}/${word(at * 3)}`);
    assert.ok(table.count <= 110, `${table.count} templates`);
    assert.equal(ask(table, '/other', 1), 'GET /other');
  });

  test('a query has the template of its keys, whatever was asked for before', () => {
    const table = new TemplateTable(1, 4, { ...TEMPLATE_LIMITS, childrenMax: 100_000 });
    const random = new Random(7);
    const pick = (from: readonly string[]): string => from[random.below(from.length)];
    const names = new Set<string>();
    for (let at = 0; at < 3000; at++) {
      const path = pick(['/search', '/a', '/a/b7']);
      let query = '';
      for (let part = random.below(20); part >= 0; part--)
        query += pick(['q', 'id', 'page', '7', '=', '=', '&', '&', 'x=1&', 'verylongkeyverylongkeyverylongkey12']);
      const name = ask(table, path, 0, query);
      assert.equal(name, `GET ${templateOf(`${path}?${query}`)}`);
      names.add(name);
    }
    assert.ok(names.size > 100, `${names.size} templates`);
  });
});
