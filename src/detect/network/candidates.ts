import { maskWord } from '../../base/prefix.ts';
import type { Rate } from '../../model/attack.ts';
import { CLASS_COUNT } from '../../model/traffic-class.ts';
import type { Vector } from '../../model/vector.ts';
import type { AddressTable } from '../../sketch/address-table.ts';
import type { Ladder, LadderLevel } from '../../sketch/ladder.ts';
import type { Second } from '../../sketch/second.ts';
import { CELL_BYTES, CELL_PACKETS, ROW_FOLDED, ROW_OUT } from '../../sketch/table-cells.ts';
import { CoveredRows, CoveredTargets } from './covered-rows.ts';
import { WeekBudget } from './group-baseline.ts';
import { FLOOR_MIN, FLOOR_OF_CLASS, GROUPS, GROUPS_OF_CLASS, type Measure } from './groups.ts';
import { PARAMETERS } from './parameters.ts';
import { stateKey, TargetState } from './target-state.ts';
import { type GroupRates, NodeTraffic } from './traffic.ts';

/** How one group of a target stands against its limits in one second. */
export interface GroupExcess {
  readonly group: number;
  readonly rates: GroupRates;
  /** Measures that the group is held against. */
  readonly measures: readonly Measure[];
  /** The measure that is exceeded most, its lower bound under sampling, and the limit it is held against. */
  readonly measure: Measure;
  readonly observed: number;
  readonly limit: number;
  readonly limitFrom: 'baseline' | 'floor' | 'configured';
  /** Observed over limit. */
  readonly excess: number;
  /** The slow rise was seen by the cumulative sum. */
  readonly cusum: boolean;
  /** What the shape said, where it was asked; `open` where later seconds will tell. */
  judged: 'attack' | 'benign' | 'open' | undefined;
}

/** A node of the ladder that has a group above its low-water mark. */
export interface Candidate {
  readonly state: TargetState;
  readonly level: 'address' | LadderLevel['name'];
  readonly direction: 'in' | 'out';
  readonly carpet: boolean;
  readonly groups: readonly GroupExcess[];
  /** The largest excess of its groups. */
  readonly excess: number;
  /** Rates of everything it received. */
  readonly rate: Rate;
  /** Groups in which so many of its addresses are over their limits that they are one attack on the prefix, not many. */
  readonly claimed: readonly number[];
  /** Counters by class; read from the table when first asked. */
  node(): NodeTraffic;
}

/** What is remembered of targets. */
export interface ScanMemory {
  readonly states: ReadonlyMap<string, TargetState>;
  readonly weeks: WeekBudget;
  readonly quietSince: number;
}

/** Finds candidates in a second and keeps the states of targets: bounded by `targetsMax`. */
export class CandidateScan {
  readonly #states = new Map<string, TargetState>();
  #configuredPps: Readonly<Partial<Record<Vector, number>>>;
  readonly #scratch = new NodeTraffic();
  #weeks = new WeekBudget();
  /** A target without a state has been quiet since this tick. */
  #quietSince = -1;
  /** True until the first packets of all. */
  #nothingTold = true;
  /** The second that is looked at: its number among those that were seen, and its hour since 1970. */
  #tick = -1;
  #hour = -1;

  constructor(configuredPps: Readonly<Partial<Record<Vector, number>>>) {
    this.#configuredPps = configuredPps;
  }

  get states(): number {
    return this.#states.size;
  }

