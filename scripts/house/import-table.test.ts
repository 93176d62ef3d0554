import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatFinding } from './finding.ts';
import { checkCycles, checkImportTable, TIERS } from './import-table.ts';
import { projectOf } from './project.ts';

const PACKAGE = { 'package.json': '{"dependencies":{"zod":"1","yaml":"1","commander":"1"}}' };

function problems(files: Record<string, string>): string[] {
  return checkImportTable(projectOf({ ...PACKAGE, ...files })).map((finding) => finding.problem);
}

describe('checkImportTable', () => {
  it('lets every folder import downwards, and itself', () => {
    const files: Record<string, string> = {};
    for (const [tier, folders] of TIERS.entries()) {
      for (const folder of folders) {
        const below = TIERS.slice(0, tier).flat();
        files[`src/${folder}/b.ts`] = '';
        files[`src/${folder}/a.ts`] = [folder, ...below].map((name) => `import '../${name}/b.ts';`).join('\n');
      }
    }
    assert.deepEqual(problems(files), []);
  });

  it('finds every import that runs upwards or to a neighbour', () => {
    for (const [tier, folders] of TIERS.entries()) {
      for (const folder of folders) {
        const above = TIERS.slice(tier)
          .flat()
          .filter((name) => name !== folder);
        for (const name of above) {
          const files = { [`src/${folder}/a.ts`]: `import '../${name}/b.ts';`, [`src/${name}/b.ts`]: '' };
          assert.equal(problems(files).length, 1, `${folder} → ${name}`);
        }
      }
    }
  });

  it('says file, line, what and what instead', () => {
    const project = projectOf({
      'src/wire/a.ts': "\nexport type { B } from '../sketch/b.ts';",
      'src/sketch/b.ts': "const c = await import('../detect/c.ts');",
      'src/detect/c.ts': '',
    });
    assert.deepEqual(checkImportTable(project).map(formatFinding), [
      'src/wire/a.ts:2: import-table: wire imports its neighbour sketch — let both meet in model, and join them in station',
      'src/sketch/b.ts:1: import-table: sketch imports detect, which stands above it — ' +
        'move what is needed down into sketch or model, or take it as an argument',
    ]);
  });

  it('keeps Node and drivers out of the inner folders, tests excepted', () => {
    assert.deepEqual(
      problems({
        'src/wire/a.ts': "import 'node:fs';\nimport type { A } from 'node:net';",
        'src/wire/b.ts': "import { createHash } from 'node:crypto';",
        'src/wire/a.test.ts': "import 'node:fs';\nimport 'fast-check';",
        'src/detect/a.ts': "import 'zod';",
        'src/input/a.ts': "import 'node:dgram';",
        'src/model/a.ts': "import 'zod';\nimport 'yaml/util';",
        'src/base/a.ts': "import 'node:child_process';",
      }),
      ['wire imports node:fs', 'wire imports node:net', 'detect imports zod', 'base imports node:child_process'],
    );
  });

  it('finds what would be missing where the package is installed', () => {
    assert.deepEqual(
      problems({
        'src/cli/main.ts': "import '@scope/name/sub';\nimport 'fs';\nimport '../../test/a.ts';\nimport './gone.ts';",
        'src/cli/a.ts': "import './a.test.ts';",
        'src/cli/a.test.ts': '',
        'test/a.ts': '',
      }),
      [
        'imports @scope/name/sub, which is not among the dependencies',
        'imports fs, which is not among the dependencies',
        'what is shipped imports test/a.ts, which is not',
        'imports src/cli/gone.ts, which is not there',
        'what is shipped imports src/cli/a.test.ts, which is not',
      ],
    );
  });

  it('finds a folder that the table does not know', () => {
    assert.deepEqual(problems({ 'src/misc/a.ts': "import '../base/b.ts';", 'src/base/b.ts': '' }), [
      'src/misc has no place in the import table',
    ]);
  });
});

describe('checkCycles', () => {
  it('finds a ring once, and lets types close one', () => {
    const ring = projectOf({
      'src/base/a.ts': "import './b.ts';",
      'src/base/b.ts': "export * from './c.ts';",
      'src/base/c.ts': "import './a.ts';",
      'src/base/d.ts': "import type { E } from './e.ts';",
      'src/base/e.ts': "import './d.ts';",
    });
    assert.deepEqual(
      checkCycles(ring).map((finding) => finding.problem),
      ['a ring of imports: src/base/a.ts → src/base/b.ts → src/base/c.ts → src/base/a.ts'],
    );
  });
});
