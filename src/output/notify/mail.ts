import type { Receiver } from '../../model/receiver.ts';
import { textOf } from './message.ts';
import type { Send } from './transport.ts';

const SMTP_PORT = 587;
const SMTPS_PORT = 465;
const TIMEOUT_MS = 10_000;

/** E-mail over SMTP: `smtps://` speaks TLS from the first byte, `smtp://` turns to it where the server offers it. */
export function mailSend({ url = '', to, from = '', language }: Receiver, secret: string | undefined): Send {
  const { protocol, hostname, port, username } = new URL(url);
  const secure = protocol === 'smtps:';
  const options = {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (secure ? SMTPS_PORT : SMTP_PORT) : Number(port),
    secure,
    // A password goes over no wire that others can read.
    requireTLS: !secure && secret !== undefined,
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(secret === undefined ? {} : { auth: { user: decodeURIComponent(username), pass: secret } }),
  };
  return async (message, signal) => {
    const { createTransport } = await import('nodemailer');
    const transport = createTransport(options);
    const abort = (): void => transport.close();
    signal.addEventListener('abort', abort, { once: true });
    try {
      const sent = transport.sendMail({
        from,
        to: [...to],
        subject: `[Bonghwa] ${message.subject}`,
        text: textOf(message, language),
        messageId: `<${message.id}@bonghwa>`,
        headers: { 'Auto-Submitted': 'auto-generated', 'X-Bonghwa-Severity': message.severity },
      });
      await Promise.race([sent, whenAborted(signal)]);
    } finally {
      signal.removeEventListener('abort', abort);
      transport.close();
    }
  };
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = (): void => reject(signal.reason);
    if (signal.aborted) fail();
    signal.addEventListener('abort', fail, { once: true });
  });
}