  /** What is remembered, the order in which it was met included. */
  get memory(): ScanMemory {
    return { states: this.#states, weeks: this.#weeks, quietSince: this.#quietSince };
  }

  /** Remembers what was remembered before, in place of everything. */
  restore({ states, weeks, quietSince }: ScanMemory): void {
    this.#states.clear();
    for (const [key, state] of states) this.#states.set(key, state);
    this.#weeks = weeks;
    this.#quietSince = quietSince;
    this.#nothingTold = quietSince < 0;
  }

  /** After a time in which nothing was seen, the week says what is usual now, in an hour since 1970. */
  resume(hour: number): void {
    for (const state of this.#states.values()) state.resume(hour);
  }

  /** Forgets the targets that are not to be kept. */
  keep(isKept: (state: TargetState) => boolean): void {
    for (const state of this.#states.values()) {
      if (isKept(state)) continue;
      state.release();
      this.#states.delete(state.key);
    }
  }

  /** Limits that a person set, in place of those before. */
  configure(configuredPps: Readonly<Partial<Record<Vector, number>>>): void {
    this.#configuredPps = configuredPps;
  }

  /** Candidates of a second: prefixes first, the widest before the narrower, then addresses; the worst first within a level. */
  candidates(second: Second, ladder: Ladder, coveredMs: number, tick: number): Candidate[] {
    const decideMs = Math.max(coveredMs, PARAMETERS.coveredMsMin);
    this.#tick = tick;
    this.#hour = Math.floor(second.second / 3600);
    // While nobody has told anything yet, no silence is known: a router may begin to export in the middle of its traffic.
    if (this.#quietSince < 0 || this.#nothingTold) this.#quietSince = tick - 1;
    if (second.packets > 0) this.#nothingTold = false;
    const addresses = this.#addresses(second, decideMs);
    const hot = addresses.filter((candidate) => candidate.excess >= 1 || candidate.state.attack !== undefined);
    const { fine, wide, network, organisation } = ladder;
    const inFine = new CoveredRows(fine);
    const inWide = new CoveredRows(wide);
    const levels: { level: LadderLevel; inner: CoveredRows[] }[] = [];
    if (organisation !== undefined && network !== undefined) {
      levels.push({ level: organisation, inner: [inWide, inFine] }, { level: network, inner: [inWide, inFine] });
    }
    levels.push({ level: wide, inner: [inFine] }, { level: fine, inner: [] });
    const targets = new CoveredTargets(hot);
    const prefixes = levels.flatMap(({ level, inner }) =>
      this.#prefixes(level, inner, ladder, targets, decideMs).sort(worstFirst),
    );
    this.#forgetQuiet();
    return [...prefixes, ...addresses.sort(worstFirst)];
  }

  #addresses(second: Second, decideMs: number): Candidate[] {
    const { table } = second;
    const scale = 1000 / decideMs;
    const lowPps = (PARAMETERS.lowWaterShare * FLOOR_MIN.pps) / scale;
    const lowBytes = (PARAMETERS.lowWaterShare * FLOOR_MIN.bps) / scale / 8;
    const lowFlows = (PARAMETERS.lowWaterShare * FLOOR_MIN.fps) / scale;
    const few = table.rows <= PARAMETERS.quietRowsMax && this.#states.size < PARAMETERS.quietTargetsMax;
    // A hair below the low-water mark, for sums of fractions.
    const share = (0.999 * PARAMETERS.lowWaterShare) / scale;
    const nearPackets = FLOOR_OF_CLASS.pps.map((floor) => share * floor);
    const nearBytes = FLOOR_OF_CLASS.bps.map((floor) => (share * floor) / 8);
    const nearFlows = FLOOR_OF_CLASS.fps.map((floor) => share * floor);
    const found: Candidate[] = [];
    const data = table.cellData;
    for (let row = 0; row < table.rows; row++) {
      let packets = 0;
      let bytes = 0;
      let flows = 0;
      let isNear = false;
      for (let at = table.firstCell(row); at >= 0; at = table.nextCell(at)) {
        const trafficClass = table.classOf(at);
        const cellPackets = data[at + CELL_PACKETS];
        const cellBytes = data[at + CELL_BYTES];
        const cellFlows = table.flowsOf(at);
        isNear ||=
          cellPackets >= nearPackets[trafficClass] ||
          cellBytes >= nearBytes[trafficClass] ||
          cellFlows >= nearFlows[trafficClass];
        packets += cellPackets;
        bytes += cellBytes;
        flows += cellFlows;
      }
      if ((!isNear && !few) || (table.flagsOf(row) & ROW_FOLDED) !== 0) continue;
      const busy = packets >= lowPps || bytes >= lowBytes || flows >= lowFlows;
      if (isNear) {
        this.#scratch.read(table, row);
        const candidate = this.#candidate(this.#scratch, table, row, 'address', 128, 1, decideMs);
        if (candidate !== undefined) {
          found.push(candidate);
          continue;
        }
      }
      if (!few || (table.flagsOf(row) & ROW_OUT) !== 0) continue;
      const rate = { bps: bytes * 8 * scale, pps: packets * scale, fps: flows * scale };
      this.#rememberQuiet(table.wordsOf(row), rate, busy);
    }
    return found;
  }

  #prefixes(
    level: LadderLevel,
    inner: readonly CoveredRows[],
    ladder: Ladder,
    hot: CoveredTargets<Candidate>,
    decideMs: number,
  ): Candidate[] {
    const { table } = level;
    const factor = PARAMETERS.prefixFloorFactor[level.name];
    const found: Candidate[] = [];
    for (let row = 0; row < table.rows; row++) {
      const node = this.#scratch;
      node.read(table, row);
      if (node.totalPackets * (1000 / decideMs) < PARAMETERS.lowWaterShare * factor * FLOOR_MIN.pps) continue;
      const length = level.lengthOf(row);
      const prefix = level.name === 'network' ? ladder.networkOf(row) : undefined;
      const words = prefix?.words ?? table.wordsOf(row);
      const inside = hot.inside(words, length);
      const claimed = claimedGroups(inside);
      for (const address of inside) {
        for (const excess of address.groups) {
          // A few attacked addresses are their own attacks; the prefix is judged by what is left.
          if (!claimed.has(excess.group)) node.subtract(address.node(), GROUPS[excess.group].classes);
        }
      }
      const candidate = this.#candidate(node, table, row, level.name, length, factor, decideMs, words);
      if (candidate === undefined) continue;
      const spread = candidate.groups.filter(
        (excess) => excess.excess < 1 || !isHeldByOne(excess, words, length, inner),
      );
      if (spread.length === 0) continue;
      found.push({
        ...candidate,
        groups: spread,
        excess: Math.max(...spread.map((each) => each.excess)),
        claimed: spread.flatMap(({ group }) => (claimed.has(group) ? [group] : [])),
      });
    }
    return found;
  }

  #candidate(
    node: NodeTraffic,
    table: AddressTable,
    row: number,
    level: Candidate['level'],
    length: number,
    factor: number,
    decideMs: number,
    prefixWords?: Uint32Array,
  ): Candidate | undefined {
    if (!this.#aboveLowWater(node, factor, decideMs)) return undefined;
    const words = prefixWords ?? table.wordsOf(row);
    const direction = (table.flagsOf(row) & ROW_OUT) !== 0 ? 'out' : 'in';
    const state = this.#state(words, length, level);
    const groups: GroupExcess[] = [];
    for (let group = 0; group < GROUPS.length; group++) {
      if ((GROUPS[group].classes & node.present) === 0) continue;
      const excess = this.#excessOf(state, node, group, factor, decideMs);
      if (excess.excess < PARAMETERS.lowWaterShare && !excess.cusum) continue;
      groups.push(excess);
      state.noteCold(group, this.#tick, excess.rates.lagMs);
    }
    const scale = 1000 / decideMs;
    // Prefix nodes were changed by subtraction and cannot be read again.
    let own = level === 'address' ? undefined : node.copy();
    return {
      state,
      level,
      direction,
      carpet: level !== 'address',
      groups,
      excess: groups.reduce((most, each) => Math.max(most, each.excess), 0),
      rate: { bps: node.totalBytes * 8 * scale, pps: node.totalPackets * scale, fps: node.totalFlows * scale },
      claimed: [],
      node: () => {
        if (own === undefined) {
          own = new NodeTraffic();
          own.read(table, row);
        }
        return own;
      },
    };
  }

  /** Cheap first look, before there is a state: is any group near its floor? */
  #aboveLowWater(node: NodeTraffic, factor: number, decideMs: number): boolean {
    const scale = (1000 / decideMs) * (1 / (PARAMETERS.lowWaterShare * factor));
    for (let trafficClass = 0; trafficClass < CLASS_COUNT; trafficClass++) {
      if (((node.present >>> trafficClass) & 1) === 0) continue;
      for (const group of GROUPS_OF_CLASS[trafficClass]) {
        const { floors, classes } = GROUPS[group];
        if (floors.pps !== undefined && node.sum(classes) * scale >= floors.pps) return true;
        if (floors.bps !== undefined && node.bytes[trafficClass] * 8 * scale >= floors.bps) return true;
        if (floors.fps !== undefined && node.flows[trafficClass] * scale >= floors.fps) return true;
      }
    }
    return false;
  }

  #excessOf(state: TargetState, node: NodeTraffic, group: number, factor: number, decideMs: number): GroupExcess {
    const { floors, classes, vector, shape } = GROUPS[group];
    const rates = node.rates(classes, decideMs);
    if (shape === 'amplification') addFragments(rates, node, decideMs);
    const configured = this.#configuredPps[vector];
    const measures = configured === undefined ? (Object.keys(floors) as Measure[]) : (['pps'] as const);
    let best: GroupExcess | undefined;
    let cusum = false;
    for (const measure of measures) {
      const floor = (configured ?? floors[measure] ?? 0) * factor;
      const baseline = configured === undefined ? state.knownBaseline(group, measure) : undefined;
      const learned = baseline?.limit(this.#hour) ?? 0;
      const limit = Math.max(floor, learned);
      const observed = rates[measure] * rates.sureShare;
      cusum ||= baseline?.rises(observed, floor, this.#hour) ?? false;
      if (best !== undefined && observed / limit <= best.excess) continue;
      best = {
        group,
        rates,
        measures,
        measure,
        observed,
        limit,
        limitFrom: configured !== undefined ? 'configured' : learned > floor ? 'baseline' : 'floor',
        excess: observed / limit,
        cusum: false,
        judged: undefined,
      };
    }
    if (best === undefined) throw new RangeError(`vector ${vector} has no floor`);
    return { ...best, cusum };
  }

  #state(words: Uint32Array, length: number, level: Candidate['level']): TargetState {
    const key = stateKey(words, length, level === 'network');
    let state = this.#states.get(key);
    if (state === undefined) {
      state = new TargetState(key, words, length, this.#quietSince, this.#weeks);
      this.#states.set(key, state);
    }
    state.lastTick = this.#tick;
    return state;
  }

  /** Where there are few targets the quiet ones have a past too, to be told beside an attack on them. */
  #rememberQuiet(words: Uint32Array, rate: Rate, busy: boolean): void {
    const state = this.#state(words, 128, 'address');
    // What a busy target receives that is like no attack is no part of the picture of one.
    if (!busy) state.remember(this.#tick, rate);
    state.learnTotal(this.#tick, rate);
  }

  /** Keeps the table bounded: the targets that were quiet for longest leave, those that live long later; those under attack stay. */
  #forgetQuiet(): void {
    if (this.#states.size <= PARAMETERS.targetsMax) return;
    // Those that leave were not quiet before: should they return, their past begins here.
    this.#quietSince = this.#tick;
    const quiet = [...this.#states.values()]
      .filter((state) => state.attack === undefined)
      .sort((left, right) => left.keptTick - right.keptTick);
    for (const state of quiet.slice(0, this.#states.size - Math.floor(0.9 * PARAMETERS.targetsMax))) {
      state.release();
      this.#states.delete(state.key);
    }
  }
}

/** The worst first, and always in the same order. */
export function worstFirst(left: Candidate, right: Candidate): number {
  return right.excess - left.excess || left.state.key.localeCompare(right.state.key);
}

/** True if the prefix covers the address or prefix that starts at `inner`. */
export function covers(words: Uint32Array, length: number, inner: Uint32Array, at = 0): boolean {
  for (let word = 0; word < 4; word++) {
    if (((words[word] ^ inner[at + word]) & maskWord(length, word)) !== 0) return false;
  }
  return true;
}

/** Groups in which so many addresses are over their limits that they make a carpet. */
function claimedGroups(addresses: readonly Candidate[]): Set<number> {
  const counts = new Map<number, number>();
  for (const address of addresses) {
    if (address.state.attack !== undefined) continue;
    for (const excess of address.groups) {
      if (excess.excess >= 1) counts.set(excess.group, (counts.get(excess.group) ?? 0) + 1);
    }
  }
  return new Set([...counts].filter(([, count]) => count >= PARAMETERS.carpetAddressesMin).map(([group]) => group));
}

/** True if one narrower prefix holds nearly all of the group's traffic: then that one is the target. */
function isHeldByOne(excess: GroupExcess, words: Uint32Array, length: number, inner: readonly CoveredRows[]): boolean {
  const { classes } = GROUPS[excess.group];
  const most = PARAMETERS.carpetChildShareMax * excess.rates.packets;
  for (const rows of inner) {
    for (const row of rows.inside(words, length)) if (rows.level.table.packetsOf(row, classes) > most) return true;
  }
  return false;
}

/** Amplified answers come in fragments, of which only the first tells its port: their volume is judged together. */
function addFragments(rates: GroupRates, node: NodeTraffic, decideMs: number): void {
  const fragments = node.rates(FRAGMENTS, decideMs);
  if (rates.packets === 0 || fragments.packets > FRAGMENTS_PER_ANSWER_MAX * rates.packets) return;
  rates.pps += fragments.pps;
  rates.bps += fragments.bps;
}

const FRAGMENTS = GROUPS[GROUPS.findIndex((group) => group.shape === 'fragment')].classes;
/** An answer of 64 KB comes in 45 fragments; a usual amplified one in two to four. */
const FRAGMENTS_PER_ANSWER_MAX = 10;
