import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StationEvent } from '../model/station-event.ts';
import { EventLines } from './event-lines.ts';

const directory = mkdtempSync(join(tmpdir(), 'bonghwa-lines-'));
after(() => rmSync(directory, { recursive: true, force: true }));

function event(at: number, text = ''): StationEvent {
  return { kind: 'warning', state: 'began', about: 'station', at: '2024-03-05T12:00:00.000Z', warning: `${at}${text}` };
}

function linesOf(text: string): string[] {
  assert.ok(text === '' || text.endsWith('\n'), 'the last line is whole');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { warning: string }).warning);
}

async function until(what: () => boolean): Promise<void> {
  for (let waited = 0; !what(); waited += 10) {
    assert.ok(waited < 10_000, 'it did not come');
    await sleep(10);
  }
}

/** Reads everything that is in a pipe now. */
function drain(reader: number): string {
  const bytes = Buffer.alloc(1 << 20);
  let text = '';
  for (;;) {
    try {
      const read = readSync(reader, bytes);
      if (read === 0) return text;
      text += bytes.toString('utf8', 0, read);
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
      return text;
    }
  }
}

describe('lines of events', () => {
  it('are appended to a file, behind half a line that a killed station left', async () => {
    const path = join(directory, 'appended');
    writeFileSync(path, '{"half');
    const lines = new EventLines({ path });
    for (let at = 0; at < 5; at++) lines.write(event(at));
    await lines.close();
    assert.deepEqual(linesOf(readFileSync(path, 'utf8').replace('{"half\n', '')), ['0', '1', '2', '3', '4']);
    assert.deepEqual(lines.counts(), { written: 5, lost: 0, waiting: 0 });
  });

  it('go on in a new file when the old one was renamed', async () => {
    const path = join(directory, 'rotated');
    const lines = new EventLines({ path });
    lines.write(event(1));
    await until(() => lines.counts().written === 1);
    renameSync(path, `${path}.1`);
    lines.write(event(2));
    await until(() => lines.counts().written === 2);
    lines.reopen();
    lines.write(event(3));
    await lines.close();
    assert.deepEqual(linesOf(readFileSync(`${path}.1`, 'utf8')), ['1', '2']);
    assert.deepEqual(linesOf(readFileSync(path, 'utf8')), ['3']);
  });

  it('wait, bounded, for somebody to read a pipe, and say so once', async () => {
    const path = join(directory, 'unread');
    execFileSync('mkfifo', [path]);
    const problems: string[] = [];
    const lines = new EventLines({ path, onProblem: ({ message }) => problems.push(message) });
    for (let at = 0; at < 1500; at++) lines.write(event(at));
    await until(() => lines.counts().error !== undefined);
    assert.match(problems[0], /nobody reads the pipe/);
    assert.ok(lines.counts().waiting <= 1001);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      let text = '';
      await until(() => {
        text += drain(reader);
        return lines.counts().waiting === 0;
      });
      text += drain(reader);
      const read = linesOf(text);
      assert.equal(read.at(-1), '1499');
      const { written, lost } = lines.counts();
      assert.deepEqual([written, written + lost], [read.length, 1500]);
      assert.equal(problems.length, 1);
    } finally {
      closeSync(reader);
    }
    await lines.close();
  });

  it('are whole for a reader that comes after one that left in the middle of a line', async () => {
    const path = join(directory, 'left');
    execFileSync('mkfifo', [path]);
    const lines = new EventLines({ path });
    const first = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    // More than a pipe holds: the line is being written when the reader leaves.
    lines.write(event(0, 'x'.repeat(200_000)));
    await sleep(150);
    assert.ok(readSync(first, Buffer.alloc(1000)) > 0);
    closeSync(first);
    await until(() => lines.counts().error !== undefined);
    const second = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    lines.write(event(1));
    let text = '';
    await until(() => {
      text += drain(second);
      return lines.counts().waiting === 0;
    });
    text += drain(second);
    assert.deepEqual(
      linesOf(text).map((warning) => warning.length),
      [200_001, 1],
    );
    closeSync(second);
    await lines.close();
  });

  it('survive a full disk, and go on when there is room', { skip: fullDevice() }, async () => {
    const problems: string[] = [];
    const lines = new EventLines({ path: '/dev/full', onProblem: ({ message }) => problems.push(message) });
    lines.write(event(1));
    await until(() => problems.length === 1);
    assert.match(problems[0], /the disk is full/);
    const startMs = Date.now();
    await lines.close();
    assert.ok(Date.now() - startMs < 5000);
    assert.deepEqual([lines.counts().written, lines.counts().lost], [0, 1]);
  });

  it('do not keep a station from ending, and take nothing after it', async () => {
    const path = join(directory, 'ending');
    execFileSync('mkfifo', [path]);
    const lines = new EventLines({ path });
    lines.write(event(1));
    await lines.close();
    lines.write(event(2));
    assert.deepEqual([lines.counts().lost, lines.counts().waiting], [1, 0]);
  });
});

function fullDevice(): string | false {
  try {
    closeSync(openSync('/dev/full', 'w'));
    return false;
  } catch {
    return '/dev/full is not here';
  }
}
