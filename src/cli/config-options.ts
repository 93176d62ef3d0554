import { InvalidArgumentError } from 'commander';
import { formatListen, type ListenAddress, parseListen } from '../base/listen.ts';
import { formatPrefix } from '../base/prefix.ts';
import { type Config, defaultConfig } from '../model/config.ts';
import { WORKERS_MAX } from '../model/config-schema.ts';
import { holdsPassword, type SecretReference, stateUrlFault, telemetryUrlFault } from '../model/secret.ts';
import type { NetworkOption } from './options.ts';

/** What the command line of a station can say in place of a file, or beside one. */
export interface StationOptions {
  readonly organisation?: string;
  readonly network?: readonly NetworkOption[];
  readonly data?: string;
  /** An empty list, `off` on the command line, turns the input off. */
  readonly netflow?: readonly ListenAddress[];
  readonly sflow?: readonly ListenAddress[];
  readonly pcap?: string;
  readonly http?: ListenAddress;
  readonly workers?: number;
  readonly state?: SecretReference;
  readonly telemetry?: SecretReference;
  readonly events?: string;
}

/**
 * The configuration in force: what the command line says stands over what the file says, and that over the defaults. Networks
 * of both are protected; of every other key the command line's value takes the place of the file's.
 */
export function configFromOptions(options: StationOptions, file: Config = defaultConfig()): Config {
  const known = new Set(file.networks.map(({ prefix }) => formatPrefix(prefix.words, prefix.length)));
  const networks = [...file.networks];
  for (const { prefix } of options.network ?? []) {
    const text = formatPrefix(prefix.words, prefix.length);
    if (!known.has(text)) networks.push({ prefix });
    known.add(text);
  }
  return {
    ...file,
    ...(options.organisation === undefined ? {} : { organisation: { name: options.organisation } }),
    networks,
    inputs: {
      ...file.inputs,
      ...(options.netflow === undefined ? {} : { netflow: [...options.netflow] }),
      ...(options.sflow === undefined ? {} : { sflow: [...options.sflow] }),
      ...(options.pcap === undefined ? {} : { pcap: options.pcap }),
      ...(options.workers === undefined ? {} : { workers: options.workers }),
    },
    http: options.http === undefined ? file.http : { ...file.http, listen: options.http },
    storage: {
      ...file.storage,
      ...(options.data === undefined ? {} : { directory: options.data }),
      ...(options.state === undefined ? {} : { state: options.state }),
      ...(options.telemetry === undefined ? {} : { telemetry: options.telemetry }),
    },
    notify: file.notify,
    reports: options.events === undefined ? file.reports : { eventsFile: options.events },
  };
}

/** For commander: `--netflow ADDRESS:PORT`, repeatable; `off` turns the input off. */
export function addListen(text: string, earlier: readonly ListenAddress[] | undefined): readonly ListenAddress[] {
  if (text === 'off') return [];
  const listen = parseListenOption(text);
  if (earlier?.some((one) => formatListen(one) === formatListen(listen)))
    throw new InvalidArgumentError('It is given twice.');
  return [...(earlier ?? []), listen];
}

/** For commander: `--http ADDRESS:PORT`. */
export function parseListenOption(text: string): ListenAddress {
  const listen = parseListen(text);
  if (listen === undefined)
    throw new InvalidArgumentError(
      'An address with a port is needed, such as 127.0.0.1:2055, [::1]:2055 or :2055 for all.',
    );
  return listen;
}

/** For commander: `--workers N`. */
export function parseWorkers(text: string): number {
  const workers = Number(text);
  if (!/^\d+$/.test(text) || workers < 1 || workers > WORKERS_MAX)
    throw new InvalidArgumentError(`A number from 1 to ${WORKERS_MAX} is needed.`);
  return workers;
}

/** For commander: `--state URL`, `--state env:NAME`, `--state file:PATH`. */
export function parseStateOption(text: string): SecretReference {
  return parseStoreOption(text, stateUrlFault);
}

/** For commander: `--telemetry URL`, `--telemetry env:NAME`, `--telemetry file:PATH`, `--telemetry off`. */
export function parseTelemetryOption(text: string): SecretReference {
  return parseStoreOption(text, telemetryUrlFault);
}

function parseStoreOption(text: string, urlFault: (text: string) => string | undefined): SecretReference {
  const reference = /^(env|file):([^/].*|\/[^/].*)$/.exec(text);
  if (reference !== null) return reference[1] === 'env' ? { env: reference[2] } : { file: reference[2] };
  // What stands on the command line is seen by everyone who lists the processes of the machine.
  if (holdsPassword(text))
    throw new InvalidArgumentError('A password does not belong on the command line; say env:NAME or file:PATH.');
  const fault = urlFault(text);
  if (fault !== undefined)
    throw new InvalidArgumentError(`${fault[0].toUpperCase()}${fault.slice(1)}, or env:NAME, or file:PATH.`);
  return text;
}
