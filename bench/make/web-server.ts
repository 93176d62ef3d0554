/**
 * Web servers for the bench of the prober, in a process of their own so that their CPU time is not the prober's: HTTP, and TLS with HTTP/2 and
 * HTTP/1.1. Prints a line of JSON with their ports and the certificate, and ends when its standard input does.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { gzipSync } from 'node:zlib';
import { testCertificate } from '../../test/support/certificate.ts';

/** A page of a ministry: 24 kB, of which a sixth goes over the wire. */
const PAGE = gzipSync(
  `<!doctype html><html><head><title>Ministry</title><script>${'var a = 1; '.repeat(500)}</script></head><body>${Array.from({ length: 300 }, (_, at) => `<p>What was decided on day ${at * 7919} of this year.</p>`).join('')}</body></html>`,
);
const HEADERS = { 'content-type': 'text/html; charset=utf-8', 'content-encoding': 'gzip' };

function serve(_: IncomingMessage | Http2ServerRequest, answer: ServerResponse | Http2ServerResponse): void {
  answer.statusCode = 200;
  for (const [name, value] of Object.entries(HEADERS)) answer.setHeader(name, value);
  answer.end(PAGE);
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve));
  return (server.address() as AddressInfo).port;
}

const nowMs = Date.now();
const made = await testCertificate('*.bench.test', new Date(nowMs - 86_400_000), new Date(nowMs + 86_400_000));
const http = await listen(createServer(serve));
const http2 = await listen(createSecureServer(made, serve));
const https = await listen(createHttps(made, serve));
process.stdout.write(`${JSON.stringify({ http, http2, https, cert: made.cert })}\n`);
process.stdin.resume().on('end', () => process.exit());
