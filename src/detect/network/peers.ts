import { maskWord } from '../../base/prefix.ts';
import type { RowSample } from '../../sketch/row-sample.ts';
import { PARAMETERS } from './parameters.ts';

/**
 * Who among the senders of a target is answered: what it sends back to some says nothing about packets that others send. Read from the rows
 * kept of a second, which are all of them where there were no more than the sample holds.
 *
 *   rows from the target ──► set of those it sends to      rows to the target, of the classes asked for ──► by whether their sender is in it
 */
export class Peers {
  #sample: RowSample | undefined;
  /** Looks that are left in this second. */
  #left = 0;
  /** Open-addressed places of rows plus one, by the destinations of what the target sends. */
  #places = new Int32Array(0);

  /** Looks at the rows of another second. */
  begin(sample: RowSample): void {
    this.#sample = sample;
    this.#left = PARAMETERS.peersMax;
    if (this.#places.length === 0) this.#places = new Int32Array(4 * 2 ** Math.ceil(Math.log2(sample.capacity)));
  }

  /**
   * Share of the packets of a set of classes towards a prefix whose senders it sent something to in the same second; `undefined` where only
   * a part of the rows was kept, since the row that would show an answer may be among the others; where there are none; or where
   * `peersMax` were looked at.
   */
  answeredShare(words: Uint32Array, length: number, classes: number): number | undefined {
    const sample = this.#sample;
    if (sample === undefined || sample.share() < 1 || this.#left === 0) return undefined;
    this.#left--;
    this.#places.fill(0);
    for (let row = 0; row < sample.length; row++) {
      if (isInside(sample.srcAddr, 4 * row, words, length)) this.#add(sample, row);
    }
    let all = 0;
    let answered = 0;
    for (let row = 0; row < sample.length; row++) {
      if (((classes >>> sample.trafficClass[row]) & 1) === 0) continue;
      if (!isInside(sample.dstAddr, 4 * row, words, length)) continue;
      all += sample.packets[row];
      if (this.#has(sample, row)) answered += sample.packets[row];
    }
    return all > 0 ? answered / all : undefined;
  }

  #add({ dstAddr }: RowSample, row: number): void {
    const mask = this.#places.length - 1;
    let place = placeOf(dstAddr, 4 * row) & mask;
    for (let entry = this.#places[place]; entry !== 0; entry = this.#places[place]) {
      if (isSame(dstAddr, 4 * (entry - 1), dstAddr, 4 * row)) return;
      place = (place + 1) & mask;
    }
    this.#places[place] = row + 1;
  }

  /** True if the target sends something to the sender of a row. */
  #has({ dstAddr, srcAddr }: RowSample, row: number): boolean {
    const mask = this.#places.length - 1;
    let place = placeOf(srcAddr, 4 * row) & mask;
    for (let entry = this.#places[place]; entry !== 0; entry = this.#places[place]) {
      if (isSame(dstAddr, 4 * (entry - 1), srcAddr, 4 * row)) return true;
      place = (place + 1) & mask;
    }
    return false;
  }
}

function placeOf(words: Uint32Array, at: number): number {
  const mixed = Math.imul(words[at + 3] ^ Math.imul(words[at + 1], 0x85ebca6b) ^ words[at], 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}

function isSame(left: Uint32Array, leftAt: number, right: Uint32Array, rightAt: number): boolean {
  return (
    left[leftAt + 3] === right[rightAt + 3] &&
    left[leftAt + 2] === right[rightAt + 2] &&
    left[leftAt + 1] === right[rightAt + 1] &&
    left[leftAt] === right[rightAt]
  );
}

function isInside(addresses: Uint32Array, at: number, words: Uint32Array, length: number): boolean {
  if (length === 128) return isSame(addresses, at, words, 0);
  for (let word = 0; word < 4; word++) {
    if (((addresses[at + word] ^ words[word]) & maskWord(length, word)) !== 0) return false;
  }
  return true;
}
