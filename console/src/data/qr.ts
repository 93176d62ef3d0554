/**
 * QR codes (ISO/IEC 18004) of short texts: bytes, versions 1 to 10, error correction level L. Enough for the address that an
 * authenticator reads, and nobody outside is asked to draw a secret.
 */

/** By version from 1: codewords in all, codewords of error correction in a block, and blocks (tables 1 and 9). */
const CODEWORDS = [26, 44, 70, 100, 134, 172, 196, 242, 292, 346];
const CORRECTION = [7, 10, 15, 20, 26, 18, 20, 24, 30, 18];
const BLOCKS = [1, 1, 1, 1, 1, 2, 2, 2, 2, 4];
/** Middles of the alignment patterns (annex E). */
const ALIGNMENT = [[], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46], [6, 28, 50]];
/** Level L is 01 (table 12). */
const LEVEL = 1;

type Grid = (boolean | undefined)[][];

/** Rows of modules, true for a dark one; undefined where the text is too long. */
export function qrOf(text: string): readonly (readonly boolean[])[] | undefined {
  const bytes = new TextEncoder().encode(text);
  const version = CODEWORDS.findIndex((_, at) => bytes.length + (at < 9 ? 2 : 3) <= dataWords(at + 1)) + 1;
  if (version === 0) return undefined;
  const words = interleaved(dataOf(bytes, version), version);
  const fixed = patterns(version);
  let best: { readonly grid: boolean[][]; readonly penalty: number } | undefined;
  for (let mask = 0; mask < 8; mask++) {
    const grid = drawn(fixed, words, mask);
    const penalty = penaltyOf(grid);
    if (best === undefined || penalty < best.penalty) best = { grid, penalty };
  }
  return best?.grid;
}

const dataWords = (version: number): number => CODEWORDS[version - 1] - CORRECTION[version - 1] * BLOCKS[version - 1];

/** 7.4: the mode of bytes, their number, the bytes, a terminator, and padding. */
function dataOf(bytes: Uint8Array, version: number): number[] {
  const bits: number[] = [];
  const push = (value: number, length: number): void => {
    for (let at = length - 1; at >= 0; at--) bits.push((value >> at) & 1);
  };
  push(0b0100, 4);
  push(bytes.length, version < 10 ? 8 : 16);
  for (const byte of bytes) push(byte, 8);
  const room = dataWords(version) * 8;
  push(0, Math.min(4, room - bits.length));
  push(0, (8 - (bits.length % 8)) % 8);
  for (let pad = 0xec; bits.length < room; pad ^= 0xec ^ 0x11) push(pad, 8);
  return Array.from({ length: room / 8 }, (_, at) =>
    bits.slice(at * 8, at * 8 + 8).reduce((word, bit) => word * 2 + bit, 0),
  );
}

/** 7.5 and 7.6: blocks with their error correction, word by word from each in turn. The last blocks may be one word longer. */
function interleaved(data: readonly number[], version: number): number[] {
  const blocks = BLOCKS[version - 1];
  const short = Math.floor(data.length / blocks);
  const longer = data.length % blocks;
  const parts: number[][] = [];
  for (let block = 0, at = 0; block < blocks; block++) {
    const length = short + (block >= blocks - longer ? 1 : 0);
    parts.push(data.slice(at, at + length));
    at += length;
  }
  const generator = generatorOf(CORRECTION[version - 1]);
  const corrections = parts.map((part) => remainderOf(part, generator));
  const words: number[] = [];
  for (let at = 0; at <= short; at++) for (const part of parts) if (at < part.length) words.push(part[at]);
  for (let at = 0; at < generator.length; at++) for (const part of corrections) words.push(part[at]);
  return words;
}

/** Product in GF(2^8) with the polynomial 0x11d. */
function times(left: number, right: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    product ^= ((right >> bit) & 1) * left;
  }
  return product;
}

/** Coefficients of (x − 1)(x − α)…, without the leading one. */
function generatorOf(degree: number): number[] {
  const polynomial = new Array<number>(degree).fill(0);
  polynomial[degree - 1] = 1;
  let root = 1;
  for (let at = 0; at < degree; at++) {
    for (let to = 0; to < degree; to++)
      polynomial[to] = times(polynomial[to], root) ^ (to + 1 < degree ? polynomial[to + 1] : 0);
    root = times(root, 2);
  }
  return polynomial;
}

function remainderOf(data: readonly number[], generator: readonly number[]): number[] {
  const rest = generator.map(() => 0);
  for (const word of data) {
    const factor = word ^ (rest.shift() ?? 0);
    rest.push(0);
    for (let at = 0; at < rest.length; at++) rest[at] ^= times(generator[at], factor);
  }
  return rest;
}

