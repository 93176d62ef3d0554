import { parentPort, workerData } from 'node:worker_threads';
import { openUdp } from '../../src/input/udp.ts';

/** A thread that receives, and answers `count` and `stop`; then nothing is left to keep it alive. */
const receiver = await openUdp({
  listen: [{ address: '127.0.0.1', port: 0, family: 4 }],
  sink: { take: () => undefined },
  via: workerData.via,
});
const port = parentPort!;
port.postMessage({ at: receiver.status()[0].at });
port.on('message', async (wish: string) => {
  if (wish === 'count') port.postMessage({ datagrams: receiver.status()[0].datagrams });
  if (wish !== 'stop') return;
  await receiver.stop();
  port.postMessage({ stopped: true });
  port.close();
});
