import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { connect as connectTls } from 'node:tls';
import type { Receiver } from '../../model/receiver.ts';
import type { Message, MessageLine } from './message.ts';
import type { Severity } from './news.ts';
import type { Send } from './transport.ts';

export type LogReceiver = Receiver & { readonly kind: 'syslog' | 'cef' };

/** RFC 5424, 6.2.1: facility local0, and the severity of each news. */
const FACILITY = 16;
const SYSLOG_SEVERITY: Readonly<Record<Severity, number>> = { critical: 2, high: 3, medium: 4, low: 5 };
/** Severity in CEF, 0 to 10. */
const CEF_SEVERITY: Readonly<Record<Severity, number>> = { critical: 10, high: 8, medium: 5, low: 3 };
/** Private enterprise number that RFC 5612 reserves for examples: Bonghwa has none of its own. */
const ENTERPRISE = 32473;
/** A datagram that arrives everywhere without being cut (RFC 5426, 3.2). */
const DATAGRAM_BYTES_MAX = 2048;

/** One line in the form of RFC 5424; a message in CEF is its text. */
export function syslogLine(kind: 'syslog' | 'cef', line: MessageLine, host: string): string {
  const { severity, at, state, kind: about, key } = line;
  const head = `<${FACILITY * 8 + SYSLOG_SEVERITY[severity]}>1 ${at} ${host} bonghwa ${process.pid} ${about}-${state}`;
  if (kind === 'cef') return `${head} - ${cefEvent(line)}`;
  const data = `[bonghwa@${ENTERPRISE} kind="${about}" state="${state}" key="${parameter(key)}" url="${parameter(line.url)}"]`;
  return `${head} ${data} \ufeff${oneLine(`${line.title}: ${line.text}`)}`;
}

/** ArcSight Common Event Format, version 0. */
export function cefEvent({ severity, at, state, kind, key, title, text, url }: MessageLine): string {
  const head = ['Bonghwa', 'station', '1', `${kind}-${state}`, title].map(cefHead).join('|');
  const extension = { rt: String(Date.parse(at)), externalId: key, msg: text, request: url };
  const fields = Object.entries(extension).map(([name, value]) => `${name}=${cefValue(value)}`);
  return `CEF:0|${head}|${CEF_SEVERITY[severity]}|${fields.join(' ')}`;
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ');
/** RFC 5424, 6.3.3. */
const parameter = (text: string): string => oneLine(text).replace(/["\\\]]/g, '\\$&');
const cefHead = (text: string): string => oneLine(text).replace(/[\\|]/g, '\\$&');
const cefValue = (text: string): string => oneLine(text).replace(/[\\=]/g, '\\$&');

export function logSend({ kind, url = '' }: LogReceiver): Send {
  const { protocol, hostname: host, port } = new URL(url);
  const own = hostname().replace(/[^\x21-\x7e]/g, '') || '-';
  const at = { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
  return async ({ lines }: Message, signal: AbortSignal) => {
    const texts = lines.map((line) => syslogLine(kind, line, own));
    if (protocol === 'udp:') await sendDatagrams(texts, at);
    else await sendStream(texts, at, protocol === 'tls:', signal);
  };
}

interface At {
  readonly host: string;
  readonly port: number;
}

async function sendDatagrams(texts: readonly string[], { host, port }: At): Promise<void> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  try {
    for (const text of texts) {
      const bytes = Buffer.from(text).subarray(0, DATAGRAM_BYTES_MAX);
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.send(bytes, port, host, (error) => (error === null ? resolve() : reject(error)));
      });
    }
  } finally {
    socket.close();
  }
}

/** A frame tells its length before it (RFC 6587, 3.4.1). */
async function sendStream(
  texts: readonly string[],
  { host, port }: At,
  secure: boolean,
  signal: AbortSignal,
): Promise<void> {
  const socket: Socket = secure ? connectTls({ host, port, servername: host }) : connectTcp({ host, port });
  const abort = (): void => {
    socket.destroy(signal.reason instanceof Error ? signal.reason : new Error('given up'));
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    await once(socket, secure ? 'secureConnect' : 'connect');
    const frames = texts.map((text) => `${Buffer.byteLength(text)} ${text}`).join('');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.end(frames, () => resolve());
    });
  } finally {
    signal.removeEventListener('abort', abort);
    socket.destroy();
  }
}
