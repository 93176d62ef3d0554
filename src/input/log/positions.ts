import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * How far each log was read: where to go on after a restart, so that no line is read twice and none is left out.
 *
 * A name says little of a log that is rotated. A file is known by its device and number (inode) and by the hash of its first bytes,
 * which a number that is given to another file does not have.
 */
export interface LogPosition {
  readonly path: string;
  readonly dev: number;
  readonly ino: number;
  /** Behind the last line that was handed over, in bytes of the file. */
  readonly offset: number;
  /** The first bytes: so many, and their hash. */
  readonly headBytes: number;
  readonly headHash: string;
  /** When it was read last, ms since 1970: of too many positions the oldest go. */
  readonly readMs: number;
}

/**
 * Where positions are kept. What was handed over since the `save` before belongs to the positions of the next: whoever keeps both in
 * one step reads nothing twice and leaves nothing out, whenever the process ends.
 */
export interface PositionStore {
  /** The positions that were saved last; undefined where none ever were. */
  load(): readonly LogPosition[] | undefined;
  save(positions: readonly LogPosition[]): void;
}

/** Positions that are kept. */
export const POSITIONS_MAX = 4096;
/** A file of positions is longer by no means. */
const FILE_BYTES_MAX = 8 * 1024 * 1024;

/** Positions in a file of their own, which is replaced as a whole: after a crash it is the last one or the one before. */
export class PositionFile implements PositionStore {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  load(): readonly LogPosition[] | undefined {
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
    return parsePositions(text);
  }

  save(positions: readonly LogPosition[]): void {
    mkdirSync(dirname(this.#path), { recursive: true });
    const next = `${this.#path}.next`;
    writeDurably(next, `${JSON.stringify({ version: 1, positions })}\n`);
    renameSync(next, this.#path);
    syncDirectory(dirname(this.#path));
  }
}

/** Positions of a text that this program wrote; those that are none are left out. */
export function parsePositions(text: string): readonly LogPosition[] {
  if (text.length > FILE_BYTES_MAX) return [];
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return [];
  }
  const list = isRecord(parsed) && Array.isArray(parsed.positions) ? parsed.positions : [];
  return list.filter(isPosition).slice(0, POSITIONS_MAX);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isPosition(value: unknown): value is LogPosition {
  if (!isRecord(value)) return false;
  const numbers = [value.dev, value.ino, value.offset, value.headBytes, value.readMs];
  return (
    typeof value.path === 'string' &&
    typeof value.headHash === 'string' &&
    numbers.every((number) => typeof number === 'number' && Number.isFinite(number) && number >= 0)
  );
}

function writeDurably(path: string, text: string): void {
  const fd = openSync(path, 'w', 0o600);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** The name in the directory is durable only when the directory is. */
function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
