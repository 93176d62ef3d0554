import type { Receiver } from '../../model/receiver.ts';
import { deliver, type HttpRequest } from './http.ts';
import { type Message, textOf } from './message.ts';
import type { Send } from './transport.ts';

export type ChatKind = 'slack' | 'mattermost' | 'teams' | 'telegram' | 'matrix';
export type ChatReceiver = Receiver & { readonly kind: ChatKind };

/** Characters that one message of each service takes. */
const CHARS_MAX: Readonly<Record<ChatKind, number>> = {
  slack: 40_000,
  mattermost: 16_000,
  teams: 20_000,
  telegram: 4096,
  matrix: 60_000,
};

/**
 * What a service is asked to show. Names of sites and reasons may come from outside: each service gets them so that nothing in
 * them is markup, a mention of everybody, or a link of its own.
 */
export function chatRequest(receiver: ChatReceiver, secret: string, message: Message): HttpRequest[] {
  const { kind, url = '', to, language } = receiver;
  const text = `${message.subject}\n\n${textOf(message, language)}`;
  const cut = (escaped: string): string =>
    escaped.length <= CHARS_MAX[kind] ? escaped : `${escaped.slice(0, CHARS_MAX[kind] - 1)}…`;
  switch (kind) {
    case 'slack':
      return [{ method: 'POST', url: secret, body: JSON.stringify({ text: cut(slackText(text)), mrkdwn: false }) }];
    case 'mattermost':
      return [
        { method: 'POST', url: secret, body: JSON.stringify({ text: cut(markdownText(text)), username: 'Bonghwa' }) },
      ];
    case 'teams':
      return [{ method: 'POST', url: secret, body: JSON.stringify(teamsCard(cut(text))) }];
    case 'telegram': {
      const base = url === '' ? 'https://api.telegram.org' : url.replace(/\/$/, '');
      return to.map((chat) => ({
        method: 'POST',
        url: `${base}/bot${secret}/sendMessage`,
        body: JSON.stringify({ chat_id: chat, text: cut(text), link_preview_options: { is_disabled: true } }),
      }));
    }
    case 'matrix':
      return to.map((room) => ({
        method: 'PUT',
        // The id of the message makes a second attempt the same event.
        url: `${url.replace(/\/$/, '')}/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/${message.id}`,
        headers: { authorization: `Bearer ${secret}` },
        body: JSON.stringify({ msgtype: 'm.text', body: cut(text), 'm.mentions': {} }),
      }));
  }
}

export function chatSend(receiver: ChatReceiver, secret: string): Send {
  return async (message, signal) => {
    for (const request of chatRequest(receiver, secret, message)) await deliver(request, signal);
  };
}

/** Slack's three signs; `<!channel>` is then a text like any other. */
const slackText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Text that Markdown shows as it is, and in which nobody is mentioned. */
const markdownText = (text: string): string =>
  text.replace(/[\\`*_{}[\]()#+!|~<>-]/g, '\\$&').replaceAll('@', '@\u200b');

/** An adaptive card whose text is plain. */
function teamsCard(text: string): object {
  const block = { type: 'TextBlock', wrap: true };
  const paragraphs = text
    .split('\n\n')
    .map((paragraph) => ({ ...block, text: markdownText(paragraph).replaceAll('\n', '\n\n') }));
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: paragraphs,
        },
      },
    ],
  };
}
