import { openTelemetry } from '../../src/store/telemetry/open.ts';
import { RecordMaker } from '../support/telemetry-records.ts';
import { RETENTION } from './telemetry-suite.ts';

/** Rows of both tables in each second that `telemetry-station.ts` offers. */
export const STATION_SHAPE = { targets: 3, peaceRows: 40, attackRows: 60 };

/**
 * A station that does nothing but offer seconds as fast as they are kept, from the second it is told on, and says after every few
 * milliseconds how many rows are kept. It is there to be killed.
 */
async function run(directory: string, firstSecond: number, memoryBytesMax: number): Promise<void> {
  const limits = { outbox: { memoryBytesMax, spoolBytesMax: 1 << 30 } };
  const store = await openTelemetry({ directory, retention: RETENTION }, limits);
  const maker = new RecordMaker(firstSecond, STATION_SHAPE);
  let second = firstSecond;
  const timer = setInterval(() => {
    const { waiting, written, state } = store.status();
    // With little memory the station runs ahead, so that the spool is used; otherwise a few blocks wait.
    if (waiting < (memoryBytesMax < 1 << 20 ? 20_000 : 3000))
      for (let at = 0; at < 5; at++) store.offer(maker.make(second++));
    process.send?.({ written, state });
  }, 5);
  process.on('disconnect', () => clearInterval(timer));
}

if (import.meta.main) await run(process.argv[2], Number(process.argv[3]), Number(process.argv[4]));
