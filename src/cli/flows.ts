import type { flowsParamsSchema } from '../api/contract.ts';
import { BonghwaError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import {
  CLASS_NAMES,
  FLOW_DIMENSIONS,
  FLOW_MEASURES,
  flowsAnswerSchema,
  TOP_MAX,
} from '../store/telemetry/flows-query.ts';
import { openClient, type StationChoice } from './client.ts';
import { EXIT_OK } from './exit.ts';
import { flowsCsv, renderFlows } from './render-flows.ts';
import { lookOf, TextOutput } from './terminal.ts';
import { withoutControls } from './text-width.ts';

export interface FlowsCommandOptions extends StationChoice {
  readonly since: string;
  readonly until: string;
  readonly target?: readonly string[];
  readonly src?: readonly string[];
  readonly dst?: readonly string[];
  readonly exporter?: string;
  readonly proto?: string;
  readonly port?: string;
  readonly srcPort?: string;
  readonly dstPort?: string;
  readonly class?: string;
  readonly srcAsn?: string;
  readonly srcCountry?: string;
  readonly attack?: string;
  readonly kept?: string;
  readonly top?: readonly string[];
  readonly by?: string;
  readonly step?: string;
  readonly limit?: number;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** Names that people have for IP protocols, by number (IANA protocol-numbers). */
const PROTOCOLS: Readonly<Record<string, number>> = {
  icmp: 1,
  igmp: 2,
  tcp: 6,
  udp: 17,
  gre: 47,
  esp: 50,
  icmpv6: 58,
  sctp: 132,
};

/** `bonghwa flows`: which flows there were, grouped by what is asked. */
export async function flowsCommand(options: FlowsCommandOptions, signal: AbortSignal): Promise<number> {
  if (options.json === true && options.csv === true)
    throw new BonghwaError('OPTION_INVALID', '--json and --csv cannot be given together', {
      hint: 'Give one of them.',
    });
  const question = questionOf(options);
  const client = await openClient(options, signal);
  const { answer, raw } = await client.ask('/api/flows', flowsAnswerSchema, question);
  const output = new TextOutput(process.stdout);
  if (options.json === true) output.write(`${JSON.stringify(raw)}\n`);
  else if (options.csv === true) output.write(flowsCsv(answer));
  else output.write(renderFlows(withoutControls(answer), lookOf(process.stdout, process.env)));
  await output.pause();
  return EXIT_OK;
}

/** What the station is asked. Throws BonghwaError OPTION_INVALID where a name is not known, with the one that was meant. */
function questionOf(
  options: FlowsCommandOptions,
): Record<keyof typeof flowsParamsSchema.shape, string | number | readonly string[] | undefined> {
  const { since, until, target, src, dst, exporter, port, srcPort, dstPort, srcAsn, srcCountry, step, limit } = options;
  return {
    ...{ since, until, target, src, dst, exporter, port, srcPort, dstPort, srcCountry, step, limit },
    srcAsn: srcAsn?.replace(/^AS/i, ''),
    proto: options.proto === undefined ? undefined : protocolOf(options.proto),
    class: known('--class', options.class, CLASS_NAMES),
    attackId: options.attack,
    kept: known('--kept', options.kept, ['peace', 'attack']),
    by: known('--by', options.by, FLOW_MEASURES),
    top: topOf(options),
  };
}

function topOf(options: FlowsCommandOptions): readonly string[] {
  const named = (options.top ?? []).flatMap((text) => text.split(',')).filter((name) => name !== '');
  if (named.length > TOP_MAX) {
    throw new BonghwaError('OPTION_INVALID', `--top names ${named.length} things`, {
      hint: `Name at most ${TOP_MAX}.`,
    });
  }
  if (named.length > 0) return named.map((name) => known('--top', name, FLOW_DIMENSIONS) ?? name);
  // Who is sent to, and of one that is known, who sends.
  const towards = options.target !== undefined || options.dst !== undefined || options.attack !== undefined;
  return [towards ? 'srcAddr' : 'dstAddr'];
}

function protocolOf(text: string): string | number {
  return PROTOCOLS[text.toLowerCase()] ?? text;
}

/** The name that is meant. Throws OPTION_INVALID where none is. */
export function known(option: string, text: string | undefined, names: readonly string[]): string | undefined {
  if (text === undefined) return undefined;
  const found = names.find((name) => name.toLowerCase() === text.toLowerCase());
  if (found !== undefined) return found;
  const meant = nearest(text, names);
  const hint =
    meant === undefined ? `Known are ${names.join(', ')}.` : `Did you mean '${meant}'? Known are ${names.join(', ')}.`;
  throw new BonghwaError('OPTION_INVALID', `${option} ${text} is not known`, { hint });
}
