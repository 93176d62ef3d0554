import { StringDecoder } from 'node:string_decoder';
import { type CheckResult, checkResultSchema, type Vantage, vantageSchema } from '../model/vantage.ts';
import { openCapture } from './capture-file.ts';

/** Characters of one line, and what is looked at to recognise a file. */
const LINE_CHARS_MAX = 64 * 1024;
const HEAD_CHARS_MAX = 16 * 1024;

/** True where a file holds recorded checks: its first line is a check or a vantage as JSON. A pipe would be spent by looking, and holds none. */
export async function holdsChecks(path: string): Promise<boolean> {
  if (path === '-') return false;
  const file = await openCapture(path);
  if (file.bytesTotal === undefined) {
    await file.close();
    return false;
  }
  try {
    const decoder = new StringDecoder('utf8');
    let head = '';
    for await (const chunk of file.chunks) {
      // A capture is no text, and told by its first byte.
      if (head === '' && chunk.length > 0 && chunk[0] !== 0x7b && chunk[0] > 0x20) return false;
      head += decoder.write(Buffer.from(chunk.subarray(0, HEAD_CHARS_MAX)));
      if (head.includes('\n') || head.length >= HEAD_CHARS_MAX) break;
    }
    return lineIn(head.split('\n', 1)[0]) !== undefined;
  } finally {
    await file.close();
  }
}

/** What was read of a file of checks. */
export interface ChecksRead {
  readonly checks: number;
  /** Lines that are no check. */
  readonly refused: number;
  /** True where there were more than `checksMax`; the rest was not read. */
  readonly cut: boolean;
}

export interface ChecksTakers {
  readonly onCheck: (check: CheckResult) => void;
  /** Where a vantage of the recording stands: a line of its own, such as `{"name":"seoul","country":"KR","network":"kt"}`. */
  readonly onVantage: (vantage: Vantage) => void;
}

/** Reads recorded checks, a line of JSON each. Throws FILE_UNREADABLE. */
export async function readChecks(path: string, checksMax: number, takers: ChecksTakers): Promise<ChecksRead> {
  const file = await openCapture(path);
  const decoder = new StringDecoder('utf8');
  let [checks, refused] = [0, 0];
  let rest = '';
  const take = (line: string): void => {
    if (line.trim() === '') return;
    const told = lineIn(line);
    if (told === undefined) refused++;
    else if (told.kind === 'vantage') takers.onVantage(told.vantage);
    else {
      checks++;
      takers.onCheck(told.check);
    }
  };
  try {
    for await (const chunk of file.chunks) {
      const lines = (rest + decoder.write(Buffer.from(chunk))).split('\n');
      rest = (lines.pop() ?? '').slice(0, LINE_CHARS_MAX);
      for (const line of lines) {
        if (checks >= checksMax) return { checks, refused, cut: true };
        take(line);
      }
    }
    take(rest);
    return { checks, refused, cut: false };
  } finally {
    await file.close();
  }
}

type Line =
  | { readonly kind: 'check'; readonly check: CheckResult }
  | { readonly kind: 'vantage'; readonly vantage: Vantage };

function lineIn(line: string): Line | undefined {
  if (line.length > LINE_CHARS_MAX) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const check = checkResultSchema.safeParse(value);
  if (check.success) return { kind: 'check', check: check.data };
  const vantage = vantageSchema.safeParse(value);
  // Any object with a name would be one: it has to say where it stands.
  if (!vantage.success || (vantage.data.country ?? vantage.data.network) === undefined) return undefined;
  return { kind: 'vantage', vantage: vantage.data };
}
