import type { ListenAddress } from '../../base/listen.ts';
import type { Config, ConfigProblem } from '../../model/config.ts';
import type { StationStatus } from '../../model/station-view.ts';

/** What `bonghwa doctor` found out about the machine, the configuration and a running station. Absent: it could not be told. */
export interface Facts {
  /** ms since 1970. */
  readonly nowMs: number;
  readonly node: { readonly version: string; readonly majorMin: number };
  readonly configuration: ConfigurationFacts;
  /** Whether datagrams can be received in batches by the system's `recvmmsg`; the reason where not. */
  readonly batchReceive: { readonly loads: boolean; readonly reason?: string };
  readonly listeners: readonly ListenerFacts[];
  readonly receiveBuffer: { readonly bytesMax?: number };
  readonly udp: UdpFacts;
  readonly clock: ClockFacts;
  readonly disk: DiskFacts;
  readonly machine: MachineFacts;
  readonly files: readonly FileFacts[];
  readonly stores: readonly StoreFacts[];
  readonly station: StationFacts;
}

export interface ConfigurationFacts {
  /** The file that was read; absent where there is none and the defaults are in force. */
  readonly file?: string;
  /** Why it could not be read. */
  readonly unreadable?: string;
  readonly problems: readonly ConfigProblem[];
  readonly notes: readonly string[];
  /** What is in force; the defaults where the file has faults. */
  readonly config: Config;
}

/** One address that the configuration listens on. */
export interface ListenerFacts {
  readonly use: 'netflow' | 'sflow' | 'http';
  readonly listen: ListenAddress;
  /** `free`: it can be opened. `held`: another program has it. `refused`: the system does not let us, with `reason`. */
  readonly state: 'free' | 'held' | 'refused';
  readonly reason?: string;
  /** Who holds it, where the system tells us. */
  readonly holder?: { readonly pid: number; readonly command: string };
  /** Datagrams that the kernel threw away because the buffer of this socket was full. */
  readonly dropped?: number;
}

/** UDP of the whole network namespace since it came up (`/proc/net/snmp`), and over the time the doctor looked. */
export interface UdpFacts {
  readonly datagrams?: number;
  /** Thrown away because a receive buffer was full (RcvbufErrors). */
  readonly bufferErrors?: number;
  readonly lookedMs: number;
  readonly datagramsWhileLooking?: number;
  readonly bufferErrorsWhileLooking?: number;
}

export interface ClockFacts {
  readonly synchronised?: boolean;
  /** Largest error that the kernel allows for, ms. */
  readonly errorMsMax?: number;
  /** How far the clock moved against the machine's steady one while the doctor looked, ms. */
  readonly jumpMs: number;
}

export interface DiskFacts {
  /** The data directory, absolute. */
  readonly directory: string;
  readonly exists: boolean;
  /** Why nothing can be written there. */
  readonly unwritable?: string;
  readonly freeBytes?: number;
  readonly totalBytes?: number;
  /** What the station keeps there now; absent where there is more than is counted. */
  readonly usedBytes?: number;
  /** Since when the directory is there, ms. */
  readonly ageMs?: number;
  readonly writeBytesPerSecond?: number;
  /** Median time until 4 KiB are durable, ms. */
  readonly fsyncMs?: number;
}

export interface MachineFacts {
  /** Cores that the program may use, a container's quota included; may be a fraction. */
  readonly cores: number;
  readonly memoryBytes: number;
  /** Free or freeable. */
  readonly memoryAvailableBytes: number;
  /** What the control group allows. */
  readonly memoryLimitBytes?: number;
  readonly openFilesMax?: number;
  /** True where the limits are those of the running station, false where they are this program's. */
  readonly limitsOfStation: boolean;
}

/** A file or pipe that the configuration names. */
export interface FileFacts {
  readonly key: 'inputs.pcap' | 'reports.eventsFile';
  readonly path: string;
  /** `missing`: it is not there, and nobody makes it. `closed`: this user may not use it. `directory`: it is one. */
  readonly state: 'usable' | 'missing' | 'closed' | 'directory';
}

/** A store by URL. Only the connection is tried, nobody signs in. */
export interface StoreFacts {
  readonly name: 'state' | 'telemetry';
  /** `host:port`; absent where the secret cannot be had, with `fault`. */
  readonly address?: string;
  readonly fault?: string;
}

export type StationFacts =
  | { readonly kind: 'none' }
  /** It holds the data directory; `silent` says why its HTTP gave no status. */
  | { readonly kind: 'running'; readonly pid?: number; readonly silent?: string; readonly status?: StationStatus };
