import { formatTime } from '../../base/units.ts';
import type { Verdict } from '../../model/attack.ts';
import { CLIENT, type ClientTable } from '../../sketch/web/client-table.ts';
import { COUNT, type SiteCounts } from '../../sketch/web/site-counts.ts';
import { nameOf } from './attackers.ts';

/** Clients that are told of by site, the ones with most requests first. */
const CLIENTS_MAX = 20;
/** Requests from which on a client is worth a word. */
const REQUESTS_MIN = 20;

/** What the clients are that ask much of a site and are no attack: for who asks for all verdicts at the end of a log. */
export function standingVerdicts(site: SiteCounts, clients: ClientTable, second: number): Verdict[] {
  const rows: number[] = [];
  const { cells } = clients;
  const weight = (row: number): number =>
    cells[clients.at(row) + CLIENT.pages] + cells[clients.at(row) + CLIENT.assets];
  for (let row = 0; row < clients.count; row++) {
    if (clients.site[row] === site.index + 1 && weight(row) >= REQUESTS_MIN) rows.push(row);
  }
  rows.sort((left, right) => weight(right) - weight(left) || left - right);
  const verdicts: Verdict[] = [];
  const say = (kind: string, reason: string, requests: number, seconds: number): void => {
    verdicts.push({
      target: { kind: 'site', value: site.name },
      direction: 'in',
      at: formatTime(second * 1000) ?? '1970-01-01T00:00:00.000Z',
      peak: { bps: 0, pps: 0, fps: 0, rps: Math.round((100 * requests) / Math.max(1, seconds)) / 100 },
      kind,
      reason,
    });
  };
  for (const row of rows.slice(0, CLIENTS_MAX)) {
    const told = tellOf(clients, row);
    if (told === undefined || cells[clients.at(row) + CLIENT.attackPages] > 0) continue;
    const seconds = clients.lastSecond(row) - clients.firstSecond(row) + 1;
    say(told.kind, `${nameOf(clients, row)}: ${told.reason}`, weight(row), seconds);
  }
  const refused = site.usual[COUNT.refused];
  if (refused * site.learned >= 50 && refused >= 0.2 * site.usual[COUNT.pages]) {
    const share = Math.round((100 * refused) / site.usual[COUNT.pages]);
    say(
      'not-found',
      `${share} % of the pages that are asked for are refused (4xx): links lead nowhere, as after a relaunch`,
      refused,
      1,
    );
  }
  return verdicts;
}

function tellOf(clients: ClientTable, row: number): { kind: string; reason: string } | undefined {
  const { cells } = clients;
  const at = clients.at(row);
  const pages = Math.max(1, cells[at + CLIENT.pages]);
  const seconds = clients.lastSecond(row) - clients.firstSecond(row) + 1;
  const crawler = (cells[at + CLIENT.flags] & 4) !== 0;
  const steady =
    cells[at + CLIENT.ofTemplate] >= 0.7 * pages && seconds >= 60 && cells[at + CLIENT.assets] <= 0.1 * pages;
  const every = Number((seconds / pages).toPrecision(2));
  if (steady && pages / seconds <= 1 && cells[at + CLIENT.noReferrer] >= 0.9 * pages) {
    return { kind: 'monitor', reason: `one request in ${every} s for the same, over ${seconds} s` };
  }
  if (crawler) return { kind: 'crawler', reason: `says that it is a crawler; ${pages} pages in ${seconds} s` };
  if (cells[at + CLIENT.agentChanges] >= 3 && cells[at + CLIENT.assets] >= 0.3 * pages) {
    return {
      kind: 'office-nat',
      reason: `many browsers behind one address: ${cells[at + CLIENT.agentChanges]} changes of user agent in ${pages} pages, with ${cells[at + CLIENT.assets]} assets`,
    };
  }
  if (cells[at + CLIENT.refused] >= 0.6 * pages) {
    return {
      kind: 'vulnerability-scan',
      reason: `${cells[at + CLIENT.refused]} of ${pages} pages were refused: it looks for weaknesses`,
    };
  }
  if (cells[at + CLIENT.assets] === 0 && cells[at + CLIENT.noReferrer] === pages) {
    return { kind: 'api-client', reason: `a program: ${pages} requests in ${seconds} s without assets and referrers` };
  }
  return undefined;
}
