import type { Block } from './block.ts';
import { Spool, type Spooled } from './spool.ts';

export interface OutboxLimits {
  /** Bytes that wait in memory; beyond, the oldest go to the spool. */
  readonly memoryBytesMax: number;
  /** Bytes that wait on disk; beyond, the oldest go. */
  readonly spoolBytesMax: number;
}

/** 64 MiB are two minutes of an attack at 4,096 rows a second, or half an hour of peacetime; 1 GiB is sixteen times that. */
export const OUTBOX_LIMITS: OutboxLimits = { memoryBytesMax: 64 << 20, spoolBytesMax: 1 << 30 };

/** A block in hand. It stays in the outbox until it is said what became of it. */
export interface Taken {
  readonly block: Block;
  readonly spooled?: Spooled;
}

/**
 * What waits for the engine:
 *
 *   push ──► memory (newest at the end) ──spill──► spool (files)
 *                 │                                  │
 *                 └────────────► take ◄──────────────┘ oldest first
 *
 * Both are bounded; full means that the oldest rows go, and are counted in `lost`.
 */
export class Outbox {
  /** Rows that went for want of room. */
  lost = 0;
  readonly #limits: OutboxLimits;
  readonly #spool: Spool;
  readonly #memory: Block[] = [];
  readonly #onProblem: (error: Error) => void;
  #memoryBytes = 0;
  #taken: Taken | undefined;
  #spilling: Promise<void> | undefined;
  /** The block that is being written to the spool: it stays in memory until it is there. */
  #written: Block | undefined;
  #spoolUsable = false;
  #spoolFailing = false;

  constructor(directory: string, limits: OutboxLimits, onProblem: (error: Error) => void) {
    this.#limits = limits;
    this.#spool = new Spool(directory, limits.spoolBytesMax);
    this.#onProblem = onProblem;
  }

  /** Finds what an earlier run left. Without a directory that can be written, what waits waits in memory only. */
  async open(): Promise<void> {
    try {
      await this.#spool.open();
      this.#spoolUsable = true;
    } catch (error) {
      this.#onProblem(error as Error);
    }
  }

  get rows(): number {
    let rows = 0;
    for (const block of this.#memory) rows += block.rows;
    for (const entry of this.#spool.entries) rows += entry.rows;
    return rows;
  }

  get blocks(): number {
    return this.#memory.length + this.#spool.entries.length;
  }

  /** True where blocks wait on disk: the engine is more than a little behind. */
  get spooling(): boolean {
    return this.#spool.entries.length > 0;
  }

  push(block: Block): void {
    this.#memory.push(block);
    this.#memoryBytes += block.bytes.length;
    if (this.#memoryBytes > this.#limits.memoryBytesMax) void this.#spill(this.#limits.memoryBytesMax / 2);
    // Twice the bound is reached only while the disk does not keep up, or takes nothing at all.
    while (this.#memoryBytes > 2 * this.#limits.memoryBytesMax) {
      const oldest = this.#idle();
      if (oldest === undefined) break;
      this.#forget(oldest);
      this.lost += oldest.rows;
    }
  }

  /** The block that waits longest; `undefined` where none does. One is in hand at a time. */
  async take(): Promise<Taken | undefined> {
    for (let entry = this.#spool.entries[0]; entry !== undefined; entry = this.#spool.entries[0]) {
      this.#spool.held = entry;
      const block = await this.#spool.read(entry);
      if (block !== undefined) {
        this.#taken = { block, spooled: entry };
        return this.#taken;
      }
      this.lost += entry.rows;
      await this.#spool.remove(entry);
    }
    const block = this.#idle();
    if (block !== undefined) {
      this.#taken = { block };
      return this.#taken;
    }
    // The only one is on its way to the spool.
    if (this.#memory.length === 0) return undefined;
    await this.#spilling;
    return await this.take();
  }

  /** The block is kept, or will not be: either way it waits no longer. */
  async done(taken: Taken): Promise<void> {
    this.#letGo();
    if (taken.spooled === undefined) this.#forget(taken.block);
    else await this.#spool.remove(taken.spooled);
  }

  /** The block waits on; what became of it is not known. */
  putBack(taken: Taken): void {
    this.#letGo();
    taken.block.uncertain = true;
    if (taken.spooled !== undefined) taken.spooled.uncertain = true;
  }

  /** Writes all that waits in memory to disk. */
  async flush(): Promise<void> {
    this.#letGo();
    // The first may be a spill that has begun and leaves half.
    await this.#spill(0);
    await this.#spill(0);
  }

  /** Counts as lost what still waits in memory. */
  abandon(): void {
    for (const block of this.#memory.splice(0)) this.lost += block.rows;
    this.#memoryBytes = 0;
  }

  #letGo(): void {
    this.#taken = undefined;
    this.#spool.held = undefined;
  }

  #spill(bytesLeft: number): Promise<void> {
    this.#spilling ??= this.#spillNow(bytesLeft).finally(() => {
      this.#spilling = undefined;
    });
    return this.#spilling;
  }

  async #spillNow(bytesLeft: number): Promise<void> {
    while (this.#spoolUsable && this.#memoryBytes > bytesLeft) {
      const block = this.#idle();
      if (block === undefined) return;
      try {
        this.#written = block;
        await this.#spool.put(block);
        this.#spoolFailing = false;
      } catch (error) {
        if (!this.#spoolFailing) this.#onProblem(error as Error);
        this.#spoolFailing = true;
        return;
      } finally {
        this.#written = undefined;
      }
      this.#forget(block);
      for (let excess = this.#spool.excess(); excess !== undefined; excess = this.#spool.excess()) {
        this.lost += excess.rows;
        await this.#spool.remove(excess);
      }
    }
  }

  /** The oldest block in memory that nobody has in hand. */
  #idle(): Block | undefined {
    return this.#memory.find((block) => block !== this.#taken?.block && block !== this.#written);
  }

  #forget(block: Block): void {
    const at = this.#memory.indexOf(block);
    if (at < 0) return;
    this.#memory.splice(at, 1);
    this.#memoryBytes -= block.bytes.length;
  }
}
