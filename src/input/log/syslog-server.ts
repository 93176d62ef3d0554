import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { BonghwaError } from '../../base/errors.ts';
import { formatListen, type ListenAddress } from '../../base/listen.ts';
import type { RequestBatch, RequestSink } from '../../model/request-batch.ts';
import type { LogDecoder } from '../../wire/log/log-decoder.ts';
import { FRAME_BYTES_MAX, SyslogFrames } from './syslog-frames.ts';

/**
 * Logs that servers send: syslog over UDP (RFC 5426), TCP (RFC 6587) and TLS (RFC 5425). Messages go to one decoder in the order in
 * which they came; connections, messages and what waits are bounded, since anybody who reaches the port can send.
 */
export interface SyslogListener {
  readonly transport: 'udp' | 'tcp' | 'tls';
  readonly listen: ListenAddress;
  /** Files of the certificate and its key, and of the certificates that clients must have been signed by. */
  readonly certificate?: string;
  readonly key?: string;
  readonly clientAuthority?: string;
  readonly decoder: LogDecoder;
}

export interface SyslogServerOptions {
  readonly listeners: readonly SyslogListener[];
  readonly batch: RequestBatch;
  readonly sink: RequestSink;
}

/** Connections of one listener; further ones are closed at once and counted. */
export const CONNECTIONS_MAX = 1024;
/** A connection that sends nothing for so long is closed: its sender connects again when it has something to say. */
const IDLE_MS_MAX = 3_600_000;
/** Bytes that the kernel is asked to keep of UDP until they are read. */
const RECEIVE_BYTES = 4 * 1024 * 1024;

/** Counts since the start. */
export interface SyslogCounts {
  messages: number;
  tooLong: number;
  connections: number;
  refusedConnections: number;
}

export class SyslogServer {
  readonly counts: SyslogCounts = { messages: 0, tooLong: 0, connections: 0, refusedConnections: 0 };
  readonly #options: SyslogServerOptions;
  readonly #datagram: DatagramSocket[] = [];
  readonly #servers: Server[] = [];
  readonly #connections = new Set<Socket>();
  readonly #ports: number[] = [];
  #line = new Uint8Array(4096);
  #flushing = false;

  constructor(options: SyslogServerOptions) {
    this.#options = options;
  }

  /** The ports that are listened on, in the order of the listeners: port 0 is any that is free. */
  get ports(): readonly number[] {
    return this.#ports;
  }

  /** Throws LISTEN_FAILED where an address cannot be had, or a certificate cannot be read. */
  async start(): Promise<void> {
    try {
      for (const listener of this.#options.listeners) {
        this.#ports.push(
          listener.transport === 'udp' ? await this.#listenUdp(listener) : await this.#listenStream(listener),
        );
      }
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    const closed = [
      ...this.#datagram.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))),
      ...this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
    ];
    for (const socket of this.#connections) socket.destroy();
    await Promise.all(closed);
    this.#datagram.length = 0;
    this.#servers.length = 0;
    this.#flush();
  }

  #listenUdp({ listen, decoder }: SyslogListener): Promise<number> {
    const type = listen.address.includes(':') ? 'udp6' : 'udp4';
    const socket = createSocket({ type, recvBufferSize: RECEIVE_BYTES });
    socket.on('message', (message) => {
      this.#message(decoder, message, 0, trimmedEnd(message));
      this.#flushSoon();
    });
    return new Promise((resolve, reject) => {
      socket.once('error', (error) => reject(listenFailed(listen, error)));
      socket.bind(listen.port, listen.address, () => {
        // Later errors are of single datagrams: they are lost, as UDP is.
        socket.removeAllListeners('error').on('error', () => undefined);
        this.#datagram.push(socket);
        resolve(socket.address().port);
      });
    });
  }

  #listenStream(listener: SyslogListener): Promise<number> {
    const { listen } = listener;
    const server = listener.transport === 'tls' ? createTlsServer(tlsOptions(listener)) : createServer();
    server.maxConnections = CONNECTIONS_MAX;
    server.on('drop', () => this.counts.refusedConnections++);
    server.on(listener.transport === 'tls' ? 'secureConnection' : 'connection', (socket: Socket) =>
      this.#serve(socket, listener),
    );
    // A handshake that fails is the sender's fault, and tells itself there.
    server.on('tlsClientError', (_error: Error, socket: Socket) => socket.destroy());
    return new Promise((resolve, reject) => {
      server.once('error', (error) => reject(listenFailed(listen, error)));
      server.listen(listen.port, listen.address, () => {
        this.#servers.push(server);
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : listen.port);
      });
    });
  }

  #serve(socket: Socket, { decoder }: SyslogListener): void {
    this.counts.connections++;
    this.#connections.add(socket);
    const frames = new SyslogFrames({ frame: (bytes, from, to) => this.#message(decoder, bytes, from, to) });
    let tooLong = 0;
    socket.setTimeout(IDLE_MS_MAX, () => socket.destroy());
    socket.on('data', (chunk) => {
      frames.push(chunk);
      this.counts.tooLong += frames.tooLong - tooLong;
      tooLong = frames.tooLong;
      this.#flushSoon();
    });
    socket.on('end', () => {
      frames.end();
      this.#flushSoon();
    });
    // Whatever broke the connection, what came before is taken; 'close' follows.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#connections.delete(socket));
  }

  /** Gives a message to the decoder as a line; a line feed inside it is a blank. */
  #message(decoder: LogDecoder, bytes: Uint8Array, from: number, to: number): void {
    const length = Math.min(to - from, FRAME_BYTES_MAX);
    if (length <= 0) return;
    this.counts.messages++;
    if (this.#line.length <= length) this.#line = new Uint8Array(2 * length);
    const line = this.#line;
    line.set(bytes.subarray(from, from + length));
    for (let at = 0; at < length; at++) if (line[at] === 0x0a) line[at] = 0x20;
    line[length] = 0x0a;
    decoder.decode(line, 0, length + 1, this.#options.batch, this.#options.sink);
  }

  /** Rows go on when all that has come is read. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    const { batch, sink } = this.#options;
    if (batch.length > 0) sink.take(batch);
    batch.textLength = 0;
  }
}

/** The end of a datagram without the line feeds that some senders add. */
function trimmedEnd(message: Uint8Array): number {
  let end = message.length;
  while (end > 0 && (message[end - 1] === 0x0a || message[end - 1] === 0)) end--;
  return end;
}

function tlsOptions({
  listen,
  certificate,
  key,
  clientAuthority,
}: SyslogListener): Parameters<typeof createTlsServer>[0] {
  try {
    return {
      cert: readFileSync(certificate ?? ''),
      key: readFileSync(key ?? ''),
      minVersion: 'TLSv1.2',
      ...(clientAuthority === undefined
        ? {}
        : { ca: readFileSync(clientAuthority), requestCert: true, rejectUnauthorized: true }),
    };
  } catch (error) {
    throw listenFailed(listen, error);
  }
}

function listenFailed(listen: ListenAddress, error: unknown): BonghwaError {
  return new BonghwaError(
    'LISTEN_FAILED',
    `cannot listen for syslog on ${formatListen(listen)}: ${error instanceof Error ? error.message : String(error)}`,
    {
      hint: 'Is another program there already, and are certificate and key readable?',
      cause: error,
    },
  );
}
