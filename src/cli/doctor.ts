import { BonghwaError } from '../base/errors.ts';
import { formatTime } from '../base/units.ts';
import { CONFIG_FILE, defaultConfig } from '../model/config.ts';
import { configNotes } from '../model/config-tree.ts';
import type { ConfigurationFacts } from '../station/doctor/facts.ts';
import { gatherFacts } from '../station/doctor/gather.ts';
import { diagnose } from '../station/doctor/judge.ts';
import { readConfig } from './config-file.ts';
import { configFromOptions } from './config-options.ts';
import { EXIT_FAULT, EXIT_OK } from './exit.ts';
import { nodeMajorMin } from './options.ts';
import { renderDiagnosis } from './render-diagnosis.ts';
import { lookOf } from './terminal.ts';

export interface DoctorCommandOptions {
  readonly config?: string;
  readonly data?: string;
  readonly json: boolean;
}

/** How long the kernel's losses and the clock are watched, ms. */
const LOOK_MS = 1000;

/** `bonghwa doctor`: is this machine, this configuration, this station well, and what to do where not. */
export async function doctorCommand(options: DoctorCommandOptions): Promise<number> {
  const configuration = await configurationFacts(options);
  const facts = await gatherFacts({
    configuration,
    environment: process.env,
    nodeMajorMin: nodeMajorMin(),
    lookMs: LOOK_MS,
  });
  const diagnosis = diagnose(facts);
  const at = formatTime(facts.nowMs) ?? '';
  if (options.json) process.stdout.write(`${JSON.stringify({ at, ...diagnosis }, null, 2)}\n`);
  else process.stdout.write(renderDiagnosis(diagnosis, at, lookOf(process.stdout, process.env)));
  return diagnosis.verdict === 'fault' ? EXIT_FAULT : EXIT_OK;
}

/** The configuration that is named, else the one that is there, else the defaults. Its faults are findings, not errors. */
async function configurationFacts({ config: named, data }: DoctorCommandOptions): Promise<ConfigurationFacts> {
  const over = data === undefined ? {} : { data };
  const none = { problems: [], notes: [], config: configFromOptions(over, defaultConfig()) };
  const file = named ?? CONFIG_FILE;
  try {
    const result = await readConfig(file);
    if (result.kind === 'invalid') return { ...none, file, problems: result.problems };
    const config = configFromOptions(over, result.config);
    return { file, problems: [], notes: configNotes(config), config };
  } catch (error) {
    if (!(error instanceof BonghwaError)) throw error;
    // Without a configuration a station runs from the command line.
    if (named === undefined && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return none;
    return { ...none, file, unreadable: error.message };
  }
}
