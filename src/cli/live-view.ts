import type { ReadStream, WriteStream } from 'node:tty';
import type { StationStatus } from '../model/station-view.ts';
import { LiveHistory } from './live-history.ts';
import { type LiveLook, renderLive } from './render-live.ts';
import { lookOf, paintOf } from './terminal.ts';

const REPAINT_MS = 1000;
const HEIGHT_WITHOUT_TERMINAL = 24;

/* Control sequences (ECMA-48, xterm): the alternate screen keeps what stood on the terminal before. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[H\x1b[2J';
const LEAVE = '\x1b[?25h\x1b[?1049l';
/** Between these a terminal that knows them shows nothing half painted; others ignore them. */
const BEGIN = '\x1b[?2026h\x1b[H';
const END = '\x1b[J\x1b[?2026l';
const END_OF_LINE = '\x1b[K';

export interface LiveViewOptions {
  readonly output: WriteStream;
  /** Keys are read from here where it is a terminal. */
  readonly input?: ReadStream | undefined;
  readonly environment: NodeJS.ProcessEnv;
  /** The link for the first account, as long as there is none: it stands above everything. */
  readonly setUpUrl?: (() => string | undefined) | undefined;
  /** Asked for the view to end: `q` or Ctrl-C, which is a key while the view has the keyboard. */
  readonly onQuit: () => void;
}

/**
 * A station on the terminal, painted anew every second on the alternate screen, until `stop`. Keys: `q` ends it, `p` holds the picture,
 * `s` orders targets by what they get instead of by how near they are to their limit.
 */
export class LiveView {
  readonly #status: () => StationStatus | Promise<StationStatus>;
  readonly #options: LiveViewOptions;
  readonly #history = new LiveHistory();
  #shown: StationStatus | undefined;
  #fault: string | undefined;
  #sort: 'limit' | 'rate' = 'limit';
  #paused = false;
  #asking = false;
  #running = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(status: () => StationStatus | Promise<StationStatus>, options: LiveViewOptions) {
    this.#status = status;
    this.#options = options;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    const { output, input } = this.#options;
    output.write(ENTER);
    output.on('resize', this.#paint);
    process.on('exit', this.#restore);
    if (input?.isTTY === true) {
      input.setRawMode(true);
      input.on('data', this.#key);
      input.resume();
    }
    this.#timer = setInterval(this.#tick, REPAINT_MS);
    this.#tick();
  }

  /** Gives the terminal back as it was. */
  stop(): void {
    if (!this.#running) return;
    clearInterval(this.#timer);
    const { output, input } = this.#options;
    output.off('resize', this.#paint);
    process.off('exit', this.#restore);
    if (input?.isTTY === true) {
      input.off('data', this.#key);
      input.pause();
    }
    this.#restore();
  }

  /** What must be given back even where the process ends in the middle. */
  readonly #restore = (): void => {
    this.#running = false;
    const { output, input } = this.#options;
    if (input?.isTTY === true) input.setRawMode(false);
    output.write(LEAVE);
  };

  readonly #tick = (): void => {
    // A station that answers slowly is asked once at a time.
    if (this.#paused || this.#asking) return;
    this.#asking = true;
    Promise.resolve()
      .then(() => this.#status())
      .then(
        (status) => {
          this.#history.add(status);
          this.#shown = status;
          this.#fault = undefined;
        },
        (error: Error) => {
          this.#fault = error.message;
        },
      )
      .finally(() => {
        this.#asking = false;
        this.#paint();
      });
  };

  readonly #paint = (): void => {
    const { output, environment } = this.#options;
    // A terminal that is behind has the next picture instead of this one.
    if (!this.#running || output.writableNeedDrain) return;
    const look = { ...lookOf(output, environment), height: output.rows > 0 ? output.rows : HEIGHT_WITHOUT_TERMINAL };
    const lines = this.#lines(look);
    output.write(`${BEGIN}${lines.map((line) => `${line}${END_OF_LINE}`).join('\r\n')}${END}`);
  };

  #lines(look: LiveLook): string[] {
    const paint = paintOf(look.colour);
    const fault = this.#fault === undefined ? [] : [paint.alarm(`! ${this.#fault}`.slice(0, look.width))];
    if (this.#shown === undefined) return fault.length > 0 ? fault : [paint.dim('asking the station …')];
    const above = [...fault, ...this.#setUp(look.width)];
    const height = (look.height ?? HEIGHT_WITHOUT_TERMINAL) - above.length;
    const foot = `q quit   p ${this.#paused ? 'go on (held)' : 'hold'}   s order by ${this.#sort === 'limit' ? 'rate' : 'limit'}`;
    return [...above, ...renderLive(this.#shown, { ...look, height, sort: this.#sort, foot }, this.#history)];
  }

  /** The link whole, over several lines where the terminal is narrow: half a link is none. */
  #setUp(width: number): string[] {
    const url = this.#options.setUpUrl?.();
    if (url === undefined) return [];
    const parts = url.match(new RegExp(`.{1,${Math.max(1, width)}}`, 'g')) ?? [];
    return ['Nobody has an account yet. Open this link to make the first one:', ...parts, ''];
  }

  readonly #key = (bytes: Buffer | string): void => {
    for (const key of bytes.toString()) {
      if (key === 'q' || key === '\x03') {
        this.#options.onQuit();
        return;
      }
      if (key === 'p') this.#paused = !this.#paused;
      else if (key === 's') this.#sort = this.#sort === 'limit' ? 'rate' : 'limit';
      else continue;
      this.#paint();
    }
  };
}
