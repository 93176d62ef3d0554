import { hashAddress } from '../base/hash.ts';
import { isIpv4 } from '../base/ip.ts';
import { maskWord, type Prefix, prefixContains } from '../base/prefix.ts';
import { CLASS } from '../model/traffic-class.ts';
import { AddressTable, type AddressTableLimits } from './address-table.ts';
import { ROW_FOLDED } from './table-cells.ts';

/** Classes that flow on established connections towards clients: no attack by themselves, and left out of the steps above an address. */
const ESTABLISHED = (1 << CLASS.tcpData) | (1 << CLASS.tcpSession) | (1 << CLASS.tcpFin) | (1 << CLASS.quicReply);

const LEVEL_LIMITS: AddressTableLimits = { rowsMax: 262_144, cellsMax: 524_288 };

/** One step above the address: counters of every active prefix of one length, in the same table as addresses have. */
export interface LadderLevel {
  readonly name: 'fine' | 'wide' | 'network' | 'organisation';
  readonly table: AddressTable;
  /** Prefix length in bits of the mapped address, by row. */
  lengthOf(row: number): number;
}

/**
 * The ladder: address → /24 or /64 → /20 or /48 → configured network → organisation. It is rolled up once a second from the merged
 * table of addresses, so the data path pays nothing for it.
 */
export class Ladder {
  readonly fine: LadderLevel;
  readonly wide: LadderLevel;
  /** Absent where no networks are configured. */
  readonly network: LadderLevel | undefined;
  readonly organisation: LadderLevel | undefined;
  readonly #seed: number;
  readonly #networks: readonly Prefix[];
  /** Networks that are a step of the ladder themselves, and judged as such. */
  readonly #isStep: readonly boolean[];
  readonly #key = new Uint32Array(4);

  constructor(seed: number, networks: readonly Prefix[]) {
    this.#seed = seed;
    this.#networks = networks;
    this.#isStep = networks.map(({ words, length }) =>
      isIpv4(words) ? length === FINE_IPV4 || length === WIDE_IPV4 : length === FINE_IPV6 || length === WIDE_IPV6,
    );
    this.fine = prefixLevel('fine', seed, FINE_IPV4, FINE_IPV6);
    this.wide = prefixLevel('wide', seed, WIDE_IPV4, WIDE_IPV6);
    if (networks.length > 0) {
      const table = new AddressTable(seed, LEVEL_LIMITS);
      this.network = {
        name: 'network',
        table,
        lengthOf: (row) => networks[table.rowData[table.keyOf(row) + 3]].length,
      };
      this.organisation = {
        name: 'organisation',
        table: new AddressTable(seed, LEVEL_LIMITS),
        lengthOf: () => 0,
      };
    }
  }

  /** The prefix of a row of the network level. */
  networkOf(row: number): Prefix | undefined {
    const table = this.network?.table;
    return table === undefined ? undefined : this.#networks[table.rowData[table.keyOf(row) + 3]];
  }

  /** Sums a second's addresses into their prefixes. */
  roll(table: AddressTable): void {
    this.fine.table.clear();
    this.wide.table.clear();
    this.network?.table.clear();
    this.organisation?.table.clear();
    for (let row = 0; row < table.rows; row++) {
      if (table.packetsOf(row, ~ESTABLISHED) === 0) continue;
      const target = this.#prefixRow(this.fine.table, table, row, FINE_IPV4, FINE_IPV6);
      this.fine.table.addCells(target, table, row, ESTABLISHED);
    }
    const fine = this.fine.table;
    for (let row = 0; row < fine.rows; row++) {
      const target = this.#prefixRow(this.wide.table, fine, row, WIDE_IPV4, WIDE_IPV6);
      this.wide.table.addCells(target, fine, row, 0);
    }
    if (this.network !== undefined && this.organisation !== undefined)
      this.#rollNetworks(this.network, this.organisation);
  }

  /** Networks are summed from /24 and /64; one that is as long as a step, or longer than these, is judged as its prefix already. */
  #rollNetworks(network: LadderLevel, organisation: LadderLevel): void {
    const fine = this.fine.table;
    for (let row = 0; row < fine.rows; row++) {
      const index = this.#networks.findIndex((prefix) => prefixContains(prefix, fine.rowData, fine.keyOf(row)));
      if (index < 0) continue;
      this.#key.fill(0);
      const whole = organisation.table.row(this.#key, 0, hashAddress(this.#key, 0, this.#seed), fine.flagsOf(row));
      organisation.table.addCells(whole, fine, row, 0);
      if (this.#isStep[index]) continue;
      this.#key[3] = index;
      const target = network.table.row(this.#key, 0, hashAddress(this.#key, 0, this.#seed), fine.flagsOf(row));
      network.table.addCells(target, fine, row, 0);
    }
  }

  #prefixRow(into: AddressTable, from: AddressTable, row: number, lengthIpv4: number, lengthIpv6: number): number {
    const at = from.keyOf(row);
    const length = isIpv4(from.rowData, at) ? lengthIpv4 : lengthIpv6;
    for (let word = 0; word < 4; word++) this.#key[word] = from.rowData[at + word] & maskWord(length, word);
    const flags = from.flagsOf(row) & ~ROW_FOLDED;
    const target = into.row(this.#key, 0, hashAddress(this.#key, 0, this.#seed), flags);
    into.join(target, flags);
    return target;
  }
}

const FINE_IPV4 = 120;
const FINE_IPV6 = 64;
const WIDE_IPV4 = 116;
const WIDE_IPV6 = 48;

function prefixLevel(name: 'fine' | 'wide', seed: number, lengthIpv4: number, lengthIpv6: number): LadderLevel {
  const table = new AddressTable(seed, LEVEL_LIMITS);
  return { name, table, lengthOf: (row) => (isIpv4(table.rowData, table.keyOf(row)) ? lengthIpv4 : lengthIpv6) };
}
