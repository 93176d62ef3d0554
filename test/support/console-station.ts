import { type Api, createApi } from '../../src/api/api.ts';
import type { ConsoleFiles } from '../../src/api/console-files.ts';
import type { ListenAddress } from '../../src/base/listen.ts';
import { type Attack, attackSchema } from '../../src/model/attack.ts';
import { type Incident, type Outage, outageSchema, type SiteState, type SiteStatus } from '../../src/model/incident.ts';
import type { CheckResult } from '../../src/model/vantage.ts';
import { FixedPorts, incidentOf } from './fixed-ports.ts';
import { FixedStation } from './fixed-station.ts';
import { fixedReport } from './report.ts';
import { aSite } from './sites.ts';

/**
 * Texts as an attacker would have them in a user agent, a path, a name: where one becomes markup, `globalThis.pwned` is set, a picture is
 * asked for, or the page leaves.
 */
export const PAYLOADS = [
  '<script>globalThis.pwned=1</script>',
  '<img src=x onerror="globalThis.pwned=2">',
  '"><svg onload=globalThis.pwned=3>',
  "';globalThis.pwned=4;//",
  'javascript:globalThis.pwned=5',
  '{{globalThis.pwned=6}}{globalThis.pwned=7}',
  '<iframe srcdoc="<script>parent.pwned=8</script>">',
  '</title></textarea><script>globalThis.pwned=9</script>',
  '<a href="javascript:globalThis.pwned=10">x</a>',
  '\u202egnp.exe\u202c\u0000\u0007',
  '%3Cscript%3EglobalThis.pwned=11%3C/script%3E',
  '<math><mtext></table><mglyph><style><img src=x onerror=globalThis.pwned=12>',
] as const;

const hostile = (at: number): string => PAYLOADS[at % PAYLOADS.length];
const ago = (nowMs: number, seconds: number): string => new Date(nowMs - seconds * 1000).toISOString();

/** An attack that only a log saw, with the worst that a log can say. */
export function webAttack(nowMs: number): Attack {
  const [flood] = fixedReport().attacks;
  const traits = (from: number) => [0, 1, 2].map((at) => ({ value: hostile(from + at), share: 0.5 / (at + 1) }));
  return attackSchema.parse({
    ...flood,
    id: 'w1',
    target: { kind: 'site', value: hostile(0) },
    vectors: [{ name: 'search-flood', share: 1 }],
    start: ago(nowMs, 240),
    detectedAt: ago(nowMs, 236),
    end: undefined,
    ongoing: true,
    peak: { bps: 4_000_000, pps: 0, fps: 0, rps: 840 },
    baseline: { rps: 12, learnedSeconds: 86_400 },
    sources: {
      distinct: 412,
      distinctError: 0.02,
      spoofed: 'unlikely',
      top: [{ addr: '198.51.100.7', share: 0.3, country: 'NL', asn: 64_500 }],
      countries: [
        { country: 'NL', share: 0.5 },
        { country: 'BR', share: 0.3 },
        { country: 'ID', share: 0.2 },
      ],
      asns: [{ asn: 64_500, name: hostile(2), share: 0.6 }],
    },
    attackers: [{ addr: '198.51.100.7', requests: 90_000, firstSeen: ago(nowMs, 240), lastSeen: ago(nowMs, 2) }],
    attackersTotal: 412,
    template: `GET /search?q=${hostile(1)}`,
    why: hostile(3),
    closing: hostile(4),
    evidence: {
      ...flood.evidence,
      at: ago(nowMs, 236),
      measure: 'rps',
      observed: 700,
      limit: 60,
      limitFrom: 'baseline',
      packets: 0,
      bytes: 0,
      flows: 0,
      packetBytes: 0,
      srcPorts: [],
      dstPorts: [],
      srcPortsDistinct: 0,
      dstPortsDistinct: 0,
      ttlsDistinct: undefined,
      shape: [hostile(5)],
      web: {
        requests: 201_600,
        failed: 80_000,
        bytes: 960_000_000,
        otherRequests: 2400,
        failedShareBefore: 0.002,
        failedShareDuring: 0.41,
        p95MsBefore: 180,
        p95MsDuring: 8200,
        templates: traits(0),
        userAgents: traits(2),
        httpVersions: [{ value: 'HTTP/1.1', share: 1 }],
        methods: [{ value: 'GET', share: 1 }],
        statuses: [{ value: '503', share: 0.4 }],
        networks: traits(6),
        novelValues: 0.99,
        withoutReferrer: 0.97,
        lines: PAYLOADS.map((payload) => `198.51.100.7 - - "GET /search?q=${payload} HTTP/1.1" 503 0 "-" "${payload}"`),
      },
    },
    timeline: {
      from: ago(nowMs, 300),
      stepMs: 1000,
      bps: Array.from({ length: 300 }, () => 4e6),
      pps: Array.from({ length: 300 }, () => 0),
      rps: Array.from({ length: 300 }, (_, at) => (at < 60 ? 12 : 700 + (at % 9) * 15)),
    },
  });
}

