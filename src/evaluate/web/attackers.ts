import type { RequestEvent } from './event.ts';
import { BASE_MS, type SiteStyle, type WebScene } from './world.ts';

/** A flood: who asks, how often, for what. */
export interface FloodOptions {
  readonly vectors: readonly string[];
  readonly sources: number;
  /** Requests a second of each source. */
  readonly rate: number;
  readonly from: number;
  readonly to: number;
  /** What a request asks for. */
  readonly ask: (scene: WebScene) => Partial<RequestEvent> & { readonly target: string };
  /** One user agent for all, one each, or another with every request. */
  readonly agents?: 'one' | 'own' | 'each';
  readonly agent?: string;
  readonly version?: string;
  /** Share of requests with a made-up referrer. */
  readonly referrers?: boolean;
  /** On and off, s. */
  readonly pulse?: readonly [number, number];
}

/** Adds a flood from sources of its own, and what is known of it. */
export function flood(scene: WebScene, style: SiteStyle, options: FloodOptions): void {
  const { random } = scene;
  const { sources, rate, from, to, ask, pulse } = options;
  const attackers = new Set<string>();
  let startMs = Number.POSITIVE_INFINITY;
  let endMs = 0;
  for (let source = 0; source < sources; source++) {
    const client = bot(scene, source);
    const own = options.agent ?? scene.agent();
    const version = options.version ?? (random.unit() < 0.5 ? '1.1' : '2.0');
    for (let at = from + random.exponential(1 / rate); at < to; at += random.exponential(1 / rate)) {
      if (pulse !== undefined && (at - from) % (pulse[0] + pulse[1]) >= pulse[0]) continue;
      const timeMs = BASE_MS + 1000 * at;
      scene.add({
        timeMs,
        site: style.name,
        client,
        agent: options.agents === 'each' ? scene.agent().replace(/[\d.]+$/, String(random.below(999))) : own,
        version,
        referrer: options.referrers === true ? `https://www.google.com/search?q=${scene.letters(5)}` : undefined,
        ...ask(scene),
      });
      attackers.add(client);
      startMs = Math.min(startMs, timeMs);
      endMs = Math.max(endMs, timeMs);
    }
  }
  scene.attacks.push({ site: style.name, vectors: options.vectors, startMs, endMs, attackers });
}

/** An address of a botnet: spread over the world, none of a reader's. */
export function bot(scene: WebScene, source: number): string {
  const { random } = scene;
  const first = [5, 31, 45, 103, 114, 139, 185, 193][source % 8];
  return `${first}.${random.below(256)}.${random.below(256)}.${1 + random.below(254)}`;
}

/** Connections that are held open: what the log says of them when the server has given them up. */
export function slowAttack(
  scene: WebScene,
  style: SiteStyle,
  options: {
    readonly vectors: readonly string[];
    readonly sources: number;
    /** Connections that each source holds at a time, and how long the server bears with one, s. */
    readonly connections: number;
    readonly holdSeconds: number;
    readonly from: number;
    readonly to: number;
    readonly event: Partial<RequestEvent> & { readonly target: string };
  },
): void {
  const attackers = new Set<string>();
  let startMs = Number.POSITIVE_INFINITY;
  const { random } = scene;
  for (let source = 0; source < options.sources; source++) {
    const client = bot(scene, source);
    for (let connection = 0; connection < options.connections; connection++) {
      for (
        let at = options.from + random.unit() * 10 + options.holdSeconds;
        at < options.to;
        at += options.holdSeconds + random.unit()
      ) {
        scene.add({
          timeMs: BASE_MS + 1000 * at,
          site: style.name,
          client,
          requestMs: 1000 * options.holdSeconds,
          ...options.event,
        });
        attackers.add(client);
        startMs = Math.min(startMs, BASE_MS + 1000 * at);
      }
    }
  }
  scene.attacks.push({
    site: style.name,
    vectors: options.vectors,
    // A log tells of it only when the server gives up.
    startMs,
    endMs: BASE_MS + 1000 * options.to,
    attackers,
  });
}
