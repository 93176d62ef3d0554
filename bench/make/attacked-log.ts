import { closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../../src/base/random.ts';
import { combinedLine, makeRequests } from './access-log.ts';
import { inputDirectory } from './input.ts';

/**
 * The log of a site in the combined format: 20 requests a second of readers, and for its last five minutes an attack that no count by
 * address sees: 40 sources, each with a search for a word of its own making once in four seconds.
 */
export interface AttackedLog {
  readonly path: string;
  readonly lines: number;
  /** Addresses of the attack. */
  readonly attackers: readonly string[];
  /** The most requests that any of the attackers made in 300 seconds: what a limit by address would have to be below. */
  readonly attackerRequestsMax: number;
}

const SEED = 40;
const READERS_PER_SECOND = 20;
const ATTACK_S = 300;
const SOURCES = 40;
const EVERY_S = 4;
const BLOCK_CHARS = 1 << 20;

const attackers = Array.from({ length: SOURCES }, (_, at) => `198.18.${at}.${(37 * at + 5) % 254}`);

/** Makes the log once in a run; the same lines for the same number. */
export function attackedLog(lines: number): AttackedLog {
  const path = join(inputDirectory(), `attacked-${lines}.log`);
  const attackLines = (ATTACK_S / EVERY_S) * SOURCES;
  const log = { path, lines, attackers, attackerRequestsMax: ATTACK_S / EVERY_S };
  if (existsSync(path)) return log;
  const shape = { lines: lines - attackLines, perSecond: READERS_PER_SECOND, clients: 4000, paths: 2000 };
  const random = new Random(SEED);
  const file = openSync(path, 'w');
  let block = '';
  let second = -1;
  const endsAt = Math.ceil(shape.lines / READERS_PER_SECOND);
  let elapsed = -1;
  for (const request of makeRequests(shape, SEED)) {
    if (request.second !== second) {
      second = request.second;
      elapsed++;
      if (elapsed >= endsAt - ATTACK_S) block += attackLinesOf(second, elapsed, random);
    }
    block += combinedLine(request);
    if (block.length > BLOCK_CHARS) {
      writeSync(file, block);
      block = '';
    }
  }
  writeSync(file, block);
  closeSync(file);
  return log;
}

/** What the attack adds in one second: a quarter of its sources. */
function attackLinesOf(second: number, elapsed: number, random: Random): string {
  let text = '';
  for (let at = elapsed % EVERY_S; at < SOURCES; at += EVERY_S) {
    const word = (random.uint32() * 4096 + random.below(4096)).toString(36);
    text += combinedLine({
      second,
      client: attackers[at],
      path: `/search?q=${word}`,
      status: 200,
      bytes: 18_000 + random.below(4000),
      referrer: '-',
      agent:
        'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
    });
  }
  return text;
}
