import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Attack } from '../../src/model/attack.ts';
import { missingForNamespaces, Namespaces, SITE_ADDRESS } from './namespaces.ts';

const BONGHWA = fileURLToPath(new URL('../../bin/bonghwa.js', import.meta.url));
const NETWORK = '198.51.100.0/24';

const CALM_MS = 4000;
const FLOOD_MS = 10_000;
/** The rate is about 5,000 packets a second; should the flood not be stopped, it ends by itself. */
const FLOOD_PACKETS_MAX = 100_000;
/** The issue's own limit, from the start of the attacking program to what the station answers. */
const DETECTED_WITHIN_MS = 5000;
/** An attack is closed after a minute of quiet; asking takes a program's start, and is not done all the time. */
const ENDED_WITHIN_MS = 90_000;
const ASK_EVERY_MS = 2000;

const SERVER = `require('node:http').createServer((q, s) => s.end('hello')).listen(80, '${SITE_ADDRESS}', () => console.log('ready'))`;
const CLIENT = `setInterval(() => fetch('http://${SITE_ADDRESS}/').then((r) => r.text()).catch(() => {}), 50)`;

const missing = missingForNamespaces(['softflowd', 'hping3']);

describe('a station that softflowd exports to', { skip: missing ?? false }, () => {
  it('detects a real SYN flood within seconds, names it, ends it, and keeps its flows', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'bonghwa-serve-'));
    mkdirSync(join(directory, 'geo'));
    writeFileSync(join(directory, 'geo', 'country.csv'), '1.0.0.0,223.255.255.255,KR\n');
    writeFileSync(join(directory, 'geo', 'asn.csv'), '1.0.0.0,223.255.255.255,64500,"One"\n');
    const network = new Namespaces('serve');
    const node = process.execPath;
    const ask = async <T>(...args: string[]): Promise<T> =>
      JSON.parse(await network.run('router', node, [BONGHWA, ...args, '--data', directory])) as T;
    try {
      await network.start('site', node, ['-e', SERVER], 'ready');
      const station = await network.start(
        'router',
        node,
        [BONGHWA, 'serve', '--network', NETWORK, '--data', directory],
        'listening',
      );
      await network.start(
        'router',
        'softflowd',
        [
          ...['-d', '-i', 'outside', '-n', '127.0.0.1:2055', '-v', '9', '-m', '100000', '-c', 'none'],
          ...['-p', join(directory, 'softflowd.pid')],
          ...['maxlife=60', 'general=1', 'tcp=1', 'tcp.rst=1', 'tcp.fin=1', 'udp=1', 'expint=1'].flatMap((time) => [
            '-t',
            time,
          ]),
        ],
        'starting data collection',
      );
      await network.start('outside', node, ['-e', CLIENT]);
      await sleep(CALM_MS);

      const floodMs = Date.now();
      const flood = await network.start('outside', 'hping3', [
        ...['-q', '-n', '-S', '-p', '80', '--rand-source', '-i', 'u150', '-c', String(FLOOD_PACKETS_MAX), SITE_ADDRESS],
      ]);
      const attacks = (): Promise<{ attacks: Attack[] }> => ask('attacks', '--since', '1h', '--json');
      // Asking takes a program's start; when it was detected, the attack says.
      const opened = await until(FLOOD_MS, 500, async () => (await attacks()).attacks[0]);
      assert.ok(opened !== undefined, 'no attack was detected');
      const afterMs = Date.parse(opened.detectedAt) - floodMs;
      assert.ok(afterMs <= DETECTED_WITHIN_MS, `detected after ${afterMs} ms: ${opened.why} ${opened.start}`);
      assert.deepEqual(
        [opened.target.value, opened.direction, opened.vectors[0].name, opened.ongoing],
        [SITE_ADDRESS, 'in', 'syn-flood', true],
      );
      await sleep(Math.max(0, FLOOD_MS - (Date.now() - floodMs)));
      await network.stop(flood);

      const closed = await until(ENDED_WITHIN_MS, ASK_EVERY_MS, async () => {
        const [attack] = (await attacks()).attacks;
        return attack.ongoing ? undefined : attack;
      });
      assert.ok(closed !== undefined, 'the attack was ended');
      assert.equal(closed.id, opened.id);
      assert.equal((await attacks()).attacks.length, 1);

      const flows = await until(20_000, ASK_EVERY_MS, async () => {
        const answer = await ask<{ groups: { packets: number }[] }>(
          ...['flows', '--since', '1h', '--target', SITE_ADDRESS, '--top', 'class', '--json'],
        );
        return answer.groups.length > 0 ? answer : undefined;
      });
      assert.ok(flows !== undefined && flows.groups[0].packets > 1000, 'the flows of the attack can be asked for');
      for (const [top, key] of [
        ['srcCountry', 'KR'],
        ['srcAsn', 64_500],
      ] as const) {
        const { groups } = await ask<{ groups: { key: unknown[]; packets: number }[] }>(
          ...['flows', '--since', '1h', '--target', SITE_ADDRESS, '--top', top, '--json'],
        );
        const told = groups.find((group) => group.key[0] === key);
        assert.ok(
          told !== undefined && told.packets > 1000,
          `${top} of the sources is told: ${JSON.stringify(groups)}`,
        );
      }

      const stoppingMs = Date.now();
      await network.stop(station);
      assert.ok(Date.now() - stoppingMs <= 5000, 'a graceful stop takes at most 5 s');
      assert.equal(station.exitCode, 0);
    } finally {
      await network.close();
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

/** What `look` finds, asked again and again until it does or time is up. */
async function until<T>(limitMs: number, everyMs: number, look: () => Promise<T | undefined>): Promise<T | undefined> {
  const endMs = Date.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() >= endMs) return undefined;
    await sleep(everyMs);
  }
}
