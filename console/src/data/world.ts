import { geoNaturalEarth1, geoPath } from 'd3-geo';
import { feature } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';
import world from 'world-atlas/land-110m.json';
import { PLACES } from './countries.ts';

export interface World {
  /** SVG path of all land. Borders are not drawn. */
  readonly land: string;
  /** Where a country is in the box; undefined where its code has no place. */
  readonly place: (code: string) => readonly [number, number] | undefined;
}

/** South of this there is nobody, degrees north. */
const SOUTH = -57;

/** The land of the earth in a box of this size. */
export function drawWorld(width: number, height: number): World {
  const topology = world as unknown as Topology<{ readonly land: GeometryCollection }>;
  const land = feature(topology, topology.objects.land);
  const corners = {
    type: 'MultiPoint' as const,
    coordinates: [-170, -90, 0, 90, 179].flatMap((east) => [
      [east, SOUTH],
      [east, 80],
    ]),
  };
  const projection = geoNaturalEarth1()
    .fitSize([width, height], corners)
    .clipExtent([
      [0, 0],
      [width, height],
    ]);
  return {
    land: geoPath(projection).digits(1)(land) ?? '',
    place: (code) => {
      const at = PLACES.get(code);
      return at === undefined ? undefined : (projection([at[0], at[1]]) ?? undefined);
    },
  };
}
