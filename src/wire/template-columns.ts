/**
 * The inner loops of template decoding: one field of `count` records into one column from row `row` on, or two or three that
 * go together. `bases[a + i]` is where the segment of record `i` begins, `offset` where the field lies in it. The caller
 * guarantees that the bytes are there, that `length` is at least 1, and that the columns have the rows. Integers that are
 * longer than the column are cut to their low-order bytes; shorter ones are reduced-size encoding (RFC 7011 section 6.2).
 *
 * DataView reads big-endian in one instruction and a half; four indexed loads measured three times slower.
 */

export function copyToU8(
  column: Uint8Array,
  row: number,
  count: number,
  bytes: Uint8Array,
  bases: Int32Array,
  a: number,
  offset: number,
  length: number,
): void {
  const last = offset + length - 1;
  for (let i = 0; i < count; i++) column[row + i] = bytes[bases[a + i] + last];
}

export function copyToU16(
  column: Uint16Array,
  row: number,
  count: number,
  bytes: Uint8Array,
  view: DataView,
  bases: Int32Array,
  a: number,
  offset: number,
  length: number,
): void {
  if (length === 1) {
    for (let i = 0; i < count; i++) column[row + i] = bytes[bases[a + i] + offset];
    return;
  }
  const last = offset + length - 2;
  for (let i = 0; i < count; i++) column[row + i] = view.getUint16(bases[a + i] + last);
}

export function copyToU32(
  column: Uint32Array,
  row: number,
  count: number,
  bytes: Uint8Array,
  view: DataView,
  bases: Int32Array,
  a: number,
  offset: number,
  length: number,
): void {
  if (length >= 4) {
    const last = offset + length - 4;
    for (let i = 0; i < count; i++) column[row + i] = view.getUint32(bases[a + i] + last);
    return;
  }
  for (let i = 0; i < count; i++) column[row + i] = unsignedAt(bytes, bases[a + i] + offset, length);
}

/** Up to 8 bytes; exact to 2^53, which no counter of packets or bytes exceeds by honest means. */
export function copyToF64(
  column: Float64Array,
  row: number,
  count: number,
  bytes: Uint8Array,
  view: DataView,
  bases: Int32Array,
  a: number,
  offset: number,
  length: number,
): void {
  if (length === 4) {
    for (let i = 0; i < count; i++) column[row + i] = view.getUint32(bases[a + i] + offset);
  } else if (length === 8) {
    for (let i = 0; i < count; i++) {
      const at = bases[a + i] + offset;
      column[row + i] = view.getUint32(at) * 4294967296 + view.getUint32(at + 4);
    }
  } else {
    for (let i = 0; i < count; i++) column[row + i] = unsignedAt(bytes, bases[a + i] + offset, length);
  }
}

/** The address words of IPv4 addresses, in mapped form. */
export function copyIpv4(
  column: Uint32Array,
  row: number,
  count: number,
  view: DataView,
  bases: Int32Array,
  a: number,
  offset: number,
): void {
  for (let i = 0, to = 4 * row; i < count; i++, to += 4) {
    column[to] = 0;
    column[to + 1] = 0;
    column[to + 2] = 0xffff;
    column[to + 3] = view.getUint32(bases[a + i] + offset);
  }
}

export function copyIpv6(
  column: Uint32Array,
  row: number,
  count: number,
  view: DataView,
  bases: Int32Array,
  a: number,
  offset: number,
): void {
  for (let i = 0, to = 4 * row; i < count; i++, to += 4) {
    const at = bases[a + i] + offset;
    column[to] = view.getUint32(at);
    column[to + 1] = view.getUint32(at + 4);
    column[to + 2] = view.getUint32(at + 8);
    column[to + 3] = view.getUint32(at + 12);
  }
}

