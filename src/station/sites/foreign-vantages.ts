import { type ForeignResult, type ForeignSource, readForeign } from '../../input/probe/foreign-source.ts';
import { parseSubject } from '../../model/check-subject.ts';
import type { ConfigVantage } from '../../model/config-schema.ts';
import type { CheckResult } from '../../model/vantage.ts';
import type { SiteRegister } from './register.ts';

export interface ForeignVantagesOptions {
  readonly register: SiteRegister;
  /** False for a URL that leads to the inside: a program elsewhere is not made to look there either. */
  readonly permitted: (url: string) => boolean;
  readonly token: (source: ConfigVantage) => Promise<string | undefined>;
  readonly onResults: (vantage: string, results: readonly CheckResult[]) => void;
  readonly onProblem: (error: Error) => void;
}

/** Reads the programs that the configuration names, again and again. */
export class ForeignVantages {
  readonly #options: ForeignVantagesOptions;
  #stopped = new AbortController();
  /** The last check of each target, by vantage: a reading that says the same again is no other check. */
  readonly #last = new Map<string, string>();

  constructor(options: ForeignVantagesOptions) {
    this.#options = options;
  }

  configure(sources: readonly ConfigVantage[]): void {
    this.#stopped.abort();
    this.#stopped = new AbortController();
    this.#last.clear();
    for (const source of sources) void this.#follow(source, this.#stopped.signal);
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #follow(source: ConfigVantage, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const began = performance.now();
      try {
        await this.#read(source, signal);
      } catch (error) {
        if (!signal.aborted) this.#options.onProblem(new Error(`vantage ${source.name}: ${(error as Error).message}`));
      }
      await pause(source.everySeconds * 1000 - (performance.now() - began), signal);
    }
  }

  async #read(source: ConfigVantage, signal: AbortSignal): Promise<void> {
    const { register, permitted } = this.#options;
    const urls = register.list().flatMap(({ site }) => site.urls.filter(permitted));
    const { program, url } = source;
    const from: ForeignSource = { program, url, token: await this.#options.token(source) };
    const found = await readForeign(from, urls, signal);
    if (signal.aborted) return;
    const matcher = matcherOf(register);
    const results = found.flatMap((result) =>
      this.#fresh(source.name, result) ? resultsOf(source.name, result, matcher) : [],
    );
    this.#options.onResults(source.name, results);
  }

  /** Prometheus tells the same probe until there is another. */
  #fresh(vantage: string, { target, check }: ForeignResult): boolean {
    const key = `${vantage}\n${target}`;
    const told = `${check.at} ${check.totalMs} ${check.outcome}`;
    if (this.#last.get(key) === told) return false;
    this.#last.set(key, told);
    return true;
  }
}

type Matcher = (target: string) => readonly { readonly site: string; readonly subject: string }[];

/** Which sites a target belongs to: those that have it as a URL, else those that have a URL of its host. */
function matcherOf(register: SiteRegister): Matcher {
  const byUrl = new Map<string, { site: string; subject: string }[]>();
  for (const { site } of register.list()) {
    for (const url of site.urls) {
      const parsed = parseSubject(url);
      if (parsed.kind !== 'ok') continue;
      const { subject } = parsed.subject;
      byUrl.set(subject, [...(byUrl.get(subject) ?? []), { site: site.name, subject }]);
    }
  }
  return (target) => {
    const parsed = parseSubject(/^[a-z]+:\/\//i.test(target) ? target : `tcp://${target}`);
    if (parsed.kind === 'ok') {
      const known = byUrl.get(parsed.subject.subject);
      if (known !== undefined) return known;
    }
    const host = parsed.kind === 'ok' ? parsed.subject.host : target;
    return register.byHost(host).map((site) => ({ site, subject: target }));
  };
}

function resultsOf(vantage: string, { target, check }: ForeignResult, matcher: Matcher): CheckResult[] {
  return matcher(target).map(({ site, subject }) => ({ ...check, site, vantage, subject }));
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const timer = setTimeout(done, Math.max(0, ms));
    timer.unref();
    signal.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
