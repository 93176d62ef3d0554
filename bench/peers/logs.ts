import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchSize } from '../harness.ts';
import { type AttackedLog, attackedLog } from '../make/attacked-log.ts';
import { isInstalled, runChild } from './child.ts';
import type { Comparison } from './compare.ts';
import { replayWithCrowdsec } from './crowdsec.ts';
import type { PeerResult } from './programs.ts';

/** CrowdSec takes minutes for so many lines: the small size leaves it out, and the full one has no more. */
const LINES: Readonly<Record<BenchSize, number>> = { small: 12_000, full: 12_000 };
/** So many times as long is the log that Bonghwa alone reads: its own start counts for nothing there. */
const LONGER = 100;
const BONGHWA = fileURLToPath(new URL('../../bin/bonghwa.js', import.meta.url));

/** Bonghwa and the programs that people use on their logs, one after the other on the same log. */
export async function compareLogs(size: BenchSize): Promise<Comparison> {
  const log = attackedLog(LINES[size]);
  return {
    input: `a log of ${log.lines.toLocaleString('en-US')} lines in combined format, with 40 sources that search for random words every four seconds in its last five minutes`,
    unit: 'lines',
    results: [
      await runBonghwa('bonghwa replay', log),
      await runBonghwa(`the same, a log ${LONGER} times as long`, attackedLog(LONGER * LINES[size])),
      await runGoaccess(log),
      await runFail2ban(log),
      ...(size === 'small' ? [] : [await runCrowdsec(log)]),
    ],
  };
}

interface Report {
  readonly attacks: readonly {
    readonly attackers?: readonly { readonly addr: string }[];
    readonly vectors: readonly { readonly name: string }[];
  }[];
}

/** `bonghwa replay` as a person starts it. */
async function runBonghwa(program: string, log: AttackedLog): Promise<PeerResult> {
  const use = await runChild(process.execPath, [BONGHWA, 'replay', '--json', '--quiet', log.path]);
  const { attacks }: Report = JSON.parse(use.stdout);
  const named = new Set(attacks.flatMap(({ attackers = [] }) => attackers.map(({ addr }) => addr)));
  const found = log.attackers.filter((address) => named.has(address)).length;
  const vectors = [...new Set(attacks.flatMap(({ vectors: of }) => of.map(({ name }) => name)))];
  const note =
    attacks.length === 0
      ? 'nothing found'
      : `${attacks.length} attack found (${vectors.join(', ')}), ${found} of ${log.attackers.length} sources named, ${named.size - found} others`;
  return {
    program,
    did: 'reads every line, counts by site and template, judges, names attacks and sources',
    run: pick(use, log, note),
  };
}

/** GoAccess makes a report of the log, and judges nothing. */
async function runGoaccess(log: AttackedLog): Promise<PeerResult> {
  const program = 'goaccess';
  const did = 'sums up by client, path, time and so on';
  if (!isInstalled(program)) return { program, did };
  const directory = mkdtempSync(join(tmpdir(), 'bonghwa-goaccess-'));
  try {
    const report = join(directory, 'report.json');
    const use = await runChild(program, [
      log.path,
      '--log-format=COMBINED',
      '--no-global-config',
      '--no-progress',
      '-o',
      report,
    ]);
    return { program, did, run: pick(use, log, 'it looks for no attack') };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** fail2ban matches every line against one expression; its jails then count matches by address. */
async function runFail2ban(log: AttackedLog): Promise<PeerResult> {
  const program = 'fail2ban-regex';
  const did = 'matches lines with one expression, as a jail does before it counts by address';
  if (!isInstalled(program)) return { program, did };
  const use = await runChild(program, [log.path, '^<HOST> -.*"(GET|POST|HEAD)']);
  const matched = /(\d+) matched/.exec(use.stdout)?.[1] ?? '0';
  return {
    program,
    did,
    run: pick(
      use,
      log,
      `${matched} lines matched; a jail of 300 in 300 s bans no source: each of the attack makes ${log.attackerRequestsMax}`,
    ),
  };
}

/** CrowdSec replays the log with the parsers and scenarios of its package, and sends nothing. */
async function runCrowdsec(log: AttackedLog): Promise<PeerResult> {
  const program = 'crowdsec';
  const did = 'reads every line, counts by address, runs the scenarios of its package';
  const use = await replayWithCrowdsec(log.path);
  if (use === undefined) return { program, did };
  const said = [...(use.stdout + use.stderr).matchAll(/Ip (\S+) performed '([^']+)'/g)];
  const named = new Set(said.map(([, address]) => address));
  const found = log.attackers.filter((address) => named.has(address)).length;
  return {
    program,
    did,
    run: pick(use, log, `${found} of ${log.attackers.length} sources named, ${named.size - found} others`),
  };
}

function pick(
  use: { cpuSeconds: number; wallSeconds: number; rssMaxBytes: number },
  log: AttackedLog,
  note: string,
): NonNullable<PeerResult['run']> {
  const { cpuSeconds, wallSeconds, rssMaxBytes } = use;
  return { items: log.lines, cpuSeconds, wallSeconds, rssMaxBytes, note };
}
