import { CommanderError } from 'commander';
import { BonghwaError } from '../base/errors.ts';
import { EXIT_COULD_NOT_RUN, EXIT_INTERRUPTED, EXIT_OK } from './exit.ts';
import { createProgram } from './program.ts';

// A reader that has seen enough, such as `| head`, closes the pipe: nothing is wrong then, and nobody is left to tell.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT_OK);
    throw error;
  });
}

const interrupt = new AbortController();
process.on('SIGINT', () => {
  // The first one ends the reading and shows what was found so far; the second one ends the program.
  if (interrupt.signal.aborted) process.exit(EXIT_INTERRUPTED);
  interrupt.abort();
});

try {
  const exitCode = { value: EXIT_OK };
  await createProgram(interrupt.signal, (code) => {
    exitCode.value = code;
  }).parseAsync(process.argv.length > 2 ? process.argv : [...process.argv, '--help']);
  process.exitCode = interrupt.signal.aborted ? EXIT_INTERRUPTED : exitCode.value;
} catch (error) {
  process.exitCode = report(error);
}

/** Says on standard error what went wrong and what to do; returns the exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_COULD_NOT_RUN;
  if (error instanceof BonghwaError && error.code !== 'INTERNAL') {
    process.stderr.write(`bonghwa: ${sentence(error.message)}${error.hint === undefined ? '' : ` ${error.hint}`}\n`);
    return EXIT_COULD_NOT_RUN;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`bonghwa: a fault of the program itself; please report it with these lines.\n${stack}\n`);
  return EXIT_COULD_NOT_RUN;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
