import assert from 'node:assert/strict';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { temporaryDirectory } from '../../../test/support/state.ts';
import type { CheckResult } from '../../model/vantage.ts';
import { type Waiting, type WaitingChange, WaitingFile } from './waiting-file.ts';

const KEY = 'a1b2';
const check = (n: number): CheckResult => ({
  site: '대법원',
  vantage: 'x',
  subject: 'https://court.example/',
  kind: 'http',
  at: '2026-11-26T00:00:00.000Z',
  totalMs: n,
  outcome: 'ok',
  attempts: 1,
});

/** What a change makes of what waits. */
function after1({ run, number, sent, results }: Waiting, change: WaitingChange): Waiting {
  switch (change.kind) {
    case 'added':
      return { run, number, sent, results: [...results, change.result] };
    case 'dropped':
      return { run, number, sent, results: results.toSpliced(change.at, 1) };
    case 'sent':
      return { run, number: change.number, sent: change.count, results };
    case 'answered':
      return { run, number, sent: 0, results: results.slice(sent) };
  }
}

/** The change that a step makes where it can be made. */
function changeOf(step: 'add' | 'drop' | 'send' | 'answer', n: number, at: Waiting): WaitingChange | undefined {
  const { sent, results, number } = at;
  if (step === 'add') return { kind: 'added', result: check(n) };
  if (step === 'drop') return results.length > sent ? { kind: 'dropped', at: sent } : undefined;
  if (step === 'send')
    return sent === 0 && results.length > 0
      ? { kind: 'sent', number: number + 1, count: Math.min(3, results.length) }
      : undefined;
  return sent > 0 ? { kind: 'answered' } : undefined;
}

describe('what waits for a station, on disk', () => {
  const directory = temporaryDirectory('waiting');
  after(() => directory.remove());
  const path = join(directory.path, 'waiting.ndjson');

  it('is read as it was written, but for a line that a sudden end cut off', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('add', 'add', 'add', 'drop', 'send', 'answer'), { maxLength: 40 }),
        fc.nat({ max: 5 }),
        fc.nat({ max: 60 }),
        (steps: readonly ('add' | 'drop' | 'send' | 'answer')[], before, cut) => {
          const file = new WaitingFile(path, KEY);
          let now: Waiting = {
            run: 'r',
            number: 4,
            sent: 0,
            results: Array.from({ length: before }, (_, n) => check(n)),
          };
          file.write(now);
          let earlier = now;
          for (const [n, step] of steps.entries()) {
            const change = changeOf(step, n, now);
            if (change === undefined) continue;
            earlier = now;
            now = after1(now, change);
            file.append(change);
          }
          assert.deepEqual(new WaitingFile(path, KEY).read(), now);
          if (earlier === now) return;
          const { length } = readFileSync(path);
          const last = length - 1 - readFileSync(path).lastIndexOf('\n', length - 2);
          const off = 2 + (cut % (last - 1));
          truncateSync(path, length - off);
          assert.deepEqual(new WaitingFile(path, KEY).read(), earlier);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('is nothing for another key, where there is no file, and where the file is something else', () => {
    const file = new WaitingFile(path, KEY);
    file.write({ run: 'r', number: 1, sent: 1, results: [check(1)] });
    assert.equal(new WaitingFile(path, 'other').read(), undefined);
    assert.equal(file.read()?.sent, 1);
    file.remove();
    assert.equal(file.read(), undefined);
    for (const text of ['', '{}', 'PK\u0003', '{"key":"a1b2"}\n{"kind":"added","result":{}}']) {
      writeFileSync(path, text);
      assert.equal(file.read(), undefined);
    }
    writeFileSync(
      path,
      '{"key":"a1b2","run":"r","number":0}\nx\n{"kind":"added","result":{}}\n{"kind":"dropped","at":7}\n',
    );
    assert.deepEqual(file.read(), { run: 'r', number: 0, sent: 0, results: [] });
  });
});
