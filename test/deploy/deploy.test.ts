import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createProgram } from '../../src/cli/program.ts';
import { RECEIVE_BUFFER_BYTES } from '../../src/input/udp-port.ts';

const TOP = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(TOP, path), 'utf8');
const directory = mkdtempSync(join(tmpdir(), 'bonghwa-deploy-'));
after(() => rmSync(directory, { recursive: true, force: true }));

/** Exposure that `systemd-analyze security` counts, of 100: the unit has 16 where its version knows all settings. */
const EXPOSURE_MAX = 25;

function hasTool(name: string): boolean {
  return spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** Faults of a command line of bonghwa, as commander would find them; nothing is started. */
async function faultOf(args: readonly string[]): Promise<string | undefined> {
  const started: string[] = [];
  const program = createProgram(new AbortController().signal, () => undefined);
  for (const command of program.commands) {
    command.configureOutput({ outputError: () => undefined }).action(() => void started.push(command.name()));
  }
  try {
    await program.parseAsync(['node', 'bonghwa', ...args]);
  } catch (error) {
    return (error as Error).message;
  }
  return started.length === 1 ? undefined : 'no command was started';
}

/** What systemd itself says of a unit, where it is installed; and of one in which a line is misspelt. */
function systemdFindsNoFault(name: string, [line, misspelt]: readonly [line: string, misspelt: string]): void {
  const unit = read(`deploy/${name}`);
  // The unit with programs that are on this machine: systemd looks whether they are there.
  const here = join(directory, name);
  writeFileSync(here, unit.replace('ExecStart=/usr/bin/node', `ExecStart=${process.execPath}`));
  const skip = hasTool('systemd-analyze') ? false : 'systemd-analyze is not installed';

  test('systemd finds no fault in it', { skip }, () => {
    const verify = (file: string) => spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' });
    const { status, stderr } = verify(here);
    assert.ok(!stderr.includes(name), stderr);
    assert.equal(status, 0, stderr);
    const broken = join(directory, `broken-${name}`);
    writeFileSync(broken, unit.replace(line, misspelt));
    assert.match(verify(broken).stderr, new RegExp(misspelt.split('=')[0]));
  });

  test('systemd counts little that it may do', { skip }, (context) => {
    const told = spawnSync('systemd-analyze', ['security', '--offline=yes', `--threshold=${EXPOSURE_MAX}`, here], {
      encoding: 'utf8',
    });
    if (/unrecognized option|invalid option/.test(told.stderr))
      return context.skip('this systemd-analyze cannot look at a file');
    assert.equal(told.status, 0, told.stdout.slice(-300));
    return undefined;
  });
}

describe('deploy/bonghwa.service', () => {
  const unit = read('deploy/bonghwa.service');
  const execStart = /^ExecStart=(.*)$/m.exec(unit)?.[1].split(' ') ?? [];

  test('starts a command that there is, from the package as it is installed', async () => {
    assert.deepEqual(execStart.slice(0, 2), ['/usr/bin/node', '/opt/bonghwa/node_modules/bonghwa/bin/bonghwa.js']);
    assert.equal(await faultOf(execStart.slice(2)), undefined);
    assert.match((await faultOf(['serve', '--no-such-option'])) ?? '', /unknown option/);
  });

  test('gives the station its directories, and time to stop', () => {
    assert.ok(execStart.join(' ').includes('--data /var/lib/bonghwa'));
    for (const line of [
      'StateDirectory=bonghwa',
      'Restart=always',
      'TimeoutStopSec=10',
      'ExecReload=/bin/kill -HUP $MAINPID',
    ])
      assert.match(unit, new RegExp(`^${line.replace(/[$/]/g, '\\$&')}$`, 'm'));
  });

  systemdFindsNoFault('bonghwa.service', ['WatchdogSec=30', 'WatchdogSeconds=30']);
});

describe('deploy/bonghwa-vantage.service', () => {
  const unit = read('deploy/bonghwa-vantage.service');
  const execStart = /^ExecStart=(.*)$/m.exec(unit)?.[1].split(' ') ?? [];

  test('starts a command that there is, with a directory in which results wait', async () => {
    assert.deepEqual(execStart.slice(0, 2), ['/usr/bin/node', '/opt/bonghwa/node_modules/bonghwa/bin/bonghwa.js']);
    const args = execStart.slice(2).filter((word) => word !== '$BONGHWA_OPTIONS');
    assert.equal(await faultOf(args), undefined);
    assert.ok(args.join(' ').includes('--data /var/lib/bonghwa-vantage'));
    for (const line of ['StateDirectory=bonghwa-vantage', 'Restart=always', 'TimeoutStopSec=10'])
      assert.match(unit, new RegExp(`^${line}$`, 'm'));
  });

  systemdFindsNoFault('bonghwa-vantage.service', ['RestartSec=5', 'RestartSeconds=5']);
});

describe('deploy/90-bonghwa.sysctl.conf', () => {
  test('allows the buffer that receivers ask for', () => {
    const value = /^net\.core\.rmem_max = (\d+)$/m.exec(read('deploy/90-bonghwa.sysctl.conf'))?.[1];
    assert.equal(Number(value), RECEIVE_BUFFER_BYTES);
  });
});

describe('deploy/Containerfile', () => {
  const text = read('deploy/Containerfile');
  const lines = text.replace(/\\\n\s*/g, '').split('\n');
  const copies = lines.filter((line) => line.startsWith('COPY ')).map((line) => line.split(' ').slice(1));
  const manifest = JSON.parse(read('package.json')) as { scripts: Record<string, string>; engines: { node: string } };

  test('copies what there is', () => {
    assert.ok(copies.length > 5);
    const ignored = read('deploy/Containerfile.dockerignore').split('\n');
    for (const [first, ...rest] of copies) {
      if (first.startsWith('--from=build')) continue;
      for (const path of [first, ...rest].slice(0, -1)) {
        assert.ok(existsSync(join(TOP, path)), path);
        assert.ok(ignored.includes(`!${path}`), `${path} is sent to the build`);
      }
    }
  });

  test('copies from the build what the build makes', () => {
    const made = copies.filter(([first]) => first === '--from=build').map(([, path]) => path);
    assert.deepEqual(made, ['/opt/bonghwa/node_modules', '/opt/bonghwa/dist']);
    assert.match(text, /^RUN npm ci .*$/m);
    assert.match(text, /^RUN npm run build && npm prune --omit=dev/m);
    assert.ok('build' in manifest.scripts);
    assert.match(read('scripts/build.ts'), /'dist'/);
  });

  test('has the Node that the package needs, in both stages, and does not run as root', () => {
    const needed = /\d+/.exec(manifest.engines.node)?.[0];
    const images = lines.filter((line) => line.startsWith('FROM '));
    assert.equal(images.length, 2);
    for (const image of images) assert.match(image, new RegExp(`/node:${needed}-bookworm-slim( |$)`));
    assert.ok(lines.lastIndexOf('USER node') < lines.findIndex((line) => line.startsWith('ENTRYPOINT')));
    assert.ok(lines.lastIndexOf('USER node') > 0);
  });

  test('starts a command that there is, and listens on the ports that it says', async () => {
    const json = (word: string): string[] =>
      JSON.parse(lines.find((line) => line.startsWith(`${word} [`))?.slice(word.length) ?? '[]') as string[];
    assert.deepEqual(json('ENTRYPOINT'), ['node', '/opt/bonghwa/bin/bonghwa.js']);
    const command = json('CMD');
    assert.equal(await faultOf(command), undefined);
    const exposed = lines.find((line) => line.startsWith('EXPOSE '))?.match(/\d+/g);
    assert.deepEqual(
      command.filter((word) => /^:\d+$/.test(word)).map((word) => word.slice(1)),
      exposed,
    );
    const healthcheck = lines.find((line) => line.startsWith('HEALTHCHECK '));
    assert.match(healthcheck ?? '', /127\.0\.0\.1:8480\/healthz'/);
    assert.match(read('src/api/contract/traffic.ts'), /\/healthz/);
  });
});
