import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FRAME_BYTES_MAX, SyslogFrames } from './syslog-frames.ts';

function framesOf(stream: string, chunkBytes: number): { frames: string[]; tooLong: number } {
  const found: string[] = [];
  const frames = new SyslogFrames({
    frame: (bytes, from, to) => found.push(new TextDecoder().decode(bytes.subarray(from, to))),
  });
  const bytes = new TextEncoder().encode(stream);
  for (let at = 0; at < bytes.length; at += chunkBytes) frames.push(bytes.subarray(at, at + chunkBytes));
  frames.end();
  return { frames: found, tooLong: frames.tooLong };
}

describe('messages in a stream', () => {
  const long = 'x'.repeat(FRAME_BYTES_MAX + 1);
  const cases: [string, string, string[], number][] = [
    ['ended by a line feed', '<1>a\n<1>b\n', ['<1>a', '<1>b'], 0],
    ['ended by the connection', '<1>a\n<1>b', ['<1>a', '<1>b'], 0],
    ['ended by a zero', '<1>a\0<1>b\0', ['<1>a', '<1>b'], 0],
    ['counted', '4 <1>a6 <1>b\nc2 de', ['<1>a', '<1>b\nc', 'de'], 0],
    ['counted, then not', '4 <1>a<1>b\n4 <1>c', ['<1>a', '<1>b', '<1>c'], 0],
    ['a line that begins with a number', '192.0.2.1 - -\n2001:db8::1 - -\n', ['192.0.2.1 - -', '2001:db8::1 - -'], 0],
    ['counted and too long', `${long.length} ${long}4 <1>a`, ['<1>a'], 1],
    ['too long', `<1>${long}\n<1>a\n`, ['<1>a'], 1],
    ['empty lines', '\n\n<1>a\n\n', ['<1>a'], 0],
    ['a count whose message never comes whole', '9 <1>a', [], 0],
  ];
  for (const [name, stream, want, tooLong] of cases) {
    it(name, () => {
      for (const chunkBytes of stream.length > 1000 ? [1000, 1 << 20] : [1, 2, 3, 1000]) {
        assert.deepEqual(framesOf(stream, chunkBytes), { frames: want, tooLong });
      }
    });
  }
});
