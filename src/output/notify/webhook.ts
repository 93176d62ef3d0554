import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Receiver } from '../../model/receiver.ts';
import { deliver } from './http.ts';
import type { Message } from './message.ts';
import type { Send } from './transport.ts';

export const TIMESTAMP_HEADER = 'x-bonghwa-timestamp';
export const SIGNATURE_HEADER = 'x-bonghwa-signature';
export const DELIVERY_HEADER = 'x-bonghwa-delivery';

/** `v1=` and the HMAC-SHA256, in hex, of the timestamp, a dot, and the body as it is sent. */
export function signatureOf(secret: string, timestamp: string, body: string): string {
  return `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}

/** What whoever receives it checks; a timestamp that is minutes old is somebody's who kept the message. */
export function isSigned(secret: string, timestamp: string, body: string, signature: string): boolean {
  const [wanted, found] = [Buffer.from(signatureOf(secret, timestamp, body)), Buffer.from(signature)];
  return wanted.length === found.length && timingSafeEqual(wanted, found);
}

export function webhookSend({ url = '' }: Receiver, secret: string): Send {
  return async (message: Message, signal: AbortSignal) => {
    const body = JSON.stringify(message);
    const timestamp = String(Math.floor(Date.now() / 1000));
    const headers = {
      [TIMESTAMP_HEADER]: timestamp,
      [SIGNATURE_HEADER]: signatureOf(secret, timestamp, body),
      // The same for every attempt, so that a message that comes twice is known.
      [DELIVERY_HEADER]: message.id,
    };
    await deliver({ method: 'POST', url, headers, body }, signal);
  };
}
