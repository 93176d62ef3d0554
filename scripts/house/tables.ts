import { z } from 'zod';
import { ROUTES, type RouteContract } from '../../src/api/contract.ts';
import { metricFamilies } from '../../src/api/metrics.ts';
import { formatBps, formatPps } from '../../src/base/units.ts';
import { GROUPS, type VectorGroup } from '../../src/detect/network/groups.ts';
import { CHECK_FAILURES } from '../../src/model/check-failure.ts';
import { type ConfigKey, configKeys } from '../../src/model/config-keys.ts';
import { COLUMN_NAMES, FLOW_COLUMNS } from '../../src/model/flow-columns.ts';
import { REJECTION_REASONS } from '../../src/model/rejection.ts';
import { REQUEST_COLUMN_NAMES, REQUEST_COLUMNS, type RequestColumnName } from '../../src/model/request-columns.ts';
import { REFLECTORS } from '../../src/model/traffic-class.ts';

import { LOG_FORMATS } from '../../src/wire/log/log-formats.ts';

/** A table of a document that is written from a table of the code: one fact has one home. */
export interface GeneratedTable {
  /** Document it stands in. */
  readonly file: string;
  /** Name in the marks round it: `<!-- table: NAME -->` … `<!-- end of table -->`. */
  readonly name: string;
  readonly markdown: () => string;
}

const STORED_AS = {
  addr: 'four 32-bit words',
  u8: '8 bits',
  u16: '16 bits',
  u32: '32 bits',
  f64: 'number, exact to 2^53',
} as const;

/** Columns of requests that `decode --json` does not tell by themselves, and what those mean there that it tells otherwise. */
const INNER_COLUMNS: ReadonlySet<RequestColumnName> = new Set(['source', 'line', 'methodName']);
const TOLD_OTHERWISE: Readonly<Partial<Record<RequestColumnName, string>>> = {
  timeMs: 'when the server logged the request, ISO 8601 in UTC',
  method: 'method as the line has it, those of WebDAV and made-up ones too: up to 24 capitals, `-` and `_`',
};

export const GENERATED_TABLES: readonly GeneratedTable[] = [
  {
    file: 'docs/api.md',
    name: 'routes',
    markdown: () =>
      markdownTable(
        ['ask', 'for', 'who may'],
        (Object.values(ROUTES) as readonly RouteContract[]).map(({ method = 'GET', path, summary, needs }) => [
          `\`${method} ${path}\``,
          summary,
          needs === 'this-machine' ? 'this machine, viewer' : needs,
        ]),
      ),
  },
  ...(['attacks', 'flows', 'requests', 'seconds'] as const).map((route) => ({
    file: 'docs/api.md',
    name: `parameters-${route}`,
    markdown: () =>
      markdownTable(
        ['parameter', 'meaning', 'default'],
        parametersOf(ROUTES[route].params).map(([name, parameter]) => [
          `\`${name}\``,
          meaningOf(parameter),
          parameter.default === undefined || Array.isArray(parameter.default) ? '' : String(parameter.default),
        ]),
      ),
  })),
  {
    file: 'docs/logs.md',
    name: 'log-formats',
    markdown: () =>
      markdownTable(
        ['`--log-format`', 'what it reads'],
        Object.entries(LOG_FORMATS).map(([name, about]) => [`\`${name}\``, about]),
      ),
  },
  {
    file: 'docs/logs.md',
    name: 'request-columns',
    markdown: () =>
      markdownTable(
        ['field', 'meaning'],
        REQUEST_COLUMN_NAMES.filter((name) => !INNER_COLUMNS.has(name)).map((name) => [
          `\`${name === 'timeMs' ? 'time' : name}\``,
          TOLD_OTHERWISE[name] ?? REQUEST_COLUMNS[name].about,
        ]),
      ),
  },
  {
    file: 'docs/api.md',
    name: 'metrics',
    markdown: () =>
      markdownTable(
        ['metric', 'type', 'meaning'],
        allMetrics().map(({ name, type, help }) => [`\`${name}\``, type, help]),
      ),
  },
  {
    file: 'docs/configuration.md',
    name: 'configuration-keys',
    markdown: () =>
      markdownTable(
        ['key', 'meaning', 'default'],
        configKeys()
          .flatMap(withInner)
          .map((key) => [`\`${key.path}\``, key.about, standardText(key)]),
      ),
  },
  {
    file: 'docs/flow-fields.md',
    name: 'flow-columns',
    markdown: () =>
      markdownTable(
        ['column', 'stored as', 'there', 'meaning'],
        COLUMN_NAMES.map((name) => {
          const { kind, optional, about } = FLOW_COLUMNS[name];
          return [`\`${name}\``, STORED_AS[kind], optional ? 'where known' : 'always', about];
        }),
      ),
  },
  {
    file: 'docs/rejections.md',
    name: 'rejection-reasons',
    markdown: () =>
      markdownTable(
        ['reason', 'what it means'],
        Object.entries(REJECTION_REASONS).map(([reason, about]) => [`\`${reason}\``, about]),
      ),
  },
  {
    file: 'docs/vantages.md',
    name: 'check-failures',
    markdown: () =>
      markdownTable(
        ['code', 'what it means'],
        Object.entries(CHECK_FAILURES).map(([code, about]) => [`\`${code}\``, about]),
      ),
  },
  {
    file: 'docs/vectors.md',
    name: 'floors',
    markdown: () =>
      markdownTable(
        ['vector', 'never below'],
        GROUPS.map((group) => [`\`${group.vector}\``, floorText(group)]),
      ),
  },
  {
    file: 'docs/vectors.md',
    name: 'reflectors',
    markdown: () =>
      markdownTable(
        ['UDP port', 'service'],
        [...REFLECTORS].map(([port, service]) => [String(port), service]),
      ),
  },
];

