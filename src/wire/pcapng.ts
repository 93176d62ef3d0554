import { PACKET_BYTES_MAX } from './packet-run.ts';

/** Block types and the interface table of pcapng (draft-ietf-opsawg-pcapng). */
export const BLOCK_SECTION = 0x0a0d0d0a;
export const BLOCK_INTERFACE = 1;
export const BLOCK_PACKET = 2;
export const BLOCK_SIMPLE_PACKET = 3;
export const BLOCK_ENHANCED_PACKET = 6;
export const SECTION_MAGIC = 0x1a2b3c4d;

/** Bytes of an interface description that are looked at for options. */
export const INTERFACE_BYTES_MAX = 16_384;

/** Interfaces kept for one pcapng section. */
export const INTERFACES_MAX = 4096;

const OPTION_END = 0;
const OPTION_TSRESOL = 9;
const OPTION_TSOFFSET = 14;

/** After rubbish, only the blocks that carry packets or begin a section are looked for. */
export function believable(type: number, length: number): boolean {
  if ((length & 3) !== 0) return false;
  if (type === BLOCK_SECTION) return length >= 28 && length <= INTERFACE_BYTES_MAX;
  return type === BLOCK_ENHANCED_PACKET && length >= 32 && length <= PACKET_BYTES_MAX + INTERFACE_BYTES_MAX;
}

/** The interfaces that a pcapng section describes, by index. Those beyond INTERFACES_MAX are not kept. */
export class CaptureInterfaces {
  count = 0;
  readonly linkType = new Uint16Array(INTERFACES_MAX);
  /** 0 is without bound. */
  readonly snapLength = new Uint32Array(INTERFACES_MAX);
  readonly #ticksPerMs = new Float64Array(INTERFACES_MAX);
  readonly #offsetMs = new Float64Array(INTERFACES_MAX);

  /** Milliseconds since 1970 of a timestamp of this interface. */
  timeMs(index: number, ticks: number): number {
    return ticks / this.#ticksPerMs[index] + this.#offsetMs[index];
  }

  /** Adds the interface of the description block at `bytes[at .. at + length - 1]`, of which the end may be missing. */
  add(bytes: Uint8Array, at: number, length: number, little: boolean): void {
    const index = this.count;
    if (index === INTERFACES_MAX) return;
    const first = word(bytes, at + 8, little);
    this.linkType[index] = little ? first : first >>> 16;
    this.snapLength[index] = word(bytes, at + 12, little);
    this.#ticksPerMs[index] = 1000;
    this.#offsetMs[index] = 0;
    this.#readOptions(bytes, at + 16, at + length - 4, little);
    this.count++;
  }

  /** Options: 0 code  2 length  4 value, padded to four bytes. */
  #readOptions(bytes: Uint8Array, from: number, end: number, little: boolean): void {
    const index = this.count;
    for (let at = from; at + 4 <= end; ) {
      const head = word(bytes, at, little);
      const code = little ? head & 0xffff : head >>> 16;
      const length = little ? head >>> 16 : head & 0xffff;
      if (code === OPTION_END || at + 4 + length > end) return;
      if (code === OPTION_TSRESOL && length >= 1) {
        const resolution = bytes[at + 4];
        const ticksPerSecond = resolution & 0x80 ? 2 ** (resolution & 0x7f) : 10 ** resolution;
        this.#ticksPerMs[index] = ticksPerSecond / 1000;
      } else if (code === OPTION_TSOFFSET && length >= 8) {
        const first = word(bytes, at + 4, little);
        const second = word(bytes, at + 8, little);
        const high = (little ? second : first) | 0;
        this.#offsetMs[index] = (high * 4294967296 + (little ? first : second)) * 1000;
      }
      at += 4 + length + (-length & 3);
    }
  }
}

function word(bytes: Uint8Array, at: number, little: boolean): number {
  return little ? littleWord(bytes, at) : bigWord(bytes, at);
}

export function littleWord(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}

export function bigWord(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}
