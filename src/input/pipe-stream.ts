import { close, constants, open } from 'node:fs';
import { Socket } from 'node:net';
import { Readable } from 'node:stream';

/** How often a named pipe without a writer is looked at again, ms. */
const LOOK_MS = 50;

/**
 * The bytes of a named pipe, from its first writer until that closes it. Waits for the writer without holding a thread, so that it can
 * be destroyed at any time; opening a pipe in the ordinary way waits in the kernel until somebody writes.
 */
export class PipeStream extends Readable {
  readonly #path: string;
  /** Somebody has written: the next end is the end. */
  #begun = false;
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #opening = false;

  constructor(path: string) {
    super();
    this.#path = path;
  }

  override _read(): void {
    if (this.#socket !== undefined) this.#socket.resume();
    else if (!this.#opening && this.#timer === undefined) this.#open();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#timer);
    this.#socket?.destroy();
    done(error);
  }

  #open(): void {
    this.#opening = true;
    open(this.#path, constants.O_RDONLY | constants.O_NONBLOCK, (error, fd) => {
      this.#opening = false;
      if (error !== null) {
        this.destroy(error);
        return;
      }
      if (this.destroyed) {
        close(fd, () => undefined);
        return;
      }
      const socket = new Socket({ fd, readable: true, writable: false });
      this.#socket = socket;
      socket.on('data', (chunk: Uint8Array) => {
        this.#begun = true;
        if (!this.push(chunk)) socket.pause();
      });
      socket.on('error', (fault) => this.destroy(fault));
      socket.on('close', () => this.#ended());
    });
  }

  #ended(): void {
    this.#socket = undefined;
    if (this.destroyed) return;
    if (this.#begun) this.push(null);
    else {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#open();
      }, LOOK_MS);
    }
  }
}