export function copyIpv4Pair(
  columnA: Uint32Array,
  columnB: Uint32Array,
  row: number,
  count: number,
  view: DataView,
  bases: Int32Array,
  a: number,
  offsetA: number,
  b: number,
  offsetB: number,
): void {
  for (let i = 0, to = 4 * row; i < count; i++, to += 4) {
    columnA[to] = 0;
    columnA[to + 1] = 0;
    columnA[to + 2] = 0xffff;
    columnA[to + 3] = view.getUint32(bases[a + i] + offsetA);
    columnB[to] = 0;
    columnB[to + 1] = 0;
    columnB[to + 2] = 0xffff;
    columnB[to + 3] = view.getUint32(bases[b + i] + offsetB);
  }
}

export function copyU16Pair(
  columnA: Uint16Array,
  columnB: Uint16Array,
  row: number,
  count: number,
  view: DataView,
  bases: Int32Array,
  a: number,
  offsetA: number,
  b: number,
  offsetB: number,
): void {
  for (let i = 0; i < count; i++) {
    columnA[row + i] = view.getUint16(bases[a + i] + offsetA);
    columnB[row + i] = view.getUint16(bases[b + i] + offsetB);
  }
}

/** `length` is 2 or 4. */
export function copyU32Pair(
  columnA: Uint32Array,
  columnB: Uint32Array,
  row: number,
  count: number,
  view: DataView,
  bases: Int32Array,
  a: number,
  offsetA: number,
  b: number,
  offsetB: number,
  length: number,
): void {
  if (length === 4) {
    for (let i = 0; i < count; i++) {
      columnA[row + i] = view.getUint32(bases[a + i] + offsetA);
      columnB[row + i] = view.getUint32(bases[b + i] + offsetB);
    }
    return;
  }
  for (let i = 0; i < count; i++) {
    columnA[row + i] = view.getUint16(bases[a + i] + offsetA);
    columnB[row + i] = view.getUint16(bases[b + i] + offsetB);
  }
}

/** Packets and bytes in 4 or 8 bytes. Returns how many records have neither. */
export function copyCounters(
  packets: Float64Array,
  octets: Float64Array,
  row: number,
  count: number,
  view: DataView,
  bases: Int32Array,
  a: number,
  offsetA: number,
  b: number,
  offsetB: number,
  length: number,
): number {
  let empty = 0;
  if (length === 4) {
    for (let i = 0; i < count; i++) {
      const packetCount = view.getUint32(bases[a + i] + offsetA);
      const octetCount = view.getUint32(bases[b + i] + offsetB);
      packets[row + i] = packetCount;
      octets[row + i] = octetCount;
      if ((packetCount | octetCount) === 0) empty++;
    }
    return empty;
  }
  for (let i = 0; i < count; i++) {
    const atA = bases[a + i] + offsetA;
    const atB = bases[b + i] + offsetB;
    const packetCount = view.getUint32(atA) * 4294967296 + view.getUint32(atA + 4);
    const octetCount = view.getUint32(atB) * 4294967296 + view.getUint32(atB + 4);
    packets[row + i] = packetCount;
    octets[row + i] = octetCount;
    if (packetCount + octetCount === 0) empty++;
  }
  return empty;
}

/** Three columns of one byte. */
export function copyBytes(
  columnA: Uint8Array,
  columnB: Uint16Array,
  columnC: Uint8Array,
  row: number,
  count: number,
  bytes: Uint8Array,
  bases: Int32Array,
  a: number,
  offsetA: number,
  b: number,
  offsetB: number,
  c: number,
  offsetC: number,
): void {
  for (let i = 0; i < count; i++) {
    columnA[row + i] = bytes[bases[a + i] + offsetA];
    columnB[row + i] = bytes[bases[b + i] + offsetB];
    columnC[row + i] = bytes[bases[c + i] + offsetC];
  }
}

/** Big-endian unsigned integer of any length; exact to 2^53. */
export function unsignedAt(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let index = 0; index < length; index++) value = value * 256 + bytes[at + index];
  return value;
}
