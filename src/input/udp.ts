import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { BonghwaError } from '../base/errors.ts';
import { formatListen, type ListenAddress } from '../base/listen.ts';
import { DgramReceiver, systemCode } from './udp-dgram.ts';
import { listenFault } from './udp-holders.ts';
import { loadLibc } from './udp-libc.ts';
import type { UdpOptions, UdpReceiver, UdpWay } from './udp-port.ts';
import { RecvmmsgReceiver } from './udp-recvmmsg.ts';

/** The ways to receive on this machine, the best first. */
export function udpWays(): readonly UdpWay[] {
  return loadLibc() === undefined ? ['dgram'] : ['recvmmsg', 'dgram'];
}

/**
 * Listens, and hands datagrams to `options.sink` from the next turn of this thread's event loop on. Meant for a thread of its own, which
 * has time for timers and messages between two turns, but may be held in the kernel for 20 ms where nothing arrives.
 *
 * Rejects with LISTEN_FAILED and what to do, by the first address that cannot be had; nothing listens then.
 */
export async function openUdp(options: UdpOptions): Promise<UdpReceiver> {
  if (options.via === 'dgram') return DgramReceiver.open(options);
  const libc = loadLibc();
  if (libc !== undefined) return new RecvmmsgReceiver(options, libc);
  if (options.via === undefined) return DgramReceiver.open(options);
  throw new BonghwaError('LISTEN_FAILED', 'recvmmsg cannot be had on this machine', {
    hint: 'Receive through node:dgram.',
    fields: { address: options.listen.map(formatListen).join(', ') },
  });
}

/**
 * Rejects with LISTEN_FAILED where an address cannot be had for us alone. For a station that is about to open several receivers with
 * `reusePort`: the kernel would let those in beside the receivers of another station of the same user, and deal each half of the
 * exporters. A socket without `reusePort` is refused there, whatever the others allow; so one is bound, and closed again.
 * Not for receivers that come later to those of the same station.
 */
export async function probeUdp(listen: readonly ListenAddress[]): Promise<void> {
  for (const at of listen) {
    const socket = createSocket({
      type: at.family === 6 ? 'udp6' : 'udp4',
      ipv6Only: at.family === 6 && at.address !== '::',
    });
    try {
      socket.bind({ address: at.address, port: at.port, exclusive: true });
      await once(socket, 'listening');
    } catch (error) {
      throw listenFault(at, systemCode(error), error);
    } finally {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    }
  }
}
