import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

export interface TakenMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Head and body as they came. */
  readonly text: string;
}

/** A mail server (RFC 5321) that takes every mail on a loopback port, as much as a test needs. */
export class SmtpServer {
  readonly mails: TakenMail[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async start(): Promise<SmtpServer> {
    const server = new SmtpServer();
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    let [rest, inData, from, text] = ['', false, '', ''];
    let to: string[] = [];
    const say = (line: string): boolean => socket.write(`${line}\r\n`);
    say('220 test.example ESMTP');
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (inData && line !== '.') text += `${line.replace(/^\./, '')}\r\n`;
        else if (inData) {
          this.mails.push({ from, to, text });
          [inData, text, to] = [false, '', []];
          say('250 taken');
        } else if (/^(EHLO|HELO)/i.test(line)) say('250 test.example');
        else if (/^MAIL FROM:<(.*)>/i.test(line)) {
          from = /<(.*?)>/.exec(line)?.[1] ?? '';
          say('250 ok');
        } else if (/^RCPT TO:/i.test(line)) {
          to.push(/<(.*?)>/.exec(line)?.[1] ?? '');
          say('250 ok');
        } else if (/^DATA/i.test(line)) {
          inData = true;
          say('354 go on');
        } else if (/^QUIT/i.test(line)) {
          say('221 bye');
          socket.end();
        } else say('250 ok');
      }
    });
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
