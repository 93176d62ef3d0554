/**
 * Ordinary name service for the recorded sample: a server that answers every query for an A record, and clients that ask.
 *
 *   node dns-traffic.ts serve ADDRESS
 *   node dns-traffic.ts ask ADDRESS SECONDS SOURCE_PREFIX SOURCES     for example: ask 198.51.100.53 180 198.18.16 60
 */
import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';

const NAMES = ['www', 'mail', 'news', 'court', 'portal', 'static', 'api', 'forms'];
const QUERIES_PER_SECOND = 12;

/** A query for the A record of `name.example` (RFC 1035 section 4.1). */
function encodeQuery(id: number, name: string): Buffer {
  const header = Buffer.from([id >> 8, id & 0xff, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]);
  const labels = [name, 'example'].map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([header, ...labels, Buffer.from([0, 0, 1, 0, 1])]);
}

/** The answer: the query with the response bit, one A record that points back to the name in the question. */
function encodeAnswer(query: Buffer): Buffer {
  const answer = Buffer.concat([query, Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 198, 51, 100, 10])]);
  answer.writeUInt16BE(0x8180, 2);
  answer.writeUInt16BE(1, 6);
  return answer;
}

const [command, address, seconds, prefix, sources] = process.argv.slice(2);
if (command === 'serve') {
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => socket.send(encodeAnswer(query), from.port, from.address));
  // An answer to a client that has gone comes back as an ICMP error; the server serves on.
  socket.on('error', () => {});
  socket.bind(53, address);
} else if (command === 'ask') {
  const untilMs = Date.now() + 1000 * Number(seconds);
  for (let asked = 0; Date.now() < untilMs; asked++) {
    const socket = createSocket('udp4');
    socket.on('message', () => socket.close());
    socket.on('error', () => socket.close());
    socket.bind(0, `${prefix}.${1 + ((asked * 7) % Number(sources))}`, () =>
      socket.send(encodeQuery(asked & 0xffff, NAMES[asked % NAMES.length]), 53, address),
    );
    await sleep(1000 / QUERIES_PER_SECOND);
  }
  process.exit(0);
} else {
  process.stderr.write('usage: dns-traffic.ts serve ADDRESS | ask ADDRESS SECONDS SOURCE_PREFIX SOURCES\n');
  process.exit(2);
}
