import { lookup } from 'node:dns/promises';
import { rename, rm, stat, writeFile } from 'node:fs/promises';
import { createInterface, type Interface } from 'node:readline';
import { assert, BonghwaError } from '../base/errors.ts';
import { parseConfig } from '../model/config.ts';
import { commentedConfig } from '../model/config-file-text.ts';
import { problemLines } from './config-file.ts';
import { EXIT_INTERRUPTED, EXIT_OK } from './exit.ts';
import { type Ask, interview } from './init-questions.ts';

export interface InitCommandOptions {
  /** Takes the default of every question. */
  readonly yes: boolean;
  readonly force: boolean;
}

/** `bonghwa init [FILE]`: asks a few questions and writes a configuration that explains every key. */
export async function initCommand(file: string, options: InitCommandOptions, interrupt: AbortSignal): Promise<number> {
  // Before the first question: nobody answers ten of them for nothing.
  if (!options.force && (await exists(file))) throw alreadyThere(file);
  const chosen = await answersOf(options, interrupt);
  if (interrupt.aborted) {
    process.stderr.write('\nbonghwa: interrupted; nothing was written.\n');
    return EXIT_INTERRUPTED;
  }
  const text = commentedConfig(chosen);
  const result = parseConfig(text);
  assert(result.kind === 'ok', `what init wrote has faults: ${problemLines(file, result).join('; ')}`);
  await write(file, text, options.force);
  const next: readonly [command: string, what: string][] = [
    [`bonghwa check ${file}`, 'what is in force'],
    [`bonghwa doctor --config ${file}`, 'is this machine ready for it'],
    [`bonghwa serve --config ${file}`, 'watch live'],
  ];
  const width = Math.max(...next.map(([command]) => command.length));
  const lines = next.map(([command, what]) => `  ${command.padEnd(width)}   ${what}\n`);
  process.stdout.write(`${file} is written; every key is explained in it.\n\n${lines.join('')}`);
  return EXIT_OK;
}

async function answersOf(
  options: InitCommandOptions,
  interrupt: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  if (options.yes) return interview(() => Promise.resolve(''), noLookup);
  const lines = createInterface({ input: process.stdin, terminal: false });
  // The answers end there; the rest of the questions run through and are thrown away.
  interrupt.addEventListener('abort', () => lines.close(), { once: true });
  try {
    return await interview(asker(lines, interrupt), async (host) =>
      (await lookup(host, { all: true })).map(({ address }) => address),
    );
  } finally {
    lines.close();
  }
}

const noLookup = (): Promise<readonly string[]> => Promise.resolve([]);

/** Asks on standard error, so that answers may be piped in and standard output stays for the result. */
function asker(lines: Interface, interrupt: AbortSignal): Ask {
  const waiting: string[] = [];
  let wanted: ((line: string) => void) | undefined;
  let ended = false;
  const give = (line: string): void => {
    if (wanted === undefined) waiting.push(line);
    else wanted(line);
    wanted = undefined;
  };
  lines.on('line', give);
  // Where the answers end, the rest are the defaults.
  lines.on('close', () => {
    ended = true;
    if (wanted !== undefined) give('');
  });
  const terminal = process.stdin.isTTY === true;
  return async (question, fault) => {
    if (fault !== undefined && !terminal)
      throw new BonghwaError('OPTION_INVALID', `${fault}, was answered to '${question}'`, {
        hint: 'Correct that line of the answers.',
      });
    if (interrupt.aborted) return '';
    process.stderr.write(`${fault === undefined ? '' : `  ${fault}.\n`}${question} `);
    const line = waiting.shift() ?? (ended ? '' : await new Promise<string>((resolve) => (wanted = resolve)));
    // What is typed stands on the screen already.
    if (!terminal) process.stderr.write(`${line}\n`);
    return line.trim();
  };
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch {
    return false;
  }
}

/** Writes all of the file or nothing of it. */
async function write(file: string, text: string, force: boolean): Promise<void> {
  const draft = `${file}.new`;
  try {
    if (!force) await writeFile(file, text, { flag: 'wx' });
    else {
      await writeFile(draft, text);
      await rename(draft, file);
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    await rm(draft, { force: true });
    if (code === 'EEXIST') throw alreadyThere(file);
    const reasons: Readonly<Record<string, string>> = {
      ENOENT: 'its directory is not there',
      EACCES: 'permission is denied',
      EISDIR: 'it is a directory',
      ENOSPC: 'the disk is full',
      EROFS: 'the file system is read-only',
    };
    throw new BonghwaError('FILE_UNWRITABLE', `cannot write ${file}: ${reasons[code ?? ''] ?? message}`, {
      hint: 'Name a file that may be written.',
      cause: error,
    });
  }
}

function alreadyThere(file: string): BonghwaError {
  return new BonghwaError('OPTION_INVALID', `${file} is there already`, {
    hint: 'Name another file, or write over it with --force.',
  });
}
