import { closeSync, openSync, writeSync } from 'node:fs';

/**
 * Writes a pcap file of Ethernet packets, microseconds, little-endian (draft-ietf-opsawg-pcap), a buffer at a time.
 *
 *   file header   a1b2c3d4  2.4  zone 0  sigfigs 0  snap length  link type 1
 *   record        seconds  microseconds  captured length  wire length  bytes
 */
export class PcapWriter {
  /** Where the next packet's bytes go: `buffer[at …]`, after `begin`. */
  readonly buffer = new Uint8Array(BUFFER_BYTES);
  readonly view = new DataView(this.buffer.buffer);
  /** Packets and bytes written. */
  packets = 0;
  bytes = 0;
  readonly #file: number;
  #end = 0;

  /** `snapLength`: what the header says that packets are cut at, bytes. */
  constructor(path: string, snapLength = 65_535) {
    this.#file = openSync(path, 'w');
    this.view.setUint32(0, 0xa1b2c3d4, true);
    this.view.setUint16(4, 2, true);
    this.view.setUint16(6, 4, true);
    this.view.setUint32(16, snapLength, true);
    this.view.setUint32(20, 1, true);
    this.#end = 24;
  }

  /** Makes a record of `captured` bytes (at most 65,535), which the caller then writes at the offset that is returned. */
  begin(timeMs: number, captured: number, wireLength: number): number {
    if (this.#end + 16 + captured > BUFFER_BYTES) this.#flush();
    const { view } = this;
    const at = this.#end;
    const seconds = Math.floor(timeMs / 1000);
    view.setUint32(at, seconds, true);
    view.setUint32(at + 4, Math.floor((timeMs - 1000 * seconds) * 1000), true);
    view.setUint32(at + 8, captured, true);
    view.setUint32(at + 12, wireLength, true);
    this.#end = at + 16 + captured;
    this.packets++;
    return at + 16;
  }

  close(): void {
    this.#flush();
    closeSync(this.#file);
  }

  #flush(): void {
    for (let done = 0; done < this.#end; ) done += writeSync(this.#file, this.buffer, done, this.#end - done);
    this.bytes += this.#end;
    this.#end = 0;
  }
}

const BUFFER_BYTES = 1 << 20;
