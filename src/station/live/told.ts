import type { StationCounters } from '../../api/deps.ts';
import type { Config } from '../../model/config.ts';
import type { StationEvent } from '../../model/station-event.ts';
import type { StationStatus } from '../../model/station-view.ts';
import { EventLines } from '../../output/event-lines.ts';
import type { StateStore } from '../../store/state/state-store.ts';
import { NotifyDesk } from './notify-desk.ts';
import { Announcements, standingWarnings } from './problems.ts';
import type { StationOptions } from './station-options.ts';

export interface ToldDeps extends Pick<StationOptions, 'environment'> {
  /** Where people reach the station. */
  readonly url: () => string;
  readonly onProblem: (part: string, error: Error) => void;
}

/** Everybody who is told what happens at a station: listeners of the interface, the file of events, receivers. None is waited for. */
export class Told {
  readonly #deps: ToldDeps;
  #config: Config;
  readonly #announcements = new Announcements();
  readonly #listeners = new Set<(event: StationEvent) => void>();
  #lines: EventLines | undefined;
  #notify: NotifyDesk | undefined;

  constructor(config: Config, deps: ToldDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  get notify(): NotifyDesk | undefined {
    return this.#notify;
  }

  async open(state: StateStore): Promise<void> {
    const { environment, url, onProblem } = this.#deps;
    this.#openLines();
    this.#notify = await NotifyDesk.open(this.#config.notify, {
      state,
      environment,
      station: () => ({ name: this.#config.organisation?.name ?? 'Bonghwa', url: url() }),
      onProblem: (error) => onProblem('notify', error),
    });
  }

  /** Takes over what the configuration says now. */
  configure(config: Config): void {
    const { eventsFile } = this.#config.reports;
    this.#config = config;
    if (eventsFile !== config.reports.eventsFile) this.#openLines();
    this.#notify?.configure(config.notify).catch((error: Error) => this.#deps.onProblem('notify', error));
  }

  /** The file may have been renamed by whoever rotates it. */
  reopen(): void {
    this.#lines?.reopen();
  }

  #openLines(): void {
    const path = this.#config.reports.eventsFile;
    void this.#lines?.close();
    const onProblem = (error: Error): void => this.#deps.onProblem('events', error);
    this.#lines = path === undefined ? undefined : new EventLines({ path, onProblem });
  }

  tell(event: StationEvent): void {
    this.#lines?.write(event);
    this.#notify?.take(event);
    for (const listener of this.#listeners) listener(event);
  }

  /** Tells of the warnings that began and that are over; `missing` are those of exporters that were never heard. */
  announce(status: Pick<StationStatus, 'warnings' | 'exporters'>, missing: readonly string[]): void {
    const at = new Date().toISOString();
    for (const change of this.#announcements.changes(standingWarnings(status, missing)))
      this.tell({ kind: 'warning', at, ...change });
  }

  subscribe(listener: (event: StationEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  counters(): Pick<StationCounters, 'eventLines'> {
    return this.#lines === undefined ? {} : { eventLines: this.#lines.counts() };
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.#lines?.close(), this.#notify?.close()]);
  }
}
