import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, relative, sep } from 'node:path';

/** How the console is there: built in a directory, being built, or missing for a reason, which is shown. */
export type ConsoleLook =
  | { readonly kind: 'built'; readonly directory: string; readonly version: string }
  | { readonly kind: 'building' }
  | { readonly kind: 'missing'; readonly reason: string; readonly hint: string };

/** Files of a build and their bytes, all forms together: more is no console of ours. */
const FILES_MAX = 1000;
const BYTES_MAX = 16 << 20;
/** A page that waits for the build asks again after so long, s. */
const AGAIN_SECONDS = 2;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};

/**
 * What the page may do: run and show what comes from this station, and ask it. No script or style in the page itself, nothing from
 * elsewhere, no frame round it; text becomes markup by two named ways only, that of the components and that of our own documents.
 */
const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types svelte-trusted-html bonghwa-documents',
  ].join('; '),
  'cache-control': 'no-cache',
};
const WAIT_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'content-type': 'text/html; charset=utf-8',
};
/** A name with a hash of its content never means anything else. */
const FOR_EVER = 'public, max-age=31536000, immutable';

/** First parts of the addresses of its pages; everything else is left to the interface. */
const PAGES: ReadonlySet<string> = new Set([
  '',
  'attacks',
  'incidents',
  'sites',
  'vantages',
  'exporters',
  'settings',
  'docs',
  'setup',
  'sign-in',
]);

interface Form {
  readonly encoding?: 'br' | 'gzip';
  readonly bytes: Buffer;
}

interface File {
  readonly type: string;
  readonly etag: string;
  /** Smallest first. */
  readonly forms: readonly Form[];
}

/** Serves the console. Only what lies in its build can be had: a path is looked up among names that are known, never on the disk. */
export class ConsoleFiles {
  readonly #look: () => ConsoleLook;
  #version: string | undefined;
  #files: ReadonlyMap<string, File> = new Map();

  constructor(look: () => ConsoleLook) {
    this.#look = look;
  }

  /** Answers what is for the console; false where the request is for the interface. */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    const path = (request.url ?? '').split('?', 1)[0];
    if (path.startsWith('/assets/') || path === '/beacon.svg') {
      const file = this.#current().get(path.slice(1));
      if (file === undefined) return false;
      send(request, response, file, { 'cache-control': path.startsWith('/assets/') ? FOR_EVER : 'no-cache' });
      return true;
    }
    if (!isPage(path, request.headers.accept ?? '')) return false;
    const look = this.#look();
    const index = look.kind === 'built' ? this.#current(look).get('index.html') : undefined;
    if (index !== undefined) send(request, response, index, PAGE_HEADERS);
    else sendWaiting(response, look);
    return true;
  }

  #current(look: ConsoleLook = this.#look()): ReadonlyMap<string, File> {
    if (look.kind !== 'built' || look.version === this.#version) return this.#files;
    this.#files = readBuild(look.directory);
    this.#version = look.version;
    return this.#files;
  }
}

function isPage(path: string, accept: string): boolean {
  return accept.includes('text/html') && PAGES.has(path.split('/')[1] ?? '');
}

function readBuild(directory: string): ReadonlyMap<string, File> {
  const bytes = new Map<string, Buffer>();
  let total = 0;
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const content = readFileSync(path);
    total += content.length;
    if (bytes.size >= FILES_MAX || total > BYTES_MAX) break;
    bytes.set(relative(directory, path).split(sep).join('/'), content);
  }
  const files = new Map<string, File>();
  for (const [name, content] of bytes) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const forms: Form[] = [{ bytes: content }];
    for (const [ending, encoding] of [
      ['.gz', 'gzip'],
      ['.br', 'br'],
    ] as const) {
      const packed = bytes.get(name + ending);
      if (packed !== undefined) forms.unshift({ encoding, bytes: packed });
    }
    const etag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 16)}"`;
    files.set(name, { type, etag, forms });
  }
  return files;
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { type, etag, forms }: File,
  headers: Readonly<Record<string, string>>,
): void {
  const all = { ...headers, 'content-type': type, etag, vary: 'accept-encoding' };
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, all).end();
    return;
  }
  const taken = String(request.headers['accept-encoding'] ?? '');
  const form =
    forms.find(({ encoding }) => encoding === undefined || takes(taken, encoding)) ?? forms[forms.length - 1];
  response.writeHead(200, {
    ...all,
    'content-length': form.bytes.length,
    ...(form.encoding === undefined ? {} : { 'content-encoding': form.encoding }),
  });
  response.end(request.method === 'HEAD' ? undefined : form.bytes);
}

const takes = (header: string, encoding: string): boolean =>
  header.split(',').some((part) => part.trim().split(';')[0] === encoding && !/;\s*q=0(\.0*)?\s*$/.test(part));

function sendWaiting(response: ServerResponse, look: ConsoleLook): void {
  const [title, text, again] =
    look.kind === 'missing'
      ? [look.reason, look.hint, '']
      : [
          'The console is being built',
          'This takes a few seconds, once. This page goes on by itself.',
          `<meta http-equiv="refresh" content="${AGAIN_SECONDS}">`,
        ];
  response
    .writeHead(503, { ...WAIT_HEADERS, 'retry-after': String(AGAIN_SECONDS) })
    .end(
      `<!doctype html><html lang="en"><head><meta charset="utf-8">${again}<title>Bonghwa</title></head>` +
        `<body><h1>${escaped(title)}</h1><p>${escaped(text)}</p><p>The interface for programs is at <a href="/api/openapi.json">/api/openapi.json</a>.</p></body></html>\n`,
    );
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
