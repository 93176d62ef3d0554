import { type FileHandle, open } from 'node:fs/promises';
import { BonghwaError } from '../base/errors.ts';
import { CONFIG_BYTES_MAX, type Config, type ConfigResult, parseConfig } from '../model/config.ts';

/** Reads and parses a configuration file. Throws BonghwaError FILE_UNREADABLE; its faults are in the result. */
export async function readConfig(file: string): Promise<ConfigResult> {
  return parseConfig(await readText(file));
}

/** The configuration in a file. Throws BonghwaError FILE_UNREADABLE, or CONFIG_INVALID with all of its faults. */
export async function loadConfig(file: string): Promise<Config> {
  const result = await readConfig(file);
  if (result.kind === 'ok') return result.config;
  const problems = problemLines(file, result);
  throw new BonghwaError('CONFIG_INVALID', problems.join('\n         '), {
    hint: `Correct ${problems.length === 1 ? 'this line' : 'these lines'}; 'bonghwa check ${file}' tests it.`,
  });
}

async function readText(file: string): Promise<string> {
  try {
    const handle = await open(file, 'r');
    try {
      const stat = await handle.stat();
      if (stat.isDirectory()) throw unreadable(file, 'it is a directory');
      const bytes = await readUpTo(handle, CONFIG_BYTES_MAX + 1);
      if (bytes.length > CONFIG_BYTES_MAX) throw unreadable(file, 'it is larger than any configuration');
      return bytes.toString('utf8');
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof BonghwaError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    const reasons: Readonly<Record<string, string>> = {
      ENOENT: 'there is no such file',
      EACCES: 'permission is denied',
    };
    throw unreadable(file, reasons[code ?? ''] ?? (error as Error).message, error);
  }
}

/** What a file holds, up to `bytesMax`: the size that the system tells of a pipe or a device is no bound. */
async function readUpTo(handle: FileHandle, bytesMax: number): Promise<Buffer> {
  const bytes = Buffer.alloc(bytesMax);
  let length = 0;
  while (length < bytesMax) {
    const { bytesRead } = await handle.read(bytes, length, bytesMax - length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}

function unreadable(file: string, reason: string, cause?: unknown): BonghwaError {
  return new BonghwaError('FILE_UNREADABLE', `cannot read the configuration ${file}: ${reason}`, {
    hint: 'Name the file that you mean.',
    cause,
  });
}

/** The faults of a configuration, one a line: `bonghwa.yaml:7: sites[0].adresses: unknown key; did you mean 'addresses'?` */
export function problemLines(file: string, result: ConfigResult): string[] {
  if (result.kind === 'ok') return [];
  return result.problems.map(
    ({ path, line, message }) => `${file}:${line}: ${path === '' ? '' : `${path}: `}${message}`,
  );
}
