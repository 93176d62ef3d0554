/** Datagrams measured before their mean number of records is trusted for good. */
const SETTLED_DATAGRAMS_MIN = 32;
/** At so many measured datagrams both sums are halved, so that the mean follows what the exporter sends now. */
const MEAN_DATAGRAMS_MAX = 4096;
/** Sets of unknown templates kept for one exporter by id and length; further ones stay uncounted. */
const UNKNOWN_SETS_MAX = 64;
/** While a station was down, so many times the gap of a running one can have come about. */
const DOWN_JUMP_FACTOR = 16;

/** Data sets of one length that came before their template. */
interface UnknownSets {
  readonly templateId: number;
  /** Bytes of each, without the header of the set. */
  readonly length: number;
  count: number;
}

/** What is kept of it over a restart. */
export interface SequenceMemory {
  readonly next: number;
  readonly meanDatagrams: number;
  readonly meanRecords: number;
}

/**
 * Follows the sequence numbers of one exporter, modulo 2^32, and says how many flow records are missing. The numbers count
 * records (NetFlow v5, IPFIX) or datagrams (NetFlow v9, sFlow); a lost datagram stands for as many records as its exporter's
 * datagrams have in the mean, which is exact where all have the same number.
 */
export class SequenceFollower {
  /** Units that the sequence numbers say are missing: datagrams or records. A unit that comes late takes its loss back. */
  unitsLost = 0;
  /** Records that came and could not be decoded for want of their template, as far as they could be counted. */
  recordsUndecoded = 0;
  /** Records of the time between a snapshot and the first datagram after it was restored: nobody was there to receive them. */
  missedWhileDown = 0;
  readonly #countsDatagrams: boolean;
  /** The number that the next datagram should have; -1 if not known. */
  #next = -1;
  /** The datagram before held records that could not be counted: what its number is short by was received. */
  #uncounted = false;
  #restored = false;
  #settledRecords = 0;
  #pendingUnits = 0;
  #meanDatagrams = 0;
  #meanRecords = 0;
  #unknown: UnknownSets[] | undefined = undefined;

  constructor(countsDatagrams: boolean) {
    this.#countsDatagrams = countsDatagrams;
  }

  /** Flow records that are missing: lost on the way, or undecoded. Not those missed while down. */
  get recordsLost(): number {
    return this.#settledRecords + this.#pendingUnits * this.#recordsPerUnit() + this.recordsUndecoded;
  }

  /** The exporter has begun anew: whatever number comes next is right. */
  restart(): void {
    this.#next = -1;
    this.#uncounted = false;
    this.#restored = false;
  }

  /**
   * A datagram whose header says `sequence`, with `records` records in it (flows and options where these are numbered, flows
   * alone where datagrams are); `known` is false where it held more that could not be counted. A gap of up to `jumpMax` units
   * is a loss; a datagram that comes late takes back what was counted for it; anything else is a restart.
   */
  follow(sequence: number, records: number, known: boolean, jumpMax: number): void {
    const units = this.#countsDatagrams ? 1 : records;
    if (this.#countsDatagrams && known) this.#measure(records);
    if (this.#next >= 0) {
      const gap = (sequence - this.#next) | 0;
      if (gap < 0 && gap >= -(jumpMax >>> 4)) {
        this.#takeBack(units);
        return;
      }
      if (gap > 0) this.#countGap(gap, jumpMax);
    }
    this.#next = (sequence + units) >>> 0;
    this.#uncounted = !known && !this.#countsDatagrams;
    this.#restored = false;
  }

  /** A set of `length` bytes came before its template. Where datagrams are numbered, its records are counted by that template. */
  noteUnknown(templateId: number, length: number): void {
    if (!this.#countsDatagrams || length <= 0) return;
    this.#unknown ??= [];
    const known = this.#unknown.find((sets) => sets.templateId === templateId && sets.length === length);
    if (known !== undefined) known.count++;
    else if (this.#unknown.length < UNKNOWN_SETS_MAX) this.#unknown.push({ templateId, length, count: 1 });
  }

  /** A template has come; `recordLength` is 0 where its records are no flows, or of no fixed length. */
  noteTemplate(templateId: number, recordLength: number): void {
    const unknown = this.#unknown;
    if (unknown === undefined) return;
    for (const sets of unknown) {
      if (sets.templateId !== templateId || recordLength === 0) continue;
      this.recordsUndecoded += sets.count * Math.floor(sets.length / recordLength);
    }
    const rest = unknown.filter((sets) => sets.templateId !== templateId);
    this.#unknown = rest.length === 0 ? undefined : rest;
  }

  memory(): SequenceMemory {
    return { next: this.#next, meanDatagrams: this.#meanDatagrams, meanRecords: this.#meanRecords };
  }

  /** Goes on where a station left off. The first gap is what it missed while it was down. */
  restore(memory: SequenceMemory): void {
    this.#next = memory.next;
    this.#meanDatagrams = memory.meanDatagrams;
    this.#meanRecords = memory.meanRecords;
    this.#restored = memory.next >= 0;
  }

  #countGap(gap: number, jumpMax: number): void {
    if (this.#restored) {
      if (gap <= jumpMax * DOWN_JUMP_FACTOR) this.missedWhileDown += gap * this.#recordsPerUnit();
      return;
    }
    if (gap > jumpMax) return;
    if (this.#uncounted) {
      this.recordsUndecoded += gap;
      return;
    }
    this.unitsLost += gap;
    this.#pendingUnits += gap;
    if (!this.#countsDatagrams || this.#meanDatagrams >= SETTLED_DATAGRAMS_MIN) this.#settle();
  }

  #takeBack(units: number): void {
    const back = Math.min(units, this.unitsLost);
    this.unitsLost -= back;
    const pending = Math.min(back, this.#pendingUnits);
    this.#pendingUnits -= pending;
    this.#settledRecords = Math.max(0, this.#settledRecords - (back - pending) * this.#recordsPerUnit());
  }

  #settle(): void {
    this.#settledRecords += this.#pendingUnits * this.#recordsPerUnit();
    this.#pendingUnits = 0;
  }

  #measure(records: number): void {
    this.#meanDatagrams++;
    this.#meanRecords += records;
    if (this.#meanDatagrams === SETTLED_DATAGRAMS_MIN) this.#settle();
    if (this.#meanDatagrams < MEAN_DATAGRAMS_MAX) return;
    this.#meanDatagrams /= 2;
    this.#meanRecords /= 2;
  }

  #recordsPerUnit(): number {
    if (!this.#countsDatagrams) return 1;
    return this.#meanDatagrams > 0 ? this.#meanRecords / this.#meanDatagrams : 0;
  }
}
