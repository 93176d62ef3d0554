import { globSync, statSync } from 'node:fs';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { RequestBatch, RequestSink } from '../../model/request-batch.ts';
import type { LogDecoder } from '../../wire/log/log-decoder.ts';
import { beginsAs, FollowedFile, HEAD_BYTES_MAX, tellsCopies } from './followed-file.ts';
import { type LogPosition, POSITIONS_MAX, type PositionStore } from './positions.ts';
import { findMoved, readCompressed } from './rotation.ts';

/**
 * Follows logs as `tail -F` does, through rotation by rename and by copy, truncation, and restarts.
 *
 *   pattern ──► path ──► the file that has the name now ─────────► LogDecoder ──► batch ──► sink, then positions
 *                  └───► files that had it, until they are quiet ──────┘
 *
 * A file is looked at twenty times a second: a notification of the kernel tells nothing of network file systems, and none is lost so.
 */
export interface FollowedLog {
  /** A path, or a pattern with `*`, `?`, `[…]`, `{…}` and `**`. */
  readonly pattern: string;
  /** Makes the decoder of a file; files of one log that follow each other share none. */
  readonly createDecoder: (path: string) => LogDecoder;
}

export interface LogFollowerOptions {
  readonly logs: readonly FollowedLog[];
  readonly batch: RequestBatch;
  readonly sink: RequestSink;
  readonly positions: PositionStore;
  /** Where a file begins that is there at the first start of all: at its end, as what is to come is asked for, or at its begin. */
  readonly from?: 'end' | 'begin';
  readonly pollMs?: number;
  /** How long a file that lost its name is read on while nothing comes. */
  readonly retiredMs?: number;
  /** Told of what is wrong with a log, once until it is right again (`undefined`). */
  readonly onFault?: (path: string, fault: string | undefined) => void;
  readonly now?: () => number;
}

/** Files that are followed at a time; of a pattern that fits more, those that come later are told as a fault. */
export const FOLLOWED_MAX = 1024;
const POLL_MS = 50;
/** Many files are looked at less often, so that looking costs no more: this long for each of them. */
const POLL_FILE_MS = 0.2;
/** Positions are written through to the disk: they are kept once in so many looks. */
const POLLS_PER_SAVE = 4;
const RETIRED_MS = 10_000;
/** Files that had the name of a log and are looked for after a restart. */
const PREDECESSORS_MAX = 8;
/** Polls between two looks at patterns. */
const POLLS_PER_GLOB = 20;
/** Bytes read at a time, and chunks of one file before the others have their turn. */
const CHUNK_BYTES = 128 * 1024;
const CHUNKS_PER_TURN = 16;
/** Bytes of the begin of a file in which W3C directives are looked for. */
const DIRECTIVE_BYTES = 8 * HEAD_BYTES_MAX;

interface Following {
  file: FollowedFile;
  readonly decoder: LogDecoder;
  /** Size at the last look: only what has grown is read. */
  size: number;
  /** Last time that something came, ms. */
  grewMs: number;
}

interface Followed {
  readonly log: FollowedLog;
  readonly path: string;
  current: Following | undefined;
  /** Files that had the name before. */
  readonly retired: Following[];
}

export class LogFollower {
  readonly #options: LogFollowerOptions;
  readonly #chunk = new Uint8Array(CHUNK_BYTES);
  readonly #followed = new Map<string, Followed>();
  /** Where files were read to that are not followed any more, by what they are. */
  readonly #known = new Map<string, LogPosition>();
  /** Files that patterns fit and that were read under another name, by path: what they are. */
  readonly #old = new Map<string, string>();
  readonly #faulty = new Set<string>();
  #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #polls = 0;
  #changed = false;
  /** True until every log that was there at the first start has been looked at. */
  #first = false;

  constructor(options: LogFollowerOptions) {
    this.#options = options;
  }

  /** Reads the positions and begins to follow. Throws what the store of positions throws. */
  start(): void {
    const positions = this.#options.positions.load();
    this.#first = positions === undefined;
    this.#changed = this.#first;
    for (const position of positions ?? []) this.#known.set(keyOf(position), position);
    this.#stopping = new AbortController();
    this.#running = this.#run();
  }

