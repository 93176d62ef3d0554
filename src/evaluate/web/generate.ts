import { Random } from '../../base/random.ts';
import { BENIGN_WEB } from './benign.ts';
import { LOG_FORMATS, type LogFormat, type RequestEvent, type TrueWebAttack } from './event.ts';
import { HOSTILE_WEB } from './hostile.ts';
import type { WebScenario } from './scenario.ts';
import { type SiteStyle, WebScene } from './world.ts';

export const WEB_SCENARIOS: readonly WebScenario[] = [...HOSTILE_WEB, ...BENIGN_WEB];

/** The site of a made log that names no host. */
export const MADE_SITE = 'www.example.gov';

/** Kinds of sites: one of each seed in turn. */
const STYLES: readonly SiteStyle[] = [
  { name: MADE_SITE, visits: 0.6, assets: true, referrers: true, http2: 0.8 },
  { name: MADE_SITE, visits: 3, assets: true, referrers: true, http2: 0.8 },
  { name: MADE_SITE, visits: 0.15, assets: true, referrers: true, http2: 0.5 },
  { name: MADE_SITE, visits: 1.5, assets: false, referrers: true, http2: 0.9 },
  { name: MADE_SITE, visits: 1, assets: false, referrers: false, http2: 0 },
];

export interface WebCase {
  readonly scenario: string;
  readonly seed: number;
}

export interface MadeLog {
  readonly scenario: WebScenario;
  readonly format: LogFormat;
  readonly style: SiteStyle;
  readonly events: readonly RequestEvent[];
  readonly attacks: readonly TrueWebAttack[];
  readonly innocents: ReadonlySet<string>;
}

/** Makes the log of a scenario: its seed says what site, what format and all else. */
export function makeLog({ scenario: name, seed }: WebCase): MadeLog {
  const scenario = WEB_SCENARIOS.find((each) => each.name === name)!;
  const lots = new Random(seed ^ hashOf(name));
  const style = STYLES[seed % STYLES.length];
  const formats = LOG_FORMATS.filter(
    (format) =>
      !(scenario.agents === true && format === 'haproxy') &&
      !(scenario.hosts === true && format !== 'vhost-combined' && format !== 'json') &&
      !(scenario.times === true && format !== 'json' && format !== 'haproxy'),
  );
  const format = formats[lots.below(formats.length)];
  const scene = new WebScene(lots.uint32(), scenario.seconds ?? 720);
  scenario.make(scene, style);
  const events = scene.events.sort((left, right) => left.timeMs - right.timeMs);
  const attackers = new Set(scene.attacks.flatMap((attack) => [...attack.attackers]));
  for (const attacker of attackers) scene.innocents.delete(attacker);
  return { scenario, format, style, events, attacks: scene.attacks, innocents: scene.innocents };
}

function hashOf(text: string): number {
  let hash = 7;
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) >>> 0;
  return hash;
}
