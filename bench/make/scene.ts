import { Random } from '../../src/base/random.ts';

/**
 * What both generators show: a minute at the border of a hoster. Clients talk to sites over TCP and ask a name server over UDP,
 * both directions pass; from the 20th to the 50th second one site is flooded with SYN packets from random sources.
 */
export interface Scene {
  /** Packets, or flow records, in all. */
  readonly items: number;
  /** Client addresses; each of them is seen where the items allow. */
  readonly clients: number;
  /** Site addresses that the clients talk to, besides the flooded one. */
  readonly sites: number;
  /** Share of all items that belongs to the flood, each from a source of its own. */
  readonly floodShare: number;
  readonly seed: number;
}

export const SCENE_SECONDS = 60;
export const FLOOD_FROM_SECOND = 20;
export const FLOOD_TO_SECOND = 50;
/** 2025-06-15T12:00:00Z. */
export const SCENE_START_MS = 1_749_988_800_000;

/** 10.0.0.0/8: where the clients are. */
const CLIENT_BASE = 0x0a000000;
/** 198.18.0.0/15: where the sites are. The flooded one is the first. */
const SITE_BASE = 0xc6120000;
export const NAME_SERVER = 0xc6120035;
export const FLOODED_SITE = 0xc6120001;
export const FLOODED_SITE_TEXT = '198.18.0.1';

export const KIND_UPLOAD = 0;
export const KIND_DOWNLOAD = 1;
export const KIND_QUERY = 2;
export const KIND_ANSWER = 3;
export const KIND_FLOOD = 4;

/** One packet or flow record; the generators reuse one. */
export interface Item {
  kind: number;
  timeMs: number;
  srcAddr: number;
  dstAddr: number;
  srcPort: number;
  dstPort: number;
}

/** Calls `write` for each item in the order of time. Same scene, same items. */
export function playScene(scene: Scene, write: (item: Item, random: Random) => void): void {
  const random = new Random(scene.seed);
  const item: Item = { kind: 0, timeMs: 0, srcAddr: 0, dstAddr: 0, srcPort: 0, dstPort: 0 };
  const flood = Math.round(scene.items * scene.floodShare);
  const benign = scene.items - flood;
  const floodFromMs = 1000 * FLOOD_FROM_SECOND;
  const floodToMs = 1000 * FLOOD_TO_SECOND;
  let benignDone = 0;
  let floodDone = 0;
  // Steps of a millisecond; each brings the items that are due, ordinary ones and those of the flood one after the other.
  for (let ms = 1; ms <= 1000 * SCENE_SECONDS; ms++) {
    const benignDue = Math.round((benign * ms) / (1000 * SCENE_SECONDS));
    const inFlood = Math.min(Math.max(ms - floodFromMs, 0), floodToMs - floodFromMs);
    const floodDue = Math.round((flood * inFlood) / (floodToMs - floodFromMs));
    const count = benignDue - benignDone + floodDue - floodDone;
    for (let at = 0; at < count; at++) {
      item.timeMs = SCENE_START_MS + ms - 1 + at / count;
      if (floodDone < floodDue && (benignDone === benignDue || at % 2 === 0)) {
        item.kind = KIND_FLOOD;
        item.srcAddr = random.uint32();
        item.dstAddr = FLOODED_SITE;
        item.srcPort = 1024 + random.below(64_512);
        item.dstPort = 443;
        floodDone++;
      } else {
        fillBenign(item, benignDone, scene, random);
        benignDone++;
      }
      write(item, random);
    }
  }
}

function fillBenign(item: Item, index: number, scene: Scene, random: Random): void {
  // Some clients are busy, most are seen now and then: half of the items go round all of them, half to the first hundredth.
  const client =
    index % 2 === 0 ? (index >> 1) % scene.clients : random.below(Math.max(1, Math.ceil(scene.clients / 100)));
  const clientAddr = (CLIENT_BASE + client) >>> 0;
  const roll = random.below(100);
  const fromClient = roll < 42 || (roll >= 90 && roll < 95);
  const query = roll >= 90;
  // A client has three connections, each with one site: packets make flows, as they do on a wire.
  const connection = query ? 3 : roll % 3;
  const clientPort = 32_768 + ((client * 4 + connection) % 28_000);
  const siteAddr = SITE_BASE + 256 + ((client * 3 + connection) % scene.sites);
  const server = query ? NAME_SERVER : siteAddr;
  const serverPort = query ? 53 : connection === 0 ? 80 : 443;
  item.kind = query ? (fromClient ? KIND_QUERY : KIND_ANSWER) : fromClient ? KIND_UPLOAD : KIND_DOWNLOAD;
  item.srcAddr = fromClient ? clientAddr : server;
  item.dstAddr = fromClient ? server : clientAddr;
  item.srcPort = fromClient ? clientPort : serverPort;
  item.dstPort = fromClient ? serverPort : clientPort;
}
