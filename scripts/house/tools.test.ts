import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatFinding } from './finding.ts';
import { parseBiome, parseTypes } from './tools.ts';

describe('parseTypes', () => {
  it('reads file, line, code and text, and leaves the indented rest', () => {
    const text = "src/a (b).ts(3,39): error TS2367: No overlap.\n  Type 'a'.\nerror TS5083: Cannot read file.\n";
    assert.deepEqual(parseTypes(text).map(formatFinding), [
      'src/a (b).ts:3: types: No overlap. (TS2367)',
      'tsconfig.json:1: types: Cannot read file. (TS5083)',
    ]);
  });
});

describe('parseBiome', () => {
  it('reads warnings, errors and formatting, with paths from the top', () => {
    const text = [
      '::warning title=lint/a/b,file=/top/src/a.ts,line=2,endLine=2,col=7,endColumn=8::Unused: x=1, y.',
      '::error title=format,file=/top/src/b.ts,line=1,endLine=1,col=2,endColumn=2::Differs',
      'Checked 2 files.',
    ].join('\n');
    assert.deepEqual(parseBiome(text, '/top').map(formatFinding), [
      'src/a.ts:2: biome/lint/a/b: Unused: x=1, y.',
      'src/b.ts:1: biome/format: Differs — run: npx biome check --write',
    ]);
  });
});
