import type { RequestBatch } from '../../model/request-batch.ts';
import { REQUEST_HAS as HAS } from '../../model/request-columns.ts';
import { endpointPort, readEndpoint, readIpv4 } from './address-bytes.ts';
import { clientOf, type TrustedProxies } from './forwarded.ts';

const SPACE = 0x20;
const COMMA = 0x2c;

/** Who asked, of one line: the other end of the connection, and what proxies tell of those behind them. */
export class RequestClient {
  readonly #trusted: TrustedProxies;
  #from = 0;
  #to = 0;
  #forwardedFrom = 0;
  #forwardedTo = 0;
  #realFrom = 0;
  #realTo = 0;
  /** True where the forwarded text is of RFC 7239 and no plain list. */
  #structured = false;
  readonly #words = new Uint32Array(4);

  constructor(trusted: TrustedProxies) {
    this.#trusted = trusted;
  }

  begin(): void {
    this.#to = 0;
    this.#forwardedTo = 0;
    this.#realTo = 0;
  }

  /** True where anything was told. */
  get told(): boolean {
    return this.#to + this.#forwardedTo + this.#realTo > 0;
  }

  /** The other end of the connection, or a list whose last it is. */
  peer(from: number, to: number): void {
    this.#from = from;
    this.#to = to;
  }

  forwarded(from: number, to: number, structured: boolean): void {
    this.#forwardedFrom = from;
    this.#forwardedTo = to;
    this.#structured = structured;
  }

  /** The client as the server itself worked it out. */
  real(from: number, to: number): void {
    this.#realFrom = from;
    this.#realTo = to;
  }

  /** Places client, its port or name, and peer in the row; returns `present` with their bits. */
  place(batch: RequestBatch, row: number, present: number): number {
    const { text } = batch;
    const words = this.#words;
    const at = 4 * row;
    // Almost always there is an IPv4 address and nothing else.
    if (this.#to > 0 && this.#forwardedTo + this.#realTo === 0) {
      if (readIpv4(text, this.#from, this.#to, batch.client, at) === this.#to) return present | HAS.client;
    }
    this.#splitList(text);
    const hasPeer = this.#to > this.#from;
    let bits = present;
    if (hasPeer) {
      if (!readEndpoint(text, this.#from, this.#to, words, 0)) return this.#placeName(batch, row, present);
      if (endpointPort >= 0) {
        batch.clientPort[row] = endpointPort;
        bits |= HAS.clientPort;
      }
      for (let word = 0; word < 4; word++) batch.client[at + word] = words[word];
      bits |= HAS.client;
    }
    if (!this.#findClient(text, hasPeer)) return bits;
    let same = true;
    for (let word = 0; word < 4; word++) {
      if (batch.client[at + word] !== words[word]) same = false;
      batch.peer[at + word] = batch.client[at + word];
      batch.client[at + word] = words[word];
    }
    bits |= HAS.client;
    // The port that was logged is the proxy's.
    return hasPeer && !same ? (bits | HAS.peer) & ~HAS.clientPort : bits;
  }

  /** Leaves the client that the server or a trusted proxy tells in the words, which hold the peer; false where none does. */
  #findClient(text: Uint8Array, hasPeer: boolean): boolean {
    const words = this.#words;
    if (this.#realTo > 0) return readEndpoint(text, this.#realFrom, this.#realTo, words, 0);
    if (!hasPeer || this.#forwardedTo === 0 || !this.#trusted.has(words)) return false;
    return clientOf(this.#trusted, text, this.#forwardedFrom, this.#forwardedTo, this.#structured, words);
  }

  /** A list in place of the address: its last is the other end, those before it are what was forwarded. */
  #splitList(text: Uint8Array): void {
    if (this.#to + this.#realTo === 0 && !this.#structured) {
      // Only the list is logged: the last in it was added by the server or its proxy.
      this.#from = this.#forwardedFrom;
      this.#to = this.#forwardedTo;
      this.#forwardedTo = 0;
    }
    if (this.#to === 0) {
      this.#from = 0;
      return;
    }
    const comma = lastComma(text, this.#from, this.#to);
    if (comma >= 0) {
      if (this.#forwardedTo === 0) this.forwarded(this.#from, comma, false);
      this.#from = comma + 1;
    }
    while (this.#from < this.#to && text[this.#from] === SPACE) this.#from++;
    while (this.#from < this.#to && text[this.#to - 1] === SPACE) this.#to--;
  }

  /** The other end is no address: a name, or a socket of this machine, whose word about the client is taken. */
  #placeName(batch: RequestBatch, row: number, present: number): number {
    const { text } = batch;
    const words = this.#words;
    const local = isLocalSocket(text, this.#from, this.#to) && this.#forwardedTo > 0;
    if (local && clientOf(this.#trusted, text, this.#forwardedFrom, this.#forwardedTo, this.#structured, words)) {
      batch.client.set(words, 4 * row);
      return present | HAS.client;
    }
    batch.clientName.at[row] = this.#from;
    batch.clientName.length[row] = this.#to - this.#from;
    return present | HAS.clientName;
  }
}

function lastComma(text: Uint8Array, from: number, to: number): number {
  for (let at = to - 1; at > from; at--) if (text[at] === COMMA) return at;
  return -1;
}

/** `unix:` and `unix:/run/…`, as nginx and HAProxy write the other end of a local socket. */
function isLocalSocket(text: Uint8Array, from: number, to: number): boolean {
  for (let at = 0; at < UNIX.length; at++) if (from + at >= to || text[from + at] !== UNIX[at]) return false;
  return true;
}

const UNIX = new TextEncoder().encode('unix:');
