import { formatAddress } from '../../base/ip.ts';
import { CLIENT, type ClientTable, SUSPECT_POINTS } from '../../sketch/web/client-table.ts';
import type { SiteCounts } from '../../sketch/web/site-counts.ts';
import { WEB } from './parameters.ts';

/** What the requests of an attack have in common, by which its clients are told from the others. */
export interface AttackTraits {
  /** Templates that are attacked; empty where the clients ask for this and that. */
  readonly templates: ReadonlySet<number>;
  readonly startSecond: number;
  /** Shares of the attack's requests beyond the usual ones: what is no more frequent than usual tells nothing. */
  readonly noReferrer: number;
  readonly novel: number;
  readonly newClient: number;
  readonly post: number;
  readonly tool: number;
  readonly slow: boolean;
  /** Images and styles are asked for, and no pages. */
  readonly assets: boolean;
}

/** A client that took part, by its row in the table of clients. */
export interface NamedClient {
  readonly row: number;
  readonly requests: number;
}

/**
 * The clients of a site that took part in an attack, most requests first. Every trait that the attack has and peace has not speaks for a
 * client that has it, and against one that has not; who behaves as a browser does is left out however much he asks, since many may
 * stand behind one address.
 */
export function attackersOf(clients: ClientTable, site: SiteCounts, traits: AttackTraits): NamedClient[] {
  const found: { row: number; requests: number; points: number }[] = [];
  const { cells } = clients;
  for (let row = 0; row < clients.count; row++) {
    if (clients.site[row] !== site.index + 1) continue;
    const at = clients.at(row);
    if (site.good?.(cells, at + CLIENT.address) === true) continue;
    if (traits.slow) {
      if (cells[at + CLIENT.slow] > 0 && clients.lastSecond(row) >= traits.startSecond && isSlow(clients, row))
        found.push({ row, requests: cells[at + CLIENT.slow], points: WEB.attackerPoints });
      continue;
    }
    if (traits.assets) {
      if (clients.lastSecond(row) >= traits.startSecond && tookAssets(clients, row, traits))
        found.push({ row, requests: cells[at + CLIENT.assets], points: WEB.attackerPoints });
      continue;
    }
    const requests = cells[at + CLIENT.attackPages];
    if (requests === 0) continue;
    const points = pointsOf(clients, row, site, traits);
    if (points >= WEB.attackerPoints - 1.5) found.push({ row, requests, points });
  }
  found.sort((left, right) => right.requests - left.requests || left.row - right.row);
  if (traits.slow || traits.assets) return found;
  // How much one of them asks: the median of those of whom there is no doubt.
  const sure = found.filter(({ points }) => points >= WEB.attackerPoints + 1);
  const usual = sure.length === 0 ? 1 : sure[sure.length >> 1].requests;
  return found.filter(({ requests, points }) => {
    const volume = requests >= 0.25 * usual ? 0.5 : requests >= 0.08 * usual ? -0.5 : -2;
    return points + (usual >= 4 ? volume : 0) >= WEB.attackerPoints;
  });
}

/** One that came for assets alone: the same again and again, or many since the attack began. */
function tookAssets(clients: ClientTable, row: number, traits: AttackTraits): boolean {
  if (clients.repeatsAssets(row)) return true;
  const at = clients.at(row);
  const { cells } = clients;
  return (
    cells[at + CLIENT.pages] === 0 &&
    cells[at + CLIENT.assets] >= ASSETS_MANY &&
    clients.firstSecond(row) >= traits.startSecond - 5
  );
}

/** More assets than a reader fetches whose page is in a cache. */
const ASSETS_MANY = 20;

/** More of its requests were slow than not. */
function isSlow(clients: ClientTable, row: number): boolean {
  const { cells } = clients;
  const at = clients.at(row);
  return (
    cells[at + CLIENT.slow] >= 2 &&
    cells[at + CLIENT.slow] >= 0.5 * (cells[at + CLIENT.pages] + cells[at + CLIENT.assets])
  );
}

function pointsOf(clients: ClientTable, row: number, site: SiteCounts, traits: AttackTraits): number {
  const { cells } = clients;
  const at = clients.at(row);
  const pages = Math.max(1, cells[at + CLIENT.pages]);
  const during = cells[at + CLIENT.attackPages];
  const before = Math.max(0, pages - during);
  let points = 0;
  if (traits.templates.size > 0) {
    const majority = traits.templates.has(cells[at + CLIENT.template]) ? cells[at + CLIENT.ofTemplate] / pages : 0;
    const seen = cells[at + CLIENT.attackSeen];
    // What was asked for before the attack was noticed is known by the most frequent only.
    const share = seen >= 3 ? cells[at + CLIENT.attackOn] / seen : majority;
    points += share >= 0.7 ? 1.5 : seen < 3 || share >= 0.4 ? 0 : -2;
  }
  const isNew = (cells[at + CLIENT.flags] & 1) === 0 && clients.firstSecond(row) >= traits.startSecond - 5;
  if (isNew) points += traits.newClient >= 0.4 ? 1 : 0.5;
  else {
    // Who was here before took part only where he asks much more than he did.
    const past = Math.max(30, traits.startSecond - clients.firstSecond(row));
    const spent = Math.max(10, clients.lastSecond(row) - traits.startSecond);
    points -= during / spent > 4 * (before / past) && during >= 10 ? 0 : 2.5;
  }
  const suspicion = clients.suspicion(row, site.norms, true);
  if (suspicion >= SUSPECT_POINTS) points += 2;
  else if (suspicion >= SUSPECT_POINTS - 1) points += 1;
  if (site.norms.assets) {
    const fetched = cells[at + CLIENT.assets] / pages;
    const usual = site.usual[2] / Math.max(1e-9, site.usual[1]);
    if (cells[at + CLIENT.assets] === 0) points += cells[at + CLIENT.answered] >= 2 ? 1 : 0.5;
    else points -= fetched >= 0.25 * usual ? 4 : fetched >= 0.05 * usual ? 1.5 : 0;
  } else if (cells[at + CLIENT.assets] >= 0.3 * pages) points -= 3;
  points += trait(traits.noReferrer, cells[at + CLIENT.noReferrer] / pages, 1);
  points += trait(traits.novel, cells[at + CLIENT.novel] / pages, 1);
  points += trait(traits.post, cells[at + CLIENT.posts] / pages, 1);
  if (traits.tool >= 0.4) points += (cells[at + CLIENT.flags] & 2) !== 0 ? 1 : -1.5;
  // A crawler that says so goes about its business.
  if ((cells[at + CLIENT.flags] & 4) !== 0 && traits.tool < 0.4) points -= 2;
  return points;
}

/** What a trait speaks for or against a client; nothing where the attack has it no more than peace. */
function trait(excess: number, share: number, worth: number): number {
  if (excess < 0.3) return 0;
  return share >= 0.7 ? worth : share < 0.4 && excess >= 0.6 ? -1.5 * worth : 0;
}

/** A client's address, or the name that the log gives. */
export function nameOf(clients: ClientTable, row: number): string {
  return clients.names.get(row) ?? formatAddress(clients.cells, clients.at(row) + CLIENT.address);
}
