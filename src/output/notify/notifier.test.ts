import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer as createHttp, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer as createTcp } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fixedReport } from '../../../test/support/report.ts';
import { SmtpServer } from '../../../test/support/smtp-server.ts';
import type { Attack } from '../../model/attack.ts';
import { type Receiver, receiverSchema } from '../../model/receiver.ts';
import type { StationEvent } from '../../model/station-event.ts';
import type { Message } from './message.ts';
import { Notifier } from './notifier.ts';
import { isSigned } from './webhook.ts';

const [flood] = fixedReport().attacks;
const AT = '2026-03-05T12:00:00.000Z';

const attackEvent = (n: number, state: 'opened' | 'closed', changed: Partial<Attack> = {}): StationEvent => ({
  kind: 'attack',
  state,
  at: AT,
  attack: { ...flood, id: `a${n}`, ongoing: state === 'opened', ...changed },
});

interface Taken {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A program that takes what is sent to it, or refuses as often as it is told. */
async function httpReceiver(
  refuse = 0,
): Promise<{ url: string; taken: Taken[]; close: () => void; hang: (yes: boolean) => void }> {
  const taken: Taken[] = [];
  let [left, hangs] = [refuse, false];
  const server = createHttp((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      if (hangs) return;
      taken.push({ path: request.url ?? '', headers: request.headers, body });
      if (left-- > 0) response.writeHead(500).end('not now');
      else response.end('ok');
    });
  }).listen(0, '127.0.0.1');
  // A test that fails must not keep the others waiting.
  server.unref();
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    taken,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
    hang: (yes) => {
      hangs = yes;
    },
  };
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const endMs = Date.now() + 20_000; !holds(); await sleep(10)) assert.ok(Date.now() < endMs, `in vain: ${what}`);
}

interface Bench {
  readonly notifier: Notifier;
  readonly problems: string[];
  readonly told: Map<string, readonly string[]>;
}

async function withNotifier(
  receivers: readonly Partial<Receiver>[],
  use: (bench: Bench) => Promise<void>,
  options: { groupSeconds?: number; now?: () => number; told?: Map<string, readonly string[]> } = {},
): Promise<void> {
  const problems: string[] = [];
  const told = options.told ?? new Map<string, readonly string[]>();
  const notifier = new Notifier({
    groupSeconds: options.groupSeconds ?? 0,
    station: () => ({ name: 'Ministry of Examples', url: 'https://bonghwa.example' }),
    secretOf: async ({ secret }) => (typeof secret === 'string' ? secret : undefined),
    told: async (name) => told.get(name) ?? [],
    keepTold: async (name, keys) => {
      told.set(name, keys);
    },
    onProblem: (error) => problems.push(error.message),
    hurry: 100,
    ...(options.now === undefined ? {} : { now: options.now }),
  });
  try {
    await notifier.setReceivers(receivers.map((receiver) => receiverSchema.parse(receiver)));
    await use({ notifier, problems, told });
  } finally {
    await notifier.close();
  }
}

const messages = (taken: readonly Taken[]): Message[] => taken.map(({ body }) => JSON.parse(body) as Message);
const titles = (taken: readonly Taken[]): string[] =>
  messages(taken).flatMap(({ lines }) => lines.map(({ title }) => title));

