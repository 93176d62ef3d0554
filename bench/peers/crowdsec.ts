import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChildUse, isInstalled, runChild } from './child.ts';

/** CrowdSec with the parsers and scenarios of its package, in a directory of its own; nothing is sent to its makers. */
const INSTALLED = '/etc/crowdsec';
const API = '127.0.0.1:21080';
const METRICS_PORT = 21_060;
/** A scenario whose data is not in the package of Debian: it fails for every line, and says so in kilobytes. */
const WITHOUT_DATA = 'http-path-traversal-probing.yaml';

/** Replays a log of nginx; undefined where it is not installed, or its configuration is not the package's. */
export async function replayWithCrowdsec(log: string): Promise<ChildUse | undefined> {
  if (!isInstalled('crowdsec') || !isInstalled('cscli')) return undefined;
  const directory = mkdtempSync(join(tmpdir(), 'bonghwa-crowdsec-'));
  try {
    const config = configure(directory);
    if (config === undefined) return undefined;
    const credentials = join(directory, 'credentials.yaml');
    await runChild('cscli', [
      '-c',
      config,
      'machines',
      'add',
      'bench',
      '--auto',
      '-f',
      credentials,
      '-u',
      `http://${API}`,
    ]);
    return await runChild('crowdsec', ['-c', config, '-dsn', `file://${log}`, '-type', 'nginx']);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A configuration that keeps everything in the directory; undefined where the installed one cannot be read. */
function configure(directory: string): string | undefined {
  const own = join(directory, 'etc');
  try {
    cpSync(INSTALLED, own, { recursive: true, verbatimSymlinks: true });
    for (const name of readdirSync(join(own, 'scenarios')))
      if (name === WITHOUT_DATA) rmSync(join(own, 'scenarios', name));
    const text = readFileSync(join(own, 'config.yaml'), 'utf8')
      .replace('config_dir: /etc/crowdsec/', `config_dir: ${own}/`)
      .replace(/db_path: .*/, `db_path: ${join(directory, 'crowdsec.db')}`)
      .replace(/listen_uri: .*/, `listen_uri: ${API}`)
      .replace('/etc/crowdsec/local_api_credentials.yaml', join(directory, 'credentials.yaml'))
      .replace(/listen_port: .*/, `listen_port: ${METRICS_PORT}`)
      .replace(/log_media: .*/, 'log_media: stdout')
      .replace('daemonize: true', 'daemonize: false')
      .replace(/ {4}online_client:.*\n.*\n/, '');
    const path = join(directory, 'config.yaml');
    writeFileSync(path, text);
    return path;
  } catch {
    return undefined;
  }
}