interface Parameter {
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly items?: { readonly enum?: readonly string[] };
}

function parametersOf(schema: z.ZodObject): [string, Parameter][] {
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input' });
  return Object.entries(properties) as [string, Parameter][];
}

function meaningOf({ description = '', enum: names, items }: Parameter): string {
  const choices = names ?? items?.enum ?? [];
  return choices.length === 0 ? description : `${description}: ${choices.map((name) => `\`${name}\``).join(', ')}`;
}

/** Every metric that there is: a station has the same ones before anything has come in. */
function allMetrics(): ReturnType<typeof metricFamilies> {
  const none = { bps: 0, pps: 0, fps: 0 };
  const store = { kind: 'off', state: 'ready', waiting: 0, written: 0, lost: 0 } as const;
  const time = '1970-01-01T00:00:00.000Z';
  const histogram = { bounds: [], counts: [0], sum: 0 };
  return metricFamilies(
    {
      ...{ version: '', startedAt: time, now: time, ready: false, total: none, inputs: [], records: 0, recordsLost: 0 },
      ...{ attacksTotal: 0, attacksOngoing: [], targets: [], exporters: [], state: store, telemetry: store },
      ...{ rejected: {}, memoryBytes: 0, cpuSeconds: 0, warnings: [] },
    },
    { recordsLost: { shed: 0, missing: 0 }, secondsDecided: 0, decisionLagSeconds: histogram, threadDeaths: 0 },
    { eventClients: 0, eventLoopLagSeconds: histogram, nodeVersion: '' },
  );
}

function withInner(key: ConfigKey): ConfigKey[] {
  return [key, ...key.inner.flatMap(withInner)];
}

/** What is in force without the key; nothing is said of groups, whose keys say it. */
function standardText({ kind, required, standard }: ConfigKey): string {
  if (required) return 'must be given';
  if (standard === undefined || kind === 'group' || (Array.isArray(standard) && standard.length === 0)) return '';
  return Array.isArray(standard) ? standard.join(', ') : String(standard);
}

/** The floors of a group in words. Each measure counts by itself. */
function floorText({ floors }: VectorGroup): string {
  const texts: string[] = [];
  if (floors.pps !== undefined) texts.push(formatPps(floors.pps));
  if (floors.bps !== undefined) texts.push(formatBps(floors.bps));
  if (floors.fps !== undefined) texts.push(`${floors.fps} connections/s`);
  return texts.join(' or ');
}

/** A Markdown table; cells must hold no line ends. Bars in them are escaped. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

/** `text` with what stands between two marks replaced; `undefined` where the marks are missing. */
export function withPart(text: string, kind: 'table' | 'output', name: string, part: string): string | undefined {
  const open = `<!-- ${kind}: ${name} -->\n`;
  const close = `\n<!-- end of ${kind} -->`;
  const start = text.indexOf(open);
  const end = text.indexOf(close, start + open.length - 1);
  if (start < 0 || end < 0) return undefined;
  return text.slice(0, start + open.length) + part + text.slice(end);
}
