import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { projectOf } from './project.ts';
import { checkReached } from './reached.ts';

const unreached = (files: Record<string, string>): string[] =>
  checkReached(projectOf(files)).map((finding) => finding.file);

describe('checkReached', () => {
  it('follows every kind of import from the command line', () => {
    assert.deepEqual(
      unreached({
        'src/cli/main.ts': "import './a.ts';\nawait import('./b.ts');",
        'src/cli/a.ts': "export * from '../base/c.ts';\nimport type { D } from '../base/d.ts';",
        'src/cli/b.ts': "new URL('./worker.ts', import.meta.url);",
        'src/cli/worker.ts': '',
        'src/base/c.ts': '',
        'src/base/d.ts': '',
      }),
      [],
    );
  });

  it('finds code that only its own test uses', () => {
    assert.deepEqual(
      unreached({ 'src/cli/main.ts': '', 'src/base/dead.ts': '', 'src/base/dead.test.ts': "import './dead.ts';" }),
      ['src/base/dead.ts'],
    );
  });

  it('lets a test, bench or script outside src/ carry support code', () => {
    assert.deepEqual(
      unreached({
        'src/wire/encode.ts': '',
        'src/wire/other.ts': '',
        'bench/wire/a.ts': "import '../../src/wire/encode.ts';\nif (import.meta.main) run();",
        'test/golden/a.test.ts': "import '../../src/wire/other.ts';\nimport '../support/help.ts';",
        'test/support/help.ts': '',
      }),
      [],
    );
  });

  it('finds support that nothing uses, and takes what package.json or a script starts', () => {
    assert.deepEqual(
      unreached({
        'package.json': '{"scripts":{"fuzz":"node test/fuzz/main.ts"}}',
        'test/fuzz/main.ts': "spawn('node', ['test/fuzz/child.ts', 'beside.ts']);",
        'test/fuzz/child.ts': '',
        'test/fuzz/beside.ts': '',
        'test/support/forgotten.ts': '',
        'scripts/check.ts': "import './house/a.ts';",
        'scripts/house/a.ts': '',
        'scripts/house/forgotten.ts': '',
        'samples/record.ts': '#!/usr/bin/env node\n',
        'samples/record.sh': 'node "$here/traffic.ts" serve',
        'samples/traffic.ts': '',
      }),
      ['test/support/forgotten.ts', 'scripts/house/forgotten.ts'],
    );
  });
});
