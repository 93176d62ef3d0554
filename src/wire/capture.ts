import type { FlowBatch } from '../model/flow-batch.ts';
import { REJECT, type Rejections } from '../model/rejection.ts';
import { LINK_ETHERNET, LINK_UNKNOWN } from './packet-link.ts';
import { decodeRun, PACKET_BYTES_MAX, type PacketTotals, type RunLimits } from './packet-run.ts';
import * as pcapng from './pcapng.ts';
import { bigWord, CaptureInterfaces, INTERFACE_BYTES_MAX, littleWord } from './pcapng.ts';

/**
 * A push parser of capture files: pcap (draft-ietf-opsawg-pcap) and pcapng (draft-ietf-opsawg-pcapng), both byte orders.
 *
 *   pcap file header (24 bytes)                       pcap record header (16 bytes; 24 in Kuznetzov's variant)
 *   0 magic  4 major 6 minor  8 zone  12 sigfigs      0 seconds  4 micro- or nanoseconds  8 captured  12 wire length
 *   16 snap length  20 FCS bits, link type
 *
 *   pcapng block: 0 type  4 total length  8 body …  total length again
 *   section header (SHB)      8 byte-order magic
 *   interface description     8 link type  12 snap length  16 options
 *   enhanced packet (EPB)     8 interface  12 time high  16 time low  20 captured  24 wire length  28 packet, options
 *   packet (PB, obsolete)     8 interface (16 bits), drops  12 … as EPB
 *   simple packet (SPB)       8 wire length  12 packet
 *
 * Packets are given where they lie in the chunk. Only one that straddles chunks is put together in the carry buffer, which is
 * the bound of memory: whatever else is long (options, blocks of a gigabyte) is skipped as it streams by.
 */

export { PACKET_BYTES_MAX };

const CARRY_BYTES = PACKET_BYTES_MAX + 64;

/** After rubbish, a packet record is believed again when its time is this near to the last one. */
const RESYNC_SECONDS = 3600;

const PCAP_MICRO = 0xa1b2c3d4;
const PCAP_NANO = 0xa1b23c4d;
const PCAP_KUZNETZOV = 0xa1b2cd34;

const READ_START = 0;
const READ_PCAP = 1;
const READ_PCAPNG = 2;
const READ_OVER = 3;

export class CaptureReader {
  /** The packet, after `next()` returned true: `bytes[offset .. offset + capturedLength - 1]`, valid until the next call. */
  bytes: Uint8Array = new Uint8Array(0);
  offset = 0;
  /** Bytes captured, 0 to PACKET_BYTES_MAX. */
  capturedLength = 0;
  /** Bytes the packet had on the wire; never below `capturedLength`. */
  wireLength = 0;
  /** Time of the packet, milliseconds since 1970 with fractions. */
  timeMs = 0;
  /** LINKTYPE_… value (https://www.tcpdump.org/linktypes.html), or LINK_UNKNOWN. */
  linkType = LINK_UNKNOWN;

  readonly #rejections: Rejections;
  #state = READ_START;
  #format: 'unknown' | 'pcap' | 'pcapng' | 'bad' = 'unknown';
  #truncated = false;
  #little = false;
  /** Looking for the next believable record behind rubbish. */
  #searching = false;
  /** Set by a record that is not whole yet. */
  #waiting = false;

  #chunk: Uint8Array = new Uint8Array(0);
  #chunkView = new DataView(this.#chunk.buffer);
  #at = 0;
  #end = 0;
  /** Bytes still to be passed over before the next record. */
  #skip = 0;
  readonly #carry = new Uint8Array(CARRY_BYTES);
  #carryLength = 0;
  /** Where the bytes lie that #have() made available. */
  #view: Uint8Array = this.#chunk;
  #viewAt = 0;

  #recordHeader = 16;
  #ticksPerMs = 1000;
  #lastSeconds = -1;
  readonly #interfaces = new CaptureInterfaces();

  constructor(rejections: Rejections) {
    this.#rejections = rejections;
  }

  /** What the first bytes say: `bad` where they are no capture, `unknown` before they came. */
  get format(): 'unknown' | 'pcap' | 'pcapng' | 'bad' {
    return this.#format;
  }

  /** True after `end()` if the capture ended in the middle of a packet. */
  get truncated(): boolean {
    return this.#truncated;
  }

