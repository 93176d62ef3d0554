import { type CaptureFile, openCapture } from '../input/capture-file.ts';
import { Rejections } from '../model/rejection.ts';
import { CaptureReader } from '../wire/capture.ts';
import { recogniseLog } from '../wire/log/recognise-log.ts';

/** A capture is read as packets and telemetry, a log as requests. */
export type FileKind = 'capture' | 'log';

export interface FileRun {
  readonly kind: FileKind;
  readonly files: readonly string[];
}

/** Bytes of a file that are looked at to tell what it is. */
const HEAD_BYTES = 64 * 1024;
/** Share of bytes that are text in a text. */
const TEXT_SHARE_MIN = 0.9;
const LOG_NAME = /\.(log|json|ndjson|jsonl|txt)(\.\d+)?(\.(gz|zst))?$|access/i;

/**
 * Files that are opened once: what was read of a pipe to tell what it is, is given again to whoever reads it.
 */
export class InputFiles {
  readonly #opened = new Map<string, CaptureFile>();

  /** Tells what a file holds by its first bytes, uncompressed. Throws FILE_UNREADABLE. */
  async kindOf(path: string): Promise<FileKind> {
    const file = this.#opened.get(path) ?? (await openCapture(path));
    const { head, rest } = await peek(file);
    // A file can be opened again; a pipe cannot.
    if (file.bytesTotal === undefined) this.#opened.set(path, withHead(file, head, rest));
    else await file.close();
    return kindOfBytes(path, joined(head));
  }

  /** The files in runs of one kind, in their order: captures share what their exporters told, over files too. */
  async runs(paths: readonly string[]): Promise<readonly FileRun[]> {
    const runs: { kind: FileKind; files: string[] }[] = [];
    for (const path of paths) {
      const kind = await this.kindOf(path);
      const last = runs.at(-1);
      if (last?.kind === kind) last.files.push(path);
      else runs.push({ kind, files: [path] });
    }
    return runs;
  }

  /** The file from its begin; once. */
  async open(path: string): Promise<CaptureFile> {
    const file = this.#opened.get(path);
    this.#opened.delete(path);
    return file ?? openCapture(path);
  }

  /** Gives back what was not read. */
  async close(): Promise<void> {
    for (const file of this.#opened.values()) await file.close();
    this.#opened.clear();
  }
}

/** Tells what the file at `path` holds, by its first bytes. Throws FILE_UNREADABLE. */
export async function fileKind(path: string): Promise<FileKind> {
  const files = new InputFiles();
  try {
    return await files.kindOf(path);
  } finally {
    await files.close();
  }
}

/** A text is a log, whether any of its lines is known or not; an empty file is what its name says. */
function kindOfBytes(path: string, head: Uint8Array): FileKind {
  if (head.length === 0) return LOG_NAME.test(path) ? 'log' : 'capture';
  if (looksLikeCapture(head)) return 'capture';
  if (recogniseLog(head) !== undefined) return 'log';
  let text = 0;
  for (const byte of head) if (byte >= 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09 || byte === 0x1b) text++;
  return text >= TEXT_SHARE_MIN * head.length && head.includes(0x0a) ? 'log' : 'capture';
}

function looksLikeCapture(head: Uint8Array): boolean {
  const reader = new CaptureReader(new Rejections());
  reader.push(head);
  reader.next();
  return reader.format === 'pcap' || reader.format === 'pcapng';
}

interface Peeked {
  readonly head: readonly Uint8Array[];
  readonly rest: AsyncIterator<Uint8Array>;
}

/** The first chunks, until there are enough bytes or a line is whole. */
async function peek(file: CaptureFile): Promise<Peeked> {
  const rest = file.chunks[Symbol.asyncIterator]();
  const head: Uint8Array[] = [];
  let length = 0;
  while (length < HEAD_BYTES) {
    const next = await rest.next();
    if (next.done === true) break;
    // A chunk is valid only until the next one is asked for.
    head.push(Uint8Array.from(next.value));
    length += next.value.length;
    if (next.value.includes(0x0a)) break;
  }
  return { head, rest };
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(chunks).subarray(0, HEAD_BYTES));
}

function withHead(file: CaptureFile, head: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): CaptureFile {
  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    yield* head;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  }
  return {
    chunks: chunks(),
    get bytesRead() {
      return file.bytesRead;
    },
    get bytesTotal() {
      return file.bytesTotal;
    },
    get truncated() {
      return file.truncated;
    },
    close: () => file.close(),
  };
}
