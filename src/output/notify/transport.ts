import type { Receiver } from '../../model/receiver.ts';
import { chatSend } from './chat.ts';
import { logSend } from './log.ts';
import { mailSend } from './mail.ts';
import type { Message } from './message.ts';
import { webhookSend } from './webhook.ts';

/** Delivers one message; resolves when the receiver has it. Rejects with why it has not. */
export type Send = (message: Message, signal: AbortSignal) => Promise<void>;

/** How a receiver is told, with its secret as it is now. */
export function sendOf(receiver: Receiver, secret: string | undefined): Send {
  switch (receiver.kind) {
    case 'email':
      return mailSend(receiver, secret);
    case 'webhook':
      return webhookSend(receiver, secret ?? '');
    case 'slack':
    case 'mattermost':
    case 'teams':
    case 'telegram':
    case 'matrix':
      return chatSend({ ...receiver, kind: receiver.kind }, secret ?? '');
    case 'syslog':
    case 'cef':
      return logSend({ ...receiver, kind: receiver.kind });
  }
}
