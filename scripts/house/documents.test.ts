import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { anchorsOf, checkDocuments, linksOf } from './documents.ts';
import { projectOf } from './project.ts';

const found = (files: Record<string, string>): string[] =>
  checkDocuments(projectOf(files)).map((finding) => `${finding.file}:${finding.line}: ${finding.problem}`);

describe('linksOf', () => {
  it('reads inline links, images, titles and references, and leaves code alone', () => {
    const text = '[a](b.md) ![c](d.svg "title")\n[e]: f.md\n`[g](h.md)`\n```\n[i](j.md)\n```\n[k](<l.md>)';
    assert.deepEqual(
      linksOf(text).map((link) => [link.target, link.line]),
      [
        ['b.md', 1],
        ['d.svg', 1],
        ['f.md', 2],
        ['l.md', 7],
      ],
    );
  });
});

describe('anchorsOf', () => {
  it('makes the anchors of headings, and numbers those that are equal', () => {
    const text = '# The `life` of a packet!\n## Same\n```\n# not one\n```\n## Same\n';
    assert.deepEqual([...anchorsOf(text)], ['the-life-of-a-packet', 'same', 'same-1']);
  });
});

describe('checkDocuments', () => {
  it('is content when every link leads somewhere and every document is read', () => {
    assert.deepEqual(
      found({
        'README.md': '# Top\n[docs](docs/README.md) [here](#top) [out](https://example.org/x) [folder](docs/)',
        'docs/README.md': '[a](a.md#part) [back](../README.md) ![picture](picture.svg)',
        'docs/a.md': '## Part',
        'docs/picture.svg': '',
      }),
      [],
    );
  });

  it('finds links to files and headings that are not there, or lead out of the project', () => {
    assert.deepEqual(found({ 'README.md': '[a](gone.md)\n[b](#gone)\n[c](../other.md)' }), [
      'README.md:1: gone.md leads nowhere',
      'README.md:2: #gone names a heading that is not there',
      'README.md:3: ../other.md leads out of the project',
    ]);
  });

  it('finds documents that no reader comes to, also those that only link each other', () => {
    const told = 'no document that a reader comes to from README.md links here';
    assert.deepEqual(found({ 'README.md': '', 'docs/a.md': '[b](b.md)', 'docs/b.md': '[a](a.md)', 'docs/c.svg': '' }), [
      `docs/a.md:1: ${told}`,
      `docs/b.md:1: ${told}`,
      `docs/c.svg:1: ${told}`,
    ]);
  });
});
