import { parseAddress } from '../base/ip.ts';
import { formatListen, isLoopback } from '../base/listen.ts';
import { formatPrefix } from '../base/prefix.ts';
import type { Config } from './config-schema.ts';
import { shownSecret } from './secret.ts';

/** The configuration as plain data, as it could stand in a file: what is in force, with every default. Secrets are references. */
export function effectiveTree(config: Config): Record<string, unknown> {
  const { state, telemetry } = config.storage;
  return {
    ...(config.organisation === undefined ? {} : { organisation: config.organisation }),
    networks: config.networks.map(({ prefix, name }) => ({
      prefix: formatPrefix(prefix.words, prefix.length),
      ...(name === undefined ? {} : { name }),
    })),
    sites: config.sites,
    probe: config.probe,
    vantages: config.vantages,
    telemetryPorts: config.telemetryPorts,
    thresholds: config.thresholds,
    exporters: config.exporters,
    inputs: {
      ...config.inputs,
      netflow: config.inputs.netflow.map(formatListen),
      sflow: config.inputs.sflow.map(formatListen),
      ...(config.inputs.vantages === undefined ? {} : { vantages: formatListen(config.inputs.vantages) }),
    },
    http: {
      ...config.http,
      listen: formatListen(config.http.listen),
      ...(config.http.tls === undefined
        ? {}
        : { tls: { ...config.http.tls, listen: formatListen(config.http.tls.listen) } }),
    },
    notify: config.notify,
    storage: {
      directory: config.storage.directory,
      ...(state === undefined ? {} : { state: typeof state === 'string' ? shownSecret(state) : state }),
      ...(telemetry === undefined
        ? {}
        : { telemetry: typeof telemetry === 'string' ? shownSecret(telemetry) : telemetry }),
    },
    retention: config.retention,
    reports: config.reports,
  };
}

/** What is right in form and may yet not be meant: one sentence each, with the key that it is about. */
export function configNotes(config: Config): string[] {
  const notes: string[] = [];
  const { netflow, sflow, pcap } = config.inputs;
  const listeners = [...netflow, ...sflow];
  const open = listeners.filter((listen) => !isLoopback(listen));
  if (open.length > 0) {
    const where = open.map(formatListen).join(', ');
    notes.push(`inputs: ${where} takes telemetry from whoever reaches it; let the firewall admit your exporters alone`);
  }
  if (!isLoopback(config.http.listen)) {
    const where = formatListen(config.http.listen);
    notes.push(
      config.http.signIn === 'off'
        ? `http.listen: ${where} is refused when a station starts: without sign-in HTTP answers this machine alone`
        : `http.listen: ${where} speaks no TLS; listen with http.tls for other machines, or let a proxy that speaks it stand before`,
    );
  }
  const far = config.exporters.filter(({ address }) => !isLoopbackAddress(address));
  if (far.length > 0 && listeners.length > 0 && open.length === 0) {
    notes.push(
      `inputs: nothing listens beyond this machine, so that ${far[0].name} (${far[0].address}) cannot be heard; write an address that it reaches, or ':2055' for all`,
    );
  }
  const otherwise = config.sites.some(({ urls, logs }) => urls.length + logs.length > 0) || inputsBeside(config);
  if (listeners.length === 0 && pcap === undefined && !otherwise)
    notes.push('inputs: nothing comes in; all inputs are turned off');
  if (config.networks.length === 0 && config.sites.every(({ addresses }) => addresses.length === 0))
    notes.push('networks: none is named, so that every destination counts as protected');
  const { secondsDays, minutesDays } = config.retention;
  if (minutesDays < secondsDays)
    notes.push(
      `retention: minutes go after ${minutesDays} days and seconds after ${secondsDays}; minutes are the small ones`,
    );
  return notes;
}

/** True where logs or vantages are listened to, so that a station has something to do without telemetry. */
function inputsBeside({ inputs, vantages }: Config): boolean {
  return inputs.logs.length + inputs.syslog.length + vantages.length > 0 || inputs.vantages !== undefined;
}

function isLoopbackAddress(text: string): boolean {
  const words = parseAddress(text);
  if (words === undefined) return false;
  return isLoopback({ address: text, port: 0, family: text.includes(':') ? 6 : 4 });
}
