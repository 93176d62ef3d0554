/**
 * `npm run fuzz -- [--seconds 30] [--seed N] [--target pcap|packet|sflow|netflow|snapshot|all] [--case N]`
 *
 * Mutates real captures and datagrams, and generated ones, for the given time. Prints the seed first. Exit code 1 where a fault
 * was found, with the input and the command that gives it again; 2 where an option is wrong.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { type Finding, fuzz } from './fuzz.ts';
import { TARGET_NAMES, type TargetName } from './targets.ts';

/** Bytes of an input that are printed. */
const SHOWN_BYTES_MAX = 4096;

function main(): number {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '30' },
      seed: { type: 'string' },
      target: { type: 'string', default: 'all' },
      case: { type: 'string' },
    },
  });
  const seconds = Number(values.seconds);
  const seed = values.seed === undefined ? randomInt(2 ** 32) : Number(values.seed);
  const targets = TARGET_NAMES.filter((name) => values.target === 'all' || values.target === name);
  const onlyCase = values.case === undefined ? undefined : Number(values.case);
  const numbers = [seconds, seed, onlyCase ?? 0];
  if (targets.length === 0 || numbers.some((number) => !(number >= 0))) {
    process.stderr.write(`fuzz: --target is one of ${TARGET_NAMES.join(', ')} or all; all else are numbers\n`);
    return 2;
  }
  process.stdout.write(`fuzz: seed ${seed}, ${seconds} s over ${targets.join(', ')}\n`);
  const { cases, findings } = fuzz({
    seed,
    budgetMs: (seconds * 1000) / targets.length,
    targets,
    ...(onlyCase === undefined ? {} : { onlyCase }),
  });
  for (const name of targets) process.stdout.write(`${name}: ${cases[name]} cases\n`);
  for (const finding of findings) process.stdout.write(describe(finding, seed));
  return findings.length > 0 ? 1 : 0;
}

function describe(finding: Finding, seed: number): string {
  const { target, reason, input } = finding;
  const again = `npm run fuzz -- --seed ${seed} --target ${target satisfies TargetName} --case ${finding.case}`;
  const shown = Buffer.from(input.subarray(0, SHOWN_BYTES_MAX)).toString('hex');
  return `\nfound in ${target}, case ${finding.case}: ${reason}\ninput of ${input.length} bytes: ${shown}\nagain: ${again}\n`;
}

process.exitCode = main();
