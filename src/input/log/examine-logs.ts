import { globSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Config } from '../../model/config.ts';
import type { LogFormat } from '../../wire/log/log-formats.ts';
import { recogniseLog } from '../../wire/log/recognise-log.ts';
import { readLogFormat } from './server-config-file.ts';

/** What is wrong with a log of the configuration, or what is to be known of it. */
export interface LogFinding {
  /** `fault`: a station does not start with it; `note`: good to know. */
  readonly kind: 'fault' | 'note';
  readonly text: string;
}

/** Files of one pattern that are looked at, and bytes of each. */
const FILES_MAX = 20;
const HEAD_BYTES = 256 * 1024;

/** Looks at the logs of a configuration: whether their formats are any, whether they are there, can be read, and what they are. */
export async function examineLogs({ sites, inputs }: Pick<Config, 'sites' | 'inputs'>): Promise<LogFinding[]> {
  const findings: LogFinding[] = [];
  const formatOf = (text: string, where: string, path?: string): LogFormat | undefined => {
    const format = readLogFormat(text, path);
    if (typeof format !== 'string') return format;
    findings.push({ kind: 'fault', text: `the format of ${where}: ${format}` });
    return undefined;
  };
  const logs = [
    ...sites.flatMap(({ name, logs: paths, logFormat }) =>
      paths.map((path) => ({ path, format: logFormat, of: name })),
    ),
    ...inputs.logs.map(({ path, format, site }) => ({ path, format, of: site })),
  ];
  for (const { path, format, of } of logs) {
    const known = formatOf(format, path, path);
    if (known === undefined) continue;
    const whose = of === undefined ? '' : ` (${of})`;
    const paths = /[*?[\]{}]/.test(path) ? globSync(path).sort() : [path];
    if (paths.length === 0) findings.push({ kind: 'note', text: `log ${path}${whose}: no file fits yet` });
    for (const each of paths.slice(0, FILES_MAX))
      findings.push({ kind: 'note', text: `log ${each}${whose}: ${await examineFile(each, known)}` });
    if (paths.length > FILES_MAX)
      findings.push({ kind: 'note', text: `log ${path}${whose}: ${paths.length - FILES_MAX} further files fit` });
  }
  for (const { listen, transport, format } of inputs.syslog)
    formatOf(format, `syslog ${transport} ${listen.address}:${listen.port}`);
  return findings;
}

/** What the beginning of a file says of it. */
async function examineFile(path: string, format: LogFormat): Promise<string> {
  const head = await readHead(path);
  if (typeof head === 'string') return head;
  if (head.length === 0) return 'it is empty yet';
  const found = recogniseLog(head, format);
  if (found === undefined)
    return format.kind === 'auto'
      ? 'none of its first lines is a request of a format that is known; name the format'
      : 'none of its first lines is a request in the format that is given';
  const all = found.lines + found.rejected;
  const lines = found.rejected === 0 ? 'all' : `${found.lines} of`;
  return `${found.format}; ${lines} ${all} first lines are requests`;
}

async function readHead(path: string): Promise<Uint8Array | string> {
  try {
    const file = await open(path);
    try {
      if (!(await file.stat()).isFile()) return 'it is no file';
      const head = new Uint8Array(HEAD_BYTES);
      const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0);
      return head.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'it is not there yet';
    if (code === 'EACCES' || code === 'EPERM') return 'whoever runs this may not read it';
    return `it cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}
