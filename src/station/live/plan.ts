import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { BonghwaError } from '../../base/errors.ts';
import { formatAddress, parseAddress } from '../../base/ip.ts';
import { formatListen } from '../../base/listen.ts';
import { type Prefix, parsePrefix } from '../../base/prefix.ts';
import type { Expectation } from '../../detect/exporter/diagnose.ts';
import type { Attack } from '../../model/attack.ts';
import type { Config } from '../../model/config.ts';
import type { Site } from '../../model/site.ts';
import { siteOf } from '../../model/site-fields.ts';
import type { StoreStatus } from '../../model/station-view.ts';
import type { Vantage } from '../../model/vantage.ts';
import { VECTORS, type Vector } from '../../model/vector.ts';
import { ATTACKS_PAGE_MAX, type StateStore } from '../../store/state/state-store.ts';
import type { ExporterSettings } from './exporter-filter.ts';
import type { DetectionSubject } from './messages.ts';
import type { ReceiverSetup } from './receiver-thread.ts';
import { usesLogs } from './web-desk.ts';

/** What a configuration means for the parts of a station. */

/** What detection has to know of a site. */
export type ProtectedSite = Pick<Site, 'name' | 'addresses' | 'prefixes'>;

/**
 * What is protected: the networks, and the addresses and prefixes of sites outside them. Names by address, in the text that targets have.
 */
export function subjectOf(config: Config, registered: readonly ProtectedSite[] = config.sites): DetectionSubject {
  const networks: Prefix[] = config.networks.map(({ prefix }) => prefix);
  const sites = new Map<string, string>();
  for (const site of registered) {
    for (const text of site.prefixes) {
      const parsed = parsePrefix(text);
      if (parsed !== undefined) networks.push(parsed);
    }
    for (const text of site.addresses) {
      const words = parseAddress(text);
      if (words === undefined) continue;
      sites.set(formatAddress(words), site.name);
      networks.push({ words, length: 128 });
    }
  }
  const configuredPps: Partial<Record<Vector, number>> = {};
  for (const vector of VECTORS) {
    const threshold = config.thresholds[vector];
    if (threshold !== undefined) configuredPps[vector] = threshold.ppsMax;
  }
  return {
    networks,
    sites,
    configuredPps,
    ...(config.organisation === undefined ? {} : { organisation: config.organisation.name }),
  };
}

/** Addresses and prefixes of a site: as it is registered, or as the configuration has it where no register is open yet. */
export function placesOf(name: string, config: Config, registered: ProtectedSite | undefined): readonly string[] {
  const site = registered ?? config.sites.find((configured) => configured.name === name);
  return site === undefined ? [] : [...site.addresses, ...site.prefixes];
}

/** The sites of a configuration as the register has them. */
export const registeredIn = (config: Config): Site[] => config.sites.map((site) => siteOf(site, 'configuration'));

/** The places that a configuration checks sites from: the station itself, and programs elsewhere. */
export function vantagesIn({ probe, vantages }: Config): Vantage[] {
  const own = probe.own
    ? [{ name: probe.name, country: probe.country, network: probe.network, partner: undefined }]
    : [];
  return [...own, ...vantages].map(({ name, country, network, partner }) => ({
    name,
    ...(country === undefined ? {} : { country }),
    ...(network === undefined ? {} : { network }),
    ...(partner === undefined ? {} : { partner }),
  }));
}

export function expectationsOf(config: Config): Map<string, Expectation> {
  return new Map(
    config.exporters.map(({ address, name, samplingRate, outsideInterfaces, vendor }) => [
      textOf(address),
      {
        name,
        ...(samplingRate === undefined ? {} : { samplingRate }),
        ...(outsideInterfaces === undefined ? {} : { outsideInterfaces }),
        ...(vendor === undefined ? {} : { vendor }),
      },
    ]),
  );
}

export function settingsOf(config: Config): ExporterSettings {
  const settings: ExporterSettings = { outside: new Map(), sampling: new Map() };
  for (const { address, samplingRate, outsideInterfaces } of config.exporters) {
    if (samplingRate !== undefined) settings.sampling.set(textOf(address), samplingRate);
    if (outsideInterfaces !== undefined) settings.outside.set(textOf(address), new Set(outsideInterfaces));
  }
  return settings;
}

/** An address in the text that exporters and targets have. */
function textOf(address: string): string {
  const words = parseAddress(address);
  return words === undefined ? address : formatAddress(words);
}

/** One receiver for every worker, which share the sockets' addresses, and one for a stream of packets. */
export function receiverSetups(
  config: Config,
  shared: Pick<ReceiverSetup, 'seed' | 'volumes' | 'settings' | 'snapshots'>,
): ReceiverSetup[] {
  const { netflow, sflow, pcap, workers } = config.inputs;
  const listen = [
    ...netflow.map((at) => ({ kind: 'netflow' as const, at })),
    ...sflow.map((at) => ({ kind: 'sflow' as const, at })),
  ];
  const { networks } = subjectOf(config);
  const setups: ReceiverSetup[] = [];
  // One core is left to detection, stores and everything else.
  const count = workers ?? Math.max(1, Math.min(8, availableParallelism() - 1));
  if (listen.length > 0) {
    for (let worker = 0; worker < count; worker++)
      setups.push({
        ...shared,
        networks,
        receiver: setups.length,
        lots: randomInt(2 ** 32),
        listen,
        shared: count > 1,
      });
  }
  if (pcap !== undefined) {
    const packets = { path: pcap, telemetryPorts: config.telemetryPorts, ownTime: listen.length === 0 };
    setups.push({
      ...shared,
      networks,
      receiver: setups.length,
      lots: randomInt(2 ** 32),
      listen: [],
      shared: false,
      packets,
    });
  }
  if (setups.length > 0 || usesLogs(config) || checksSites(config)) return setups;
  throw new BonghwaError('CONFIG_INVALID', 'nothing comes in: all inputs are turned off', {
    hint: `Leave inputs out to listen on ${formatListen({ address: '127.0.0.1', port: 2055, family: 4 })} and others.`,
  });
}

/** True where sites are checked, here or elsewhere: that is enough to watch. */
function checksSites({ sites, vantages, inputs, probe }: Config): boolean {
  const urls = probe.own && sites.some((site) => site.urls.length > 0);
  return urls || vantages.length > 0 || inputs.vantages !== undefined;
}

/** What is told of a store before it is open. */
export function startingStatus({ storage }: Config, store: 'state' | 'telemetry'): StoreStatus {
  const own = { state: 'pglite', telemetry: 'chdb' } as const;
  const server = { state: 'postgresql', telemetry: 'clickhouse' } as const;
  const url = storage[store];
  const kind = url === 'off' ? 'off' : url === undefined ? own[store] : server[store];
  return { kind, state: 'starting', waiting: 0, written: 0, lost: 0 };
}

/** The store, once it is open. Throws the error of that code before. */
export function opened<Store>(store: Store | undefined, code: 'STATE_DOWN' | 'TELEMETRY_DOWN', name: string): Store {
  if (store !== undefined) return store;
  throw new BonghwaError(code, `the ${name} store is not open yet`, { hint: 'Ask again in a moment.' });
}

/** All attacks that the store holds as ongoing. */
export async function ongoingIn(state: StateStore): Promise<Attack[]> {
  const attacks: Attack[] = [];
  let before: string | undefined;
  do {
    const page = await state.attacks({ ongoing: true, limit: ATTACKS_PAGE_MAX, before });
    attacks.push(...page.attacks);
    before = page.next;
  } while (before !== undefined);
  return attacks;
}
