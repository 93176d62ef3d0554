import { ByteReader, ByteWriter } from '../../base/byte-stream.ts';
import type { Prefix } from '../../base/prefix.ts';
import { attackSchema } from '../../model/attack.ts';
import { Adopted } from './adopted.ts';
import { AttackRecord } from './attack-record.ts';
import type { ScanMemory } from './candidates.ts';
import type { Detector } from './detector.ts';
import { WeekBudget } from './group-baseline.ts';
import { GROUPS } from './groups.ts';
import { PARAMETERS } from './parameters.ts';
import { OpenSlow } from './slow.ts';
import { MAGIC, VERSION } from './snapshot-head.ts';
import { readSigned, readTime, readWords, writeWords } from './snapshot-parts.ts';
import { TargetState } from './target-state.ts';

/** A snapshot is refused beyond this; one of 65,536 targets has some 40 MB. */
export const SNAPSHOT_BYTES_MAX = 512 * 1024 * 1024;
/** Targets whose last minute is kept, and whose sources in peace are: those that were looked at last. */
const HISTORIES_MAX = 8192;
const SOURCES_MAX = 2048;
const ADOPTED_BYTES_MAX = 256 * 1024;
const NETWORKS_MAX = 1_000_000;
/** What a target usually takes. */
const STATE_BYTES_USUAL = 400;

/** Everything that a detector remembers between two seconds. */
export interface DetectorMemory {
  readonly tick: number;
  readonly second: number;
  readonly nowMs: number;
  /** What was protected while it was learned. */
  readonly networks: readonly Prefix[];
  readonly scan: ScanMemory;
  /** Targets under attack, in the order in which the attacks were opened. */
  readonly open: ReadonlySet<TargetState>;
  readonly watchNext: readonly Watched[];
  readonly slow: readonly OpenSlow[];
  readonly adopted: Adopted;
}

/** A target that the next second watches, and the groups that it is watched for. */
export interface Watched {
  readonly state: TargetState;
  readonly groups: readonly number[];
}

export type Restored =
  | { readonly kind: 'restored'; readonly targets: number; readonly attacks: number; readonly snapshotMs: number }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * Everything that a detector remembers, between two seconds, as bytes:
 *
 *   magic version seed | tick second time | networks | targets | open attacks | what the next second watches | slow connections | attacks taken over | checksum
 *
 * A target has its baselines, its week where it has one, and the attack that is open on it, whole. The same detector gives the same bytes.
 */
export function snapshotDetector(detector: Detector): Uint8Array {
  const { tick, second, nowMs, networks, scan, open, watchNext, slow, adopted } = detector.memory;
  const to = new ByteWriter(STATE_BYTES_USUAL * (scan.states.size + 1000));
  to.uint32(MAGIC);
  to.number(VERSION);
  to.uint32(detector.seed);
  for (const value of [tick, second + 1, nowMs, scan.quietSince + 1]) to.number(value);
  to.number(networks.length);
  for (const { words, length } of networks) {
    writeWords(to, words);
    to.number(length);
  }
  to.number(scan.states.size);
  const states = [...scan.states.values()];
  const recent = latest(states, HISTORIES_MAX);
  const sourced = latest(
    states.filter((state) => state.knowsSources),
    SOURCES_MAX,
  );
  const places = new Map<TargetState, number>();
  for (const state of states) {
    places.set(state, places.size);
    state.write(to, tick, recent.has(state), sourced.has(state));
  }
  to.number(open.size);
  for (const state of open) {
    to.number(places.get(state) ?? 0);
    state.attack?.write(to);
  }
  const watched = watchNext.filter(({ state }) => places.has(state));
  to.number(watched.length);
  for (const { state, groups } of watched) {
    to.number(places.get(state) ?? 0);
    to.number(groups.length);
    for (const group of groups) to.number(group);
  }
  to.number(slow.length);
  for (const { words, record, packets, bytes } of slow) {
    writeWords(to, words);
    to.number(packets);
    to.number(bytes);
    record.write(to);
  }
  const waiting = adopted.list(tick);
  to.number(waiting.length);
  for (const { attack, ticksLeft } of waiting) {
    to.text(JSON.stringify(attack));
    to.number(ticksLeft);
  }
  return to.seal();
}

/**
 * Gives a detector that has taken nothing yet the memory of another. The bytes may be anything: what is not a whole snapshot is
 * refused with the reason, and the detector stays as it was. `nowMs`: what the clock says now; attacks that were open go on, or are
 * closed and told where that was too long ago. Nothing throws.
 */
