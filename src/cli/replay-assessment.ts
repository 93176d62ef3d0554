import { holdsChecks, readChecks } from '../input/check-file.ts';
import type { ReplayReport } from '../model/attack.ts';
import type { Config } from '../model/config.ts';
import type { SiteStatus } from '../model/incident.ts';
import type { Site } from '../model/site.ts';
import { siteOf } from '../model/site-fields.ts';
import type { SiteSecond } from '../model/site-second.ts';
import type { CheckResult, Vantage } from '../model/vantage.ts';
import { assessRecorded, RECORDED_MAX } from '../station/assess/replay-assess.ts';
import { exact } from './render-attack.ts';

/** What a replay says of sites: from recorded checks among its files, from logs, and from the attacks that it found. */
export class ReplayAssessment {
  /** Files that hold no checks. */
  readonly others: readonly string[];
  readonly #sites: readonly Site[];
  readonly #checks: CheckResult[] = [];
  readonly #seconds: SiteSecond[] = [];
  readonly #vantages = new Map<string, Vantage>();
  readonly #missing: string[] = [];
  #dropped = 0;
  /** Every change of a site's state, once `assess` has told. */
  changes: readonly SiteStatus[] = [];

  private constructor(others: readonly string[], sites: readonly Site[]) {
    this.others = others;
    this.#sites = sites;
  }

  /** Reads the checks among the files. Throws FILE_UNREADABLE. */
  static async open(files: readonly string[], config: Config | undefined): Promise<ReplayAssessment> {
    const held = await Promise.all(files.map(holdsChecks));
    const assessing = new ReplayAssessment(
      files.filter((_, at) => !held[at]),
      (config?.sites ?? []).map((site) => siteOf(site, 'configuration')),
    );
    for (const file of files.filter((_, at) => held[at])) await assessing.#read(file);
    return assessing;
  }

  async #read(file: string): Promise<void> {
    const left = RECORDED_MAX - this.#checks.length;
    const { refused, cut } = await readChecks(file, left, {
      onCheck: (check) => this.#checks.push(check),
      onVantage: (vantage) => this.#vantages.set(vantage.name, vantage),
    });
    if (refused > 0)
      this.#missing.push(`${exact(refused)} ${refused === 1 ? 'line' : 'lines'} of ${file} are no checks.`);
    if (cut) this.#missing.push(`${file} holds more checks than are assessed at once (${exact(RECORDED_MAX)}).`);
  }

  second(second: SiteSecond): void {
    if (this.#seconds.length < RECORDED_MAX) this.#seconds.push(second);
    else this.#dropped++;
  }

  /** The report with sites, outages and incidents, where there is anything to tell them from. */
  assess(report: ReplayReport): ReplayReport {
    if (this.#checks.length + this.#seconds.length + this.#sites.length === 0) return report;
    const { outages, incidents, sites, changes } = assessRecorded({
      attacks: report.attacks,
      checks: this.#checks,
      seconds: this.#seconds,
      sites: this.#sites,
      vantages: [...this.#vantages.values()],
    });
    this.changes = changes;
    return {
      ...report,
      checks: this.#checks.length,
      sites: [...sites],
      outages: [...outages],
      incidents: [...incidents],
    };
  }

  /** What of the input was not assessed, a sentence each. */
  missing(): readonly string[] {
    if (this.#dropped === 0) return this.#missing;
    return [...this.#missing, `${exact(this.#dropped)} seconds of logs were more than are assessed at once.`];
  }
}
