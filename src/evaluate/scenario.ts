import type { Scene } from './scene.ts';
import type { ViewName } from './views.ts';

/** One kind of traffic, in which it is known what is an attack and what is not. */
export interface Scenario {
  readonly name: string;
  /** For people: what happens, with its rates. */
  readonly what: string;
  /** The views that it is seen in, one a seed in turn. */
  readonly views: readonly ViewName[];
  /** How long it lasts, s. */
  readonly seconds: number;
  /** Addresses inside that have traffic. */
  readonly targets: number;
  /** Long ones are made for one seed in so many. */
  readonly everySeeds?: number;
  /** Why it is not always found or not always in time, where that is known. */
  readonly hard?: string;
  readonly make: (scene: Scene) => void;
}
