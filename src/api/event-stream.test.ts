import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StationEvent } from '../model/station-event.ts';
import { CLIENTS_MAX, EventStream } from './event-stream.ts';

function event(at: number, text = ''): StationEvent {
  return { kind: 'warning', state: 'began', about: 'station', at: '2024-03-05T12:00:00.000Z', warning: `${at}${text}` };
}

/** What a client has read when nothing more comes; `ended` where the stream is over. */
async function read(stream: ReadableStream<Uint8Array> | undefined): Promise<{ text: string; ended: boolean }> {
  assert.ok(stream !== undefined);
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const quiet = new Promise<'quiet'>((resolve) => setImmediate(() => resolve('quiet')));
    const next = await Promise.race([reader.read(), quiet]);
    if (next === 'quiet') return { text, ended: false };
    if (next.done) return { text, ended: true };
    text += decoder.decode(next.value);
  }
}

const warningsOf = (text: string): string[] => [...text.matchAll(/"warning":"(\w+)"/g)].map(([, warning]) => warning);

test('a client has what comes, and after it was away what it missed', async () => {
  const events = new EventStream('run');
  for (let at = 1; at <= 5; at++) events.publish(event(at));
  assert.deepEqual(warningsOf((await read(events.open(undefined))).text), []);
  const { text } = await read(events.open('run-3'));
  assert.deepEqual(warningsOf(text), ['4', '5']);
  assert.match(text, /^retry: 3000\n\nid: run-4\nevent: warning\ndata: \{.*\}\n\n/);
  assert.deepEqual(warningsOf((await read(events.open('run-0'))).text), ['1', '2', '3', '4', '5']);
  assert.doesNotMatch((await read(events.open('run-5'))).text, /event:/, 'it has everything');
});

test('a client that asks for more than is kept is told to begin anew', async () => {
  const events = new EventStream('run');
  for (let at = 1; at <= 1500; at++) events.publish(event(at));
  const { text } = await read(events.open('run-500'));
  assert.equal(warningsOf(text).length, 1000, 'a thousand are kept');
  for (const id of ['run-499', 'run-1501', 'other-1400', 'run', 'run-x', '-', ''])
    assert.match((await read(events.open(id))).text, /event: resync\n/, id);
  const large = new EventStream('run');
  for (let at = 1; at <= 10; at++) large.publish(event(at, 'x'.repeat(1 << 20)));
  assert.match((await read(large.open('run-1'))).text, /event: resync/, 'four megabytes are kept');
});

test('a client that reads nothing is let go, and the others have everything', async () => {
  const events = new EventStream('run');
  const slow = events.open(undefined);
  for (let at = 0; at < 200; at++) {
    events.publish(event(at, 'x'.repeat(100_000)));
    events.heartbeat();
  }
  assert.equal(events.clients, 0);
  const { text, ended } = await read(slow);
  assert.ok(ended && text.length < 6 << 20, `${text.length} bytes waited for it`);
});

test('a client that may not listen any more is let go, and one of whom nobody can tell stays', async () => {
  const events = new EventStream('run');
  let may = true;
  const [mine, other, unsure] = [
    events.open(undefined, async () => may),
    events.open(undefined),
    events.open(undefined, () => Promise.reject(new Error('the store is down'))),
  ];
  await events.recheck();
  assert.equal(events.clients, 3);
  may = false;
  await events.recheck();
  assert.deepEqual(
    [(await read(mine)).ended, (await read(other)).ended, (await read(unsure)).ended],
    [true, false, false],
  );
});

test('so many clients are served at a time; one that leaves makes room', async () => {
  const events = new EventStream('run');
  const open = Array.from({ length: CLIENTS_MAX }, () => events.open(undefined));
  assert.equal(events.open(undefined), undefined);
  await open[0]?.cancel();
  assert.notEqual(events.open(undefined), undefined);
  events.close();
  assert.equal(events.open(undefined), undefined, 'a station that stops takes none');
  assert.equal((await read(open[1])).ended, true);
});