  /** Gives the next chunk of the file, once next() has returned false. The reader keeps it until next() returns false again. */
  push(chunk: Uint8Array): void {
    // A Buffer is looked at as the plain array below it: one kind of array keeps the loads of all decoders fast.
    this.#chunk = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#chunkView = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#at = 0;
    this.#end = chunk.byteLength;
  }

  /** No more bytes will come. What is left over is a truncated packet. */
  end(): void {
    if (this.#state === READ_START && this.#carryLength > 0) this.#format = 'bad';
    else if (this.#state !== READ_OVER && !this.#searching && (this.#carryLength > 0 || this.#skip > 0)) {
      this.#truncated = true;
      this.#rejections.count(REJECT['capture-truncated']);
    }
    this.#state = READ_OVER;
  }

  /** Advances to the next packet. False when more bytes are needed, or the capture is over or bad. */
  next(): boolean {
    if (this.#carryLength === 0 && this.#skip === 0 && !this.#searching) {
      if (this.#state === READ_PCAP) {
        if (this.#wholeRecord()) return true;
      } else if (this.#state === READ_PCAPNG && this.#wholeBlock()) return true;
    }
    return this.#nextSlowly();
  }

  /**
   * Advances over usual packets of pcap for as long as they come, decoding them into the batch; next() gives the packet behind
   * them. `limits` tells when to stop; its layout is set here. Returns the number of rows: 0 where the next packet is another one.
   */
  run(limits: RunLimits, batch: FlowBatch, totals: PacketTotals): number {
    if (this.#state !== READ_PCAP || this.linkType !== LINK_ETHERNET) return 0;
    if (this.#carryLength > 0 || this.#skip > 0 || this.#searching) return 0;
    limits.at = this.#at;
    limits.end = this.#end;
    limits.little = this.#little;
    limits.recordHeader = this.#recordHeader;
    limits.ticksPerMs = this.#ticksPerMs;
    const rows = decodeRun(this.#chunkView, limits, batch, totals);
    if (rows === 0) return 0;
    this.#lastSeconds = limits.seconds;
    this.#at = limits.at;
    return rows;
  }

  /** The short way: a record of pcap that lies whole in the chunk, as nearly every one does. */
  #wholeRecord(): boolean {
    const view = this.#chunkView;
    const little = this.#little;
    const at = this.#at;
    const header = this.#recordHeader;
    const left = this.#end - at - header;
    if (left < 0) return false;
    const captured = view.getUint32(at + 8, little);
    if (captured > PACKET_BYTES_MAX || captured > left) return false;
    const seconds = view.getUint32(at, little);
    const wire = view.getUint32(at + 12, little);
    this.#lastSeconds = seconds;
    this.timeMs = seconds * 1000 + view.getUint32(at + 4, little) / this.#ticksPerMs;
    this.bytes = this.#chunk;
    this.offset = at + header;
    this.capturedLength = captured;
    this.wireLength = Math.max(wire, captured);
    this.#at = at + header + captured;
    return true;
  }

  /** The short way: an enhanced packet block of a described interface that lies whole in the chunk. */
  #wholeBlock(): boolean {
    const view = this.#chunkView;
    const little = this.#little;
    const at = this.#at;
    const left = this.#end - at;
    if (left < 32 || view.getUint32(at, little) !== pcapng.BLOCK_ENHANCED_PACKET) return false;
    const length = view.getUint32(at + 4, little);
    const index = view.getUint32(at + 8, little);
    const captured = view.getUint32(at + 20, little);
    if (length > left || length < 32 || (length & 3) !== 0 || captured > length - 32) return false;
    if (captured > PACKET_BYTES_MAX || index >= this.#interfaces.count) return false;
    const ticks = view.getUint32(at + 12, little) * 4294967296 + view.getUint32(at + 16, little);
    const wire = view.getUint32(at + 24, little);
    this.linkType = this.#interfaces.linkType[index];
    this.timeMs = this.#interfaces.timeMs(index, ticks);
    this.bytes = this.#chunk;
    this.offset = at + 28;
    this.capturedLength = captured;
    this.wireLength = Math.max(wire, captured);
    this.#at = at + length;
    return true;
  }

  #nextSlowly(): boolean {
    for (;;) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, this.#end - this.#at);
        this.#skip -= step;
        this.#at += step;
        if (this.#skip > 0) return false;
      }
      switch (this.#state) {
        case READ_PCAP:
          if (!this.#have(this.#recordHeader)) return false;
          if (this.#pcapRecord()) return true;
          if (this.#waiting) return false;
          break;
        case READ_PCAPNG:
          if (!this.#have(12)) return false;
          if (this.#block()) return true;
          if (this.#waiting) return false;
          break;
        case READ_START:
          if (!this.#have(24)) return false;
          this.#start();
          break;
        default:
          return false;
      }
    }
  }

  /** Makes `length` bytes from the current position lie together at #view[#viewAt], if they have come. */
  #have(length: number): boolean {
    if (this.#carryLength === 0) {
      if (this.#end - this.#at >= length) {
        this.#view = this.#chunk;
        this.#viewAt = this.#at;
        return true;
      }
    } else if (this.#carryLength >= length) {
      this.#view = this.#carry;
      this.#viewAt = 0;
      return true;
    }
    const step = Math.min(length - this.#carryLength, this.#end - this.#at);
    if (step > 0) {
      this.#carry.set(this.#chunk.subarray(this.#at, this.#at + step), this.#carryLength);
      this.#carryLength += step;
      this.#at += step;
    }
    this.#view = this.#carry;
    this.#viewAt = 0;
    return this.#carryLength >= length;
  }

  /** Passes over `length` bytes from the current position, some of which may lie in the carry buffer. */
  #pass(length: number): void {
    if (this.#carryLength === 0) {
      const step = Math.min(length, this.#end - this.#at);
      this.#at += step;
      this.#skip = length - step;
      return;
    }
    if (length >= this.#carryLength) {
      this.#skip = length - this.#carryLength;
      this.#carryLength = 0;
      return;
    }
    this.#carry.copyWithin(0, length, this.#carryLength);
    this.#carryLength -= length;
    if (this.#carryLength <= this.#at) {
      // All that is left in the carry buffer came from this chunk: read on in place.
      this.#at -= this.#carryLength;
      this.#carryLength = 0;
    }
  }

  #u32(at: number): number {
    return this.#little ? littleWord(this.#view, at) : bigWord(this.#view, at);
  }

  /** Reads the first bytes of the file. */
  #start(): void {
    const at = this.#viewAt;
    for (let order = 0; order < 2; order++) {
      this.#little = order === 0;
      const magic = this.#u32(at);
      if (magic === PCAP_MICRO || magic === PCAP_NANO || magic === PCAP_KUZNETZOV) {
        this.#ticksPerMs = magic === PCAP_NANO ? 1_000_000 : 1000;
        this.#recordHeader = magic === PCAP_KUZNETZOV ? 24 : 16;
        // The upper bits tell the length of the frame check sequence.
        this.linkType = this.#u32(at + 20) & 0xffff;
        this.#format = 'pcap';
        this.#state = READ_PCAP;
        this.#pass(24);
        return;
      }
    }
    if (this.#u32(at) === pcapng.BLOCK_SECTION && this.#sectionOrder(at)) {
      this.#format = 'pcapng';
      this.#state = READ_PCAPNG;
      return;
    }
    this.#format = 'bad';
    this.#state = READ_OVER;
  }

  /** True when a packet is given; else #waiting tells whether bytes are missing. */
  #pcapRecord(): boolean {
    this.#waiting = false;
    const at = this.#viewAt;
    const seconds = this.#u32(at);
    const ticks = this.#u32(at + 4);
    const captured = this.#u32(at + 8);
    const wire = this.#u32(at + 12);
    if (this.#searching) {
      const near = Math.abs(seconds - this.#lastSeconds) <= RESYNC_SECONDS || this.#lastSeconds < 0;
      if (!near || ticks >= this.#ticksPerMs * 1000 || captured === 0 || captured > wire || wire > PACKET_BYTES_MAX) {
        this.#pass(1);
        return false;
      }
      this.#searching = false;
    }
    if (captured > PACKET_BYTES_MAX) {
      this.#rejections.count(REJECT['capture-packet-too-long']);
      this.#searching = true;
      this.#pass(1);
      return false;
    }
    const header = this.#recordHeader;
    if (!this.#have(header + captured)) return this.#wait();
    this.#lastSeconds = seconds;
    this.timeMs = seconds * 1000 + ticks / this.#ticksPerMs;
    this.#give(header, captured, wire);
    this.#pass(header + captured);
    return true;
  }

  /** Describes the packet at `header` bytes behind the view. */
  #give(header: number, captured: number, wire: number): void {
    this.bytes = this.#view;
    this.offset = this.#viewAt + header;
    this.capturedLength = captured;
    this.wireLength = Math.max(wire, captured);
  }

  /** Takes over the byte order of the section header at `at`; false where its magic is neither. */
  #sectionOrder(at: number): boolean {
    const little = littleWord(this.#view, at + 8) === pcapng.SECTION_MAGIC;
    if (!little && bigWord(this.#view, at + 8) !== pcapng.SECTION_MAGIC) return false;
    this.#little = little;
    return true;
  }

  /** One pcapng block: true when it gives a packet; else #waiting tells whether bytes are missing. */
  #block(): boolean {
    this.#waiting = false;
    const at = this.#viewAt;
    let type = this.#u32(at);
    if (type === pcapng.BLOCK_SECTION) {
      if (this.#sectionOrder(at)) this.#interfaces.count = 0;
      else type = 0;
    }
    const length = this.#u32(at + 4);
    if (this.#searching) {
      if (!pcapng.believable(type, length)) {
        this.#pass(1);
        return false;
      }
      this.#searching = false;
    }
    if (length < 12 || (length & 3) !== 0 || type === 0) {
      this.#rejections.count(REJECT['capture-block-invalid']);
      this.#searching = true;
      this.#pass(1);
      return false;
    }
    switch (type) {
      case pcapng.BLOCK_ENHANCED_PACKET:
      case pcapng.BLOCK_PACKET:
        return this.#packetBlock(type, length);
      case pcapng.BLOCK_SIMPLE_PACKET:
        return this.#simplePacketBlock(length);
      case pcapng.BLOCK_INTERFACE:
        return this.#interfaceBlock(length);
      default:
        this.#pass(length);
        return false;
    }
  }

  #packetBlock(type: number, length: number): boolean {
    if (length < 32) return this.#badBlock(length, REJECT['capture-block-invalid']);
    if (!this.#have(28)) return this.#wait();
    const at = this.#viewAt;
    const index =
      type === pcapng.BLOCK_PACKET
        ? this.#little
          ? littleWord(this.#view, at + 8) & 0xffff
          : bigWord(this.#view, at + 8) >>> 16
        : this.#u32(at + 8);
    const high = this.#u32(at + 12);
    const low = this.#u32(at + 16);
    const captured = this.#u32(at + 20);
    const wire = this.#u32(at + 24);
    if (captured > length - 32) return this.#badBlock(length, REJECT['capture-block-invalid']);
    if (captured > PACKET_BYTES_MAX) return this.#badBlock(length, REJECT['capture-packet-too-long']);
    if (!this.#have(28 + captured)) return this.#wait();
    const ticks = high * 4294967296 + low;
    if (index < this.#interfaces.count) {
      this.linkType = this.#interfaces.linkType[index];
      this.timeMs = this.#interfaces.timeMs(index, ticks);
    } else {
      this.#rejections.count(REJECT['capture-interface-unknown']);
      this.linkType = LINK_UNKNOWN;
      this.timeMs = ticks / 1000;
    }
    this.#give(28, captured, wire);
    this.#pass(length);
    return true;
  }

  #simplePacketBlock(length: number): boolean {
    if (length < 16) return this.#badBlock(length, REJECT['capture-block-invalid']);
    const wire = this.#u32(this.#viewAt + 8);
    let captured = Math.min(wire, length - 16);
    if (this.#interfaces.count > 0) {
      this.linkType = this.#interfaces.linkType[0];
      if (this.#interfaces.snapLength[0] > 0) captured = Math.min(captured, this.#interfaces.snapLength[0]);
    }
    if (captured > PACKET_BYTES_MAX) return this.#badBlock(length, REJECT['capture-packet-too-long']);
    if (!this.#have(12 + captured)) return this.#wait();
    if (this.#interfaces.count === 0) {
      this.#rejections.count(REJECT['capture-interface-unknown']);
      this.linkType = LINK_UNKNOWN;
    }
    this.#rejections.count(REJECT['capture-time-missing']);
    this.#give(12, captured, wire);
    this.#pass(length);
    return true;
  }

  #badBlock(length: number, reason: number): boolean {
    this.#rejections.count(reason);
    this.#pass(length);
    return false;
  }

  #wait(): boolean {
    this.#waiting = true;
    return false;
  }

  #interfaceBlock(length: number): boolean {
    if (length < 20) return this.#badBlock(length, REJECT['capture-block-invalid']);
    const looked = Math.min(length, INTERFACE_BYTES_MAX);
    if (!this.#have(looked)) return this.#wait();
    this.#interfaces.add(this.#view, this.#viewAt, looked, this.#little);
    this.#pass(length);
    return false;
  }
}
