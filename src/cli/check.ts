import { stringify } from 'yaml';
import { configNotes, effectiveTree } from '../model/config-tree.ts';
import { problemLines, readConfig } from './config-file.ts';
import { EXIT_COULD_NOT_RUN, EXIT_OK } from './exit.ts';

/** `bonghwa check [FILE]`: prints the effective configuration, or all of its faults. */
export async function checkCommand(file: string, options: { readonly json: boolean }): Promise<number> {
  const result = await readConfig(file);
  if (result.kind === 'invalid') {
    const problems = problemLines(file, result);
    const count = problems.length === 1 ? 'one fault' : `${problems.length} faults`;
    process.stderr.write(`${problems.join('\n')}\nbonghwa: ${count} in the configuration. Correct the lines above.\n`);
    return EXIT_COULD_NOT_RUN;
  }
  const tree = effectiveTree(result.config);
  if (options.json) process.stdout.write(`${JSON.stringify(tree, null, 2)}\n`);
  else process.stdout.write(`# ${file} is right. In force, defaults included:\n${stringify(tree)}`);
  for (const note of configNotes(result.config)) process.stderr.write(`note: ${note}.\n`);
  return EXIT_OK;
}
