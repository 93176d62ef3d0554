import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A picture of real output in a document: what a command prints, or the part of it that is shown. */
export interface Picture {
  readonly file: string;
  /** Name in the marks round it: `<!-- output: NAME -->` … `<!-- end of output -->`. */
  readonly name: string;
  /** Arguments of `npx bonghwa`, at the top of a checkout. */
  readonly args: readonly string[];
  /** The first line that is left out, with all behind it; everything is shown when absent. */
  readonly until?: RegExp;
}

export const PICTURES: readonly Picture[] = [
  {
    file: 'README.md',
    name: 'replay',
    args: ['replay', '--network', '198.51.100.0/24', 'samples/flood-on-a-ministry.netflow.pcap.gz'],
    until: /^── 2 /,
  },
];

const TOP = fileURLToPath(new URL('../..', import.meta.url));

/** Runs the command of a picture and returns the fenced block that shows it. */
export function takePicture({ args, until }: Picture): string {
  const { NO_COLOR: _colour, FORCE_COLOR: _forced, COLUMNS: _width, ...env } = process.env;
  const printed = execFileSync(process.execPath, [`${TOP}bin/bonghwa.js`, ...args], {
    cwd: TOP,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env,
  });
  return pictureOf(`npx bonghwa ${args.join(' ')}`, printed, until);
}

/** The block: the command as it is typed, then what it printed up to the first line that is left out. */
export function pictureOf(command: string, printed: string, until?: RegExp): string {
  const lines = printed.trimEnd().split('\n');
  const end = until === undefined ? -1 : lines.findIndex((line) => until.test(line));
  const shown = (end < 0 ? lines : lines.slice(0, end)).join('\n').trimEnd();
  return `\`\`\`\n$ ${command}\n${shown}\n\`\`\``;
}
