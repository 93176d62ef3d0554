import type { NowAnswer } from '../api/contract/incidents.ts';
import { formatDuration } from '../base/units.ts';
import { SITE_STATES, type SiteStatus } from '../model/incident.ts';
import { fixedTable } from './fixed-table.ts';
import { exact } from './render-attack.ts';
import { incidentTable, paintState, wrapWide } from './render-incidents.ts';
import { type Look, paintOf } from './terminal.ts';

const SITES_SHOWN_MAX = 20;
const INCIDENTS_SHOWN_MAX = 10;

/** `2 of 214 sites out, 1 attack in progress, since 14:02 UTC`. */
export function situationSentence(now: NowAnswer): string {
  const { sitesTotal, sitesOut, sitesDegraded, attacksOngoing, since } = now;
  const sites = sitesTotal === 1 ? 'site' : 'sites';
  const parts: string[] = [];
  if (sitesOut > 0) parts.push(`${exact(sitesOut)} of ${exact(sitesTotal)} ${sites} out`);
  if (sitesDegraded > 0)
    parts.push(`${exact(sitesDegraded)}${sitesOut > 0 ? '' : ` of ${exact(sitesTotal)} ${sites}`} slow or unsteady`);
  if (parts.length === 0) parts.push(upText(now, sites));
  const attacks = attacksOngoing.length;
  parts.push(
    attacks === 0 ? 'no attack in progress' : `${exact(attacks)} ${attacks === 1 ? 'attack' : 'attacks'} in progress`,
  );
  return `${parts.join(', ')}${since === undefined ? '' : `, since ${since.slice(11, 16)} UTC`}`;
}

function upText({ sitesTotal, sitesByState }: NowAnswer, sites: string): string {
  const up = sitesByState.up ?? 0;
  if (up === sitesTotal) return sitesTotal === 1 ? 'the site is up' : `all ${exact(sitesTotal)} sites up`;
  return `${exact(up)} of ${exact(sitesTotal)} ${sites} up, none known to be out`;
}

/** The status page: the sentence, sites that are not as they should be, incidents that are open. */
export function renderSituation(now: NowAnswer, look: Look): string[] {
  const paint = paintOf(look.colour);
  const sentence = situationSentence(now);
  const calm = now.sitesOut + now.sitesDegraded + now.attacksOngoing.length === 0;
  const states = SITE_STATES.flatMap((state) => {
    const count = now.sitesByState[state] ?? 0;
    return count === 0 ? [] : [paintState(state, paint)(`${state} ${exact(count)}`)];
  });
  const lines = [calm ? paint.good(paint.bold(sentence)) : paint.alarm(paint.bold(sentence)), states.join('  ')];
  if (now.sites.length > 0) lines.push('', ...siteLines(now, look));
  if (now.incidentsOpen.length > 0)
    lines.push('', paint.bold('Incidents'), ...incidentTable(now.incidentsOpen.slice(0, INCIDENTS_SHOWN_MAX), look));
  return lines;
}

function siteLines({ sites, now }: NowAnswer, look: Look): string[] {
  const paint = paintOf(look.colour);
  const shown = sites.slice(0, SITES_SHOWN_MAX);
  const [titles, ...rows] = fixedTable<SiteStatus>(
    [
      { title: 'site', width: 20, growMax: 44, text: ({ site }) => site, paint: paint.bold },
      {
        title: 'state',
        width: 11,
        text: ({ state }) => state,
        paint: (text, { state }) => paintState(state, paint)(text),
      },
      {
        title: 'for',
        width: 12,
        align: 'right',
        text: ({ since }) => formatDuration(Math.max(0, Date.parse(now) - Date.parse(since))),
      },
      { title: 'seen by', width: 14, drop: 1, text: ({ evidence }) => evidence.join(', ') },
    ],
    shown,
    look.width,
    paint.dim,
  );
  const why = ({ why: text }: SiteStatus): string[] =>
    wrapWide(text, look.width - 4).map((line) => `    ${paint.dim(line)}`);
  const lines = [titles, ...rows.flatMap((row, at) => [row, ...why(shown[at])])];
  const rest = sites.length - shown.length;
  return rest > 0 ? [...lines, `${exact(rest)} more.`] : lines;
}