const STATES: readonly SiteState[] = [
  'down',
  'degraded',
  'partial',
  'geo-fenced',
  'flapping',
  'unknown',
  'maintenance',
];

function statusOf(site: string, state: SiteState, nowMs: number): SiteStatus {
  return {
    site,
    state,
    since: ago(nowMs, 900),
    at: ago(nowMs, 5),
    why: state === 'up' ? 'answers from 3 of 3 vantages' : `does not answer 2 of 3 vantages ${hostile(1)}`,
    evidence: ['probed', 'logged'],
    vantages: [
      { vantage: 'seoul', state, at: ago(nowMs, 5), p95Ms: 240 },
      { vantage: hostile(2), state: 'up', at: ago(nowMs, 6) },
    ],
    p95Ms: 240,
    usualP95Ms: 210,
  };
}

/** A station with everything that pages show: attacks, sites in every state, incidents; with hostile texts wherever texts come from outside. */
export class ConsoleStation {
  readonly station = new FixedStation();
  readonly ports = new FixedPorts();
  readonly #files: ConsoleFiles;
  #api: Api | undefined;
  at: ListenAddress = { address: '127.0.0.1', port: 0, family: 4 };

  constructor(files: ConsoleFiles, sites: number) {
    this.#files = files;
    const nowMs = Date.now();
    const web = webAttack(nowMs);
    const [flood, carpet] = fixedReport().attacks;
    const ongoing = [
      { ...flood, id: 'a1', start: ago(nowMs, 120), detectedAt: ago(nowMs, 118), ongoing: true, end: undefined },
      { ...carpet, id: 'a2', start: ago(nowMs, 60), detectedAt: ago(nowMs, 59), end: undefined },
    ].map((attack) => attackSchema.parse({ ...attack, timeline: { ...attack.timeline, from: ago(nowMs, 130) } }));
    const { current } = this.station;
    this.station.kept = [...ongoing, web];
    this.station.current = {
      ...current,
      now: new Date(nowMs).toISOString(),
      startedAt: ago(nowMs, 90_000),
      decidedAt: ago(nowMs, 1),
      attacksOngoing: [...ongoing, web],
      warnings: [hostile(7)],
      exporters: current.exporters.map((exporter, at) =>
        at > 0
          ? exporter
          : {
              ...exporter,
              name: hostile(8),
              findings: [
                {
                  code: 'timeout-long',
                  severity: 'fault' as const,
                  message: hostile(1),
                  advice: [{ vendor: 'cisco-ios-xe', lines: ['flow monitor BONGHWA', hostile(0)] }],
                },
              ],
            },
      ),
    };
    this.#addSites(sites, nowMs);
    this.#addIncident(nowMs);
    this.ports.sites.days = async (site, days) => ({
      site,
      days: Array.from({ length: days }, (_, at) => ({
        day: new Date(nowMs - (days - 1 - at) * 86_400_000).toISOString().slice(0, 10),
        worst: at % 30 === 7 ? 'down' : at % 17 === 3 ? 'degraded' : 'up',
        outMinutes: at % 30 === 7 ? 14 : 0,
        degradedMinutes: 0,
        knownMinutes: 1440,
      })),
    });
    this.ports.sites.checks = async (site) => ({ checks: [checkOf(site, nowMs)] });
  }

