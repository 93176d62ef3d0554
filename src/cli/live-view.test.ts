import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import type { ReadStream, WriteStream } from 'node:tty';
import { stripVTControlCharacters } from 'node:util';
import { fixedStatus } from '../../test/support/fixed-station.ts';
import type { StationStatus } from '../model/station-view.ts';
import { LiveView } from './live-view.ts';

/** A terminal of 100 columns and 30 lines that remembers what was painted. */
function terminal(): { output: WriteStream; input: ReadStream; painted: () => string; raw: () => boolean } {
  let painted = '';
  let raw = false;
  const output = Object.assign(new PassThrough(), { isTTY: true, columns: 100, rows: 30 });
  output.on('data', (chunk: Buffer) => {
    painted += chunk.toString();
  });
  const input = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode(on: boolean) {
      raw = on;
      return this;
    },
  });
  return {
    output: output as unknown as WriteStream,
    input: input as unknown as ReadStream,
    painted: () => painted,
    raw: () => raw,
  };
}

/** The picture that was painted last. */
function picture(painted: string): string {
  return painted.slice(painted.lastIndexOf('\x1b[H'));
}

/** Lets everything run that waits for nothing but its turn. */
function turns(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function view(
  t: { mock: { timers: { enable(options: { apis: ['setInterval'] }): void } } },
  status: () => StationStatus | Promise<StationStatus>,
  setUpUrl?: () => string | undefined,
) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const screen = terminal();
  let quit = 0;
  const live = new LiveView(status, {
    output: screen.output,
    input: screen.input,
    environment: { NO_COLOR: '1' },
    setUpUrl,
    onQuit: () => {
      quit++;
    },
  });
  return { screen, live, quits: () => quit };
}

test('the view paints every second, reads keys, and gives the terminal back', async (t) => {
  let asked = 0;
  const { screen, live, quits } = view(t, () => {
    asked++;
    return fixedStatus();
  });
  live.start();
  live.start();
  await turns();
  assert.equal(screen.raw(), true);
  assert.ok(screen.painted().startsWith('\x1b[?1049h'));
  assert.match(picture(screen.painted()), /2 attacks in progress/);
  assert.equal(asked, 1);
  t.mock.timers.tick(1000);
  await turns();
  assert.equal(asked, 2);

  screen.input.push('p');
  await turns();
  assert.match(picture(screen.painted()), /p go on \(held\)/);
  t.mock.timers.tick(5000);
  await turns();
  assert.equal(asked, 2, 'a picture that is held asks nothing');

  screen.input.push('xq\x03');
  await turns();
  assert.equal(quits(), 1);
  live.stop();
  live.stop();
  await turns();
  assert.equal(screen.raw(), false);
  assert.ok(screen.painted().endsWith('\x1b[?25h\x1b[?1049l'));
  t.mock.timers.tick(5000);
  await turns();
  assert.equal(asked, 2);
});

test('a station that does not answer is told, beside what it told last; it is asked once at a time', async (t) => {
  let answer: (status: StationStatus) => void = () => {};
  let fail: (error: Error) => void = () => {};
  let asked = 0;
  const { screen, live } = view(t, () => {
    asked++;
    return new Promise((resolve, reject) => {
      answer = resolve;
      fail = reject;
    });
  });
  live.start();
  t.mock.timers.tick(3000);
  await turns();
  assert.equal(asked, 1);
  answer(fixedStatus());
  await turns();
  t.mock.timers.tick(1000);
  await turns();
  fail(new Error('no station answers'));
  await turns();
  const shown = picture(screen.painted());
  assert.match(shown, /! no station answers/);
  assert.match(shown, /2 attacks in progress/);
  assert.ok(shown.split('\r\n').length <= 30);
  live.stop();
});

test('the link for the first account stands above everything, whole, until it is used', async (t) => {
  let url: string | undefined = `http://bonghwa.ministry.example:8480/welcome#${'x'.repeat(90)}`;
  const { screen, live } = view(
    t,
    () => fixedStatus(),
    () => url,
  );
  live.start();
  await turns();
  const rows = (): string[] => stripVTControlCharacters(picture(screen.painted())).split('\r\n');
  assert.match(rows()[0], /Open this link to make the first one/);
  assert.equal(rows()[1] + rows()[2], url);
  assert.ok(rows().length <= 30);
  url = undefined;
  t.mock.timers.tick(1000);
  await turns();
  assert.doesNotMatch(rows().join(''), /welcome/);
  live.stop();
});
