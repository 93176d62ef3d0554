import { formatAddress, isIpv4, parseAddress } from './ip.ts';

/** Where a listener binds. `::` hears IPv4 too, as mapped addresses: what `:2055` means. */
export interface ListenAddress {
  readonly address: string;
  /** 0 to 65535; 0 asks the system for one that is free. */
  readonly port: number;
  readonly family: 4 | 6;
}

/**
 * Parses `127.0.0.1:2055`, `[::1]:2055`, `localhost:2055`, and `:2055` or `*:2055` for every address of the machine, IPv4 and
 * IPv6. `undefined` where the text is none of these; host names are never looked up.
 */
export function parseListen(text: string): ListenAddress | undefined {
  const found = /^(\[[0-9a-fA-F:.]{2,45}\]|[0-9.]{7,15}|localhost|\*|):(\d{1,5})$/.exec(text.trim());
  if (found === null) return undefined;
  const [, host, digits] = found;
  const port = Number(digits);
  if (port > 65_535) return undefined;
  if (host === '' || host === '*') return { address: '::', port, family: 6 };
  if (host === 'localhost') return { address: '127.0.0.1', port, family: 4 };
  const bracketed = host.startsWith('[');
  const words = parseAddress(bracketed ? host.slice(1, -1) : host);
  if (words === undefined) return undefined;
  return { address: formatAddress(words), port, family: isIpv4(words) ? 4 : 6 };
}

/** Text that `parseListen` reads back: `127.0.0.1:2055`, `[::1]:2055`. */
export function formatListen({ address, port, family }: ListenAddress): string {
  return family === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}

/** True if only programs of this machine reach the address. */
export function isLoopback({ address, family }: ListenAddress): boolean {
  return family === 4 ? address.startsWith('127.') : address === '::1';
}
