import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BLOCK_TABLES, type Block, type BlockTable } from './block.ts';

/**
 * Blocks that wait on disk for an engine that is slow or dead, one file a block. The name says all that is known of it:
 *
 *   flows-2864434397-1763900000-1763900004-1280.block
 *   table run        from       to         rows
 *
 * A file appears whole or not at all. After a restart every block is taken to be uncertain: the station may have been killed
 * between the engine's word and the removal of the file.
 */
export interface Spooled extends Omit<Block, 'bytes'> {
  readonly file: string;
  readonly byteLength: number;
}

export class Spool {
  /** The entry that is being handed over. */
  held: Spooled | undefined;
  readonly #directory: string;
  readonly #bytesMax: number;
  /** In the order of their time: the first is the oldest. */
  #entries: Spooled[] = [];
  #bytes = 0;

  constructor(directory: string, bytesMax: number) {
    this.#directory = directory;
    this.#bytesMax = bytesMax;
  }

  get entries(): readonly Spooled[] {
    return this.#entries;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Finds what an earlier run left, and removes what it did not finish. */
  async open(): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.#directory)) {
      const file = join(this.#directory, name);
      if (name.endsWith(UNFINISHED)) await rm(file, { force: true });
      const parsed = parseName(name);
      if (parsed === undefined) continue;
      const { size } = await stat(file);
      this.#entries.push({ ...parsed, file, byteLength: size, uncertain: true });
      this.#bytes += size;
    }
    this.#entries.sort((a, b) => a.from - b.from || a.run - b.run);
  }

  /** Writes a block. Rejects where the disk does not take it. */
  async put(block: Block): Promise<void> {
    const file = join(this.#directory, nameOf(block));
    const handle = await open(file + UNFINISHED, 'w', 0o600);
    try {
      await handle.writeFile(block.bytes);
      await handle.datasync();
    } catch (error) {
      await handle.close();
      await rm(file + UNFINISHED, { force: true });
      throw error;
    }
    await handle.close();
    await rename(file + UNFINISHED, file);
    const { table, run, from, to, rows, uncertain } = block;
    this.#entries.push({ table, run, from, to, rows, uncertain, file, byteLength: block.bytes.length });
    this.#bytes += block.bytes.length;
  }

  /** The block that must go, where there are more bytes than may be: the oldest that nobody has in hand. */
  excess(): Spooled | undefined {
    if (this.#bytes <= this.#bytesMax || this.#entries.length < 2) return undefined;
    return this.#entries.find((entry) => entry !== this.held);
  }

  /** The block of an entry; `undefined` where its file cannot be read any more. */
  async read(entry: Spooled): Promise<Block | undefined> {
    const { table, run, from, to, rows, uncertain } = entry;
    try {
      return { table, run, from, to, rows, uncertain, bytes: await readFile(entry.file) };
    } catch {
      return undefined;
    }
  }

  async remove(entry: Spooled): Promise<void> {
    const at = this.#entries.indexOf(entry);
    if (at < 0) return;
    this.#entries.splice(at, 1);
    this.#bytes -= entry.byteLength;
    await rm(entry.file, { force: true });
  }
}

const UNFINISHED = '.unfinished';

function nameOf({ table, run, from, to, rows }: Omit<Block, 'bytes'>): string {
  return `${table}-${run}-${from}-${to}-${rows}.block`;
}

function parseName(name: string): Omit<Block, 'bytes' | 'uncertain'> | undefined {
  const match = /^([a-z]+)-(\d{1,10})-(\d{1,12})-(\d{1,12})-(\d{1,9})\.block$/.exec(name);
  if (match === null || !BLOCK_TABLES.includes(match[1] as BlockTable)) return undefined;
  const [run, from, to, rows] = match.slice(2).map(Number);
  return { table: match[1] as BlockTable, run, from, to, rows };
}
