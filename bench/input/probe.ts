import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parsePrefix } from '../../src/base/prefix.ts';
import { CHECK_TIMES, type ProbeSettings } from '../../src/input/probe/limits.ts';
import { Prober, type ProbeSite } from '../../src/input/probe/prober.ts';
import { type BenchCase, type BenchResult, measureAsync, runCases } from '../harness.ts';

/** The interval of 2,000 sites, ms; fewer sites have as much less, so that the load is the same. */
const EVERY_MS = 30_000;
const SITES = 2000;
const SEED = 6;
/** 2,000 checks in 30 s with half of a core. */
const GOAL = SITES / (EVERY_MS / 1000 / 2);
const SERVER = fileURLToPath(new URL('../make/web-server.ts', import.meta.url));

interface Servers {
  readonly child: ChildProcess;
  readonly http: number;
  readonly http2: number;
  readonly https: number;
  readonly cert: string;
}

async function startServers(): Promise<Servers> {
  const child = spawn(process.execPath, [SERVER], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) return { child, ...(JSON.parse(line) as Omit<Servers, 'child'>) };
  throw new Error('the web servers did not start');
}

/** Every site is a host of its own on this machine: names are known, and nothing else is left out of a check. */
function sitesOf(
  count: number,
  url: (host: string, at: number) => string,
): { sites: ProbeSite[]; hosts: Map<string, string[]> } {
  const hosts = new Map<string, string[]>();
  const sites = Array.from({ length: count }, (_, at): ProbeSite => {
    const host = `site-${at}.bench.test`;
    hosts.set(host, ['127.0.0.1']);
    return { name: `site ${at}`, urls: [url(host, at)], expect: { contains: 'Ministry' } };
  });
  return { sites, hosts };
}

function settingsOf(hosts: ReadonlyMap<string, readonly string[]>, cert: string): ProbeSettings {
  return {
    vantage: 'bench',
    userAgent: 'Bonghwa/bench',
    times: CHECK_TIMES,
    allowed: [parsePrefix('127.0.0.0/8')!],
    hosts,
    authorities: [cert],
  };
}

/** Checks `size` sites once, spread over their interval as a running prober does. */
async function paced(size: number, url: (servers: Servers, host: string, at: number) => string): Promise<BenchResult> {
  const servers = await startServers();
  try {
    const { sites, hosts } = sitesOf(size, (host, at) => url(servers, host, at));
    const everyMs = (EVERY_MS * size) / SITES;
    return await measureAsync(
      size,
      async () => {
        let ok = 0;
        let fault: string | undefined;
        const seen = new Set<string>();
        const options = { settings: settingsOf(hosts, servers.cert), everyMs, seed: SEED };
        const prober = new Prober({
          ...options,
          onResult: ({ site, outcome, failure }) => {
            if (seen.has(site)) return;
            seen.add(site);
            if (outcome === 'ok') ok++;
            else fault ??= failure?.message;
          },
        });
        prober.setSites(sites);
        prober.start();
        await sleep(everyMs);
        for (const endMs = performance.now() + 10_000; seen.size < size && performance.now() < endMs; ) await sleep(20);
        prober.stop();
        if (ok !== size) throw new Error(`${ok} of ${size} checks ended well; first fault: ${fault}`);
        return ok;
      },
      { warmups: 0, repeats: 1 },
    );
  } finally {
    servers.child.stdin?.end();
  }
}

const SIZES = { small: 60, full: SITES } as const;

export const cases: readonly BenchCase[] = [
  {
    name: 'input/probe-http',
    unit: 'checks',
    goal: GOAL,
    sizes: SIZES,
    run: (size) => paced(size, ({ http }, host) => `http://${host}:${http}/`),
  },
  {
    name: 'input/probe-tls',
    unit: 'checks',
    goal: GOAL,
    sizes: SIZES,
    // Half of them speak HTTP/2, as about half of the web does.
    run: (size) => paced(size, ({ http2, https }, host, at) => `https://${host}:${at % 2 === 0 ? http2 : https}/`),
  },
];

if (import.meta.main) await runCases(cases);
