import { StringDecoder } from 'node:string_decoder';
import { type CheckResult, checkResultSchema } from '../model/vantage.ts';
import { openCapture } from './capture-file.ts';

/** Characters of one line, and what is looked at to recognise a file. */
const LINE_CHARS_MAX = 64 * 1024;
const HEAD_CHARS_MAX = 16 * 1024;

/** True where a file holds recorded checks: its first line is a check as JSON. A pipe would be spent by looking, and holds none. */
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
    return checkIn(head.split('\n', 1)[0]) !== undefined;
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

/** Reads recorded checks, a line of JSON each. Throws FILE_UNREADABLE. */
export async function readChecks(
  path: string,
  checksMax: number,
  onCheck: (check: CheckResult) => void,
): Promise<ChecksRead> {
  const file = await openCapture(path);
  const decoder = new StringDecoder('utf8');
  let [checks, refused] = [0, 0];
  let rest = '';
  const take = (line: string): void => {
    if (line.trim() === '') return;
    const check = checkIn(line);
    if (check === undefined) refused++;
    else {
      checks++;
      onCheck(check);
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

function checkIn(line: string): CheckResult | undefined {
  if (line.length > LINE_CHARS_MAX) return undefined;
  try {
    return checkResultSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