export function restoreDetector(detector: Detector, bytes: Uint8Array, nowMs: number): Restored {
  const refused = (reason: string): Restored => ({ kind: 'refused', reason });
  if (bytes.length > SNAPSHOT_BYTES_MAX) return refused('too large');
  const from = new ByteReader(bytes);
  from.unseal();
  if (from.fault === undefined && from.uint32() !== MAGIC) return refused('not a snapshot of a detector');
  const version = from.count();
  if (from.fault === undefined && version !== VERSION)
    return refused(`of version ${version}, where ${VERSION} is known`);
  const memory = readMemory(from, detector.seed, new Adopted());
  if (from.fault !== undefined) return refused(from.fault);
  if (from.left > 0) return refused('longer than what it holds');
  detector.restore(memory, nowMs);
  return {
    kind: 'restored',
    targets: memory.scan.states.size,
    attacks: detector.attackedPrefixes().length,
    snapshotMs: memory.nowMs,
  };
}

function readMemory(from: ByteReader, seed: number, adopted: Adopted): DetectorMemory {
  const sameSeed = from.uint32() === seed;
  const tick = from.count();
  const second = from.count(SECOND_MAX) - 1;
  const nowMs = readTime(from);
  const quietSince = from.count() - 1;
  const networks: Prefix[] = [];
  for (let left = from.count(NETWORKS_MAX); left > 0 && from.fault === undefined; left--) {
    const words = new Uint32Array(4);
    readWords(from, words);
    networks.push({ words, length: from.count(128) });
  }
  const weeks = new WeekBudget();
  const states = new Map<string, TargetState>();
  const inOrder: TargetState[] = [];
  const count = from.count(PARAMETERS.targetsMax);
  for (let at = 0; at < count && from.fault === undefined; at++) {
    const state = TargetState.read(from, weeks, sameSeed);
    if (states.has(state.key)) from.fail('a target that comes twice');
    if (state.lastTick > tick) from.fail('a target of the future');
    states.set(state.key, state);
    inOrder.push(state);
  }
  const stateAt = (): TargetState | undefined => inOrder[from.count(Math.max(0, inOrder.length - 1))];
  const open = new Set<TargetState>();
  for (let left = from.count(PARAMETERS.attacksOpenMax); left > 0 && from.fault === undefined; left--) {
    const state = stateAt();
    const record = AttackRecord.read(from, seed, sameSeed);
    if (state === undefined || open.has(state) || record.lastActiveTick > tick) {
      from.fail('an attack out of place');
      break;
    }
    state.attack = record;
    open.add(state);
  }
  const watchNext: Watched[] = [];
  for (let left = from.count(PARAMETERS.watchedMax); left > 0 && from.fault === undefined; left--) {
    const state = stateAt();
    const groups: number[] = [];
    for (let more = from.count(GROUPS.length); more > 0; more--) groups.push(from.count(GROUPS.length - 1));
    if (state !== undefined) watchNext.push({ state, groups });
  }
  const slow: OpenSlow[] = [];
  for (let left = from.count(PARAMETERS.attacksOpenMax); left > 0 && from.fault === undefined; left--) {
    const words = new Uint32Array(4);
    readWords(from, words);
    const packets = from.amount();
    const bytes = from.amount();
    const record = AttackRecord.read(from, seed, sameSeed);
    if (record.lastActiveTick > tick) from.fail('an attack of the future');
    slow.push(new OpenSlow(words, record, packets, bytes));
  }
  for (let left = from.count(PARAMETERS.attacksOpenMax); left > 0 && from.fault === undefined; left--) {
    const attack = attackSchema.safeParse(parseJson(from.text(ADOPTED_BYTES_MAX)));
    const ticksLeft = readSigned(from, PARAMETERS.closeAfterSeconds);
    if (attack.success) adopted.restore(attack.data, tick + ticksLeft);
    else from.fail('an attack that is none');
  }
  return { tick, second, nowMs, networks, scan: { states, weeks, quietSince }, open, watchNext, slow, adopted };
}

/** Seconds up to the end of the year 9999. */
const SECOND_MAX = 253_402_300_800;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The targets that were looked at last, at most `max`. */
function latest(states: readonly TargetState[], max: number): ReadonlySet<TargetState> {
  if (states.length <= max) return new Set(states);
  return new Set([...states].sort((left, right) => right.lastTick - left.lastTick).slice(0, max));
}
