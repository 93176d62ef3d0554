import type { SiteStyle, WebScene } from './world.ts';

/** One kind of traffic of a web server, in which it is known what is an attack and what is not. */
export interface WebScenario {
  readonly name: string;
  /** For people: what happens. */
  readonly what: string;
  /** Seconds; 720 where absent. */
  readonly seconds?: number;
  /** Seen only in formats that name the host, that tell times, or that tell user agents. */
  readonly hosts?: boolean;
  readonly times?: boolean;
  readonly agents?: boolean;
  readonly make: (scene: WebScene, style: SiteStyle) => void;
}
