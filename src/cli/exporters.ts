import { exportersAnswerSchema, ROUTES } from '../api/contract.ts';
import { BonghwaError } from '../base/errors.ts';
import { EXPORTER_VENDORS } from '../model/config-schema.ts';
import { openClient, type StationChoice } from './client.ts';
import { EXIT_OK } from './exit.ts';
import { renderExporters } from './render-exporters.ts';
import { lookOf, TextOutput } from './terminal.ts';
import { withoutControls } from './text-width.ts';

export interface ExportersCommandOptions extends StationChoice {
  readonly json?: boolean;
  /** Whose commands are shown, or `all`. */
  readonly vendor?: string;
}

/** `bonghwa exporters`: who exports, how much of it arrives, what is wrong, and what to type about it. */
export async function exportersCommand(options: ExportersCommandOptions, signal: AbortSignal): Promise<number> {
  const { vendor } = options;
  const vendors: readonly string[] = [...EXPORTER_VENDORS, 'all'];
  if (vendor !== undefined && !vendors.includes(vendor)) {
    throw new BonghwaError('OPTION_INVALID', `--vendor ${vendor} is not known`, {
      hint: `Known are ${vendors.join(', ')}.`,
    });
  }
  const client = await openClient(options, signal);
  const output = new TextOutput(process.stdout);
  if (options.json === true) {
    const { raw } = await client.ask(ROUTES.exporters.path, exportersAnswerSchema);
    output.write(`${JSON.stringify(raw)}\n`);
  } else {
    const { answer } = await client.ask(ROUTES.status.path, ROUTES.status.answer.schema);
    const { exporters, inputs, now } = withoutControls(answer);
    const list = { exporters, inputs, nowMs: Date.parse(now), ...(vendor === undefined ? {} : { vendor }) };
    output.write(renderExporters(list, lookOf(process.stdout, process.env)));
  }
  await output.pause();
  return EXIT_OK;
}
