import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { LogInputs } from '../../src/input/log/log-inputs.ts';
import { type LogPosition, parsePositions } from '../../src/input/log/positions.ts';
import type { RequestBatch } from '../../src/model/request-batch.ts';
import { requestValue } from '../../src/model/request-json.ts';

/**
 * Follows the log of its first argument until it is killed, and keeps what it read together with the positions: one line of its second
 * argument for each step, written at once. A step that is cut short is none.
 */
const [log, out] = process.argv.slice(2);

function lastPositions(): readonly LogPosition[] | undefined {
  if (!existsSync(out)) return undefined;
  const whole = readFileSync(out, 'utf8').split('\n').slice(0, -1);
  return whole.length === 0 ? undefined : parsePositions(whole[whole.length - 1]);
}

let paths: string[] = [];
const inputs = new LogInputs(
  {
    sites: [{ name: 'Ministry', logs: [log], logFormat: 'auto', serverStatus: [] }],
    inputs: { logs: [], syslog: [] },
  },
  {
    sink: {
      take(batch: RequestBatch): void {
        for (let row = 0; row < batch.length; row++) paths.push(String(requestValue(batch, 'path', row)));
        batch.length = 0;
        batch.textLength = 0;
      },
    },
    positions: {
      load: lastPositions,
      save(positions): void {
        appendFileSync(out, `${JSON.stringify({ paths, positions })}\n`);
        paths = [];
      },
    },
    pollMs: 2,
    retiredMs: 200,
    from: 'begin',
  },
);
await inputs.start();
