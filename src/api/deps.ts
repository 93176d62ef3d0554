import type { HistogramCounts } from '../base/histogram.ts';
import type { ListenAddress } from '../base/listen.ts';
import type { Attack } from '../model/attack.ts';
import type { Caller } from '../model/role.ts';
import type { StationEvent } from '../model/station-event.ts';
import type { StationStatus } from '../model/station-view.ts';
import type { CheckOutcome } from '../model/vantage.ts';
import type { AttackPage, AttackQuery } from '../store/state/state-store.ts';
import type { FlowsAnswer, FlowsQuery } from '../store/telemetry/flows-query.ts';
import type { RequestsAnswer, RequestsQuery } from '../store/telemetry/requests-query.ts';
import type { SecondsAnswer, SecondsQuery } from '../store/telemetry/seconds-query.ts';
import type { ConsoleFiles } from './console-files.ts';
import type { ApiPorts } from './ports.ts';
import type { SignIn } from './sign-in/sign-in.ts';

/** What the API asks of a station. The station implements it; tests put another in its place. */
export interface ApiDeps {
  status(): StationStatus;
  /** Counters that the status does not tell. */
  counters(): StationCounters;
  /** Rejects with STATE_DOWN where the answer cannot be known. Attacks that go on are told as they stand now. */
  attacks(query: AttackQuery): Promise<AttackPage>;
  attack(id: string): Promise<Attack | undefined>;
  /** Rejects with TELEMETRY_DOWN or TELEMETRY_QUERY. */
  flows(query: FlowsQuery, signal?: AbortSignal): Promise<FlowsAnswer>;
  requests(query: RequestsQuery, signal?: AbortSignal): Promise<RequestsAnswer>;
  seconds(query: SecondsQuery, signal?: AbortSignal): Promise<SecondsAnswer>;
  /** Addresses of a configured site; undefined where no site has the name. */
  siteAddresses(name: string): readonly string[] | undefined;
  /** The parts of the station beside detection, as they are now. */
  ports?(): ApiPorts;
  /** Calls the listener for every event from now on; the function returned ends that. The listener never throws. */
  subscribe(listener: (event: StationEvent) => void): () => void;
  /** True while the process does its work: the detector thread decided a second within the last few. */
  live(): boolean;
  /** True when everything that was configured listens and detection runs; the reasons say what does not, one sentence each. */
  ready(): Readiness;
}

export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}

/** Counters since the start of the process; they only grow. */
export interface StationCounters {
  /** Records lost on the way to detection, by reason; their sum is `recordsLost` of the status. */
  readonly recordsLost: {
    /** Not decoded, to keep up; what was decoded stands for them. */
    readonly shed: number;
    /** Missing by the sequence numbers of their exporters: lost on the network or in a full buffer. */
    readonly missing: number;
  };
  readonly secondsDecided: number;
  /** How long after its end each second was decided, in seconds. LAG_BOUNDS are its buckets. */
  readonly decisionLagSeconds: HistogramCounts;
  /** Threads that died and were started again. */
  readonly threadDeaths: number;
  /** Requests in logs of web servers, and lines that were none by reason; absent where no log is read. */
  /** What checks of sites came to; absent before the station knows its sites. */
  readonly checks?: CheckCounters | undefined;
  readonly requests?: { readonly requests: number; readonly rejected: Readonly<Record<string, number>> } | undefined;
  /** Lines of events; absent where none are written. */
  readonly eventLines?: { readonly written: number; readonly lost: number } | undefined;
}

export interface CheckCounters {
  readonly sites: number;
  /** Results that were taken, by outcome. */
  readonly byOutcome: Readonly<Partial<Record<CheckOutcome, number>>>;
  /** Results of unknown sites or of clocks that are off. */
  readonly refused: number;
  /** Checks of the station itself that were left out, since the one before them still went on. */
  readonly late: number;
}

/** Buckets of the decision lag, seconds. */
export const LAG_BOUNDS: readonly number[] = [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30];

/** Says who asks. Without it (`http.signIn: off`) whoever reaches the station may do everything. */
export interface Access {
  /** The person, token or program that a request comes from; undefined where it names none, or one that is not known. */
  caller(request: Request, address: string): Promise<Caller | undefined>;
}

/** One act, as the audit log keeps it. */
export interface Act {
  readonly by: Caller | undefined;
  /** Name of the route. */
  readonly act: string;
  /** What it was done to: parameters of the path, names of the fields that were given. */
  readonly to: Readonly<Record<string, unknown>>;
  readonly status: number;
  readonly address: string;
}

export interface ApiOptions {
  /** Who may ask; without it everybody may. */
  readonly access?: Access | undefined;
  /** Sign-in, where the station has it: it is also the `access` then. */
  readonly signIn?: SignIn | undefined;
  /** Told of every act, also of those that were refused; the answer waits for it. */
  readonly onAct?: ((act: Act) => Promise<void>) | undefined;
  /** Names besides localhost and loopback addresses under which the station may be asked. */
  readonly names?: readonly string[] | undefined;
  readonly now?: (() => number) | undefined;
  /** The pages that people look at; without it there is the interface for programs alone. */
  readonly console?: ConsoleFiles | undefined;
  /** Told of faults of the API itself, which its client sees as status 500. */
  readonly onFault?: ((error: unknown, path: string) => void) | undefined;
}

/** Certificate with those that it is signed by, and its private key, as PEM. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
}

export interface Api {
  /**
   * Listens. Resolves with the address; port 0 is one that the system chose. Rejects with HTTP_NOT_LOOPBACK where programs of other machines
   * could reach it, and with HTTP_UNAVAILABLE where the port is taken or not permitted.
   */
  listen(at: ListenAddress): Promise<ListenAddress>;
  /** Answers by TLS there too; needs sign-in. Rejects as `listen`. */
  listenTls(at: ListenAddress, material: TlsMaterial): Promise<ListenAddress>;
  /** Another certificate for new connections. Throws where it cannot be used; the one before is used on then. */
  renewTls(material: TlsMaterial): void;
  /** Ends all connections within `CLOSE_MS_MAX`. */
  close(): Promise<void>;
}
