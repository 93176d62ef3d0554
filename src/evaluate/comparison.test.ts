import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PARAMETERS, withParameters } from '../detect/network/parameters.ts';
import { comparisonTable, curveHeading, withKeptSections, withSection } from './comparison-markdown.ts';
import { compareVariants } from './evaluate.ts';
import { ABLATION, curveOf } from './variants.ts';

describe('variants of detection', () => {
  it('are judged on the same captures, and leave the parameters as they were', async () => {
    const asked = { fromSeed: 1, toSeed: 1, only: ['hit-and-run'], threads: 0 };
    const variants = [...ABLATION.slice(0, 1), ...curveOf('confirmSeconds')];
    const compared = await compareVariants(asked, variants);
    assert.deepEqual(
      compared.map(({ name, total }) => [name, total.attacks, total.recall?.value]),
      variants.map(({ name }) => [name, 1, 1]),
    );
    assert.equal(comparisonTable(compared).split('\n').length, 2 + variants.length);
    assert.equal(PARAMETERS.confirmSeconds, 2);
  });

  it('set parameters for a run only, also where it fails', async () => {
    const before = { ...PARAMETERS };
    await assert.rejects(
      withParameters({ overMaximum: 9 }, async () => {
        assert.equal(Number(PARAMETERS.overMaximum), 9);
        throw new Error('no');
      }),
    );
    assert.deepEqual({ ...PARAMETERS }, before);
  });
});

describe('sections of a document', () => {
  const text = '# Title\n\nIntroduction.\n\n## One\n\nfirst\n\n## Two\n\nsecond\n';

  it('are replaced in their place, or come last', () => {
    assert.equal(withSection(text, '## One', 'new'), text.replace('first', 'new'));
    assert.equal(withSection(text, '## Three', 'third'), `${text}\n## Three\n\nthird\n`);
  });

  it('that other runs wrote are kept', () => {
    const heading = curveHeading('clearFactor');
    const before = withSection(text, heading, 'a table');
    assert.equal(withKeptSections('# Anew\n', before), `# Anew\n\n${heading}\n\na table\n`);
  });
});
