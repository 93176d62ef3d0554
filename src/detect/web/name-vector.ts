import type { WebVector } from '../../model/vector.ts';
import type { KeptRequest } from '../../sketch/web/site-counts.ts';
import { KIND } from '../../sketch/web/template.ts';
import type { TemplateTable } from '../../sketch/web/template-table.ts';
import { type Surplus, shareOf, type TemplateShare } from './composition.ts';

const HEAVY = 0.5;

/** What a surplus of requests is called, by what is asked for. `kept` are some of its requests. */
export function nameVector(
  surplus: Surplus,
  templates: readonly TemplateShare[],
  table: TemplateTable,
  kept: readonly KeptRequest[],
  http2: boolean,
): WebVector {
  const by = { search: 0, login: 0, rpc: 0, post: 0, other: 0 };
  for (const { template, share } of templates) {
    const kinds = table.kinds[template];
    const post = table.method[template] === POST;
    if ((kinds & KIND.rpc) !== 0) by.rpc += share;
    else if ((kinds & KIND.login) !== 0) by.login += share;
    else if (post) by.post += share;
    else if ((kinds & KIND.search) !== 0) by.search += share;
    else by.other += share;
  }
  const pingbacks = kept.filter(
    ({ agent }) => agent !== undefined && /^WordPress\/|verifying pingback/i.test(agent),
  ).length;
  if (kept.length >= 10 && pingbacks >= HEAVY * kept.length) return 'pingback-flood';
  if (http2 && (shareOf(surplus, 'aborted') >= 0.3 || by.other >= HEAVY)) return 'http2-flood';
  if (by.rpc >= HEAVY) return 'pingback-flood';
  const shares = Object.values(by);
  if (Math.max(...shares) < 0.65 && shares.filter((share) => share >= 0.15).length >= 2) return 'mixed';
  if (by.login >= HEAVY) return 'login-flood';
  if (by.search >= HEAVY) return 'search-flood';
  if (by.post >= HEAVY) return 'post-flood';
  return nameOthers(surplus, templates, table, kept);
}

/** Among requests for pages: the same again and again, the same with something new behind it, or one page after the other. */
function nameOthers(
  surplus: Surplus,
  templates: readonly TemplateShare[],
  table: TemplateTable,
  kept: readonly KeptRequest[],
): WebVector {
  const withQuery = templates.reduce(
    (sum, { template, share }) => sum + (table.names[template].includes('?') ? share : 0),
    0,
  );
  const distinct = new Set(kept.map(({ value }) => value)).size / Math.max(1, kept.length);
  if (withQuery >= HEAVY && (shareOf(surplus, 'novel') >= HEAVY || distinct >= 0.8)) return 'cache-busting';
  const several = templates.filter(({ share }) => share >= 0.03).length;
  const refused = shareOf(surplus, 'refused') >= HEAVY;
  if (!refused && kept.length >= 20 && distinct >= 0.5 && (several >= 4 || shareOf(surplus, 'novel') >= 0.4))
    return 'crawl-flood';
  if (!refused && several >= 8) return 'crawl-flood';
  return 'http-flood';
}

const POST = 3;
