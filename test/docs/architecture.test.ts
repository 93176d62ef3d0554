import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TIERS } from '../../scripts/house/import-table.ts';
import { readProject } from '../../scripts/house/project.ts';

const TOP = fileURLToPath(new URL('../..', import.meta.url));
const project = readProject(TOP);

/** Words in code font that are no names of this project's code. */
const OTHER_WORDS = new Set(['npm', 'npx', ...TIERS.flat()]);

describe('docs', () => {
  it('name only files of src/, test/, bench/, scripts/ and samples/ that are there', () => {
    const missing: string[] = [];
    for (const [file, text] of project.documents) {
      for (const [, path] of text.matchAll(/`((?:src|test|bench|scripts|samples)\/[\w./-]+)`/g)) {
        if (!existsSync(`${TOP}${path}`)) missing.push(`${file}: ${path}`);
      }
    }
    assert.deepEqual(missing, []);
  });
});

describe('docs/ARCHITECTURE.md', () => {
  it('names only functions, classes and bounds that the code has', () => {
    const words = new Set<string>();
    for (const { path, tokens } of project.sources.values()) {
      if (!path.startsWith('src/')) continue;
      for (const token of tokens) if (token.kind === 'word') words.add(token.text);
    }
    const text = project.documents.get('docs/ARCHITECTURE.md') ?? '';
    const named = [...text.matchAll(/`([A-Za-z][\w.]*)`/g)].flatMap(([, name]) => name.split('.'));
    assert.ok(named.length > 30);
    assert.deepEqual(
      named.filter((name) => !words.has(name) && !OTHER_WORDS.has(name)),
      [],
    );
  });
});
