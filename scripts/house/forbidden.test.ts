import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatFinding } from './finding.ts';
import { checkForbidden, checkLength, FILE_LINES_MAX, FORBIDDEN, nameOf } from './forbidden.ts';
import { projectOf } from './project.ts';

const found = (files: Record<string, string>): string[] =>
  checkForbidden(projectOf(files)).map((finding) => `${finding.file}:${finding.line}: ${finding.problem}`);

/** Text that makes the call, as a person would write it. */
const written = (call: readonly string[]): string => call.join('').replace('new', 'new ');

describe('checkForbidden', () => {
  for (const { call, instead } of FORBIDDEN) {
    it(`finds ${written(call)} in the domain, and not where it is only mentioned`, () => {
      const text = written(call);
      assert.deepEqual(found({ 'src/detect/a.ts': `\nconst a = ${text};` }), [
        `src/detect/a.ts:2: ${nameOf(call)} is not used here`,
      ]);
      assert.deepEqual(found({ 'src/detect/a.ts': `// ${text}\nconst a = '${text}';` }), []);
      assert.notEqual(instead, '');
    });
  }

  it('finds a call inside a template literal, and on the global object', () => {
    assert.deepEqual(found({ 'src/wire/a.ts': ['`$', '{Date.now()}`'].join('') }).length, 1);
    assert.deepEqual(found({ 'src/wire/a.ts': 'globalThis.setTimeout(f);' }).length, 1);
    assert.deepEqual(found({ 'src/wire/a.ts': 'clock.setTimeout(f); input.fetch(a);' }), []);
  });

  it('allows the clock to base/clock, the time to adapters, and a date from a number to all', () => {
    assert.deepEqual(
      found({
        'src/base/clock.ts': 'Date.now();',
        'src/input/a.ts': 'Date.now(); setTimeout(f);',
        'src/detect/a.ts': 'new Date(startMs);',
        'src/detect/a.test.ts': 'Date.now();',
      }),
      [],
    );
  });

  it('keeps the terminal to the command line, and chance out of tests too', () => {
    assert.deepEqual(
      found({
        'src/station/a.ts': 'console.log(a);\nprocess.exit(1);\nprocess.env.HOME;',
        'src/cli/a.ts': 'console.log(a); process.exit(1); process.env.HOME;',
        'test/a.test.ts': 'Math.random();',
      }),
      [
        'src/station/a.ts:1: console is not used here',
        'src/station/a.ts:2: process.exit is not used here',
        'src/station/a.ts:3: process.env is not used here',
        'test/a.test.ts:1: Math.random is not used here',
      ],
    );
  });

  it('finds comments that silence a checker or leave work behind, at their line', () => {
    const [later, silence, lint] = [`TO${'DO'}`, `@ts-${'ignore'}`, `biome-${'ignore'}`];
    assert.deepEqual(
      found({ 'src/wire/a.ts': `/* a\n ${later}: b */\n// ${silence}\n// ${lint} lint\nconst a = '${later}';` }),
      [
        `src/wire/a.ts:2: ${later} in a comment`,
        `src/wire/a.ts:3: ${silence} in a comment`,
        `src/wire/a.ts:4: ${lint} in a comment`,
      ],
    );
  });

  it('says what to do instead', () => {
    const [finding] = checkForbidden(projectOf({ 'src/wire/a.ts': 'Math.random();' }));
    assert.equal(
      formatFinding(finding),
      'src/wire/a.ts:1: forbidden-call: Math.random is not used here — draw from a seeded Random of src/base/random.ts',
    );
  });
});

describe('checkLength', () => {
  it('finds a file of more than a sitting, tests and exempt files excepted', () => {
    const long = '\n'.repeat(FILE_LINES_MAX);
    const project = projectOf({
      'src/wire/a.ts': long,
      'src/wire/b.ts': long,
      'src/wire/a.test.ts': long,
      'src/wire/c.ts': '',
    });
    assert.deepEqual(
      checkLength(project, new Set(['src/wire/b.ts'])).map((finding) => finding.file),
      ['src/wire/a.ts'],
    );
  });
});
