/**
 * The inner loops of template decoding: one field of `count` records, `stride` bytes apart from `at` on, into one column from
 * row `row` on. One function per kind of column, so that each sees one kind of array only. The caller guarantees that the
 * bytes are there, that `length` is at least 1, and that the column has the rows. Integers that are longer than the column
 * are cut to their low-order bytes; shorter ones are reduced-size encoding (RFC 7011 section 6.2).
 */

export function copyToU8(
  column: Uint8Array,
  row: number,
  count: number,
  bytes: Uint8Array,
  at: number,
  length: number,
  stride: number,
): void {
  let from = at + length - 1;
  for (let to = row, end = row + count; to < end; to++, from += stride) column[to] = bytes[from];
}

export function copyToU16(
  column: Uint16Array,
  row: number,
  count: number,
  bytes: Uint8Array,
  at: number,
  length: number,
  stride: number,
): void {
  const end = row + count;
  if (length === 1) {
    for (let to = row, from = at; to < end; to++, from += stride) column[to] = bytes[from];
    return;
  }
  let from = at + length - 2;
  for (let to = row; to < end; to++, from += stride) column[to] = (bytes[from] << 8) | bytes[from + 1];
}

export function copyToU32(
  column: Uint32Array,
  row: number,
  count: number,
  bytes: Uint8Array,
  view: DataView,
  at: number,
  length: number,
  stride: number,
): void {
  const end = row + count;
  if (length >= 4) {
    for (let to = row, from = at + length - 4; to < end; to++, from += stride) column[to] = view.getUint32(from);
  } else if (length === 2) {
    for (let to = row, from = at; to < end; to++, from += stride) column[to] = (bytes[from] << 8) | bytes[from + 1];
  } else {
    for (let to = row, from = at; to < end; to++, from += stride) column[to] = unsignedAt(bytes, from, length);
  }
}

/** Up to 8 bytes; exact to 2^53, which no counter of packets or bytes exceeds by honest means. */
export function copyToF64(
  column: Float64Array,
  row: number,
  count: number,
  bytes: Uint8Array,
  view: DataView,
  at: number,
  length: number,
  stride: number,
): void {
  const end = row + count;
  if (length === 4) {
    for (let to = row, from = at; to < end; to++, from += stride) column[to] = view.getUint32(from);
  } else if (length === 8) {
    for (let to = row, from = at; to < end; to++, from += stride) {
      column[to] = view.getUint32(from) * 4294967296 + view.getUint32(from + 4);
    }
  } else {
    for (let to = row, from = at; to < end; to++, from += stride) column[to] = unsignedAt(bytes, from, length);
  }
}

/** The address words of IPv4 addresses, in mapped form. */
export function copyIpv4(
  column: Uint32Array,
  row: number,
  count: number,
  view: DataView,
  at: number,
  stride: number,
): void {
  const end = 4 * (row + count);
  for (let to = 4 * row, from = at; to < end; to += 4, from += stride) {
    column[to] = 0;
    column[to + 1] = 0;
    column[to + 2] = 0xffff;
    column[to + 3] = view.getUint32(from);
  }
}

export function copyIpv6(
  column: Uint32Array,
  row: number,
  count: number,
  view: DataView,
  at: number,
  stride: number,
): void {
  const end = 4 * (row + count);
  for (let to = 4 * row, from = at; to < end; to += 4, from += stride) {
    column[to] = view.getUint32(from);
    column[to + 1] = view.getUint32(from + 4);
    column[to + 2] = view.getUint32(from + 8);
    column[to + 3] = view.getUint32(from + 12);
  }
}

/**
 * Times by sysUpTime: `exportMs` less what passed since, modulo 2^32, so that a counter that wrapped between record and
 * export comes out right (49.7 days). Where `uptimeMs` is NaN the uptime itself is left in the column.
 */
export function copyUptime(
  column: Float64Array,
  row: number,
  count: number,
  bytes: Uint8Array,
  view: DataView,
  at: number,
  length: number,
  stride: number,
  exportMs: number,
  uptimeMs: number,
): void {
  if (Number.isNaN(uptimeMs) || length !== 4) {
    copyToF64(column, row, count, bytes, view, at, length, stride);
    if (Number.isNaN(uptimeMs)) return;
    for (let to = row; to < row + count; to++) column[to] = exportMs - ((uptimeMs - column[to]) | 0);
    return;
  }
  const uptime = uptimeMs | 0;
  const end = row + count;
  for (let to = row, from = at; to < end; to++, from += stride) {
    column[to] = exportMs - ((uptime - view.getInt32(from)) | 0);
  }
}

/** Big-endian unsigned integer of any length; exact to 2^53. */
export function unsignedAt(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let index = 0; index < length; index++) value = value * 256 + bytes[at + index];
  return value;
}
