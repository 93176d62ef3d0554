import { formatAddress, parseAddress } from '../base/ip.ts';
import { formatPrefix, type Prefix, prefixContains } from '../base/prefix.ts';
import { formatBytes, formatCount, formatDuration } from '../base/units.ts';
import type { Attack, ReplayReport } from '../model/attack.ts';
import type { Config } from '../model/config.ts';
import { TELEMETRY_PORTS } from '../model/telemetry-ports.ts';
import { VECTORS, type Vector } from '../model/vector.ts';
import type { InputKind, Progress } from '../station/ingest.ts';
import { replay } from '../station/replay.ts';
import { knownSites } from '../station/site-hosts.ts';
import { cacheDirectory } from './cache-directory.ts';
import { EXIT_ATTACK, EXIT_OK } from './exit.ts';
import { type LogOptions, logIngestOptions } from './log-options.ts';
import type { NetworkOption } from './options.ts';
import { exact } from './render-attack.ts';
import { renderReport, shareRead } from './render-report.ts';
import { ReplayAssessment } from './replay-assessment.ts';
import { lookOf, StatusLine, TextOutput } from './terminal.ts';

export interface ReplayCommandOptions extends LogOptions {
  readonly site?: string;
  readonly json: boolean;
  readonly network: readonly NetworkOption[];
  readonly config?: string;
  readonly as: InputKind | 'log';
  readonly telemetryPort: readonly number[];
  readonly allVerdicts: boolean;
  readonly failOnAttack: boolean;
  readonly quiet: boolean;
}

/** `bonghwa replay FILES…`: which attacks are in these captures. */
export async function replayCommand(
  files: readonly string[],
  options: ReplayCommandOptions,
  interrupt: AbortSignal,
): Promise<number> {
  const config = options.config === undefined ? undefined : await configOf(options.config);
  const networks = protectedNetworks(options.network, config);
  const telemetryPorts = [...new Set([...(config?.telemetryPorts ?? TELEMETRY_PORTS), ...options.telemetryPort])];
  const assessing = await ReplayAssessment.open(files, config);
  const status = new StatusLine(process.stderr, !options.quiet);
  const progress = new ProgressText();
  let report: ReplayReport;
  try {
    report = await replay({
      files: assessing.others,
      onSiteSecond: (second) => assessing.second(second),
      cacheDirectory: cacheDirectory(),
      networks,
      as: options.as,
      telemetryPorts,
      allVerdicts: options.allVerdicts,
      configuredPps: configuredLimits(config),
      ...(config?.organisation === undefined ? {} : { organisation: config.organisation.name }),
      logs: {
        ...logIngestOptions(options),
        ...(options.site === undefined ? {} : { site: options.site }),
        ...(config === undefined ? {} : { sites: knownSites(config.sites) }),
      },
      addressesOf: (site) => config?.sites.find(({ name }) => name === site)?.addresses ?? [],
      signal: interrupt,
      ...(status.visible ? { onProgress: (at: Progress) => progress.show(at, status) } : {}),
    });
  } finally {
    status.clear();
  }
  const named = assessing.assess(config === undefined ? report : nameSites(report, config));
  if (!options.quiet) {
    sayWhatIsMissing(report, files, interrupt);
    for (const line of assessing.missing()) process.stderr.write(`bonghwa: ${line}\n`);
  }
  const output = new TextOutput(process.stdout);
  if (options.json) output.write(`${JSON.stringify(named)}\n`);
  else {
    output.write(
      renderReport(named, {
        look: lookOf(process.stdout, process.env),
        files,
        networks: networks.map((network) => formatPrefix(network.words, network.length)),
        telemetryPorts: options.as === 'traffic' || options.as === 'datagram' ? [] : telemetryPorts,
      }),
    );
  }
  await output.pause();
  return options.failOnAttack && report.attacks.length > 0 ? EXIT_ATTACK : EXIT_OK;
}