describe('what receivers are told', () => {
  it('signs what it sends to a webhook, and gives a repeated message the same id', async () => {
    const receiver = await httpReceiver(2);
    await withNotifier(
      [{ name: 'hook', kind: 'webhook', url: `${receiver.url}/in`, secret: 'key' }],
      async ({ notifier, problems }) => {
        notifier.take(attackEvent(1, 'opened'));
        await until('the third attempt', () => receiver.taken.length === 3);
        const ids = new Set(receiver.taken.map(({ headers }) => headers['x-bonghwa-delivery']));
        assert.equal(ids.size, 1);
        for (const { headers, body } of receiver.taken) {
          const [timestamp, signature] = [
            String(headers['x-bonghwa-timestamp']),
            String(headers['x-bonghwa-signature']),
          ];
          assert.ok(isSigned('key', timestamp, body, signature));
          assert.ok(!isSigned('other', timestamp, body, signature));
          assert.ok(!isSigned('key', timestamp, `${body} `, signature));
        }
        const [message] = messages(receiver.taken);
        assert.deepEqual(
          [message.station, message.lines[0].url],
          ['Ministry of Examples', 'https://bonghwa.example/attacks/a1'],
        );
        await until('it is counted', () => notifier.statusOf('hook')?.sent === 1);
        assert.deepEqual([notifier.statusOf('hook')?.failed, notifier.statusOf('hook')?.lost, problems], [2, 0, []]);
      },
    );
    receiver.close();
  });

  it('groups what comes together, tells it once, and tells no end of what it did not tell of', async () => {
    const receiver = await httpReceiver();
    const hook = { name: 'hook', kind: 'webhook', url: receiver.url, secret: 'key' } as const;
    const told = new Map<string, readonly string[]>();
    await withNotifier(
      [hook],
      async ({ notifier }) => {
        for (let n = 0; n < 30; n++) notifier.take(attackEvent(n, 'opened'));
        for (let n = 0; n < 30; n++) notifier.take(attackEvent(n, 'opened'));
        // It is over before anybody was told.
        notifier.take(attackEvent(5, 'closed'));
        notifier.take(attackEvent(99, 'closed'));
        await until('one message', () => receiver.taken.length === 1);
        const [{ lines, more, subject }] = messages(receiver.taken);
        assert.deepEqual([lines.length, more], [20, 9]);
        assert.match(subject, /^29 events: Attack on /);
        notifier.take(attackEvent(1, 'closed'));
        notifier.take(attackEvent(1, 'closed'));
        notifier.take(attackEvent(2, 'opened'));
        await until('the end', () => receiver.taken.length === 2);
        assert.deepEqual(
          titles(receiver.taken.slice(1)).map((title) => title.includes('is over')),
          [true],
        );
      },
      { groupSeconds: 0.3, told },
    );
    assert.ok(told.get('hook')?.includes('attack a2') && !told.get('hook')?.includes('attack a1'));
    // After a restart, the end of what was told before is told.
    await withNotifier(
      [hook],
      async ({ notifier }) => {
        notifier.take(attackEvent(2, 'closed'));
        notifier.take(attackEvent(1, 'closed'));
        await until('the end of one', () => receiver.taken.length === 3);
        await sleep(100);
        assert.equal(receiver.taken.length, 3);
      },
      { told },
    );
    receiver.close();
  });

  it('leaves people in peace at night, but for what is worse, and tells in the morning what still holds', async () => {
    const receiver = await httpReceiver();
    let nowMs = Date.parse('2026-03-05T22:30:00.000Z');
    const quiet = { from: '22:00', to: '07:00', zone: 'UTC', below: 'high' } as const;
    await withNotifier(
      [{ name: 'duty', kind: 'webhook', url: receiver.url, secret: 'k', quiet }],
      async ({ notifier }) => {
        notifier.take(attackEvent(1, 'opened', { target: { kind: 'address', value: '192.0.2.1' } }));
        notifier.take(attackEvent(2, 'opened', { target: { kind: 'address', value: '192.0.2.2' } }));
        notifier.take(attackEvent(3, 'opened', { target: { kind: 'site', value: 'www.court.example' } }));
        await until('the severe one', () => receiver.taken.length === 1);
        assert.deepEqual(titles(receiver.taken), ['Attack on www.court.example: SYN flood']);
        await until('the two that wait', () => notifier.statusOf('duty')?.waiting === 2);
        notifier.take(attackEvent(1, 'closed', { target: { kind: 'address', value: '192.0.2.1' } }));
        assert.equal(notifier.statusOf('duty')?.waiting, 1, 'it came and went while everybody slept');
        nowMs = Date.parse('2026-03-06T07:00:30.000Z');
        notifier.take(attackEvent(4, 'opened', { target: { kind: 'site', value: 'www.bank.example' } }));
        await until('the morning', () => receiver.taken.length === 2);
        assert.deepEqual(
          titles(receiver.taken.slice(1)).map((title) => title.split(':')[0]),
          ['Attack on www.bank.example', 'Attack on 192.0.2.2'],
        );
      },
      { now: () => nowMs },
    );
    receiver.close();
  });

  it('never waits for a slow receiver, drops the oldest and counts them, and keeps others apart from it', async () => {
    const [slow, quick] = [await httpReceiver(), await httpReceiver()];
    slow.hang(true);
    await withNotifier(
      [
        { name: 'slow', kind: 'webhook', url: slow.url, secret: 'k' },
        { name: 'quick', kind: 'webhook', url: quick.url, secret: 'k' },
      ],
      async ({ notifier }) => {
        let longestMs = 0;
        for (let n = 0; n < 300; n++) {
          const startMs = performance.now();
          notifier.take(attackEvent(n, 'opened'));
          longestMs = Math.max(longestMs, performance.now() - startMs);
          await sleep(2);
        }
        assert.ok(longestMs < 50, `an event took ${longestMs} ms`);
        await until('the quick one has all', () => titles(quick.taken).length === 300);
        const status = notifier.statusOf('slow');
        assert.ok((status?.lost ?? 0) > 0, 'what waits is bounded');
        assert.ok((status?.waiting ?? 0) <= 1100);
      },
    );
    slow.close();
    quick.close();
  });

  it('gives up in the end, says so, and a test tells why', async () => {
    const receiver = await httpReceiver(1000);
    await withNotifier(
      [{ name: 'hook', kind: 'webhook', url: receiver.url, secret: 'key' }],
      async ({ notifier, problems }) => {
        await assert.rejects(notifier.test('hook'), /it answers 500 not now/);
        notifier.take(attackEvent(1, 'opened'));
        await until('it is given up', () => problems.length === 1);
        assert.match(problems[0], /hook was not told: it answers 500/);
        assert.equal(notifier.statusOf('hook')?.lost, 1);
        assert.equal(await notifier.test('nobody'), false);
      },
    );
    receiver.close();
    await withNotifier(
      [{ name: 'gone', kind: 'webhook', url: 'http://127.0.0.1:9/', secret: 'key' }],
      async ({ notifier }) => {
        await assert.rejects(notifier.test('gone'), /cannot be reached \(ECONNREFUSED\)|bad port|cannot be reached/);
      },
    );
  });
});

