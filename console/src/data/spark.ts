import { envelope } from './downsample.ts';

/** Points of one small picture: more cannot be told apart. */
const POINTS_MAX = 240;

/** An SVG path through values from left to right, 0 at the bottom and `top` at the top. */
export function pathOf(values: readonly number[], top: number, width: number, height: number): string {
  if (values.length < 2) return '';
  const shown = values.length > POINTS_MAX ? envelope(values, POINTS_MAX) : values.map((value, at) => ({ at, value }));
  const last = values.length - 1;
  return shown
    .map(({ at, value }, index) => {
      const x = (at / last) * width;
      const y = height - 1 - (Math.max(0, value) / top) * (height - 2);
      return `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`;
    })
    .join('');
}