  /** Ends following; what was read has been handed over, and its positions are kept. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    for (const { current, retired } of this.#followed.values()) {
      current?.file.close();
      for (const { file } of retired) file.close();
    }
    this.#followed.clear();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      let more = false;
      if (this.#polls++ % POLLS_PER_GLOB === 0) {
        await this.#findFiles().catch((error: unknown) => this.#fault('the patterns of logs', messageOf(error)));
      }
      for (const followed of this.#followed.values()) {
        try {
          if (await this.#look(followed)) more = true;
        } catch (error) {
          this.#fault(followed.path, messageOf(error));
        }
        if (signal.aborted) break;
      }
      this.#first = false;
      this.#handOver();
      if (this.#polls % POLLS_PER_SAVE === 1) this.#keepPositions();
      const pollMs = this.#options.pollMs ?? Math.max(POLL_MS, POLL_FILE_MS * this.#followed.size);
      if (more) await setImmediate();
      else await sleep(pollMs, undefined, { signal }).catch(() => undefined);
    }
    this.#keepPositions();
  }

  #handOver(): void {
    const { batch, sink } = this.#options;
    if (batch.length > 0) sink.take(batch);
    batch.textLength = 0;
  }

  /** Keeps the positions behind what was handed over. */
  #keepPositions(): void {
    const { positions } = this.#options;
    if (!this.#changed) return;
    // A store that fails is tried again: what is read goes on to detection meanwhile.
    try {
      positions.save(this.positions());
      this.#changed = false;
      this.#fault('the positions of logs', undefined);
    } catch (error) {
      this.#fault('the positions of logs', messageOf(error));
    }
  }

  /** Where every log was read to, the latest first: behind its last whole line. */
  positions(): readonly LogPosition[] {
    for (const { current, retired } of this.#followed.values()) {
      for (const following of current === undefined ? retired : [...retired, current]) this.#remember(following);
    }
    const all = [...this.#known.values()].sort((left, right) => right.readMs - left.readMs);
    for (const old of all.splice(POSITIONS_MAX)) this.#known.delete(keyOf(old));
    return all;
  }

  #remember(following: Following): void {
    this.#known.set(keyOf(following.file), positionOf(following));
  }

