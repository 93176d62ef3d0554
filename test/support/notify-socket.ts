import assert from 'node:assert/strict';
import koffi from 'koffi';
import { unixAddress } from '../../src/station/service-manager.ts';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;

/** A Unix datagram socket such as systemd holds; `received` gives the datagrams that came since it was asked last. */
export function notifySocket(path: string): { readonly received: () => string[]; readonly close: () => void } {
  const libc = koffi.load(null);
  const address = unixAddress(path);
  assert.ok(address !== undefined);
  const fd = libc.func('int socket(int, int, int)')(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0) as number;
  assert.equal(libc.func('int bind(int, const void *, uint32_t)')(fd, address, address.length), 0);
  const recv = libc.func('intptr_t recv(int, void *, size_t, int)');
  const bytes = Buffer.alloc(4096);
  const next = (): number => Number(recv(fd, bytes, bytes.length, 0));
  return {
    received: () => {
      const texts: string[] = [];
      for (let length = next(); length >= 0; length = next()) texts.push(bytes.toString('utf8', 0, length));
      return texts;
    },
    close: () => libc.func('int close(int)')(fd),
  };
}
