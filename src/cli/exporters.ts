import { exportersAnswerSchema, ROUTES } from '../api/contract.ts';
import { openClient, type StationChoice } from './client.ts';
import { EXIT_OK } from './exit.ts';
import { renderExporters } from './render-exporters.ts';
import { lookOf, TextOutput } from './terminal.ts';
import { withoutControls } from './text-width.ts';

export interface ExportersCommandOptions extends StationChoice {
  readonly json?: boolean;
}

/** `bonghwa exporters`: who exports, how much of it arrives, what is wrong, and what to type about it. */
export async function exportersCommand(options: ExportersCommandOptions, signal: AbortSignal): Promise<number> {
  const client = await openClient(options, signal);
  const output = new TextOutput(process.stdout);
  if (options.json === true) {
    const { raw } = await client.ask(ROUTES.exporters.path, exportersAnswerSchema);
    output.write(`${JSON.stringify(raw)}\n`);
  } else {
    const { answer } = await client.ask(ROUTES.status.path, ROUTES.status.answer.schema);
    const { exporters, inputs, now } = withoutControls(answer);
    output.write(renderExporters(exporters, inputs, Date.parse(now), lookOf(process.stdout, process.env)));
  }
  await output.pause();
  return EXIT_OK;
}