  #addSites(count: number, nowMs: number): void {
    const states: SiteStatus[] = [];
    for (let at = 0; at < count; at++) {
      const name = at < PAYLOADS.length ? `${hostile(at)} ${at}` : `www-${at}`;
      const status = statusOf(name, at < STATES.length ? STATES[at] : 'up', nowMs);
      states.push(status);
      const site = aSite(name, {
        organisation: at < 3 ? hostile(at) : 'Ministry of Examples',
        registered: 'api',
        addresses: ['192.0.2.10'],
      });
      this.ports.register.set(name, { site, version: 1, status });
    }
    this.ports.states = states;
  }

  #addIncident(nowMs: number): void {
    const site = [...this.ports.register.keys()][0];
    const outage: Outage = outageSchema.parse({
      id: 'o1',
      site,
      state: 'down',
      start: ago(nowMs, 900),
      confirmedAt: ago(nowMs, 890),
      ongoing: true,
      evidence: ['probed'],
      states: [
        { state: 'degraded', from: ago(nowMs, 900), to: ago(nowMs, 700), why: hostile(0) },
        { state: 'down', from: ago(nowMs, 700), why: hostile(1) },
      ],
      why: hostile(2),
    });
    this.ports.outages = [outage];
    const estimate = { value: 15, low: 14, high: 16.5 };
    this.ports.kept.set(
      'i1',
      incidentOf(1, {
        title: hostile(1),
        sites: [site],
        start: ago(nowMs, 900),
        updatedAt: ago(nowMs, 10),
        attacks: ['a1', 'w1'],
        outages: ['o1'],
        damage: damageOf(site, estimate),
        notes: [{ id: 'n1', at: ago(nowMs, 300), by: hostile(2), text: hostile(3) }],
        timeline: [
          { at: ago(nowMs, 900), kind: 'outage', ref: 'o1', text: hostile(0) },
          { at: ago(nowMs, 300), kind: 'note', ref: 'n1', text: hostile(6), by: hostile(8) },
        ],
      }),
    );
  }

  async start(): Promise<void> {
    const station = Object.assign(this.station, { ports: () => this.ports });
    this.#api = createApi(station, { console: this.#files });
    this.at = await this.#api.listen(this.at);
  }

  /** Stops answering; `start` answers at the same place again. */
  async stop(): Promise<void> {
    await this.#api?.close();
    this.#api = undefined;
  }

  get host(): string {
    return `127.0.0.1:${this.at.port}`;
  }
}

function damageOf(site: string, estimate: { value: number; low: number; high: number }): Incident['damage'] {
  return {
    grade: 'D2',
    why: hostile(5),
    sites: [
      {
        site,
        sector: 'government',
        criticality: 'critical',
        worst: 'down',
        outMinutes: estimate,
        degradedMinutes: estimate,
        lostRequests: { value: 120_000, low: 90_000, high: 150_000 },
        evidence: ['a1', 'o1'],
      },
    ],
    outMinutes: estimate,
    unknown: [hostile(1)],
    sentence: {
      en: 'The website of the ministry could not be reached for about 15 minutes.',
      ko: '부처 누리집에 약 15분 동안 접속할 수 없었습니다.',
      uk: 'Сайт міністерства був недоступний близько 15 хвилин.',
    },
  };
}

function checkOf(site: string, nowMs: number): CheckResult {
  return {
    site,
    vantage: 'seoul',
    subject: `https://www.example/${hostile(0)}`,
    kind: 'http',
    at: ago(nowMs, 5),
    totalMs: 240,
    outcome: 'failed',
    attempts: 2,
    failure: { phase: 'connect', code: 'timeout', message: hostile(1) },
  };
}