const HOSTILE = '<!channel> @here **bold** [x](http://evil.example) |"]\\= \u202e\r\nBcc: all@evil.example';

describe('the ways to a receiver', () => {
  const hostile = attackEvent(1, 'opened', { why: HOSTILE, target: { kind: 'site', value: HOSTILE } });

  it('e-mail: a mail of plain text to everybody named, whose header nobody adds to', async () => {
    const server = await SmtpServer.start();
    const mail = {
      name: 'duty',
      kind: 'email',
      url: `smtp://127.0.0.1:${server.port}`,
      from: 'bonghwa@cert.example',
      to: ['one@cert.example', 'two@cert.example'],
      language: 'ko',
    } satisfies Partial<Receiver>;
    await withNotifier([mail], async ({ notifier }) => {
      notifier.take(hostile);
      await until('the mail', () => server.mails.length === 1);
      const [{ from, to, text }] = server.mails;
      assert.deepEqual([from, to], ['bonghwa@cert.example', ['one@cert.example', 'two@cert.example']]);
      const [head] = text.split('\r\n\r\n');
      assert.match(head, /^Subject: =\?UTF-8\?/m);
      assert.match(head, /^Auto-Submitted: auto-generated$/m);
      assert.doesNotMatch(head, /^Bcc:/m);
    });
    await server.close();
  });

  it('chats: nothing in a name is markup there, or mentions everybody', async () => {
    const receiver = await httpReceiver();
    const at = { secret: `${receiver.url}/hook` };
    await withNotifier(
      [
        { name: 'slack', kind: 'slack', ...at },
        { name: 'mattermost', kind: 'mattermost', ...at },
        { name: 'teams', kind: 'teams', ...at },
        { name: 'telegram', kind: 'telegram', url: receiver.url, secret: '1:token', to: ['-100'] },
        { name: 'matrix', kind: 'matrix', url: receiver.url, secret: 'token', to: ['!room:matrix.example'] },
      ],
      async ({ notifier }) => {
        for (const name of ['slack', 'mattermost', 'teams', 'telegram', 'matrix']) await notifier.test(name);
        receiver.taken.length = 0;
        notifier.take(hostile);
        await until('all five', () => receiver.taken.length === 5);
        const body = (part: string): string =>
          receiver.taken.find(({ path, body: text }) => path.includes(part) || text.includes(part))?.body ?? '';
        assert.match(body('mrkdwn'), /&lt;!channel&gt;/);
        assert.doesNotMatch(body('"username":"Bonghwa"'), /@here|[^\\]\*\*bold/);
        assert.doesNotMatch(body('adaptive'), /[^\\]\[x\]/);
        assert.equal((JSON.parse(body('/bot1:token/sendMessage')) as { chat_id: string }).chat_id, '-100');
        const matrix = receiver.taken.find(({ path }) => path.startsWith('/_matrix/'));
        assert.match(matrix?.path ?? '', /\/rooms\/!room%3Amatrix\.example\/send\/m\.room\.message\/[\w-]+$/);
        assert.equal(matrix?.headers.authorization, 'Bearer token');
        for (const { body: text } of receiver.taken) assert.doesNotMatch(text, /\u202e|\\u202e/);
      },
    );
    receiver.close();
  });

  it('logs: RFC 5424 over UDP, CEF with its lengths over TCP', async () => {
    const udp = createSocket('udp4').bind(0, '127.0.0.1');
    await once(udp, 'listening');
    const datagrams: string[] = [];
    udp.on('message', (bytes) => datagrams.push(bytes.toString()));
    let stream = '';
    const tcp = createTcp((socket) => {
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        stream += chunk;
      });
    }).listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    await withNotifier(
      [
        { name: 'syslog', kind: 'syslog', url: `udp://127.0.0.1:${udp.address().port}` },
        { name: 'siem', kind: 'cef', url: `tcp://127.0.0.1:${(tcp.address() as AddressInfo).port}` },
      ],
      async ({ notifier }) => {
        notifier.take(hostile);
        await until('both', () => datagrams.length === 1 && stream.includes('CEF:0'));
        assert.match(
          datagrams[0],
          /^<131>1 2026-03-05T12:00:00\.000Z \S+ bonghwa \d+ attack-began \[bonghwa@32473 kind="attack" state="began" key="attack a1" url="[^"]+"\] \ufeffAttack on /,
        );
        assert.doesNotMatch(datagrams[0], /[\r\n]/);
        const [, length, event] = /^(\d+) (.+)$/s.exec(stream) ?? [];
        assert.equal(Buffer.byteLength(event), Number(length));
        assert.match(
          event,
          /CEF:0\|Bonghwa\|station\|1\|attack-began\|[^\n]*\|8\|rt=1772712000000 externalId=attack a1 msg=.*\\=/,
        );
      },
    );
    udp.close();
    tcp.close();
  });
});
