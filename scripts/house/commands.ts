/** One command of a fenced `sh` block in a document. */
export interface DocumentedCommand {
  readonly file: string;
  /** Line of the command in the document, from 1. */
  readonly line: number;
  readonly command: string;
  /** What the document says it ends with: 0, or N of `sh exit=N` behind the fence. */
  readonly exitCode: number;
}

/** A file that a document shows: a fenced block with `file=NAME` behind the fence. */
export interface DocumentedFile {
  readonly name: string;
  readonly text: string;
}

export interface DocumentedExamples {
  readonly commands: readonly DocumentedCommand[];
  readonly files: readonly DocumentedFile[];
}

/**
 * The commands and example files of a Markdown text. A line that ends with a backslash goes on in the next; lines that begin
 * with `#` are comments.
 */
export function examplesOf(file: string, text: string): DocumentedExamples {
  const commands: DocumentedCommand[] = [];
  const files: DocumentedFile[] = [];
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const fence = /^(\s*)(`{3,})(\S+)?(.*)$/.exec(lines[at]);
    if (fence === null) continue;
    const start = at + 1;
    let end = start;
    while (end < lines.length && lines[end].trim() !== fence[2]) end++;
    const body = lines.slice(start, end);
    const name = /\bfile=(\S+)/.exec(fence[4])?.[1];
    if (name !== undefined) files.push({ name, text: `${body.join('\n')}\n` });
    else if (fence[3] === 'sh') {
      const exitCode = Number(/\bexit=(\d+)/.exec(fence[4])?.[1] ?? 0);
      commands.push(...commandsOf(body).map((found) => ({ file, exitCode, ...found, line: start + 1 + found.line })));
    }
    at = end;
  }
  return { commands, files };
}

function commandsOf(lines: readonly string[]): readonly { readonly command: string; readonly line: number }[] {
  const commands: { command: string; line: number }[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = at;
    let command = lines[at].trim();
    while (command.endsWith('\\') && at + 1 < lines.length)
      command = `${command.slice(0, -1).trim()} ${lines[++at].trim()}`;
    if (command !== '' && !command.startsWith('#')) commands.push({ command, line });
  }
  return commands;
}