async function configOf(file: string): Promise<Config> {
  // Loaded only here: the parser and the schemas take longer to load than a small capture takes to read.
  const { loadConfig } = await import('./config-file.ts');
  return loadConfig(file);
}

/** Networks of the options and the configuration, and the addresses of sites that lie in none of them. */
export function protectedNetworks(options: readonly NetworkOption[], config: Config | undefined): Prefix[] {
  const networks = [...options.map(({ prefix }) => prefix), ...(config?.networks ?? []).map(({ prefix }) => prefix)];
  for (const site of config?.sites ?? []) {
    for (const address of site.addresses) {
      const words = parseAddress(address);
      if (words === undefined || networks.some((network) => prefixContains(network, words))) continue;
      networks.push({ words, length: 128 });
    }
  }
  return networks;
}

/** Limits of the configuration by vector, packets a second. */
function configuredLimits(config: Config | undefined): Partial<Record<Vector, number>> {
  const limits: Partial<Record<Vector, number>> = {};
  for (const vector of VECTORS) {
    const threshold = config?.thresholds[vector];
    if (threshold !== undefined) limits[vector] = threshold.ppsMax;
  }
  return limits;
}

/** The report with attacks on the address of a site told as attacks on that site. */
export function nameSites(report: ReplayReport, config: Config): ReplayReport {
  const siteOf = new Map<string, string>();
  for (const site of config.sites) {
    for (const address of site.addresses) {
      const words = parseAddress(address);
      if (words !== undefined) siteOf.set(formatAddress(words), site.name);
    }
  }
  const name = (attack: Attack): Attack => {
    const site = attack.target.kind === 'address' ? siteOf.get(attack.target.value) : undefined;
    return site === undefined ? attack : { ...attack, target: { kind: 'site', value: site } };
  };
  return { ...report, attacks: report.attacks.map(name) };
}

/** Says on standard error where the report does not cover all of the input. */
function sayWhatIsMissing(report: ReplayReport, files: readonly string[], interrupt: AbortSignal): void {
  const truncated = report.rejected['capture-truncated'] ?? 0;
  if (truncated > 0) {
    const which =
      files.length === 1 ? 'the capture' : truncated === 1 ? 'one of the captures' : `${truncated} captures`;
    const ends = truncated === 1 ? 'ends' : 'end';
    process.stderr.write(`bonghwa: ${which} ${ends} in the middle of a packet; everything before it was read.\n`);
  }
  if (interrupt.aborted) process.stderr.write('bonghwa: interrupted; this is what was found until then.\n');
}

/** How often the line of progress is written, ms. */
const PROGRESS_EVERY_MS = 200;

/** The line of progress: what is read, how fast, how long it will take. */
class ProgressText {
  readonly #startedMs = performance.now();
  #shownMs = Number.NEGATIVE_INFINITY;
  #file = '';
  #fileStartedMs = 0;

  show(at: Progress, status: StatusLine): void {
    const nowMs = performance.now();
    if (at.file !== this.#file) {
      this.#file = at.file;
      this.#fileStartedMs = nowMs;
    }
    if (nowMs - this.#shownMs < PROGRESS_EVERY_MS) return;
    this.#shownMs = nowMs;
    const seconds = Math.max(0.001, (nowMs - this.#startedMs) / 1000);
    const parts = [at.file === '-' ? 'standard input' : at.file];
    const share = shareRead(at.bytesRead, at.bytesTotal);
    parts.push(share === '' ? formatBytes(at.bytesRead) : share);
    parts.push(at.flows > at.packets ? `${exact(at.flows)} flow records` : `${exact(at.packets)} packets`);
    parts.push(`${formatCount(Math.max(at.packets, at.flows) / seconds)}/s`);
    const elapsedMs = nowMs - this.#fileStartedMs;
    if (at.bytesTotal !== undefined && at.bytesRead > 0 && elapsedMs > 1000) {
      parts.push(`${formatDuration((elapsedMs * Math.max(0, at.bytesTotal - at.bytesRead)) / at.bytesRead)} left`);
    }
    status.show(parts.join('  '));
  }
}
