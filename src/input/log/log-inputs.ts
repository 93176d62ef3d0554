import { BonghwaError } from '../../base/errors.ts';
import type { Prefix } from '../../base/prefix.ts';
import type { ConfigLog, ConfigSyslog } from '../../model/config-logs.ts';
import { Rejections } from '../../model/rejection.ts';
import { createRequestBatch, type RequestSink } from '../../model/request-batch.ts';
import type { ServerStatus } from '../../model/server-status.ts';
import { TrustedProxies } from '../../wire/log/forwarded.ts';
import { LogDecoder } from '../../wire/log/log-decoder.ts';
import type { LogFormat } from '../../wire/log/log-formats.ts';
import { type FollowedLog, LogFollower } from './log-follower.ts';
import type { PositionStore } from './positions.ts';
import { readLogFormat } from './server-config-file.ts';
import { StatusPoller } from './status-poller.ts';
import { type SyslogCounts, type SyslogListener, SyslogServer } from './syslog-server.ts';

/**
 * All that web servers tell of their requests while they work: logs that grow, logs that are sent, and pages that count connections.
 *
 *   files ────► LogFollower ───┐
 *   syslog ───► SyslogServer ──┴─► LogDecoder ──► RequestBatch ──► sink
 *   status ───► StatusPoller ─────────────────────────────────────► onStatus
 */
export interface LogInputsConfig {
  readonly sites: readonly {
    readonly name: string;
    readonly logs: readonly string[];
    readonly logFormat: string;
    readonly logZone?: string | undefined;
    readonly serverStatus: readonly string[];
  }[];
  readonly inputs: { readonly logs: readonly ConfigLog[]; readonly syslog: readonly ConfigSyslog[] };
  readonly trustedProxies?: readonly Prefix[] | undefined;
}

export interface LogInputsDeps {
  /** Gets the rows; `source` of a row is the index of its log in `LogInputs.sources`. */
  readonly sink: RequestSink;
  readonly positions: PositionStore;
  readonly onStatus?: (status: ServerStatus) => void;
  /** Told of what is wrong with a log or a page, once until it is right again (`undefined`). */
  readonly onFault?: (where: string, fault: string | undefined) => void;
  /** Where a log begins that is there at the first start of all. */
  readonly from?: 'end' | 'begin';
  readonly pollMs?: number;
  readonly retiredMs?: number;
  readonly statusMs?: number;
}

/** Rows and text of the batch that all inputs share. */
const ROWS = 2048;
const TEXT_BYTES = 1 << 20;

export class LogInputs {
  readonly rejections = new Rejections();
  /** Paths, patterns and addresses, by the number that rows have as their `source`. */
  readonly sources: readonly string[];
  readonly #follower: LogFollower | undefined;
  readonly #syslog: SyslogServer | undefined;
  readonly #poller: StatusPoller | undefined;

  /** Does nothing until it is started. Throws CONFIG_INVALID where a format is none. */
  constructor(config: LogInputsConfig, deps: LogInputsDeps) {
    const sources: string[] = [];
    const trusted = new TrustedProxies(config.trustedProxies);
    const batch = createRequestBatch(ROWS, TEXT_BYTES);
    const makeDecoder = (
      log: { format: string; zone?: string | undefined },
      where: string,
      site?: string,
    ): (() => LogDecoder) => {
      const source = sources.push(where) - 1;
      const format = formatOf(log.format, where);
      const zoneMs = zoneMsOf(log.zone);
      return () =>
        new LogDecoder(this.rejections, { source, format, trusted, zoneMs, ...(site === undefined ? {} : { site }) });
    };
    const logs: FollowedLog[] = [
      ...config.sites.flatMap(({ name, logs: paths, logFormat, logZone }) =>
        paths.map((pattern) => ({
          pattern,
          createDecoder: makeDecoder({ format: logFormat, zone: logZone }, pattern, name),
        })),
      ),
      ...config.inputs.logs.map((log) => ({ pattern: log.path, createDecoder: makeDecoder(log, log.path, log.site) })),
    ];
    const listeners: SyslogListener[] = config.inputs.syslog.map((syslog) => ({
      transport: syslog.transport,
      listen: syslog.listen,
      decoder: makeDecoder(
        syslog,
        `syslog ${syslog.transport} ${syslog.listen.address}:${syslog.listen.port}`,
        syslog.site,
      )(),
      ...(syslog.certificate === undefined ? {} : { certificate: syslog.certificate }),
      ...(syslog.key === undefined ? {} : { key: syslog.key }),
      ...(syslog.clientAuthority === undefined ? {} : { clientAuthority: syslog.clientAuthority }),
    }));
    const pages = config.sites.flatMap(({ name, serverStatus }) => serverStatus.map((url) => ({ source: name, url })));
    const { sink, positions, onFault, onStatus, from, pollMs, retiredMs, statusMs } = deps;
    this.sources = sources;
    if (logs.length > 0) {
      this.#follower = new LogFollower({
        logs,
        batch,
        sink,
        positions,
        ...(from === undefined ? {} : { from }),
        ...(pollMs === undefined ? {} : { pollMs }),
        ...(retiredMs === undefined ? {} : { retiredMs }),
        ...(onFault === undefined ? {} : { onFault }),
      });
    }
    if (listeners.length > 0)
      this.#syslog = new SyslogServer({ listeners, batch: createRequestBatch(ROWS, TEXT_BYTES), sink });
    if (pages.length > 0 && onStatus !== undefined) {
      this.#poller = new StatusPoller({
        pages,
        onStatus,
        ...(statusMs === undefined ? {} : { everyMs: statusMs }),
        ...(onFault === undefined ? {} : { onFault: ({ url }, fault) => onFault(url, fault) }),
      });
    }
  }

  /** True where there is anything to read. */
  get isUsed(): boolean {
    return this.#follower !== undefined || this.#syslog !== undefined || this.#poller !== undefined;
  }

  /** Counts of the messages that were sent; undefined where nobody is listened to. */
  get syslogCounts(): Readonly<SyslogCounts> | undefined {
    return this.#syslog?.counts;
  }

  /** Ports that are listened on for syslog, in the order of the configuration. */
  get syslogPorts(): readonly number[] {
    return this.#syslog?.ports ?? [];
  }

  /** Throws LISTEN_FAILED where an address cannot be had. */
  async start(): Promise<void> {
    await this.#syslog?.start();
    this.#follower?.start();
    this.#poller?.start();
  }

  /** What was read has been handed over when this is done, and its positions are kept. */
  async stop(): Promise<void> {
    this.#poller?.stop();
    await this.#follower?.stop();
    await this.#syslog?.stop();
  }
}

function formatOf(text: string, where: string): LogFormat {
  const format = readLogFormat(text, where);
  if (typeof format !== 'string') return format;
  throw new BonghwaError('CONFIG_INVALID', `the format of ${where}: ${format}`, {
    hint: 'docs/logs.md lists the formats.',
  });
}

/** `+02:00` in milliseconds. */
function zoneMsOf(zone: string | undefined): number {
  if (zone === undefined) return 0;
  const [hours, minutes] = zone.slice(1).split(':').map(Number);
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}
