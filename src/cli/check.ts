import { stringify } from 'yaml';
import { examineLogs } from '../input/log/examine-logs.ts';
import { configNotes, effectiveTree } from '../model/config-tree.ts';
import { problemLines, readConfig } from './config-file.ts';
import { EXIT_COULD_NOT_RUN, EXIT_OK } from './exit.ts';
import { withoutControls } from './text-width.ts';

/** `bonghwa check [FILE]`: prints the effective configuration, or all of its faults. */
export async function checkCommand(file: string, options: { readonly json: boolean }): Promise<number> {
  const result = await readConfig(file);
  if (result.kind === 'invalid') {
    const problems = problemLines(file, result);
    const count = problems.length === 1 ? 'one fault' : `${problems.length} faults`;
    process.stderr.write(`${problems.join('\n')}\nbonghwa: ${count} in the configuration. Correct the lines above.\n`);
    return EXIT_COULD_NOT_RUN;
  }
  const findings = await examineLogs(result.config);
  const faults = findings.filter(({ kind }) => kind === 'fault');
  if (faults.length > 0) {
    process.stderr.write(withoutControls(faults.map(({ text }) => `${file}: ${text}\n`)).join(''));
    const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`;
    process.stderr.write(`bonghwa: ${count} in the formats of logs. docs/logs.md lists those that are known.\n`);
    return EXIT_COULD_NOT_RUN;
  }
  const tree = effectiveTree(result.config);
  if (options.json) process.stdout.write(`${JSON.stringify(tree, null, 2)}\n`);
  else process.stdout.write(`# ${file} is right. In force, defaults included:\n${stringify(tree)}`);
  const notes = [...configNotes(result.config), ...findings.map(({ text }) => text)];
  for (const note of notes) process.stderr.write(`note: ${withoutControls(note)}.\n`);
  return EXIT_OK;
}
