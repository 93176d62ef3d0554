import { type VantageView, vantageMadeSchema, vantagesAnswerSchema } from '../api/contract/sites.ts';
import { BonghwaError } from '../base/errors.ts';
import { jsonBody, openClient, type StationChoice } from './client.ts';
import { EXIT_OK } from './exit.ts';
import { type FixedColumn, fixedTable } from './fixed-table.ts';
import { type Look, lookOf, paintOf } from './terminal.ts';
import { withoutControls } from './text-width.ts';

export interface VantageAddOptions extends StationChoice {
  readonly country?: string;
  readonly network?: string;
  readonly partner?: string;
  readonly json?: boolean;
}

/** `bonghwa vantage add`. */
export async function vantageAddCommand(
  name: string,
  options: VantageAddOptions,
  signal: AbortSignal,
): Promise<number> {
  const { country, network, partner } = options;
  const client = await openClient(options, signal);
  const body = jsonBody({ name, country: country?.toUpperCase(), network, partner });
  const made = await client.send({ method: 'POST', path: '/api/vantages', body }, vantageMadeSchema);
  const { token, listen, fingerprint } = made?.answer ?? {};
  if (made === undefined || token === undefined)
    throw new BonghwaError('STATION_REFUSED', 'the station made no key', {
      hint: 'Check that both are of one version.',
    });
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify(made.raw)}\n`);
    return EXIT_OK;
  }
  process.stdout.write(`${token}\n`);
  process.stderr.write(
    [
      `The key of ${name} stands on standard output, and is told this once. Keep it in a file that others cannot read.`,
      `The station listens on ${listen ?? '?'}; the SHA-256 of its certificate, which is part of the key, is`,
      `  ${fingerprint ?? '?'}`,
      'On the other machine:',
      `  bonghwa vantage --station https://HOST:${listen?.split(':').at(-1) ?? 'PORT'} --key ${name.replace(/\W+/g, '-')}.key`,
      '',
    ].join('\n'),
  );
  return EXIT_OK;
}

/** `bonghwa vantage list`. */
export async function vantageListCommand(
  options: StationChoice & { readonly json?: boolean },
  signal: AbortSignal,
): Promise<number> {
  const client = await openClient(options, signal);
  const { answer, raw } = await client.ask('/api/vantages', vantagesAnswerSchema);
  const text =
    options.json === true
      ? `${JSON.stringify(raw)}\n`
      : renderVantages(withoutControls(answer.vantages), lookOf(process.stdout, process.env));
  process.stdout.write(text);
  return EXIT_OK;
}

/** `bonghwa vantage remove`. */
export async function vantageRemoveCommand(name: string, options: StationChoice, signal: AbortSignal): Promise<number> {
  const client = await openClient(options, signal);
  await client.send({ method: 'DELETE', path: `/api/vantages/${encodeURIComponent(name)}` }, vantagesAnswerSchema);
  process.stdout.write(`${name} is let go.\n`);
  return EXIT_OK;
}

function renderVantages(vantages: readonly VantageView[], look: Look): string {
  if (vantages.length === 0) return "No vantage: nothing is checked. 'bonghwa vantage add NAME' takes one on.\n";
  const columns: FixedColumn<VantageView>[] = [
    {
      title: 'vantage',
      width: 14,
      growMax: 40,
      text: ({ vantage, own }) => (own ? `${vantage.name} (this)` : vantage.name),
    },
    { title: 'country', width: 7, text: ({ vantage }) => vantage.country ?? '' },
    { title: 'network', width: 10, growMax: 24, drop: 2, text: ({ vantage }) => vantage.network ?? '' },
    { title: 'of', width: 10, growMax: 24, drop: 1, text: ({ vantage }) => vantage.partner ?? '' },
    {
      title: 'last seen (UTC)',
      width: 19,
      text: ({ lastSeen }) => lastSeen?.slice(0, 19).replace('T', ' ') ?? 'never',
    },
    { title: 'checks', width: 8, align: 'right', text: ({ checks }) => String(checks ?? 0) },
  ];
  return `${fixedTable(columns, vantages, look.width, paintOf(look.colour).dim).join('\n')}\n`;
}
