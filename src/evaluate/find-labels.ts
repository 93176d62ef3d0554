import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { BonghwaError } from '../base/errors.ts';
import { VECTORS, type Vector } from '../model/vector.ts';
import { type CaptureLabel, labelsSchema, type TrueAttack } from './labels.ts';

/** A capture of a directory, with what is true of it. */
export interface LabelledCapture {
  readonly path: string;
  readonly label: CaptureLabel;
}

export interface Found {
  readonly captures: readonly LabelledCapture[];
  /** What cannot be scored, and why; told, and the rest is scored. */
  readonly problems: readonly string[];
}

const CAPTURE = /\.(pcap|pcapng|cap)(\.gz)?$/;
/** Folders of captures in which there is nothing to find. */
const BENIGN_FOLDER = /(^|[/-])(benign|scan)([/-]|$)/;
const FILES_MAX = 10_000;

/** The form of samples/labels.json: one network, attacks with the captures that show them. */
const sampleSchema = z.object({
  networks: z.array(z.string()),
  attacks: z.array(
    z.object({
      target: z.string(),
      vector: z.enum(VECTORS),
      start: z.iso.datetime(),
      end: z.iso.datetime(),
      captures: z.array(z.string()),
    }),
  ),
});

/** Captures of others, labelled by hand: no times, and classes in words. */
const handSchema = z.object({
  captures: z.array(
    z.object({
      file: z.string(),
      attack: z.boolean(),
      class: z.string().optional(),
      victims: z.array(z.string()).default([]),
    }),
  ),
});

const CLASS_NAMES: readonly (readonly [RegExp, Vector])[] = [
  [/^tcp-reflection \(SYN-ACK\)/, 'synack-reflection'],
  [/^icmpv6-flood/, 'icmp-flood'],
];

/**
 * The labelled captures under a directory: those that a labels.json beside or above them names, in any of three forms, and
 * all captures in folders named `benign` or `scan`. Throws BonghwaError FILE_UNREADABLE where the directory cannot be read.
 */
export function findLabels(directory: string): Found {
  const files = filesUnder(directory);
  const captures = new Map<string, LabelledCapture>();
  const problems: string[] = [];
  const named = new Set<string>();
  for (const file of files.filter((path) => basename(path) === 'labels.json')) {
    for (const found of readLabels(file, directory, problems, named)) captures.set(found.path, found);
  }
  for (const path of files.filter((each) => CAPTURE.test(each))) {
    if (named.has(path)) continue;
    const name = relative(directory, path);
    if (BENIGN_FOLDER.test(dirname(path))) {
      captures.set(path, {
        path,
        label: { file: name, scenario: dirname(name), view: 'capture', networks: [], attacks: [] },
      });
    } else {
      problems.push(`${name}: no labels.json says what is in it; not scored`);
    }
  }
  return { captures: [...captures.values()], problems };
}

function filesUnder(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .slice(0, FILES_MAX)
      .map((name) => join(directory, name))
      .sort();
  } catch (cause) {
    throw new BonghwaError('FILE_UNREADABLE', `${directory} cannot be read as a directory`, {
      hint: 'Name a directory of captures with their labels.json.',
      cause,
    });
  }
}

function readLabels(file: string, directory: string, problems: string[], named: Set<string>): LabelledCapture[] {
  const folder = dirname(file);
  const name = relative(directory, file);
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    problems.push(`${name}: ${error instanceof Error ? error.message : 'cannot be read'}; its captures are not scored`);
    return [];
  }
  const labels = labelsOf(parsed, relative(directory, folder) || basename(folder), name, problems);
  return labels.flatMap((label) => {
    const path = join(folder, label.file);
    named.add(path);
    if (!isFile(path)) {
      problems.push(`${name}: ${label.file} is not there; not scored`);
      return [];
    }
    const contradiction = contradictionIn(label);
    if (contradiction !== undefined) {
      problems.push(`${name}: ${label.file}: ${contradiction}; not scored`);
      return [];
    }
    return [{ path, label }];
  });
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function labelsOf(parsed: unknown, scenario: string, name: string, problems: string[]): readonly CaptureLabel[] {
  const own = labelsSchema.safeParse(parsed);
  if (own.success) return own.data.captures;
  const sample = sampleSchema.safeParse(parsed);
  if (sample.success) return labelsOfSample(sample.data, scenario);
  const hand = handSchema.safeParse(parsed);
  if (hand.success) return hand.data.captures.flatMap((capture) => labelsOfHand(capture, scenario, name, problems));
  const [issue] = own.error.issues;
  problems.push(`${name}: at ${issue.path.join('.') || 'the top'}: ${issue.message}; its captures are not scored`);
  return [];
}

function labelsOfSample(sample: z.infer<typeof sampleSchema>, scenario: string): CaptureLabel[] {
  const files = [...new Set(sample.attacks.flatMap((attack) => attack.captures))];
  return files.map((file) => ({
    file,
    scenario,
    view: 'capture',
    networks: sample.networks,
    attacks: sample.attacks
      .filter((attack) => attack.captures.includes(file))
      .map(({ target, vector, start, end }) => ({
        target,
        direction: 'in',
        spread: 'single',
        vectors: [vector],
        start,
        end,
      })),
  }));
}

function labelsOfHand(
  capture: z.infer<typeof handSchema>['captures'][number],
  scenario: string,
  name: string,
  problems: string[],
): CaptureLabel[] {
  const base = { file: capture.file, scenario, view: 'capture', networks: [] };
  if (!capture.attack) return [{ ...base, attacks: [] }];
  const vector = vectorOf(capture.class ?? '');
  if (vector === undefined) {
    problems.push(`${name}: ${capture.file}: '${capture.class ?? ''}' is no vector; not scored`);
    return [];
  }
  const attacks = capture.victims.map(
    (target): TrueAttack => ({ target, direction: 'in', spread: 'single', vectors: [vector] }),
  );
  return [{ ...base, attacks }];
}

function vectorOf(name: string): Vector | undefined {
  for (const [pattern, vector] of CLASS_NAMES) if (pattern.test(name)) return vector;
  const found = /^[a-z]+-(?:flood|amplification|reflection)/.exec(name)?.[0];
  return VECTORS.find((vector) => vector === found);
}

/** Why a label cannot be true, whatever the capture holds. */
function contradictionIn(label: CaptureLabel): string | undefined {
  for (const attack of label.attacks) {
    if (attack.vectors.length === 0) return `the attack on ${attack.target} has no vector`;
    if (attack.start !== undefined && attack.end !== undefined && Date.parse(attack.end) < Date.parse(attack.start)) {
      return `the attack on ${attack.target} ends before it starts`;
    }
  }
  return undefined;
}

/** Why a label cannot be true of this capture: it lies outside it in time, or the capture is empty or has no time. */
export function contradictionWith(
  label: CaptureLabel,
  capture: { readonly fromMs: number; readonly toMs: number; readonly packets: number },
): string | undefined {
  if (capture.packets === 0) return 'the capture is empty';
  if (!Number.isFinite(capture.fromMs) || capture.toMs <= 0) return 'the capture has no time';
  for (const attack of label.attacks) {
    const start = attack.start === undefined ? undefined : Date.parse(attack.start);
    const end = attack.end === undefined ? undefined : Date.parse(attack.end);
    if ((start !== undefined && start > capture.toMs + 1000) || (end !== undefined && end < capture.fromMs - 120_000)) {
      return `the attack on ${attack.target} lies outside the capture's time`;
    }
  }
  return undefined;
}
