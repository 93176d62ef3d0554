import { createHash } from 'node:crypto';
import { z } from 'zod';
import { GROUPS, type Group } from './contract/route.ts';
import { ROUTES, type RouteContract } from './contract.ts';

/** The page at /api/reference: what docs/api.md does not spell out, from the contract itself. It has no script and asks for nothing. */
const TITLES: Readonly<Record<Group, string>> = {
  station: 'The station',
  traffic: 'Traffic and attacks',
  incidents: 'Incidents and outages',
  sites: 'Sites and vantages',
  people: 'People, tokens, audit log',
  notifications: 'Who is told',
};

const STYLE = `
:root{color-scheme:light dark;--line:#8884;--dim:#777;--soft:#8881}
body{font:14px/1.5 system-ui,sans-serif;margin:0 auto;max-width:76rem;padding:1.5rem}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2.5rem;border-bottom:1px solid var(--line)}
nav a{margin-right:1rem}
details{border-bottom:1px solid var(--line)}
summary{padding:.45rem 0;cursor:pointer;display:grid;grid-template-columns:4.5rem minmax(12rem,24rem) 1fr 7rem;gap:.5rem}
summary b{font-weight:600}summary code{overflow-wrap:anywhere}summary small{color:var(--dim);text-align:right}
table{border-collapse:collapse;margin:.5rem 0 1rem}th,td{text-align:left;vertical-align:top;padding:.2rem 1rem .2rem 0}
th{color:var(--dim);font-weight:500}pre{background:var(--soft);padding:.75rem;overflow:auto;max-height:30rem}
@media(max-width:50rem){summary{grid-template-columns:4.5rem 1fr}summary span,summary small{grid-column:2;text-align:left}}
`;

const hash = createHash('sha256').update(STYLE).digest('base64');
export const REFERENCE_POLICY = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

export function referencePage(version: string): string {
  const routes = Object.values(ROUTES) as readonly RouteContract[];
  const groups = GROUPS.filter((group) => routes.some((route) => route.group === group));
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Bonghwa ${text(version)}: interface</title><style>${STYLE}</style></head><body>
<h1>What can be asked of this station</h1>
<p>Version ${text(version)}. <a href="/api/openapi.json">OpenAPI 3.1</a>. Programs send <code>Authorization: Bearer TOKEN</code>.
Faults are problem details (RFC 9457). Lists are turned by <code>limit</code> and <code>before</code>, which is <code>next</code> of the page before.</p>
<nav>${groups.map((group) => `<a href="#${group}">${text(TITLES[group])}</a>`).join('')}</nav>
<main>
${groups
  .map((group) =>
    section(
      group,
      routes.filter((route) => route.group === group),
    ),
  )
  .join('\n')}
</main></body></html>
`;
}

const section = (group: Group, routes: readonly RouteContract[]): string =>
  `<h2 id="${group}">${text(TITLES[group])}</h2>\n${routes.map(entry).join('\n')}`;

function entry(route: RouteContract): string {
  const { method = 'GET', path, summary, needs, body, answer, statuses } = route;
  const parts = [parameters(route)];
  if (body !== undefined)
    parts.push(`<p>Sent: ${text(body.mediaType ?? 'application/json')}</p>`, schema(body.schema, 'input'));
  if ('schema' in answer) parts.push(`<p>Answer: ${text(answer.name)}</p>`, schema(answer.schema, 'output'));
  else if ('mediaType' in answer) parts.push(`<p>Answer: ${text(answer.mediaType)}</p>`);
  const told = Object.entries(statuses).map(([status, why]) => `<tr><th>${status}</th><td>${text(why)}</td></tr>`);
  if (told.length > 0) parts.push(`<table>${told.join('')}</table>`);
  return `<details><summary><b>${method}</b><code>${text(path)}</code><span>${text(summary)}</span><small>${needs}</small></summary>${parts.join('')}</details>`;
}

function parameters({ params }: RouteContract): string {
  const { properties = {}, required = [] } = z.toJSONSchema(params, { io: 'input' });
  const rows = Object.entries(properties).map(([name, property]) => {
    const { description = '', default: standard } = property as { description?: string; default?: unknown };
    const told = standard === undefined ? '' : `; ${JSON.stringify(standard)} where absent`;
    const must = required.includes(name) ? ' (needed)' : '';
    return `<tr><td><code>${text(name)}</code>${must}</td><td>${text(description + told)}</td></tr>`;
  });
  return rows.length === 0 ? '' : `<table>${rows.join('')}</table>`;
}

function schema(of: z.ZodType, io: 'input' | 'output'): string {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(of, { io });
  return `<pre>${text(JSON.stringify(rest, null, 2))}</pre>`;
}

const text = (plain: string): string => plain.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
