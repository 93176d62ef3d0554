import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { formatFinding } from '../../scripts/house/finding.ts';
import { readProject } from '../../scripts/house/project.ts';
import { checkHouse } from '../../scripts/house/rules.ts';

describe('the house', () => {
  it('keeps its own rules: import table, reached files, forbidden calls, documents', () => {
    const project = readProject(fileURLToPath(new URL('../..', import.meta.url)));
    assert.ok(project.sources.size > 50, 'the rules look at the real project');
    assert.deepEqual(checkHouse(project).map(formatFinding), []);
  });
});
