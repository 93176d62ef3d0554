import assert from 'node:assert/strict';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { Rejections } from '../../model/rejection.ts';
import { createRequestBatch, type RequestBatch } from '../../model/request-batch.ts';
import { requestValue } from '../../model/request-json.ts';
import { LogDecoder } from '../../wire/log/log-decoder.ts';
import { LogFollower } from './log-follower.ts';
import { PositionFile } from './positions.ts';

const top = mkdtempSync(join(tmpdir(), 'bonghwa-follow-'));
after(() => rmSync(top, { recursive: true, force: true }));

const PATIENCE_MS = 5000;

/** A directory with a log, and a follower of it that can be ended and started anew. */
class Scene {
  readonly directory: string;
  readonly log: string;
  readonly seen: string[] = [];
  readonly rejections = new Rejections();
  #follower: LogFollower | undefined;
  #next = 0;

  constructor(name: string) {
    this.directory = join(top, name);
    mkdirSync(this.directory);
    this.log = join(this.directory, 'access.log');
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  start(pattern = this.log): void {
    this.#follower = new LogFollower({
      logs: [{ pattern, createDecoder: () => new LogDecoder(this.rejections) }],
      batch: createRequestBatch(16),
      sink: {
        take: (batch: RequestBatch): void => {
          for (let row = 0; row < batch.length; row++)
            this.seen.push(String(requestValue(batch, 'path', row)).slice(1));
          batch.length = 0;
          batch.textLength = 0;
        },
      },
      positions: new PositionFile(this.path('state/positions.json')),
      pollMs: 5,
      retiredMs: 60,
    });
    this.#follower.start();
  }

  async stop(): Promise<void> {
    await this.#follower?.stop();
    this.#follower = undefined;
  }

  /** Appends so many lines to a file; their paths are numbers that go on. */
  write(lines: number, path = this.log): void {
    let text = '';
    for (let at = 0; at < lines; at++) text += line(this.#next++);
    appendFileSync(path, text);
  }

  /** Waits until all lines that were written have been seen, and then whether one comes twice. */
  async all(from = 0): Promise<void> {
    const want = Array.from({ length: this.#next - from }, (_, at) => String(from + at));
    for (let waited = 0; this.seen.length < want.length && waited < PATIENCE_MS; waited += 5) await sleep(5);
    await sleep(30);
    assert.deepEqual(this.seen, want);
  }
}

/** A line that no two numbers share any head of. */
function line(at: number): string {
  return `192.0.2.1 - - [10/Oct/2023:13:55:00 +0000] "GET /${at} HTTP/1.1" 200 1 "-" "agent ${Math.imul(at + 1, 2_654_435_761) >>> 0}"\n`;
}

/** Waits until the follower has looked a few times. */
const settle = (): Promise<void> => sleep(60);

describe('following a log', { concurrency: true }, () => {
  it('takes what comes, not what was there at the first start', async () => {
    const scene = new Scene('plain');
    scene.write(5);
    scene.start();
    await settle();
    scene.write(100);
    await scene.all(5);
    await scene.stop();
  });

  it('takes a line when it is whole', async () => {
    const scene = new Scene('halves');
    writeFileSync(scene.log, '');
    scene.start();
    await settle();
    const whole = line(0);
    appendFileSync(scene.log, whole.slice(0, 40));
    await settle();
    assert.deepEqual(scene.seen, []);
    appendFileSync(scene.log, whole.slice(40));
    await settle();
    await scene.stop();
    assert.deepEqual(scene.seen, ['0']);
    assert.deepEqual(scene.rejections.toRecord(), {});
  });

  it('a log that appears later is read from its begin, as are those that a pattern fits', async () => {
    const scene = new Scene('later');
    scene.start(join(scene.directory, '*.log'));
    await settle();
    scene.write(3);
    await scene.all();
    scene.write(3, scene.path('other.log'));
    await scene.all();
    await scene.stop();
  });

  it('rotation by rename: the old file is read to its end, and late lines in it too', async () => {
    const scene = new Scene('rename');
    writeFileSync(scene.log, '');
    scene.start(`${scene.log}*`);
    await settle();
    scene.write(50);
    renameSync(scene.log, scene.path('access.log.1'));
    scene.write(5, scene.path('access.log.1'));
    await settle();
    scene.write(50);
    await scene.all();
    // The next rotation compresses the older one: nothing of it is read again.
    writeFileSync(scene.path('access.log.2.gz'), gzipSync(readFileSync(scene.path('access.log.1'))));
    unlinkSync(scene.path('access.log.1'));
    renameSync(scene.log, scene.path('access.log.1'));
    scene.write(10);
    await scene.all();
    await scene.stop();
  });

  it('a log that was empty until it was rotated is not read twice, whatever is looked at first', async () => {
    for (let round = 0; round < 12; round++) {
      const scene = new Scene(`empty-${round}`);
      writeFileSync(scene.log, '');
      scene.start(`${scene.log}*`);
      await settle();
      await sleep(round);
      scene.write(20);
      renameSync(scene.log, scene.path('access.log.1'));
      await settle();
      scene.write(5);
      await scene.all();
      await scene.stop();
    }
  });

  it('rotation by copy and truncation: what was not read yet is read from the copy', async () => {
    const scene = new Scene('copytruncate');
    writeFileSync(scene.log, '');
    scene.start(`${scene.log}*`);
    await settle();
    scene.write(50);
    await scene.all();
    // Within one look: more lines, the copy, the truncation, and lines behind it.
    scene.write(20);
    copyFileSync(scene.log, scene.path('access.log.1'));
    truncateSync(scene.log, 0);
    scene.write(5);
    for (let waited = 0; scene.seen.length < 75 && waited < PATIENCE_MS; waited += 5) await sleep(5);
    await settle();
    assert.deepEqual(
      scene.seen.map(Number).sort((left, right) => left - right),
      Array.from({ length: 75 }, (_, at) => at),
    );
    await scene.stop();
  });

  it('a log that is cut and written anew is read anew', async () => {
    const scene = new Scene('truncate');
    writeFileSync(scene.log, '');
    scene.start();
    await settle();
    scene.write(20);
    await scene.all();
    truncateSync(scene.log, 0);
    await settle();
    scene.write(2);
    await scene.all();
    await scene.stop();
  });
});

it('a store of positions that fails is told once, and stops nothing', async () => {
  const scene = new Scene('store');
  writeFileSync(scene.log, '');
  const faults: string[] = [];
  let broken = true;
  let saved = 0;
  const follower = new LogFollower({
    logs: [{ pattern: scene.log, createDecoder: () => new LogDecoder(scene.rejections) }],
    batch: createRequestBatch(16),
    sink: {
      take: (batch: RequestBatch): void => {
        for (let row = 0; row < batch.length; row++) scene.seen.push(String(requestValue(batch, 'path', row)).slice(1));
        batch.length = 0;
        batch.textLength = 0;
      },
    },
    positions: {
      load: () => undefined,
      save: () => {
        if (broken) throw new Error('no space left');
        saved++;
      },
    },
    pollMs: 5,
    onFault: (path, fault) => faults.push(`${path}: ${fault}`),
  });
  follower.start();
  await settle();
  scene.write(3);
  await scene.all();
  broken = false;
  await settle();
  await follower.stop();
  assert.ok(saved > 0);
  assert.deepEqual(faults, ['the positions of logs: no space left', 'the positions of logs: undefined']);
});

describe('following over a restart', { concurrency: true }, () => {
  const cases: [string, (scene: Scene) => void][] = [
    ['nothing happened', () => undefined],
    ['lines came', (scene) => scene.write(7)],
    [
      'it was renamed',
      (scene) => {
        scene.write(7);
        renameSync(scene.log, scene.path('access.log.1'));
        scene.write(7);
      },
    ],
    [
      'it was renamed and is not there',
      (scene) => {
        scene.write(7);
        renameSync(scene.log, scene.path('access.log-20231010'));
      },
    ],
    [
      'it was renamed and compressed',
      (scene) => {
        scene.write(7);
        writeFileSync(scene.path('access.log.1.gz'), gzipSync(readFileSync(scene.log)));
        unlinkSync(scene.log);
        scene.write(7);
      },
    ],
    [
      'it was copied and truncated',
      (scene) => {
        scene.write(7);
        copyFileSync(scene.log, scene.path('access.log.1'));
        truncateSync(scene.log, 0);
        scene.write(7);
      },
    ],
  ];
  for (const [name, meanwhile] of cases) {
    it(`while it was down ${name}: nothing twice, nothing left out`, async () => {
      const scene = new Scene(`down ${name}`);
      writeFileSync(scene.log, '');
      scene.start(`${scene.log}*`);
      await settle();
      scene.write(30);
      await scene.all();
      await scene.stop();
      meanwhile(scene);
      scene.start(`${scene.log}*`);
      await settle();
      scene.write(3);
      await scene.all();
      await scene.stop();
    });
  }

  it('a W3C log goes on with the fields that its begin names', async () => {
    const scene = new Scene('w3c');
    writeFileSync(
      scene.log,
      '#Fields: date time c-ip cs-method cs-uri-stem sc-status\n2023-10-10 13:55:00 192.0.2.1 GET /0 200\n',
    );
    scene.start();
    await settle();
    await scene.stop();
    appendFileSync(scene.log, '2023-10-10 13:55:01 192.0.2.1 GET /1 200\n');
    scene.start();
    await settle();
    await scene.stop();
    assert.deepEqual(scene.seen, ['1']);
  });
});
