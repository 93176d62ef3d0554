import { mount, unmount } from 'svelte';
import '../../../console/src/app.css';
import Chart from '../../../console/src/parts/Chart.svelte';

/** A day at steps of one second, with what is usual, drawn by the chart of the console: how long that takes. */
const SECONDS = 86_400;
const ROUNDS = 7;

function day(): { x: Float64Array; values: Float64Array; usual: Float64Array } {
  const x = new Float64Array(SECONDS);
  const values = new Float64Array(SECONDS);
  const usual = new Float64Array(SECONDS);
  for (let at = 0; at < SECONDS; at++) {
    x[at] = 1_790_000_000 + at;
    usual[at] = 4e8 + 2e8 * Math.sin((at / SECONDS) * 2 * Math.PI);
    values[at] = usual[at] * (0.9 + ((at * 7919) % 1000) / 5000) + (at > 50_000 && at < 51_000 ? 2e9 : 0);
  }
  return { x, values, usual };
}

/** From the data to the picture, ms: mounting, thinning, drawing. */
async function drawOnce(target: HTMLElement): Promise<number> {
  const { x, values, usual } = day();
  const start = performance.now();
  const chart = mount(Chart, {
    target,
    props: { x, values, usual, measure: 'bps', label: 'day', valueLabel: 'rate', usualLabel: 'usual' },
  });
  while (target.querySelector('canvas') === null) await new Promise((resolve) => requestAnimationFrame(resolve));
  // What waits to be drawn is drawn in this frame.
  await new Promise((resolve) => requestAnimationFrame(resolve));
  const elapsed = performance.now() - start;
  await unmount(chart);
  return elapsed;
}

Object.assign(globalThis, {
  measureDay: async (): Promise<readonly number[]> => {
    const target = document.getElementById('chart');
    const times: number[] = [];
    for (let round = 0; target !== null && round < ROUNDS; round++) times.push(await drawOnce(target));
    return times.sort((left, right) => left - right);
  },
});
