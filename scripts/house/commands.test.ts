import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { examplesOf } from './commands.ts';

describe('examplesOf', () => {
  it('takes the commands of sh blocks with their lines, continued ones as one', () => {
    const text =
      'Text\n```sh\n# a comment\nnpx a b\n\nnpx c \\\n  --d\n```\n```\nnot one\n```\n```text\nnor this\n```\n';
    assert.deepEqual(examplesOf('a.md', text).commands, [
      { file: 'a.md', line: 4, command: 'npx a b', exitCode: 0 },
      { file: 'a.md', line: 6, command: 'npx c --d', exitCode: 0 },
    ]);
  });

  it('takes the exit code that the document states', () => {
    assert.deepEqual(
      examplesOf('a.md', '```sh exit=2\nnpx a\n```').commands.map((found) => found.exitCode),
      [2],
    );
  });

  it('takes the files that a document shows', () => {
    assert.deepEqual(examplesOf('a.md', '```yaml file=b.yaml\nc: 1\n```').files, [{ name: 'b.yaml', text: 'c: 1\n' }]);
  });
});