/** 6.3: what stands at fixed places; undefined where data goes. */
function patterns(version: number): Grid {
  const size = 17 + 4 * version;
  const grid: Grid = Array.from({ length: size }, () => new Array<boolean | undefined>(size).fill(undefined));
  const set = (row: number, column: number, dark: boolean): void => {
    if (row >= 0 && row < size && column >= 0 && column < size) grid[row][column] = dark;
  };
  for (let at = 0; at < size; at++) {
    set(6, at, at % 2 === 0);
    set(at, 6, at % 2 === 0);
  }
  for (const [row, column] of [
    [3, 3],
    [3, size - 4],
    [size - 4, 3],
  ])
    for (let down = -4; down <= 4; down++)
      for (let right = -4; right <= 4; right++) {
        const ring = Math.max(Math.abs(down), Math.abs(right));
        set(row + down, column + right, ring !== 2 && ring !== 4);
      }
  const middles = ALIGNMENT[version - 1];
  for (const row of middles)
    for (const column of middles) {
      const last = size - 7;
      if ((row === 6 && (column === 6 || column === last)) || (row === last && column === 6)) continue;
      for (let down = -2; down <= 2; down++)
        for (let right = -2; right <= 2; right++)
          set(row + down, column + right, Math.max(Math.abs(down), Math.abs(right)) !== 1);
    }
  drawFormat(grid, 0);
  if (version >= 7) drawVersion(grid, version);
  return grid;
}

/** 7.9: level and mask, twice, with the module that is always dark. */
function drawFormat(grid: Grid, mask: number): void {
  const size = grid.length;
  const data = (LEVEL << 3) | mask;
  const bits = ((data << 10) | bchOf(data, 10, 0x537)) ^ 0x5412;
  const bit = (at: number): boolean => ((bits >> at) & 1) === 1;
  for (let at = 0; at < 15; at++) {
    const near = at < 6 ? at : at < 8 ? at + 1 : 0;
    if (at < 8) grid[near][8] = bit(at);
    else grid[8][at === 8 ? 7 : 14 - at] = bit(at);
    if (at < 8) grid[8][size - 1 - at] = bit(at);
    else grid[size - 15 + at][8] = bit(at);
  }
  grid[size - 8][8] = true;
}

/** 7.10. */
function drawVersion(grid: Grid, version: number): void {
  const bits = (version << 12) | bchOf(version, 12, 0x1f25);
  for (let at = 0; at < 18; at++) {
    const dark = ((bits >> at) & 1) === 1;
    const [far, near] = [grid.length - 11 + (at % 3), Math.floor(at / 3)];
    grid[far][near] = dark;
    grid[near][far] = dark;
  }
}

/** The remainder of a code that finds and mends faults in a few bits. */
function bchOf(data: number, length: number, polynomial: number): number {
  let rest = data;
  for (let at = 0; at < length; at++) rest = (rest << 1) ^ ((rest >> (length - 1)) * polynomial);
  return rest;
}

/** 7.8.2: which modules each mask turns round. */
function isTurned(mask: number, row: number, column: number): boolean {
  switch (mask) {
    case 0:
      return (row + column) % 2 === 0;
    case 1:
      return row % 2 === 0;
    case 2:
      return column % 3 === 0;
    case 3:
      return (row + column) % 3 === 0;
    case 4:
      return (Math.floor(row / 2) + Math.floor(column / 3)) % 2 === 0;
    case 5:
      return ((row * column) % 2) + ((row * column) % 3) === 0;
    case 6:
      return (((row * column) % 2) + ((row * column) % 3)) % 2 === 0;
    default:
      return (((row + column) % 2) + ((row * column) % 3)) % 2 === 0;
  }
}

/** 7.7.3: two columns at a time from the right, up and down in turn, round what stands there. */
function drawn(fixed: Grid, words: readonly number[], mask: number): boolean[][] {
  const size = fixed.length;
  const grid: Grid = fixed.map((row) => [...row]);
  let at = 0;
  for (let right = size - 1; right > 0; right -= 2) {
    if (right === 6) right = 5;
    const upwards = ((right + 1) & 2) === 0;
    for (let step = 0; step < size; step++)
      for (const column of [right, right - 1]) {
        const row = upwards ? size - 1 - step : step;
        if (fixed[row][column] !== undefined) continue;
        const bit = at < words.length * 8 ? (words[at >> 3] >> (7 - (at & 7))) & 1 : 0;
        at++;
        grid[row][column] = (bit === 1) !== isTurned(mask, row, column);
      }
  }
  drawFormat(grid, mask);
  return grid as boolean[][];
}

/** 7.8.3: how hard it is to read. */
function penaltyOf(grid: readonly (readonly boolean[])[]): number {
  const size = grid.length;
  const columns = grid.map((_, column) => grid.map((row) => row[column]));
  let penalty = 0;
  for (const line of [...grid, ...columns]) {
    let run = 0;
    for (let at = 0; at < size; at++) {
      run = at > 0 && line[at] === line[at - 1] ? run + 1 : 1;
      if (run === 5) penalty += 3;
      else if (run > 5) penalty++;
    }
    const text = line.map((dark) => (dark ? '1' : '0')).join('');
    for (const finder of ['10111010000', '00001011101'])
      for (let from = text.indexOf(finder); from >= 0; from = text.indexOf(finder, from + 1)) penalty += 40;
  }
  for (let row = 1; row < size; row++)
    for (let column = 1; column < size; column++) {
      const dark = grid[row][column];
      if (dark === grid[row - 1][column] && dark === grid[row][column - 1] && dark === grid[row - 1][column - 1])
        penalty += 3;
    }
  const dark = grid.flat().filter(Boolean).length / (size * size);
  return penalty + 10 * Math.floor(Math.abs(dark * 20 - 10));
}