  async #findFiles(): Promise<void> {
    for (const log of this.#options.logs) {
      for (const path of pathsOf(log.pattern)) {
        if (this.#followed.has(path)) continue;
        if (this.#followed.size >= FOLLOWED_MAX) {
          this.#fault(log.pattern, `more than ${FOLLOWED_MAX} files fit; the others are not followed`);
          break;
        }
        if (this.#isOld(path)) continue;
        const followed: Followed = { log, path, current: undefined, retired: [] };
        this.#followed.set(path, followed);
        await this.#catchUp(followed);
      }
    }
  }

  /**
   * True for a file under a new name that was read already: a pattern may fit what rotation leaves behind. Renamed it has its number,
   * copied it has its first bytes.
   */
  #isOld(path: string): boolean {
    let stats: { dev: number; ino: number; size: number };
    try {
      stats = statSync(path);
    } catch {
      return false;
    }
    const key = keyOf(stats);
    if (this.#old.get(path) === key) return true;
    if (this.#isOpen(path, stats)) return true;
    const known = this.positions();
    const same = known.find(({ dev, ino }) => dev === stats.dev && ino === stats.ino);
    const isOld =
      same === undefined
        ? known.some((position) => position.path !== path && tellsCopies(position) && beginsAs(path, position))
        : same.path !== path && beginsAs(path, same);
    if (isOld && this.#old.size < FOLLOWED_MAX) this.#old.set(path, key);
    return isOld;
  }

  /** True for a file that is open under the name that it had: its number is its own, whatever it begins with by now. */
  #isOpen(path: string, { dev, ino }: { dev: number; ino: number }): boolean {
    for (const { path: before, current, retired } of this.#followed.values()) {
      const following = current === undefined ? retired : [...retired, current];
      if (before !== path && following.some(({ file }) => file.dev === dev && file.ino === ino)) return true;
    }
    return false;
  }

  /** Reads what came while nobody followed, from wherever rotation has put it. */
  async #catchUp(followed: Followed): Promise<void> {
    const known = [...this.#known.values()].filter(({ path }) => path === followed.path).slice(0, PREDECESSORS_MAX);
    known.sort((left, right) => right.readMs - left.readMs);
    for (const [age, position] of known.entries()) {
      if (isAt(followed.path, position)) continue;
      await this.#readMoved(followed, position, age === 0);
    }
    // The oldest is read first.
    followed.retired.reverse();
  }

  /** Takes what was not read of a file that is not where it was. */
  async #readMoved(followed: Followed, position: LogPosition, isLatest: boolean): Promise<void> {
    const moved = findMoved(position);
    if (moved !== undefined) {
      followed.retired.push(this.#following(followed, moved));
      return;
    }
    if (!isLatest) return;
    const { batch, sink } = this.#options;
    const decoder = followed.log.createDecoder(followed.path);
    try {
      for await (const chunk of readCompressed(position)) decoder.decode(chunk, 0, chunk.length, batch, sink);
      decoder.end(batch, sink);
    } catch (error) {
      this.#fault(followed.path, messageOf(error));
    }
    this.#known.delete(keyOf(position));
    this.#changed = true;
  }

  /** Looks at a log and those that had its name; true where there is more to read at once. */
  async #look(followed: Followed): Promise<boolean> {
    let more = false;
    for (const retired of [...followed.retired]) if (this.#readRetired(followed, retired)) more = true;
    // What was written before is read before: the rows of one log stay in their order.
    if (more) return true;
    const { current } = followed;
    let stats: { dev: number; ino: number } | undefined;
    try {
      stats = statSync(followed.path);
      this.#fault(followed.path, undefined);
    } catch {
      this.#fault(followed.path, 'it is not there, or cannot be read');
    }
    if (
      current !== undefined &&
      (stats === undefined || stats.dev !== current.file.dev || stats.ino !== current.file.ino)
    ) {
      // It lost its name: the server may write into it until it is told to open its log anew.
      followed.retired.push(current);
      followed.current = undefined;
      current.grewMs = this.#now();
      return true;
    }
    if (current === undefined) return stats !== undefined && this.#open(followed);
    return this.#readCurrent(followed, current);
  }

  #open(followed: Followed): boolean {
    const file = FollowedFile.open(followed.path, (size) => {
      const stats = statSync(followed.path);
      const known = this.#known.get(keyOf(stats));
      if (known !== undefined && isAt(followed.path, known) && known.offset <= size) return known.offset;
      return this.#first && (this.#options.from ?? 'end') === 'end' ? size : 0;
    });
    if (file === undefined) return false;
    followed.current = this.#following(followed, file);
    this.#changed = true;
    return true;
  }

  #following(followed: Followed, file: FollowedFile): Following {
    const decoder = followed.log.createDecoder(followed.path);
    if (file.offset > 0) decoder.learn(file.headBytes(DIRECTIVE_BYTES), this.#options.batch);
    return { file, decoder, size: -1, grewMs: this.#now() };
  }

  async #readCurrent(followed: Followed, current: Following): Promise<boolean> {
    const { file, decoder } = current;
    const size = file.size();
    if (size === current.size && file.offset === size) return false;
    if (file.wasTruncated(size)) {
      // What was written between the last look and the copy is in the copy.
      const before = positionOf(current);
      decoder.reset();
      file.restart();
      current.size = -1;
      this.#changed = true;
      const moved = findMoved(before);
      if (moved !== undefined && moved.ino !== file.ino) followed.retired.push(this.#following(followed, moved));
      else moved?.close();
      return true;
    }
    current.size = size;
    return this.#read(current);
  }

  /** Reads a file that lost its name, and closes it when it has been quiet for long enough. */
  #readRetired(followed: Followed, retired: Following): boolean {
    if (this.#read(retired)) return true;
    if (this.#now() - retired.grewMs < (this.#options.retiredMs ?? RETIRED_MS) || this.#stopping.signal.aborted)
      return false;
    retired.decoder.end(this.#options.batch, this.#options.sink);
    this.#remember(retired);
    retired.file.close();
    followed.retired.splice(followed.retired.indexOf(retired), 1);
    this.#changed = true;
    return false;
  }

  /** Reads what has come, for one turn; true where there may be more. */
  #read(following: Following): boolean {
    const { batch, sink } = this.#options;
    for (let chunks = 0; chunks < CHUNKS_PER_TURN; chunks++) {
      const length = following.file.read(this.#chunk);
      if (length === 0) return false;
      following.decoder.decode(this.#chunk, 0, length, batch, sink);
      following.grewMs = this.#now();
      this.#changed = true;
      if (length < CHUNK_BYTES) return false;
    }
    return true;
  }

  #fault(path: string, fault: string | undefined): void {
    if ((fault !== undefined) === this.#faulty.has(path)) return;
    if (fault === undefined) this.#faulty.delete(path);
    else this.#faulty.add(path);
    this.#options.onFault?.(path, fault);
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function keyOf({ dev, ino }: { readonly dev: number; readonly ino: number }): string {
  return `${dev}:${ino}`;
}

function positionOf({ file, decoder, grewMs }: Following): LogPosition {
  return {
    path: file.path,
    dev: file.dev,
    ino: file.ino,
    offset: Math.max(0, file.offset - decoder.pendingBytes),
    headBytes: file.head.bytes,
    headHash: file.head.hash,
    readMs: grewMs,
  };
}

/** True where the file that has the name now is the one of the position. */
function isAt(path: string, position: LogPosition): boolean {
  try {
    const { dev, ino } = statSync(path);
    return dev === position.dev && ino === position.ino && (position.headBytes === 0 || beginsAs(path, position));
  } catch {
    return false;
  }
}

/** The paths that a pattern fits now, in their order; a path that has no pattern in it is itself, whether it is there or not. */
function pathsOf(pattern: string): readonly string[] {
  if (!/[*?[\]{}]/.test(pattern)) return [pattern];
  return globSync(pattern)
    .filter((path) => !/\.(gz|zst|bz2|xz)$/.test(path))
    .sort();
}
