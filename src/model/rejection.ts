/**
 * Why bytes from outside were refused, in whole or in part. One table: the counters, `replay --json` and the docs follow.
 * Bad input is data: it is counted here and never thrown.
 */
export const REJECTION_REASONS = {
  'capture-truncated': 'the capture ends in the middle of a packet; everything before it was read',
  'capture-block-invalid': 'a capture block has an impossible length or type and was skipped',
  'capture-packet-too-long': 'a packet record claims more bytes than any packet has',
  'capture-interface-unknown': 'a pcapng packet names an interface that was not described',
  'capture-time-missing': 'a pcapng simple packet block carries no time; the time before it was used',
  'packet-link-unknown': 'the link type is not one that is decoded',
  'packet-truncated': 'the captured bytes end inside a header',
  'packet-header-invalid': 'a header field contradicts itself (version, header length)',
  'packet-too-deep': 'more nested headers than are followed',
  'datagram-version-unknown': 'not NetFlow v5, v9, IPFIX or sFlow v5',
  'datagram-truncated': 'the datagram ends inside a header or record',
  'datagram-length-lies': 'the length or count in the header contradicts the bytes that are there',
  'set-length-invalid': 'a set or flow set has a length below its header or beyond the datagram',
  'template-unknown': 'data for a template that has not arrived yet; the records are lost, their number unknown',
  'template-invalid': 'a template without fields, with too many, or with a record length that cannot be',
  'templates-full': 'the exporter has as many templates as are kept for one; the oldest unused was dropped',
  'exporters-full': 'as many exporters as are kept; the one silent longest was dropped',
  'record-truncated': 'a set ends inside a record',
  'record-empty': 'a record without packets and bytes',
  'record-time-absurd': 'a record from the future or the far past; its arrival time was used',
  'time-far-behind': 'a packet or record whose clock is far behind that of the others was not counted',
  'record-not-released': 'long records whose later shares were lost when the clock jumped',
  'record-thinned': 'so many long records waited for release that one was kept for several, at their weight',
  'record-unpaced': 'so many long records waited for release that this one was counted whole on arrival',
  'attack-not-kept': 'more attacks at a time, or in one replay, than are kept',
  'sampling-absurd': 'a sampling rate of zero or beyond 2^31; the one known before was kept',
  'sample-length-invalid': 'an sFlow sample or record has a length beyond its datagram',
  'sample-format-unknown': 'an sFlow sample or record of a kind that is not decoded was skipped by its length',
  'log-line-unparsed': 'a line of a log that is not laid out as its format is, nor as any that is known',
  'log-line-not-a-request': 'a line of a log about something else than a request: an error, a TCP connection, a notice',
  'log-line-too-long': 'a line of a log of more bytes than any request has; it was skipped',
  'log-truncated': 'the compressed data of a log ends early; everything before it was read',
  'log-time-missing': 'a line of a log that tells no time',
  'log-time-invalid': 'the time of a line of a log is none, such as the 31st of February',
  'log-time-absurd': 'the time of a line of a log is before 1990 or after 2199',
} as const satisfies Record<string, string>;

export type RejectionReason = keyof typeof REJECTION_REASONS;

const NAMES = Object.keys(REJECTION_REASONS) as readonly RejectionReason[];

/** Index of each reason, for counting without strings on the data path. */
export const REJECT: Readonly<Record<RejectionReason, number>> = Object.fromEntries(
  NAMES.map((name, index) => [name, index]),
) as Record<RejectionReason, number>;

/** Counters of rejections by reason. */
export class Rejections {
  readonly #counts = new Float64Array(NAMES.length);

  /** Adds `count` to a reason, given as `REJECT['…']`. */
  count(reason: number, count = 1): void {
    this.#counts[reason] += count;
  }

  of(reason: RejectionReason): number {
    return this.#counts[REJECT[reason]];
  }

  total(): number {
    let total = 0;
    for (let at = 0; at < this.#counts.length; at++) total += this.#counts[at];
    return total;
  }

  /** The reasons that occurred, with their counts. */
  toRecord(): Partial<Record<RejectionReason, number>> {
    const record: Partial<Record<RejectionReason, number>> = {};
    for (let at = 0; at < NAMES.length; at++) if (this.#counts[at] > 0) record[NAMES[at]] = this.#counts[at];
    return record;
  }
}
