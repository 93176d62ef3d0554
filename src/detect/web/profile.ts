import { CLIENT, type ClientTable } from '../../sketch/web/client-table.ts';

/** Who asks a site just now: a walk over the table of clients, for candidates only. */
export interface Profile {
  /** Clients with requests of late; requests of late of all, of the largest, of those that say that they are crawlers, and of suspects. */
  readonly clients: number;
  readonly weight: number;
  readonly largest: number;
  /** Row of the largest client, or -1. */
  readonly largestRow: number;
  readonly crawlers: number;
  /** Requests by the template that each client asks for most. */
  readonly templates: ReadonlyMap<number, number>;
}

/** Requests are those of the last ten seconds or so, fading; of clients whose suspicion or template the caller accepts. */
export function profileOf(
  clients: ClientTable,
  site: number,
  second: number,
  accepts: (row: number) => boolean,
): Profile {
  let count = 0;
  let weight = 0;
  let largest = 0;
  let largestRow = -1;
  let crawlers = 0;
  const templates = new Map<number, number>();
  const { cells } = clients;
  for (let row = 0; row < clients.count; row++) {
    if (clients.site[row] !== site + 1 || second - clients.lastSecond(row) > 20) continue;
    const late = clients.recent(row) * Math.exp((clients.lastSecond(row) - second) / 10);
    if (late < 0.3 || !accepts(row)) continue;
    count++;
    weight += late;
    if (late > largest) {
      largest = late;
      largestRow = row;
    }
    const at = clients.at(row);
    if ((cells[at + CLIENT.flags] & 4) !== 0) crawlers += late;
    const template = cells[at + CLIENT.template];
    templates.set(template, (templates.get(template) ?? 0) + late);
  }
  return { clients: count, weight, largest, largestRow, crawlers, templates };
}
