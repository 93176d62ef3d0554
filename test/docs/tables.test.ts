import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { enWords } from '../../console/src/text/en-words.ts';
import { koWords } from '../../console/src/text/ko-words.ts';
import { formsOf } from '../../console/src/text/told.ts';
import { ukWords } from '../../console/src/text/uk-words.ts';
import { PICTURES, takePicture } from '../../scripts/house/pictures.ts';
import { GENERATED_TABLES, withPart } from '../../scripts/house/tables.ts';
import { judgePage } from '../../src/assess/page/expect.ts';
import { judgeAssets } from '../../src/detect/web/assets.ts';
import { compose, harmOf, surplusOfSite } from '../../src/detect/web/composition.ts';
import { CHECK_FAILURES } from '../../src/model/check-failure.ts';
import { createFlowBatch } from '../../src/model/flow-batch.ts';
import { FRAGMENT_LATER } from '../../src/model/flow-columns.ts';
import { FlowJson } from '../../src/model/flow-json.ts';
import { VECTOR_TITLES, VECTORS } from '../../src/model/vector.ts';
import { ClientTable } from '../../src/sketch/web/client-table.ts';
import { COUNT, SiteCounts } from '../../src/sketch/web/site-counts.ts';
import { WINDOW_SUM } from '../../src/sketch/web/traits.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** Names of the headings of one level that are written as code: `### \`syn-flood\``. */
const codeHeadings = (text: string, level: number): string[] =>
  [...text.matchAll(new RegExp(`^${'#'.repeat(level)} \`([^\`]+)\``, 'gm'))].map((found) => found[1]);

describe('tables of the docs', () => {
  for (const { file, name, markdown } of GENERATED_TABLES) {
    it(`${file} has the ${name} of the code`, () => {
      const text = read(file);
      const written = withPart(text, 'table', name, markdown());
      assert.ok(written !== undefined, 'the marks of the table are there');
      assert.equal(text, written, 'run: node scripts/docs.ts');
    });
  }
});

describe('pictures of real output', () => {
  for (const picture of PICTURES) {
    it(`${picture.file} shows what bonghwa ${picture.args[0]} prints`, () => {
      const text = read(picture.file);
      const taken = withPart(text, 'output', picture.name, takePicture(picture));
      assert.ok(taken !== undefined, 'the marks of the picture are there');
      assert.equal(text, taken, 'run: node scripts/docs.ts');
    });
  }
});

describe('docs/flow-fields.md', () => {
  it('explains every field that a row is printed with', () => {
    const batch = createFlowBatch(1);
    batch.length = 1;
    batch.present[0] = 0xffffffff;
    batch.fragment[0] = FRAGMENT_LATER;
    batch.samplingRate[0] = 1;
    const row = JSON.parse(`{${new FlowJson(() => '192.0.2.1').members(batch, 0)}}`) as Record<string, unknown>;
    const explained = new Set([...read('docs/flow-fields.md').matchAll(/`([a-zA-Z]+)`/g)].map((found) => found[1]));
    assert.ok(Object.keys(row).length > 20);
    assert.deepEqual(
      Object.keys(row).filter((name) => !explained.has(name)),
      [],
    );
  });
});

describe('docs/errors.md', () => {
  it('explains every code of src/base/errors.ts, and no other', () => {
    const union = /export type ErrorCode =([^;]+);/.exec(read('src/base/errors.ts'))?.[1] ?? '';
    const codes = [...union.matchAll(/'([A-Z_]+)'/g)].map((found) => found[1]);
    assert.ok(codes.length > 0);
    assert.deepEqual(codeHeadings(read('docs/errors.md'), 2).sort(), codes.sort());
  });
});

describe('docs/vectors.md', () => {
  const text = read('docs/vectors.md');

  it('explains every vector, and no other', () => {
    assert.deepEqual(codeHeadings(text, 3).sort(), [...VECTORS].sort());
  });

  it('begins every explanation with the technique of ATT&CK', () => {
    for (const vector of VECTORS) {
      assert.match(
        text,
        new RegExp(`^### \`${vector}\`\\n\\n(T1498\\.001|T1498\\.002|T1499\\.001|T1499\\.002)\\. `, 'm'),
        vector,
      );
    }
  });
});

describe('the words of the console', () => {
  it('have the vectors that the station names, which it knows them by in a sentence', () => {
    for (const [name, title] of Object.entries(VECTOR_TITLES))
      assert.equal(enWords[`vector.${name}` as keyof typeof enWords], title);
  });

  it('say in every language why a check failed, and nothing that none fails for', () => {
    const codes = Object.keys(CHECK_FAILURES).sort();
    for (const words of [enWords, koWords, ukWords]) {
      const known = Object.keys(words).filter((key) => key.startsWith('fault.'));
      assert.deepEqual(known.map((key) => key.slice('fault.'.length)).sort(), codes);
    }
  });

  it('understand what is said of images and styles that nobody loads with a page', () => {
    const rate = (site: SiteCounts, count: number, perSecond: number, usual: number): void => {
      site.window[count] = perSecond * WINDOW_SUM;
      site.usual[count] = usual;
    };
    const names = [60, 20].map((again) => {
      const site = new SiteCounts('www.ministry.example', 0);
      site.learned = 600;
      rate(site, COUNT.requests, 50, 10);
      rate(site, COUNT.failed, 40, 0.1);
      rate(site, COUNT.pages, 2, 2);
      rate(site, COUNT.assets, 48, 8);
      rate(site, COUNT.bare, again + 10, 0.53);
      rate(site, COUNT.bareAgain, again, 0);
      const words = judgeAssets(site, new ClientTable(64))?.words ?? [];
      return words.map(
        (sentence) =>
          formsOf(sentence)
            ?.map(({ name }) => name)
            .join() ?? sentence,
      );
    });
    assert.deepEqual(names, [
      ['assetsAgain', 'failing'],
      ['assetsAlone', 'failing'],
    ]);
  });

  it('understand what is said of clients that ask a second time at once', () => {
    const site = new SiteCounts('www.ministry.example', 0);
    site.learned = 600;
    site.window[COUNT.pages] = 600;
    site.window[COUNT.seconds] = 40;
    site.window[COUNT.hasty] = 34;
    site.window[COUNT.same] = 34;
    const { words } = compose(site, surplusOfSite(site, 15, 'floor'), harmOf(site), false, false);
    assert.deepEqual(
      words.map((sentence) => formsOf(sentence)?.[0].name ?? sentence),
      ['haste'],
    );
  });

  it('understand what is said of a text that an answer lacks or has', () => {
    const page = { status: 200, text: 'Wartung', header: () => '' };
    for (const expect of [{ contains: "the mayor's office" }, { lacks: 'Wartung' }]) {
      const { failure } = judgePage(page, expect);
      assert.ok(failure !== undefined && formsOf(failure.message)?.length === 1, failure?.message);
    }
  });
});
